"""The fields of a form as Slack's input blocks, and what stands in them read back.

A field is one input block named after it. A moment is two, a picker and words ("next thursday 3pm"); a
person is two where what is known of them cannot be picked. Of two, the one that was changed counts, and
the words when both were.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.slack.text import Json, plain
from bot.text import showable
from bot.ui.forms import Field, Option

# docs.slack.dev, reference/block-kit, read in November 2026.
INPUT_LIMIT = 3_000
LABEL_LIMIT = 2_000
PLACEHOLDER_LIMIT = 150
OPTION_LIMIT = 75
VALUE_LIMIT = 150
CONTEXT_LIMIT = 3_000
RADIO_MOST = 5
"""Choices that are shown at once; more go into a menu."""
WORDS = ".words"
"""What the input for words is called after its field."""
NOTHING = "(nothing)"
"""The value of the option that leaves an optional field empty: Slack's menus and radio buttons cannot be emptied."""

_EPOCHS = (1_000_000_000, 9_999_999_999)  # the picker takes ten digits
_NUMBER = re.compile(r"-?\d{1,15}", re.ASCII)
_USER = re.compile(r"[UW][A-Z0-9]{2,}", re.ASCII)


def asking(field: Field, known: str, problem: str) -> Iterator[Json]:
    """Yield the blocks that ask for the field: its problem first, then what is known that no input can hold."""
    if problem:
        yield remark(problem)
    match field.kind:
        case "choice" | "yesno":
            yield from _choosing(field, known)
        case "moment":
            yield from _moment(field, known)
        case "person":
            yield from _person(field, known)
        case "number" if not known.strip() or _NUMBER.fullmatch(known.strip()):
            element: Json = {"type": "number_input", "is_decimal_allowed": False, **_placeholder(field.usual)}
            if known.strip():
                element["initial_value"] = known.strip()
            yield _input(field.name, field.label, element, optional=not field.required, hint=field.hint)
        case "line" | "paragraph" | "number":
            yield from _writing(field.name, field, known)


def _writing(name: str, field: Field, known: str) -> Iterator[Json]:
    """Yield a text input. Text over Slack's limit begins in it, and a remark says that it is not all there."""
    if len(known) > INPUT_LIMIT:
        yield remark(
            f"“{field.label}” has {len(known):,} characters. Here are the first {INPUT_LIMIT:,}: please shorten it."
        )
    element: Json = {"type": "plain_text_input", **_placeholder(field.usual)}
    if field.kind == "paragraph" or "\n" in known:
        element["multiline"] = True
    # Text that is too long already has to stand there to be shortened, so it sets the limit then.
    limit = max(1, field.limit, len(known))
    element["max_length"] = min(limit, INPUT_LIMIT)
    if known:
        element["initial_value"] = showable(known[:INPUT_LIMIT])
    yield _input(name, field.label, element, optional=not field.required, hint=field.hint)


def _choosing(field: Field, known: str) -> Iterator[Json]:
    options = _options(field)
    if not options:
        yield from _writing(field.name, field, known)
        return
    chosen = _meant(options, known)
    if known.strip() and chosen is None:
        yield remark(f"“{field.label}” was “{known}”, which is none of these.")
    drawn = [_option(o) for o in options]
    wanted = _option(chosen) if chosen is not None else None
    few = len(options) <= RADIO_MOST
    if not field.required:
        usual = next((o.label for o in options if o.value == field.usual), field.usual)
        drawn.append(_option(Option(NOTHING, f"As usual: {usual}" if usual else "No answer")))
        if few and wanted is None:
            wanted = drawn[-1]
    element: Json = {"type": "radio_buttons" if few else "static_select", "options": drawn}
    if not few:
        element |= _placeholder(field.usual or "Choose one")
    if wanted is not None:
        element["initial_option"] = wanted
    yield _input(field.name, field.label, element, optional=not field.required, hint=field.hint)


def _options(field: Field) -> tuple[Option, ...]:
    if field.kind == "yesno" and not field.choices:
        return (Option("yes", "Yes"), Option("no", "No"))
    return field.choices


def _meant(options: tuple[Option, ...], known: str) -> Option | None:
    """Return the option of this value, else the first that is written so, whatever its case."""
    exact = next((o for o in options if o.value == known), None)
    wanted = known.strip().casefold()
    near = (o for o in options if wanted and wanted in (o.value.casefold(), o.label.casefold()))
    return exact or next(near, None)


def _option(option: Option) -> Json:
    """Raises ValueError for a value that Slack would not carry."""
    if not 0 < len(option.value) <= VALUE_LIMIT:
        raise ValueError(f"the value of a choice has from 1 to {VALUE_LIMIT} characters: {option.value}")
    return {"text": plain(option.label, OPTION_LIMIT), "value": option.value}


