"""How often something repeats: "every other thursday", "monthly on the first monday until 14 May"."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import BadValue
from bot.when.spans import span
from bot.when.words import (
    NUMBER_WORDS,
    ORDINAL_WORDS,
    WEEKDAY_WORDS,
    WEEKDAYS,
    alternatives,
    long_date,
    question,
    quoted,
    tidy,
    unreadable,
)

_EXAMPLES = "“every week”, “every other thursday” or “monthly on the first monday until 14 May”"
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WORKING = _CODES[:5]
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_ADVERBS = {
    **dict.fromkeys(("daily",), ("day", 1)),
    **dict.fromkeys(("weekly",), ("week", 1)),
    **dict.fromkeys(
        ("biweekly", "bi-weekly", "fortnightly", "every fortnight", "each fortnight"), ("week", 2)
    ),
    **dict.fromkeys(("monthly",), ("month", 1)),
    **dict.fromkeys(("quarterly", "every quarter", "each quarter"), ("month", 3)),
    **dict.fromkeys(("yearly", "annually"), ("year", 1)),
}
_NTHS = {word: n for word, n in ORDINAL_WORDS.items() if n <= 5} | {
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "5th": 5,
    "last": -1,
}

_DAY = rf"(?:{alternatives(WEEKDAY_WORDS)})"
_DAYS = rf"{_DAY}s?(?:(?:,? and |, ?| & ){_DAY}s?)*"
_NUMBER = rf"[0-9]{{1,3}}|{alternatives(NUMBER_WORDS)}"
_NTH = alternatives(_NTHS)
_DATE = rf"(?:[0-9]{{1,2}})(?:st|nd|rd|th)?|{alternatives(ORDINAL_WORDS)}"
_END = re.compile(
    rf"(?P<base>.+?),? (?:(?:until|till|to|through|ending) (?P<until>.+)"
    rf"|(?:for )?(?P<times>{_NUMBER}) (?:times|occurrences|sessions)"
    rf"|for (?:the next )?(?P<n>{_NUMBER}) (?P<unit>week|month|year)s?|forever)"
)
_ADVERB = re.compile(rf"(?P<adverb>{alternatives(_ADVERBS)})(?:(?: on)? (?P<on>.+))?")
_EVERY = re.compile(
    rf"(?:every|each) (?:(?P<other>other|second|2nd) |(?P<n>{_NUMBER}) )?(?P<unit>day|week|month|year)s?(?:(?: on)? (?P<on>.+))?"
)
_ON_DAYS = re.compile(rf"(?:(?:every|each|on) )?(?P<other>other |alternate )?(?P<days>{_DAYS})")
_NTH_DAY = re.compile(
    rf"(?:(?:every|each|on|the) )*(?P<nth>{_NTH})(?: and (?P<nth2>{_NTH}))? (?P<day>{_DAY})"
    r"(?P<month>(?: of| in| each| every)+(?: the| each| every| a)? ?month)?"
)
_NTH_DATE = re.compile(
    rf"(?:(?:every|each|on|the) )*(?:day )?(?P<date>{_DATE})(?: day)?(?: (?:of|in|each|every|the|a)+)*(?: month)?"
)
_LAST_DAY = re.compile(r"(?:(?:every|each|on|the) )*last day(?: (?:of|in)(?: the| each| every)? month)?")
_WEEKDAYS = re.compile(r"(?:(?:every|each|on) )?(?:weekdays?|workdays?|working days?)")
_WEEKENDS = re.compile(r"(?:(?:every|each|on) )?weekends?")


def repeat(text: str, *, start: date, now: datetime, zone: ZoneInfo) -> str:
    """Return the rule meant, as RFC 5545 writes it, for a series whose first day is `start`.

    What is left open follows the first day: "weekly" is on its weekday, "monthly" on its date, or
    the month's last where it has no such date. The end is a wall-clock date of the zone. An RRULE is
    taken as it is. Raises BadValue when the text is unreadable, can mean two things, or does not
    fit the first day.
    """
    plain = tidy(text).strip(" .")
    if "freq=" in plain:
        return plain.removeprefix("rrule:").upper().replace(" ", "")
    if not plain:
        raise unreadable(text, "how often it repeats", _EXAMPLES)
    ended = _END.fullmatch(plain)
    rule = _base(ended["base"] if ended else plain, start)
    if rule is None:
        raise BadValue(
            f"{quoted(text)} does not say how often in a way I can read. Try for example {_EXAMPLES}."
        )
    return rule + (_end(ended, start, now, zone) if ended else "")


def _base(text: str, start: date) -> str | None:
    if re.fullmatch(r"(?:twice a month|bimonthly|bi-monthly)", text):
        raise question(f"“{text}” can mean two things.", ("every other week", "every other month"))
    if _WEEKDAYS.fullmatch(text):
        return _weekly(1, list(_WORKING), start)
    if _WEEKENDS.fullmatch(text):
        return _weekly(1, ["SA", "SU"], start)
    if m := _ADVERB.fullmatch(text):
        unit, interval = _ADVERBS[m["adverb"]]
        return _of_unit(unit, interval, m["on"], start)
    if m := _EVERY.fullmatch(text):
        interval = 2 if m["other"] else _number(m["n"]) if m["n"] else 1
        return _of_unit(m["unit"], interval, m["on"], start)
    if m := _ON_DAYS.fullmatch(text):
        return _weekly(2 if m["other"] else 1, _codes(m["days"]), start)
    return _monthly(1, text, start)


def _of_unit(unit: str, interval: int, on: str | None, start: date) -> str | None:
    if interval < 1:
        return None
    if unit == "month":
        return _monthly(interval, on, start)
    if unit == "week":
        days = re.fullmatch(rf"(?:on )?(?P<days>{_DAYS})", on) if on else None
        if on and _WEEKDAYS.fullmatch(on):
            return _weekly(interval, list(_WORKING), start)
        if on and days is None:
            return None
        return _weekly(interval, _codes(days["days"]) if days else [_CODES[start.weekday()]], start)
    if on:
        return None
    if unit == "year" and (start.month, start.day) == (2, 29):
        return _rule("YEARLY", interval, "BYMONTH=2;BYMONTHDAY=-1")
    return _rule(_UNITS[unit], interval, "")


def _weekly(interval: int, codes: list[str], start: date) -> str:
    if _CODES[start.weekday()] not in codes:
        names = _listed([WEEKDAYS[_CODES.index(code)] for code in codes])
        raise BadValue(
            f"The first time is {long_date(start)}, which is no {names}. Please change one of the two."
        )
    return _rule("WEEKLY", interval, f"BYDAY={','.join(codes)}")


def _monthly(interval: int, on: str | None, start: date) -> str | None:
    if on is None:
        return _rule("MONTHLY", interval, _by_date(start.day))
    if m := _NTH_DAY.fullmatch(on):
        nths = [_NTHS[m[name]] for name in ("nth", "nth2") if m[name]]
        if nths == [2] and not m["month"] and on.startswith(("every", "each")):
            day = m["day"]
            raise question(
                f"“{on}” can mean two things.", (f"every other {day}", f"monthly on the second {day}")
            )
        code = _CODES[WEEKDAY_WORDS[m["day"]]]
        _fits(start, any(_is_nth(start, nth, code) for nth in nths), on)
        return _rule("MONTHLY", interval, "BYDAY=" + ",".join(f"{nth}{code}" for nth in nths))
    if _LAST_DAY.fullmatch(on):
        _fits(start, (start + timedelta(days=1)).day == 1, on)
        return _rule("MONTHLY", interval, "BYMONTHDAY=-1")
    if m := _NTH_DATE.fullmatch(on):
        day = ORDINAL_WORDS.get(m["date"]) or int(re.sub("[a-z]", "", m["date"]))
        if not 1 <= day <= 31:
            return None
        last = (start + timedelta(days=1)).day == 1
        _fits(start, start.day == day or (last and start.day < day), on)
        return _rule("MONTHLY", interval, _by_date(day))
    return None


def _by_date(day: int) -> str:
    """That day of the month, or its last where it has no such day."""
    if day <= 28:
        return f"BYMONTHDAY={day}"
    return f"BYMONTHDAY={','.join(str(d) for d in range(28, day + 1))};BYSETPOS=-1"


def _is_nth(day: date, nth: int, code: str) -> bool:
    if _CODES[day.weekday()] != code:
        return False
    return (day + timedelta(days=7)).month != day.month if nth == -1 else (day.day - 1) // 7 + 1 == nth


def _fits(start: date, fits: bool, on: str) -> None:
    if not fits:
        words = on.removeprefix("on ").removeprefix("the ")
        raise BadValue(
            f"The first time is {long_date(start)}, which is not “{words}”. Please change one of the two."
        )


def _end(ended: re.Match[str], start: date, now: datetime, zone: ZoneInfo) -> str:
    if ended["times"]:
        times = _number(ended["times"])
        if times < 1:
            raise BadValue("A series has at least one session, for example “every week 6 times”.")
        return f";COUNT={times}"
    if ended["until"]:
        # Read as of the first day, so that "until March" is the March after it.
        from_start = max(now, datetime.combine(start, now.timetz()))
        last = (span(ended["until"], now=from_start, zone=zone)[1] - timedelta(days=1)).date()
        if last < start:
            raise BadValue(
                f"The series would end on {long_date(last)}, before it begins on {long_date(start)}."
            )
        return f";UNTIL={last:%Y%m%d}"
    if ended["unit"]:
        number = _number(ended["n"])
        days = {"week": 7, "month": 30.44, "year": 365.25}[ended["unit"]] * number
        return f";UNTIL={start + timedelta(days=round(days) - 1):%Y%m%d}"
    return ""


def _number(word: str) -> int:
    return NUMBER_WORDS.get(word) or int(word)


def _codes(days: str) -> list[str]:
    said = {WEEKDAY_WORDS.get(word) for word in re.findall(r"[a-z]+", days)}
    said |= {WEEKDAY_WORDS.get(word.removesuffix("s")) for word in re.findall(r"[a-z]+", days)}
    return [_CODES[n] for n in sorted(n for n in said if n is not None)]


def _rule(freq: str, interval: int, by: str) -> str:
    every = f"INTERVAL={interval}" if interval > 1 else ""
    return ";".join(part for part in (f"FREQ={freq}", every, by) if part)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


# And back again.

_NTH_WORDS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}


def say_repeat(rule: str) -> str:
    """Return the rule in words: "every other Thursday until 14 May 2027", "monthly on the first Monday, 6 times".

    A rule of other making than ours is given as it is.
    """
    parts = dict(part.split("=", 1) for part in rule.split(";"))
    words = _every(parts)
    if words is None:
        return rule
    if "COUNT" in parts:
        words += f", {parts['COUNT']} times"
    if "UNTIL" in parts:
        last = date.fromisoformat(parts["UNTIL"][:8])
        words += f" until {last.day} {last:%B} {last.year}"
    return words


def _every(parts: dict[str, str]) -> str | None:
    interval = int(parts.get("INTERVAL", 1))
    unit = {freq: unit for unit, freq in _UNITS.items()}[parts["FREQ"]]
    often = (
        f"every {unit}"
        if interval == 1
        else f"every other {unit}"
        if interval == 2
        else f"every {interval} {unit}s"
    )
    by = {name: value for name, value in parts.items() if name not in ("FREQ", "INTERVAL", "COUNT", "UNTIL")}
    if not by:
        return often
    days = by.get("BYDAY", "").split(",")
    if set(by) == {"BYDAY"} and unit == "week" and set(days) <= set(_CODES):
        if tuple(days) == _WORKING and interval == 1:
            return "every weekday"
        names = [WEEKDAYS[_CODES.index(code)] for code in days]
        named = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        return (
            f"every {named}"
            if interval == 1
            else f"every other {named}"
            if interval == 2
            else f"{often} on {named}"
        )
    if unit != "month":
        return None
    monthly = "monthly" if interval == 1 else often
    if set(by) == {"BYDAY"} and all(re.fullmatch(r"(-1|[1-5])(MO|TU|WE|TH|FR|SA|SU)", day) for day in days):
        if len({day[-2:] for day in days}) > 1:
            return None
        nths = " and ".join(_NTH_WORDS[int(day[:-2])] for day in days)
        return f"{monthly} on the {nths} {WEEKDAYS[_CODES.index(days[0][-2:])]}"
    if by == {"BYMONTHDAY": "-1"}:
        return f"{monthly} on the last day"
    if set(by) <= {"BYMONTHDAY", "BYSETPOS"} and re.fullmatch(
        r"28(,\d\d)*|\d{1,2}", by.get("BYMONTHDAY", "")
    ):
        return f"{monthly} on day {by['BYMONTHDAY'].split(',')[-1]}"
    return None
