"""What people do becomes events, each once; what the bot answers is carried out."""

import asyncio
from typing import Any

import pytest

from adapters.web import WebChat
from adapters.web.adapter import links
from bot.chat import Address, Called, Completing, MessageRef, Reacted, Undeliverable
from bot.ui.calls import Call
from bot.ui.cards import note, words
from bot.ui.codec import dump, load_card
from tests.adapters.web.conftest import Served, serve
from tests.adapters.web.scripted import SCHEDULE, Scripted, session

GENERAL = Address("web", "general", name="general")
DIRECT = Address("web", person="mo")


async def test_words_without_a_slash_are_a_message_for_all(web: Served):
    answer = await web.says("mo", "  hello https://example.org  ")
    assert answer["kind"] == "said"
    assert await web.texts("fran") == ["hello https://example.org"]
    assert web.events == []


async def test_a_slash_is_a_command_of_the_person_in_their_zone(web: Served):
    answer = await web.says("mo", "/cop list")
    assert answer["kind"] == "private"
    assert load_card(answer["card"]).title == "Communities"
    (event,) = web.events
    assert isinstance(event, Called)
    assert event.call == Call("cop list")
    assert (event.by.platform, event.by.id, event.by.name, event.by.zone) == (
        "web",
        "mo",
        "Mo",
        "Europe/Oslo",
    )
    assert event.at == GENERAL
    assert event.on is None
    assert event.delivery == "mo.1"
    assert await web.texts("mo") == []


async def test_an_unknown_zone_is_none_rather_than_a_wrong_one(web: Served):
    await web.act("mo", "say", text="/cop list", zone="Mars/Olympus")
    assert web.events[0].by.zone is None


async def test_a_conversation_with_the_bot_is_addressed_to_the_person(web: Served):
    await web.says("mo", "/cop list", channel="@mo")
    assert web.events[0].at == DIRECT


async def test_a_public_reply_is_posted_for_all_and_its_buttons_redraw_it(web: Served):
    posted = await web.says("fran", '/cop session schedule "Intro to RAG" tuesday')
    assert posted["kind"] == "posted"
    message = posted["message"]
    button = next(load_card(message["card"]).buttons())
    answer = await web.act("mo", "press", call=dump(button.call), message=message["id"])
    assert answer == {"kind": "edited"}
    pressed = web.events[-1]
    assert pressed.call == button.call
    assert pressed.on == MessageRef(GENERAL, str(message["id"]))
    assert web.chat.message(message["id"]).card == session("Intro to RAG", ["Mo"])


async def test_a_private_message_is_redrawn_in_its_window_only(web: Served):
    before = web.chat.clock()
    shown = await web.says("mo", "/cop list")
    join = next(load_card(shown["card"]).buttons())
    answer = await web.act("mo", "press", call=dump(join.call), message=None)
    assert answer["kind"] == "redraw"
    assert next(load_card(answer["card"]).buttons()).label == "Leave"
    assert web.chat.clock() == before  # nothing of it was kept here


async def test_nobody_can_have_the_bots_card_put_on_their_own_message(web: Served):
    said = await web.says("mo", "mine")
    answer = await web.act("mo", "press", call=dump(Call("session rsvp")), message=said["message"]["id"])
    assert answer["kind"] == "redraw"
    assert await web.texts("mo") == ["mine"]


async def test_a_form_keeps_what_is_known_and_comes_back_with_problems(web: Served):
    asked = await web.says("fran", '/cop session schedule "Intro"')
    assert asked["kind"] == "ask"
    assert asked["form"] == dump(SCHEDULE)
    assert asked["known"] == {"title": "Intro"}
    assert asked["problems"] == {"when": "Say when it is."}
    call = asked["form"]["call"]
    values = {"title": "Intro", "when": "nonsense", "community": " ", "place": "", "about": "x"}
    again = await web.act("fran", "submit", call=call, values=values)
    assert list(again["problems"]) == ["when"]
    assert web.events[-1].call == Call(
        "session schedule", {"title": "Intro", "when": "nonsense", "about": "x"}
    )
    done = await web.act("fran", "submit", call=call, values=values | {"when": "tue 15:00"})
    assert done["kind"] == "posted"


