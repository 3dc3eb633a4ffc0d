"""A moment said back to the person: weekday, date, time, zone, and how far away."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.when.moments import say

_DAYS_A_MONTH = 30.44


def describe(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return for example "Tuesday 3 March 2026, 15:00 (Europe/London), in 2 days", in the reader's zone."""
    return f"{say(at.astimezone(zone))}, {distance(at, now=now, zone=zone)}"


def distance(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Return how far away: "now", "in 45 minutes", "in 3 hours 20 minutes", "in 2 days", "a year ago".

    From 24 hours on, days are nights slept in the reader's zone; months and years are rounded.
    """
    at, now = at.astimezone(UTC), now.astimezone(UTC)  # in one zone the wall clocks would be subtracted
    minutes = int(abs(at - now).total_seconds() // 60)
    nights = abs((at.astimezone(zone).date() - now.astimezone(zone).date()).days)
    if minutes == 0:
        return "now"
    if minutes < 24 * 60:
        hours, rest = divmod(minutes, 60)
        parts = [
            _count(hours, "hour") if hours else "",
            _count(rest, "minute") if rest and hours < 12 else "",
        ]
        amount = " ".join(part for part in parts if part)
    elif nights < 60:
        amount = _count(nights, "day")
    elif nights < 2 * 365:
        amount = f"about {_count(round(nights / _DAYS_A_MONTH), 'month')}"
    else:
        amount = f"about {_count(round(nights / 365.25), 'year')}"
    return f"in {amount}" if at > now else f"{amount} ago"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
