"""The ladder for platforms that lack something, written once: cards and forms as plain text."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.chat import Ask
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Block, Button, Buttons, Card, Facts, File, Image, Rule, Text
from bot.ui.forms import Field, Form, Option
from bot.ui.spans import Bold, Code, Line, Link, Mention, Moment, Span
from bot.when import distance

INDENT = "  "
PRESENT_LIMIT = 60  # characters of a present value that a question repeats

# Unicode's Bidi_Control: these reorder what a reader sees without being seen themselves.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control characters, lone surrogates, and the line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def inert(text: str) -> str:
    """Return `text` with whatever could move, recolour, reorder or break a line written out, as `\\x1b`.

    Newlines stay; `one_line` and the renderer decide what becomes of them.
    """
    return "".join(_written_out(c) for c in text.replace("\r\n", "\n").replace("\t", " "))


def _written_out(c: str) -> str:
    if c == "\n" or (c not in _BIDI and unicodedata.category(c) not in _UNPRINTABLE):
        return c
    return c.encode("unicode_escape").decode("ascii")


def one_line(text: str) -> str:
    """Return `text` inert and on one line."""
    return " ".join(inert(text).split())


def render(card: Card, *, zone: ZoneInfo | None, now: datetime) -> str:
    """Return the card as lines of text, its buttons as numbered choices.

    Moments are shown in `zone`; None shows each in the zone it names itself, which is its
    community's. The second and later lines of any text are indented, so that none can pass for a line of ours.
    """
    lines = [one_line(card.title)] if card.title else []
    number = 1
    for block in card.blocks:
        if isinstance(block, Buttons):
            lines.append(choices([button.label for button in block.row], first=number))
            number += len(block.row)
        else:
            lines += _block_lines(block, zone, now)
    return "\n".join(lines).strip()


def _block_lines(block: Block, zone: ZoneInfo | None, now: datetime) -> Iterator[str]:
    match block:
        case Text(spans):
            yield _line(spans, zone, now).strip()
        case Facts(pairs):
            for label, value in pairs:
                yield f"{one_line(label)}: {_line(value, zone, now).strip()}"
        case Image(url, alt):
            # A picture that is carried inside its address has none worth showing.
            address = f" <{one_line(url)}>" if url.startswith(("http://", "https://")) else ""
            yield f"Picture: {one_line(alt)}{address}"
        case File(name, _, content):
            yield f"File {one_line(name)}:"
            yield hanging(inert(content), by="")
        case Rule():
            yield "-" * 8
        case Buttons():
            pass


def hanging(text: str, by: str = INDENT) -> str:
    """Return `text` with every line but the first indented; lines without a word stay empty."""
    first, *rest = text.strip().split("\n")
    return "\n".join([first, *(by + line if line.strip() else "" for line in rest)])


def choices(labels: list[str], first: int = 1) -> str:
    """Return labels as numbered choices on one line: `[1] Going  [2] Maybe`."""
    return "  ".join(f"[{n}] {one_line(label)}" for n, label in enumerate(labels, first))


def _line(spans: Line, zone: ZoneInfo | None, now: datetime) -> str:
    return "".join(_span(span, zone, now) for span in spans)


def _prose(text: str) -> str:
    """Return the text with later lines indented, save for a break at its very beginning.

    Only a card's maker begins a span with a line break, so what people wrote never starts a line.
    """
    own = "\n" if text.startswith("\n") else ""
    return own + inert(text.removeprefix("\n")).replace("\n", f"\n{INDENT}")


def _span(span: Span, zone: ZoneInfo | None, now: datetime) -> str:
    match span:
        case str():
            return _prose(span)
        case Bold(text):
            return _prose(text)
        case Code(text):
            return f"`{one_line(text)}`"
        case Link(url, text):
            address, words = one_line(url), one_line(text)
            return address if words in ("", address) else f"{words} <{address}>"
        case Mention(_, name, _):
            return f"@{one_line(name)}"
        case Moment(at, own):
            return moment(at, zone or _zone(own), now)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # a zone this machine does not know must not lose the message
        return ZoneInfo("UTC")


def moment(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return a moment whole: `Tue 3 Mar 2026 15:00 Europe/London (in 2 days)`."""
    local, away = at.astimezone(zone), distance(at, now=now, zone=zone)
    return f"{local:%a} {local.day} {local:%b} {local.year} {local:%H:%M} {zone.key} ({away})"


