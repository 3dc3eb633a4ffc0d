"""Sessions as entries of calendars: a community's as series with their exceptions, a person's one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import dropwhile
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, or_, select
from sqlmodel import col, func

from bot.calendars.writing import Entry, Status, calendar
from bot.rules import recurrence, sessions
from bot.rules.recurrence import Series
from bot.ui.calls import Call
from bot.ui.cards import File
from storage import prepared
from storage.database import Db
from storage.tables import Community, Membership, Occurrence, Plan, Rsvp, Session

KEPT = timedelta(days=365)
"""How long what is over stays in calendars."""

_SPACE = UUID("6f0b8f5e-6a5c-4a53-9d0e-3f1f2a6f7c11")


def of_community(db: Db, community_id: int, now: datetime) -> list[Entry]:
    """Return what the community has planned, and had within a year: each plan one series, each single session one entry."""
    rows = [_Row(*row) for row in prepared.rows(db, _OF_COMMUNITY, community=community_id, since=now - KEPT)]
    plans: dict[int, list[_Row]] = {}
    found: list[Entry] = []
    for row in rows:
        if row.plan_id is None:
            found.append(_single(row))
        else:
            plans.setdefault(row.plan_id, []).append(row)
    for plan in db.scalars(select(Plan).where(col(Plan.id).in_(plans)).order_by(col(Plan.id))):
        found += _series(plan, plans[plan.id])
    return found


def of_person(db: Db, person_id: int, now: datetime) -> list[Entry]:
    """Return what the person said yes or maybe to, in communities they belong to, ahead and within the last year.

    A maybe, and a yes without a seat, are tentative.
    """
    rows = prepared.rows(db, _OF_PERSON, person=person_id, since=now - KEPT)
    return [_own(db, _Row(*row), answer, person_id, now) for *row, answer in rows]


def file(db: Db, occurrence_id: int, now: datetime) -> File:
    """Return one occurrence as a file for calendar apps. Asked with every yes, so it is one query and no library."""
    row = _Row(*prepared.row(db, _OF_ONE, occurrence=occurrence_id))
    code = sessions.code(row.session_id, row.number)
    return _file(code, [_single(row)], now, Call("session file", {"session": code}))


def file_of_series(db: Db, session_id: int, now: datetime) -> File:
    """Return what is to come of a session as a file for calendar apps."""
    rows = [_Row(*row) for row in prepared.rows(db, _OF_SESSION, session=session_id)]
    found = [_single(row) for row in rows if row.plan_id is None and row.ends_at > now]
    for plan in db.scalars(select(Plan).where(col(Plan.session_id) == session_id).order_by(col(Plan.id))):
        all_of_it = [row for row in rows if row.plan_id == plan.id]
        ahead = list(dropwhile(lambda row: row.ends_at <= now, all_of_it))
        if ahead:
            found += _series(plan, ahead, gone=len(all_of_it) - len(ahead))
    code = sessions.code(session_id, 1)
    return _file(code, found, now, Call("session file", {"session": code, "scope": "series"}))


def _file(code: str, entries: Sequence[Entry], now: datetime, again: Call) -> File:
    return File(f"{code}.ics", "text/calendar", calendar(entries, now), again)


@dataclass(frozen=True, slots=True)
class _Row:
    """An occurrence with what it says, and what its session says for all."""

    id: int
    session_id: int
    number: int
    starts_at: datetime
    ends_at: datetime
    cancelled_at: datetime | None
    reason: str | None
    plan_id: int | None
    planned_at: datetime | None
    sequence: int
    changed_at: datetime | None
    title: str
    place: str
    description: str
    usual_title: str
    usual_place: str
    usual_description: str
    zone: str
    created_at: datetime
    community: str
    visibility: str

    @property
    def planned_wall(self) -> datetime:
        assert self.planned_at is not None, "an occurrence of a series has a plan"
        return _wall(self.planned_at, self.zone)


def _uid(kind: str, number: int, row: _Row) -> str:
    """A name that no other installation gives: ids repeat among them, ids with the microsecond of creation do not."""
    return str(uuid5(_SPACE, f"{kind}:{number}:{row.created_at.astimezone(UTC).isoformat()}"))


def _single(row: _Row) -> Entry:
    return Entry(
        uid=_uid("occurrence", row.id, row),
        sequence=row.sequence,
        changed_at=row.changed_at or row.created_at,
        starts=row.starts_at,
        ends=row.ends_at,
        title=row.title,
        place=row.place,
        description=_signed(row.description, row, row.number),
        status=_status(row),
        private=row.visibility == "private",
    )


def _own(db: Db, row: _Row, answer: str, person_id: int, now: datetime) -> Entry:
    entry = _single(row)
    if row.cancelled_at is not None or row.ends_at <= now:
        return entry
    view = sessions.view(db, row.id, person_id)
    waits = view is not None and view.standing is not None and view.standing.waiting > 0
    if waits:
        entry = replace(entry, description=f"You are on the waitlist.\n\n{entry.description}")
    return replace(entry, status="TENTATIVE") if waits or answer == "maybe" else entry


def _series(plan: Plan, rows: Sequence[_Row], gone: int = 0) -> list[Entry]:
    """Return a plan, its first `gone` occurrences left out, as one entry that repeats and its exceptions.

    What the rule says and no row bears out is excluded; rows that the rule does not say, such as one that a
    clock change pushed on, are entries of their own.
    """
    first, last = rows[0], rows[-1]
    starts = first.planned_wall if gone else datetime.fromisoformat(plan.starts_wall)
    rule = recurrence.remaining(plan.rule, gone)
    told = last.planned_wall
    if plan.planned_to is None:  # all of it has rows, whatever the rule says of after them
        rule = recurrence.ending(rule, told.date())
    series = Series(starts, first.zone, rule)
    said = [wall for wall in recurrence.walls(series, _instant(told, first.zone)) if wall <= told]
    by_wall = {row.planned_wall: row for row in rows}
    over = all(row.cancelled_at is not None for row in rows)
    master = Entry(
        uid=_uid("plan", plan.id, first),
        sequence=plan.sequence,
        changed_at=plan.changed_at or first.created_at,
        starts=starts,
        ends=_wall(_instant(starts, first.zone) + timedelta(minutes=plan.minutes), first.zone),
        title=first.usual_title if plan.title is None else plan.title,
        place=first.usual_place if plan.place is None else plan.place,
        description=_signed(first.usual_description if plan.description is None else plan.description, first),
        status="CANCELLED" if over else "CONFIRMED",
        private=first.visibility == "private",
        zone=first.zone,
        rule=_in_utc(rule, first.zone),
        excluded=tuple(wall for wall in said if wall not in by_wall or _never_told(by_wall[wall])),
    )
    exceptions = [_exception(master, by_wall[wall], wall) for wall in said if wall in by_wall]
    told_of = set(said)
    others = [_single(row) for row in rows if row.planned_wall not in told_of and not _never_told(row)]
    return [master, *(entry for entry in exceptions if entry is not None), *others]


def _never_told(row: _Row) -> bool:
    """Whether it was left out of the series from the beginning."""
    return row.cancelled_at is not None and row.sequence == 0


def _exception(master: Entry, row: _Row, wall: datetime) -> Entry | None:
    """Return what differs from the series at this time of it, if anything does."""
    if _never_told(row):
        return None
    length = master.ends - master.starts
    usual = replace(
        master,
        starts=wall,
        ends=wall + length,
        rule="",
        excluded=(),
        instead_of=wall,
        sequence=max(master.sequence, row.sequence),
        changed_at=row.changed_at or master.changed_at,
    )
    own = replace(
        usual,
        starts=_shown(row.starts_at, row.zone),
        ends=_shown(row.ends_at, row.zone),
        title=row.title,
        place=row.place,
        description=_signed(row.description, row),
        status=_status(row),
    )
    return None if own == usual else replace(own, description=_signed(row.description, row, row.number))


def _signed(description: str, row: _Row, number: int = 1) -> str:
    """Return what an entry says below its title: the description, why it is cancelled, and its name for commands."""
    why = f"Cancelled: {row.reason}" if row.cancelled_at is not None and row.reason else ""
    name = f"{sessions.code(row.session_id, number)}, {row.community}"
    return "\n\n".join(part for part in (why, description, name) if part)


def _status(row: _Row) -> Status:
    return "CONFIRMED" if row.cancelled_at is None else "CANCELLED"


def _wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def _shown(at: datetime, zone: str) -> datetime:
    """The wall-clock time, or the moment itself where that time comes twice and it is the second."""
    wall = _wall(at, zone)
    return wall if _instant(wall, zone) == at else at


def _instant(wall: datetime, zone: str) -> datetime:
    return recurrence.instant(wall, ZoneInfo(zone))


def _in_utc(rule: str, zone: str) -> str:
    """Return the rule with its UNTIL in UTC, as it has to be beside a time with a zone."""
    parts = recurrence.read(rule)
    if "UNTIL" in parts:
        parts["UNTIL"] = f"{_instant(recurrence.last_wall(parts['UNTIL']), zone):%Y%m%dT%H%M%SZ}"
    return ";".join(f"{name}={value}" for name, value in parts.items())


_ROWS = (
    select(
        col(Occurrence.id),
        col(Occurrence.session_id),
        col(Occurrence.number),
        col(Occurrence.starts_at),
        col(Occurrence.ends_at),
        col(Occurrence.cancelled_at),
        col(Occurrence.reason),
        col(Occurrence.plan_id),
        col(Occurrence.planned_at),
        col(Occurrence.sequence),
        col(Occurrence.changed_at),
        sessions.effective("title"),
        sessions.effective("place"),
        sessions.effective("description"),
        col(Session.title),
        col(Session.place),
        col(Session.description),
        col(Session.zone),
        col(Session.created_at),
        col(Community.name),
        col(Community.visibility),
    )
    .join(Session, col(Session.id) == Occurrence.session_id)
    .join(Community, col(Community.id) == Occurrence.community_id)
)
_IN_ORDER = _ROWS.order_by(func.coalesce(Occurrence.planned_at, Occurrence.starts_at), col(Occurrence.id))
_OF_COMMUNITY = _IN_ORDER.where(
    col(Occurrence.community_id) == bindparam("community"),
    or_(
        col(Occurrence.ends_at) > bindparam("since"),
        col(Occurrence.plan_id).in_(
            # The rule of a plan speaks of all its occurrences, so all of them are needed.
            select(col(Occurrence.plan_id)).where(
                col(Occurrence.community_id) == bindparam("community"),
                col(Occurrence.ends_at) > bindparam("since"),
            )
        ),
    ),
)
_OF_PERSON = (
    _IN_ORDER.add_columns(col(Rsvp.answer))
    .join(Rsvp, col(Rsvp.occurrence_id) == Occurrence.id)
    .join(
        Membership,
        and_(
            col(Membership.community_id) == Occurrence.community_id,
            col(Membership.person_id) == Rsvp.person_id,
        ),
    )
    .where(
        col(Rsvp.person_id) == bindparam("person"),
        col(Rsvp.answer) != "no",
        col(Occurrence.ends_at) > bindparam("since"),
    )
)
_OF_ONE = _ROWS.where(col(Occurrence.id) == bindparam("occurrence"))
_OF_SESSION = _IN_ORDER.where(col(Occurrence.session_id) == bindparam("session"))
