"""The methods views.*: modals in a stack of three, and the home of each person."""

from typing import Any

from tests.fakes.slack import checks, shown
from tests.fakes.slack.calling import Arguments, Method, Refusal
from tests.fakes.slack.ledger import Json, Kind
from tests.fakes.slack.state import View, Workspace
from tests.fakes.slack.tickets import Trigger

DEPTH = 3


def _trigger(workspace: Workspace, arguments: Arguments) -> Trigger:
    used = workspace.tickets.use_trigger(arguments.needed("trigger_id", "invalid_trigger_id"))
    if isinstance(used, str):
        raise Refusal(used)
    return used


def _unique(workspace: Workspace, body: Json, but: View | None = None) -> None:
    name = body.get("external_id")
    there = workspace.view(external_id=name) if name else None
    if there is not None and there is not but:
        raise Refusal("duplicate_external_id")


def make(workspace: Workspace, person: str, body: Json, below: View | None = None) -> View:
    """Return a new view, not yet shown."""
    number = workspace.number()
    id_ = f"V0{number:05}"
    root = below.root or below.id if below is not None else id_
    previous = below.id if below is not None else ""
    return View(id_, person, body, f"{number}.a", root, previous, initial(body))


def initial(body: Json) -> Json:
    """Return what stands in the inputs of a view before the person touches it."""
    values: Json = {}
    for block in body["blocks"]:
        elements = [block["element"]] if "element" in block else block.get("elements", [])
        for element in elements:
            if isinstance(element, dict) and "action_id" in element and element.get("type") != "button":
                state = state_of(element)
                values.setdefault(block.get("block_id", ""), {})[element["action_id"]] = state
    return values


_INITIAL = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


def state_of(element: Json, value: Any = None) -> Json:
    """Return the state of an input: what was chosen, or what it begins with."""
    name, initial_name = _INITIAL.get(element["type"], ("value", "initial_value"))
    chosen = value if value is not None else element.get(initial_name)
    empty: Any = [] if name in ("selected_options", "selected_users") else None
    return {"type": element["type"], name: chosen if chosen is not None else empty}


def value_name(kind: str) -> str:
    """Return under which name a kind of input keeps what was chosen."""
    return _INITIAL.get(kind, ("value", ""))[0]


def redraw(workspace: Workspace, view: View, body: Json) -> None:
    """Let a view show something else; what was typed stays where block and action keep their ids."""
    before, view.values = view.values, initial(body)
    for block_id, actions in view.values.items():
        for action_id, state in actions.items():
            kept = before.get(block_id, {}).get(action_id)
            if kept is not None and kept["type"] == state["type"]:
                actions[action_id] = kept
    view.body, view.errors = body, {}
    view.hash = f"{workspace.number()}.b"


def _note(workspace: Workspace, kind: Kind, view: View) -> Json:
    workspace.note(kind, view.person, view.id, view.body)
    return {"view": shown.view(view)}


def open_(workspace: Workspace, arguments: Arguments) -> Json:
    body = checks.view(arguments.given.get("view"), "modal")
    _unique(workspace, body)
    trigger = _trigger(workspace, arguments)
    view = make(workspace, trigger.person, body)
    workspace.stacks[trigger.person] = [view]
    return _note(workspace, "opened", view)


def push(workspace: Workspace, arguments: Arguments) -> Json:
    body = checks.view(arguments.given.get("view"), "modal")
    _unique(workspace, body)
    trigger = _trigger(workspace, arguments)
    stack = workspace.stacks.get(trigger.person, [])
    if not trigger.view or not any(v.id == trigger.view for v in stack):
        raise Refusal("not_found" if not stack else "invalid_trigger_id")
    return _note(workspace, "pushed", push_onto(workspace, trigger.person, body))


def push_onto(workspace: Workspace, person: str, body: Json) -> View:
    """Put a view in front of the person's others. Raises Refusal past three."""
    stack = workspace.stacks[person]
    if len(stack) >= DEPTH:
        raise Refusal("push_limit_reached")
    view = make(workspace, person, body, stack[-1])
    stack.append(view)
    return view


def update(workspace: Workspace, arguments: Arguments) -> Json:
    body = checks.view(arguments.given.get("view"))
    view = workspace.view(arguments.text("view_id"), arguments.text("external_id"))
    if view is None:
        raise Refusal("not_found")
    if arguments.text("hash") not in ("", view.hash):
        raise Refusal("hash_conflict")
    _unique(workspace, body, view)
    redraw(workspace, view, body)
    return _note(workspace, "updated", view)


def publish(workspace: Workspace, arguments: Arguments) -> Json:
    person = arguments.needed("user_id")
    if person not in workspace.users:
        raise Refusal("user_not_found")
    body = checks.view(arguments.given.get("view"), "home")
    before = workspace.homes.get(person)
    if arguments.text("hash") and (before is None or arguments.text("hash") != before.hash):
        raise Refusal("hash_conflict")
    view = workspace.homes[person] = make(workspace, person, body)
    return _note(workspace, "published", view)


METHODS = {
    "views.open": Method(open_, minute=100),
    "views.push": Method(push, minute=100),
    "views.update": Method(update, minute=100),
    "views.publish": Method(publish, minute=100),
}


def entered(element: Json, value: Any) -> Json:
    """Return the state of an input in which a person entered this value; "" empties it."""
    if value == "" and value_name(element["type"]) not in ("selected_options", "selected_users"):
        return {"type": element["type"], value_name(element["type"]): None}
    match value_name(element["type"]):
        case "selected_option":
            return state_of(element, _option(element, str(value)))
        case "selected_options":
            wanted = value if isinstance(value, list) else [value] if value else []
            return state_of(element, [_option(element, str(one)) for one in wanted])
        case "selected_date_time":
            return state_of(element, int(value))
    return state_of(element, value)


def _option(element: Json, value: str) -> Json:
    options: list[Json] = element["options"]
    found = next((o for o in options if value in (o["value"], o["text"]["text"])), None)
    if found is None:
        raise LookupError(f"there is no “{value}” among {[o['text']['text'] for o in options]}")
    return found


def refused(view: View) -> dict[str, str]:
    """Return what Slack itself finds wrong before it submits a modal, by block."""
    problems: dict[str, str] = {}
    for block in view.body["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = view.values.get(block["block_id"], {}).get(element["action_id"], {})
        value = state.get(value_name(element["type"]))
        if value in (None, "", []):
            if not block.get("optional"):
                problems[block["block_id"]] = "Please complete this required field."
        elif element["type"] == "plain_text_input" and len(value) > element.get("max_length", 3_000):
            problems[block["block_id"]] = (
                f"Please enter less than {element.get('max_length', 3_000)} characters."
            )
    return problems
