"""Which parameter stands at the cursor of a half-typed command, and what of it is typed so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Command = Mapping[str, Any]
"""A command of the catalogue: {"path", "summary", "fields": [{"name", "label", "hint", "kind", …}]}."""

_OPENERS = "\"“”„'‘«"
_CLOSERS = "\"”“'’»"
_LONG = ("moment", "paragraph")  # kinds whose value may be several unquoted words


@dataclass(frozen=True, slots=True)
class Place:
    """The parameter at the cursor; `before` is the text up to where its value begins."""

    command: Command
    field: Mapping[str, Any]
    typed: str
    before: str


@dataclass(frozen=True, slots=True)
class _Token:
    name: str
    value: str
    start: int  # where the value begins, its quotation mark included
    open: bool  # nothing ended it yet: the cursor is in it


def bare(text: str) -> str:
    """Return what a typed command says without its slash and, where it was typed, the `cop` after it."""
    words = text.removeprefix("/").lstrip()
    first, _, others = words.partition(" ")
    return others.lstrip() if first.lower() == "cop" else words


def place(text: str, catalogue: Sequence[Command]) -> Place | None:
    """Return the parameter at the end of `text`, the typed command up to the cursor.

    None while the command's own name is being typed, when it is unknown, or when nothing more fits.
    """
    tokens = list(_tokens(text.removeprefix("/"), len(text) - len(text.removeprefix("/"))))
    if not tokens or not tokens[-1].open:
        tokens.append(_Token("", "", len(text), open=True))
    command, used = _command([token.value.lower() for token in tokens if not token.name][:3], catalogue)
    if command is None or used >= len(tokens):
        return None
    given, last = tokens[used:-1], tokens[-1]
    fields = list(command["fields"])
    if last.name:
        field = next((f for f in fields if f["name"] == last.name.lower()), None)
    else:
        field = _in_order(fields, given)
    if field is None:
        return None
    return Place(command, field, last.value, text[: last.start])


def _in_order(fields: list[Mapping[str, Any]], given: list[_Token]) -> Mapping[str, Any] | None:
    names = {token.name.lower() for token in given if token.name}
    free = [f for f in fields if f["name"] not in names]
    words = sum(1 for token in given if not token.name)
    for index, field in enumerate(free):
        takes_all = field["kind"] in _LONG and not any(f["required"] for f in free[index + 1 :])
        if words == 0 or takes_all:
            return field
        words -= 1
    return None


def _command(heads: list[str], catalogue: Sequence[Command]) -> tuple[Command | None, int]:
    by_path = {command["path"]: command for command in catalogue}
    skipped = 1 if heads[:1] == ["cop"] else 0
    words = heads[skipped:]
    for path, used in ((" ".join(words[:2]), 2), (f"cop {''.join(words[:1])}", 1), ("".join(words[:1]), 1)):
        if path in by_path and len(words) >= used:
            return by_path[path], used + skipped
    return None, 0


def _tokens(text: str, offset: int) -> Iterator[_Token]:
    at, end = 0, len(text)
    while at < end:
        if text[at].isspace():
            at += 1
            continue
        name, start = "", at
        head, colon, after = text[at:].partition(":")
        if colon and head.isidentifier() and not after.startswith("//"):
            name, start = head, at + len(head) + 1
        if start < end and text[start] in _OPENERS:
            stop = start + 1
            while stop < end and not (
                text[stop] in _CLOSERS and (stop + 1 == end or text[stop + 1].isspace())
            ):
                stop += 1
            yield _Token(name, text[start + 1 : stop], offset + start, open=stop == end)
            at = stop + 1
        else:
            stop = start
            while stop < end and not text[stop].isspace():
                stop += 1
            yield _Token(name, text[start:stop], offset + start, open=stop == end)
            at = stop
