"""Lists of any length, cut to the room there is in a card, with how many more there are."""

from collections.abc import Sequence

from bot.ui.spans import Line, Mention, Span, plain

MOST_NAMES = 30


def names(people: Sequence[Mention], room: int, total: int = 0) -> Line:
    """Return the first names with commas between, at most 30 and about `room` characters, and how many more.

    `total` is how many there are where `people` are only the first of them.
    """
    total = max(total, len(people))
    return joined([(person,) for person in people[:MOST_NAMES]], total, room, ", ", " and {} more")


def rows(lines: Sequence[Line], room: int) -> Line:
    """Return the first lines, each begun by a line break, in about `room` characters, and how many more."""
    return joined([("\n", *line) for line in lines], len(lines), room, "", "\nand {} more")


def joined(parts: Sequence[Line], total: int, room: int, between: str, more: str) -> Line:
    """Return the parts that fit in `room` characters, at least one, and `more` with how many of `total` are left."""
    spans: list[Span] = []
    shown = 0
    for part in parts:
        room -= len(plain(part)) + len(between)
        if room < 0 and shown:
            break
        spans += [between, *part] if shown and between else part
        shown += 1
    return (*spans, more.format(total - shown)) if shown < total else tuple(spans)
