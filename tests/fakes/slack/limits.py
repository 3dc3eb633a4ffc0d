"""What Slack refuses of a message or a view: kinds, places, lengths and counts, by its own error words.

The figures are those of docs.slack.dev (reference/block-kit, reference/views) as read in November 2026.
Where Slack is known to be lax and its documentation is not, this follows the documentation.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

Json = dict[str, Any]
Surface = Literal["message", "modal", "home"]
Check = Callable[[Any], Iterator[str]]

BLOCKS = {"message": 50, "modal": 100, "home": 100}
TEXT_LIMIT = 40_000
"""Characters of a message's `text`; longer ones are refused as msg_too_long."""
BLOCKS_TEXT_LIMIT = 12_000
"""All text of a message's blocks; Slack counts about 13,200 with what holds it (slackapi/bolt-js#2509, #2867)."""
VIEW_BYTES = 250_000


class Refused(ValueError):
    """Slack's error word, and what it says beside it in `response_metadata.messages`."""

    def __init__(self, word: str, *messages: str) -> None:
        super().__init__(word)
        self.word = word
        self.messages = messages

    def __str__(self) -> str:
        return self.word if not self.messages else f"{self.word}: {'; '.join(self.messages)}"


def check_message(payload: Mapping[str, Any]) -> None:
    """Raise Refused for a `chat.postMessage`, `chat.update` or `response_url` body that Slack would not take.

    A message needs a `text` even where it has blocks: it is what notifications and screen readers say.
    """
    text = payload.get("text", "")
    if not isinstance(text, str) or not text.strip():
        raise Refused("no_text", "a message needs a text, with blocks too")
    if len(text) > TEXT_LIMIT:
        raise Refused("msg_too_long")
    if "blocks" not in payload:
        return
    blocks = _decoded(payload["blocks"], "invalid_blocks_format")
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    problems = list(_blocks(blocks, "message"))
    if problems:
        raise Refused("invalid_blocks", *problems)
    if sum(len(text) for text in _texts(blocks)) > BLOCKS_TEXT_LIMIT:
        raise Refused("msg_blocks_too_long")


def check_view(view: Any) -> None:
    """Raise Refused for a `views.open`, `push`, `update`, `publish` or `response_action` view."""
    view = _decoded(view, "invalid_arguments")
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        raise Refused("invalid_arguments", "view must be a modal or a home")
    shape = MODAL if view["type"] == "modal" else HOME
    problems = [f"/view{problem}" for problem in shape(view)]
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        problems += [f"/view{problem}" for problem in _blocks(blocks, view["type"])]
        asks = any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
        if view["type"] == "modal" and asks and "submit" not in view:
            problems.append("/view/submit must be there when there is an input block")
    if problems:
        raise Refused("invalid_arguments", *problems)
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES:
        raise Refused("view_too_large")


def check_errors(errors: Any, view: Json) -> None:
    """Raise Refused for a `response_action: errors` that names no input block of the view."""
    asked = {b.get("block_id") for b in view["blocks"] if b["type"] == "input"}
    if not isinstance(errors, dict) or not errors:
        raise Refused("invalid_arguments", "errors must be texts by block_id")
    for block_id, words in errors.items():
        if block_id not in asked:
            raise Refused("invalid_arguments", f"no input block is called {block_id}")
        if not isinstance(words, str) or not 0 < len(words) <= 3_000:
            raise Refused("invalid_arguments", f"the error of {block_id} has no text or too much")


