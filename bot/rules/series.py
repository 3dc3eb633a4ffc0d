"""Sessions that repeat: their occurrences ahead, and moving, cancelling and changing one, some or all of them.

A series has rows for its occurrences a rolling year ahead. What concerns "this and the following" parts
its plan in two; the session, its occurrences, their numbers and the answers to them stay what they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select

from bot.errors import BadValue, Conflict, Problems
from bot.rules import outbox, recurrence, reminding
from bot.rules.recurrence import Series
from storage.database import Db, locked
from storage.tables import Occurrence, Plan, Session

DAY = timedelta(days=1)
AHEAD = timedelta(days=365)
"""How far ahead occurrences have rows."""

STEP = timedelta(days=7)
"""How often the rows ahead are added to."""

ANNOUNCED = timedelta(days=7)
"""How long before it begins an occurrence is announced that was not when it was scheduled."""

Scope = Literal["this", "following", "all"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved: the occurrence spoken of, all that moved with it, and by how much."""

    occurrence: Occurrence
    ids: tuple[int, ...]
    by: timedelta


def begin(db: Db, session: Session, first: Occurrence, rule: str, now: datetime) -> None:
    """Let a session that was just planned repeat by the rule, from its first occurrence on.

    Raises Problems for a rule that cannot be, or whose first day is another.
    """
    zone = ZoneInfo(session.zone)
    wall = first.starts_at.astimezone(zone).replace(tzinfo=None, fold=0)
    try:
        found = next(recurrence.moments(Series(wall, session.zone, rule), first.starts_at + DAY), None)
    except BadValue as bad:
        raise Problems({"repeat": bad.message}) from None
    if found is None or found.astimezone(zone).date() != wall.date():
        raise Problems({"repeat": f"By that rule the first time is not on {wall:%A} {wall.day} {wall:%B}."})
    plan = Plan(
        session_id=session.id,
        rule=rule,
        starts_wall=wall.isoformat(),
        minutes=session.minutes,
        planned_to=first.starts_at,
    )
    db.add(plan)
    db.flush()
    first.plan_id, first.planned_at, first.announced_at = plan.id, first.starts_at, now
    db.add(first)
    extend(db, plan.id, now)


def unextended(db: Db, now: datetime) -> Sequence[int]:
    """Return the plans that need more rows ahead."""
    return db.exec(select(Plan.id).where(col(Plan.planned_to) < now + AHEAD - STEP)).all()


def extend(db: Db, plan_id: int, now: datetime, until: datetime | None = None) -> None:
    """Add the occurrences of the plan that are missing up to a year ahead, or to a later moment."""
    plan = locked(db, Plan, plan_id)
    session = db.get(Session, plan.session_id) if plan is not None else None
    if plan is None or session is None or plan.planned_to is None:
        return
    until = max(until or now, now + AHEAD)
    number = last_number(db, session.id)
    there = {one.planned_at for one in _members(db, plan)}
    for at in recurrence.moments(series_of(plan, session), until):
        if at > plan.planned_to and at not in there:
            number += 1
            db.add(_occurrence(plan, session, number, at))
    plan.planned_to = until if _goes_on(plan, session, until) else None
    db.add(plan)
    db.flush()


def last_number(db: Db, session_id: int) -> int:
    """Return the highest number that an occurrence of the session has, 0 when there is none."""
    numbers = select(func.max(Occurrence.number)).where(Occurrence.session_id == session_id)
    return db.exec(numbers).one() or 0


def unannounced(db: Db, now: datetime) -> Sequence[int]:
    """Return the occurrences that are to be announced by now: of series, and what came from calendars."""
    return db.exec(
        select(Occurrence.id).where(
            col(Occurrence.announced_at).is_(None),
            col(Occurrence.cancelled_at).is_(None),
            col(Occurrence.starts_at) > now,
            col(Occurrence.starts_at) <= now + ANNOUNCED,
        )
    ).all()


def meant(db: Db, occurrence: Occurrence, scope: Scope, now: datetime) -> list[Occurrence]:
    """Return what the scope names: the occurrence, or what is still to come of its series, from it on or all."""
    if scope == "this" or occurrence.planned_at is None:
        return [occurrence]
    since = now if scope == "all" else occurrence.planned_at
    return list(
        db.exec(
            select(Occurrence)
            .where(
                Occurrence.session_id == occurrence.session_id,
                col(Occurrence.planned_at) >= since,
                col(Occurrence.ends_at) > now,
                col(Occurrence.cancelled_at).is_(None),
            )
            .order_by(col(Occurrence.planned_at))
        ).all()
    )


