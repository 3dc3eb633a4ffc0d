"""A time of day: "15:00", "3pm", "half past nine in the evening", and settings made of them."""

import re
from dataclasses import dataclass
from datetime import time
from enum import Enum

from bot.errors import BadValue
from bot.when.words import NUMBER_WORDS, WEEKDAY_WORDS, WEEKDAYS, alternatives, question, tidy, unreadable


class Half(Enum):
    """What the words say about the half of the day."""

    KNOWN = "on the 24-hour clock, or with am or pm"
    MORNING = "like 9:30: the morning, unless words such as `evening` say otherwise"
    EITHER = "like `at 3` or 3:30: morning or evening"
    MIDNIGHT = "midnight, which begins one day and ends another"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as typed; `hour` 24 is the end of the day."""

    hour: int
    minute: int = 0
    second: int = 0
    half: Half = Half.KNOWN


PARTS = {"morning": range(12), "afternoon": range(12, 19), "evening": range(16, 24), "night": range(17, 24)}
_SMALL_HOURS = range(6)
_SURELY_EVENING = range(5, 12)  # "tonight at 8"; earlier hours at night are of the morning
Option = tuple[int, time]
"""How many days after the day named, and the time of day."""

_MERIDIEM = r"(?: ?(?P<m>[ap])\.?m\b\.?)"
_HOUR = r"(?P<h>[0-9]{1,2})"
_WORD_HOUR = rf"(?P<h>[0-9]{{1,2}}|{alternatives(w for w, n in NUMBER_WORDS.items() if n <= 12)})"
_OCLOCK = r"(?: ?o'?clock\b)"
_NOON = re.compile(r"(?:12 )?(?:noon|midday)\b")
_MIDNIGHT = re.compile(r"(?:12 )?midnight\b")
_WITH_MINUTES = re.compile(
    rf"{_HOUR}(?P<sep>[:.h])(?P<min>[0-5][0-9])(?::(?P<s>[0-5][0-9])(?:\.[0-9]{{1,9}})?)?(?![0-9])"
    rf"(?:{_MERIDIEM}| ?h(?:rs?)?\b| hours\b)?"
)
_FOUR_DIGITS = re.compile(
    rf"(?P<h>[0-9]{{1,2}})(?P<min>[0-5][0-9])(?![0-9])(?:{_MERIDIEM}| ?(?P<mark>h(?:rs)?|hours)\b)?"
)
_PAST = re.compile(
    rf"(?P<how>half past|quarter past|quarter to|a quarter past|a quarter to) {_WORD_HOUR}"
    rf"\b{_OCLOCK}?{_MERIDIEM}?"
)
_PLAIN = re.compile(
    rf"{_WORD_HOUR}(?![0-9]|[:.,/-][0-9])(?:{_OCLOCK}?{_MERIDIEM}|(?P<mark>{_OCLOCK}| ?h(?:rs?)?\b)|\b)"
)
_LOOSE_YEARS = range(1900, 2060)


def scan(text: str, start: int, *, bare: bool = True) -> tuple[Clock, int] | None:
    """Read a time of day at `start` of tidied text; returns it and where it ends, or None.

    `bare` allows a number alone. Four digits that might as well be a year are not a time.
    """
    if noon := _NOON.match(text, start):
        return Clock(12), noon.end()
    if midnight := _MIDNIGHT.match(text, start):
        return Clock(0, half=Half.MIDNIGHT), midnight.end()
    if m := _WITH_MINUTES.match(text, start):
        return _checked(m, m["h"], int(m["min"]), int(m["s"] or 0))
    if m := _FOUR_DIGITS.match(text, start):
        if not (m["m"] or m["mark"]) and (len(m["h"]) < 2 or int(m[0]) in _LOOSE_YEARS):
            return None
        return _checked(m, m["h"], int(m["min"]))
    if m := _PAST.match(text, start):
        hour = NUMBER_WORDS.get(m["h"]) or int(m["h"])
        if not 1 <= hour <= 12:
            return None
        minute = 30 if m["how"].startswith("half") else 15 if "past" in m["how"] else 45
        if minute == 45:
            hour = (hour - 2) % 12 + 1
        clock = Clock(hour, minute, half=Half.EITHER)
        return _with_meridiem(clock, m["m"]), m.end()
    if (m := _PLAIN.match(text, start)) and (bare or m["m"] or m["mark"]):
        if m["h"].isdigit():
            return _checked(m, m["h"], None)
        return _with_meridiem(Clock(NUMBER_WORDS[m["h"]], half=Half.EITHER), m["m"]), m.end()
    return None


def _checked(m: re.Match[str], digits: str, minute: int | None, second: int = 0) -> tuple[Clock, int] | None:
    hour = int(digits)
    if hour > 24 or (hour == 24 and (minute or second)):
        return None
    if m["m"]:
        if not 1 <= hour <= 12:
            return None
        return _with_meridiem(Clock(hour, minute or 0, second), m["m"]), m.end()
    padded = len(digits) > 1
    half = Half.KNOWN
    if minute is None:
        half = Half.EITHER if 1 <= hour <= 12 and not (padded and hour < 10) else Half.KNOWN
    elif not padded and 1 <= hour <= 7:
        half = Half.EITHER
    elif not padded and hour:
        half = Half.MORNING
    return Clock(hour, minute or 0, second, half), m.end()


def _with_meridiem(clock: Clock, letter: str | None) -> Clock:
    if not letter:
        return clock
    return Clock(clock.hour % 12 + (12 if letter == "p" else 0), clock.minute, clock.second)


def options(clock: Clock, part: str, *, dated: bool) -> tuple[Option, ...]:
    """Return every reading of the clock, given a part of the day ("" when none was said).

    `dated` says that a day was named, so that its midnight may be at either end of it. Empty
    when the part of the day contradicts the time.
    """
    if clock.half is Half.MIDNIGHT:
        ends = (0, 1) if dated and not part else (1,) if part in ("evening", "night") else (0,)
        return tuple((days, time(0)) for days in ends)
    if clock.hour == 24:
        return ((1, time(0)),)
    hours = [clock.hour]
    if clock.half is Half.EITHER or (clock.half is Half.MORNING and part):
        hours = [clock.hour % 12, clock.hour % 12 + 12]
    if part == "night" and len(hours) > 1 and clock.hour in _SURELY_EVENING:
        hours = [clock.hour + 12]
    found: list[Option] = []
    for hour in hours:
        at = time(hour, clock.minute, clock.second)
        if not part or hour in PARTS[part]:
            found.append((0, at))
        elif part == "night" and hour in _SMALL_HOURS:
            found += [(0, at), (1, at)]  # "Monday night, 1am" is said of both ends of Monday
    return tuple(found)


def clock(text: str) -> time:
    """Return the time of day a setting names: "10:00", "9am", "noon", "10.30".

    Raises BadValue when it is unreadable, or could be morning or evening ("at 9").
    """
    plain = tidy(text).removeprefix("at ")
    read = scan(plain, 0)
    if read is None or read[1] != len(plain):
        raise unreadable(text, "a time of day", "“10:00”, “9am” or “noon”")
    found = options(read[0], "", dated=False)
    if len(found) > 1:
        raise question("That can be morning or evening.", (f"{at:%H:%M}" for _, at in found))
    return found[0][1]


_RANGE = re.compile(r"(?:from |between )?(?P<a>.+?)(?: - |-| to | until | till | and )(?P<b>.+)")
_ON_24_HOURS = re.compile(r"(?:00?|0[0-9]|1[3-9]|2[0-4])(?:[:.]?[0-9]{2})?h?")


def clock_range(text: str) -> tuple[time, time]:
    """Return the start and end of a daily span such as quiet hours: "18:00-08:00", "22 to 7".

    The end may be earlier than the start: it is then on the next day. One side on the 24-hour
    clock settles the other. Raises BadValue when the text is unreadable, the span empty, or
    its hours could be morning or evening.
    """
    m = _RANGE.fullmatch(tidy(text))
    sides = m.group("a", "b") if m else ()
    reads = [scan(side, 0) for side in sides]
    clocks = [read[0] for read, side in zip(reads, sides, strict=True) if read and read[1] == len(side)]
    if len(clocks) != 2:
        raise unreadable(text, "a span of hours", "“18:00-08:00” or “10pm to 7am”")
    if any(_ON_24_HOURS.fullmatch(side) for side in sides):
        clocks = [Clock(c.hour, c.minute) for c in clocks]
    starts, ends = ([at for _, at in options(c, "", dated=False)] for c in clocks)
    spans = [(start, end) for start in starts for end in ends if start != end]
    if not spans:
        raise BadValue("That span starts and ends at the same time. Give two different times.")
    if len(spans) > 1:
        raise question("Those hours can be morning or evening.", (f"{a:%H:%M}-{b:%H:%M}" for a, b in spans))
    return spans[0]


def weekday(text: str) -> int:
    """Return the day of the week, Monday being 0: "tue", "Tuesday", "on tuesdays".

    Raises BadValue for anything else.
    """
    word = tidy(text).removeprefix("on ").removesuffix(".")
    day = WEEKDAY_WORDS.get(word, WEEKDAY_WORDS.get(word.removesuffix("s")))
    if day is None:
        raise BadValue(f"That is not a day of the week. Write one of {', '.join(WEEKDAYS)}.", WEEKDAYS)
    return day
