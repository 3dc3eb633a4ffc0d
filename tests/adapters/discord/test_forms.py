"""Forms as modals: filled in, sent, gone on with and mended, with nothing kept but ids and a message."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.discord import forms
from adapters.discord.cards import Message
from adapters.discord.forms import between, is_between, modal, read, step, submission
from bot.app import registry
from bot.chat import Answer, Ask
from bot.registry import Command, Context, Group, Param, Registry
from bot.ui.calls import Call
from bot.ui.forms import Field, Form, Option
from tests.adapters.discord.test_text import anything
from tests.adapters.discord.tokens import tokens
from tests.fakes.discord import components, schema
from tests.fakes.discord.call import Upload
from tests.fakes.discord.payloads import check_message, check_modal
from tests.program.nasty import OURS, packed, theirs

Json = dict[str, Any]
REGISTRY = registry()
ASKING = [command for command in REGISTRY.commands.values() if command.asks]
TEN = tuple(Option(str(n), f"{n} of 10") for n in range(10))
SURVEY = Form(
    "How was it?",
    Call("survey answer", {"pulse": "P5"}),
    (
        Field("q1", "How useful was it?", "choice", choices=TEN),
        Field("q2", "What will you do with it?", "paragraph", required=False),
        Field("who", "Who should hear of it?", "person", required=False),
        Field("again", "Again?", "yesno", required=False),
        Field("q5", "How many came?", "number", required=False),
        Field("when", "When next?", "moment", hint="for example: tue 15:00"),
        Field("q7", "How useful was it?", "line", required=False),
        Field("q8", "Of many", "choice", required=False, choices=TEN),
        Field("q9", "Typed", required=False),
        Field("q10", "Last", required=False),
        Field("q11", "Really last", required=False),
    ),
    intro="Kept without your name.",
)


surveys = Group("survey")


@surveys.command("Answer a survey")
def answer(
    ctx: Context,
    pulse: Annotated[str, Param("Pulse")],
    key: Annotated[str, Param("Key")] = "",
    q1: Annotated[str, Param("1")] = "",
    q2: Annotated[str, Param("2")] = "",
    who: Annotated[str, Param("3")] = "",
    again: Annotated[str, Param("4")] = "",
    q5: Annotated[str, Param("5")] = "",
    when: Annotated[str, Param("6")] = "",
    q7: Annotated[str, Param("7")] = "",
    q8: Annotated[str, Param("8")] = "",
    q9: Annotated[str, Param("9")] = "",
    q10: Annotated[str, Param("10")] = "",
    q11: Annotated[str, Param("11")] = "",
) -> Answer:
    """Takes the answers of SURVEY."""
    return None


PARSE = Registry([surveys]).parse


def opened(ask: Ask, page: int = 0, *, last: int = 0, kept: bool = False) -> Json | None:
    """The modal, checked against Discord's limits and its own description."""
    found = modal(ask, page, last=last, kept=kept)
    if found is not None:
        check_modal(found)
        described = json.loads(json.dumps(found))
        assert schema.object_problem("ModalInteractionCallbackRequestData", described) == ""
    return found


def shown(ask: Ask, page: int = 0) -> Json:
    """The private message as Discord gives it back: its texts without outer white space."""
    return returned(between(ask, page))


def returned(message: Message) -> Json:
    files = tuple(Upload(n, file.name, file.content, "text/plain") for n, file in enumerate(message.files))
    body = message.payload(private=True)
    check_message(body, files)
    found: Json = json.loads(json.dumps(body))
    for embed in found["embeds"]:
        embed["description"] = embed["description"].strip()
    return found


def inputs(found: Json) -> dict[str, Json]:
    return {c["custom_id"]: c for c in components.walk(found["components"]) if "custom_id" in c}


def value(one: Json) -> str:
    """What stands in an input."""
    chosen = [o["value"] for o in one.get("options", ()) if o.get("default")]
    chosen += [f"@{v['id']}" for v in one.get("default_values", ())]
    return one.get("value") or "".join(chosen)


