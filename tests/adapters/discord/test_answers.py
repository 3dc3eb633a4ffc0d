"""What a person gets: at once, promised and kept, too late, twice, page by page, and after a restart."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.discord import answers as module
from adapters.discord.cards import Message as Drawn
from adapters.discord.cards import render
from bot.chat import Answer, Ask, Called, Completing, Reply, Suggest, Update
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, File, Text, note
from bot.ui.forms import Field, Form, Option
from tests.adapters.discord.conftest import Core, Stage, connected, until
from tests.fakes.discord import permissions
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.people import Person, buttons
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.state import Message

CARD = Card(
    "Coming?", (Text(("Tell us.",)), Buttons((Button("Going", Call("session rsvp", {"session": "S1"})),)))
)
FIELDS = (Field("title", "Title"), Field("when", "When", "moment"), Field("where", "Where", required=False))
FORM = Form("Schedule", Call("session schedule"), FIELDS, "A session.")
LONG = Form(
    "Many", Call("cop settings"), tuple(Field(f"f{n}", f"Field {n}", required=False) for n in range(7))
)


async def answered(act: Interaction) -> Interaction:
    async with asyncio.timeout(5):
        await act.done.wait()
    return act


async def posted(stage: Stage, card: Card = CARD) -> Message:
    """Return a card in the channel, as after it was posted."""
    to = (await shown(stage)).event.at
    ref = await stage.adapter.post(to, card, key=card.title)
    return stage.discord.state.messages[int(ref.id)]


class Asked:
    def __init__(self, event: Called) -> None:
        self.event = event


async def shown(stage: Stage) -> Asked:
    """Let somebody type a command, and return how the core hears of the channel."""
    before = stage.core.usual
    stage.core.usual = Reply(note("Here."))
    await answered(stage.discord.person("Zoe").uses(["help"], {}, stage.general))
    stage.core.usual = before
    event = stage.core.heard.pop()
    assert isinstance(event, Called)
    return Asked(event)


def press(person: Person, message: Message, label: str) -> Interaction:
    return person.presses(message, next(b for b in buttons(message) if b["label"] == label))


def words(message: Message) -> str:
    return "\n".join([message.content, *(embed.get("description", "") for embed in message.embeds)])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUDGET", 0.05)
    monkeypatch.setattr(module, "SUGGEST_WITHIN", 0.05)


async def late(stage: Stage, act: Interaction, answer: Answer) -> Interaction:
    """Let the core answer after the promise."""
    stage.core.answers.append(answer)
    async with asyncio.timeout(5):
        await act.first.wait()
    assert not act.done.is_set() or act.answer == 6
    act.done.clear()
    assert stage.core.gate is not None
    stage.core.gate.set()
    return await answered(act)


@pytest.mark.usefixtures("impatient")
async def test_a_late_answer_is_promised_and_kept(stage: Stage) -> None:
    stage.core.gate = asyncio.Event()
    ana = stage.discord.person("Ana")
    await late(stage, ana.uses(["help"], {}, stage.general), Reply(note("At last.")))
    [message] = ana.sees(stage.general)
    assert message.content == "At last."
    assert message.ephemeral


@pytest.mark.usefixtures("impatient")
async def test_a_late_redrawing_and_a_late_word_reach_a_button(stage: Stage) -> None:
    ana, message = stage.discord.person("Ana"), await posted(stage)
    stage.core.gate = asyncio.Event()
    await late(stage, press(ana, message, "Going"), Update(note("You are going.")))
    assert message.content.startswith("You are going.")
    stage.core.gate = None
    other = await posted(stage, Card("Other", CARD.blocks))
    stage.core.gate = asyncio.Event()
    await late(stage, press(ana, other, "Going"), Reply(note("It is full.")))
    assert "Other" in other.content
    assert ana.sees(stage.general)[-1].content == "It is full."
    assert ana.sees(stage.general)[-1].ephemeral


@pytest.mark.usefixtures("impatient")
async def test_a_late_form_becomes_a_button_that_opens_it(stage: Stage) -> None:
    stage.core.gate = asyncio.Event()
    ana = stage.discord.person("Ana")
    await late(
        stage,
        ana.uses(["session", "schedule"], {"title": "Intro"}, stage.general),
        Ask(FORM, {"title": "Intro"}),
    )
    message = ana.sees(stage.general)[-1]
    assert message.ephemeral
    stage.core.gate, stage.core.usual = None, Ask(FORM, {"title": "Intro"})
    act = await answered(press(ana, message, "Open the form"))
    event = stage.core.heard[-1]
    assert isinstance(event, Called)
    assert (event.call, event.form, event.on) == (Call("session schedule", {"title": "Intro"}), True, None)
    assert act.modal is not None
    assert "Intro" in str(act.modal)


async def test_a_form_is_the_first_answer_and_its_submission_a_call(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    stage.core.usual = Ask(FORM, {"title": "Intro"})
    act = await answered(ana.uses(["session", "schedule"], {"title": "Intro"}, stage.general))
    assert act.modal is not None
    stage.core.usual = Reply(note("Scheduled."))
    await answered(ana.submits(act, {"when": "tue 15:00"}))
    event = stage.core.heard[-1]
    assert isinstance(event, Called)
    assert event.call == Call("session schedule", {"title": "Intro", "when": "tue 15:00"})
    assert not event.form
    assert ana.sees(stage.general)[-1].content == "Scheduled."


async def test_a_problem_comes_back_with_fix_it_which_reopens_the_form(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    stage.core.usual = Ask(FORM, {})
    opened = await answered(ana.uses(["session", "schedule"], {}, stage.general))
    known = {"title": "Intro", "when": "yesterday"}
    stage.core.usual = Ask(FORM, known, {"when": "That is past."})
    await answered(ana.submits(opened, known))
    private = ana.sees(stage.general)[-1]
    assert private.ephemeral
    assert "That is past." in words(private)
    reopened = await answered(press(ana, private, "Fix it"))
    assert reopened.modal is not None
    assert "Intro" in str(reopened.modal)
    stage.core.usual = Reply(note("Scheduled."))
    await answered(ana.submits(reopened, {"when": "tomorrow"}))
    event = stage.core.heard[-1]
    assert isinstance(event, Called)
    assert event.call.args == {"title": "Intro", "when": "tomorrow"}
    assert words(private) == "Scheduled.", "what has done its work is replaced"
    assert not private.components


async def test_a_long_form_comes_in_pages(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    stage.core.usual = Ask(LONG, {})
    first = await answered(ana.uses(["cop", "settings"], {}, stage.general))
    stage.core.usual = Ask(LONG, {"f0": "zero"})
    await answered(ana.submits(first, {"f0": "zero"}))
    event = stage.core.heard[-1]
    assert isinstance(event, Called)
    assert event.form, "the form is asked for again, nothing is done yet"
    between = ana.sees(stage.general)[-1]
    second = await answered(press(ana, between, "Continue (2 of 2)"))
    assert second.modal is not None
    stage.core.usual = Reply(note("Changed."))
    await answered(ana.submits(second, {"f6": "six"}))
    event = stage.core.heard[-1]
    assert isinstance(event, Called)
    assert (event.call.args, event.form) == ({"f0": "zero", "f6": "six"}, False)


async def test_completions_are_offered_within_discords_limits(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    options = [Option(f"v{n}", f"Value {n} " + "x" * 120) for n in range(40)]
    stage.core.usual = Suggest([Option("", "none"), Option("y" * 101, "too long"), *options])
    act = await answered(ana.completes(["cop", "join"], {}, "community", "py", stage.general))
    assert [choice["value"] for choice in act.choices] == [f"v{n}" for n in range(25)]
    event = stage.core.heard[-1]
    assert isinstance(event, Completing)
    assert (event.call, event.param, event.typed) == (Call("cop join"), "community", "py")


@pytest.mark.usefixtures("impatient")
async def test_completions_that_come_late_are_none(stage: Stage) -> None:
    stage.core.gate = asyncio.Event()
    act = await answered(
        stage.discord.person("Ana").completes(["cop", "join"], {}, "community", "", stage.general)
    )
    assert act.choices == []


async def test_what_is_for_everyone_is_a_message_of_its_own(stage: Stage) -> None:
    ana, ben = stage.discord.person("Ana"), stage.discord.person("Ben")
    stage.core.usual = Reply(CARD, private=False)
    await answered(ana.uses(["help"], {}, stage.general))
    [public] = ben.sees(stage.general)
    assert "Coming?" in public.content
    assert public.interaction is None, "it is no interaction's answer, whose token ends"
    assert "in the channel" in ana.sees(stage.general)[-1].content


async def test_where_the_bot_may_not_write_the_person_is_told_why(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    stage.general.overwrites[stage.discord.state.bot.id] = (0, permissions.SEND_MESSAGES)
    stage.core.usual = Reply(CARD, private=False)
    await answered(ana.uses(["help"], {}, stage.general))
    [message] = ana.sees(stage.general)
    assert message.ephemeral
    assert "may not write in the channel" in message.content


async def test_a_redrawn_card_is_still_found_by_its_key(stage: Stage) -> None:
    ana, message = stage.discord.person("Ana"), await posted(stage)
    at = (await shown(stage)).event.at
    again = Card("Coming after all?", CARD.blocks)
    for after in (again, note("You are going.")):
        stage.core.usual = Update(after)
        await answered(press(ana, message, "Going"))
        message.nonce = None
        found = await stage.adapter.find(at, key=CARD.title)
        assert found is not None
        assert found.id == str(message.id)


async def test_in_direct_messages_nothing_needs_hiding(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    stage.core.usual = Reply(note("Here."), private=False)
    directly = stage.discord.state.directly(ana.user)
    await answered(ana.uses(["help"], {}, directly))
    event = stage.core.heard[-1]
    assert isinstance(event, Called)
    assert event.at.person == str(ana.user.id)
    assert event.at.direct
    [message] = ana.sees(directly)
    assert not message.ephemeral


async def test_files_come_with_an_answer_and_go_when_it_is_redrawn(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    stage.core.usual = Reply(Card("Saved", (File("s.ics", "text/calendar", "BEGIN"), *CARD.blocks)))
    await answered(ana.uses(["help"], {}, stage.general))
    [message] = ana.sees(stage.general)
    assert [a.name for a in message.attachments] == ["s.ics"]
    stage.core.usual = Update(note("Gone."))
    await answered(press(ana, message, "Going"))
    assert message.attachments == []


async def test_a_file_that_can_be_had_again_waits_behind_a_button(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    again = Call("session file", {"session": "S1"})
    file = File("S1.ics", "text/calendar", "BEGIN", again)
    stage.core.usual = Reply(Card(blocks=(Text(("You're going.",)), file)))
    await answered(ana.uses(["help"], {}, stage.general))
    [message] = ana.sees(stage.general)
    assert message.attachments == []
    stage.core.usual = Reply(Card(blocks=(replace(file, again=None),)))
    pressed = press(ana, message, "Get S1.ics")
    await answered(pressed)
    heard = stage.core.heard[-1]
    assert isinstance(heard, Called)
    assert heard.call == again
    assert pressed.original is not None
    assert [a.name for a in pressed.original.attachments] == ["S1.ics"]


async def test_a_second_delivery_is_told_so(stage: Stage) -> None:
    """The core answers None to a delivery that it has seen; its own answer is not taken a second time either."""
    ana = stage.discord.person("Ana")
    stage.core.answers = [Reply(note("Done."))]
    act = await answered(ana.uses(["help"], {}, stage.general))
    ana.again(act)
    await stage.core.hears(2)
    assert stage.core.heard[0].delivery == stage.core.heard[1].delivery == f"discord:{act.id}"  # type: ignore[union-attr]  # calls
    await until(lambda: len(stage.discord.ledger.asked("POST", "/callback")) == 2)
    assert [r.status for r in stage.discord.ledger.asked("POST", "/callback")] == [200, 400]
    assert [m.content for m in ana.sees(stage.general)] == ["Done."]


async def test_two_processes_with_one_token_give_one_answer(stage: Stage, tmp_path: Path) -> None:
    async with connected(stage.discord, tmp_path / "other") as other:
        ana, message = stage.discord.person("Ana"), await posted_quietly(stage, other)
        stage.core.answers, other.core.answers = [Update(note("You are going."))], [None]
        await answered(press(ana, message, "Going"))
        await asyncio.gather(stage.core.hears(), other.core.hears())
        await until(lambda: len(stage.discord.ledger.asked("POST", "/callback")) == 3)
    assert message.content.startswith("You are going."), "whoever acknowledged first"


async def posted_quietly(stage: Stage, other: Stage) -> Message:
    message = await posted(stage)
    await other.core.hears()
    other.core.heard.clear()
    return message


async def test_an_answer_too_late_is_dropped_without_harm(discord: FakeDiscord, tmp_path: Path) -> None:
    core = Core()
    async with connected(discord, tmp_path, core) as stage:
        ana = discord.person("Ana")
        core.gate = asyncio.Event()
        act = ana.uses(["help"], {}, stage.general)
        await core.hears()
        act.at = act.at.replace(year=2020)
        core.gate.set()
        await until(lambda: act.late)
        core.gate, core.usual = None, Reply(note("Here."))
        await answered(ana.uses(["help"], {}, stage.general))
    assert [m.content for m in ana.sees(stage.general)] == ["Here."]


@pytest.mark.usefixtures("impatient")
async def test_a_shared_card_is_redrawn_even_when_the_interactions_time_is_over(stage: Stage) -> None:
    ana, message = stage.discord.person("Ana"), await posted(stage)
    stage.core.gate = asyncio.Event()
    stage.core.answers.append(Update(note("You are going.")))
    act = press(ana, message, "Going")
    async with asyncio.timeout(5):
        await act.first.wait()
    act.at = act.at.replace(year=2020)
    stage.core.gate.set()
    await until(lambda: message.content.startswith("You are going."))


async def test_buttons_and_forms_from_before_a_restart_work(discord: FakeDiscord, tmp_path: Path) -> None:
    ana = discord.person("Ana")
    async with connected(discord, tmp_path) as stage:
        message = await posted(stage)
        stage.core.usual = Ask(FORM, {})
        opened = await answered(ana.uses(["session", "schedule"], {}, stage.general))
    async with connected(discord, tmp_path) as stage:
        stage.core.usual = Reply(note("Heard."))
        await answered(press(ana, message, "Going"))
        await answered(ana.submits(opened, {"title": "Intro", "when": "tomorrow"}))
        calls = [event.call for event in stage.core.heard if isinstance(event, Called)]
    assert calls == [
        Call("session rsvp", {"session": "S1"}),
        Call("session schedule", {"title": "Intro", "when": "tomorrow"}),
    ]


async def test_a_button_of_nobody_says_so(stage: Stage) -> None:
    ana, message = stage.discord.person("Ana"), await posted(stage)
    button: dict[str, Any] = {**next(buttons(message)), "custom_id": "\u0001old"}
    await answered(ana.presses(message, button))
    assert "earlier version" in ana.sees(stage.general)[-1].content
    assert stage.core.heard == []


async def test_the_message_menu_opens_the_form_with_the_first_link_and_the_author(stage: Stage) -> None:
    ana, ben = stage.discord.person("Ana"), stage.discord.person("Ben")
    linked = ben.writes("Read [this](https://example.org/rag_(2)), or https://example.org/b.", stage.general)
    plain = ben.writes("No link at all", stage.general)
    stage.core.usual = Ask(FORM, {})
    await answered(ana.uses_menu("Save to library", linked))
    await answered(ana.uses_menu("Save to library", plain))
    first, second = (event for event in stage.core.heard if isinstance(event, Called))
    assert first.form
    author = f"{ben.user.id} Ben"
    assert first.call == Call("resource save", {"url": "https://example.org/rag_(2)", "author": author})
    permalink = f"https://discord.com/channels/{stage.discord.guild.id}/{stage.general.id}/{plain.id}"
    assert second.call.args == {"url": permalink, "title": "No link at all", "author": author}


@pytest.mark.parametrize("kind", ["reset", "lost"])
async def test_a_first_answer_over_a_line_that_breaks_is_given_again(stage: Stage, kind: str) -> None:
    ana = stage.discord.person("Ana")
    stage.core.usual = Reply(Card("Saved", (File("s.ics", "text/calendar", "BEGIN"),)))
    fault = Fault("reset" if kind == "reset" else "lost", path="/callback")
    stage.discord.faults.add(fault)
    await answered(ana.uses(["help"], {}, stage.general))
    await until(lambda: len(stage.discord.ledger.asked("POST", "/callback")) == 1 + (kind == "lost"))
    [message] = ana.sees(stage.general)
    assert [a.content for a in message.attachments] == [b"BEGIN"]


async def test_what_goes_wrong_is_logged_without_anybodys_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, secret = stage.discord.person("Ana"), "what nobody may read"

    def fails(card: Card) -> Drawn:
        if secret in str(card):
            raise ValueError(secret)
        return render(card)

    with capture_logs() as log:
        with monkeypatch.context() as broken:
            broken.setattr(module.cards, "render", fails)
            stage.core.usual = Reply(note(secret))
            await answered(ana.uses(["help"], {}, stage.general))
        assert "could not show" in ana.sees(stage.general)[-1].content
        await stage.adapter._gateway.on_error("on_interaction")  # type: ignore[union-attr]  # it is connected
    told = [entry for entry in log if entry["log_level"] == "error"]
    assert [entry["event"] for entry in told] == ["an answer could not be given", "an event failed"]
    assert "ValueError at " in told[0]["error"]
    assert secret not in str(log)


async def test_an_answer_that_cannot_be_drawn_is_said_to_be_our_fault(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    files = tuple(File(f"{n}.txt", "text/plain", "x") for n in range(20))
    stage.core.usual = Reply(Card("Too many", files))
    await answered(ana.uses(["help"], {}, stage.general))
    assert "could not show" in ana.sees(stage.general)[-1].content
