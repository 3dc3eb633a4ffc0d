"""The console line by line: a scripted bot answers, and what is printed is compared."""

import asyncio
import io
import os
import pty
import signal
import subprocess
import sys
import termios
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import terminal
from adapters.console import APOLOGY, HELP, SHAPE, Console
from bot.chat import (
    Actor,
    Address,
    Answer,
    Ask,
    Called,
    Event,
    Mark,
    MessageRef,
    Quote,
    Reacted,
    Reply,
    Update,
)
from bot.errors import Conflict
from bot.ui.calls import Call, Word
from bot.ui.cards import Button, Buttons, Card, Facts, Text, note
from bot.ui.forms import Field, Form
from bot.ui.spans import Link, Mention

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
GENERAL = Address("console", channel="general", name="general")
SCHEDULE = Form(
    "Schedule a session", Call("session schedule"), (Field("title", "Title"), Field("when", "When"))
)


def parse(text: str) -> Call:
    return Call(text.partition(" ")[0], rest=tuple(Word(w) for w in text.split()[1:]))


def session(going: int) -> Card:
    return Card(
        "Intro to RAG",
        (
            Facts((("Going", (str(going),)),)),
            Buttons(
                (
                    Button("Going", Call("rsvp", {"answer": "yes"})),
                    Button("Maybe", Call("rsvp", {"answer": "maybe"})),
                )
            ),
        ),
    )


