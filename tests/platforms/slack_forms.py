"""Slack's messages and modals taken apart: buttons by their labels, inputs by their fields, and what is wrong with them.

An input block is named after its field; beside a picker stands a second one for words.
"""

import re
from collections.abc import Mapping
from html import unescape

from tests.fakes.slack import Message, View
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.view_methods import value_name

WORDS = ".words"
PROGRESS = re.compile(r"Page \d+ of \d+")


def inputs(view: View) -> dict[str, list[Json]]:
    """Return the input blocks of each field."""
    found: dict[str, list[Json]] = {}
    for block in view.body["blocks"]:
        if block["type"] == "input":
            found.setdefault(block["block_id"].removesuffix(WORDS), []).append(block)
    return found


def problems(view: View) -> dict[str, str]:
    """Return what is said to be wrong: under an input by Slack, above it by the form itself."""
    said = {block_id.removesuffix(WORDS): words for block_id, words in view.errors.items()}
    above: list[str] = []
    for block in view.body["blocks"]:
        if block["type"] == "context":
            above += [unescape(e["text"]) for e in block["elements"] if not PROGRESS.fullmatch(e["text"])]
        elif block["type"] == "input" and above:
            said.setdefault(block["block_id"].removesuffix(WORDS), " ".join(above))
            above = []
    return said


def known(view: View) -> dict[str, str]:
    """Return what stands in the inputs that are not empty."""
    found = {}
    for name, blocks in inputs(view).items():
        for block in blocks:
            state = view.values[block["block_id"]][block["element"]["action_id"]]
            value = state.get(value_name(state["type"]))
            value = value["value"] if isinstance(value, dict) else value
            if value not in (None, "", "(nothing)"):
                found[name] = str(value)
    return found


def entry(view: View, name: str, value: str, people: Mapping[str, str]) -> tuple[str, str]:
    """Return the block to enter a value into, and the value as it is entered there."""
    picker, *words = reversed(inputs(view)[name])
    for block in (picker, *words):
        match block["element"]["type"]:
            case "datetimepicker":
                continue
            case "users_select" if value.removeprefix("@").lower() not in people:
                continue
            case "users_select":
                return block["block_id"], people[value.removeprefix("@").lower()]
            case _:
                return block["block_id"], value
    raise LookupError(f"{name} takes no {value}")


def buttons(on: Message | View) -> list[tuple[str, Json]]:
    """Return the buttons of a message or a view by their labels."""
    blocks = on.blocks if isinstance(on, Message) else on.body["blocks"]
    elements = [e for b in blocks for e in (*b.get("elements", ()), b.get("accessory") or {})]
    return [(e["text"]["text"], e) for e in elements if e.get("type") == "button"]


def bare(label: str) -> str:
    """Return a label without the emoji or arrow around it: people look for `Going`, not for `✅ Going`."""
    words = " ".join(unescape(label).casefold().split())
    edges = "".join(c for c in words if not c.isalnum())
    return words.strip(edges) or words
