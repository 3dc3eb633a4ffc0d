"""Forms as Slack modals: every kind of field, pages, what was known and what was wrong, and what comes back."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.slack.inputs import NOTHING, WORDS
from adapters.slack.views import (
    BACK,
    PAGE_FIELDS,
    Origin,
    errors,
    home,
    modal,
    notice,
    origin,
    submission,
    went_back,
)
from bot.app import registry
from bot.chat import Ask
from bot.errors import BadValue
from bot.ui.calls import Call, Word
from bot.ui.cards import Button, Buttons, Card, Text, note
from bot.ui.forms import Field, Form, Kind, Option
from tests.adapters.slack.reading import alive, modelled, words
from tests.adapters.slack.test_blocks import EVERYTHING, some_cards
from tests.fakes.slack import limits
from tests.fakes.slack.view_methods import initial
from tests.program.nasty import NO_TEXT, OURS, packed, theirs

Json = dict[str, Any]

GOLDEN = Path(__file__).parent / "golden"
HERE = Origin("C1", "T1", "1700000000.000100", ephemeral=True)
FEW = tuple(Option(w, w.title()) for w in ("this", "following", "all"))
MANY = tuple(Option(f"d{n}", f"Day {n}") for n in range(7))
FIELDS = (
    Field("title", "Title", limit=150),
    Field("when", "When", "moment", hint="for example: tue 15:00"),
    Field("description", "Description", "paragraph", required=False, limit=1_500),
    Field("capacity", "Capacity", "number", required=False, hint="empty: no limit", usual="20"),
    Field("host", "Host", "person", required=False),
    Field("scope", "Scope", "choice", choices=FEW),
    Field("day", "Day", "choice", required=False, choices=MANY, usual="d1"),
    Field("anonymous", "Anonymous?", "yesno", required=False, usual="yes"),
)
FORM = Form("Schedule", Call("session schedule", {"secret": "x"}), FIELDS, "Schedule a session & more.")
KNOWN = {
    "title": "Intro <to> *RAG*",
    "when": "2026-05-14T15:00+02:00",
    "description": "One\nTwo",
    "capacity": "12",
    "host": "@U123",
    "scope": "all",
    "day": "d6",
    "anonymous": "no",
}


def shown(ask: Ask, where: Origin = HERE) -> Json:
    """The view, checked against every limit and model of Slack's."""
    view = modal(ask, where)
    limits.check_view(json.loads(json.dumps(view)))
    modelled(view)
    return view


def opened(view: Json, **entered: Any) -> Json:
    """The view as it is submitted: what it began with, and what was entered, by block; None empties."""
    submitted = deepcopy(view)
    values = initial(view)
    for block_id, value in entered.items():
        (state,) = values[block_id].values()
        (name,) = state.keys() - {"type"}
        state[name] = {"value": value} if name == "selected_option" and value is not None else value
    submitted["state"] = {"values": values}
    return submitted


def block(view: Json, name: str) -> Json:
    found: Json = next(b for b in view["blocks"] if b.get("block_id") == name)
    return found


def element(view: Json, name: str) -> Json:
    found: Json = block(view, name)["element"]
    return found


def form(*fields: Field) -> Form:
    return Form("Form", Call("session edit"), fields)


def asked(field: Field, known: str = "", problem: str = "") -> Json:
    return shown(
        Ask(form(field), {field.name: known} if known else {}, {field.name: problem} if problem else {})
    )


def test_a_form_of_everything_looks_like_this() -> None:
    view = shown(Ask(FORM, KNOWN, {"when": "That is in the past.", "": "Try again."}))
    assert view == json.loads((GOLDEN / "form.json").read_text("utf-8"))


def test_what_was_known_comes_back_untouched() -> None:
    for where in (HERE, Origin()):
        sent = submission(opened(shown(Ask(FORM, KNOWN), where)))
        assert sent.call == Call(
            "session schedule", {"secret": "x", **KNOWN, "when": "2026-05-14T13:00+00:00"}
        )
        assert sent.origin == where
        assert not sent.more


def test_an_empty_form_left_empty_says_nothing() -> None:
    assert submission(opened(shown(Ask(FORM)))).call == FORM.call


def test_what_is_entered_comes_back() -> None:
    entered = {
        "title": "T & <t>",
        "when": 1_778_767_200,
        "description": "a\nb",
        "capacity": "7",
        "host": "U9",
        "scope": "this",
        "day": "d0",
        "anonymous": "yes",
    }
    call = submission(opened(shown(Ask(FORM)), **entered)).call
    assert call.args == {
        **FORM.call.args,
        **{name: str(value) for name, value in entered.items()},
        "when": "2026-05-14T14:00+00:00",
        "host": "@U9",
    }


