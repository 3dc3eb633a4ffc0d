"""Digests: when the next one is due, what it holds, and the one edition each due time gets."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.tables import Community


@dataclass(frozen=True)
class Defaults:
    """When a new community's digest goes out: `day` counts from Monday 0, `time` is "HH:MM" of its wall clock."""

    day: int
    time: str
    approval: str


def next_due(community: Community, after: datetime) -> datetime | None:
    """Return the first due time strictly after `after`, in UTC; None when the digest is off.

    The wall clock of the community's zone counts: a time that a clock change skips is the first
    valid minute after it, one that happens twice is the first of the two.
    """
    if not community.digest_on:
        return None
    zone = ZoneInfo(community.zone)
    at = time.fromisoformat(community.digest_time)
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(-1, 9))
    moments = (_moment(day, at, zone) for day in days if day.weekday() == community.digest_day)
    return next(moment for moment in moments if moment > after)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, at)
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += timedelta(minutes=1)
