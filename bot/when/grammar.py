"""Text to what was said about time, word by word: nothing is skipped, nothing is said twice."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from bot.errors import BadValue
from bot.when import clocks, days, durations, zones
from bot.when.clocks import Clock
from bot.when.reading import EXAMPLES, Reading, Unread
from bot.when.words import (
    MONTH_WORDS,
    MONTHS,
    NUMBER_WORDS,
    ORDINAL_WORDS,
    WEEKDAY_WORDS,
    WEEKDAYS,
    alternatives,
    question,
    quoted,
    tidy,
)

_FURTHEST = timedelta(days=366 * (days.YEARS_AHEAD + 1))


def read(text: str) -> Reading:
    """Return what the text says. Raises Unread for a word it does not know, BadValue for a contradiction."""
    plain = tidy(text)
    reading = Reading(plain)
    here = 0
    while here < len(plain):
        for rule in _RULES:
            end = rule(plain, here, reading)
            if end is not None and end > here:
                here = end
                break
        else:
            raise Unread(
                f"I do not understand {quoted(plain[here:])} in {quoted(text)}. Try for example {EXAMPLES}."
                if here
                else f"{quoted(text)} is not a time I can read. Try for example {EXAMPLES}."
            )
    return reading


Rule = Callable[[str, int, Reading], int | None]
Say = Callable[[re.Match[str], Reading], None]
_RULES: list[Rule] = []


def _rule(pattern: str) -> Callable[[Say], Say]:
    """Add a rule: where the pattern matches, the function notes what was said. Earlier rules win."""
    compiled = re.compile(pattern)

    def add(say: Say) -> Say:
        def rule(text: str, here: int, reading: Reading) -> int | None:
            m = compiled.match(text, here)
            if m is None:
                return None
            say(m, reading)
            return m.end()

        _RULES.append(rule)
        return say

    return add


_WD = rf"(?P<wd>{alternatives(WEEKDAY_WORDS)})\b\.?"
_MON = rf"(?P<mon>{alternatives(MONTH_WORDS)})\b\.?"
_YEAR = r"(?:,? ?(?P<y>20[0-9]{2})(?![0-9:]|\.[0-9]))"
_ORD = rf"(?P<ord>[0-9]{{1,2}}(?:st|nd|rd|th)|{alternatives(ORDINAL_WORDS)})\b"
_COUNT = rf"(?P<n>an?|[0-9]{{1,4}}|{alternatives(NUMBER_WORDS)})"
_OTHER_CLOCK = re.compile(r"[0-9]:[0-9]{2}|[0-9] ?[ap]\.?m\b|noon|midday|midnight|[0-9]h|o'?clock")


def _ordinal(word: str) -> int:
    return ORDINAL_WORDS.get(word) or int(word.rstrip("sthndr"))


def _date(year: int, month: int, day: int) -> date:
    found = days.valid(year, month, day)
    if found is None:
        if 1 <= month <= 12:
            raise BadValue(f"There is no {day} {MONTHS[month - 1]} {year}. Please check the date.")
        raise BadValue(f"There is no month {month}. Please check the date.")
    return found


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _say_date(reading: Reading, day: int, month: int, year: str | None) -> None:
    if year:
        reading.say_day(days.fixed(_date(_year(year), month, day)))
    else:
        _date(2028, month, day)  # a leap year: refuses 30 February, lets 29 February pass
        reading.say_day(days.of_year(month, day))


@_rule(r"(?P<y>[0-9]{4})(?P<sep>[-/.])(?P<m>[0-9]{1,2})(?P=sep)(?P<d>[0-9]{1,2})(?![0-9])(?P<t>t(?=[0-9]))?")
def _iso_date(m: re.Match[str], reading: Reading) -> None:
    reading.say_day(days.fixed(_date(int(m["y"]), int(m["m"]), int(m["d"]))))
    reading.iso = bool(m["t"])


@_rule(
    r"(?P<y>20[0-9]{2})(?P<m>[01][0-9])(?P<d>[0-3][0-9])(?:t(?P<h>[0-9]{2})(?P<min>[0-9]{2})(?P<s>[0-9]{2})?)?(?![0-9])"
)
def _compact_date(m: re.Match[str], reading: Reading) -> None:
    reading.say_day(days.fixed(_date(int(m["y"]), int(m["m"]), int(m["d"]))))
    if m["h"]:
        hour, minute, second = int(m["h"]), int(m["min"]), int(m["s"] or 0)
        if hour > 23 or minute > 59 or second > 59:
            raise BadValue(f"There is no time {hour:02}:{minute:02} in a day. Please check it.")
        reading.say_clock(Clock(hour, minute, second))
        reading.iso = True


@_rule(r"(?P<a>[0-9]{1,2})(?P<sep>[/-])(?P<b>[0-9]{1,2})(?:(?P=sep)(?P<y>20[0-9]{2}|[0-9]{2}))(?![0-9:/.-])")
def _two_orders_with_year(m: re.Match[str], reading: Reading) -> None:
    pairs = {(int(m["b"]), int(m["a"])), (int(m["a"]), int(m["b"]))}
    found = [d for month, day in sorted(pairs) if (d := days.valid(_year(m["y"]), month, day))]
    if not found:
        raise BadValue(f"{quoted(m[0])} is no date. Please check it.")
    reading.say_day(*map(days.fixed, found))


@_rule(r"(?P<a>[0-9]{1,2})/(?P<b>[0-9]{1,2})(?![0-9:/.-])")
def _two_orders(m: re.Match[str], reading: Reading) -> None:
    pairs = {(int(m["b"]), int(m["a"])), (int(m["a"]), int(m["b"]))}
    found = [pair for pair in sorted(pairs) if days.valid(2028, *pair)]
    if not found:
        raise BadValue(f"{quoted(m[0])} is no date. Please check it.")
    reading.say_day(*(days.of_year(month, day) for month, day in found))


@_rule(
    r"(?P<d>[0-9]{1,2})\. ?(?P<m>[0-9]{1,2})\.(?: ?(?P<y>20[0-9]{2}(?![0-9:])|(?<=\.)[0-9]{2}(?![0-9:.])))?(?![0-9])"
)
def _dotted_date(m: re.Match[str], reading: Reading) -> None:
    _say_date(reading, int(m["d"]), int(m["m"]), m["y"])


def _dotted_pair(text: str, here: int, reading: Reading) -> int | None:
    """Take "14.05" for a date where the time of day stands elsewhere; else it is a time."""
    m = _DOTTED_PAIR.match(text, here)
    if m is None:
        return None
    rest = text[:here] + " " + text[m.end() :]
    if len(_DOTTED_PAIR.findall(text)) > 1 and not _OTHER_CLOCK.search(rest):
        raise BadValue(f"I cannot tell the date from the time in {quoted(text)}. Write the time as 15:30.")
    if reading.clock is None and not _OTHER_CLOCK.search(rest):
        return None
    _say_date(reading, int(m["d"]), int(m["m"]), None)
    return m.end()


_DOTTED_PAIR = re.compile(r"(?<![0-9.])(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})(?![0-9.]| ?[ap]\.?m\b)")
_RULES.append(_dotted_pair)


@_rule(
    rf"(?:the )?(?P<nth>first|second|third|fourth|fifth|last|[1-5](?:st|nd|rd|th)) {_WD} (?:of |in )?(?:the )?"
    rf"(?:{_MON}{_YEAR}?|(?P<rel>next month|this month|month)\b)"
)
def _nth_weekday(m: re.Match[str], reading: Reading) -> None:
    nth = -1 if m["nth"] == "last" else _ordinal(m["nth"])
    day = WEEKDAY_WORDS[m["wd"]]
    if m["mon"]:
        reading.say_day(days.nth_weekday(nth, day, month=MONTH_WORDS[m["mon"]], year=int(m["y"] or 0)))
    else:
        reading.say_day(days.nth_weekday(nth, day, months=1 if m["rel"] == "next month" else 0))


@_rule(rf"(?:the )?last day (?:of |in )?(?:the )?(?:{_MON}{_YEAR}?|(?P<rel>next month|this month|month)\b)")
def _last_day(m: re.Match[str], reading: Reading) -> None:
    if m["mon"]:
        reading.say_day(days.last_day(month=MONTH_WORDS[m["mon"]], year=int(m["y"] or 0)))
    else:
        reading.say_day(days.last_day(months=1 if m["rel"] == "next month" else 0))


@_rule(rf"(?:the )?(?:{_ORD}|(?P<d>[0-9]{{1,2}})\.?)(?: of (?:the )?| ?-?){_MON}(?:-(?=20))?{_YEAR}?")
def _day_month(m: re.Match[str], reading: Reading) -> None:
    _say_date(reading, int(m["d"] or 0) or _ordinal(m["ord"] or "0th"), MONTH_WORDS[m["mon"]], m["y"])


@_rule(
    rf"{_MON}[ -]?(?:the )?(?:{_ORD}|(?P<d>[0-9]{{1,2}})(?![0-9:h]|\.[0-9]| ?[ap]\.?m\b| ?o'?clock)){_YEAR}?"
)
def _month_day(m: re.Match[str], reading: Reading) -> None:
    _say_date(reading, int(m["d"] or 0) or _ordinal(m["ord"] or "0th"), MONTH_WORDS[m["mon"]], m["y"])


@_rule(
    rf"(?:the )?{_ORD}(?: day)?(?: of (?P<rel>next|this|the) month\b)?(?! (?:{alternatives(WEEKDAY_WORDS)})\b)"
)
def _day_of_month(m: re.Match[str], reading: Reading) -> None:
    day = _ordinal(m["ord"])
    if not 1 <= day <= 31:
        raise BadValue(f"No month has a day {day}. Please check the date.")
    reading.say_day(days.of_month(day, {"next": 1, "this": 0, "the": 0}.get(m["rel"])))


@_rule(
    rf"{_COUNT} (?P<unit>day|week|fortnight)s? (?:from |after |on )?(?:(?P<base>today|now|tomorrow)\b|{_WD})"
)
def _from_a_day(m: re.Match[str], reading: Reading) -> None:
    count = _count(m["n"]) * _DAYS[m["unit"]]
    _within_reach(timedelta(count))
    if m["base"]:
        reading.say_day(days.shifted(count + (m["base"] == "tomorrow")))
    elif m["unit"] == "day":
        raise question(f"I cannot count {quoted(m[0])}. Please name the day itself.")
    else:
        reading.say_day(days.coming_weekday(WEEKDAY_WORDS[m["wd"]], weeks=count // 7))


@_rule(rf"{_WD} week\b")
def _weekday_week(m: re.Match[str], reading: Reading) -> None:
    day = WEEKDAY_WORDS[m["wd"]]  # British for a week after the coming one; others hear the coming one
    reading.say_day(days.coming_weekday(day, weeks=0), days.coming_weekday(day, weeks=1))


@_rule(rf"(?P<which>this coming|this|next|coming|upcoming|last|past) {_WD}(?P<week> week\b)?")
def _which_weekday(m: re.Match[str], reading: Reading) -> None:
    day = WEEKDAY_WORDS[m["wd"]]
    if m["week"]:
        raise question(f"{quoted(m[0])} can mean two different weeks. Please give the date.")
    match m["which"]:
        case "next":
            reading.say_day(days.weekday_of_week(day, 1))
        case "last" | "past":
            reading.say_day(days.previous_weekday(day))
        case "this":
            reading.say_day(days.weekday_of_week(day, 0))
        case _:
            reading.say_weekday(day)


@_rule(_WD)
def _weekday(m: re.Match[str], reading: Reading) -> None:
    reading.say_weekday(WEEKDAY_WORDS[m["wd"]])


@_rule(r"(?P<which>next|this) week\b")
def _week(m: re.Match[str], reading: Reading) -> None:
    reading.say_week(1 if m["which"] == "next" else 0)


_NEAR = {
    "day after tomorrow": 2,
    "tomorrow": 1,
    "tmrw": 1,
    "tmr": 1,
    "tomorow": 1,
    "tommorow": 1,
    "tommorrow": 1,
}
_NEAR |= {"today": 0, "day before yesterday": -2, "yesterday": -1}


@_rule(rf"(?:the )?(?P<day>{alternatives(_NEAR)})\b")
def _near_day(m: re.Match[str], reading: Reading) -> None:
    reading.say_day(days.shifted(_NEAR[m["day"]]))


@_rule(r"tonight\b|this (?P<part>morning|afternoon|evening)\b")
def _part_of_today(m: re.Match[str], reading: Reading) -> None:
    reading.say_day(days.shifted(0))
    reading.say_part(m["part"] or "night")


@_rule(r"(?:in the |at )?(?P<part>morning|afternoon|evening|night)\b")
def _part(m: re.Match[str], reading: Reading) -> None:
    reading.say_part(m["part"])


def _count(word: str) -> int:
    return int(word) if word.isdigit() else NUMBER_WORDS.get(word, 1)


def _within_reach(ahead: timedelta) -> None:
    if ahead > _FURTHEST:
        raise BadValue(f"That is more than {days.YEARS_AHEAD} years ahead. Please check it.")


def _amount_ahead(text: str, here: int, reading: Reading) -> int | None:
    """Read "in 2 hours" (elapsed time) and "in 3 days" (calendar days), or "2 hours from now"."""
    start = _IN.match(text, here)
    read = durations.amounts(text, start.end() if start else here)
    if read is None:
        return None
    by_unit, end = read
    if start is None:
        later = _FROM_NOW.match(text, end)
        if later is None and (here, end) == (0, len(text)):
            likely = timedelta(minutes=1) <= _elapsed(by_unit) <= timedelta(days=366)
            raise question(
                f"{quoted(text)} is a length of time, not a start.", (f"in {text}",) if likely else ()
            )
        if later is None:
            return None
        end = later.end()
    _say_amount(by_unit, reading)
    return end


_EXACT = {"second": 1, "minute": 60, "hour": 3600}
_DAYS = {"day": 1, "week": 7, "fortnight": 14}
_MONTHS = {"month": 1, "year": 12}
_MOST_DAYS = 40_000  # past all reach, yet a number the calendar can hold
_IN = re.compile(r"in ")
_FROM_NOW = re.compile(r" (?:from now|later)\b")


def _elapsed(by_unit: durations.Amounts) -> timedelta:
    """Return the hours, minutes and seconds in it, held within a century."""
    seconds = float(sum(n * _EXACT.get(unit, 0) for unit, n in by_unit.items()))
    return timedelta(seconds=min(seconds, _MOST_DAYS * 86400))


def _say_amount(by_unit: durations.Amounts, reading: Reading) -> None:
    if by_unit.keys() <= _EXACT.keys():
        reading.say_ahead(_elapsed(by_unit))
        return
    unit, number = next(iter(by_unit.items()))
    if len(by_unit) > 1 or number.denominator > 1:
        raise question("Please count a start in whole days or weeks, or in hours.")
    count = min(int(number), _MOST_DAYS)
    if unit in _MONTHS:
        _within_reach(timedelta(28 * count * _MONTHS[unit]))
        reading.say_day(days.months_later(count * _MONTHS[unit]))
    else:
        _within_reach(timedelta(count * _DAYS[unit]))
        reading.say_day(days.shifted(count * _DAYS[unit]))


_RULES.append(_amount_ahead)


def _clock(text: str, here: int, reading: Reading) -> int | None:
    named = bool(reading.day) and reading.day[0].local  # "tomorrow 15"; but "tue 15" may be a date
    bare = named or reading.iso or text.endswith(("at ", "@", "@ "), 0, here)
    found = clocks.scan(text, here, bare=bare)
    if found is None:
        return None
    reading.say_clock(found[0])
    return found[1]


_RULES.append(_clock)


def _zone(text: str, here: int, reading: Reading) -> int | None:
    start = here + len("in ") if text.startswith("in ", here) else here
    found = zones.scan(text, start, attached=reading.iso and reading.clock is not None and start == here)
    if found is None:
        return None
    reading.say_zone(found[0])
    return found[1]


_RULES.append(_zone)


@_rule(r"(?:to|till|until|-|[0-9]{1,2} ?(?:[ap]m)? ?-) ?[0-9]")
def _end(m: re.Match[str], reading: Reading) -> None:
    raise BadValue(
        f"{quoted(reading.text)} names a start and an end. Give the start alone, and its length apart."
    )


@_rule(
    rf"(?:every|each|daily|weekly|biweekly|fortnightly|monthly|weekdays|(?:{alternatives(map(str.casefold, WEEKDAYS))})s)\b"
)
def _repeat(m: re.Match[str], reading: Reading) -> None:
    raise BadValue(f"{quoted(reading.text)} repeats. Give the first start alone, for example {EXAMPLES}.")


@_rule(r"(?:at|on|the|sharp|please)\b|[ ,@();.!?]|- ")
def _filler(m: re.Match[str], reading: Reading) -> None:
    """Little words that carry no meaning here."""
