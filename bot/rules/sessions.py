"""Sessions: scheduling one, and what is on, for whom and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import and_, col, func, select

from bot.chat import MessageRef
from bot.errors import Problems
from bot.rules import people
from bot.ui.spans import Mention
from storage.database import Db
from storage.tables import Community, Letter, Occurrence, Person, Rsvp, Session

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(days=7)
FURTHEST = timedelta(days=5 * 366)

AnswerWord = Literal["yes", "maybe", "no"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One person's answer, and where it puts them.

    `waiting` is their place on the waitlist, from 1; 0 for someone who has a seat or did not say yes.
    `going` is how many people have a seat, themselves included.
    """

    answer: str
    waiting: int
    going: int


@dataclass(frozen=True, slots=True)
class View:
    """One occurrence with everything a card may show of it; counts are derived from the answers.

    `going` have a seat, `waiting` said yes and have none yet. `standing` is the reader's own answer, where asked for.
    """

    occurrence_id: int
    community_id: int
    code: str
    title: str
    community: str
    slug: str
    host: Mention
    starts_at: datetime
    ends_at: datetime
    zone: str
    place: str
    description: str
    capacity: int | None
    cancelled: bool
    going: int
    waiting: int
    maybe: int
    standing: Standing | None = None

    @property
    def answer(self) -> str:
        """What the reader said, in a word or few; "" for nothing."""
        if self.standing is None:
            return ""
        return (
            f"number {self.standing.waiting} on the waitlist"
            if self.standing.waiting
            else self.standing.answer
        )

    def open(self, now: datetime) -> bool:
        """Return whether it can still be answered."""
        return not self.cancelled and now < self.ends_at


@dataclass(frozen=True, slots=True)
class Roll:
    """Who answered what, in the order they did: seats and waitlist by place, the others by name."""

    going: tuple[Mention, ...]
    waiting: tuple[Mention, ...]
    maybe: tuple[Mention, ...]


