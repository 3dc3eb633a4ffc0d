"""Deliveries: done once however they come, acknowledged in time, answered however late, and lost by no crash."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import answers
from adapters.slack import desk as slack_desk
from bot.chat import (
    Address,
    Answer,
    Ask,
    Called,
    Event,
    Failed,
    MessageRef,
    Noticed,
    Reacted,
    Recount,
    Refused,
    Reply,
)
from bot.ui.calls import Call
from bot.ui.cards import note
from bot.ui.forms import Field, Form
from tests.adapters.slack.scene import Core, Scene, played, until
from tests.fakes.slack import BOT_USER, TEAM, Ack, Pace, Person, Slack, Trouble
from tests.fakes.slack.faults import SlowAnswer
from tests.fakes.slack.payloads import event as told

JOURNAL = "slack-journal.jsonl"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Acknowledge what takes longer than a tenth of a second."""
    monkeypatch.setattr(slack_desk, "IN_TIME", 0.1)
    monkeypatch.setattr(slack_desk, "LAST", 0.2)


class Gate:
    """A core that answers when told to."""

    def __init__(self, answer: Answer = None) -> None:
        self.open = asyncio.Event()
        self.answer = answer if answer is not None else Reply(note("At last."))

    async def __call__(self, event: Event) -> Answer:
        await self.open.wait()
        return self.answer


def journal(tmp_path: Path) -> str:
    path = tmp_path / JOURNAL
    return path.read_text("utf-8") if path.exists() else ""


def block(tmp_path: Path) -> None:
    """Let there be no way to write the journal."""
    (tmp_path / JOURNAL).mkdir()


def seen(person: Person) -> list[str]:
    """Return what the person sees that nobody else does."""
    mine = [m for m in person.screen if m.only or m.channel.startswith("D")]
    return [message.text.replace("\u2060", "") for message in mine]


async def test_the_answer_goes_back_in_the_acknowledgement(scene: Scene) -> None:
    ana = scene.person("Ana", "Europe/Berlin")
    ack = await ana.command("cop list python 'the payload'", scene.general)
    assert ack is not None
    assert ack.payload is not None
    assert ack.payload["response_type"] == "ephemeral"
    assert "cop list" in ack.payload["text"]
    [event] = scene.core.events
    assert isinstance(event, Called)
    assert event.call == Call("cop list", {"rest": "python 'the payload'"})
    assert (event.by.name, event.by.zone) == ("Ana", "Europe/Berlin")
    assert (event.at.channel, event.at.name) == (scene.general.id, "general")
    assert scene.called("response_url") == scene.called("chat.postEphemeral") == []


async def test_a_profile_is_asked_for_once(desk: Scene) -> None:
    ana = desk.person("Ana", "Europe/Berlin")
    for _ in range(5):
        await ana.command("cop list", desk.general)
    assert desk.called("users.info") == ["ok"]
    ana.user.zone, ana.user.shown = "Asia/Tokyo", "Ana B"
    user = {"id": ana.id, "tz": "Asia/Tokyo", "profile": {"display_name": "Ana B"}}
    await desk.slack.deliveries.deliver(told(desk.slack.workspace, {"type": "user_change", "user": user}))
    await ana.command("cop list", desk.general)
    by = desk.core.events[-1].by  # type: ignore[union-attr]  # the last one is a call
    assert by is not None
    assert (by.name, by.zone) == ("Ana B", "Asia/Tokyo")
    assert desk.called("users.info") == ["ok"]


async def test_an_answer_does_not_wait_for_a_profile_that_is_slow(desk: Scene) -> None:
    desk.slack.faults.next("users.info", SlowAnswer(5))
    ack = await desk.person("Ana").command("cop list", desk.general)
    assert ack is not None
    assert ack.payload is not None
    assert desk.called("response_url") == []


async def test_the_same_delivery_five_times_at_once_is_done_once_and_answered_alike(scene: Scene) -> None:
    ana = scene.person("Ana")
    await ana.command("cop join python", scene.general)
    gate = Gate()
    scene.core.script = gate
    first = asyncio.create_task(ana.command("cop leave python", scene.general))
    await until(lambda: len(scene.core.events) == 2)
    more = [asyncio.create_task(ana.again()) for _ in range(4)]
    gate.open.set()
    acks = [await first, *[await ack for ack in more]]
    assert all(ack == acks[0] for ack in acks)
    assert [call.path for call in scene.core.calls] == ["cop join", "cop leave"]
    assert await ana.again() == acks[0]
    assert len(scene.core.events) == 2


