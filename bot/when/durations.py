"""How long something takes: "60m", "1h30", "an hour and a half", "3d"."""

import re
from datetime import timedelta
from fractions import Fraction

from bot.errors import BadValue
from bot.when.words import NUMBER_WORDS, alternatives, question, tidy, unreadable

LONGEST = timedelta(days=366)

_UNIT_WORDS = {
    "second": "s sec secs second seconds",
    "minute": "m min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "d day days",
    "week": "w wk wks week weeks",
    "fortnight": "fortnight fortnights",
    "month": "month months",
    "year": "year years",
}
_UNITS = {word: unit for unit, words in _UNIT_WORDS.items() for word in words.split()}
_LARGEST_FIRST = ("year", "month", "fortnight", "week", "day", "hour", "minute", "second")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "fortnight": 1209600}
_SMALL = {"half": Fraction(1, 2), "quarter": Fraction(1, 4), "three quarters": Fraction(3, 4)}
_PART = re.compile(
    rf"""(?: (?:an?\ )? (?P<share>half|quarter|three\ quarters) (?:\ of)? (?:\ an?)?
         | (?P<number>[0-9]+(?:[.,][0-9]+)?) (?:\ and\ an?\ (?P<more>half|quarter))?
         | (?P<word>an?|a\ couple\ of|{alternatives(NUMBER_WORDS)}) (?:\ and\ an?\ (?P<more_word>half|quarter))?
    ) [ -]? (?P<unit>{alternatives(_UNITS)})(?![a-z])\.? (?:\ and\ an?\ (?P<tail>half|quarter)\b(?!\ of|\ an?\b|\ hour))?
    """,
    re.VERBOSE,
)
_HOURS_MINUTES = re.compile(r"([0-9]+) ?(?:h|hr|hrs|hours?)(?: and)? ?([0-5]?[0-9])(?![0-9:.,]| ?[a-z])")
_JOIN = re.compile(r",? and |, ?| ")
_COLON = re.compile(r"([0-9]{1,3}):([0-5][0-9])")
_MINUTES = re.compile(r"[0-9]{1,7}")

Amounts = dict[str, Fraction]


def amounts(text: str, start: int = 0) -> tuple[Amounts, int] | None:
    """Read amounts such as "2 hours and 15 minutes" at `start` of tidied text.

    Returns them by unit, largest unit first, and where they end; None when there are none.
    """
    found: Amounts = {}
    here = start
    while True:
        if not found and (both := _HOURS_MINUTES.match(text, here)):
            return {"hour": Fraction(both[1]), "minute": Fraction(both[2])}, both.end()
        part = _PART.match(text, here)
        if part is None:
            break
        unit = _UNITS[part["unit"]]
        if found and _LARGEST_FIRST.index(unit) <= _LARGEST_FIRST.index(list(found)[-1]):
            break
        found[unit] = _amount(part)
        end = part.end()
        join = _JOIN.match(text, end)
        here = join.end() if join else end
    return (found, end) if found else None


def _amount(part: re.Match[str]) -> Fraction:
    if part["share"]:
        return _SMALL[part["share"]]
    if part["number"]:
        base = Fraction(part["number"].replace(",", "."))
    elif part["word"] == "a couple of":
        base = Fraction(2)
    else:
        base = Fraction(NUMBER_WORDS.get(part["word"], 1))
    return base + sum(_SMALL[part[name]] for name in ("more", "more_word", "tail") if part[name])


def duration(text: str) -> timedelta:
    """Return the length of time meant, in whole seconds; a bare number is minutes, "1:30" is 1 h 30.

    Raises BadValue when it is unreadable, zero, negative or over 366 days. A month or a year is
    asked about, since neither has one length.
    """
    plain = tidy(text)
    seconds = _seconds(plain)
    if seconds is None:
        raise unreadable(text, "a length of time", "“60m”, “1h30” or “2 days”")
    if seconds <= 0:
        raise BadValue("A length of time must be more than zero, for example “60m”.")
    if seconds > LONGEST.total_seconds():
        raise BadValue(f"That is too long: at most {LONGEST.days} days.")
    return timedelta(seconds=max(1, round(seconds)))


def _seconds(plain: str) -> Fraction | None:
    if _MINUTES.fullmatch(plain):
        return Fraction(plain) * 60
    if colon := _COLON.fullmatch(plain):
        return Fraction(int(colon[1]) * 3600 + int(colon[2]) * 60)
    sign = -1 if plain.startswith("-") else 1
    read = amounts(plain.removeprefix("-").strip())
    if sign < 0 and (read or _MINUTES.fullmatch(plain[1:])):
        return Fraction(-1)
    if read is None or read[1] != len(plain):
        return None
    by_unit = read[0]
    if "month" in by_unit:
        raise question("Months differ in length, so please say it in days or weeks.", ("28 days", "30 days"))
    if "year" in by_unit:
        raise question("Years differ in length, so please say it in days or weeks.", ("365 days", "52 weeks"))
    return sum((n * _SECONDS[unit] for unit, n in by_unit.items()), Fraction(0))