def sent(found: Json, filled: Mapping[str, str] | None = None) -> Json:
    """What Discord sends when the modal is sent as it is, but for what was filled in."""
    outer: list[Json] = []
    for one in found["components"]:
        if "component" not in one:
            continue
        inner = one["component"]
        typed = (filled or {}).get(inner["custom_id"], value(inner))
        answer: Json = {"type": inner["type"], "custom_id": inner["custom_id"], "id": 2}
        if inner["type"] in components.SELECTS:
            answer["values"] = [typed.removeprefix("@")] if typed else []
        else:
            answer["value"] = typed or (None if inner["type"] == components.RADIOS else "")
        outer.append({"type": components.LABEL, "id": 1, "component": answer})
    return {"custom_id": found["custom_id"], "components": outer}


def buttons(message: Json) -> dict[str, str]:
    return {b["label"]: b["custom_id"] for row in message["components"] for b in row["components"]}


def ask(form: Form = SURVEY, problems: Mapping[str, str] | None = None, **known: str) -> Ask:
    return Ask(form, {**form.call.args, **known}, problems or {})


def core(call: Call, form: Form, problems: Mapping[str, str] | None = None) -> Ask:
    """What the core answers when asked for the form of a call."""
    own = {name: said for name, said in call.args.items() if name in form.call.args}
    return Ask(replace(form, call=Call(call.path, own)), dict(call.args), problems or {})


def test_a_page_of_inputs() -> None:
    found = opened(ask(q2="Tell *all*", who="@42", again="yes", q5="7"))
    assert found is not None
    assert found["title"] == "How was it? (1 of 3)"
    assert [c["label"] for c in found["components"]] == [f.label for f in SURVEY.fields[:5]]
    assert found["components"][0]["description"] == SURVEY.intro
    by_name = inputs(found)
    assert [by_name[f.name]["type"] for f in SURVEY.fields[:5]] == [21, 4, 5, 3, 4]
    assert {name: value(one) for name, one in by_name.items()} == {
        "q1": "", "q2": "Tell *all*", "who": "@42", "again": "yes", "q5": "7",
    }  # fmt: skip
    assert [by_name[f.name]["required"] for f in SURVEY.fields[:5]] == [True, False, False, False, False]
    assert by_name["q2"]["style"] == 2
    assert by_name["q5"]["style"] == 1


def test_many_pages_to_the_end() -> None:
    """Page by page, each answer building on nothing but what Discord sends along."""
    first = opened(ask())
    assert first is not None
    got = submission(sent(first, {"q1": "7", "q2": "Tell **all**\n<@1>", "who": "@42"}), None, PARSE)
    assert got.more
    message = shown(core(got.call, SURVEY), got.page + 1)
    assert list(buttons(message)) == ["Continue (2 of 3)"], "when is needed still"
    pressed = step(buttons(message)["Continue (2 of 3)"], message, PARSE)
    assert pressed is not None
    second = opened(core(pressed.call, SURVEY), pressed.page, last=pressed.last, kept=True)
    assert second is not None
    assert second["title"] == "How was it? (2 of 3)"
    got = submission(sent(second, {"when": "tue 15:00", "q7": "very", "q8": "3"}), message, PARSE)
    assert got.more
    message = shown(core(got.call, SURVEY), got.page + 1)
    assert list(buttons(message)) == ["Continue (3 of 3)", "Leave the rest as it is"]
    enough = step(buttons(message)["Leave the rest as it is"], message, PARSE)
    assert enough is not None
    assert enough.page == 0
    said = {"pulse": "P5", "q1": "7", "q2": "Tell **all**\n<@1>", "who": "@42"}
    said |= {"when": "tue 15:00", "q7": "very", "q8": "3"}
    assert enough.call == Call("survey answer", said)
    pressed = step(buttons(message)["Continue (3 of 3)"], message, PARSE)
    assert pressed is not None
    third = opened(core(pressed.call, SURVEY), pressed.page, last=pressed.last, kept=True)
    assert third is not None
    got = submission(sent(third, {"q11": "end"}), message, PARSE)
    assert not got.more
    assert got.call == Call("survey answer", {**said, "q11": "end"})