def move(db: Db, occurrence: Occurrence, when: datetime, scope: Scope, now: datetime) -> Moved:
    """Move the occurrence to `when`, and with it those the scope names, by the wall clock.

    An occurrence that was moved by itself before stays where it is, unless it is the one spoken of.
    Raises Conflict for one that is over or cancelled, Problems for a time that is past or unchanged.
    """
    _still_open(occurrence, now)
    if when <= now:
        raise Problems({"when": "That time is past. When will it be?"})
    by = when - occurrence.starts_at
    if not by:
        raise Problems({"when": "That is when it is already. When will it be?"})
    if scope == "this" or occurrence.planned_at is None:
        _put(db, occurrence, when, now)
        return Moved(occurrence, (occurrence.id,), by)
    session = db.get(Session, occurrence.session_id)
    assert session is not None, "a foreign key points at it"
    zone = ZoneInfo(session.zone)
    days = (when.astimezone(zone).date() - occurrence.planned_at.astimezone(zone).date()).days
    time = when.astimezone(zone).time()
    moved: list[int] = []
    for plan in _parted(db, occurrence, scope, now):
        moved += _shift(db, plan, session, days, time, occurrence.id, now)
    return Moved(occurrence, tuple(moved), by)


def cancel(db: Db, occurrence: Occurrence, reason: str, scope: Scope, now: datetime) -> list[Occurrence]:
    """Cancel what the scope names; a series cancelled from here on ends before it. Returns what was cancelled.

    Raises Conflict for an occurrence that is over or cancelled already.
    """
    _still_open(occurrence, now)
    gone = meant(db, occurrence, scope, now)
    if scope != "this" and occurrence.planned_at is not None:
        for plan in _parted(db, occurrence, scope, now):
            plan.planned_to = None
            mark_replanned(db, plan, now)
    for one in gone:
        one.cancelled_at, one.reason = now, reason
        mark_changed(db, one, now)
    return gone


def change(
    db: Db,
    occurrence: Occurrence,
    values: Mapping[str, Any],
    minutes: int | None,
    scope: Scope,
    now: datetime,
) -> list[Occurrence]:
    """Give title, place, description or capacity another value, and a length in minutes, for what the scope names.

    Returns what was changed. Raises Conflict for an occurrence that is over or cancelled.
    """
    _still_open(occurrence, now)
    changed = meant(db, occurrence, scope, now)
    holders: list[Session | Plan | Occurrence] = []
    if occurrence.planned_at is None:
        session = db.get(Session, occurrence.session_id)
        assert session is not None, "a foreign key points at it"
        holders.append(session)
    else:
        holders += changed
        if scope != "this":
            holders += _parted(db, occurrence, scope, now)
    for holder in holders:
        for name, value in values.items():
            setattr(holder, name, value)
        if minutes is not None and not isinstance(holder, Occurrence):
            holder.minutes = minutes
        if isinstance(holder, Plan):
            mark_replanned(db, holder, now)
        db.add(holder)
    for one in changed:
        if minutes is not None:
            one.ends_at = one.starts_at + timedelta(minutes=minutes)
        mark_changed(db, one, now)
    return changed


def series_of(plan: Plan, session: Session) -> Series:
    """Return when the plan has its occurrences."""
    return Series(datetime.fromisoformat(plan.starts_wall), session.zone, plan.rule)


def _occurrence(plan: Plan, session: Session, number: int, at: datetime) -> Occurrence:
    return Occurrence(
        session_id=session.id,
        community_id=session.community_id,
        plan_id=plan.id,
        number=number,
        planned_at=at,
        starts_at=at,
        ends_at=at + timedelta(minutes=plan.minutes),
        tend_at=at - reminding.AHEAD,
        title=plan.title,
        place=plan.place,
        description=plan.description,
        capacity=plan.capacity,
    )


def _goes_on(plan: Plan, session: Session, until: datetime) -> bool:
    parts = recurrence.read(plan.rule)
    if "COUNT" not in parts and "UNTIL" not in parts:
        return True
    further = until + timedelta(days=10 * 366)
    return any(at > until for at in recurrence.moments(series_of(plan, session), further))


