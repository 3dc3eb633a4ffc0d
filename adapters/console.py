"""The bot in a terminal or a pipe, as one or several people: one line, one act, answers as plain text."""

import asyncio
import re
import sys
import unicodedata
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

import structlog

from adapters import emoji, plain, scrollback, terminal
from adapters.plain import FormWalk
from adapters.scrollback import Entry, Scrollback
from bot.chat import (
    Actor,
    Adapter,
    Address,
    Answer,
    Ask,
    Called,
    Handle,
    Mark,
    MessageRef,
    Quote,
    Reacted,
    Reply,
    Suggest,
    Update,
)
from bot.errors import UserError
from bot.ui.calls import Call
from bot.ui.cards import Card

HELP = """\
One line is one act of one person:
  @ana /cop join python       a command; / alone is help
  #data @ben /cop list        in a channel other than #general
  @ben presses Going          a button of the newest card that has it, by label or number
  @ben reacts 🔖              to the newest message of the channel; unreacts takes it back
  @ben reacts 🔖 to words     to the newest message with these words
  @ben hello                  a message to everyone; amid a form, the answer to its question
People and channels exist once named."""
SHAPE = "A line looks like: @ana /cop list, or #data @ben hello. A line with ? tells more."
APOLOGY = "Something went wrong here. Please try again in a moment."
LINES_SHOWN = 3  # up to so many changed lines, an edit is told on one line

_LINE = re.compile(r"(?:#(?P<channel>[\w.-]+)\s+)?@(?P<name>[\w.'-]+)(?:\s+(?P<text>.*))?", re.DOTALL)
_PRESSES = re.compile(r"presses\s+(?P<label>.+)", re.IGNORECASE | re.DOTALL)
_REACTS = re.compile(
    r"(?P<un>un)?reacts\s+(?P<emoji>\S+)(?:\s+to\s+(?P<words>.+))?", re.IGNORECASE | re.DOTALL
)
_COMMAND = re.compile(r"/\s*(?:cop(?:\s+|$))?", re.IGNORECASE)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    """A form somebody is amid, with where it was opened and the message it came from."""

    walk: FormWalk
    at: Address
    on: MessageRef | None


@dataclass(frozen=True, slots=True)
class _Act:
    """One line, taken apart. `narrowed` is the channel if the line named one."""

    by: Actor
    at: Address
    text: str
    narrowed: str


