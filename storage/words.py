"""Text as search sees it: folded words for the index, and a query read from what a person typed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_WORD = 100  # characters; PostgreSQL refuses lexemes over 2 kB
MOST_WORDS = 32  # in one query, so that its cost is bounded
SHORTEST_PREFIX = 2  # one letter would match nearly everything

# Names that consist of symbols, spelt as words so that both databases can find them.
SPELT = {"c++": "cplusplus", "c#": "csharp", "f#": "fsharp", ".net": "dotnet"}
_SYMBOLIC = re.compile(r"(?<!\w)(?:" + "|".join(re.escape(name) for name in SPELT) + r")", re.IGNORECASE)
_PART = re.compile(r'(-?)"([^"]*)"?|(\S+)')
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))


class _Letters(dict[int, str | None]):
    """Per code point: the letter, digit or mark itself; nothing for an accent; a space for all else."""

    def __missing__(self, code: int) -> str | None:
        if 0x300 <= code <= 0x36F:
            folded = None
        else:
            folded = chr(code) if unicodedata.category(chr(code))[0] in "LMN" else " "
        self[code] = folded
        return folded


_LETTERS = _Letters()


def words(text: str) -> list[str]:
    """The words of a text in lower case, without accents or symbols: "Éric's C++" → eric, s, cplusplus."""
    spelt = _SYMBOLIC.sub(lambda name: f" {SPELT[name.group().lower()]} ", text)
    letters = unicodedata.normalize("NFKD", spelt).casefold().translate(_LETTERS)
    return [word[:LONGEST_WORD] for word in unicodedata.normalize("NFC", letters).split()]


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must follow each other; the last may be the beginning of one."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What a text should have, and what it must not have."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]


def read_query(typed: str) -> Query:
    """Read a query. Any text is one: there is nothing to get wrong.

    Words are wanted together, "quoted words" in that order, and -words not at all. The last word may
    be unfinished. Symbols only part words: a/b and O'Brien are two words that follow each other.
    """
    wanted: list[Term] = []
    unwanted: list[Term] = []
    room = MOST_WORDS
    unfinished = False
    for minus, quoted, bare in _PART.findall(typed.translate(_QUOTES)):
        negative = bool(minus) or (len(bare) > 1 and bare.startswith("-"))
        parts = words(quoted or bare)[:room]
        room -= len(parts)
        unfinished = bool(bare) and not negative
        if parts:
            (unwanted if negative else wanted).append(Term(tuple(parts)))
    if wanted and unfinished and len(wanted[-1].words[-1]) >= SHORTEST_PREFIX:
        wanted[-1] = Term(wanted[-1].words, prefix=True)
    return Query(tuple(wanted), tuple(unwanted))


def excerpt(texts: Iterable[str], query: Query, *, length: int = 160) -> str:
    """The part of the first text that has a wanted word, or else the beginning of the first text.

    At most `length` characters, with … where something was left out.
    """
    # Both databases match by stem; the first letters of a word are near enough to point at the place.
    stems = tuple(word[: max(4, len(word) - 3)] for term in query.wanted for word in term.words)
    beginning = ""
    for text in texts:
        flat = " ".join(text.split())
        beginning = beginning or flat
        for place in re.finditer(r"\S+", flat):
            if any(word.startswith(stems) for word in words(place.group())):
                return _cut(flat, place.start(), length)
    return _cut(beginning, 0, length)


def _cut(text: str, place: int, length: int) -> str:
    if len(text) <= length:
        return text
    start = max(0, min(place - length // 3, len(text) - length + 1))
    if start:
        start = text.rfind(" ", 0, start) + 1 or start
    end = start + length - 2
    if end < len(text):
        space = text.rfind(" ", start, end + 1)
        end = space if space > max(place, start) else end
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")