async def test_reactions_count_by_when_they_were_made_and_not_by_when_they_came(desk: Scene) -> None:
    ana = desk.person("Ana")
    message = ana.write(desk.general, "hello")
    workspace, deliveries = desk.slack.workspace, desk.slack.deliveries
    reaction = {
        "user": ana.id,
        "reaction": "bookmark::skin-tone-2",
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
    }
    added = told(workspace, {"type": "reaction_added", **reaction})
    removed = told(workspace, {"type": "reaction_removed", **reaction})
    await deliveries.deliver(removed)
    await deliveries.deliver(added)
    assert [e.added for e in desk.core.done if isinstance(e, Reacted)] == [False]
    assert desk.core.done[0].emoji == "bookmark"  # type: ignore[union-attr]  # a reaction, as above


async def test_a_removal_waits_for_the_reaction_that_it_takes_back(desk: Scene) -> None:
    ana, gate = desk.person("Ana"), Gate()
    message = ana.write(desk.general, "hello")
    desk.core.script = gate
    adding = asyncio.create_task(ana.react(message, "star"))
    await until(lambda: desk.core.events)
    removing = asyncio.create_task(ana.unreact(message, "star"))
    await asyncio.sleep(0.05)
    assert len(desk.core.events) == 1
    gate.open.set()
    await asyncio.gather(adding, removing)
    assert [e.added for e in desk.core.done if isinstance(e, Reacted)] == [True, False]


async def test_a_thousand_deliveries_with_doubles_delays_and_losses_have_each_one_effect(
    slack: Slack, tmp_path: Path
) -> None:
    slack.deliveries.pace = Pace(again=(0.0, 0.0, 0.0, 0.0))
    async with played(slack, tmp_path) as scene:
        people = [scene.person(name) for name in ("Ana", "Ben", "Cem", "Dan")]
        chance = random.Random(7)
        slack.deliveries.trouble = Trouble(chance, doubled=0.3, late=0.3, lost=0.2, unheard=0.1, delay=0.02)
        messages = [people[0].write(scene.general, str(number)) for number in range(50)]

        async def act(number: int) -> None:
            person = people[number % 4]
            if number % 2:
                await person.command(f"cop act {number}", scene.general)
            else:
                await person.react(messages[number % 50], f"emoji{number}")

        for start in range(0, 1_000, 50):
            await asyncio.gather(*(act(number) for number in range(start, start + 50)))
        slack.deliveries.trouble = None
        await slack.deliveries.settled()
        await scene.adapter.idle()
        assert slack.deliveries.missed == []
        assert slack.deliveries.attempts > 1_300
        acts = sorted(int(call.args["rest"]) for call in scene.core.calls)
        assert acts == list(range(1, 1_000, 2))
        emojis = sorted(int(e.emoji.removeprefix("emoji")) for e in scene.core.done if isinstance(e, Reacted))
        assert emojis == list(range(0, 1_000, 2))


@pytest.mark.usefixtures("hurried")
async def test_a_slow_command_is_acknowledged_in_time_kept_and_answered_later(
    scene: Scene, tmp_path: Path
) -> None:
    ana, gate = scene.person("Ana"), Gate()
    scene.core.script = gate
    assert await ana.command("cop list everything", scene.general) == Ack(None)
    assert seen(ana) == []
    assert "everything" in journal(tmp_path)
    gate.open.set()
    await scene.adapter.idle()
    assert seen(ana) == ["At last."]
    assert journal(tmp_path) == ""


@pytest.mark.usefixtures("hurried")
async def test_a_confidential_call_is_never_written_down(desk: Scene, tmp_path: Path) -> None:
    ana, gate = desk.person("Ana"), Gate()
    desk.core.script = gate
    with capture_logs() as log:
        assert await ana.command("secret vote choice-7", desk.general) == Ack(None)
        assert "choice-7" not in journal(tmp_path)
        gate.open.set()
        await desk.adapter.idle()
    assert seen(ana) == ["At last."]
    assert journal(tmp_path) == ""
    assert "choice-7" not in str(log)


