"""The words of time that every reader here shares, and how typed text is made plain first."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from bot.errors import BadValue
from bot.text import shorten

LIMIT = 200

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAY_WORDS = {name.casefold(): n for n, name in enumerate(WEEKDAYS)} | {
    short: n
    for n, shorts in enumerate(("mon", "tue tues", "wed weds", "thu thur thurs", "fri", "sat", "sun"))
    for short in shorts.split()
}
MONTH_WORDS = (
    {name.casefold(): n for n, name in enumerate(MONTHS, 1)}
    | {name[:3].casefold(): n for n, name in enumerate(MONTHS, 1)}
    | {"sept": 9}
)
_ONE_TO_TWELVE = "one two three four five six seven eight nine ten eleven twelve"
NUMBER_WORDS = {word: n for n, word in enumerate(_ONE_TO_TWELVE.split(), 1)} | {
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "forty-five": 45,
    "sixty": 60,
    "ninety": 90,
}
_FIRST_TWENTY = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
ORDINAL_WORDS = (
    {word: n for n, word in enumerate(_FIRST_TWENTY.split(), 1)}
    | {f"twenty-{word}": n + 20 for n, word in enumerate(_FIRST_TWENTY.split()[:9], 1)}
    | {"thirtieth": 30, "thirty-first": 31}
)

_PLAIN: dict[int, str] = (
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # what East Asian keyboards type
    | dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
    | dict.fromkeys(map(ord, "‘’ʼ`"), "'")
)
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}
_FRACTION = re.compile(r"([0-9]*) ?([½¼¾])")


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern that matches the longest of the words."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def tidy(text: str) -> str:
    """Return the text in lower case, with plain spaces, dashes, digits and letters without accents.

    Raises BadValue when it has more than 200 characters, before any other work is done on it.
    """
    if len(text) > LIMIT:
        raise BadValue(f"A time may have at most {LIMIT} characters; this has {len(text):,}.")
    bare = "".join(
        c for c in unicodedata.normalize("NFD", text.translate(_PLAIN)) if not unicodedata.combining(c)
    )
    plain = " ".join(bare.casefold().split())
    return _FRACTION.sub(lambda m: (m[1] or "0") + _FRACTIONS[m[2]], plain)


def quoted(text: str) -> str:
    """Return what the person typed, short and in quotation marks, safe to put in a message."""
    return f"“{shorten(text.encode('utf-8', 'replace').decode(), 40)}”"


def long_date(day: date) -> str:
    """Return for example "Tuesday 3 March 2026"."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def question(message: str, choices: Iterable[str] = ()) -> BadValue:
    """Return the refusal that says `message` and names what may be written instead."""
    offered = tuple(dict.fromkeys(choices))
    if not offered:
        return BadValue(message)
    named = [f"“{choice}”" for choice in offered]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
    return BadValue(f"{message} Write {listed}.", offered)


def unreadable(text: str, what: str, examples: str) -> BadValue:
    """Return the refusal for text that is no `what` at all."""
    if not text.strip():
        return BadValue(f"Please give {what}, for example {examples}.")
    return BadValue(f"{quoted(text)} is not {what} I can read. Try for example {examples}.")
