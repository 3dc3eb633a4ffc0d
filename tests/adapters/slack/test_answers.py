"""Answers in Slack: each goes the best way that is left, and none is lost for want of one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack import desk as slack_desk
from bot.chat import Answer, Ask, Called, Event, Mark, Noticed, Reacted, Reply, Update
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, File, Text, note
from bot.ui.forms import Field, Form
from tests.adapters.slack.scene import Scene
from tests.fakes.slack import Ack, Message, Person, View
from tests.fakes.slack.faults import Errs, Lost, SlowAnswer, Status, TooMany
from tests.fakes.slack.payloads import event as told

FORM = Form(
    "Save a link", Call("resource save"), (Field("url", "Link"), Field("note", "Note", required=False))
)
LONG = Form("Long", Call("cop long"), tuple(Field(f"f{n}", f"Field {n}", required=False) for n in range(15)))
GOING = Call("session rsvp", {"session": "S1", "answer": "yes"})


def card(text: str, *more: Any) -> Card:
    return Card(blocks=(Text((text,)), *more, Buttons((Button("Going", GOING),))))


def says(answer: Answer | Callable[[Event], Answer]) -> Any:
    """Return a script that always answers this."""

    async def script(event: Event) -> Answer:
        return answer(event) if callable(answer) else answer

    return script


def plain(text: str) -> str:
    return text.replace("\u2060", "")


def alone(person: Person) -> list[str]:
    """Return what only this person sees, in channels."""
    return [plain(m.text) for m in person.screen if m.only]


def direct(scene: Scene, person: Person) -> list[str]:
    return [plain(m.text) for m in scene.slack.workspace.direct(person.id).messages]


def button(on: Message | View) -> Any:
    blocks = on.blocks if isinstance(on, Message) else on.body["blocks"]
    return next(e for b in blocks for e in b.get("elements", ()) if e["type"] == "button")


async def presses(scene: Scene, person: Person, on: Message | View) -> Ack | None:
    ack = await person.press(on, button(on))
    await scene.adapter.idle()
    return ack


async def opens_form(scene: Scene, person: Person, form: Form = FORM) -> View:
    scene.core.script = says(Ask(form))
    await person.command("cop form", scene.general)
    assert person.modal is not None
    return person.modal


async def posted(scene: Scene, shown: Card) -> Message:
    await scene.adapter.post(scene.here, shown, key="k")
    return scene.general.messages[-1]


# Commands


async def test_a_public_reply_is_for_the_channel(scene: Scene) -> None:
    ana = scene.person("Ana")
    scene.core.script = says(Reply(card("For all."), private=False))
    await ana.command("cop tell", scene.general)
    assert [(plain(m.text), m.only) for m in scene.general.messages] == [("For all.", "")]
    assert scene.called("chat.postMessage") == []


async def test_the_files_of_a_private_reply_come_directly(desk: Scene) -> None:
    ana = desk.person("Ana")
    desk.core.script = says(Reply(card("Your file.", File("s.ics", "text/calendar", "BEGIN"))))
    await ana.command("cop calendar", desk.general)
    await desk.adapter.idle()
    assert alone(ana)[0].startswith("Your file.")
    [file] = desk.slack.workspace.ledger.of("uploaded")
    assert file.where == desk.slack.workspace.direct(ana.id).id


async def test_a_form_opens_as_the_answer(scene: Scene) -> None:
    ana = scene.person("Ana")
    view = await opens_form(scene, ana)
    assert view.body["title"]["text"] == "Save a link"
    assert scene.called("views.open") == ["ok"]
    assert alone(ana) == []


@pytest.mark.parametrize(
    "fault",
    [Errs("expired_trigger_id"), Errs("trigger_exchanged"), Status(500), TooMany(60), Lost()],
    ids=repr,
)
async def test_a_form_that_does_not_open_is_offered_by_a_button(desk: Scene, fault: Any) -> None:
    ana = desk.person("Ana")
    desk.core.script = says(Ask(FORM, {"url": "https://example.org/" + "x" * 3_000, "note": "kept"}))
    desk.slack.faults.next("views.open", fault)
    await ana.command("resource save", desk.general)
    await desk.adapter.idle()
    [offered] = [m for m in ana.screen if m.only]
    assert "Save a link" in plain(offered.text)
    assert button(offered)["value"] == "resource save note:kept"  # as much of what is known as fits


async def test_a_call_that_fits_no_form_is_refused_in_words(desk: Scene) -> None:
    ana = desk.person("Ana")
    desk.core.script = says(Ask(LONG, {f"f{n}": "x" * 2_900 for n in range(15)} | {"more": "y" * 3_000}))
    ack = await ana.command("cop long", desk.general)
    assert ack is not None
    assert ack.payload is not None
    assert "too long for the form" in plain(ack.payload["text"])


async def test_in_direct_messages_of_others_the_answer_comes_all_the_same(desk: Scene) -> None:
    from bot.chat import Address

    ana = desk.person("Ana")
    there = desk.slack.workspace.direct(ana.id)
    ack = await ana.command("cop list", there)
    assert ack is not None
    assert ack.payload is not None
    event = desk.core.events[0]
    assert isinstance(event, Called)
    assert event.at == Address("slack", there.id, "T0HEARTH", person=ana.id)


# Buttons on messages


async def test_a_pressed_message_is_redrawn_in_place(scene: Scene) -> None:
    ana, message = scene.person("Ana"), await posted(scene, card("0 going"))
    scene.core.script = says(Update(card("1 going")))
    await presses(scene, ana, message)
    assert scene.said() == ["1 going"]
    assert scene.called("chat.update") == ["ok"]
    assert message.metadata is not None  # still the letter it was


async def test_a_message_for_one_person_is_redrawn_by_its_answer_address(scene: Scene) -> None:
    ana = scene.person("Ana")
    scene.core.script = says(Reply(card("One")))
    await ana.command("cop list", scene.general)
    [shown] = [m for m in ana.screen if m.only]
    scene.core.script = says(Update(card("Two")))
    await presses(scene, ana, shown)
    assert alone(ana) == ["Two"]
    assert scene.called("chat.update") == []


async def test_a_private_reply_to_a_button_is_for_that_person(scene: Scene) -> None:
    ana, ben, message = scene.person("Ana"), scene.person("Ben"), await posted(scene, card("0 going"))
    scene.core.script = says(Reply(note("Noted.")))
    await presses(scene, ana, message)
    assert (alone(ana), alone(ben), scene.said()[0]) == (["Noted."], [], "0 going")


@pytest.mark.parametrize("fault", [Errs("message_not_found"), Errs("is_archived"), Status(500)], ids=repr)
async def test_a_message_that_cannot_be_redrawn_is_answered_all_the_same(desk: Scene, fault: Any) -> None:
    ana, message = desk.person("Ana"), await posted(desk, card("0 going"))
    desk.core.script = says(Update(card("1 going")))
    desk.slack.faults.next("chat.update", fault)
    await presses(desk, ana, message)
    assert "1 going" in desk.said()


async def test_a_message_deleted_before_the_edit_becomes_a_private_answer(desk: Scene) -> None:
    ana, message = desk.person("Ana"), await posted(desk, card("0 going"))

    def answer(event: Event) -> Answer:
        message.deleted = True
        return Update(card("1 going"))

    desk.core.script = says(answer)
    await presses(desk, ana, message)
    assert alone(ana) == ["1 going"]


@pytest.mark.parametrize(
    ("faults", "seen"),
    [
        ({}, "response_url"),
        ({"response_url": Status(404)}, "chat.postEphemeral"),
        (
            {"response_url": Status(404), "chat.postEphemeral": Errs("user_not_in_channel")},
            "chat.postMessage",
        ),
    ],
    ids=["address", "ephemeral", "direct"],
)
async def test_what_one_way_does_not_take_goes_the_next(
    desk: Scene, faults: dict[str, Any], seen: str
) -> None:
    ana, message = desk.person("Ana"), await posted(desk, card("0 going"))
    for method, fault in faults.items():
        desk.slack.faults.next(method, fault)
    desk.core.script = says(Reply(note("Noted.")))
    await presses(desk, ana, message)
    assert desk.called(seen)[-1] == "ok"
    assert [*alone(ana), *direct(desk, ana)] == ["Noted."]


async def test_where_no_way_is_left_nothing_breaks(desk: Scene) -> None:
    ana, message = desk.person("Ana"), await posted(desk, card("0 going"))
    desk.slack.faults.always("response_url", Status(500))
    desk.slack.faults.always("chat.postEphemeral", Errs("not_in_channel"))
    desk.slack.faults.always("chat.postMessage", TooMany(60))
    desk.core.script = says(Reply(note("Noted.")))
    assert await presses(desk, ana, message) == Ack(None)
    assert len(desk.core.done) == 1


# Forms


async def test_a_problem_stands_at_its_field(scene: Scene) -> None:
    ana = scene.person("Ana")
    view = await opens_form(scene, ana)
    scene.core.script = says(Ask(FORM, {"url": "x"}, {"url": "That is no address."}))
    ana.enter(view, "url", "x")
    await ana.submit()
    assert ana.modal is view
    assert view.errors == {"url": "That is no address."}


async def test_an_answer_to_a_form_stands_in_its_window(scene: Scene) -> None:
    ana = scene.person("Ana")
    view = await opens_form(scene, ana)
    scene.core.script = says(Reply(card("It is gone since.")))
    ana.enter(view, "url", "https://example.org")
    await ana.submit()
    assert ana.modal is view
    assert "It is gone since." in str(view.body["blocks"])
    assert "submit" not in view.body


async def test_a_button_in_a_window_is_answered_there(scene: Scene) -> None:
    ana = scene.person("Ana")
    view = await opens_form(scene, ana)
    scene.core.script = says(Reply(card("Saved.")))
    ana.enter(view, "url", "https://example.org")
    await ana.submit()
    scene.core.script = says(Reply(card("You are going.")))
    await presses(scene, ana, view)
    assert "You are going." in str(view.body["blocks"])
    event = scene.core.events[-1]
    assert isinstance(event, Called)
    assert (event.call, event.at.channel) == (
        GOING,
        scene.general.id,
    )  # the window knows where it was asked for
    scene.core.script = says(Ask(FORM))
    await presses(scene, ana, view)
    assert view.body["title"]["text"] == "Save a link"


async def test_a_form_that_redraws_a_message_closes(scene: Scene) -> None:
    ana, message = scene.person("Ana"), await posted(scene, card("0 questions"))
    scene.core.script = says(Ask(FORM))
    await presses(scene, ana, message)
    assert ana.modal is not None
    scene.core.script = says(Update(card("1 question")))
    ana.enter(ana.modal, "url", "https://example.org")
    await ana.submit()
    await scene.adapter.idle()
    assert ana.modal is None
    assert scene.said() == ["1 question"]


async def test_an_answer_whose_file_takes_long_replaces_the_word_that_it_does(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_desk, "IN_TIME", 0.1)
    ana = scene.person("Ana")
    view = await opens_form(scene, ana)
    scene.slack.faults.next("files.getUploadURLExternal", SlowAnswer(0.5))
    scene.core.script = says(Reply(card("Exported.", File("all.csv", "text/csv", "a,b"))))
    ana.enter(view, "url", "https://example.org")
    await ana.submit()
    assert "One moment" in str(view.body)
    await scene.adapter.idle()
    assert "Exported." in plain(str(view.body))
    [file] = scene.slack.workspace.ledger.of("uploaded")
    assert file.body


async def test_a_public_answer_to_a_form_is_posted_and_the_form_closes(scene: Scene) -> None:
    ana = scene.person("Ana")
    view = await opens_form(scene, ana)
    scene.core.script = says(Reply(note("For all."), private=False))
    ana.enter(view, "url", "https://example.org")
    await ana.submit()
    assert ana.modal is None
    assert [plain(text) for text in scene.said()] == ["For all."]


async def test_a_long_form_is_filled_page_by_page_forth_and_back(scene: Scene) -> None:
    ana = scene.person("Ana")

    def ask(event: Event) -> Answer:
        assert isinstance(event, Called)
        return Ask(LONG, event.call.args) if event.form else Reply(note("All here."))

    view = await opens_form(scene, ana, LONG)
    scene.core.script = says(ask)
    ana.enter(view, "f0", "first")
    await ana.submit()
    assert "Page 2 of 2" in str(view.body)
    ana.enter(view, "f14", "last")
    await presses(scene, ana, view)
    assert "Page 1 of 2" in str(view.body)
    await ana.submit()
    await ana.submit()
    assert "All here." in plain(str(view.body))
    assert scene.core.calls[-1].args == {"f0": "first", "f14": "last"}


# Shortcuts, the home, and what nobody asked for


async def test_shortcuts_open_their_forms(scene: Scene) -> None:
    ana = scene.person("Ana")
    scene.core.script = says(Ask(FORM))
    await ana.shortcut("save_link")
    assert ana.modal is not None
    await ana.close()
    message = ana.write(scene.general, "See <https://example.org/page>")
    await ana.message_shortcut("save_message", message)
    assert ana.modal is not None
    event = scene.core.events[-1]
    assert isinstance(event, Called)
    assert event.call.args == {"url": "https://example.org/page", "author": f"{ana.id} Ana"}


@pytest.mark.parametrize("fault", [None, Errs("channel_not_found"), Status(500)], ids=repr)
async def test_a_message_without_a_link_is_saved_by_its_own_address(desk: Scene, fault: Any) -> None:
    ana = desk.person("Ana")
    message = ana.write(desk.general, "How we do reviews here")
    desk.core.script = says(Ask(FORM))
    desk.slack.faults.next("chat.getPermalink", fault)
    await ana.message_shortcut("save_message", message)
    event = desk.core.events[-1]
    assert isinstance(event, Called)
    assert event.call.args["url"].endswith(f"/archives/{desk.general.id}/p{message.ts.replace('.', '')}")
    assert event.call.args["title"] == "How we do reviews here"


async def test_a_refused_shortcut_is_answered(scene: Scene) -> None:
    ana = scene.person("Ana")
    scene.core.script = says(Reply(note("Not here.")))
    await ana.message_shortcut("save_message", ana.write(scene.general, "hello"))
    assert alone(ana) == ["Not here."]
    await ana.shortcut("save_link")
    assert ana.modal is not None
    assert "Not here." in plain(str(ana.modal.body))


async def test_the_home_is_published_when_it_is_opened_and_once_per_change(scene: Scene) -> None:
    ana = scene.person("Ana")
    state = ["No sessions."]
    scene.core.script = says(lambda event: Reply(card(state[0])))
    await ana.open_home()
    await ana.open_home()
    assert scene.called("views.publish") == ["ok"]
    assert ana.home is not None
    assert "No sessions." in str(ana.home.body)
    event = scene.core.events[-1]
    assert isinstance(event, Called)
    assert (event.call.path, event.by.id, event.at.person) == ("cop home", ana.id, ana.id)

    def answer(event: Event) -> Answer:
        if isinstance(event, Called) and event.call.path == "cop home":
            return Reply(card(state[0]))
        state[0] = "One session."
        return Reply(card("You are going."))

    scene.core.script = says(answer)
    await presses(scene, ana, ana.home)
    assert ana.modal is not None
    assert "You are going." in str(ana.modal.body)
    assert scene.called("views.publish") == ["ok", "ok"]
    assert "One session." in str(ana.home.body)
    await ana.open_home()
    assert scene.called("views.publish") == ["ok", "ok"]


async def test_a_form_from_the_home_draws_the_home_anew(scene: Scene) -> None:
    ana = scene.person("Ana")
    state = ["Old."]
    scene.core.script = says(lambda event: Reply(card(state[0])))
    await ana.open_home()
    assert ana.home is not None
    scene.core.script = says(Ask(FORM))
    await presses(scene, ana, ana.home)
    assert ana.modal is not None
    state[0] = "New."
    scene.core.script = says(lambda event: Reply(card(state[0])))
    ana.enter(ana.modal, "url", "https://example.org")
    await ana.submit()
    assert "New." in str(ana.home.body)


async def test_a_reaction_is_confirmed_by_one_of_the_bots_own(scene: Scene) -> None:
    ana = scene.person("Ana")
    message = ana.write(scene.general, "hello")
    scene.core.script = says(Mark("pushpin"))
    await ana.react(message, "bookmark")
    await ana.react(message, "star")  # the bot's own stands already
    await scene.adapter.idle()
    assert message.reactions["pushpin"] == ["U0HEARTH"]
    assert [type(event) for event in scene.core.events] == [Reacted, Reacted]
    assert scene.called("reactions.add") == ["ok", "already_reacted"]


async def test_a_bots_reaction_is_told_as_a_bots(desk: Scene) -> None:
    robot = desk.person("Robot")
    robot.user.bot = True
    await robot.react(robot.write(desk.general, "beep"), "bookmark")
    event = desk.core.events[0]
    assert isinstance(event, Reacted)
    assert event.by.bot


async def test_a_newcomer_is_greeted_alone(scene: Scene) -> None:
    ben, ana = scene.person("Ben"), scene.person("Ana")
    scene.core.script = says(Reply(note("Welcome.")))
    await ana.join(scene.general)
    await scene.adapter.idle()
    event = scene.core.events[0]
    assert isinstance(event, Noticed)
    assert event.by is not None
    assert (event.what, event.by.name) == ("arrived", "Ana")
    assert ([*alone(ana), *direct(scene, ana)], alone(ben)) == (["Welcome."], [])


async def test_a_changed_profile_is_told_with_its_name_and_zone(desk: Scene) -> None:
    ana = desk.person("Ana")
    user = {"id": ana.id, "tz": "Asia/Tokyo", "profile": {"display_name": "", "real_name": "Ana B"}}
    await desk.slack.deliveries.deliver(told(desk.slack.workspace, {"type": "user_change", "user": user}))
    event = desk.core.events[0]
    assert isinstance(event, Noticed)
    assert event.by is not None
    assert replace(event.by, platform="") == replace(event.by, name="Ana B", zone="Asia/Tokyo", platform="")