def test_what_is_emptied_is_gone() -> None:
    message = shown(ask(q1="7", q2="words", when="x"), 2)
    first = opened(ask(q1="7", q2="words", when="x"), 1, kept=True)
    assert first is not None
    got = submission(sent(first, {"q2": ""}), message, PARSE)
    assert got.call.args == {"pulse": "P5", "q1": "7", "when": "x"}


def test_a_problem_is_told_and_the_form_reopens_filled_in() -> None:
    wrong = ask(problems={"when": "I cannot read “*soon*”.", "": "And so on."}, q1="7", when="*soon*", q9="x")
    message = shown(wrong)
    assert "**When next?:** I cannot read “\\*soon\\*”." in message["content"]
    assert "And so on." in message["content"]
    pressed = step(buttons(message)["Fix it"], message, PARSE)
    assert pressed is not None
    assert (pressed.page, pressed.last) == (2, 2)
    found = opened(core(pressed.call, SURVEY, wrong.problems), pressed.page, last=pressed.last, kept=True)
    assert found is not None
    assert value(inputs(found)["when"]) == "*soon*"
    label = next(c for c in found["components"] if c.get("label") == "When next?")
    assert label["description"] == "I cannot read “*soon*”."
    got = submission(sent(found, {"when": "tue 15:00"}), message, PARSE)
    assert not got.more, "what was mended is sent"
    assert got.call.args == {"pulse": "P5", "q1": "7", "when": "tue 15:00", "q9": "x"}


def test_going_on_with_a_problem_offers_both() -> None:
    message = shown(ask(problems={"q5": "A number."}, q1="1", q5="x", when="x"), 2)
    assert list(buttons(message)) == ["Fix it", "Continue (2 of 3)"]
    fix = step(buttons(message)["Fix it"], message, PARSE)
    assert fix is not None
    assert (fix.page, fix.last) == (1, 3), "then it goes on"


def test_a_form_that_came_too_late_waits_behind_a_button() -> None:
    message = shown(ask(q1="7"))
    pressed = step(buttons(message)["Open the form"], message, PARSE)
    assert pressed is not None
    assert (pressed.page, pressed.last, pressed.call.args) == (1, 3, {"pulse": "P5", "q1": "7"})


def test_where_nothing_is_missing_one_page_may_be_all_that_is_changed() -> None:
    message = shown(ask(q1="7", when="tue", q9="long " * 30))
    assert [label.partition(",")[0] for label in buttons(message)] == [
        "How useful was it?",
        "When next?",
        "Really last",
    ]
    pressed = step(list(buttons(message).values())[1], message, PARSE)
    assert pressed is not None
    found = opened(core(pressed.call, SURVEY), pressed.page, last=pressed.last, kept=True)
    assert found is not None
    got = submission(sent(found, {"when": "wed"}), message, PARSE)
    assert not got.more
    assert got.call.args == {"pulse": "P5", "q1": "7", "when": "wed", "q9": ("long " * 30).strip()}


def test_values_of_other_pages_ride_in_the_id_while_they_fit() -> None:
    found = opened(ask(q9="short"))
    assert found is not None
    got = submission(sent(found, {"q1": "3"}), None, PARSE)
    assert got.call.args["q9"] == "short"
    assert opened(ask(q9="long " * 30)) is None
    message = shown(ask(q9="long " * 30))
    assert read(message)["q9"] == ("long " * 30).strip()


def test_a_problem_opens_its_page_at_once() -> None:
    found = opened(ask(problems={"when": "Missing."}, q1="1"))
    assert found is not None
    assert found["title"] == "How was it? (2 of 3)"
    assert submission(sent(found), None, PARSE).call.args == {"pulse": "P5", "q1": "1"}


