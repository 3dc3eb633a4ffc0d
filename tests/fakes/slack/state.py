"""The workspace: its people, channels, messages, views and files, and the app that is installed in it."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.fakes.slack.ledger import Effect, Json, Kind, Ledger
from tests.fakes.slack.tickets import Tickets

TEAM, APP, BOT, BOT_USER = "T0HEARTH", "A0HEARTH", "B0HEARTH", "U0HEARTH"

SCOPES = frozenset(
    f"{place}:{verb}" for place in ("channels", "groups", "im", "mpim") for verb in ("history", "read")
) | {
    "chat:write",
    "chat:write.public",
    "commands",
    "files:write",
    "im:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
}
"""Everything a bot of ours could want; a test grants less where it matters."""


@dataclass(slots=True)
class App:
    """The installed app: its secrets, what it may do, and what it wants to hear of."""

    bot_token: str = "xoxb-1-loopback"
    app_token: str = "xapp-1-loopback"
    signing_secret: str = "0123456789abcdef0123456789abcdef"
    verification_token: str = "verification"
    command: str = "/cop"
    escapes: bool = True
    """Whether commands come with people and channels as tokens, `<@U1|ana>` (`should_escape`)."""
    scopes: frozenset[str] = SCOPES
    revoked: str = ""
    """The error that every call gets, once the token is worth nothing."""


@dataclass(slots=True)
class User:
    id: str
    name: str
    shown: str
    zone: str | None = None
    bot: bool = False
    deleted: bool = False
    closed: bool = False
    """Whether the app may not write to them directly."""


@dataclass(slots=True)
class Message:
    """One message; `only` is the person an ephemeral one is for."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    by_app: bool = False
    only: str = ""
    metadata: Json | None = None
    thread: str = ""
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Channel:
    id: str
    name: str
    members: set[str] = field(default_factory=set)
    private: bool = False
    direct: str = ""
    """The person, if this is their direct messages with the app."""
    archived: bool = False
    deleted: bool = False
    messages: list[Message] = field(default_factory=list)

    def message(self, ts: str) -> Message | None:
        """Return the message of this ts, unless it is deleted."""
        return next((m for m in self.messages if m.ts == ts and not m.deleted), None)


@dataclass(slots=True)
class View:
    """A view as the app gave it, and what the person has put into it."""

    id: str
    person: str
    body: Json
    hash: str
    root: str
    previous: str = ""
    values: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Upload:
    """A file on its way: asked for, uploaded, completed."""

    id: str
    name: str
    length: int
    alt: str = ""
    content: bytes | None = None
    done: bool = False


class Workspace:
    """Everything there is. `clock` is the one clock of tickets, timestamps, signatures and `Date`."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.url = ""
        self.app = App()
        self.ledger = Ledger()
        self.tickets = Tickets(clock)
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.stacks: dict[str, list[View]] = {}
        """Each person's open modals, the one in front last."""
        self.homes: dict[str, View] = {}
        self.uploads: dict[str, Upload] = {}
        self._numbers = itertools.count(1)
        self._last = 0
        self.users[BOT_USER] = User(BOT_USER, "hearth", "Hearth", bot=True)

    # Making what is not there yet.

    def user(self, name: str, zone: str | None = None) -> User:
        """Return the person of this name, made if there is none; `zone` is their profile's."""
        found = next((u for u in self.users.values() if u.name == name.lower()), None)
        if found is None:
            made = self._id("U0", name, self.users)
            found = self.users[made] = User(made, name.lower(), name)
        if zone is not None:
            found.zone = zone
        return found

    def channel(self, name: str, *, private: bool = False) -> Channel:
        """Return the channel of this name, with or without #; made, with the app in it, if there is none."""
        bare = name.removeprefix("#").lower()
        found = next((c for c in self.channels.values() if c.name == bare and not c.direct), None)
        if found is None:
            made = self._id("C0", bare, self.channels)
            found = self.channels[made] = Channel(made, bare, {BOT_USER}, private)
        return found

    def direct(self, person: str) -> Channel:
        """Return the direct messages between the app and a person."""
        found = next((c for c in self.channels.values() if c.direct == person), None)
        if found is None:
            made = self._id("D0", self.users[person].name, self.channels)
            found = self.channels[made] = Channel(made, "", {BOT_USER, person}, direct=person)
        return found

    def _id(self, prefix: str, name: str, taken: dict[str, Any]) -> str:
        bare = "".join(c for c in name.upper() if c.isascii() and c.isalnum())
        wanted = f"{prefix}{bare or 'X'}"
        return wanted if wanted not in taken else f"{wanted}{self.number()}"

    def number(self) -> int:
        """Return a number not given out before."""
        return next(self._numbers)

    def ts(self) -> str:
        """Return the timestamp of a message posted now, later than any before."""
        self._last = max(self._last + 1, int(self.clock().timestamp() * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06}"

    def event_ts(self) -> str:
        return self.ts()

    # Looking.

    def address(self, path: str) -> str:
        """Return an absolute address on this server."""
        return f"{self.url}{path}"

    def find(self, channel: str, ts: str) -> Message | None:
        """Return a message that is still there."""
        there = self.channels.get(channel)
        return there.message(ts) if there is not None else None

    def views(self) -> Iterator[View]:
        """Yield every view that is open."""
        for stack in self.stacks.values():
            yield from stack
        yield from self.homes.values()

    def view(self, view_id: str = "", external_id: str = "") -> View | None:
        """Return an open view by either of its ids."""
        return next(
            (
                v
                for v in self.views()
                if (view_id and v.id == view_id) or (external_id and v.body.get("external_id") == external_id)
            ),
            None,
        )

    # Writing down.

    def note(self, kind: Kind, where: str, id_: str, body: Json) -> None:
        """Write an effect into the ledger."""
        self.ledger.effects.append(Effect(kind, where, id_, body, self.clock().timestamp()))
