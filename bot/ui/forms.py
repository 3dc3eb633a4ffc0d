"""A form asks for the values of one call; each field is a parameter of its command."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.ui.calls import Call

TITLE_LIMIT = 24
LABEL_LIMIT = 45
FIELDS_PER_PAGE = 5
CHOICES_LIMIT = 25

Kind = Literal["line", "paragraph", "choice", "yesno", "number", "moment", "person"]


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose: the value a call carries and the label people read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One input. `hint` is an example or the rule; `limit` is in characters; `usual` counts when it is left out."""

    name: str
    label: str
    kind: Kind = "line"
    required: bool = True
    hint: str = ""
    limit: int = 3_000
    choices: tuple[Option, ...] = ()
    usual: str = ""

    def __post_init__(self) -> None:
        if len(self.label) > LABEL_LIMIT:
            raise ValueError(f"field label over {LABEL_LIMIT} characters: {self.label}")
        if len(self.choices) > CHOICES_LIMIT:
            raise ValueError(f"over {CHOICES_LIMIT} choices in {self.name}")


@dataclass(frozen=True, slots=True)
class Form:
    """Fields that complete `call`. A platform that fits five fields shows `pages()` in turn."""

    title: str
    call: Call
    fields: tuple[Field, ...]
    intro: str = ""

    def __post_init__(self) -> None:
        if len(self.title) > TITLE_LIMIT:
            raise ValueError(f"form title over {TITLE_LIMIT} characters: {self.title}")
        if not self.fields:
            raise ValueError("a form needs a field")

    def pages(self) -> Iterator[tuple[Field, ...]]:
        for start in range(0, len(self.fields), FIELDS_PER_PAGE):
            yield self.fields[start : start + FIELDS_PER_PAGE]