class Feed:
    """Lines that are there; more may be added after the end."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __aiter__(self) -> "Feed":
        return self

    async def __anext__(self) -> str:
        if not self.lines:
            raise StopAsyncIteration
        return self.lines.pop(0)


Letter = Callable[[], Awaitable[object]]


class Talk:
    """A console with a bot that answers by rote: by path for calls, by name for reactions."""

    def __init__(self, **answers: Answer | Exception) -> None:
        self.answers = answers
        self.heard: list[Event] = []
        self.settled = 0
        self.due: list[Letter] = []
        self.out = io.StringIO()
        self.feed = Feed()
        self.console = Console(parse, self.settle, clock=lambda: NOW, lines=self.feed, out=self.out)

    async def settle(self) -> None:
        self.settled += 1
        due, self.due = self.due, []
        for letter in due:
            await letter()

    async def handle(self, event: Event) -> Answer:
        self.heard.append(event)
        match event:
            case Called(call=call):
                answer = self.answers.get(call.path)
            case Reacted(emoji=name):
                answer = self.answers.get(name)
            case _:
                answer = None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def types(self, *lines: str) -> str:
        """Return what is printed for these lines."""
        start = self.out.tell()
        self.feed.lines += lines
        await self.console.run(self.handle)
        return self.out.getvalue()[start:]

    async def posts(self, to: Address, card: Card, key: str) -> MessageRef:
        return await self.console.post(to, card, key=key)

    @property
    def calls(self) -> list[Called]:
        return [event for event in self.heard if isinstance(event, Called)]

    @property
    def reactions(self) -> list[Reacted]:
        return [event for event in self.heard if isinstance(event, Reacted)]


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("@Ana /cop join python", parse("join python")),
        ("@Ana /join python", parse("join python")),
        ("  @Ana   /COP   join python  ", parse("join python")),
        ("@Ana /copy that", parse("copy that")),
        ("@Ana /cop", parse("")),
        ("@Ana /", parse("")),
    ],
)
async def test_a_slash_is_a_command(line: str, call: Call) -> None:
    talk = Talk()
    await talk.types(line)
    (heard,) = talk.calls
    assert (heard.call, heard.by, heard.at) == (call, Actor("console", "ana", "Ana"), GENERAL)


async def test_a_channel_holds_for_its_line_alone() -> None:
    talk = Talk()
    await talk.types("#Data @ana /list", "@ana /list")
    assert [called.at.channel for called in talk.calls] == ["data", "general"]


async def test_every_act_is_a_delivery_of_its_own() -> None:
    talk = Talk()
    await talk.types("@ana /join", "@ana /join")
    assert len({called.delivery for called in talk.calls}) == 2
    assert all(called.delivery for called in talk.calls)


async def test_private_answers_name_their_reader_and_public_ones_the_channel() -> None:
    talk = Talk(me=Reply(note("Just you.")), tell=Reply(note("Hello, ", Mention(1, "Ben")), private=False))
    assert await talk.types("@Ben /me", "#data @ben /tell") == (
        "(only @Ben) Hearth: Just you.\n#data Hearth: Hello, @Ben\n"
    )


async def test_letters_that_became_due_follow_the_answer() -> None:
    talk = Talk(schedule=Reply(note("Scheduled.")))
    talk.due = [
        lambda: talk.posts(GENERAL, session(0), "a"),
        lambda: talk.posts(BEN, note("You are host."), "b"),
    ]
    assert await talk.types("@ana /schedule", "@ana hello") == textwrap.dedent(
        """\
        (only @ana) Hearth: Scheduled.
        #general Hearth: Intro to RAG
            Going: 0
            [1] Going  [2] Maybe
        (to @ben) Hearth: You are host.
        #general @ana: hello
        """
    )
    assert talk.settled == 2


BEN = Address("console", person="ben")


async def test_a_letter_sent_amid_an_act_waits_for_its_answer() -> None:
    talk, posting = Talk(), []

    async def handle(event: Event) -> Answer:
        posting.append(asyncio.create_task(talk.posts(GENERAL, note("By the clock."), "a")))
        await asyncio.sleep(0)
        return Reply(note("Scheduled."))

    talk.feed.lines = ["@ana /schedule"]
    await talk.console.run(handle)
    await asyncio.gather(*posting)
    assert talk.out.getvalue() == "(only @ana) Hearth: Scheduled.\n#general Hearth: By the clock.\n"


async def test_the_same_letter_twice_is_shown_once() -> None:
    talk = Talk()
    first = await talk.posts(GENERAL, session(0), "a")
    assert await talk.posts(GENERAL, session(0), "a") == first
    assert await talk.console.find(GENERAL, key="a") == first
    assert await talk.console.find(GENERAL, key="b") is None
    assert talk.out.getvalue().count("Intro to RAG") == 1


async def test_a_pressed_button_is_the_call_it_carries_where_it_stands() -> None:
    talk = Talk(rsvp=Update(session(1)))
    posted = await talk.posts(Address("console", channel="data"), session(0), "a")
    printed = await talk.types("@ben presses going", "@ben presses Going")
    assert printed == (
        "#data Hearth updates: Intro to RAG · Going: 1\n#data Hearth updates: Intro to RAG · as it was\n"
    )
    assert talk.calls[0].call == Call("rsvp", {"answer": "yes"})
    assert (talk.calls[0].at.channel, talk.calls[0].on) == ("data", posted)


async def test_the_newest_card_with_the_button_wins_unless_a_channel_is_named() -> None:
    talk = Talk()
    old = await talk.posts(Address("console", channel="data"), session(0), "old")
    new = await talk.posts(GENERAL, session(0), "new")
    await talk.posts(GENERAL, Card(blocks=(Buttons((Button("Join", Call("join")),)),)), "other")
    await talk.types("@ben presses Maybe", "#data @ben presses Maybe", "@ben presses 1")
    assert [called.on for called in talk.calls[:2]] == [new, old]
    assert talk.calls[2].call == Call("join")


async def test_a_button_in_private_is_nobody_elses() -> None:
    talk = Talk(me=Reply(Card(blocks=(Buttons((Button("Erase", Call("erase")),)),))))
    printed = await talk.types("@ben /me", "@ana presses Erase")
    assert printed.endswith("(console) @ana sees no button “Erase”. There are none to press yet.\n")
    await talk.posts(BEN, Card(blocks=(Buttons((Button("Accept", Call("accept")),)),)), "seat")
    printed = await talk.types("@ana presses Accept", "@ben presses Accept", "@ben presses Erase")
    assert "@ana sees no button “Accept”" in printed
    assert [called.call.path for called in talk.calls] == ["me", "accept", "erase"]
    assert talk.calls[1].at == BEN


async def test_an_unknown_button_is_answered_with_those_there_are() -> None:
    talk = Talk()
    await talk.posts(GENERAL, session(0), "a")
    assert await talk.types("@ben presses Dance") == (
        "(console) @ben sees no button “Dance”. The newest are: [1] Going  [2] Maybe\n"
    )
    assert talk.calls == []


async def test_a_reaction_is_to_the_newest_message_of_the_channel() -> None:
    talk = Talk(bookmark=Mark("pushpin"), me=Reply(note("Yours.")))
    printed = await talk.types(
        "@ana Read (https://example.org/a), really.", "#data @ana other", "@ben /me", "@ben reacts 🔖"
    )
    assert printed.endswith("#general Hearth reacts 📌\n")
    (reacted,) = talk.reactions
    assert (reacted.emoji, reacted.added, reacted.by.id) == ("bookmark", True, "ben")
    quote = await talk.console.read(reacted.on)
    assert quote == Quote(
        Actor("console", "ana", "ana"), "Read (https://example.org/a), really.", ("https://example.org/a",)
    )


async def test_announcements_can_be_reacted_to_and_answers_cannot() -> None:
    talk = Talk(tell=Reply(note("Said to all."), private=False))
    posted = await talk.posts(GENERAL, session(0), "a")
    await talk.types("@ana /tell", "@ben reacts :white_check_mark:", "@ben reacts ❌")
    assert [(r.emoji, r.on) for r in talk.reactions] == [("white_check_mark", posted), ("x", posted)]


async def test_a_reaction_is_taken_back_where_it_was_given() -> None:
    talk = Talk()
    posted = await talk.posts(GENERAL, session(0), "a")
    printed = await talk.types("@ben reacts ✅", "@ana hello", "@ben unreacts ✅", "@ben unreacts ✅")
    assert [(r.added, r.on) for r in talk.reactions] == [(True, posted), (False, posted)]
    assert printed.endswith("(console) There is no ✅ of @ben to take back in #general.\n")


async def test_a_reaction_can_name_its_message() -> None:
    talk = Talk()
    posted = await talk.posts(GENERAL, session(0), "a")
    printed = await talk.types("@ana hello", "@ben reacts ✅ to intro", "#quiet @ben reacts ✅")
    assert [r.on for r in talk.reactions] == [posted]
    assert printed.endswith("(console) There is no message to react to in #quiet.\n")


async def test_a_form_is_a_question_at_a_time() -> None:
    talk = Talk(schedule=Ask(SCHEDULE, {"title": "RAG"}, {"when": "When is missing."}))
    printed = await talk.types("#data @ana /schedule RAG", "@ben tue 15:00", "@ana tue 15:00")
    assert printed == textwrap.dedent(
        """\
        (only @ana) Hearth asks: Schedule a session
            When is missing.
            When?
            cancel stops.
        #general @ben: tue 15:00
        """
    )
    assert talk.calls[-1].call == Call("session schedule", {"title": "RAG", "when": "tue 15:00"})
    assert talk.calls[-1].at.channel == "data"


async def test_a_form_from_a_button_remembers_the_card() -> None:
    talk = Talk(rsvp=Ask(SCHEDULE, {}, {"when": "?"}), session=Update(session(2)))
    posted = await talk.posts(GENERAL, session(0), "a")
    await talk.types("@ana presses Going", "@ana tue")
    assert talk.calls[-1].on == posted


@pytest.mark.parametrize("line", ["presses the point", "reacts badly under load", "? or not", "-5 degrees"])
async def test_amid_a_form_a_line_that_can_be_nothing_else_is_the_answer(line: str) -> None:
    talk = Talk(schedule=Ask(SCHEDULE, {"when": "tue"}, {"title": "Title is missing."}))
    await talk.types("@ana /schedule", f"@ana {line}")
    assert talk.calls[-1].call.args == {"title": line, "when": "tue"}


async def test_a_command_abandons_the_form() -> None:
    talk = Talk(schedule=Ask(SCHEDULE, {"title": "RAG"}, {"when": "When is missing."}))
    printed = await talk.types("@ana /schedule RAG", "@ana /list", "@ana tue 15:00")
    assert printed.endswith("#general @ana: tue 15:00\n")
    assert [called.call.path for called in talk.calls] == ["schedule", "list"]


async def test_cancel_abandons_the_form() -> None:
    talk = Talk(schedule=Ask(SCHEDULE))
    printed = await talk.types("@ana /schedule", "@ana cancel", "@ana hello")
    assert printed.endswith("(console) @ana left “Schedule a session”.\n#general @ana: hello\n")


async def test_an_empty_line_of_a_person_keeps_what_is_there() -> None:
    talk = Talk(edit=Ask(SCHEDULE, {"title": "RAG", "when": "tue"}))
    await talk.types("@ana /edit", "@ana", "", "@ana wed")
    assert talk.calls[-1].call.args == {"title": "RAG", "when": "wed"}


async def test_an_edit_tells_what_changed() -> None:
    talk = Talk()
    posted = await talk.posts(GENERAL, session(0), "a")
    await talk.console.edit(posted, session(0))
    await talk.console.edit(posted, session(3))
    assert talk.out.getvalue().splitlines()[3:] == ["#general Hearth updates: Intro to RAG · Going: 3"]
    await talk.console.edit(posted, Card("Cancelled", tuple(Text((f"line {n}",)) for n in range(4))))
    assert talk.out.getvalue().endswith(
        "Hearth updates: Cancelled\n" + "".join(f"    line {n}\n" for n in range(4))
    )


async def test_a_message_of_an_earlier_run_comes_up_again_with_its_buttons() -> None:
    talk, earlier = Talk(), Talk()
    ref = await earlier.posts(GENERAL, session(0), "a")
    await talk.posts(GENERAL, note("Something else."), "b")
    await talk.console.edit(ref, session(1))
    await talk.types("@ben presses Going")
    assert talk.calls[0].on == ref


async def test_an_update_without_a_card_is_said_in_private() -> None:
    talk = Talk(rsvp=Update(note("You are going.")))
    assert await talk.types("@ben /rsvp") == "(only @ben) Hearth: You are going.\n"


@pytest.mark.parametrize("line", ["hello", "#general hello", "@ /list", "#general", "ana /list", "@a,b hi"])
async def test_a_malformed_line_is_told_how_a_line_looks(line: str) -> None:
    talk = Talk()
    assert await talk.types(line) == f"(console) {SHAPE}\n"
    assert talk.heard == []


async def test_help_and_empty_lines() -> None:
    talk = Talk()
    assert await talk.types("?", "", "  ", "HELP") == f"{HELP}\n{HELP}\n"


async def test_a_failure_is_one_kind_sentence() -> None:
    talk = Talk(join=ZeroDivisionError("secret"), leave=Conflict("You are the last one."))
    assert await talk.types("@ana /join", "@ana /leave") == (
        f"(console) {APOLOGY}\n(console) You are the last one.\n"
    )


async def test_nobody_can_speak_for_another() -> None:
    talk = Talk(tell=Reply(note("first\n#general Hearth: second\x1b[2J"), private=False))
    printed = await talk.types("@ana hi\n(only @ben) Hearth: pay\r#general Hearth: now\u202e", "@ana /tell")
    assert printed == textwrap.dedent(
        """\
        #general @ana: hi
            (only @ben) Hearth: pay\\r#general Hearth: now\\u202e
        #general Hearth: first
              #general Hearth: second\\x1b[2J
        """
    )


@given(
    line=st.text(st.one_of(st.sampled_from("@#/ \n\r\x1b\u202e\x00\ud800-?"), st.characters()), max_size=30)
)
def test_any_line_is_taken(line: str) -> None:
    talk = Talk()
    printed = asyncio.run(talk.types(f"@ana {line}", line))
    assert APOLOGY not in printed
    starts = ("#general @", "(console) ", "    ")
    assert all(not said or said.startswith(starts) for said in printed.replace(HELP, "").splitlines())


async def test_a_card_read_back_gives_the_addresses_of_its_links() -> None:
    talk = Talk()
    ref = await talk.posts(GENERAL, note("See ", Link("https://example.org/b", "this")), "a")
    quote = await talk.console.read(ref)
    assert quote is not None
    assert (quote.author.bot, quote.links) == (True, ("https://example.org/b",))
    assert await talk.console.read(MessageRef(GENERAL, "nothing")) is None


async def test_an_output_without_our_characters_gets_them_written_out() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    feed = Feed()
    feed.lines = ["@ana café"]
    talk = Talk()
    await Console(parse, talk.settle, clock=lambda: NOW, lines=feed, out=out).run(talk.handle)
    assert raw.getvalue() == b"#general @ana: caf\\xe9\n"


async def test_piped_lines_are_read_one_by_one_to_the_end() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, "@ana hé\n\n@ben \udcff half".encode("utf-8", "surrogateescape"))
    os.close(theirs)
    assert [line async for line in terminal.piped(ours)] == ["@ana hé", "", "@ben \udcff half"]
    os.close(ours)


def test_a_tab_completes_commands_with_or_without_their_group() -> None:
    complete = terminal.command_completer(["cop join", "cop list", "session list", "help"])
    assert complete("@ana /l") == ["@ana /list "]
    assert complete("#data @ana /cop j") == ["#data @ana /cop join "]
    assert complete("@ana /Session") == ["@ana /session list "]
    assert complete("@ana ") == []


PROGRAM = """
import asyncio
from datetime import UTC, datetime
from adapters.console import Console
from bot.chat import Address, Reply
from bot.ui.calls import Call
from bot.ui.cards import note