def ask(form: Form, field: Field, problem: str = "", *, present: str = "", opening: bool = True) -> str:
    """Return the question for one field: what is wrong, label and hint, numbered choices, what is there now.

    `opening` is for the first question of a form: it carries the form's title and intro.
    """
    lines = [one_line(form.title), one_line(form.intro)] if opening else []
    hint = f" ({one_line(field.hint)})" if field.hint else ""
    label = one_line(field.label)
    lines += [one_line(problem), f"{label}{hint}" if label.endswith("?") else f"{label}{hint}?"]
    lines += [f"{INDENT}[{mark}] {one_line(o.label)}" for mark, o in _numbered(_options(field)).items()]
    if present:
        now = shorten(one_line(_label(field, present)), PRESENT_LIMIT)
        lines.append(f"Now: {now} (an empty answer keeps it)")
    lines.append("cancel stops." if field.required else "- leaves it out, cancel stops.")
    return "\n".join(line for line in lines if line)


def _options(field: Field) -> tuple[Option, ...]:
    if field.kind == "yesno" and not field.choices:
        return (Option("yes", "yes"), Option("no", "no"))
    return field.choices


def _numbered(options: tuple[Option, ...]) -> dict[str, Option]:
    """Return options by what chooses them: their own number where all have one, as on a scale from 0."""
    if options and all(o.value.isdecimal() for o in options):
        return {o.value: o for o in options}
    return {str(n): o for n, o in enumerate(options, 1)}


def _label(field: Field, value: str) -> str:
    return next((o.label for o in _options(field) if o.value == value), value)


def chosen(field: Field, typed: str) -> str:
    """Return the value meant by `typed`: an option's value, label or number; else the text as it is."""
    wanted = typed.casefold()
    for option in _options(field):
        if wanted in (option.value.casefold(), option.label.casefold()):
            return option.value
    option_by_number = _numbered(_options(field)).get(typed)
    return option_by_number.value if option_by_number else typed


@dataclass(frozen=True, slots=True)
class FormWalk:
    """A form answered one question at a time; each answer gives the next walk."""

    form: Form
    values: Mapping[str, str]
    problems: Mapping[str, str]
    left: tuple[Field, ...]
    opening: bool = True

    @classmethod
    def start(cls, asked: Ask) -> "FormWalk":
        """Begin with the fields that have problems; with every field when none has."""
        troubled = tuple(f for f in asked.form.fields if f.name in asked.problems)
        return cls(asked.form, dict(asked.known), dict(asked.problems), troubled or asked.form.fields)

    @property
    def field(self) -> Field:
        """The field being asked for."""
        return self.left[0]

    def question(self) -> str:
        """Return the text that asks for the current field."""
        names = {f.name for f in self.form.fields}
        general = [words for name, words in self.problems.items() if name not in names]
        problem = " ".join([*general, self.problems.get(self.field.name, "")]).strip()
        present = self.values.get(self.field.name, "")
        return ask(self.form, self.field, problem, present=present, opening=self.opening)

    def answer(self, typed: str) -> "FormWalk | Call | None":
        """Return the walk at its next question, the finished call, or None when it was abandoned.

        An empty answer keeps what is there, "-" empties an optional field, "cancel" abandons.
        """
        text, field = typed.strip(), self.field
        if text.casefold() == "cancel":
            return None
        present = self.values.get(field.name, "")
        if field.required and (text == "-" or not (text or present)):
            return self._again("This one is needed.")
        values = dict(self.values)
        if text == "-":
            values.pop(field.name, None)
            if present:
                values[field.name] = ""  # says that it is to be emptied, not that it was left unsaid
        elif text:
            values[field.name] = chosen(field, text)
        if len(self.left) > 1:
            return FormWalk(self.form, values, self._problems_of(self.left[1:]), self.left[1:], opening=False)
        return replace(self.form.call, args={**self.form.call.args, **values})

    def _again(self, problem: str) -> "FormWalk":
        return replace(self, problems={**self.problems, self.field.name: problem}, opening=False)

    def _problems_of(self, fields: tuple[Field, ...]) -> dict[str, str]:
        names = {f.name for f in fields}
        return {name: words for name, words in self.problems.items() if name in names}


def press(card: Card, label: str, *, by_number: bool = True) -> Button | None:
    """Return the card's button with this label, whatever its case and decoration, or with this number."""
    buttons = list(card.buttons())
    wanted = _bare(label)
    for button in buttons:
        if _bare(button.label) == wanted:
            return button
    if by_number and label.isdecimal() and 1 <= int(label) <= len(buttons):
        return buttons[int(label) - 1]
    return None


def _bare(label: str) -> str:
    """Return a label without the emoji or arrow around it: people type `Going`, not `✅ Going`."""
    words = " ".join(label.casefold().split())
    edges = "".join(c for c in words if not c.isalnum())
    return words.strip(edges) or words
