"""When whom to remind: the times a person or their community chose, kept out of the person's quiet hours.

`Rsvp.remind_at` says when to look at an answer next, `Rsvp.reminded_to` up to when its reminders are dealt with;
`Occurrence.tend_at` and `tended_to` say the same of what its host hears. A look that comes too early only finds
out when to look next, so whatever may change a reminder just has it looked at again.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlmodel import col, or_, select

from bot import when
from storage.database import Db
from storage.tables import Occurrence, Rsvp

DAY = timedelta(days=1)
AHEAD = 3 * DAY
"""How long before it begins an occurrence is looked at first, for its host."""

ROOM = timedelta(minutes=5)
"""What would fall into quiet hours and goes before them goes this long before, so that it arrives in time."""

SOON = timedelta(minutes=15)
"""How long before it begins people may check in, and the host is told to."""

HOSTS = (DAY, SOON)
"""How long before it begins the host hears of a session anyway, so that no reminder is needed."""

COMING = ("yes", "maybe")
"""The answers of those who are reminded."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of every day, on the wall clock of a zone; an end that is not after the begin is on the next day."""

    begin: time
    end: time
    zone: ZoneInfo

    def around(self, at: datetime) -> tuple[datetime, datetime] | None:
        """Return the stretch [from, to) of quiet hours that `at` is in, in UTC, or None."""
        return next(((since, until) for since, until in self._near(at) if since <= at < until), None)

    def before(self, since: datetime) -> datetime:
        """Return when to send at the latest what is to arrive before the quiet hours that begin at `since`."""
        return max([since - ROOM, *(until for _, until in self._near(since) if until <= since)])

    def next(self, at: datetime) -> datetime:
        """Return when quiet hours begin next after `at`."""
        return min(since for since, _ in self._near(at) if since > at)

    def _near(self, at: datetime) -> tuple[tuple[datetime, datetime], ...]:
        return _stretches(self, at.astimezone(self.zone).date())


@lru_cache(maxsize=10_000)
def _stretches(hours: Quiet, today: date) -> tuple[tuple[datetime, datetime], ...]:
    """Return the stretches of quiet hours around a day. Most people share theirs with others, so they are kept."""
    over = DAY if hours.end <= hours.begin else timedelta(0)
    found = []
    for n in range(-2, 4):
        day = today + n * DAY
        since = _moment(day, hours.begin, hours.zone, fold=0)
        # Where the clock shows an hour twice, the second one is as quiet as the first.
        found.append((since, _moment(day + over, hours.end, hours.zone, fold=1)))
    return tuple((since, until) for since, until in found if since < until)


def _moment(day: date, at: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return when the clock shows it, in UTC; of an hour that a clock change skips, when the change is."""
    wall = datetime.combine(day, at, zone).replace(fold=fold)
    there = wall.astimezone(UTC)
    if there.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return there
    # In a gap, the two offsets give the wall times an hour early and late; the change lies between.
    early, late = sorted(wall.replace(fold=f).astimezone(UTC) for f in (0, 1))
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset():
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


@cache
def offsets(text: str) -> tuple[timedelta, ...]:
    """Return how long before a session to remind, as settings keep it: "24h, 15m", "none" or ""."""
    if text in ("", "none"):
        return ()
    return tuple(sorted({when.duration(part) for part in text.split(",")}, reverse=True))


@cache
def quiet(text: str, zone: str) -> Quiet | None:
    """Return quiet hours as settings keep them: "18:00-08:00", "none" or ""; equal ends are none too."""
    if text in ("", "none"):
        return None
    begin, end = (time.fromisoformat(part) for part in text.split("-"))
    return Quiet(begin, end, ZoneInfo(zone)) if begin != end else None


def planned(
    starts_at: datetime, before: tuple[timedelta, ...], hours: Quiet | None
) -> list[tuple[timedelta, datetime]]:
    """Return each reminder `before` the start with its moment, in the order of the moments.

    One that falls into quiet hours goes when they end, or where the session has begun by then, before they
    begin; but a session within somebody's quiet hours is one they said yes to, so these count for nothing.
    """
    found = []
    for offset in before:
        at = starts_at - offset
        stretch = hours.around(at) if hours is not None and not _within(starts_at, hours) else None
        if hours is not None and stretch is not None:
            at = stretch[1] if stretch[1] < starts_at else hours.before(stretch[0])
        found.append((offset, at))
    return sorted(found, key=lambda reminder: (reminder[1], -reminder[0]))


def possible(now: datetime, starts_at: datetime, hours: Quiet | None) -> datetime | None:
    """Return the first moment from `now` on at which a reminder may be sent; None where the start is first."""
    if now >= starts_at:
        return None
    stretch = hours.around(now) if hours is not None and not _within(starts_at, hours) else None
    if stretch is None:
        return now
    return stretch[1] if stretch[1] < starts_at else None


def latest(now: datetime, starts_at: datetime, hours: Quiet | None) -> datetime:
    """Return until when a reminder sent `now` may arrive: before the start, and before quiet hours."""
    if hours is None or _within(starts_at, hours):
        return starts_at
    return min(starts_at, hours.next(now))


def _within(starts_at: datetime, hours: Quiet) -> bool:
    return hours.around(starts_at) is not None


def moved(db: Db, occurrence: Occurrence, now: datetime) -> None:
    """Plan all reminders of the occurrence anew, for its new start; what has passed by then is not made up for."""
    occurrence.tend_at = occurrence.tended_to = now
    db.add(occurrence)
    db.execute(
        update(Rsvp)
        .where(col(Rsvp.occurrence_id) == occurrence.id, col(Rsvp.answer).in_(COMING))
        .values(remind_at=now, reminded_to=now)
    )


def look_again(db: Db, now: datetime, *, person_id: int = 0, community_id: int = 0) -> None:
    """Plan the reminders of one person, or in one community, anew, since their settings changed.

    What is due at this moment is left to be sent; what would have been due before, had it been set so, is not made up for.
    """
    ahead = select(Occurrence.id).where(col(Occurrence.starts_at) > now)
    if community_id:
        ahead = ahead.where(Occurrence.community_id == community_id)
    mine = (col(Rsvp.person_id) == person_id,) if person_id else ()
    db.execute(
        update(Rsvp)
        .where(
            col(Rsvp.answer).in_(COMING),
            or_(col(Rsvp.remind_at).is_(None), col(Rsvp.remind_at) > now),
            col(Rsvp.occurrence_id).in_(ahead),
            *mine,
        )
        .values(remind_at=now, reminded_to=now)
        .execution_options(synchronize_session=False)
    )