def _decoded(value: Any, word: str) -> Any:
    """Return what a form-encoded call carries as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Refused(word) from None


# Checks of one value: each yields what is wrong, every sentence beginning with the place.


def string(limit: int, least: int = 1) -> Check:
    def check(value: Any) -> Iterator[str]:
        if not isinstance(value, str):
            yield " must be a string"
        elif len(value) < least:
            yield f" must be more than {least - 1} characters"
        elif len(value) > limit:
            yield f" must be less than {limit + 1} characters"
        elif any("\ud800" <= c <= "\udfff" or c == "\0" for c in value):
            yield " must be text"

    return check


def matching(pattern: str, limit: int = 255) -> Check:
    def check(value: Any) -> Iterator[str]:
        yield from string(limit)(value)
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            yield f" must match {pattern}"

    return check


def boolean(value: Any) -> Iterator[str]:
    if not isinstance(value, bool):
        yield " must be a boolean"


def integer(low: int, high: int) -> Check:
    def check(value: Any) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield f" must be an integer from {low} to {high}"

    return check


def one_of(*words: str) -> Check:
    def check(value: Any) -> Iterator[str]:
        if value not in words:
            yield f" must be one of {', '.join(words)}"

    return check


def many(item: Check, most: int, least: int = 1) -> Check:
    def check(value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield " must be an array"
        elif not least <= len(value) <= most:
            yield f" must have from {least} to {most} items"
        else:
            for number, each in enumerate(value):
                yield from (f"/{number}{problem}" for problem in item(each))

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return the check of an object with these properties and no others."""
    known = {"type": string(50), **required, **(optional or {})}

    def check(value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield " must be an object"
            return
        for name in required.keys() - value.keys():
            yield f" must have the property {name}"
        for name, each in value.items():
            if name not in known:
                yield f" must not have the property {name}"
            else:
                yield from (f"/{name}{problem}" for problem in known[name](each))

    return check


def kind(shapes: Mapping[str, Check], *allowed: str) -> Check:
    """Return the check of an object whose `type` is one of those allowed, all of them unless named."""

    def check(value: Any) -> Iterator[str]:
        found = str(value.get("type")) if isinstance(value, dict) else "none"
        if found not in shapes or (allowed and found not in allowed):
            yield f" must not be of type {found}"
        else:
            yield from shapes[found](value)

    return check


def choosing(element: Check) -> Check:
    """Return the check of an element with options: no value twice, and initially one of them."""

    def check(value: Any) -> Iterator[str]:
        problems = list(element(value))
        yield from problems
        if not problems:
            values = [option["value"] for option in value["options"]]
            if len(values) != len(set(values)):
                yield "/options must not have a value twice"
            for option in [value.get("initial_option"), *value.get("initial_options", [])]:
                if option is not None and option not in value["options"]:
                    yield " must have an initial option that is one of its options"

    return check


def text(limit: int, *kinds: str) -> Check:
    return kind(
        {
            "plain_text": shape({"type": string(20), "text": string(limit)}, {"emoji": boolean}),
            "mrkdwn": shape({"type": string(20), "text": string(limit)}, {"verbatim": boolean}),
        },
        *kinds,
    )


def plain(limit: int) -> Check:
    return text(limit, "plain_text")


ID = string(255)
URL = matching(r"https?://\S+", 3_000)
OPTION = shape(
    {"text": text(75), "value": string(150)},
    {"description": text(75), "url": URL},
)
CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
ACTION = {"action_id": ID}
ASKING = {**ACTION, "placeholder": plain(150), "focus_on_load": boolean, "confirm": CONFIRM}
DISPATCH = {"dispatch_action_config": shape({"trigger_actions_on": many(string(50), 2)})}
USER = matching(r"[UW][A-Z0-9]+")
IMAGE = shape({"image_url": URL, "alt_text": string(2_000)})
EPOCH = integer(1_000_000_000, 9_999_999_999)  # ten digits

ELEMENTS: dict[str, Check] = {
    "button": shape(
        {"text": plain(75)},
        {
            **ACTION,
            "value": string(2_000),
            "url": URL,
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
    ),
    "checkboxes": choosing(
        shape({"options": many(OPTION, 10)}, {**ASKING, "initial_options": many(OPTION, 10)})
    ),
    "datepicker": shape({}, {**ASKING, "initial_date": matching(r"\d{4}-\d{2}-\d{2}")}),
    "datetimepicker": shape(
        {}, {**ACTION, "focus_on_load": boolean, "confirm": CONFIRM, "initial_date_time": EPOCH}
    ),
    "image": IMAGE,
    "number_input": shape(
        {"is_decimal_allowed": boolean},
        {
            **ACTION,
            **DISPATCH,
            "placeholder": plain(150),
            "focus_on_load": boolean,
            "initial_value": matching(r"-?\d+(\.\d+)?"),
            "min_value": matching(r"-?\d+(\.\d+)?"),
            "max_value": matching(r"-?\d+(\.\d+)?"),
        },
    ),
    "overflow": shape({"options": many(OPTION, 5)}, {**ACTION, "confirm": CONFIRM}),
    "plain_text_input": shape(
        {},
        {
            **ACTION,
            **DISPATCH,
            "placeholder": plain(150),
            "focus_on_load": boolean,
            "initial_value": string(3_000, least=0),
            "multiline": boolean,
            "min_length": integer(0, 3_000),
            "max_length": integer(1, 3_000),
        },
    ),
    "radio_buttons": choosing(
        shape(
            {"options": many(OPTION, 10)},
            {**ACTION, "focus_on_load": boolean, "confirm": CONFIRM, "initial_option": OPTION},
        )
    ),
    "static_select": choosing(shape({"options": many(OPTION, 100)}, {**ASKING, "initial_option": OPTION})),
    "timepicker": shape({}, {**ASKING, "initial_time": matching(r"\d{2}:\d{2}"), "timezone": string(100)}),
    "users_select": shape({}, {**ASKING, "initial_user": USER}),
}

STYLE = shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
STYLED = {"style": STYLE}
PIECE = kind(
    {
        "text": shape({"text": string(3_000)}, STYLED),
        "link": shape({"url": URL}, {"text": string(3_000), "unsafe": boolean, **STYLED}),
        "user": shape({"user_id": USER}, STYLED),
        "usergroup": shape({"usergroup_id": ID}, STYLED),
        "channel": shape({"channel_id": ID}, STYLED),
        "emoji": shape({"name": matching(r"[a-z0-9_+'-]+")}, {"unicode": ID, **STYLED}),
        "broadcast": shape({"range": one_of("here", "channel", "everyone")}, STYLED),
        "date": shape(
            {"timestamp": integer(-(2**40), 2**40), "format": matching(r"[^{}]*(\{[a-z_]+\}[^{}]*)+")},
            {"fallback": string(300), "url": URL, "timezone": ID, **STYLED},
        ),
    }
)
SECTION = shape({"elements": many(PIECE, 500)})
QUOTE = shape({"elements": many(PIECE, 500)}, {"border": integer(0, 1)})
RICH = kind(
    {
        "rich_text_section": SECTION,
        "rich_text_quote": QUOTE,
        "rich_text_preformatted": QUOTE,
        "rich_text_list": shape(
            {
                "elements": many(kind({"rich_text_section": SECTION}), 100),
                "style": one_of("bullet", "ordered"),
            },
            {"indent": integer(0, 8), "offset": integer(0, 1_000), "border": integer(0, 1)},
        ),
    }
)

_PICKED = ("checkboxes", "datepicker", "radio_buttons", "static_select", "timepicker", "users_select")
IN_INPUT = (*_PICKED, "datetimepicker", "number_input", "plain_text_input")
IN_ACTIONS = (*_PICKED, "button", "datetimepicker", "overflow")
IN_SECTION = (*_PICKED, "button", "overflow", "image")
ONLY_IN: dict[str, tuple[Surface, ...]] = {
    "number_input": ("modal",),
    "datetimepicker": ("message", "modal"),
    "markdown": ("message",),
}

_BLOCK = {"block_id": ID}
KINDS: dict[str, Check] = {
    "actions": shape({"elements": many(kind(ELEMENTS, *IN_ACTIONS), 25)}, _BLOCK),
    "context": shape(
        {"elements": many(kind({"image": IMAGE, "plain_text": plain(3_000), "mrkdwn": text(3_000)}), 10)},
        _BLOCK,
    ),
    "divider": shape({}, _BLOCK),
    "header": shape({"text": plain(150)}, _BLOCK),
    "image": shape(
        {"alt_text": string(2_000)},
        {"image_url": URL, "slack_file": shape({}, {"id": ID, "url": URL}), "title": plain(2_000), **_BLOCK},
    ),
    "input": shape(
        {"label": plain(2_000), "element": kind(ELEMENTS, *IN_INPUT)},
        {"hint": plain(2_000), "optional": boolean, "dispatch_action": boolean, **_BLOCK},
    ),
    "markdown": shape({"text": string(12_000)}, _BLOCK),
    "rich_text": shape({"elements": many(RICH, 500)}, _BLOCK),
    "section": shape(
        {},
        {
            "text": text(3_000),
            "fields": many(text(2_000), 10),
            "accessory": kind(ELEMENTS, *IN_SECTION),
            "expand": boolean,
            **_BLOCK,
        },
    ),
}

_VIEW = {"private_metadata": string(3_000, least=0), "callback_id": ID, "external_id": string(255, least=0)}
MODAL = shape(
    {"title": plain(24), "blocks": many(lambda block: iter(()), BLOCKS["modal"])},
    {**_VIEW, "submit": plain(24), "close": plain(24), "clear_on_close": boolean, "notify_on_close": boolean},
)
HOME = shape({"blocks": many(lambda block: iter(()), BLOCKS["home"], least=0)}, _VIEW)


def _blocks(blocks: list[Any], surface: Surface) -> Iterator[str]:
    least = 1 if surface == "modal" else 0
    if not least <= len(blocks) <= BLOCKS[surface]:
        yield f"/blocks must have from {least} to {BLOCKS[surface]} items"
    for number, block in enumerate(blocks):
        yield from (f"/blocks/{number}{problem}" for problem in kind(KINDS)(block))
        if not isinstance(block, dict):
            continue
        if block.get("type") == "section" and not ("text" in block or "fields" in block):
            yield f"/blocks/{number} must have text or fields"
        if block.get("type") == "image" and ("image_url" in block) == ("slack_file" in block):
            yield f"/blocks/{number} must have image_url or slack_file"
        for found in [block, *_elements(block)]:
            if surface not in ONLY_IN.get(found.get("type", ""), (surface,)):
                yield f"/blocks/{number} must not have {found['type']} in a {surface}"
    yield from _twice("block_id", (b for b in blocks if isinstance(b, dict)))
    yield from _twice("action_id", (e for b in blocks if isinstance(b, dict) for e in _elements(b)))


def _elements(block: Json) -> Iterator[Json]:
    inside = block.get("elements", [])
    for found in [
        *(inside if isinstance(inside, list) else []),
        block.get("element"),
        block.get("accessory"),
    ]:
        if isinstance(found, dict):
            yield found


def _twice(name: str, things: Iterator[Json]) -> Iterator[str]:
    seen: set[str] = set()
    for thing in things:
        value = thing.get(name)
        if isinstance(value, str):
            if value in seen:
                yield f" {name} {value!r} already exists"
            seen.add(value)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text and address in the blocks; what a button carries is not counted."""
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and name in (
                "text",
                "url",
                "image_url",
                "alt_text",
                "fallback",
                "format",
            ):
                yield each
            else:
                yield from _texts(each)