def test_a_long_problem_stands_above_or_comes_first_as_a_message() -> None:
    long = "This is wrong. " * 10
    small = Form("Small", Call("cop farewell"), SURVEY.fields[5:7])
    found = opened(Ask(small, {}, {"when": long}))
    assert found is not None
    assert found["components"][0] == {"type": 10, "content": f"When next?: {long}"}
    assert opened(ask(problems={"q1": long})) is None
    assert long.strip() in shown(ask(problems={"q1": long}))["content"]


def test_what_has_no_field_and_fits_no_button_rides_in_the_list() -> None:
    form = replace(SURVEY, call=Call("survey answer", {"pulse": "P5", "key": "k" * 90}))
    assert opened(ask(form)) is None
    message = shown(ask(form, q1="1"), 2)
    pressed = step(buttons(message)["Continue (2 of 3)"], message, PARSE)
    assert pressed is not None
    assert pressed.call.args == {"pulse": "P5", "key": "k" * 90, "q1": "1"}
    found = opened(core(pressed.call, form), pressed.page, last=pressed.last, kept=True)
    assert found is not None
    got = submission(sent(found, {"when": "x"}), message, PARSE)
    assert got.call.args == {"pulse": "P5", "key": "k" * 90, "q1": "1", "when": "x"}


def test_a_value_without_room_is_said_and_handed_back() -> None:
    big = {"q2": "*" * 3_000, "q7": "_" * 100, "q9": "~" * 2_900}
    message = between(ask(**big))
    assert "Too long to keep here: What will you do with it?, Typed." in message.content
    assert set(read(returned(message))) == {"q7"}
    (file,) = message.files
    assert big["q2"] in file.content.decode()
    assert big["q9"] in file.content.decode()
    assert "Leave the rest as it is" not in buttons(shown(ask(q1="1", when="x", **big), 2))


def test_ordinary_long_words_fit_whole() -> None:
    long = ("word " * 500).strip()
    message = between(ask(q1="1", q2=long, q9=long[:2_000], when="tue"))
    assert not message.files
    assert read(returned(message)) == {"q1": "1", "q2": long, "q9": long[:2_000].strip(), "when": "tue"}


def test_what_is_typed_too_long_comes_back_whole() -> None:
    small = Form("Small", Call("cop farewell"), (Field("reason", "Why?", limit=10),))
    found = opened(Ask(small, {"reason": "x" * 50}, {"reason": "At most 10."}))
    assert found is not None
    assert inputs(found)["reason"]["max_length"] == 50
    assert value(inputs(found)["reason"]) == "x" * 50
    assert opened(Ask(small, {"reason": "x" * 4_001}, {})) is None
    assert opened(Ask(small, {"reason": "x" * 4_001}, {}), 1, kept=True) is not None


def test_a_long_introduction_takes_the_place_of_an_input() -> None:
    form = replace(SURVEY, intro="What is stored, and who can see what. " * 5)
    found = opened(ask(form))
    assert found is not None
    assert found["components"][0]["content"].startswith("What is stored")
    assert len(found["components"]) == 5
    pages = [opened(ask(form), page) for page in (1, 2, 3)]
    names = [name for page in pages if page for name in inputs(page)]
    assert names == [field.name for field in form.fields]


def test_choices_that_discord_would_not_take_are_typed() -> None:
    for options in ((Option("", "None"),), (Option("x", "y" * 101),), (Option("a", "A"), Option("a", "B"))):
        form = Form("Odd", Call("cop farewell"), (Field("x", "X", "choice", choices=options),))
        found = opened(Ask(form, {"x": "a"}, {}))
        assert found is not None
        assert inputs(found)["x"]["type"] == components.INPUT
    many = tuple(Option(f"{n}", f"{n}") for n in range(25))
    found = opened(
        Ask(Form("Many", Call("cop farewell"), (Field("x", "X", "choice", choices=many),)), {}, {})
    )
    assert found is not None
    assert inputs(found)["x"]["type"] == components.STRING_SELECT


