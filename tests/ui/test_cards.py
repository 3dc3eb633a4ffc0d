"""Cards keep the limits all platforms share, and survive being kept as JSON."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, File, Image, Rule, Text, on_request, words
from bot.ui.codec import dump, load, load_card
from bot.ui.forms import Field, Form
from bot.ui.spans import Bold, Code, Link, Mention, Moment

AT = datetime(2026, 3, 3, 15, tzinfo=UTC)
FULL = Card(
    "Title",
    (
        Text(
            (
                "plain",
                Bold("b"),
                Code("c"),
                Link("https://x.org", "x"),
                Mention(1, "Ana", {"slack": "U1"}),
                Moment(AT),
            )
        ),
        Facts((("Where", ("room",)),)),
        Image("https://x.org/a.png", "a chart"),
        File("a.json", "application/json", "{}"),
        Rule(),
        Buttons((Button("Going", Call("session rsvp", {"session": "S1", "answer": "yes"}), "primary"),)),
    ),
)


def test_a_card_comes_back_from_json_as_it_was() -> None:
    assert load_card(json.loads(json.dumps(dump(FULL)))) == FULL


def test_something_else_is_no_card() -> None:
    with pytest.raises(ValueError, match="not a card"):
        load_card({})


@given(st.text(max_size=200))
def test_any_text_survives(text: str) -> None:
    card = Card(blocks=(Text((text,)),))
    assert load(json.loads(json.dumps(dump(card)))) == card
    assert words(card) == text


@pytest.mark.parametrize(
    "build",
    [
        lambda: Card("x" * 151),
        lambda: Text(("x" * 3_001,)),
        lambda: Card("", (Text(("x" * 2_800,)), Text(("x" * 2_800,)))),
        lambda: Facts(tuple((str(i), ("v",)) for i in range(11))),
        lambda: Button("x" * 76, Call("help")),
        lambda: Buttons(tuple(Button(str(i), Call("help")) for i in range(6))),
        lambda: Card("", tuple(Buttons((Button("x", Call("help")),)) for _ in range(6))),
        lambda: Form("x" * 25, Call("help"), (Field("a", "A"),)),
        lambda: Form("x", Call("help"), ()),
        lambda: Field("a", "x" * 46),
        lambda: Moment(datetime(2026, 3, 3)),  # noqa: DTZ001  # a naive time is what is refused
    ],
)
def test_what_some_platform_would_refuse_is_refused_here(build) -> None:  # type: ignore[no-untyped-def]  # lambdas of several types
    with pytest.raises(ValueError, match=r"may have|over|needs"):
        build()


def test_a_file_that_can_be_had_again_waits_behind_a_button() -> None:
    again = Call("session file", {"session": "S1"})
    kept = File("export.json", "application/json", "{}")
    card = Card(blocks=(Text(("Noted.",)), File("S1.ics", "text/calendar", "BEGIN", again), kept))
    shown = on_request(card)
    assert shown.blocks == (Text(("Noted.",)), kept, Buttons((Button("Get S1.ics", again),)))
    assert on_request(shown) is shown


def test_a_form_of_seven_fields_has_two_pages() -> None:
    form = Form("x", Call("help"), tuple(Field(str(i), str(i)) for i in range(7)))
    assert [len(page) for page in form.pages()] == [5, 2]
