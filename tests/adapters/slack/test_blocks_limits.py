"""The strict checks of messages and views that these tests and the loopback Slack rely on: what each refuses."""

from copy import deepcopy
from typing import Any

import pytest

from tests.fakes.slack import limits

Json = dict[str, Any]


def text(words: str = "x", **more: Any) -> Json:
    return {"type": "plain_text", "text": words, **more}


def button(**more: Any) -> Json:
    return {"type": "button", "text": text(), "action_id": "a", "value": "v", **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(*pieces: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(pieces)}]}


def asking(element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": "b",
        "label": text(),
        "element": {"action_id": "a", **element},
        **more,
    }


def option(value: str = "v", words: str = "x") -> Json:
    return {"text": text(words), "value": value}


LINE = {"type": "plain_text_input"}
PICKER = {"type": "datetimepicker"}
MODAL: Json = {
    "type": "modal",
    "title": text(),
    "submit": text(),
    "callback_id": "c",
    "private_metadata": "m" * 3_000,
    "blocks": [asking(LINE)],
}
DIVIDER = {"type": "divider"}

FINE = [
    {"type": "header", "text": text("x" * 150)},
    {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000, "verbatim": True}},
    {"type": "section", "fields": [text("x" * 2_000)] * 5},
    {
        "type": "context",
        "elements": [text(), {"type": "image", "image_url": "https://x.org/y", "alt_text": "y"}],
    },
    {"type": "image", "image_url": "https://x.org/y.png", "alt_text": "y" * 2_000},
    actions(
        button(style="danger", accessibility_label="x" * 75), button(action_id="b" * 255, value="v" * 2_000)
    ),
    asking(LINE | {"max_length": 3_000, "initial_value": "x" * 3_000}, optional=True, hint=text()),
    asking({"type": "radio_buttons", "options": [option(), option("w")], "initial_option": option("w")}),
    asking(PICKER | {"initial_date_time": 1_700_000_000}),
    rich({"type": "text", "text": "x" * 3_000, "style": {"bold": True}}),
    rich({"type": "date", "timestamp": 1, "format": "{date} at {time}", "fallback": "then"}),
    rich({"type": "link", "url": "https://x.org", "text": "x"}),
]

BAD: list[tuple[str, Json]] = [
    ("/blocks/0 must not be of type none_such", {"type": "none_such"}),
    ("/blocks/0 must not be of type None", {}),
    ("/blocks/0/text/text must be less than 151 characters", {"type": "header", "text": text("x" * 151)}),
    ("/blocks/0/text must not be of type mrkdwn", {"type": "header", "text": {"type": "mrkdwn", "text": "x"}}),
    ("must be more than 0 characters", {"type": "header", "text": text("")}),
    ("must be less than 3001 characters", {"type": "section", "text": text("x" * 3_001)}),
    ("must have text or fields", {"type": "section"}),
    ("/fields must have from 1 to 10 items", {"type": "section", "fields": [text()] * 11}),
    ("must be less than 2001 characters", {"type": "section", "fields": [text("x" * 2_001)]}),
    ("must not have the property colour", {"type": "divider", "colour": "red"}),
    ("/text must be less than 76 characters", actions(button(text=text("x" * 76)))),
    ("/value must be less than 2001 characters", actions(button(value="v" * 2_001))),
    ("/action_id must be less than 256 characters", actions(button(action_id="a" * 256))),
    ("/accessibility_label must be less than 76", actions(button(accessibility_label="x" * 76))),
    ("/style must be one of primary, danger", actions(button(style="plain"))),
    ("action_id 'a' already exists", actions(button(), button())),
    ("/elements must have from 1 to 25 items", actions(*[button(action_id=str(n)) for n in range(26)])),
    ("/elements/0 must not be of type plain_text_input", actions(LINE)),
    ("/element must not be of type button", asking(button())),
    ("/block_id must be less than 256 characters", {"type": "divider", "block_id": "b" * 256}),
    ("/image_url must match", {"type": "image", "image_url": "data:image/png;base64,x", "alt_text": "y"}),
    ("must have the property alt_text", {"type": "image", "image_url": "https://x.org/y"}),
    ("must have image_url or slack_file", {"type": "image", "alt_text": "y"}),
    ("/text must be less than 3001", rich({"type": "text", "text": "x" * 3_001})),
    ("/text must be more than 0", rich({"type": "text", "text": ""})),
    ("/url must match", rich({"type": "link", "url": "javascript:alert(1)"})),
    ("/format must match", rich({"type": "date", "timestamp": 1, "format": "no token"})),
    ("/timestamp must be an integer", rich({"type": "date", "timestamp": 1.5, "format": "{date}"})),
    ("/user_id must match", rich({"type": "user", "user_id": "ana"})),
    ("/max_length must be an integer from 1 to 3000", asking(LINE | {"max_length": 3_001})),
    ("/initial_value must be less than 3001", asking(LINE | {"initial_value": "x" * 3_001})),
    ("/initial_date_time must be an integer", asking(PICKER | {"initial_date_time": 1})),
    ("/options must have from 1 to 100 items", asking({"type": "static_select", "options": []})),
    ("/options must have from 1 to 10 items", asking({"type": "radio_buttons", "options": [option(str(n)) for n in range(11)]})),
    ("/options must not have a value twice", asking({"type": "radio_buttons", "options": [option(), option()]})),
    ("that is one of its options", asking({"type": "static_select", "options": [option()], "initial_option": option("w")})),
    ("/value must be less than 151 characters", asking({"type": "static_select", "options": [option("v" * 151)]})),
    ("must be text", {"type": "header", "text": text("\ud800")}),
]  # fmt: skip