def test_a_usual_value_stands_there_already() -> None:
    form = Form("Usual", Call("cop farewell"), (Field("x", "X", usual="60m", required=False),))
    found = opened(Ask(form, {}, {}))
    assert found is not None
    assert value(inputs(found)["x"]) == "60m"


def test_only_our_own_messages_and_modals_are_read() -> None:
    foreign = {"components": [], "embeds": [{"description": "**Title**\nStolen"}]}
    assert read(foreign) == {}
    assert read(None) == {}
    assert not is_between(foreign)
    assert is_between(shown(ask()))
    assert step("session show session:S1", foreign, PARSE) is None
    with pytest.raises(ValueError, match="not one of our forms"):
        submission({"custom_id": "else", "components": []}, None, PARSE)


known = st.dictionaries(
    st.sampled_from([f.name for f in SURVEY.fields if f.kind in ("line", "paragraph", "moment")]), anything
)


@settings(deadline=None)
@given(known, st.sampled_from(("", "@42")), st.sampled_from(("", "0", "9")))
def test_whatever_was_filled_in_is_read_back(typed: dict[str, str], who: str, choice: str) -> None:
    filled = {**typed, "who": who, "q1": choice}
    message = between(ask(**filled))
    assume(not message.files)
    assert read(returned(message)) == {name: said.strip() for name, said in filled.items() if said.strip()}
    found = [
        token
        for part in (message.content, *(e["description"] for e in message.embeds))
        for token in tokens(part)
    ]
    assert {t.kind for t in found} <= {"bold", "code", "person", "italic"}
    assert [t.value for t in found if t.kind == "person"] == ["<@42>"] * bool(who)


@settings(deadline=None)
@given(known, st.dictionaries(st.sampled_from(("q1", "when", "q9", "other")), anything.filter(bool)))
def test_any_form_is_a_modal_or_a_message(typed: dict[str, str], problems: dict[str, str]) -> None:
    asked = ask(problems=problems, **typed)
    for page in (1, 2, 3):
        found = modal(asked, page)
        if found is not None:
            check_modal(found)
            got = submission(sent(found), None, PARSE).call.args
            assert {n: v.strip() for n, v in got.items()} == {
                n: v.strip() for n, v in asked.known.items() if v.strip()
            }
        kept = modal(asked, page, kept=True)
        assert kept is not None
        check_modal(kept)
        shown(asked, page)


def test_nasty_strings_survive_the_private_message() -> None:
    for several in packed([*OURS, *theirs()], 300):
        message = between(ask(q2=several))
        assert read(returned(message)) == {"q2": several.strip()}


@pytest.mark.parametrize("command", ASKING, ids=lambda command: command.path)
def test_every_form_of_the_house(command: Command) -> None:
    """Empty, and with every field full and wrong, each form is asked for within Discord's limits."""
    names = [forms._name(field.label) for field in command.form().fields]
    assert len(set(names)) == len(names), "labels tell fields apart"
    assert opened(command.ask({}, {})) is not None
    usual = {"person": "@42", "yesno": "no"}
    full = {
        field.name: field.choices[0].value
        if field.choices
        else usual.get(field.kind, "x" * min(field.limit, 1_000))
        for field in command.form().fields
    }
    wrong = command.ask(full, {name: f"{name} is wrong. " * 4 for name in full})
    message = shown(wrong)
    assert read(message) == full
    pages = len(forms._pages(wrong.form))
    for page in range(1, pages + 1):
        assert opened(wrong, page, kept=True) is not None
        shown(wrong, page)
    got = [
        submission(sent(found), message, REGISTRY.parse).call
        for page in range(1, pages + 1)
        if (found := opened(wrong, page, kept=True))
    ]
    assert all(call.args == full for call in got)
