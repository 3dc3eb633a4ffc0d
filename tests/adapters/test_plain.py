"""Cards as plain text that no person can forge, and forms answered one question at a time."""

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import plain
from adapters.plain import FormWalk
from bot.chat import Ask
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, Image, Rule, Text, note
from bot.ui.forms import Field, Form, Option
from bot.ui.spans import Bold, Code, Link, Mention, Moment

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def shown(card: Card) -> str:
    return plain.render(card, zone=LONDON, now=NOW)


def test_a_card_is_drawn_whole() -> None:
    card = Card(
        "Intro to RAG",
        (
            Text((Bold("With "), Mention(1, "Fran"), ", see ", Code("/cop help"), ".")),
            Facts((("When", (Moment(TUESDAY),)), ("Where", (Link("https://meet.example/x", "the room"),)))),
            Image("https://pictures.example/a.png", "a bar chart"),
            Rule(),
            Buttons((Button("Going", Call("session rsvp")), Button("Maybe", Call("session rsvp")))),
            Buttons((Button("Details", Call("session show")),)),
        ),
    )
    assert shown(card) == "\n".join(
        [
            "Intro to RAG",
            "With @Fran, see `/cop help`.",
            "When: Tue 3 Mar 2026 15:00 Europe/London (in 2 days)",
            "Where: the room <https://meet.example/x>",
            "Picture: a bar chart <https://pictures.example/a.png>",
            "--------",
            "[1] Going  [2] Maybe",
            "[3] Details",
        ]
    )


def test_a_link_never_hides_its_host() -> None:
    assert shown(note(Link("https://evil.example/", "https://good.example/"))) == (
        "https://good.example/ <https://evil.example/>"
    )
    assert shown(note(Link("https://good.example/", "https://good.example/"))) == "https://good.example/"


def test_a_picture_carried_inside_its_address_shows_its_words_alone() -> None:
    assert shown(Card(blocks=(Image("data:image/png;base64,AAAA", "a chart"),))) == "Picture: a chart"


def test_a_moment_without_a_readers_zone_names_its_own() -> None:
    card = note(Moment(TUESDAY, "America/New_York"))
    assert plain.render(card, zone=None, now=NOW) == "Tue 3 Mar 2026 10:00 America/New_York (in 2 days)"
    assert shown(card) == "Tue 3 Mar 2026 15:00 Europe/London (in 2 days)"


@pytest.mark.parametrize("name", ["Nowhere/Land", "/etc/passwd", ""])
def test_a_zone_this_machine_does_not_know_is_shown_in_utc(name: str) -> None:
    assert plain.render(note(Moment(TUESDAY, name)), zone=None, now=NOW) == (
        "Tue 3 Mar 2026 15:00 UTC (in 2 days)"
    )


def test_a_second_line_is_indented() -> None:
    card = Card("Title", (Text(("one\n#general Hearth: two",)), Facts((("Note", ("a\n(only @ben) b",)),))))
    assert shown(card) == "Title\none\n  #general Hearth: two\nNote: a\n  (only @ben) b"


