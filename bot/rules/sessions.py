"""Sessions: scheduling one, and what is on, for whom and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, select

from bot.chat import MessageRef
from bot.errors import Problems
from bot.rules import people, reminding, series
from bot.ui.spans import Mention
from storage import prepared
from storage.database import Db
from storage.tables import Account, Community, Letter, Occurrence, Person, Rsvp, Session

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(days=7)
FURTHEST = timedelta(days=5 * 366)

CHECKIN_BEFORE = reminding.SOON
CHECKIN_AFTER = timedelta(hours=1)
"""From how long before it begins until how long after it ends people may check in (SPEC.md 3.1)."""

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
    reason: str = ""

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

    def takes_checkins(self, now: datetime) -> bool:
        """Return whether people may say that they are there."""
        begins, ends = self.starts_at - CHECKIN_BEFORE, self.ends_at + CHECKIN_AFTER
        return not self.cancelled and begins <= now < ends


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
    repeat: str = "",
    now: datetime,
) -> Occurrence:
    """Plan a session, or with a rule to `repeat` by a series; return its first occurrence.

    Raises Problems, by the parameter's name, for a time that is past or over five years away, for a
    duration outside 5 minutes to 7 days, and for a rule that cannot be. The caller has checked that
    `host` may.
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
        tend_at=now,
        tended_to=now,
    )
    db.add(occurrence)
    db.flush()
    if repeat:
        series.begin(db, session, occurrence, repeat, now)
    return occurrence


def view(db: Db, occurrence_id: int, reader: int = 0) -> View | None:
    """Return the occurrence as cards show it, with the standing of the person `reader` if that is one."""
    rows = prepared.rows(db, _VIEW, occurrence=occurrence_id, reader=reader)
    return next(iter(_views(db, rows)), None)


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
    return _chosen(
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
    return _chosen(db, col(Occurrence.id).in_(answered), _ahead(now), limit=limit, reader=person_id)


def held(db: Db, community_id: int, since: datetime, until: datetime) -> list[View]:
    """Return the community's sessions that ended in [since, until) and were not cancelled, in order."""
    return _chosen(
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
    found = _chosen(db, col(Occurrence.id).in_(first), _ahead(now))
    return {v.community_id: v for v in reversed(found)}


def roll(db: Db, occurrence_id: int, capacity: int | None, most: int = 10_000) -> Roll:
    """Return who is coming, who waits and who may come, the first `most` of each."""
    seats = most if capacity is None else capacity
    return Roll(
        going=_line(db, occurrence_id, "yes", 0, min(seats, most)),
        waiting=() if capacity is None else _line(db, occurrence_id, "yes", capacity, most),
        maybe=_line(db, occurrence_id, "maybe", 0, most),
    )


def _line(db: Db, occurrence_id: int, answer: AnswerWord, start: int, most: int) -> tuple[Mention, ...]:
    rows = prepared.rows(db, _ROLL, occurrence=occurrence_id, answer=answer, start=start, most=most)
    return tuple(people.named(rows).values())


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


_LINE = (
    select_columns(col(Rsvp.person_id), col(Rsvp.place))
    .where(col(Rsvp.occurrence_id) == bindparam("occurrence"), col(Rsvp.answer) == bindparam("answer"))
    .order_by(col(Rsvp.place), col(Rsvp.person_id))
    .offset(bindparam("start"))
    .limit(bindparam("most"))
    .subquery()
)
_ROLL = (
    select_columns(col(Person.id), col(Person.name), col(Account.platform), col(Account.external_id))
    .join(_LINE, _LINE.c.person_id == Person.id)
    .outerjoin(Account, col(Account.person_id) == Person.id)
    .order_by(_LINE.c.place, _LINE.c.person_id, col(Account.id))
)


def effective(name: str) -> Any:
    """What an occurrence says of its title, place, description or capacity, else what its session says."""
    return func.coalesce(getattr(Occurrence, name), getattr(Session, name))


def _count(word: str) -> Any:
    """How many said this word."""
    mine = select(func.count()).select_from(Rsvp).where(Rsvp.occurrence_id == Occurrence.id)
    return mine.where(Rsvp.answer == word).correlate(Occurrence).scalar_subquery()


# What cards show of an occurrence, counted where it is kept; built once, for every session shown.
_OWN = aliased(Rsvp)
_VIEWS = (
    select_columns(
        col(Occurrence.id),
        col(Occurrence.community_id),
        col(Occurrence.session_id),
        col(Occurrence.number),
        col(Occurrence.starts_at),
        col(Occurrence.ends_at),
        col(Occurrence.cancelled_at),
        col(Occurrence.reason),
        effective("title").label("title"),
        col(Session.host_id),
        col(Session.zone),
        effective("place").label("place"),
        effective("description").label("description"),
        effective("capacity").label("capacity"),
        col(Community.name).label("community"),
        col(Community.slug),
        _count("yes").label("yes"),
        _count("maybe").label("maybe"),
        col(_OWN.answer).label("own"),
        col(_OWN.place).label("own_place"),
    )
    .join(Session, col(Session.id) == Occurrence.session_id)
    .join(Community, col(Community.id) == Occurrence.community_id)
    .outerjoin(_OWN, and_(_OWN.occurrence_id == Occurrence.id, _OWN.person_id == bindparam("reader")))
    .order_by(col(Occurrence.starts_at), col(Occurrence.id))
)
_VIEW = _VIEWS.where(col(Occurrence.id) == bindparam("occurrence"))
_AHEAD = select_columns(func.count()).where(
    col(Rsvp.occurrence_id) == bindparam("occurrence"),
    col(Rsvp.answer) == "yes",
    col(Rsvp.place) < bindparam("place"),
)


def _chosen(db: Db, *conditions: Any, offset: int = 0, limit: int = 1_000, reader: int = 0) -> list[View]:
    """Return those to which the conditions apply, None being no condition, soonest first."""
    statement = _VIEWS.where(*(condition for condition in conditions if condition is not None))
    return _views(db, db.execute(statement.offset(offset).limit(limit), {"reader": reader}).all())


def _views(db: Db, rows: Sequence[Any]) -> list[View]:
    hosts = people.mentions(db, [row.host_id for row in rows])
    return [_drawn(db, row, hosts[row.host_id]) for row in rows]


def _drawn(db: Db, row: Any, host: Mention) -> View:
    going = row.yes if row.capacity is None else min(row.yes, row.capacity)
    waiting = 0
    if row.own == "yes" and going < row.yes:
        ahead: int = prepared.row(db, _AHEAD, occurrence=row.id, place=row.own_place)[0]
        waiting = max(0, ahead + 1 - row.capacity)
    return View(
        occurrence_id=row.id,
        community_id=row.community_id,
        code=code(row.session_id, row.number),
        title=row.title,
        community=row.community,
        slug=row.slug,
        host=host,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        zone=row.zone,
        place=row.place,
        description=row.description,
        capacity=row.capacity,
        cancelled=row.cancelled_at is not None,
        going=going,
        waiting=row.yes - going,
        maybe=row.maybe,
        standing=Standing(row.own, waiting, going) if row.own else None,
        reason=row.reason or "",
    )
