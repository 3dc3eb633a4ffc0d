"""What a digest could say: items gathered from a community's own rows, each with why it is in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import col, select

from bot.cards.attendance import noted_briefly
from bot.cards.sessions import answers
from bot.rules import attendance, people, pulses, resources, sessions
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import LABEL_LIMIT, Button
from bot.ui.spans import Bold, Line, Link, Moment, plain
from storage.database import Db
from storage.tables import Community, Membership, Person

FORTNIGHT = timedelta(days=14)
SESSIONS, PULSES, RESOURCES, HELD, WELCOMED = 3, 3, 5, 3, 5
"""At most so many items in each section."""

TITLE = 100
MOMENT_WORDS = 8
"""How many words a platform may make of a moment: "Tuesday 10 March 2026 at 15:00, in 3 days"."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing worth telling, with the buttons that go under it."""

    line: Line
    reason: str
    buttons: tuple[Button, ...] = ()

    @property
    def words(self) -> int:
        moments = sum(isinstance(span, Moment) for span in self.line)
        return len(plain(self.line).split()) + moments * (MOMENT_WORDS - 1)

    @property
    def links(self) -> int:
        return sum(isinstance(span, Link) for span in self.line)


@dataclass(frozen=True, slots=True)
class Section:
    """Items under a heading; `inline` ones are short enough to follow one another on a line."""

    title: str
    items: tuple[Item, ...]
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything a digest of this window [from, to) could say, best first in each section."""

    community: str
    slug: str
    zone: str
    window_from: datetime
    window_to: datetime
    sections: tuple[Section, ...]

    @property
    def items(self) -> list[Item]:
        return [item for section in self.sections for item in section.items]

    def fit(self, *, words: int, links: int, characters: int) -> "Draft":
        """Return the draft cut to at most so many words, links and characters in its items.

        The longest section loses its last item first, of several as long the one told last, so that
        sections keep their best.
        """
        draft = self
        while draft.items and (
            sum(item.words for item in draft.items) > words
            or sum(item.links for item in draft.items) > links
            or sum(len(plain(item.line)) for item in draft.items) > characters
        ):
            longest = max(reversed(draft.sections), key=lambda section: len(section.items))
            draft = replace(
                draft,
                sections=_filled(
                    replace(section, items=section.items[:-1]) if section is longest else section
                    for section in draft.sections
                ),
            )
        return draft


def gather(db: Db, community: Community, window_from: datetime, window_to: datetime, now: datetime) -> Draft:
    """Return what happened in [from, to) and what is ahead of `now`, in the order of SPEC.md 8.

    Only rows of this community, which everybody in its channels is told of anyway; people are
    welcomed by name only if they allow it.
    """
    return Draft(
        community=community.name,
        slug=community.slug,
        zone=community.zone,
        window_from=window_from,
        window_to=window_to,
        sections=_filled(
            (
                Section("Next up", _next_up(db, community.id, now)),
                Section("Could you help?", _open_pulses(db, community.id, now)),
                Section("Made and found by members", _resources(db, community.id, window_from, window_to)),
                Section("Happened", _held(db, community.id, window_from, window_to)),
                Section("Welcome", _newcomers(db, community.id, window_from, window_to), inline=True),
            )
        ),
    )


def _filled(sections: Iterable[Section]) -> tuple[Section, ...]:
    return tuple(section for section in sections if section.items)


def _next_up(db: Db, community_id: int, now: datetime) -> tuple[Item, ...]:
    views = sessions.upcoming(db, [community_id], now, since=now, until=now + FORTNIGHT, limit=SESSIONS)
    return tuple(
        Item(
            (Bold(shorten(view.title, TITLE)), f" ({view.code}), ", Moment(view.starts_at, view.zone)),
            "it starts within 14 days",
            # One session's buttons need no name to tell them from another's.
            answers(view)
            if len(views) == 1
            else tuple(_named(button, view.code) for button in answers(view)),
        )
        for view in views
    )


def _named(button: Button, code: str) -> Button:
    return replace(button, label=f"{button.label} {code}")


def _open_pulses(db: Db, community_id: int, now: datetime) -> tuple[Item, ...]:
    views = pulses.running(db, community_id, now)[:PULSES]
    return tuple(
        Item(
            (
                f"{shorten(view.question, TITLE)} ({view.code}), open until ",
                Moment(view.closes_at, view.zone),
            ),
            "it is open for answers",
            (Button(shorten(f"Answer {view.code}", LABEL_LIMIT), Call("pulse show", {"pulse": view.code})),),
        )
        for view in views
    )


def _resources(db: Db, community_id: int, since: datetime, until: datetime) -> tuple[Item, ...]:
    views = resources.between(db, community_id, since, until)[:RESOURCES]
    return tuple(
        Item(
            (Link(view.url, shorten(view.title, TITLE)), " from ", view.author or view.saver, _note(view)),
            f"saved since the last digest, endorsed by {view.endorsements}"
            if view.endorsements
            else "saved since the last digest",
        )
        for view in views
    )


def _note(view: resources.View) -> str:
    """Return what whoever saved it said of it."""
    return next((f": {shorten(note, TITLE)}" for who, note in view.notes if who == view.saver), "")


def _held(db: Db, community_id: int, since: datetime, until: datetime) -> tuple[Item, ...]:
    views = sessions.held(db, community_id, since, until)[-HELD:]
    notes = attendance.notes_of(db, [view.occurrence_id for view in views])
    return tuple(
        Item(
            (
                f"{shorten(view.title, TITLE)} ({view.code}), with ",
                view.host,
                ", ",
                Moment(view.starts_at, view.zone),
                *_noted(notes.get(view.occurrence_id)),
            ),
            "it took place since the last digest",
        )
        for view in views
    )


def _noted(text: str | None) -> Line:
    return (", ", *noted_briefly(text)) if text is not None else ()


def _newcomers(db: Db, community_id: int, since: datetime, until: datetime) -> tuple[Item, ...]:
    ids = db.exec(
        select(Membership.person_id)
        .where(
            Membership.community_id == community_id,
            Membership.person_id == Person.id,
            Membership.joined_at >= since,
            Membership.joined_at < until,
            col(Person.be_welcomed),
        )
        .order_by(col(Membership.joined_at), col(Membership.person_id))
        .limit(WELCOMED)
    ).all()
    names = people.mentions(db, ids)
    return tuple(Item((names[i],), "joined since the last digest and likes to be welcomed") for i in ids)