def test_what_is_emptied_comes_back_empty() -> None:
    emptied = dict.fromkeys(["title", "when", "description", "capacity", "host"]) | {
        "day": NOTHING,
        "anonymous": NOTHING,
    }
    call = submission(opened(shown(Ask(FORM, KNOWN)), **emptied)).call
    assert {name: call.args[name] for name in emptied} == dict.fromkeys(emptied, "")
    assert call.args["scope"] == "all"


def test_what_was_emptied_before_stays_so() -> None:
    assert submission(opened(shown(Ask(FORM, {"description": ""})))).call.args["description"] == ""


def test_words_of_a_call_and_a_value_without_a_field_are_kept() -> None:
    call = Call("resource save", {"key": "k"}, (Word("a b", quoted=True), Word("c")))
    ask = Ask(Form("Save", call, (Field("url", "Link"),)), {"other": "kept"})
    sent = submission(opened(shown(ask), url="https://example.org"))
    assert sent.call == Call(
        "resource save", {"key": "k", "other": "kept", "url": "https://example.org"}, call.rest
    )


# Kinds of fields.


def test_a_line_and_a_paragraph() -> None:
    line = element(asked(Field("x", "X", limit=40, usual="usual & so")), "x")
    assert line == {
        "type": "plain_text_input",
        "action_id": "x",
        "max_length": 40,
        "placeholder": {"type": "plain_text", "text": "usual &amp; so", "emoji": False},
    }
    assert element(asked(Field("x", "X", "paragraph", limit=9_999)), "x")["max_length"] == 3_000
    assert element(asked(Field("x", "X"), "a\nb"), "x")["multiline"], "a line break stays in sight"


def test_text_over_its_limit_can_be_shortened() -> None:
    view = asked(Field("x", "X", limit=40), "a" * 50, "At most 40.")
    assert element(view, "x")["initial_value"] == "a" * 50
    assert element(view, "x")["max_length"] == 50


def test_text_over_slacks_limit_is_not_cut_silently() -> None:
    view = asked(Field("x", "X", "paragraph"), "a" * 40_000, "At most 3,000.")
    assert element(view, "x")["initial_value"] == "a" * 3_000
    assert "At most 3,000." in words(view["blocks"])
    assert "has 40,000 characters. Here are the first 3,000" in words(view["blocks"])


def test_required_and_optional() -> None:
    for kind in ("line", "paragraph", "number", "person"):
        for required in (True, False):
            assert block(asked(Field("x", "X", kind, required)), "x")["optional"] is not required


def test_a_few_choices_are_radio_buttons_and_many_a_menu() -> None:
    few = element(asked(Field("x", "X", "choice", choices=FEW)), "x")
    assert (few["type"], [o["value"] for o in few["options"]]) == (
        "radio_buttons",
        ["this", "following", "all"],
    )
    many = element(asked(Field("x", "X", "choice", choices=MANY)), "x")
    assert (many["type"], len(many["options"])) == ("static_select", 7)
    assert "initial_option" not in few
    assert "initial_option" not in many


def test_an_optional_choice_can_be_left_out_again() -> None:
    view = asked(Field("x", "X", "yesno", required=False, usual="no"))
    assert [o["text"]["text"] for o in element(view, "x")["options"]] == ["Yes", "No", "As usual: No"]
    assert submission(opened(view)).call.args == {}
    view = asked(Field("x", "X", "choice", required=False, choices=MANY), "d3")
    assert element(view, "x")["options"][-1]["text"]["text"] == "No answer"
    assert submission(opened(view, x=NOTHING)).call.args == {"x": ""}


@pytest.mark.parametrize(("known", "chosen"), [("yes", "yes"), ("No", "no"), (" YES ", "yes")])
def test_a_choice_is_known_however_it_was_written(known: str, chosen: str) -> None:
    assert element(asked(Field("x", "X", "yesno"), known), "x")["initial_option"]["value"] == chosen


@pytest.mark.parametrize("choices", [FEW, MANY])
def test_a_choice_that_is_none_is_said(choices: tuple[Option, ...]) -> None:
    view = asked(Field("x", "X & y", "choice", choices=choices), "never & <x>", "It is one of these.")
    assert "initial_option" not in element(view, "x")
    assert "“X & y” was “never & <x>”, which is none of these." in words(view["blocks"])


def test_a_choice_without_choices_is_text() -> None:
    assert element(asked(Field("x", "X", "choice"), "a"), "x")["initial_value"] == "a"


