"""The pieces of a line of text; a plain `str` among them is always literal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bold:
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link whose target is always an http(s) address; renderers never let `text` hide another host."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A person, by name and by account id per platform. Renderers name them without notifying them."""

    person: int
    name: str
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time that every reader sees in their own zone.

    `zone` is the IANA zone to fall back to, and to name, where a platform cannot know the reader's.
    """

    at: datetime
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError("a Moment needs an aware datetime")


Span = str | Bold | Code | Link | Mention | Moment
Line = tuple[Span, ...]


def line(*spans: Span) -> Line:
    """Return the spans as one line, without empty strings."""
    return tuple(span for span in spans if span != "")


def plain(spans: Line) -> str:
    """Return the line as bare words, for lengths, logs and labels; moments in their own zone."""
    return "".join(_words(span) for span in spans)


def _words(span: Span) -> str:
    match span:
        case str():
            return span
        case Bold(text) | Code(text):
            return text
        case Link(_, text):
            return text
        case Mention(_, name, _):
            return name
        case Moment(at, _):
            return at.isoformat(timespec="minutes")
