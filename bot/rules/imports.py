"""Events of calendar files as sessions: known again by their UID, so that a file read twice changes nothing.

What is over is left alone. A series is planned from its next time on; times that it leaves out are cancelled
before anyone hears of them. Who comes to a session is told where the file moved or cancelled it.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.calendars.reading import Event, Time
from bot.cards import sessions as cards
from bot.errors import BadValue
from bot.rules import announcing, recurrence, series, sessions
from bot.rules.recurrence import Series
from storage.database import Db, locked
from storage.tables import Community, Imported, Occurrence, Plan, Session

Outcome = Literal["new", "changed", "unchanged"]
_COMPARED = timedelta(days=10 * 366)
_SECOND = timedelta(seconds=1)


def bring(db: Db, community: Community, event: Event, now: datetime) -> Outcome:
    """Make the event a session of the community, or change the one it became before.

    Raises BadValue, in a sentence, for one that is not known and over, cancelled, or over five years away.
    """
    said = hashlib.sha256(repr(event).encode()).hexdigest()
    known = locked(db, Imported, (community.id, event.uid))
    if known is not None and known.said == said:
        return "unchanged"
    times = _ahead(event, now)
    if known is None:
        _check_new(event, times, now)
        usual = event.usual
        session = Session(
            community_id=community.id,
            title=usual.title,
            zone=event.zone,
            minutes=usual.minutes,
            created_at=now,
        )
        db.add(session)
        db.flush()
        known = Imported(community_id=community.id, uid=event.uid, session_id=session.id, said="")
    changes = _Changes(db, known.session_id, event, times, now)
    changes.make()
    outcome: Outcome = "changed" if known.said else "new"
    known.said = said
    db.add(known)
    db.flush()
    return outcome


def _check_new(event: Event, times: list["_Due"], now: datetime) -> None:
    if event.usual.cancelled:
        raise BadValue("It is cancelled.")
    if not times:
        raise BadValue("It has no time within a year." if event.rule else "It is over.")
    if times[0].at - now > sessions.FURTHEST:
        raise BadValue("It is more than five years away.")


@dataclass(frozen=True, slots=True)
class _Due:
    """One time to come: when its series has it, when it takes place, and what it says. `nth` counts from 0."""

    nth: int
    planned: datetime
    at: datetime
    time: Time
    cancelled: bool


def _ahead(event: Event, now: datetime) -> list[_Due]:
    """Return the event's times from the first that is not over on: a year of them, and as far as any differs."""
    zone = ZoneInfo(event.zone)
    others = {time.instead_of: time for time in event.others}
    excluded = set(event.excluded)
    walls: Iterable[datetime] = [event.usual.starts]
    if event.rule:
        walls = recurrence.walls(Series(event.usual.starts, event.zone, event.rule), _until(event, now))
    found: list[_Due] = []
    for nth, wall in enumerate(walls):
        planned = recurrence.instant(wall, zone)
        time = others.get(wall, event.usual)
        at = planned if time is event.usual else recurrence.instant(time.starts, zone)
        if found or at + timedelta(minutes=time.minutes) > now:
            gone = wall in excluded or time.cancelled or event.usual.cancelled
            found.append(_Due(nth, planned, at, time, gone))
    return found


def _until(event: Event, now: datetime) -> datetime:
    zone = ZoneInfo(event.zone)
    named = [*event.excluded, *(time.instead_of for time in event.others if time.instead_of is not None)]
    last = max((recurrence.instant(wall, zone) for wall in named), default=now)
    first = recurrence.instant(event.usual.starts, zone)
    return max(now, first, min(last, now + sessions.FURTHEST)) + series.AHEAD


