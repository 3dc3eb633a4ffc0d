"""The manifest is one Slack accepts, and asks for what is used: no more, no less."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from adapters.slack import events, manifest, scopes
from bot.settings import BotSettings, SlackSettings
from bot.ui.calls import Call

ROOT = Path(__file__).parents[3]
SCHEMA = Path(__file__).parents[4] / "shared" / "data" / "slack-manifest.schema.2.0.0.json"
CODE = sorted((ROOT / "adapters/slack").glob("*.py"))
FAMILIES = "apps|auth|bots|chat|conversations|dnd|emoji|files|pins|reactions|team|usergroups|users|views"
# A module may name a method in its table of tiers; only calls count, and those named to be called.
TABLES = {"scopes.py", "manifest.py"}


def made(mode: str, name: str = "Hearth", command: str = "/cop") -> dict[str, Any]:
    assert mode in ("socket", "http")
    return manifest.manifest(
        name=name,
        command=command,
        mode="http" if mode == "http" else "socket",
        public_url="https://hearth.example.org",
    )


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_it_is_valid_by_the_published_schema(mode: str) -> None:
    if not SCHEMA.exists():
        pytest.skip("the schema is not beside the repository")
    longest = SlackSettings(command="/" + "c" * 31).command
    for name, command in (("Hearth", "/cop"), ("W" * 35, longest)):
        written = manifest.yaml(made(mode, BotSettings(name=name).name, command))
        problems = Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(yaml.safe_load(written))
        assert [f"{problem.json_path}: {problem.message}" for problem in problems] == []


@pytest.mark.parametrize(
    "name",
    ["Hearth", 'A "quoted" \\ name: # - {x}', "yes", "Foyer é 🔥", "a\u2028b\x85c\td\x7f", " 1.0 ", "~"],
)
@pytest.mark.parametrize("mode", ["socket", "http"])
def test_what_is_written_is_what_was_meant(mode: str, name: str) -> None:
    assert yaml.safe_load(manifest.yaml(made(mode, name))) == made(mode, name)


def test_over_http_slack_is_told_where_to_send_and_over_sockets_nothing() -> None:
    address = "https://hearth.example.org/slack/events"
    http, socket = made("http"), made("socket")
    assert http["settings"]["event_subscriptions"]["request_url"] == address
    assert http["settings"]["interactivity"]["request_url"] == address
    assert http["features"]["slash_commands"][0]["url"] == address
    assert http["settings"]["socket_mode_enabled"] is False
    assert socket["settings"]["socket_mode_enabled"] is True
    assert "https" not in manifest.yaml(socket)


def test_no_scope_is_for_everything_and_none_is_named_twice() -> None:
    names = [scope.name for scope in scopes.BOT]
    assert len(set(names)) == len(names)
    assert [name for name in names if "public" in name or "mpim" in name or "admin" in name] == []
    for scope in scopes.BOT:
        assert scope.methods or scope.events or scope.surfaces, scope.name


def test_message_content_is_optional() -> None:
    """SPEC: no message-content scope is needed for anything but saving by reaction and reconciling."""
    assert {scope.name for scope in scopes.optional()} == {
        name.name for name in scopes.BOT if "history" in name.name
    }
    assert not any(event.startswith("message") for event in scopes.events())


def called() -> set[str]:
    """Every method of the Web API that the adapter's code names, but for the table of tiers."""
    method = re.compile(rf"({FAMILIES})(\.[a-zA-Z]+)+")
    found: set[str] = set()
    for path in CODE:
        if path.name in TABLES:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        tables = [n for n in ast.walk(tree) if isinstance(n, ast.AnnAssign | ast.Assign) and n in tree.body]
        inside = {id(node) for table in tables for node in ast.walk(table)}
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and method.fullmatch(node.value)
            and id(node) not in inside
        }
    return found


def test_every_method_that_is_called_has_its_scope_and_no_scope_is_for_a_method_that_is_not() -> None:
    assert called() == scopes.methods()


PERSON, CHANNEL = {"user": "U2"}, {"channel": "C1"}
ITEM = {"item": {"type": "message", "channel": "C1", "ts": "1.2"}, "reaction": "star", **PERSON}


def payloads() -> Iterator[dict[str, Any]]:
    """One of each event, as Slack documents it."""
    for sort in ("channel", "group"):
        for change in ("archive", "unarchive", "deleted", "left"):
            yield {"type": f"{sort}_{change}", **CHANNEL}
        yield {"type": f"{sort}_rename", "channel": {"id": "C1", "name": "new"}}
    for sort in ("added", "removed"):
        yield {"type": f"reaction_{sort}", **ITEM}
    for moved in ("joined", "left"):
        yield {"type": f"member_{moved}_channel", **PERSON, **CHANNEL}
    yield {"type": "user_change", "user": {"id": "U2", "profile": {}}}
    yield {"type": "app_home_opened", "tab": "home", **PERSON}
    yield {"type": "app_uninstalled"}
    yield {"type": "tokens_revoked", "tokens": {"bot": ["U1"]}}


def test_every_event_that_is_subscribed_to_means_something_and_none_else_is_waited_for() -> None:
    for event in payloads():
        envelope = {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": event}
        heard = events.read(envelope, parse=lambda text: Call(text), me="U1")
        assert heard is not None, event
        assert heard.event is not None, event
    assert sorted(event["type"] for event in payloads()) == scopes.events()


def test_every_shortcut_is_known_and_every_known_one_is_there() -> None:
    shortcuts = {s["callback_id"]: s["type"] for s in made("socket")["features"]["shortcuts"]}
    assert shortcuts == {**dict.fromkeys(events.SHORTCUTS, "global"), events.SAVE_MESSAGE: "message"}
