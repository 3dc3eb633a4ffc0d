"""A card is one message on any platform, within the limits that all of them share."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.spans import Line, Span, plain

# The intersection of what Slack and Discord accept in one message.
TITLE_LIMIT = 150
TEXT_LIMIT = 3_000
CARD_TEXT_LIMIT = 5_500
FACTS_LIMIT = 10
BUTTONS_PER_ROW = 5
ROWS_LIMIT = 5
LABEL_LIMIT = 75

Style = Literal["plain", "primary", "danger"]


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph; a newline inside a span breaks the line."""

    spans: Line

    def __post_init__(self) -> None:
        _at_most(TEXT_LIMIT, len(plain(self.spans)), "a text block")


@dataclass(frozen=True, slots=True)
class Facts:
    """Short labelled values, at most ten."""

    pairs: tuple[tuple[str, Line], ...]

    def __post_init__(self) -> None:
        _at_most(FACTS_LIMIT, len(self.pairs), "facts")


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by address, with the words that stand for it."""

    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class File:
    """A text file that comes with the card, to keep or open elsewhere. Not counted as card text.

    `again` is the call that brings it once more: where a file cannot come with a private answer, or
    costs too much there, a button that makes it takes the file's place (`on_request`).
    """

    name: str
    media: str
    content: str
    again: Call | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line between two parts."""


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    call: Call
    style: Style = "plain"

    def __post_init__(self) -> None:
        _at_most(LABEL_LIMIT, len(self.label), "a button label")
        self.call.payload()


@dataclass(frozen=True, slots=True)
class Buttons:
    """One row of at most five buttons."""

    row: tuple[Button, ...]

    def __post_init__(self) -> None:
        _at_most(BUTTONS_PER_ROW, len(self.row), "buttons in a row")


Block = Text | Facts | Image | File | Rule | Buttons


@dataclass(frozen=True, slots=True)
class Card:
    """A message: a plain title and blocks. Raises ValueError when it exceeds a shared limit."""

    title: str = ""
    blocks: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        _at_most(TITLE_LIMIT, len(self.title), "a card title")
        _at_most(ROWS_LIMIT, sum(isinstance(b, Buttons) for b in self.blocks), "button rows")
        _at_most(CARD_TEXT_LIMIT, len(words(self)), "a card")

    def buttons(self) -> Iterator[Button]:
        for block in self.blocks:
            if isinstance(block, Buttons):
                yield from block.row


def words(card: Card) -> str:
    """Return everything the card says, as bare lines: the fallback text and what limits count."""
    lines = [card.title] if card.title else []
    for block in card.blocks:
        match block:
            case Text(spans):
                lines.append(plain(spans))
            case Facts(pairs):
                lines += [f"{label}: {plain(value)}" for label, value in pairs]
            case Image(_, alt):
                lines.append(alt)
            case File(name):
                lines.append(name)
            case Rule() | Buttons():
                pass
    return "\n".join(lines)


def on_request(card: Card) -> Card:
    """Return the card with its files behind buttons, as far as they can be had again.

    For answers that one person alone sees, where a platform attaches nothing or only slowly.
    """
    files = [block for block in card.blocks if isinstance(block, File) and block.again is not None]
    if not files:
        return card
    buttons = (Button(shorten(f"Get {file.name}", LABEL_LIMIT), file.again) for file in files if file.again)
    rest = (block for block in card.blocks if block not in files)
    return replace(card, blocks=(*rest, Buttons(tuple(buttons))))


def note(*spans: Span) -> Card:
    """Return a card of one paragraph without a title: the usual short answer."""
    return Card(blocks=(Text(spans),))


def _at_most(limit: int, actual: int, what: str) -> None:
    if actual > limit:
        raise ValueError(f"{what} may have at most {limit}; this has {actual}")
