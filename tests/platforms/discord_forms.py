"""Discord's modals as people fill them in: what is asked, what is wrong, and how an answer is entered."""

from collections.abc import Sequence
from typing import Any

from bot.ui.forms import Field
from tests.fakes.discord import components, reading
from tests.fakes.discord.state import Json


def inputs(modal: Json) -> dict[str, Json]:
    """Return the inputs of a modal by name."""
    return {c["custom_id"]: c for c in components.walk(modal["components"]) if "custom_id" in c}


def wrong_said(said: str, fields: Sequence[Field]) -> dict[str, str]:
    """Return the problems that a message tells, each after its field's label."""
    told: dict[str, str] = {}
    for line in said.split("\n"):
        label, _, problem = line.partition(": ")
        if problem:
            told.setdefault(label, problem)
    return {f.name: told[f.label] for f in fields if f.label in told}


def wrong_in(modal: Json, fields: Sequence[Field]) -> dict[str, str]:
    """Return the problems that a modal shows: above its inputs, or where an input's hint would stand."""
    hints = {field.name: field.hint for field in fields}
    above = "\n".join(
        c["content"] for c in components.walk(modal["components"]) if c["type"] == components.TEXT
    )
    found = wrong_said(reading.read(above, {}), fields)
    for one in components.walk(modal["components"]):
        if one["type"] == components.LABEL and one.get("description"):
            name = one["component"]["custom_id"]
            if one["description"] != hints[name]:
                found[name] = one["description"]
    return found


def entered(field: Json, text: str) -> Any:
    """Return what is entered in a field of a modal so that it says this."""
    options = field.get("options")
    if options is None:
        return text
    named = next(
        (o["value"] for o in options if text.casefold() in (o["value"], o["label"].casefold())), None
    )
    if named is None:
        raise LookupError(f"{field['custom_id']} has no choice “{text}”")
    return [named]