def test_a_value_that_slack_would_not_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to 150"):
        asked(Field("x", "X", "choice", choices=(Option("v" * 151, "V"),)))


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        ("", "number_input"),
        (" 12 ", "number_input"),
        ("-3", "number_input"),
        ("a dozen", "plain_text_input"),
        ("1.5", "plain_text_input"),
        ("١٢", "plain_text_input"),
    ],
)
def test_a_number_that_is_none_is_text(known: str, kind: str) -> None:
    view = asked(Field("x", "X", "number"), known)
    assert element(view, "x")["type"] == kind
    assert element(view, "x").get("initial_value", "") == (known.strip() if kind == "number_input" else known)


def test_a_moment_can_be_picked_or_said() -> None:
    view = asked(Field("when", "When", "moment", hint="for example: tue 15:00"))
    assert element(view, "when") == {"type": "datetimepicker", "action_id": "when"}
    assert element(view, f"when{WORDS}")["type"] == "plain_text_input"
    assert block(view, f"when{WORDS}")["label"]["text"] == "When, in words"
    assert submission(opened(view)).call.args == {}
    assert submission(opened(view, when=1_778_767_200)).call.args == {"when": "2026-05-14T14:00+00:00"}
    assert submission(opened(view, **{f"when{WORDS}": "tue 15:00"})).call.args == {"when": "tue 15:00"}
    both = opened(view, when=1_778_767_200, **{f"when{WORDS}": "tue 15:00"})
    assert submission(both).call.args == {"when": "tue 15:00"}, "the words win"


@pytest.mark.parametrize(
    "known",
    [
        "tue 15:00",
        "gibberish",
        "2026-05-14T15:00",
        "1970-01-02T00:00+00:00",
        "9999-12-31T23:00-10:00",
        "2026-05-14",
    ],
)
def test_a_moment_that_cannot_be_picked_stands_in_the_words(known: str) -> None:
    view = asked(Field("when", "When", "moment"), known)
    assert "initial_date_time" not in element(view, "when")
    assert element(view, f"when{WORDS}")["initial_value"] == known
    assert submission(opened(view)).call.args == {"when": known}
    assert submission(opened(view, when=1_778_767_200)).call.args == {"when": "2026-05-14T14:00+00:00"}, (
        "what changed counts"
    )


def test_a_picked_moment_gives_way_to_words() -> None:
    view = asked(Field("when", "When", "moment"), "2026-05-14T14:00+00:00")
    assert element(view, "when")["initial_date_time"] == 1_778_767_200
    assert submission(opened(view, **{f"when{WORDS}": "friday noon"})).call.args == {"when": "friday noon"}


@pytest.mark.parametrize("known", ["@U123ABC", "U123ABC", "<@U123ABC|ana>", "@W12"])
def test_a_person_known_by_id_is_picked(known: str) -> None:
    view = asked(Field("person", "Person", "person"), known)
    picked = element(view, "person")["initial_user"]
    assert picked in known
    assert submission(opened(view)).call.args == {"person": f"@{picked}"}
    assert f"person{WORDS}" not in [b.get("block_id") for b in view["blocks"]]


def test_a_person_known_by_name_stands_in_words() -> None:
    view = asked(Field("person", "Person", "person"), "@nobody", "I do not know nobody.")
    assert submission(opened(view)).call.args == {"person": "@nobody"}
    assert submission(opened(view, person="U9")).call.args == {"person": "@U9"}
    assert submission(opened(view, **{f"person{WORDS}": "ana"})).call.args == {"person": "ana"}


# Problems.


def test_problems_stand_above_their_fields() -> None:
    view = shown(Ask(FORM, KNOWN, {"capacity": "Capacity is a *number*.", "elsewhere": "This is archived."}))
    kinds = [b.get("block_id") or words([b]) for b in view["blocks"]]
    assert kinds[:2] == ["Schedule a session & more.", "This is archived."]
    assert kinds[kinds.index("capacity") - 1] == "Capacity is a *number*."


def test_problems_go_to_their_blocks() -> None:
    view = opened(shown(Ask(FORM)), title="x")
    problems = {"title": "Too <short>.", "when": "When is missing."}
    placed = errors(Ask(FORM, {}, problems), view)
    assert placed == problems
    limits.check_errors(placed, view)


def test_a_problem_with_a_moment_goes_to_what_counted() -> None:
    ask, view = Ask(FORM, {}, {"when": "That is in the past."}), shown(Ask(FORM))
    assert list(errors(ask, opened(view, when=1_778_767_200))) == ["when"]
    assert list(errors(ask, opened(view, **{f"when{WORDS}": "yesterday"}))) == [f"when{WORDS}"]


