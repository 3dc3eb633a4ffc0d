"""When a series takes place: wall-clock times by a rule, as moments.

A rule is RFC 5545's RRULE without DTSTART, of whole days and longer; its UNTIL is a wall-clock time
of the series' zone. The wall clock is kept across clock changes: a time that a change skips is the
first valid minute after it, and one that comes twice is the first of the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from bot.errors import BadValue

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST = 500
"""Characters of a rule."""

MOST = 10_000
"""Occurrences that one rule may give in all; a series that never ends is another matter."""


@dataclass(frozen=True, slots=True)
class Series:
    """`start` is the naive wall-clock time of the first occurrence in `zone`, an IANA name."""

    start: datetime
    zone: str
    rule: str


def moments(series: Series, until: datetime) -> Iterator[datetime]:
    """Yield every occurrence up to the aware moment `until`, in order, in UTC."""
    zone = ZoneInfo(series.zone)
    for wall in walls(series, until):
        at = instant(wall, zone)
        if at <= until:
            yield at


def walls(series: Series, until: datetime) -> Iterator[datetime]:
    """Yield what the rule says of every occurrence up to a day after `until`: a naive wall-clock time in the zone."""
    parts = read(series.rule)
    count = int(parts.pop("COUNT", 0)) or None
    horizon = until.astimezone(ZoneInfo(series.zone)).replace(tzinfo=None) + timedelta(days=1)
    ends = min(last_wall(parts.pop("UNTIL")), horizon) if "UNTIL" in parts else horizon
    if ends >= series.start:
        yield from islice(_rule(_written(parts), series.start).replace(until=ends), count)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which clocks in `zone` show the naive `wall`.

    Where a change skips that time it is the first minute after the gap; where it comes twice, the first.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    shown = first.astimezone(zone).replace(tzinfo=None, fold=0)
    if shown == wall:
        return first
    # In a gap, fold 0 reads the clock of before the change and lands after it, fold 1 the other way round.
    lower, upper = sorted((first, second))
    while upper - lower > timedelta(seconds=1):
        middle = lower + timedelta(seconds=(upper - lower) // timedelta(seconds=1) // 2)
        before = middle.astimezone(zone).utcoffset() == lower.astimezone(zone).utcoffset()
        lower, upper = (middle, upper) if before else (lower, middle)
    return upper


def read(rule: str) -> dict[str, str]:
    """Return the parts of a rule by name, in upper case.

    Raises BadValue for what is no rule, repeats more often than daily, names times of day, ends both
    ways, gives more than 10,000 occurrences, or never takes place.
    """
    text = rule.strip().upper().removeprefix("RRULE:").strip(";")
    if len(text) > LONGEST:
        raise BadValue(f"A repeat rule may have at most {LONGEST} characters; this has {len(text):,}.")
    pairs = [part.partition("=") for part in text.split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) < len(pairs) or not all(parts.values()) or "FREQ" not in parts:
        raise BadValue("That is no repeat rule I can read. Try for example “every other thursday”.")
    if parts["FREQ"] in ("HOURLY", "MINUTELY", "SECONDLY") or set(parts) & {"BYHOUR", "BYMINUTE", "BYSECOND"}:
        raise BadValue("A session repeats daily at most, at one time of day. Try for example “every week”.")
    unknown = sorted(set(parts) - set(PARTS))
    if unknown or parts["FREQ"] not in FREQUENCIES:
        raise BadValue(f"I cannot read {', '.join(unknown) or parts['FREQ']} in a repeat rule.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadValue("A series ends either on a date or after so many times. Please say one of the two.")
    if not _number(parts.get("COUNT", "1"), MOST) or not _number(parts.get("INTERVAL", "1"), 366):
        raise BadValue(f"A series may have 1 to {MOST:,} occurrences, at intervals of 1 to 366.")
    if parts["FREQ"] == "DAILY" and len(set(parts) & {"INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH"}) > 1:
        raise BadValue("Please say it by weeks or months, for example “every tue and thu”.")
    try:
        if "UNTIL" in parts:
            last_wall(parts["UNTIL"])
        matching = {
            name: value for name, value in parts.items() if name not in ("COUNT", "UNTIL", "INTERVAL")
        }
        # What matches at all does so within the last decades of the calendar; before them, what
        # never does would be looked for through eight thousand years.
        if next(iter(_rule(_written(matching), datetime(9950, 1, 1))), None) is None:  # noqa: DTZ001  # a wall clock
            raise BadValue("By that rule it would never take place. Please check its days and months.")
    except (ValueError, TypeError, KeyError, IndexError):
        raise BadValue("That is no repeat rule I can read. Try for example “every other thursday”.") from None
    return parts


def _number(text: str, most: int) -> bool:
    return text.isdecimal() and len(text) < 6 and 1 <= int(text) <= most


def last_wall(until: str) -> datetime:
    """Return the wall-clock time that a rule's UNTIL names: of a date alone, its end."""
    if "T" not in until:
        return datetime.strptime(until, "%Y%m%d").replace(hour=23, minute=59, second=59)  # noqa: DTZ007  # a wall clock
    return datetime.strptime(until.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  # a wall clock


def _written(parts: dict[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


@lru_cache(maxsize=256)
def _rule(rule: str, start: datetime) -> rrule:
    read = rrulestr(rule, dtstart=start)
    assert isinstance(read, rrule), "a rule without DTSTART lines is one rule"
    return read


def shifted(rule: str, old: date, new: date) -> str:
    """Return the rule of a series whose first day moves from `old` to `new`.

    Weekdays move along, "the second Tuesday" becomes what the new day is, and so does a date. Raises
    BadValue for a rule that several days of a month or a year make, which has to be said anew.
    """
    days = (new - old).days
    parts = read(rule)
    by = {name: value for name, value in parts.items() if name.startswith("BY")}
    if not days or not by:
        return rule
    if parts["FREQ"] == "WEEKLY" and set(by) == {"BYDAY"}:
        codes = [WEEKDAYS[(WEEKDAYS.index(code) + days) % 7] for code in by["BYDAY"].split(",")]
        parts["BYDAY"] = ",".join(sorted(codes, key=WEEKDAYS.index))
    elif parts["FREQ"] == "MONTHLY" and set(by) == {"BYDAY"} and "," not in by["BYDAY"]:
        last = by["BYDAY"].startswith("-1") and (new + timedelta(days=7)).month != new.month
        parts["BYDAY"] = f"{-1 if last else (new.day - 1) // 7 + 1}{WEEKDAYS[new.weekday()]}"
    elif parts["FREQ"] == "MONTHLY" and "BYDAY" not in by:
        parts.pop("BYSETPOS", None)
        parts["BYMONTHDAY"] = str(new.day)
        if new.day > 28:  # or the month's last, where it has no such date
            parts["BYMONTHDAY"], parts["BYSETPOS"] = ",".join(map(str, range(28, new.day + 1))), "-1"
    else:
        raise BadValue("That series follows several days. Please end it and schedule a new one.")
    return _written(parts)


def ending(rule: str, last: date) -> str:
    """Return the rule with its last day on or before `last`."""
    parts = read(rule)
    parts.pop("COUNT", None)
    return _written(parts | {"UNTIL": f"{last:%Y%m%d}"})


def remaining(rule: str, gone: int) -> str:
    """Return the rule without its first `gone` occurrences, where it counts them."""
    parts = read(rule)
    if "COUNT" in parts:
        parts["COUNT"] = str(max(1, int(parts["COUNT"]) - gone))
    return _written(parts)