def message(*blocks: Json) -> Json:
    return {"text": "x", "blocks": list(blocks)}


def modal(**more: Any) -> Json:
    return deepcopy(MODAL) | more


@pytest.mark.parametrize("block", FINE)
def test_what_is_taken_in_a_message_and_in_a_modal(block: Json) -> None:
    limits.check_message(message(block))
    limits.check_view(modal(blocks=[block]))


@pytest.mark.parametrize(("said", "block"), BAD)
def test_what_is_refused_in_a_message_and_in_a_modal(said: str, block: Json) -> None:
    for word, check, payload in (
        ("invalid_blocks", limits.check_message, message(block)),
        ("invalid_arguments", limits.check_view, modal(blocks=[block])),
    ):
        with pytest.raises(limits.Refused) as refused:
            check(payload)
        assert refused.value.word == word
        assert said in str(refused.value)


@pytest.mark.parametrize(
    ("word", "payload"),
    [
        ("no_text", {"blocks": [DIVIDER]}),
        ("no_text", {"text": " ", "blocks": [DIVIDER]}),
        ("msg_too_long", {"text": "x" * 40_001}),
        ("invalid_blocks_format", {"text": "x", "blocks": "{"}),
        ("invalid_blocks_format", {"text": "x", "blocks": {}}),
        ("invalid_blocks", message(*[DIVIDER] * 51)),
        ("invalid_blocks", message({"type": "divider", "block_id": "b"}, {"type": "divider", "block_id": "b"})),
        ("invalid_blocks", message(actions(button()), actions(button()))),
        ("invalid_blocks", message(asking({"type": "number_input", "is_decimal_allowed": False}))),
        ("msg_blocks_too_long", message(*[{"type": "section", "text": text("x" * 3_000)}] * 4, DIVIDER, {"type": "section", "text": text()})),
    ],
)  # fmt: skip
def test_what_is_refused_of_a_message(word: str, payload: Json) -> None:
    with pytest.raises(limits.Refused) as refused:
        limits.check_message(payload)
    assert refused.value.word == word


def test_messages_at_their_limits() -> None:
    limits.check_message({"text": "x" * 40_000})
    limits.check_message({"text": "x", "blocks": "[]"})
    limits.check_message(message(*[DIVIDER] * 50))
    limits.check_message(message(*[{"type": "section", "text": text("x" * 3_000)}] * 4))


@pytest.mark.parametrize(
    ("said", "view"),
    [
        ("must be a modal or a home", {"type": "workflow_step"}),
        ("/title/text must be less than 25 characters", modal(title=text("x" * 25))),
        ("/submit/text must be less than 25 characters", modal(submit=text("x" * 25))),
        ("/private_metadata must be less than 3001", modal(private_metadata="m" * 3_001)),
        ("/callback_id must be less than 256", modal(callback_id="c" * 256)),
        ("/blocks must have from 1 to 100 items", modal(blocks=[DIVIDER] * 101)),
        ("/blocks must have from 1 to 100 items", modal(blocks=[])),
        ("must have the property title", {"type": "modal", "blocks": [DIVIDER]}),
        ("/submit must be there", {"type": "modal", "title": text(), "blocks": [asking(LINE)]}),
        ("block_id 'b' already exists", modal(blocks=[asking(LINE), asking(LINE | {"action_id": "c"})])),
        ("must not have datetimepicker in a home", {"type": "home", "blocks": [asking(PICKER)]}),
        ("must not have the property title", {"type": "home", "title": text(), "blocks": [DIVIDER]}),
    ],
)
def test_what_is_refused_of_a_view(said: str, view: Json) -> None:
    with pytest.raises(limits.Refused, match="invalid_arguments") as refused:
        limits.check_view(view)
    assert said in str(refused.value)


def test_views_at_their_limits() -> None:
    limits.check_view(modal(title=text("x" * 24), blocks=[DIVIDER] * 99 + [asking(LINE)]))
    limits.check_view({"type": "home", "blocks": [DIVIDER] * 100})
    with pytest.raises(limits.Refused, match="view_too_large"):
        limits.check_view(modal(blocks=[{"type": "section", "text": text("x" * 2_990)}] * 90))


@pytest.mark.parametrize("errors", [{}, [], {"other": "x"}, {"b": ""}, {"b": 1}])
def test_errors_that_slack_could_not_place(errors: Any) -> None:
    with pytest.raises(limits.Refused):
        limits.check_errors(errors, MODAL)
    limits.check_errors({"b": "Not that."}, MODAL)