def test_a_problem_that_no_field_on_view_has_needs_the_form_anew() -> None:
    assert errors(Ask(FORM, {}, {"title": "x", "elsewhere": "y"}), opened(shown(Ask(FORM)))) == {}
    assert errors(Ask(FORM), opened(shown(Ask(FORM)))) == {}


# Pages.

LONG = Form(
    "Survey",
    Call("pulse answer", {"pulse": "P1"}),
    tuple(Field(f"q{n}", f"Question {n}", required=n % 2 == 0) for n in range(2 * PAGE_FIELDS + 3)),
    "Thank you.",
)


def fields_of(view: Json) -> list[str]:
    return [b["block_id"] for b in view["blocks"] if b["type"] == "input"]


def test_a_long_form_goes_by_pages_and_back() -> None:
    first = shown(Ask(LONG), replace(HERE, page=1))
    assert fields_of(first) == [f"q{n}" for n in range(PAGE_FIELDS)]
    assert "Page 1 of 3" in words(first["blocks"])
    assert first["submit"]["text"] == "Next"
    assert BACK not in json.dumps(first)

    sent = submission(opened(first, q0="zero", q1="one"))
    assert sent.more
    assert sent.origin == replace(HERE, page=2) == origin(first)
    second = shown(Ask(LONG, sent.call.args), sent.origin)
    assert fields_of(second)[0] == f"q{PAGE_FIELDS}"
    assert "Page 2 of 3" in words(second["blocks"])
    assert "Thank you." not in words(second["blocks"])
    assert BACK in [e["action_id"] for b in second["blocks"] if b["type"] == "actions" for e in b["elements"]]

    returned = went_back(opened(second, q12="twelve"))
    assert returned.origin.page == 1
    again = shown(Ask(LONG, returned.call.args), returned.origin)
    assert element(again, "q0")["initial_value"] == "zero"

    sent = submission(opened(again, q1=None))
    second = shown(Ask(LONG, sent.call.args), sent.origin)
    assert element(second, "q12")["initial_value"] == "twelve"
    sent = submission(opened(second))
    third = shown(Ask(LONG, sent.call.args), sent.origin)
    assert third["submit"]["text"] == "Send"
    sent = submission(opened(third, q26="last"))
    assert not sent.more
    assert sent.origin.page == 3
    assert sent.call == Call(
        "pulse answer", {"pulse": "P1", "q0": "zero", "q1": "", "q12": "twelve", "q26": "last"}
    )


def test_a_problem_leads_back_to_its_page_and_never_ahead() -> None:
    problems = {"q13": "Not that."}
    pages = [fields_of(shown(Ask(LONG, {}, problems), replace(HERE, page=page)))[0] for page in (1, 2, 3)]
    assert pages == ["q0", "q12", "q12"]


def test_values_too_long_to_carry_travel_in_sight() -> None:
    known = {f"q{n}": letter * 1_400 for n, letter in enumerate("abcd")}
    second = shown(Ask(LONG, known), replace(HERE, page=2))
    assert len(second["private_metadata"].encode()) <= 3_000
    assert len(fields_of(second)) == PAGE_FIELDS + 2
    sent = submission(opened(second))
    assert sent.call.args == {"pulse": "P1", **known}
    assert sent.origin.page == 3


def test_what_cannot_travel_at_all_is_refused_in_words() -> None:
    with pytest.raises(BadValue, match="too long for the form “Survey”"):
        modal(Ask(LONG, {"q0": "a" * 3_001}), replace(HERE, page=2))
    with pytest.raises(BadValue, match="too long"):
        modal(Ask(Form("F", Call("x", {"hidden": "é" * 1_500}), FIELDS)), HERE)
    with pytest.raises(BadValue, match="too long"):
        modal(
            Ask(
                LONG,
                {f"q{n}": "a" * 2_900 for n in range(3)}
                | {f"q{n}": "b" * 2_900 for n in range(20, 27)}
                | dict.fromkeys((f"q{n}" for n in range(100, 101)), "c" * 2_900),
            ),
            replace(HERE, page=2),
        )


# Cards in windows, and the home.


def test_a_card_in_a_window() -> None:
    view = notice(EVERYTHING, HERE)
    limits.check_view(view)
    modelled(view)
    assert view["title"]["text"] == "Intro to RAG &amp; &lt;…", "shortened in sight"
    assert words(view["blocks"]).startswith("Intro to RAG & <friends>"), "whole in the window"
    assert "submit" not in view
    assert origin(view) == HERE