async def test_what_is_known_beyond_the_fields_stays_with_the_forms_call(web: Served):
    asked = await web.says("mo", "/pulse start")
    assert asked["form"]["call"]["args"] == {"token": "t1", "pulse": "P5"}
    await web.act("mo", "submit", call=asked["form"]["call"], values={"q1": "one"})
    assert web.events[-1].call.args == {"token": "t1", "pulse": "P5", "q1": "one"}


async def test_a_forms_values_go_over_those_its_call_carries(web: Served):
    call = dump(Call("pulse answer", {"pulse": "P5", "q1": "old"}))
    answer = await web.act("mo", "submit", call=call, values={"q1": "new", "q2": "two"})
    assert web.events[-1].call.args == {"pulse": "P5", "q1": "new", "q2": "two"}
    assert words(load_card(answer["card"])) == "Thank you: 2 answers are in."


async def test_reactions_are_stored_told_and_marked_by_the_bot(web: Served):
    said = await web.says("fran", "read https://example.org")
    number = said["message"]["id"]
    await web.act("mo", "react", message=number, emoji="bookmark", added=True)
    assert web.events == [
        Reacted("bookmark", True, MessageRef(GENERAL, str(number)), web.events[0].by, delivery="mo.2")
    ]
    assert dict(web.chat.message(number).reactions) == {"bookmark": ("mo",), "pushpin": ("",)}
    await web.act("mo", "react", message=number, emoji="bookmark", added=False)
    assert web.events[-1].added is False
    assert dict(web.chat.message(number).reactions) == {"pushpin": ("",)}