class Console(Adapter):
    """A chat platform of lines.

    `parse` turns typed text into a call and never raises; `settle` is called after each act and
    sends what has become due; `lines` and `out` are standard input and output unless given;
    `paths` are the commands a terminal completes.
    """

    name = "console"
    quarantine = 0.0

    def __init__(
        self,
        parse: Callable[[str], Call],
        settle: Callable[[], Awaitable[None]],
        *,
        clock: Callable[[], datetime],
        bot_name: str = "Hearth",
        paths: Sequence[str] = (),
        lines: AsyncIterator[str] | None = None,
        out: TextIO | None = None,
    ) -> None:
        self._parse = parse
        self._settle = settle
        self._clock = clock
        self._bot = Actor(self.name, "", bot_name, bot=True)
        self._paths = paths
        self._lines = lines
        self._out = out
        self._reader_gone = False
        self._terminal: terminal.Terminal | None = None
        # Messages are remembered in the database: an id must not come again in the next run.
        self._back = Scrollback(f"{uuid.uuid4().hex[:12]}-")
        self._posted: dict[str, MessageRef] = {}
        # An answer comes before the letters it caused, whenever delivery wakes up.
        self._turn = asyncio.Lock()
        self._open: dict[str, _Open] = {}
        self._names: dict[str, str] = {}

    async def run(self, handle: Handle) -> None:
        """Take lines until they end, or until cancelled."""
        lines = self._opened()
        try:
            async for line in lines:
                await self._take(handle, line)
                if self._reader_gone:
                    break
        finally:
            if self._terminal is not None:
                self._terminal.close()

    def _opened(self) -> AsyncIterator[str]:
        if self._lines is not None:
            return self._lines
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            return terminal.piped(sys.stdin.fileno())
        self._terminal = terminal.Terminal(self._sink, terminal.command_completer(self._paths))
        self._remark("Type ? for how, Ctrl-D to leave.")
        return self._terminal.lines

    # One line, one act.

    async def _take(self, handle: Handle, line: str) -> None:
        text = unicodedata.normalize("NFC", line).strip()
        if text.casefold() in ("?", "help"):
            self._write(HELP)
        elif text:
            act = self._taken_apart(text)
            if act is None:
                self._remark(SHAPE)
                return
            try:
                await self._do(handle, act)
                await self._settle()
            except UserError as refusal:
                self._remark(refusal.message)
            except Exception:
                _log.exception("act failed", platform=self.name)
                self._remark(APOLOGY)

    def _taken_apart(self, text: str) -> _Act | None:
        found = _LINE.fullmatch(text)
        if found is None:
            return None
        name, narrowed = found["name"], (found["channel"] or "").lower()
        self._names[name.lower()] = name
        channel = narrowed or "general"
        at = Address(self.name, channel=channel, name=channel)
        return _Act(Actor(self.name, name.lower(), name), at, (found["text"] or "").strip(), narrowed)

    async def _do(self, handle: Handle, act: _Act) -> None:
        if command := _COMMAND.match(act.text):
            self._open.pop(act.by.id, None)
            await self._call(handle, act, self._parse(act.text[command.end() :]), act.at)
        elif reaction := _REACTS.fullmatch(act.text):
            await self._react(handle, act, reaction)
        elif (pressed := _PRESSES.fullmatch(act.text)) and await self._press(handle, act, pressed["label"]):
            pass
        elif act.by.id in self._open:
            await self._answer_question(handle, act)
        elif pressed:
            self._tell_buttons(act, pressed["label"])
        elif act.text:
            self._back.said(act.at, act.by, act.text)
            self._say(f"#{act.at.channel} @{act.by.name}", act.text)
        else:
            self._remark(f"@{act.by.name} said nothing. {SHAPE}")

    async def _call(
        self, handle: Handle, act: _Act, call: Call, at: Address, on: MessageRef | None = None
    ) -> None:
        event = Called(call, act.by, at, on, delivery=uuid.uuid4().hex)
        async with self._turn:
            self._answer(await handle(event), act.by, at, on)

    async def _press(self, handle: Handle, act: _Act, label: str) -> bool:
        found = self._back.button(act.by.id, label, act.narrowed)
        if found is None:
            return False
        entry, button = found
        self._open.pop(act.by.id, None)
        await self._call(handle, act, button.call, entry.ref.at, entry.ref)
        return True

    def _tell_buttons(self, act: _Act, label: str) -> None:
        labels = self._back.labels(act.by.id, act.narrowed)
        here = f"The newest are: {plain.choices(labels)}" if labels else "There are none to press yet."
        self._remark(f"@{act.by.name} sees no button “{plain.one_line(label)}”. {here}")

    async def _react(self, handle: Handle, act: _Act, asked: re.Match[str]) -> None:
        name, added = emoji.name_of(asked["emoji"]), not asked["un"]
        mark, words = (act.by.id, name), (asked["words"] or "").casefold()
        candidates = (e for e in self._back.reactable(act.at.channel) if words in self._text(e).casefold())
        entry = next((e for e in candidates if added or mark in e.reactions), None)
        if entry is None:
            what = "message to react to" if added else f"{asked['emoji']} of @{act.by.name} to take back"
            self._remark(f"There is no {plain.one_line(what)} in #{act.at.channel}.")
            return
        if added:
            entry.reactions.add(mark)
        else:
            entry.reactions.discard(mark)
        event = Reacted(name, added, entry.ref, act.by, delivery=uuid.uuid4().hex)
        async with self._turn:
            self._answer(await handle(event), act.by, act.at, entry.ref)

    async def _answer_question(self, handle: Handle, act: _Act) -> None:
        opened = self._open.pop(act.by.id)
        match opened.walk.answer(act.text):
            case FormWalk() as walk:
                self._question(act.by, _Open(walk, opened.at, opened.on))
            case Call() as call:
                await self._call(handle, act, call, opened.at, opened.on)
            case None:
                self._remark(f"@{act.by.name} left “{plain.one_line(opened.walk.form.title)}”.")

    # What comes back.

    def _answer(self, answer: Answer, by: Actor, at: Address, on: MessageRef | None) -> None:
        match answer:
            case Reply(card, private):
                only = by.id if private or at.direct else ""
                self._show(self._back.shown(at, card, only=only, answer=True))
            case Update(card):
                entry = self._back.entry(on) if on is not None else None
                if entry is None or entry.card is None:
                    self._show(self._back.shown(at, card, only=by.id, answer=True))
                else:
                    self._redraw(entry, card, tell_same=True)
            case Ask():
                self._question(by, _Open(FormWalk.start(answer), at, on))
            case Mark(name):
                self._write(f"#{at.channel} {self._bot.name} reacts {emoji.drawn(name)}")
            case Suggest() | None:  # completion happens in the terminal, without asking
                pass

    def _question(self, by: Actor, opened: _Open) -> None:
        self._open[by.id] = opened
        self._say(f"(only @{by.name}) {self._bot.name} asks", opened.walk.question())

    def _show(self, entry: Entry) -> None:
        self._say(f"{self._place(entry)} {self._bot.name}", self._text(entry))

    def _redraw(self, entry: Entry, card: Card, *, tell_same: bool = False) -> None:
        before = self._text(entry).split("\n")
        entry.card = card
        after = self._text(entry).split("\n")
        changed = [line.strip() for line in after if line not in before]
        if not changed and not tell_same:
            return
        text = "\n".join(after)
        if len(changed) <= LINES_SHOWN:
            headline = [] if after[0] in changed else after[:1]
            text = " · ".join([*headline, *(changed or ["as it was"])])
        self._say(f"{self._place(entry)} {self._bot.name} updates", text)

    def _place(self, entry: Entry) -> str:
        at = entry.ref.at
        if at.direct:
            return f"(to @{plain.one_line(self._names.get(at.person) or at.name or at.person)})"
        if entry.only:
            return f"(only @{self._names.get(entry.only, entry.only)})"
        return f"#{at.channel}"

    def _text(self, entry: Entry) -> str:
        if entry.card is None:
            return entry.text
        return plain.render(entry.card, zone=None, now=self._clock())

    def _remark(self, text: str) -> None:
        self._write(f"(console) {text}")

    def _say(self, speaker: str, text: str) -> None:
        """Write what a speaker says; only its first line begins a line, so that no text can pass for another."""
        self._write(f"{speaker}: {plain.hanging(plain.inert(text), '    ')}")

    @property
    def _sink(self) -> TextIO:
        return self._out or sys.stdout

    def _write(self, text: str) -> None:
        encoding = getattr(self._sink, "encoding", None) or "utf-8"
        shown = f"{text}\n".encode(encoding, "backslashreplace").decode(encoding)
        try:
            if self._terminal is not None:
                self._terminal.write(shown)
            else:
                self._sink.write(shown)
                self._sink.flush()
        except BrokenPipeError:
            self._reader_gone = True
            terminal.abandon(self._sink)

    # The port.

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        """Show a letter. A key that was posted before gives the same message again."""
        async with self._turn:
            if key not in self._posted:
                entry = self._back.shown(to, card, only=to.person)
                self._posted[key] = entry.ref
                self._show(entry)
            return self._posted[key]

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        return self._posted.get(key)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Redraw a message; one from an earlier run comes up again, with its buttons."""
        async with self._turn:
            entry = self._back.entry(message)
            if entry is None:
                self._show(self._back.restored(message, card))
            else:
                self._redraw(entry, card)

    async def read(self, message: MessageRef) -> Quote | None:
        entry = self._back.entry(message)
        return scrollback.quote(entry, self._bot) if entry is not None else None