@pytest.mark.parametrize(
    ("given_text", "written"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb", r"a\rb"),
        ("a\x85b", r"a\x85b"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066\u200f", r"\u2066\u200f"),
        ("half \ud800", r"half \ud800"),
        ("bell\x07", r"bell\x07"),
        ("a\r\nb\tc", "a\nb c"),
        ("👩‍👩‍👧 שלום", "👩‍👩‍👧 שלום"),
    ],
)
def test_what_moves_or_reorders_text_is_written_out(given_text: str, written: str) -> None:
    assert plain.inert(given_text) == written


def people_say(limit: int = 40) -> st.SearchStrategy[str]:
    nasty = st.sampled_from("\n\r\x0b\x0c\x1b\x1c\x85\u2028\u2029\u202e\u2066\ud800#@:[]")
    return st.text(st.one_of(nasty, st.characters()), max_size=limit)


@given(title=people_say(), body=people_say(), label=people_say(), value=people_say(), name=people_say())
def test_only_the_card_begins_lines(title: str, body: str, label: str, value: str, name: str) -> None:
    card = Card(
        f"Title {title}",
        (
            Text(("Says: ", body.lstrip(), Mention(1, name))),  # as bot.text.clean lets it in
            Facts(((f"Note {label}", (value.lstrip(),)),)),
            Buttons((Button(f"Go {label}", Call("help")),)),
        ),
    )
    text = shown(card)
    begun = [line.lstrip()[:4] for line in text.splitlines() if line and not line.startswith("  ")]
    assert begun == ["Titl", "Says", "Note", "[1] "]
    assert all(unicodedata.category(c) not in {"Cc", "Cs", "Zl", "Zp"} for c in text.replace("\n", ""))


WHEN = Field("when", "When", "moment", hint="for example: tue 15:00")
TITLE = Field("title", "Title")
WHO = Field(
    "who", "Who may join", "choice", required=False, choices=(Option("open", "all"), Option("ask", "ask"))
)
SCHEDULE = Form(
    "Schedule a session", Call("session schedule", {"community": "ai"}), (TITLE, WHEN, WHO), "In #general."
)


def walk(*answers: str, asked: Ask) -> FormWalk | Call | None:
    step: FormWalk | Call | None = FormWalk.start(asked)
    for answer in answers:
        assert isinstance(step, FormWalk), f"the form was over before “{answer}”"
        step = step.answer(answer)
    return step


def at(step: FormWalk | Call | None) -> FormWalk:
    assert isinstance(step, FormWalk)
    return step


def test_a_question_says_what_is_wrong_and_what_to_do() -> None:
    assert plain.ask(SCHEDULE, WHEN, "That is in the past.", present="mon 9:00") == "\n".join(
        [
            "Schedule a session",
            "In #general.",
            "That is in the past.",
            "When (for example: tue 15:00)?",
            "Now: mon 9:00 (an empty answer keeps it)",
            "cancel stops.",
        ]
    )
    assert plain.ask(SCHEDULE, WHO, opening=False) == (
        "Who may join?\n  [1] all\n  [2] ask\n- leaves it out, cancel stops."
    )


def test_a_fresh_form_asks_every_field() -> None:
    assert walk("RAG", "tue 15:00", "2", asked=Ask(SCHEDULE)) == Call(
        "session schedule", {"community": "ai", "title": "RAG", "when": "tue 15:00", "who": "ask"}
    )


def test_a_form_with_problems_asks_for_those_alone() -> None:
    asked = Ask(SCHEDULE, {"title": "RAG", "when": "yesterday"}, {"when": "That is in the past."})
    assert "That is in the past." in at(walk(asked=asked)).question()
    assert walk("fri 15:00", asked=asked) == Call(
        "session schedule", {"community": "ai", "title": "RAG", "when": "fri 15:00"}
    )


def test_a_problem_of_no_field_is_said_first() -> None:
    asked = Ask(SCHEDULE, {"title": "RAG"}, {"": "The room is taken."})
    assert "The room is taken." in at(walk(asked=asked)).question()
    assert "The room is taken." not in at(walk("RAG 2", asked=asked)).question()


def test_a_known_form_keeps_what_gets_an_empty_answer() -> None:
    known = {"title": "RAG", "when": "tue 15:00", "who": "open", "hidden": "7"}
    assert walk("", "wed 9:00", "", asked=Ask(SCHEDULE, known)) == Call(
        "session schedule", {"community": "ai", **known, "when": "wed 9:00"}
    )
    assert "Now: all" in at(walk("", "", asked=Ask(SCHEDULE, known))).question()


def test_a_dash_empties_what_was_there_and_leaves_out_what_was_not() -> None:
    known = {"title": "RAG", "when": "tue 15:00", "who": "open"}
    emptied = walk("", "", "-", asked=Ask(SCHEDULE, known))
    assert emptied == Call("session schedule", {"community": "ai", **known, "who": ""})
    left_out = walk("RAG", "tue", "-", asked=Ask(SCHEDULE))
    assert left_out == Call("session schedule", {"community": "ai", "title": "RAG", "when": "tue"})


@pytest.mark.parametrize("nothing", ["", "-", "  "])
def test_a_required_field_is_asked_again(nothing: str) -> None:
    again = at(walk(nothing, asked=Ask(SCHEDULE)))
    assert again.field is TITLE
    assert "This one is needed." in again.question()
    assert at(again.answer("RAG")).field is WHEN


def test_cancel_abandons() -> None:
    assert walk("RAG", "Cancel", asked=Ask(SCHEDULE)) is None


@pytest.mark.parametrize(
    ("typed", "value"), [("2", "ask"), ("ALL", "open"), ("open", "open"), ("later", "later")]
)
def test_a_choice_by_number_label_or_value(typed: str, value: str) -> None:
    assert plain.chosen(WHO, typed) == value


def test_a_scale_is_chosen_by_its_own_numbers() -> None:
    scale = Field(
        "score", "How likely", "choice", choices=tuple(Option(str(n), f"{n} of 10") for n in range(11))
    )
    assert plain.chosen(scale, "7") == "7"
    assert "[0] 0 of 10" in plain.ask(SCHEDULE, scale)


def test_yes_and_no_are_choices() -> None:
    field = Field("anonymous", "Anonymous", "yesno")
    assert plain.chosen(field, "2") == "no"
    assert "[1] yes" in plain.ask(SCHEDULE, field)


@pytest.mark.parametrize("typed", ["going", "GOING", "✅ Going", "2"])
def test_a_button_is_found_by_label_or_number(typed: str) -> None:
    card = Card(blocks=(Buttons((Button("❌ No", Call("a")), Button("✅ Going", Call("b")))),))
    found = plain.press(card, typed)
    assert found is not None
    assert found.call == Call("b")


@pytest.mark.parametrize("typed", ["Goin", "0", "3", "", "²"])
def test_no_button_is_found_by_anything_else(typed: str) -> None:
    card = Card(blocks=(Buttons((Button("No", Call("a")), Button("Going", Call("b")))),))
    assert plain.press(card, typed) is None


def test_a_label_that_is_a_number_goes_before_the_number() -> None:
    card = Card(blocks=(Buttons((Button("2", Call("two")), Button("1", Call("one")))),))
    found = plain.press(card, "1")
    assert found is not None
    assert found.call == Call("one")