@pytest.mark.usefixtures("hurried")
async def test_what_was_acknowledged_is_done_after_a_crash(slack: Slack, tmp_path: Path) -> None:
    async with played(slack, tmp_path) as scene:
        ana = scene.person("Ana")
        scene.core.script = Gate()
        await ana.command("cop list everything", scene.general)
        await ana.react(ana.write(scene.general, "hello"), "star")
        # The block ends with both unfinished.
    assert "everything" in journal(tmp_path)
    async with played(slack, tmp_path) as scene:
        await until(lambda: len(scene.core.done) == 2)
        await scene.adapter.idle()
        assert scene.core.calls == [Call("cop list", {"rest": "everything"})]
        assert isinstance(scene.core.done[1], Reacted)
        assert seen(ana) == ["You called cop list."]
        assert journal(tmp_path) == ""


@pytest.mark.usefixtures("hurried")
async def test_what_was_done_before_the_crash_is_not_done_again_and_that_is_said(
    slack: Slack, tmp_path: Path
) -> None:
    core = Core()
    async with played(slack, tmp_path, core=core) as scene:
        ana, gate = scene.person("Ana"), Gate()
        core.script = gate
        await ana.command("cop join python", scene.general)
    async with played(slack, tmp_path, core=core) as scene:
        await until(lambda: not journal(tmp_path))
        assert core.done == []
        assert ["It is done" in text for text in seen(ana)] == [True]


@pytest.mark.usefixtures("hurried")
async def test_an_event_that_cannot_be_kept_is_refused_so_that_slack_delivers_it_again(
    desk: Scene, tmp_path: Path
) -> None:
    ana, gate = desk.person("Ana"), Gate()
    desk.slack.deliveries.pace = Pace(again=(0.0,) * 9)
    block(tmp_path)
    desk.core.script = gate
    message = ana.write(desk.general, "hello")
    reacting = asyncio.create_task(ana.react(message, "star"))
    await until(lambda: desk.slack.deliveries.attempts >= 3)
    assert not reacting.done()
    gate.open.set()
    assert await reacting == Ack(None)
    await desk.adapter.idle()
    assert len(desk.core.done) == 1


@pytest.mark.usefixtures("hurried")
async def test_a_form_that_came_too_late_is_a_button_that_opens_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "TRIGGER_LIFE", 0)
    form = Form("Save a link", Call("resource save"), (Field("url", "Link"),))
    ana, gate = scene.person("Ana"), Gate(Ask(form, {"url": "https://example.org"}))
    scene.core.script = gate
    await ana.command("resource save https://example.org", scene.general)
    gate.open.set()
    await scene.adapter.idle()
    assert scene.called("views.open") == []

    [offered] = [m for m in ana.screen if m.only]
    monkeypatch.setattr(answers, "TRIGGER_LIFE", 2.6)
    await ana.press(offered, offered.blocks[-1]["elements"][0])
    await scene.adapter.idle()
    asked = scene.core.events[-1]
    assert isinstance(asked, Called)
    assert asked.call == Call("resource save", {"url": "https://example.org"})
    assert asked.form
    assert ana.modal is not None


@pytest.mark.usefixtures("hurried")
async def test_a_slow_submission_shows_that_it_goes_on_and_then_what_came_of_it(scene: Scene) -> None:
    form = Form("Save a link", Call("resource save"), (Field("url", "Link"),))

    async def ask(event: Event) -> Answer:
        return Ask(form)

    ana = scene.person("Ana")
    scene.core.script = ask
    await ana.command("resource save", scene.general)
    assert ana.modal is not None
    ana.enter(ana.modal, "url", "https://example.org")
    gate = Gate(Reply(note("Saved.")))
    scene.core.script = gate
    await ana.submit()
    assert "One moment" in str(ana.modal.body)
    gate.open.set()
    await scene.adapter.idle()
    assert "Saved." in str(ana.modal.body)

    # The window closed meanwhile: it is said in the channel, to this person.
    scene.core.script = ask
    await ana.command("resource save again", scene.general)
    ana.enter(ana.modal, "url", "https://example.org/2")
    gate = Gate(Reply(note("Saved, too.")))
    scene.core.script = gate
    await ana.submit()
    await ana.close()
    gate.open.set()
    await scene.adapter.idle()
    assert seen(ana) == ["Saved, too."]


