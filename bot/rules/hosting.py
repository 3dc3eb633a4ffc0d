"""What happens around each session by the clock: what its host hears, and what its announcement shows.

The moments of an occurrence are known from its start and end. `Occurrence.tend_at` is the next of them and
`tended_to` the last that was dealt with, as for reminders (see bot.rules.reminding).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import col, or_, select

from bot.cards import attendance as attendance_cards
from bot.cards import reminders as cards
from bot.cards.lists import MOST_NAMES
from bot.rules import access, attendance, outbox, reminders, reminding, sessions
from bot.rules.sessions import View
from bot.ui.cards import Card
from storage import prepared
from storage.database import Db, locked
from storage.tables import CheckIn, Community, Occurrence, Person, Session

ABSENT = timedelta(minutes=5)
"""How long after the start a host who has not checked in is missed."""

TOO_LATE = timedelta(minutes=30)
"""How long after the start nobody is asked any more whether they could host."""


@dataclass(frozen=True, slots=True)
class _Tending:
    """One look at an occurrence: what it shows, its host (or where there is none its facilitators), and their hours."""

    shown: View
    hosts: tuple[int, ...]
    hours: reminding.Quiet | None
    now: datetime
    threshold: int


def due(db: Db, now: datetime) -> Sequence[int]:
    """Return the occurrences around which something is to be done."""
    return [row.id for row in prepared.rows(db, _DUE, now=now)]


_DUE = select_columns(col(Occurrence.id)).where(col(Occurrence.tend_at) <= bindparam("now"))


def act(db: Db, occurrence_id: int, now: datetime, threshold: int) -> None:
    """Do what is due around the occurrence and say when to look again; feedback is counted from `threshold` answers."""
    occurrence = locked(db, Occurrence, occurrence_id)
    shown = sessions.view(db, occurrence_id)
    if occurrence is None or shown is None or occurrence.tend_at is None or occurrence.tend_at > now:
        return
    if occurrence.cancelled_at is not None:
        occurrence.tend_at = None
        db.add(occurrence)
        return
    tending = _tending(db, occurrence, shown, now, threshold)
    since = occurrence.tended_to
    following = None
    for stage, at in _stages(tending):
        if since is not None and at <= since:
            continue
        following = at if at > now else _do(db, stage, tending)
        if following is not None:
            break
        since = at
    occurrence.tend_at, occurrence.tended_to = following, since
    db.add(occurrence)


def _stages(tending: _Tending) -> list[tuple[str, datetime]]:
    shown = tending.shown
    start, end = shown.starts_at, shown.ends_at
    ((_, agenda),) = reminding.planned(start, (reminding.DAY,), tending.hours)
    moments = {
        "agenda": agenda,
        "soon": start - sessions.CHECKIN_BEFORE,
        "absent": start + ABSENT,
        "over": end,
        "closed": end + sessions.CHECKIN_AFTER,
        "counted": end + attendance.FEEDBACK,
    }
    return sorted(moments.items(), key=lambda stage: stage[1])


def _do(db: Db, stage: str, tending: _Tending) -> datetime | None:
    """Do what the stage asks for, unless it is too late for it; return when to try again, where it is too early."""
    shown, now = tending.shown, tending.now
    match stage:
        case "agenda":
            at = reminding.possible(now, shown.starts_at, tending.hours)
            if at is not None and at > now:
                return at
            if at is not None:
                until = reminding.latest(now, shown.starts_at, tending.hours)
                roll = sessions.roll(db, shown.occurrence_id, shown.capacity, MOST_NAMES)
                _tell(db, tending, tending.hosts, "agenda", cards.agenda(shown, roll), until)
        case "soon":
            outbox.redraw(db, f"session:{shown.occurrence_id}", now)
            if now < shown.starts_at:
                _tell(db, tending, tending.hosts, "starting", cards.starting(shown), shown.starts_at)
        case "absent":
            until = min(shown.ends_at, shown.starts_at + TOO_LATE)
            if now < until and not _hosted(db, tending):
                whom = [one for one in attendance.expected(db, shown) if one not in tending.hosts]
                _tell(db, tending, whom, "absent", cards.absent(shown), until)
        case "over" | "closed":
            outbox.redraw(db, f"session:{shown.occurrence_id}", now)
            until = shown.ends_at + attendance.FEEDBACK
            if now < until:
                whom = list(attendance.came(db, shown.occurrence_id))
                _tell(db, tending, whom, "feedback", attendance_cards.how_was_it(shown), until)
        case "counted":
            attendance.count(db, shown.occurrence_id, tending.threshold)
    return None


def _tell(db: Db, tending: _Tending, whom: Sequence[int], kind: str, card: Card, until: datetime) -> None:
    """Tell each of them once of this start."""
    start = tending.shown.starts_at.astimezone(UTC)
    for person_id in whom:
        key = f"{kind}:{tending.shown.occurrence_id}:{start:%Y%m%dT%H%M%S}:{person_id}"
        outbox.tell(db, person_id, card, kind=kind, key=key, expires_at=until, now=tending.now)


def _hosted(db: Db, tending: _Tending) -> bool:
    """Whether the host has checked in, or somebody else who hosts it."""
    there = select(CheckIn.person_id).where(
        CheckIn.occurrence_id == tending.shown.occurrence_id,
        or_(col(CheckIn.person_id).in_(tending.hosts), col(CheckIn.hosting)),
    )
    return db.exec(there).first() is not None


def _tending(db: Db, occurrence: Occurrence, shown: View, now: datetime, threshold: int) -> _Tending:
    community = db.get(Community, occurrence.community_id)
    session = db.get(Session, occurrence.session_id)
    assert community is not None, "a foreign key points at it"
    assert session is not None, "a foreign key points at it"
    hosts = hosts_of(db, session)
    hours = None
    if len(hosts) == 1:
        row = db.execute(select_columns(*reminders.HABITS).where(col(Person.id) == hosts[0])).one()
        hours = reminders.hours_of(row, community.quiet_hours, community.zone)
    return _Tending(shown, () if community.archived_at else hosts, hours, now, threshold)


def hosts_of(db: Db, session: Session) -> tuple[int, ...]:
    """Return who hosts the session: its host, or where it has none any more, the facilitators of its community."""
    if session.host_id is not None:
        return (session.host_id,)
    return tuple(access.facilitators(db, session.community_id))