def _members(db: Db, plan: Plan) -> list[Occurrence]:
    return list(
        db.exec(
            select(Occurrence).where(Occurrence.plan_id == plan.id).order_by(col(Occurrence.planned_at))
        ).all()
    )


def _parted(db: Db, occurrence: Occurrence, scope: Scope, now: datetime) -> list[Plan]:
    """Return the plans that hold what the scope names and nothing before it, parting one in two if need be."""
    first = meant(db, occurrence, scope, now)[0]
    plans = db.exec(
        select(Plan).where(Plan.session_id == occurrence.session_id).order_by(col(Plan.id)).with_for_update()
    ).all()
    found: list[Plan] = []
    for plan in plans:
        members = _members(db, plan)
        later = [one for one in members if _planned(one) >= _planned(first)]
        if later and len(later) == len(members):
            found.append(plan)
        elif later:
            found.append(_part(db, plan, members[: -len(later)], later, now))
    return found


def _part(db: Db, plan: Plan, earlier: list[Occurrence], later: list[Occurrence], now: datetime) -> Plan:
    session = db.get(Session, plan.session_id)
    assert session is not None, "a foreign key points at it"
    zone = ZoneInfo(session.zone)
    wall = _planned(later[0]).astimezone(zone).replace(tzinfo=None, fold=0)
    new = Plan(
        **plan.model_dump(exclude={"id", "rule", "starts_wall"}),
        rule=recurrence.remaining(plan.rule, len(earlier)),
        starts_wall=wall.isoformat(),
    )
    plan.rule = recurrence.ending(plan.rule, wall.date() - DAY)
    plan.planned_to = None
    mark_replanned(db, plan, now)
    db.add(new)
    db.flush()
    for one in later:
        one.plan_id = new.id
        db.add(one)
    db.flush()
    return new


def _shift(
    db: Db, plan: Plan, session: Session, days: int, time: time_of_day, spoken_of: int, now: datetime
) -> list[int]:
    """Move a plan by days and to another time of day; return the occurrences that moved with it."""
    zone = ZoneInfo(session.zone)
    members = _members(db, plan)
    began = _planned(members[0]).astimezone(zone).date()
    begins = began + timedelta(days=days)
    plan.rule = recurrence.shifted(plan.rule, began, begins)
    plan.starts_wall = datetime.combine(begins, time).isoformat()
    moved = []
    last = _planned(members[-1]) + timedelta(days=abs(days)) + AHEAD
    for member, at in zip(members, recurrence.moments(series_of(plan, session), last), strict=False):
        stays = member.starts_at != member.planned_at and member.id != spoken_of
        member.planned_at = at
        db.add(member)
        if not stays and member.cancelled_at is None and member.ends_at > now:
            _put(db, member, at, now)
            moved.append(member.id)
    if plan.planned_to is not None:
        plan.planned_to = _planned(members[-1])
    mark_replanned(db, plan, now)
    db.flush()
    return moved


def _planned(occurrence: Occurrence) -> datetime:
    assert occurrence.planned_at is not None, "an occurrence of a series has a plan"
    return occurrence.planned_at


def _put(db: Db, occurrence: Occurrence, at: datetime, now: datetime) -> None:
    length = occurrence.ends_at - occurrence.starts_at
    occurrence.starts_at = at.astimezone(UTC)
    occurrence.ends_at = occurrence.starts_at + length
    reminding.moved(db, occurrence, now)
    mark_changed(db, occurrence, now)


def mark_changed(db: Db, occurrence: Occurrence, now: datetime) -> None:
    """Let calendars and announcements know that the occurrence is another now."""
    occurrence.sequence += 1
    occurrence.changed_at = now
    db.add(occurrence)
    outbox.redraw(db, f"session:{occurrence.id}", now)


def mark_replanned(db: Db, plan: Plan, now: datetime) -> None:
    """Let calendars know that the plan is another now."""
    plan.sequence += 1
    plan.changed_at = now
    db.add(plan)


def _still_open(occurrence: Occurrence, now: datetime) -> None:
    if occurrence.cancelled_at is not None:
        raise Conflict("That session is cancelled.")
    if now >= occurrence.ends_at:
        raise Conflict("That session is over.")