@pytest.mark.usefixtures("hurried")
async def test_an_act_that_cannot_be_kept_is_waited_for_and_never_acknowledged_unfinished(
    desk: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, gate = desk.person("Ana"), Gate()
    block(tmp_path)
    desk.core.script = gate
    assert await ana.command("cop list", desk.general) is None
    assert ana.trouble
    gate.open.set()
    await desk.adapter.idle()
    assert seen(ana) == ["At last."], "it is answered nevertheless"

    async def slowly(event: Event) -> Answer:
        await until(lambda: log)  # the first limit is over: the journal was tried, and is in the way
        return Reply(note("Just in time."))

    desk.core.script = slowly
    monkeypatch.setattr(slack_desk, "LAST", 2.0)
    with capture_logs() as log:
        ack = await ana.command("cop list", desk.general)
    assert [entry["event"] for entry in log] == ["the journal cannot be written"]
    assert ack is not None
    assert ack.payload is not None
    assert "Just in time." in ack.payload["text"]


async def test_an_event_that_the_core_fails_at_is_delivered_again(scene: Scene) -> None:
    ana, fates = scene.person("Ana"), iter((Failed(), RuntimeError("no disk"), None))

    async def at_last(event: Event) -> Answer:
        scene.core._deliveries.clear()  # what failed was rolled back
        fate = next(fates)
        if isinstance(fate, Exception):
            raise fate
        return fate

    scene.slack.deliveries.pace = Pace(answer=0.3, again=(0.0, 0.0, 0.0))
    scene.core.script = at_last
    message = ana.write(scene.general, "hello")
    assert await ana.react(message, "star") == Ack(None)
    assert len(scene.core.events) == 3
    assert await ana.again() == Ack(None)
    assert len(scene.core.events) == 3


@pytest.mark.usefixtures("hurried")
async def test_what_is_to_be_done_again_waits_for_the_next_start_where_this_one_ends_first(
    slack: Slack, tmp_path: Path
) -> None:
    async with played(slack, tmp_path) as scene:
        ana = scene.person("Ana")
        scene.core.script = Gate()
        for name in ("first", "second"):
            await ana.command(f"cop list {name}", scene.general)
    gate = Gate()
    core = Core(script=gate)
    async with played(slack, tmp_path, core=core) as scene:
        await until(lambda: core.events)
        scene.running.cancel()
        await until(lambda: scene.adapter._desk.handle is None)
        gate.open.set()
        await asyncio.wait((scene.running,))
    assert [call.args["rest"] for call in core.calls] == ["first"]
    async with played(slack, tmp_path) as scene:
        await until(lambda: not journal(tmp_path))
        assert [call.args["rest"] for call in scene.core.calls] == ["second"]


async def test_the_end_comes_within_two_seconds_whatever_hangs(slack: Slack, tmp_path: Path) -> None:
    async with played(slack, tmp_path) as scene:
        people = [scene.person(f"P{n}") for n in range(20)]
        scene.core.script = Gate()
        slack.faults.always("chat.postMessage", SlowAnswer(8))
        posting = asyncio.create_task(scene.adapter.post(scene.here, note("letter"), key="k"))
        acts = [asyncio.create_task(p.command("cop list", scene.general)) for p in people]
        await until(lambda: len(scene.core.events) == 20)
        scene.running.cancel()
        async with asyncio.timeout(2.5):  # generously: this machine may be busy
            await asyncio.wait((scene.running,))
        acks = await asyncio.gather(*acts)
        assert [ack is not None for ack in acks] == [True] * 20, "each is on disk, and acknowledged"
        assert journal(tmp_path).count("cop") >= 20
        slack.faults.always("chat.postMessage", None)
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)