class _Changes:
    """Brings what is kept of a session to what its event says, and tells those who come."""

    def __init__(self, db: Db, session_id: int, event: Event, times: list[_Due], now: datetime) -> None:
        session = db.get(Session, session_id)
        assert session is not None, "a foreign key points at it"
        self._db, self._session, self._event, self._times, self._now = db, session, event, times, now
        self._rows = self._still_ahead()
        self._moved: dict[int, tuple[Occurrence, datetime]] = {}
        self._cancelled: list[Occurrence] = []
        self._says_more = False

    def make(self) -> None:
        """Do it."""
        db, session, usual, now = self._db, self._session, self._event.usual, self._now
        before = {row.id for row in self._rows}
        kept = self._kept_plan()
        said = (session.title, session.place, session.description)
        self._says_more = said != (usual.title, usual.place, usual.description)
        session.zone, session.minutes = self._event.zone, usual.minutes
        session.title, session.place, session.description = usual.title, usual.place, usual.description
        db.add(session)
        due_of = self._matched()
        if self._event.rule and self._times:
            self._follow(kept or self._new_plan(due_of))
        else:
            self._stand_alone(due_of)
        by_plan = {due.planned: due for due in self._times}
        for row in self._still_ahead():
            due = due_of.get(row.id) or (
                by_plan.get(row.planned_at) if row.planned_at and row.id not in before else None
            )
            self._set(row, due, fresh=row.id not in before)
        db.flush()
        announcing.tell_coming(
            db,
            [row for row, _ in self._moved.values()],
            "moved",
            lambda view, others: cards.moved(view, self._moved[view.occurrence_id][1], others),
            now,
        )
        announcing.tell_coming(db, self._cancelled, "cancelled", cards.cancelled, now)

    def _still_ahead(self) -> list[Occurrence]:
        """The session's occurrences that are not over, by number."""
        ahead = select(Occurrence).where(
            Occurrence.session_id == self._session.id, col(Occurrence.ends_at) > self._now
        )
        return list(self._db.exec(ahead.order_by(col(Occurrence.number))).all())

    def _plans(self) -> list[Plan]:
        return [self._plan(id_) for id_ in {row.plan_id for row in self._rows} if id_ is not None]

    def _plan(self, id_: int) -> Plan:
        plan = locked(self._db, Plan, id_)
        assert plan is not None, "a foreign key points at it"
        return plan

    def _kept_plan(self) -> Plan | None:
        """The plan there is, if it has the same times to come."""
        plans = self._plans()
        if len(plans) != 1 or not self._event.rule or self._session.zone != self._event.zone:
            return None
        until = self._now + _COMPARED
        own = Series(self._event.usual.starts, self._event.zone, self._event.rule)
        said, planned = (
            [at for at in recurrence.moments(one, until) if at > self._now]
            for one in (own, series.series_of(plans[0], self._session))
        )
        return plans[0] if said == planned else None

    def _matched(self) -> dict[int, _Due]:
        """Which occurrence is which time: of the same moment, else of the same day, else the only ones of a week."""
        zone = ZoneInfo(self._event.zone)
        open_ = {due.planned: due for due in self._times}
        found: dict[int, _Due] = {}
        if not self._event.rule and len(self._rows) == 1 and self._times:
            return {self._rows[0].id: self._times[0]}
        same: tuple[Callable[[datetime], object], ...] = (
            lambda at: at,
            lambda at: at.astimezone(zone).date(),
            lambda at: at.astimezone(zone).isocalendar()[:2],
        )
        for key in same:
            of = {key(due.planned): due for due in reversed(open_.values())}
            for row in self._rows:
                due = of.pop(key(row.planned_at or row.starts_at), None) if row.id not in found else None
                if due is not None:
                    found[row.id] = due
                    del open_[due.planned]
        return found

    def _new_plan(self, due_of: dict[int, _Due]) -> Plan:
        """Plan anew, and let the plans before end with what is over."""
        first = self._times[0]
        plan = Plan(
            session_id=self._session.id,
            rule=recurrence.remaining(self._event.rule, first.nth),
            starts_wall=first.planned.astimezone(ZoneInfo(self._event.zone)).replace(tzinfo=None).isoformat(),
            minutes=self._event.usual.minutes,
        )
        self._db.add(plan)
        self._db.flush()
        self._end(self._plans())
        for row in self._rows:
            due = due_of.get(row.id)
            row.plan_id, row.planned_at = (plan.id, due.planned) if due is not None else (None, None)
            self._db.add(row)
        return plan

    def _end(self, plans: list[Plan]) -> None:
        ahead = {row.id for row in self._rows}
        for plan in plans:
            over = [
                row.planned_at
                for row in self._db.exec(select(Occurrence).where(Occurrence.plan_id == plan.id))
                if row.id not in ahead and row.planned_at is not None
            ]
            if over:
                last = max(over).astimezone(ZoneInfo(self._session.zone)).date()
                plan.rule = recurrence.ending(plan.rule, last)
            plan.planned_to = None
            series.mark_replanned(self._db, plan, self._now)

    def _follow(self, plan: Plan) -> None:
        """Let the plan say what the event does, and have rows for all its times."""
        plan.title = plan.place = plan.description = plan.capacity = None
        plan.minutes = self._event.usual.minutes
        plan.planned_to = self._times[0].planned - _SECOND  # so that whatever is missing is added
        if self._rows:
            series.mark_replanned(self._db, plan, self._now)
        self._db.flush()
        series.extend(self._db, plan.id, self._now, _until(self._event, self._now))

    def _stand_alone(self, due_of: dict[int, _Due]) -> None:
        """Have the one row of an event that does not repeat."""
        self._end(self._plans())
        for row in self._rows:
            row.plan_id = row.planned_at = None
        if self._times and not due_of:
            (due,) = self._times
            row = Occurrence(
                session_id=self._session.id,
                community_id=self._session.community_id,
                number=series.last_number(self._db, self._session.id) + 1,
                starts_at=due.at,
                ends_at=due.at + timedelta(minutes=due.time.minutes),
            )
            self._db.add(row)
            self._db.flush()

    def _set(self, row: Occurrence, due: _Due | None, *, fresh: bool) -> None:
        """Bring the row to what its time says; without one it is cancelled."""
        usual = self._event.usual
        if due is None:
            if not fresh and row.cancelled_at is None:
                row.cancelled_at = self._now
                self._cancelled.append(row)
                series.mark_changed(self._db, row, self._now)
            return
        was = row.model_dump(exclude={"sequence", "changed_at"})
        started = row.starts_at
        row.starts_at, row.ends_at = due.at, due.at + timedelta(minutes=due.time.minutes)
        row.title, row.place, row.description = (
            None if own == common else own
            for own, common in (
                (due.time.title, usual.title),
                (due.time.place, usual.place),
                (due.time.description, usual.description),
            )
        )
        if due.cancelled != (row.cancelled_at is not None) and row.reason is None:
            row.cancelled_at = self._now if due.cancelled else None
        self._db.add(row)
        if fresh or (row.model_dump(exclude={"sequence", "changed_at"}) == was and not self._says_more):
            return
        series.mark_changed(self._db, row, self._now)
        if row.cancelled_at is not None and was["cancelled_at"] is None:
            self._cancelled.append(row)
        elif row.cancelled_at is None and row.starts_at != started:
            self._moved[row.id] = (row, started)
