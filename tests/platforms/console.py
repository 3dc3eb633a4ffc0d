"""The console, for dialogues: people type lines, and what they see is read back from what it prints."""

import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from adapters.console import Console
from adapters.emoji import name_of
from bot.app import Hearth
from bot.chat import Address, MessageRef

_HEAD = re.compile(
    r"(?:\(only @(?P<only>[^)]+)\)|\(to @(?P<to>[^)]+)\)|#(?P<channel>\S+)|\((?P<remark>console)\)) "
    r"(?:(?P<by>@\S+|Hearth)(?P<verb> asks| updates| reacts)?:? ?)?(?P<text>.*)",
    re.DOTALL,
)
_LABELLED = re.compile(r"\[?[\w ]+[:\]]")  # "Coming: 3 going", "[1] Going"
_NOW = re.compile(r"Now: (?P<value>.*) \(an empty answer keeps it\)")


@dataclass(slots=True)
class Utterance:
    """One thing the console printed; `text` changes when it prints an update of it."""

    by: str
    verb: str
    text: str
    only: str = ""
    to: str = ""
    channel: str = ""
    remark: bool = False
    answer: bool = False

    @property
    def place(self) -> tuple[str, str]:
        return self.to, self.channel


def utterances(printed: str) -> list[Utterance]:
    """Take printed text apart: whatever begins a line begins an utterance."""
    found: list[Utterance] = []
    for line in printed.splitlines():
        if found and (line.startswith("    ") or not line):
            found[-1].text += "\n" + line.removeprefix("    ")
            continue
        head = _HEAD.fullmatch(line)
        assert head is not None, line
        by, verb = head["by"] or "", (head["verb"] or "").strip()
        found.append(
            Utterance(
                by,
                verb,
                head["text"],
                head["only"] or "",
                head["to"] or "",
                head["channel"] or "",
                remark=head["remark"] is not None,
            )
        )
    return found


def updated(before: str, printed: str) -> str:
    """Return what a message says now: the printed text, or, where only changed lines are printed, those put in."""
    if "\n" in printed:
        return printed
    lines = before.split("\n")
    for part in printed.split(" · "):
        label = _LABELLED.match(part)
        same = [n for n, line in enumerate(lines) if line == part or (label and line.startswith(label[0]))]
        if same:
            lines[same[0]] = part
        else:
            lines.append(part)
    return "\n".join(lines)


class _Lines:
    """Lines to type; `Console.run` returns when there are no more, and may be run again."""

    def __init__(self) -> None:
        self.waiting: list[str] = []

    def __aiter__(self) -> "_Lines":
        return self

    async def __anext__(self) -> str:
        if not self.waiting:
            raise StopAsyncIteration
        return self.waiting.pop(0)


class Terminal:
    """One console that everybody types into."""

    def __init__(self, hearth: Hearth, settle: Callable[[], Awaitable[None]]) -> None:
        self._hearth = hearth
        self._lines = _Lines()
        self._out = io.StringIO()
        self._read = 0
        self._heard: list[Utterance] = []
        self._people: dict[str, Typist] = {}
        self.adapter = Console(
            hearth.registry.parse, settle, clock=hearth.clock, lines=self._lines, out=self._out
        )

    def person(self, name: str, zone: str | None = None) -> "Typist":
        return self._people.setdefault(name.lower(), Typist(self, name))

    def channel(self, name: str) -> "Channel":
        return Channel(self, name.removeprefix("#").lower())

    async def catch_up(self) -> None:
        self.listen()

    async def type(self, line: str) -> list[Utterance]:
        """Return what is printed for this line."""
        self.listen()
        self._lines.waiting.append(line)
        await self.adapter.run(self._hearth.dispatcher.handle)
        return self.listen(after_an_act=True)

    @property
    def heard(self) -> list[Utterance]:
        """Everything that was said, oldest first, as it reads now."""
        self.listen()
        return self._heard

    def listen(self, *, after_an_act: bool = False) -> list[Utterance]:
        """Take in what was printed since; the answer to an act comes before the letters it caused."""
        new = utterances(self._out.getvalue()[self._read :])
        self._read = len(self._out.getvalue())
        answers = [u for u in new if u.by == "Hearth" and u.verb != "reacts"][:1] if after_an_act else []
        for utterance in new:
            utterance.answer = utterance in answers
            if utterance.verb == "updates":
                self._update(utterance)
            elif utterance.verb == "":
                self._heard.append(utterance)
        return new

    def _update(self, update: Utterance) -> None:
        title = re.split("\n| · ", update.text)[0]
        there = [
            u for u in reversed(self._heard) if u.by == "Hearth" and u.place == update.place and not u.only
        ]
        named = [u for u in there if u.text.split("\n")[0] == title]
        shown = next(iter([*named, *there]), None)
        if shown is not None:
            shown.text = updated(shown.text, update.text)

    def fields(self, title: str) -> Mapping[str, str]:
        """Return the names of a command's fields by their labels."""
        commands = self._hearth.registry.commands.values()
        forms = [c.form() for c in commands if any(not p.about.hidden for p in c.parameters)]
        return next(({f.label: f.name for f in form.fields} for form in forms if form.title == title), {})