async def settle():
    pass

async def handle(event):
    return Reply(note("You said ", event.call.path))

async def main():
    console = Console(Call, settle, clock=lambda: datetime.now(UTC), paths=["one"])
    later = asyncio.create_task(console.post(Address("console", channel="general"), note("By the clock."), key="a"))
    try:
        await console.run(handle)
    finally:
        await later

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_a_pipe_gets_one_answer_a_line_and_an_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        input="@ana /one\n@ana /two",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if "only" in line] == [
        "(only @ana) Hearth: You said one",
        "(only @ana) Hearth: You said two",
    ]


def test_a_reader_who_has_gone_is_a_quiet_end() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        input="@ana /one\n",
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, "")


class Keyboard:
    """A program on a terminal of its own."""

    def __init__(self) -> None:
        self.ours, theirs = pty.openpty()
        self.program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self.seen = ""

    def until(self, words: str) -> None:
        """Read on until the words come; the test's own time limit is the end of patience."""
        begun = len(self.seen)
        while words not in self.seen[begun:]:
            self.seen += os.read(self.ours, 1).decode("latin-1")

    def types(self, keys: bytes) -> None:
        os.write(self.ours, keys)


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    keyboard = Keyboard()
    yield keyboard
    keyboard.program.kill()
    keyboard.program.wait()
    os.close(keyboard.ours)


def test_a_terminal_has_a_prompt_and_letters_come_by_themselves(keyboard: Keyboard) -> None:
    keyboard.until("By the clock.")
    keyboard.until(terminal.PROMPT)
    keyboard.types(b"@ana /o\t\n")
    keyboard.until("You said one")
    keyboard.until(terminal.PROMPT)
    keyboard.types(b"\x04")
    assert keyboard.program.wait(timeout=20) == 0
    assert "Traceback" not in keyboard.seen


def test_an_interrupt_ends_a_terminal_cleanly_and_leaves_it_as_it_was(keyboard: Keyboard) -> None:
    before = termios.tcgetattr(keyboard.ours)
    keyboard.until("By the clock.")
    keyboard.until(terminal.PROMPT)
    keyboard.program.send_signal(signal.SIGINT)
    keyboard.until("interrupted")
    assert keyboard.program.wait(timeout=20) == 0
    assert "Traceback" not in keyboard.seen
    assert termios.tcgetattr(keyboard.ours) == before
