"""The web chat's own memory: people, channels, messages and reactions in one small SQLite file."""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from adapters.web.names import HOME, slug
from bot.ui.cards import Card
from bot.ui.codec import dump, load_card

T = TypeVar("T")

VERSION = 1
BOT = ""
"""The author of the bot's own messages and reactions."""

# Every change takes the next number of `clock`, so that a browser that was away asks for what came
# after the last number it saw, and applying a change twice does no harm.
_SCHEMA = """
CREATE TABLE clock (seq INTEGER NOT NULL, store TEXT NOT NULL);
CREATE TABLE person (id TEXT PRIMARY KEY, name TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE channel (id TEXT PRIMARY KEY, name TEXT NOT NULL, person TEXT NOT NULL DEFAULT '',
    last INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL);
CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL REFERENCES channel,
    author TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL, card TEXT, at INTEGER NOT NULL,
    edited INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL, UNIQUE (author, key));
CREATE INDEX message_channel ON message (channel, id);
CREATE INDEX message_seq ON message (seq);
CREATE TABLE reaction (message INTEGER NOT NULL REFERENCES message, emoji TEXT NOT NULL,
    person TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (message, emoji, person)) WITHOUT ROWID;
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel, or the conversation of `person` with the bot. `last` is its newest message's id."""

    id: str
    name: str
    person: str = ""
    last: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """What a person wrote, or a card of the bot's. `reactions`: emoji and who reacted, oldest first."""

    id: int
    channel: str
    author: str
    text: str
    card: Card | None
    at: datetime
    edited: bool
    seq: int
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """The present state of one thing that changed; `only` is the one person who may know, or empty."""

    kind: Literal["person", "channel", "message"]
    thing: Person | Channel | Message
    only: str = ""