def schedule(
    db: Db,
    community: Community,
    host: Person,
    *,
    title: str,
    when: datetime,
    duration: timedelta,
    zone: str,
    where: str = "",
    capacity: int | None = None,
    description: str = "",
    now: datetime,
) -> Occurrence:
    """Plan a single session; return its one occurrence.

    Raises Problems, by the parameter's name, for a time that is past or over five years away and
    for a duration outside 5 minutes to 7 days. The caller has checked that `host` may.
    """
    problems = {}
    if when <= now:
        problems["when"] = "That time is past. When will it be?"
    elif when - now > FURTHEST:
        problems["when"] = "That is more than five years away. Please choose a nearer time."
    if not SHORTEST <= duration <= LONGEST:
        problems["duration"] = "A session lasts between 5 minutes and 7 days, for example 60m."
    if problems:
        raise Problems(problems)
    minutes = int(duration.total_seconds() // 60)
    session = Session(
        community_id=community.id,
        title=title,
        zone=zone,
        minutes=minutes,
        place=where,
        capacity=capacity,
        description=description,
        host_id=host.id,
        created_at=now,
    )
    db.add(session)
    db.flush()
    occurrence = Occurrence(
        session_id=session.id,
        community_id=community.id,
        starts_at=when,
        ends_at=when + timedelta(minutes=minutes),
    )
    db.add(occurrence)
    db.flush()
    return occurrence


def view(db: Db, occurrence_id: int, reader: int = 0) -> View | None:
    """Return the occurrence as cards show it, with the standing of the person `reader` if that is one."""
    return next(iter(_views(db, Occurrence.id == occurrence_id, reader=reader)), None)


def upcoming(
    db: Db,
    community_ids: Sequence[int],
    now: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    offset: int = 0,
    limit: int = 10,
    reader: int = 0,
) -> list[View]:
    """Return what has not ended in these communities, soonest first; of those that begin in [since, until)."""
    return _views(
        db,
        col(Occurrence.community_id).in_(community_ids),
        _ahead(now),
        col(Occurrence.starts_at) >= since if since else None,
        col(Occurrence.starts_at) < until if until else None,
        offset=offset,
        limit=limit,
        reader=reader,
    )


def mine(db: Db, person_id: int, now: datetime, limit: int = 10) -> list[View]:
    """Return the next sessions the person said yes or maybe to, soonest first, with their standing."""
    answered = select(Rsvp.occurrence_id).where(
        Rsvp.person_id == person_id, col(Rsvp.answer).in_(("yes", "maybe"))
    )
    return _views(db, col(Occurrence.id).in_(answered), _ahead(now), limit=limit, reader=person_id)


def held(db: Db, community_id: int, since: datetime, until: datetime) -> list[View]:
    """Return the community's sessions that ended in [since, until) and were not cancelled, in order."""
    return _views(
        db,
        Occurrence.community_id == community_id,
        col(Occurrence.ends_at) >= since,
        col(Occurrence.ends_at) < until,
        col(Occurrence.cancelled_at).is_(None),
    )


def next_of(db: Db, community_ids: Sequence[int], now: datetime) -> dict[int, View]:
    """Return the next session of each of the communities that has one; one under way counts."""
    soonest = (
        select(Occurrence.community_id, func.min(Occurrence.starts_at).label("starts_at"))
        .where(col(Occurrence.community_id).in_(community_ids), _ahead(now))
        .group_by(col(Occurrence.community_id))
        .subquery()
    )
    first = select(Occurrence.id).join(
        soonest,
        and_(Occurrence.community_id == soonest.c.community_id, Occurrence.starts_at == soonest.c.starts_at),
    )
    found = _views(db, col(Occurrence.id).in_(first), _ahead(now))
    return {v.community_id: v for v in reversed(found)}


def roll(db: Db, occurrence_id: int, capacity: int | None) -> Roll:
    """Return who is coming, who waits and who may come."""
    rows = db.exec(
        select(Rsvp.person_id, Rsvp.answer)
        .where(Rsvp.occurrence_id == occurrence_id, Rsvp.answer != "no")
        .order_by(col(Rsvp.place), col(Rsvp.person_id))
    ).all()
    named = people.mentions(db, [person_id for person_id, _ in rows])
    coming = tuple(named[person_id] for person_id, answer in rows if answer == "yes")
    maybe = tuple(named[person_id] for person_id, answer in rows if answer == "maybe")
    seats = len(coming) if capacity is None else capacity
    return Roll(coming[:seats], coming[seats:], maybe)


def announced(db: Db, message: MessageRef) -> Occurrence | None:
    """Return the occurrence that this message of ours announces."""
    subject = db.exec(
        select(Letter.subject).where(
            Letter.platform == message.at.platform,
            Letter.channel == message.at.channel,
            Letter.message_id == message.id,
            Letter.kind == "announcement",
        )
    ).first()
    prefix, _, key = (subject or "").partition(":")
    return db.get(Occurrence, int(key)) if prefix == "session" else None


def code(session_id: int | None, number: int) -> str:
    """Return what people type for an occurrence: "S12" for the first, "S12.3" for the third."""
    return f"S{session_id}" if number == 1 else f"S{session_id}.{number}"


def _ahead(now: datetime) -> Any:
    return and_(col(Occurrence.ends_at) > now, col(Occurrence.cancelled_at).is_(None))


def _views(db: Db, *conditions: Any, offset: int = 0, limit: int = 1_000, reader: int = 0) -> list[View]:
    rows = db.exec(
        select(Occurrence, Session, Community.name, Community.slug)
        .where(
            Occurrence.session_id == Session.id,
            Occurrence.community_id == Community.id,
            *(condition for condition in conditions if condition is not None),
        )
        .order_by(col(Occurrence.starts_at), col(Occurrence.id))
        .offset(offset)
        .limit(limit)
    ).all()
    ids = [occurrence.id for occurrence, *_ in rows]
    counts = _counts(db, ids)
    hosts = people.mentions(db, [session.host_id for _, session, *_ in rows])
    found = []
    for occurrence, session, community, slug in rows:
        said = counts.get(occurrence.id, {})
        yes = said.get("yes", 0)
        going = yes if session.capacity is None else min(yes, session.capacity)
        found.append(
            View(
                occurrence_id=occurrence.id,
                community_id=occurrence.community_id,
                code=code(session.id, occurrence.number),
                title=session.title,
                community=community,
                slug=slug,
                host=hosts[session.host_id],
                starts_at=occurrence.starts_at,
                ends_at=occurrence.ends_at,
                zone=session.zone,
                place=session.place,
                description=session.description,
                capacity=session.capacity,
                cancelled=occurrence.cancelled_at is not None,
                going=going,
                waiting=yes - going,
                maybe=said.get("maybe", 0),
            )
        )
    return _with_standing(db, found, reader) if reader else found


def _counts(db: Db, occurrence_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    rows = db.exec(
        select(Rsvp.occurrence_id, Rsvp.answer, func.count())
        .where(col(Rsvp.occurrence_id).in_(occurrence_ids))
        .group_by(col(Rsvp.occurrence_id), col(Rsvp.answer))
    ).all()
    found: dict[int, dict[str, int]] = {}
    for occurrence_id, answer, count in rows:
        found.setdefault(occurrence_id, {})[answer] = count
    return found


def _with_standing(db: Db, views: list[View], reader: int) -> list[View]:
    ids = [v.occurrence_id for v in views]
    rows = db.exec(
        select(Rsvp.occurrence_id, Rsvp.answer, Rsvp.place).where(
            col(Rsvp.occurrence_id).in_(ids), Rsvp.person_id == reader
        )
    ).all()
    own = {occurrence_id: (answer, place) for occurrence_id, answer, place in rows}
    return [
        replace(v, standing=_standing(db, v, *own[v.occurrence_id])) if v.occurrence_id in own else v
        for v in views
    ]


def _standing(db: Db, shown: View, answer: str, place: int) -> Standing:
    waiting = 0
    if answer == "yes" and shown.waiting and shown.capacity is not None:
        before = db.exec(
            select(func.count())
            .select_from(Rsvp)
            .where(Rsvp.occurrence_id == shown.occurrence_id, Rsvp.answer == "yes", Rsvp.place < place)
        ).one()
        waiting = max(0, before + 1 - shown.capacity)
    return Standing(answer, waiting, shown.going)
