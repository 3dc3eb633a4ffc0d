"""Components within Discord's limits: rows of old, the forty of a whole layout, and what a modal asks."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
Problems = dict[str, str]

ROW, BUTTON, STRING_SELECT, INPUT, SECTION, TEXT, THUMBNAIL = 1, 2, 3, 4, 9, 10, 11
GALLERY, FILE, SEPARATOR, CONTAINER, LABEL, UPLOAD = 12, 13, 14, 17, 18, 19
RADIOS, CHECKBOXES, CHECKBOX = 21, 22, 23
SELECTS = (STRING_SELECT, 5, 6, 7, 8)
LINK, PREMIUM = 5, 6

TOP = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
IN_CONTAINER = tuple(kind for kind in TOP if kind != CONTAINER)
IN_LABEL = (INPUT, *SELECTS, UPLOAD, RADIOS, CHECKBOXES, CHECKBOX)

COMPONENTS, CHARACTERS = 40, 4_000


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield every component, however deep."""
    for one in components:
        yield one
        yield from walk(one.get("components", []))
        yield from walk([c for c in (one.get("accessory"), one.get("component")) if c])


def old(components: list[Json]) -> Problems:
    """Return what is wrong with rows of buttons and selects under a message of old."""
    found: Problems = {}
    if len(components) > 5:
        found["components"] = "Must be 5 or fewer in length."
    for index, row in enumerate(components):
        if row["type"] != ROW:
            found[f"components.{index}"] = 'Value of field "type" must be one of (1,).'
    return found | _all(components)


def layout(components: list[Json]) -> Problems:
    """Return what is wrong with a layout of version 2."""
    found: Problems = {}
    every = list(walk(components))
    if len(every) > COMPONENTS:
        found["components"] = (
            f"The total number of components cannot exceed {COMPONENTS}; these are {len(every)}."
        )
    said = sum(len(c["content"]) for c in every if c["type"] == TEXT)
    if said > CHARACTERS:
        found["components"] = f"The text of a message cannot exceed {CHARACTERS} characters; this has {said}."
    for index, one in enumerate(components):
        if one["type"] not in TOP:
            found[f"components.{index}"] = f"A component of type {one['type']} has no place here."
    return found | _all(components)


def modal(components: list[Json]) -> Problems:
    """Return what is wrong with the inputs of a modal."""
    found: Problems = {}
    if not 1 <= len(components) <= 5:
        found["data.components"] = "Must be between 1 and 5 in length."
    for index, one in enumerate(components):
        inner = one.get("components", [])
        row = one["type"] == ROW and len(inner) == 1 and inner[0]["type"] == INPUT
        label = one["type"] == LABEL and one.get("component", {}).get("type") in IN_LABEL
        if not (row or label or one["type"] == TEXT):
            found[f"data.components.{index}"] = f"A component of type {one['type']} has no place here."
    return found | _all(components)


def _all(components: list[Json]) -> Problems:
    found: Problems = {}
    every = list(walk(components))
    for name in ("custom_id", "id"):
        given = [c[name] for c in every if c.get(name)]
        for twice in {value for value in given if given.count(value) > 1}:
            found["components"] = f"Component {name} cannot be duplicated: {twice!r}"
    for number, one in enumerate(every):
        for problem in _one(one):
            found[f"components.{number}"] = f"type {one['type']}: {problem}"
    return found


def _one(one: Json) -> Iterator[str]:
    kind = one["type"]
    inner = one.get("components", [])
    if "custom_id" in one:
        yield from _length(one, "custom_id", 1, 100)
    match kind:
        case 1:
            buttons = [c for c in inner if c["type"] == BUTTON]
            alone = len(inner) == 1 and inner[0]["type"] in (*SELECTS, INPUT)
            if not (alone or (1 <= len(inner) <= 5 and len(buttons) == len(inner))):
                yield "a row has one to five buttons, or one select"
        case 2:
            yield from _button(one)
        case 3:
            yield from _length(one, "placeholder", 0, 150)
            yield from _options(one)
        case 4:
            yield from _input(one)
        case 9:
            if not 1 <= len(inner) <= 3 or any(c["type"] != TEXT for c in inner):
                yield "a section has one to three texts"
            if one.get("accessory", {}).get("type") not in (BUTTON, THUMBNAIL):
                yield "a section has a button or a thumbnail beside it"
        case 10:
            yield from _length(one, "content", 1, CHARACTERS)
        case 11:
            yield from _length(one, "description", 0, 1024)
        case 12:
            if not 1 <= len(one.get("items", [])) <= 10:
                yield "a gallery has one to ten pictures"
        case 13:
            if not one["file"]["url"].startswith("attachment://"):
                yield "a file is one that comes with the message"
        case 17:
            if not inner or any(c["type"] not in IN_CONTAINER for c in inner):
                yield "a container is not empty, and has no container in it"
        case 18:
            yield from _length(one, "label", 1, 45)
            yield from _length(one, "description", 0, 100)
        case 21 | 22:
            yield from _options(one)


def _button(one: Json) -> Iterator[str]:
    yield from _length(one, "label", 0, 80)
    if not one.get("label") and not one.get("emoji"):
        yield "a button has a label or an emoji"
    if one["style"] == LINK:
        yield from _length(one, "url", 1, 512)
        if "custom_id" in one:
            yield "a link has no custom_id"
    elif one["style"] != PREMIUM and not one.get("custom_id"):
        yield "a button has a custom_id"


def _options(one: Json) -> Iterator[str]:
    options = one.get("options", [])
    if not 1 <= len(options) <= 25:
        yield f"Must be between 1 and 25 in length; these are {len(options)} options"
    values = [option["value"] for option in options]
    if len(set(values)) < len(values):
        yield "the option values are not unique"
    for option in options:
        yield from _length(option, "label", 1, 100)
        yield from _length(option, "value", 1, 100)
        yield from _length(option, "description", 0, 100)
    if sum(bool(option.get("default")) for option in options) > (one.get("max_values") or 1):
        yield "more options are chosen beforehand than may be"


def _input(one: Json) -> Iterator[str]:
    yield from _length(one, "label", 1, 45)
    yield from _length(one, "placeholder", 0, 100)
    least, most = one.get("min_length") or 0, one.get("max_length") or 4_000
    if not 0 <= least <= 4_000 or not 1 <= most <= 4_000 or least > most:
        yield f"lengths from {least} to {most}"
    if one.get("value"):
        yield from _length(one, "value", least, most)


def _length(one: Json, name: str, least: int, most: int) -> Iterator[str]:
    value = one.get(name)
    if value is not None and not least <= len(value) <= most:
        yield f"{name} must be between {least} and {most} in length; this has {len(value)}: {value[:40]!r}"