async def test_a_fault_of_ours_is_logged_and_said(desk: Scene) -> None:
    async def fail(event: Event) -> Answer:
        raise RuntimeError("choice-7 broke it")

    desk.core.script = fail
    with capture_logs() as log:
        for text in ("cop list", "secret vote choice-7"):
            ack = await desk.person("Ana").command(text, desk.general)
            assert ack is not None
            assert ack.payload is not None
            assert "went wrong" in ack.payload["text"]
    failed = [entry for entry in log if entry["event"] == "a delivery failed"]
    assert [bool(entry.get("exc_info")) for entry in failed] == [True, False]


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "block_actions"},
        {"type": "block_actions", "actions": []},
        {"type": "view_submission", "view": {"callback_id": "x", "private_metadata": "{"}},
        {"type": "event_callback", "event": {"type": "reaction_added"}, "event_id": "Ev1"},
        {"type": "event_callback", "event": {"type": "message", "subtype": "bot_message"}, "event_id": "Ev2"},
        {"type": "event_callback", "event": {}, "event_id": "Ev3"},
        {"type": "shortcut", "callback_id": "unknown", "user": {"id": "U1"}},
        {"type": "workflow_step_edit"},
        {"type": {"not": "a word"}},
        {"type": "block_actions", "user": "not an object", "team": True},
        {"command": "/cop"},
        {},
    ],
    ids=str,
)
async def test_what_is_not_understood_is_acknowledged_and_nothing_more(
    desk: Scene, payload: dict[str, Any]
) -> None:
    status, answer = await desk.adapter._bolt.dispatch(payload)
    assert (status, answer) == (200, {})
    assert desk.core.events == []


async def test_what_fails_on_our_side_of_bolt_is_not_acknowledged(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("no thread left")

    monkeypatch.setattr(desk.adapter._desk, "_start", full)
    payload = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_uninstalled"}}
    status, _ = await desk.adapter._bolt.dispatch(payload)
    assert status == 500


async def test_while_the_bot_does_not_run_slack_is_asked_to_come_again(slack: Slack, tmp_path: Path) -> None:
    async with played(slack, tmp_path, "http") as scene:
        adapter, ana = scene.adapter, scene.person("Ana")
    assert await ana.command("cop list", slack.workspace.channel("general")) is None
    assert ana.trouble
    assert (await adapter.receive(b"", {})).status == 401


async def test_variables_for_other_apps_change_nothing(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-another")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "another")
    async with played(slack, tmp_path) as scene:
        ack = await scene.person("Ana").command("cop list", scene.general)
        assert ack is not None
        assert ack.payload is not None


async def test_a_revoked_token_ends_the_calls_and_tells_the_core(slack: Slack, tmp_path: Path) -> None:
    async with played(slack, tmp_path) as scene:
        slack.workspace.app.revoked = "token_revoked"
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0HEARTH"]}}
        await slack.deliveries.deliver(told(slack.workspace, revoked))
        with pytest.raises(Refused):
            await asyncio.wait_for(asyncio.shield(scene.running), 5)
        [noticed] = scene.core.events
        assert isinstance(noticed, Noticed)
        assert noticed.what == "removed"
        calls = len(slack.workspace.ledger.calls)
        with pytest.raises(Refused):
            await scene.adapter.post(scene.here, note("x"), key="k")
        assert len(slack.workspace.ledger.calls) == calls


async def test_reactions_that_nobody_heard_of_are_found_at_the_start_and_after_a_gap(
    slack: Slack, tmp_path: Path
) -> None:
    workspace = slack.workspace
    general, ana = workspace.channel("general"), Person(slack, workspace.user("Ana"))
    ana.joins(general)
    message, gone = ana.write(general, "announcement"), ana.write(general, "deleted")
    message.reactions = {"white_check_mark::skin-tone-2": [ana.id, BOT_USER], "x": ["U0BEN"]}
    gone.deleted = True
    here = Address("slack", general.id, TEAM)
    core = Core(recount=Recount([MessageRef(here, gone.ts), MessageRef(here, message.ts)]))
    async with played(slack, tmp_path, core=core) as scene:
        await scene.adapter.idle()
        found = [(e.emoji, e.by.id, e.found) for e in core.events if isinstance(e, Reacted)]
        assert found == [("white_check_mark", ana.id, True), ("x", "U0BEN", True)]
        assert scene.called("users.info") == []
        with capture_logs() as log:
            status, _ = await scene.adapter._bolt.dispatch({"type": "app_rate_limited", "team_id": TEAM})
            await scene.adapter.idle()
        assert status == 200
        assert log[0]["log_level"] == "error"
        assert len(core.events) == 4