def test_a_short_title_is_said_once() -> None:
    view = notice(Card("Saved", (Text(("As R3.",)),)), Origin())
    assert (view["title"]["text"], words(view["blocks"])) == ("Saved", "As R3.")
    assert notice(note("Done."), Origin())["title"]["text"] == "Answer"
    assert words(notice(Card("Saved"), Origin())["blocks"]) == "Saved"


def test_a_card_on_the_home() -> None:
    row = Buttons(tuple(Button(f"B{n}", Call("help")) for n in range(5)))
    card = Card("Home", (*[Text(("A line.",))] * 150, *[row] * 5))
    view = home(card)
    limits.check_view(view)
    modelled(view)
    assert words(view["blocks"]).count("A line.") == 150


@pytest.mark.parametrize("view", [{}, {"private_metadata": ""}, {"type": "home", "private_metadata": "{}"}])
def test_a_view_that_is_not_ours_came_from_nowhere(view: Json) -> None:
    assert origin(view) == Origin()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_cards)
def test_any_card_fits_a_window_and_the_home(card: Card) -> None:
    for view in (notice(card, HERE), home(card)):
        limits.check_view(view)
        modelled(view)
        assert {found.kind for found in alive(view["blocks"])} <= {"link", "date"}


# Whatever there is.


@pytest.mark.parametrize("path", sorted(registry().commands))
def test_the_form_of_every_command(path: str) -> None:
    command = registry().commands[path]
    if not any(not p.about.hidden for p in command.parameters):
        return
    for known in ({}, {p.name: "<!channel> *x*" for p in command.parameters}):
        ask = command.ask(known, dict.fromkeys(known, "<!here> & more"))
        view = shown(ask, Origin())
        assert list(alive(view)) == []
        assert submission(opened(view)).call.path == path


@pytest.mark.parametrize("text", list(packed([*OURS, *theirs()], 1_000)))
def test_nasty_strings_are_literal_in_forms(text: str) -> None:
    fields = (
        Field("a", text[:45], "paragraph", hint=text, usual=text, limit=1_000),
        Field("b", "B", "choice", choices=(Option("x", text[:90]), Option("y", "Y"))),
        Field("c", "C", "choice", choices=FEW),
    )
    ask = Ask(
        Form(text[:24], Call("x"), fields, text), {"a": text, "b": "x", "c": text}, {"a": text, "z": text}
    )
    view = shown(ask)
    assert list(alive(view)) == []
    call = submission(opened(view)).call
    assert (call.args["a"], call.args["b"]) == (text, "x")


@pytest.mark.parametrize("text", NO_TEXT)
def test_what_is_no_text_is_replaced_in_forms(text: str) -> None:
    fields = (Field("a", text, hint=text, usual=text), Field("b", "B", "choice", choices=FEW))
    form = Form("F", Call("x", {"hidden": text}), fields, text)
    view = shown(Ask(form, {"a": text, "b": text}, {"a": text, "b": text, "": text}))
    json.dumps(view, ensure_ascii=False).encode()
    assert "\0" not in submission(opened(view)).call.args["a"]


literal = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
kinds: st.SearchStrategy[Kind] = st.sampled_from(get_args(Kind))
values = literal | st.sampled_from(["yes", "12", "2026-05-14T15:00+02:00", "@U123", "this", ""])
options = st.lists(
    st.builds(Option, st.text("abc", min_size=1, max_size=3), literal),
    max_size=8,
    unique_by=lambda o: o.value,
)


@st.composite
def asks(draw: st.DrawFn) -> Ask:
    names = draw(st.lists(st.text("abcdefgh", min_size=1, max_size=3), min_size=1, max_size=30, unique=True))
    fields = tuple(
        Field(
            name,
            draw(literal),
            draw(kinds),
            draw(st.booleans()),
            draw(literal),
            draw(st.integers(1, 3_000)),
            tuple(draw(options)),
            draw(literal),
        )
        for name in names
    )
    known = draw(st.dictionaries(st.sampled_from(names), values))
    problems = draw(st.dictionaries(st.sampled_from([*names, "?"]), literal))
    return Ask(Form(draw(literal)[:24], Call("x"), fields, draw(literal)), known, problems)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(asks(), st.integers(1, 4))
def test_any_form_is_a_view_that_gives_back_what_was_known(ask: Ask, page: int) -> None:
    view = shown(ask, replace(HERE, page=page))
    assert list(alive(view)) == []
    args: Mapping[str, str] = submission(opened(view)).call.args
    for field in ask.form.fields:
        was = ask.known.get(field.name, "")
        now = args.get(field.name, "")
        if field.kind in ("line", "paragraph"):
            assert now == was
        elif field.kind in ("number", "person"):
            assert now.strip() in (was.strip(), f"@{was.strip()}")
    assert args.keys() <= ask.known.keys()