async def test_the_same_delivery_again_has_one_effect_and_the_same_answer(web: Served):
    body = {"id": "w.1", "as": "mo", "channel": "general", "text": "hello"}
    first = await web.post("/chat/say", body)
    assert await web.post("/chat/say", body) == first
    assert await web.texts("mo") == ["hello"]
    body = {"id": "w.2", "as": "mo", "channel": "general", "text": '/cop session schedule "A" tue'}
    answers = await asyncio.gather(*(web.post("/chat/say", body) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert len(web.events) == 1
    assert len(web.chat.page("general")) == 2


async def test_a_delivery_from_before_a_restart_still_posts_once():
    chat = WebChat()
    chat.add_person("Mo")
    body = {"id": "w.1", "as": "mo", "channel": "general", "text": "hello"}
    command = {"id": "w.2", "as": "mo", "channel": "general", "text": '/cop session schedule "A" tue'}
    for _ in range(2):
        async for web in serve(chat, Scripted()):
            assert (await web.post("/chat/say", body))[0] == 200
            assert (await web.post("/chat/say", command))[1]["kind"] == "posted"
    assert len(chat.page("general")) == 2
    chat.close()


async def test_whatever_breaks_behind_it_is_one_kind_sentence_and_leaks_nothing(web: Served, capfd: Any):
    answer = await web.says("mo", "/boom secret words")
    text = words(load_card(answer["card"]))
    assert answer["kind"] == "private"
    assert text == "Something went wrong on our side. Please try that again in a moment."
    out, err = capfd.readouterr()
    assert "RuntimeError" in out + err
    assert "secret words" not in out + err


async def test_before_the_bot_runs_words_are_taken_and_commands_put_off(web: Served):
    web.adapter._desk.handle = None
    await web.says("mo", "hello")
    body = {"id": "w.1", "as": "mo", "channel": "general", "text": "/cop list"}
    status, answer = await web.post("/chat/say", body)
    assert status == 503
    assert "just starting" in answer["problem"]
    web.adapter._desk.handle = web.bot.handle
    assert (await web.post("/chat/say", body))[0] == 200


async def test_completions_for_the_text_and_for_a_forms_field(web: Served):
    body = {"as": "mo", "channel": "general", "text": "/cop join da"}
    _, found = await web.post("/chat/complete", body)
    assert found["param"] == "community"
    assert found["before"] == "/cop join "
    assert found["options"] == [{"value": "data-viz", "label": "Data visualisation", "insert": "data-viz"}]
    event = web.events[-1]
    assert isinstance(event, Completing)
    assert (event.call, event.param, event.typed) == (Call("cop join"), "community", "da")
    _, found = await web.post("/chat/complete", body | {"text": "/cop session rsvp S1 "})
    assert [option["value"] for option in found["options"]] == ["yes", "maybe", "no"]
    field = {"call": dump(Call("session schedule")), "param": "community", "typed": "w", "text": ""}
    _, found = await web.post("/chat/complete", body | field)
    assert [option["value"] for option in found["options"]] == ["writing"]
    _, found = await web.post("/chat/complete", body | {"text": "/cop jo"})
    assert found == {"options": []}


# The port


async def test_posting_makes_the_place_and_finding_is_exact(web: Served):
    there = Address("web", "new-place", name="New place")
    ref = await web.adapter.post(there, note("Hello"), key="k")
    assert await web.adapter.post(there, note("Hello"), key="k") == ref
    assert await web.adapter.find(there, key="k") == ref
    assert await web.adapter.find(there, key="other") is None
    person = Address("web", person="ana", name="Ana")
    await web.adapter.post(person, note("For you"), key="d")
    assert await web.adapter.find(person, key="d") is not None
    _, state = await web.get("/chat/state", **{"as": "ana"})
    assert state["me"]["name"] == "Ana"
    assert [(c["id"], c["last"] > 0) for c in state["channels"] if c["direct"]] == [("@ana", True)]


@pytest.mark.parametrize(
    "to", [Address("web"), Address("web", "a b"), Address("web", "@mo"), Address("web", person="@x")]
)
async def test_an_address_that_is_none_cannot_be_delivered_to(web: Served, to: Address):
    with pytest.raises(Undeliverable):
        await web.adapter.post(to, note("Hello"), key="k")


async def test_editing_what_is_not_there_says_so(web: Served):
    ref = await web.adapter.post(GENERAL, note("one"), key="k")
    await web.adapter.edit(ref, note("two"))
    assert web.chat.message(int(ref.id)).card == note("two")
    for gone in ("999", "x", ""):
        with pytest.raises(Undeliverable):
            await web.adapter.edit(MessageRef(GENERAL, gone), note("two"))


async def test_reading_a_message_gives_its_author_words_and_links(web: Served):
    said = await web.says("mo", "see https://example.org/a_(b), and http://x.test/?q=1!")
    quote = await web.adapter.read(MessageRef(GENERAL, str(said["message"]["id"])))
    assert quote is not None
    assert (quote.author.id, quote.author.name, quote.author.bot) == ("mo", "Mo", False)
    assert quote.links == ("https://example.org/a_(b)", "http://x.test/?q=1")
    assert quote.permalink == f"{web.url}/?channel=general&message={said['message']['id']}"
    ref = await web.adapter.post(GENERAL, session("Intro"), key="k")
    quote = await web.adapter.read(ref)
    assert quote is not None
    assert quote.author.bot
    assert quote.author.name == "Hearth"
    assert quote.text.startswith("Intro\n")
    assert await web.adapter.read(MessageRef(GENERAL, "999")) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("none here: ftp://x.test javascript:alert(1)", ()),
        ("(https://a.test/b).", ("https://a.test/b",)),
        ("https://a.test https://a.test", ("https://a.test",)),
        ("HTTPS://A.test/ü?x=“y”", ("HTTPS://A.test/ü?x=",)),
    ],
)
def test_links_in_words(text: str, found: tuple[str, ...]):
    assert links(text) == found