class WebChat:
    """One SQLite file, or ":memory:". Not for several threads at once; `Room` sees to that.

    Raises RuntimeError when a newer Hearth wrote the file.
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "busy_timeout = 5000",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            self._db.close()
            raise RuntimeError("the web chat's file was written by a newer version of Hearth")
        if version == 0:
            with self._writing():
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute("INSERT INTO clock VALUES (0, ?)", (secrets.token_hex(8),))
                self._db.execute(f"PRAGMA user_version = {VERSION}")
        self.add_channel(HOME)

    def close(self) -> None:
        self._db.close()

    # Reading

    def clock(self) -> tuple[str, int]:
        """Return this store's own random name and the number of its latest change."""
        row: tuple[str, int] = self._db.execute("SELECT store, seq FROM clock").fetchone()
        return row

    def people(self) -> list[Person]:
        return [
            Person(*row) for row in self._db.execute("SELECT id, name, seq FROM person ORDER BY name, id")
        ]

    def person(self, person_id: str) -> Person | None:
        row = self._db.execute("SELECT id, name, seq FROM person WHERE id = ?", (person_id,)).fetchone()
        return Person(*row) if row else None

    def channels(self, person_id: str) -> list[Channel]:
        """Return the channels everyone sees, by name, and after them the person's own conversation."""
        rows = self._db.execute(
            "SELECT id, name, person, last, seq FROM channel"
            " WHERE person IN ('', ?) ORDER BY person <> '', name, id",
            (person_id,),
        )
        return [Channel(*row) for row in rows]

    def channel(self, channel_id: str) -> Channel | None:
        row = self._db.execute(
            "SELECT id, name, person, last, seq FROM channel WHERE id = ?", (channel_id,)
        ).fetchone()
        return Channel(*row) if row else None

    def message(self, message_id: int) -> Message | None:
        found = self._messages("WHERE id = ?", (message_id,))
        return found[0] if found else None

    def find(self, channel_id: str, key: str) -> Message | None:
        """Return the bot's message that was posted there with `key`."""
        found = self._messages("WHERE author = ? AND key = ? AND channel = ?", (BOT, key, channel_id))
        return found[0] if found else None

    def page(self, channel_id: str, *, before: int = 0, around: int = 0, limit: int = 50) -> list[Message]:
        """Return messages of a channel, oldest first: the newest, those before an id, or those around one."""
        if around:
            older = self.page(channel_id, before=around, limit=limit // 2)
            newer = self._messages(
                "WHERE channel = ? AND id >= ? ORDER BY id LIMIT ?", (channel_id, around, limit * 10)
            )
            return older + newer
        newest = self._messages(
            "WHERE channel = ? AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?",
            (channel_id, before, before, limit),
        )
        return newest[::-1]

    def changes(self, since: int, *, limit: int) -> list[Change]:
        """Return what changed after number `since`, in order, at most `limit`."""
        owner = dict(self._db.execute("SELECT id, person FROM channel"))
        people = self._db.execute(
            "SELECT id, name, seq FROM person WHERE seq > ? ORDER BY seq LIMIT ?", (since, limit)
        )
        channels = self._db.execute(
            "SELECT id, name, person, last, seq FROM channel WHERE seq > ? ORDER BY seq LIMIT ?",
            (since, limit),
        )
        messages = self._messages("WHERE seq > ? ORDER BY seq LIMIT ?", (since, limit))
        found = [Change("person", Person(*row)) for row in people]
        found += [Change("channel", Channel(*row), only=row[2]) for row in channels]
        found += [Change("message", message, only=owner[message.channel]) for message in messages]
        return sorted(found, key=lambda change: change.thing.seq)[:limit]

    # Writing: each of these is one durable transaction

    def add_person(self, name: str) -> Person:
        """Return the person of this name, made if there is none. Raises BadValue for an unusable name."""
        person_id, shown = slug(name, what="A name")
        return self._person(person_id, shown)

    def ensure_person(self, person_id: str, name: str = "") -> Person:
        """Return the person with this id, made if there is none; without a name, named after the id."""
        return self._person(person_id, name or person_id.replace("-", " ").title())

    def add_channel(self, name: str) -> Channel:
        """Return the channel of this name, made if there is none. Raises BadValue for an unusable name."""
        channel_id, shown = slug(name, what="A channel's name")
        return self.ensure_channel(channel_id, shown.casefold() if " " not in shown else channel_id)

    def ensure_channel(self, channel_id: str, name: str = "") -> Channel:
        """Return the channel with this id, made if there is none."""
        known = self.channel(channel_id)
        if known:
            return known
        with self._writing():
            self._db.execute(
                "INSERT INTO channel (id, name, seq) VALUES (?, ?, ?)",
                (channel_id, (name or channel_id).lstrip("#"), self._tick()),
            )
        return _sure(self.channel(channel_id))

    def say(self, channel_id: str, author: str, text: str, *, key: str, now: datetime) -> Message:
        """Keep what a person wrote. The same author and key again: the message that is already there."""
        return self._add(channel_id, author, text, None, key, now)

    def post(self, channel_id: str, card: Card, *, key: str, now: datetime) -> Message:
        """Keep a card of the bot's. The same key again: the message that is already there."""
        return self._add(channel_id, BOT, "", card, key, now)

    def edit(self, message_id: int, card: Card) -> Message | None:
        """Redraw a card of the bot's; None when there is no such message of its own."""
        with self._writing():
            done = self._db.execute(
                "UPDATE message SET card = ?, edited = 1, seq = ? WHERE id = ? AND author = ?",
                (json.dumps(dump(card)), self._tick(), message_id, BOT),
            )
        return self.message(message_id) if done.rowcount else None

    def react(self, message_id: int, person: str, emoji: str, *, added: bool) -> Message | None:
        """Put a reaction on or take it off; None when there is no such message."""
        with self._writing():
            if added:
                done = self._db.execute(
                    "INSERT OR IGNORE INTO reaction SELECT id, ?, ?, (SELECT seq FROM clock)"
                    " FROM message WHERE id = ?",
                    (emoji, person, message_id),
                )
            else:
                done = self._db.execute(
                    "DELETE FROM reaction WHERE message = ? AND emoji = ? AND person = ?",
                    (message_id, emoji, person),
                )
            if done.rowcount:
                self._db.execute("UPDATE message SET seq = ? WHERE id = ?", (self._tick(), message_id))
        return self.message(message_id)

    # Inside

    def _person(self, person_id: str, name: str) -> Person:
        known = self.person(person_id)
        if known:
            return known
        with self._writing():
            self._db.execute("INSERT INTO person VALUES (?, ?, ?)", (person_id, name, self._tick()))
            self._db.execute(
                "INSERT INTO channel (id, name, person, seq) VALUES (?, '', ?, ?)",
                (direct(person_id), person_id, self._tick()),
            )
        return _sure(self.person(person_id))

    def _add(
        self, channel_id: str, author: str, text: str, card: Card | None, key: str, now: datetime
    ) -> Message:
        with self._writing():
            row = self._db.execute(
                "SELECT id FROM message WHERE author = ? AND key = ?", (author, key)
            ).fetchone()
            if row is None:
                drawn = None if card is None else json.dumps(dump(card))
                at = (now - _EPOCH) // timedelta(milliseconds=1)
                row = self._db.execute(
                    "INSERT INTO message (channel, author, key, text, card, at, seq)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (channel_id, author, key, text, drawn, at, self._tick()),
                ).fetchone()
                # The channel's own number stays: the message itself tells browsers that it is newer.
                self._db.execute("UPDATE channel SET last = ? WHERE id = ?", (row[0], channel_id))
        return _sure(self.message(row[0]))

    def _tick(self) -> int:
        (seq,) = self._db.execute("UPDATE clock SET seq = seq + 1 RETURNING seq").fetchone()
        return int(seq)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _messages(self, where: str, values: Sequence[Any]) -> list[Message]:
        rows = self._db.execute(
            f"SELECT id, channel, author, text, card, at, edited, seq FROM message {where}",  # noqa: S608  # our words
            values,
        ).fetchall()
        reactions = self._reactions([row[0] for row in rows])
        return [
            Message(
                id=row[0], channel=row[1], author=row[2], text=row[3],
                card=None if row[4] is None else load_card(json.loads(row[4])),
                at=_EPOCH + timedelta(milliseconds=row[5]), edited=bool(row[6]), seq=row[7],
                reactions=tuple((emoji, tuple(who)) for emoji, who in reactions.get(row[0], {}).items()),
            )
            for row in rows
        ]  # fmt: skip

    def _reactions(self, messages: Sequence[int]) -> dict[int, dict[str, list[str]]]:
        found: dict[int, dict[str, list[str]]] = {}
        rows = self._db.execute(
            "SELECT message, emoji, person FROM reaction"
            " WHERE message IN (SELECT value FROM json_each(?)) ORDER BY place, person",
            (json.dumps(messages),),
        )
        for message, emoji, person in rows:
            found.setdefault(message, {}).setdefault(emoji, []).append(person)
        return found


def _sure(thing: T | None) -> T:
    if thing is None:
        raise LookupError("just written, yet not there")
    return thing


def direct(person_id: str) -> str:
    """Return the id of a person's conversation with the bot; no typed name can make such an id."""
    return f"@{person_id}"