def _moment(field: Field, known: str) -> Iterator[Json]:
    picked = _epoch(known)
    picker: Json = {"type": "datetimepicker"}
    if picked is not None:
        picker["initial_date_time"] = picked
    either = "Pick it, or say it in words below." + ("" if field.required else " Or leave both empty.")
    yield _input(field.name, field.label, picker, optional=True, hint=either)
    said = Field(f"{field.name}{WORDS}", field.label, "line", False, field.hint, field.limit, (), field.usual)
    for block in _writing(said.name, said, known if picked is None else ""):
        yield block | {"label": plain(f"{field.label}, in words", LABEL_LIMIT)} if "label" in block else block


def _epoch(known: str) -> int | None:
    """Return a whole ISO date and time as seconds; None for whatever leaves something to be understood."""
    try:
        at = datetime.fromisoformat(known.strip())
        epoch = int(at.timestamp()) if at.utcoffset() is not None else 0
    except (ValueError, OverflowError):
        return None
    return epoch if _EPOCHS[0] <= epoch <= _EPOCHS[1] else None


def _person(field: Field, known: str) -> Iterator[Json]:
    bare = known.strip().removeprefix("<").removesuffix(">").partition("|")[0].removeprefix("@")
    if not known.strip() or _USER.fullmatch(bare):
        element: Json = {"type": "users_select", **_placeholder(field.usual)}
        if bare:
            element["initial_user"] = bare
        yield _input(field.name, field.label, element, optional=not field.required, hint=field.hint)
        return
    picker: Json = {"type": "users_select"}
    yield _input(
        field.name, field.label, picker, optional=True, hint="Pick somebody, or mend the name below."
    )
    said = Field(f"{field.name}{WORDS}", field.label, "line", False, field.hint, field.limit)
    for block in _writing(said.name, said, known):
        yield block | {"label": plain(f"{field.label}, by name", LABEL_LIMIT)} if "label" in block else block


def _input(name: str, label: str, element: Json, *, optional: bool, hint: str) -> Json:
    made: Json = {
        "type": "input",
        "block_id": name,
        "label": plain(label or name, LABEL_LIMIT),
        "element": element | {"action_id": name},
        "optional": optional,
    }
    if hint.strip():
        made["hint"] = plain(hint, LABEL_LIMIT)
    return made


def _placeholder(words: str) -> Json:
    return {"placeholder": plain(words, PLACEHOLDER_LIMIT)} if words.strip() else {}


def remark(words: str) -> Json:
    """Return a line in small print."""
    return {"type": "context", "elements": [plain(words, CONTEXT_LIMIT)]}


# Read back.


@dataclass(frozen=True, slots=True)
class Stands:
    """What an input held when the form was shown, and what it holds now."""

    before: str
    now: str

    @property
    def changed(self) -> bool:
        return self.before != self.now


def standing(view: Json) -> dict[str, Stands]:
    """Return the fields that a submitted view asked for, each with what was there and what is.

    Raises KeyError, TypeError or ValueError for a view that is not as Slack documents it.
    """
    state = view["state"]["values"]
    found = {block["block_id"]: _stands(block, state) for block in view["blocks"] if block["type"] == "input"}
    names = dict.fromkeys(name.removesuffix(WORDS) for name in found)
    return {name: _counting(found.get(name), found.get(name + WORDS)) for name in names}


def _counting(picked: Stands | None, said: Stands | None) -> Stands:
    if picked is None or said is None:
        return picked or said or Stands("", "")
    before = said.before or picked.before
    if said.now and (said.changed or not picked.changed):
        return Stands(before, said.now)
    return Stands(before, picked.now)


def _stands(block: Json, state: Mapping[str, Json]) -> Stands:
    element = block["element"]
    now = state.get(block["block_id"], {}).get(element["action_id"]) or {}
    match element["type"]:
        case "static_select" | "radio_buttons":
            return Stands(_value(element.get("initial_option")), _value(now.get("selected_option")))
        case "users_select":
            return Stands(_at(element.get("initial_user")), _at(now.get("selected_user")))
        case "datetimepicker":
            return Stands(_iso(element.get("initial_date_time")), _iso(now.get("selected_date_time")))
    return Stands(element.get("initial_value") or "", now.get("value") or "")


def _value(option: Json | None) -> str:
    value = str(option["value"]) if option else ""
    return "" if value == NOTHING else value


def _at(user: str | None) -> str:
    return f"@{user}" if user else ""


def _iso(epoch: int | None) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="minutes") if epoch else ""


def troubled(view: Json, name: str) -> str:
    """Return the block that a problem with the field belongs to; "" where the view does not ask for it.

    Of two inputs it is the one that counted.
    """
    asked = {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}
    words = asked.get(name + WORDS)
    if words is not None and (name not in asked or _stands(words, view["state"]["values"]).now):
        return name + WORDS
    return name if name in asked else ""
