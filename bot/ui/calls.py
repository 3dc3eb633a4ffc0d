"""A call is what a typed command, a pressed button and a submitted form have in common.

Its written form is what a person could have typed (`session rsvp session:S12 answer:yes`), so a
button carries its whole state in its payload and needs no memory behind it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PAYLOAD_LIMIT = 100  # Discord's custom_id, the shortest of the platforms


@dataclass(frozen=True, slots=True)
class Call:
    """A command's path ("session rsvp") and its named arguments as text.

    `rest` holds words that were typed without a name, each with whether it was quoted;
    the binder gives them to parameters in order.
    """

    path: str
    args: Mapping[str, str] = field(default_factory=dict)
    rest: tuple["Word", ...] = ()

    def payload(self) -> str:
        """Return the written form for a button. Raises ValueError past 100 characters."""
        text = written(self)
        if len(text) > PAYLOAD_LIMIT:
            raise ValueError(f"a call may have {PAYLOAD_LIMIT} characters; this has {len(text)}: {text}")
        return text


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    quoted: bool = False


def written(call: Call) -> str:
    """Return the call as it would be typed; `read` gives the same call back."""
    named = [f"{name}:{quote(value)}" for name, value in call.args.items()]
    loose = ['"' + _escaped(w.text) + '"' if w.quoted else quote(w.text) for w in call.rest]
    return " ".join([call.path, *loose, *named])


def quote(value: str) -> str:
    """Return `value` so that `split` reads it as one word."""
    if value and not any(c.isspace() for c in value) and value[0] not in _OPENERS and "\\" not in value:
        return value
    return '"' + _escaped(value) + '"'


def _escaped(value: str) -> str:
    return "".join(f"\\{c}" if c in _ESCAPABLE else c for c in value)


# What opens a quotation, and what closes it; phones type the curly ones.
_CLOSERS = {'"': '"”“', "“": '"”“', "”": '"”“', "„": '"”“', "'": "'’", "‘": "'’", "«": "»"}
_OPENERS = frozenset(_CLOSERS)
# What would end a value in straight quotation marks, which is how values are written.
_ESCAPABLE = frozenset("\\" + _CLOSERS['"'])

# Text with neither quotation marks nor names is nothing but words: most of what is typed.
_PLAIN = re.compile(f"[^:{''.join(_OPENERS)}]*")


def split(text: str) -> list[tuple[str, Word]]:
    """Split typed text into words, each as (name, word); the name is empty unless `name:` precedes it.

    Quotation marks group at the start of a word and after `name:` only, so that apostrophes
    stay letters; a mark that is never closed is a letter too. Never raises.
    """
    if _PLAIN.fullmatch(text):
        return [("", Word(word)) for word in text.split()]
    found: list[tuple[str, Word]] = []
    unclosed: set[str] = set()  # a kind of mark that was not closed once is not closed further on
    at, end = 0, len(text)
    while at < end:
        if text[at].isspace():
            at += 1
            continue
        name, start = _name(text, at)
        closers = _CLOSERS.get(text[start], "") if start < end else ""
        quoted = _quoted(text, start, closers) if closers and closers not in unclosed else None
        if closers and quoted is None:
            unclosed.add(closers)
        if quoted is None and name == "":
            stop = _until_space(text, at)
            found.append(("", Word(text[at:stop])))
        elif quoted is None:
            stop = _until_space(text, start)
            found.append((name, Word(text[start:stop])))
        else:
            value, stop = quoted
            found.append((name, Word(value, quoted=True)))
        at = stop
    return found


def _until_space(text: str, at: int) -> int:
    while at < len(text) and not text[at].isspace():
        at += 1
    return at


def _name(text: str, at: int) -> tuple[str, int]:
    stop = at
    while stop < len(text) and (text[stop].isalnum() or text[stop] == "_"):
        stop += 1
    # `https://…` and `15:00` look alike up to the colon; neither is a named argument.
    if (
        stop > at
        and text[stop : stop + 1] == ":"
        and text[at].isalpha()
        and text[stop + 1 : stop + 3] != "//"
    ):
        return text[at:stop], stop + 1
    return "", at


def _quoted(text: str, at: int, closers: str) -> tuple[str, int] | None:
    value: list[str] = []
    place = at + 1
    while place < len(text):
        c = text[place]
        if c == "\\" and text[place + 1 : place + 2] in _ESCAPABLE:
            value.append(text[place + 1])
            place += 2
            continue
        closes = c in closers and (place + 1 == len(text) or text[place + 1].isspace())
        if closes:
            return "".join(value), place + 1
        value.append(c)
        place += 1
    return None