@dataclass(frozen=True, slots=True)
class Channel:
    """What everyone in a channel sees."""

    terminal: Terminal
    name: str

    @property
    def messages(self) -> list[str]:
        return [u.text for u in self._public() if not u.answer]

    @property
    def newest(self) -> MessageRef:
        return self.terminal_ref(self._public()[-1])

    def terminal_ref(self, utterance: Utterance) -> MessageRef:
        """Return how the message is referred to on a line: by its first words."""
        return MessageRef(Address("console", self.name, name=self.name), utterance.text.split("\n")[0])

    def _public(self) -> list[Utterance]:
        return [u for u in self.terminal.heard if u.channel == self.name and not u.answer]


@dataclass(slots=True)
class Question:
    """The open question of a form, taken apart."""

    name: str = ""
    problem: str = ""
    present: str = ""
    opening: bool = False


@dataclass(slots=True)
class Typist:
    """Somebody at the console."""

    terminal: Terminal
    name: str
    sees: str = ""
    mark: str = ""
    known: dict[str, str] = field(default_factory=dict)
    _fields: Mapping[str, str] = field(default_factory=dict)
    _title: str = ""
    _question: Question | None = None

    @property
    def problems(self) -> Mapping[str, str]:
        asked = self._question
        return {asked.name: asked.problem} if asked is not None and asked.problem else {}

    @property
    def inbox(self) -> list[str]:
        return [u.text for u in self.terminal.heard if u.to == self.name and not u.answer]

    async def says(self, text: str, in_: str = "#general") -> None:
        await self._acts(f"#{in_.removeprefix('#')} @{self.name} /cop {text}")

    async def writes(self, text: str, in_: str = "#general") -> MessageRef:
        said = await self.terminal.type(f"#{in_.removeprefix('#')} @{self.name} {text}")
        return self.terminal.channel(in_).terminal_ref(said[0])

    async def presses(self, label: str, in_: str = "") -> None:
        place = f"#{in_.removeprefix('#')} " if in_ else ""
        await self._acts(f"{place}@{self.name} presses {label}")

    async def fills(self, **values: str) -> None:
        """Answer one question after another, to the form's last or until one comes a second time."""
        left = dict(values)
        asked: set[str] = set()
        while self._question is not None and self._question.name not in asked:
            name = self._question.name or (next(iter(left)) if len(left) == 1 else "")
            asked.add(self._question.name)
            await self._acts(f"@{self.name} {left.pop(name, '')}".rstrip())
            if self._question is not None and self._question.opening:
                break
        if left:
            raise LookupError(f"{self.name} was not asked for {', '.join(left)}")

    async def reacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        await self._reacts("reacts", character, to, in_)

    async def unreacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        await self._reacts("unreacts", character, to, in_)

    async def completes(self, text: str, param: str, typed: str = "", in_: str = "#general") -> list[str]:
        pytest.skip("the console completes the names of commands, in a terminal")

    async def again(self) -> None:
        pytest.skip("a terminal never delivers a line twice")

    async def _reacts(self, verb: str, character: str, to: MessageRef | None, in_: str) -> None:
        place = to.at.channel if to is not None else in_.removeprefix("#")
        words = f" to {to.id}" if to is not None else ""
        await self._acts(f"#{place} @{self.name} {verb} {character}{words}", reaction=True)

    async def _acts(self, line: str, *, reaction: bool = False) -> None:
        printed = await self.terminal.type(line)
        remarks = [u.text for u in printed if u.remark]
        if remarks:
            raise LookupError(" ".join(remarks))
        self.sees, self.mark, self._question = "", "", None
        for utterance in printed:
            if utterance.verb == "reacts":
                self.mark = name_of(utterance.text)
            elif utterance.answer and not reaction:
                self.sees = utterance.text
                if utterance.verb == "asks":
                    self._ask(utterance.text)

    def _ask(self, text: str) -> None:
        lines = text.split("\n")
        fields = self.terminal.fields(lines[0])
        if fields:
            if lines[0] != self._title:
                self.known = {}
            self._title, self._fields = lines[0], fields
        self._question = Question(opening=bool(fields))
        for number, line in enumerate(lines):
            label = next((m for m in self._fields if re.match(re.escape(m) + r"\??( \(|\?|$)", line)), "")
            if label and line.endswith("?") and not self._question.name:
                self._question.name = self._fields[label]
                opening = 2 if fields else 0  # the title and what the form is for
                self._question.problem = " ".join(lines[opening:number])
            elif now := _NOW.fullmatch(line):
                self._question.present = now["value"]
        if self._question.present:
            self.known[self._question.name] = self._question.present


@asynccontextmanager
async def opened(hearth: Hearth, settle: Callable[[], Awaitable[None]]) -> AsyncIterator[Terminal]:
    """Open a console that prints into memory."""
    yield Terminal(hearth, settle)
