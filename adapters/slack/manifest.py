"""The Slack app manifest: the whole app as Slack is to create it, with exactly the scopes and events used."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from adapters.slack import events, scopes

PATH = "/slack/events"
DESCRIPTION = "Communities of Practice: sessions, resources, polls and digests, where people talk anyway."
_NAMES = {
    "schedule_session": ("Schedule a session", "Announce a gathering of a community"),
    "save_link": ("Save a link", "Keep a link in a community's library"),
    "start_poll": ("Start a pulse", "Ask the members of a community a question"),
    events.SAVE_MESSAGE: (
        "Save to library",
        "Keep this message, or the link in it, in the community's library",
    ),
}

Value = str | bool | Sequence["Value"] | Mapping[str, "Value"]


def manifest(*, name: str, command: str, mode: Literal["socket", "http"], public_url: str) -> dict[str, Any]:
    """Return the manifest of an app of this name and slash command; over http Slack sends to `public_url`."""
    http = mode == "http"
    address = {"request_url": public_url + PATH} if http else {}
    slash: dict[str, Any] = {"command": command}
    if http:
        slash["url"] = public_url + PATH
    slash |= {
        "description": "Your communities: sessions, resources, polls",
        "usage_hint": "help",
        # People and channels then come by their ids, whatever they are called.
        "should_escape": True,
    }
    return {
        "display_information": {"name": name, "description": DESCRIPTION},
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": [
                {
                    "name": title,
                    "type": "message" if callback == events.SAVE_MESSAGE else "global",
                    "callback_id": callback,
                    "description": description,
                }
                for callback, (title, description) in _NAMES.items()
            ],
            "slash_commands": [slash],
        },
        "oauth_config": {
            "scopes": {
                "bot": [scope.name for scope in scopes.BOT],
                "bot_optional": [scope.name for scope in scopes.optional()],
            }
        },
        "settings": {
            "event_subscriptions": {**address, "bot_events": scopes.events()},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not http,
            "token_rotation_enabled": False,
        },
    }


def yaml(value: Value, indent: str = "") -> str:
    """Return mappings, lists, text and truth values as YAML 1.1, every text in quotes; ends with a line break."""
    match value:
        case Mapping():
            return "".join(f"{indent}{key}:{_below(item, indent + '  ')}" for key, item in value.items())
        case str() | bool():
            return f"{indent}{_scalar(value)}\n"
        case _:
            return "".join(f"{indent}- {yaml(item, indent + '  ').lstrip(' ')}" for item in value)


def _below(value: Value, indent: str) -> str:
    return f" {_scalar(value)}\n" if isinstance(value, str | bool) else f"\n{yaml(value, indent)}"


def _scalar(value: str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return '"' + "".join(_quoted(c) for c in value) + '"'


def _quoted(c: str) -> str:
    if c in '"\\':
        return "\\" + c
    return c if c.isprintable() else f"\\U{ord(c):08x}"
