"""Time zones in calendars: an IANA zone described as a VTIMEZONE, and the IANA zone that a file means.

The library's own descriptions put spring's change an hour late (RFC 5545 section 3.6.5 counts its onset by the
offset before it) and list dates where some apps read rules only.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.rules.recurrence import WEEKDAYS

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=256)
def described(key: str, first: int, last: int) -> tuple[str, ...]:
    """Return the VTIMEZONE of an IANA zone as unfolded lines, true from the first year to the last at least."""
    zone = ZoneInfo(key)
    begin = datetime(first, 1, 1, tzinfo=UTC) - _DAY
    groups: dict[tuple[timedelta, timedelta, bool, str], list[datetime]] = {}
    before = _offset(begin, zone)
    groups[before, before, _summer(begin, zone), _letters(begin, zone)] = [
        (begin + before).replace(tzinfo=None)
    ]
    for at in _changes(zone, begin, datetime(last + 1, 1, 1, tzinfo=UTC)):
        after = _offset(at, zone)
        onset = (at + before).replace(tzinfo=None)
        groups.setdefault((before, after, _summer(at, zone), _letters(at, zone)), []).append(onset)
        before = after
    lines = ["BEGIN:VTIMEZONE", f"TZID:{key}"]
    for (was, becomes, summer, letters), onsets in groups.items():
        kind = "DAYLIGHT" if summer else "STANDARD"
        lines += [f"BEGIN:{kind}", f"DTSTART:{onsets[0]:%Y%m%dT%H%M%S}"]
        lines += [f"TZOFFSETFROM:{_written(was)}", f"TZOFFSETTO:{_written(becomes)}", f"TZNAME:{letters}"]
        if rule := _rule(onsets, last):
            lines.append(f"RRULE:{rule}")
        elif onsets[1:]:
            lines.append(f"RDATE:{','.join(f'{onset:%Y%m%dT%H%M%S}' for onset in onsets[1:])}")
        lines.append(f"END:{kind}")
    return (*lines, "END:VTIMEZONE")


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the moments at which the offset changes; two changes within a day that cancel out pass unseen."""
    at = begin
    while at < end:
        following = at + _DAY
        if _offset(at, zone) != _offset(following, zone):
            lower, upper = at, following
            while upper - lower > _SECOND:
                middle = lower + timedelta(seconds=(upper - lower) // _SECOND // 2)
                same = _offset(middle, zone) == _offset(at, zone)
                lower, upper = (middle, upper) if same else (lower, middle)
            yield upper
        at = following


def _rule(onsets: list[datetime], last: int) -> str:
    """Return the yearly rule that all of three onsets and more follow up to the last year, or ""."""
    first = onsets[0]
    years = [onset.year for onset in onsets]
    alike = {(onset.month, onset.weekday(), onset.time()) for onset in onsets}
    if len(onsets) < 3 or len(alike) > 1 or years != list(range(first.year, last + 1)):
        return ""
    nth = {(onset.day - 1) // 7 + 1 for onset in onsets}
    if all((onset + 7 * _DAY).month != onset.month for onset in onsets):
        which = -1
    elif len(nth) == 1:
        (which,) = nth
    else:
        return ""
    return f"FREQ=YEARLY;BYMONTH={first.month};BYDAY={which}{WEEKDAYS[first.weekday()]}"


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _summer(at: datetime, zone: ZoneInfo) -> bool:
    return bool(at.astimezone(zone).dst())


def _letters(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).tzname() or zone.key


def _written(offset: timedelta) -> str:
    seconds = round(abs(offset).total_seconds())
    text = f"{'-' if offset < timedelta(0) else '+'}{seconds // 3600:02}{seconds // 60 % 60:02}"
    return f"{text}{seconds % 60:02}" if seconds % 60 else text
