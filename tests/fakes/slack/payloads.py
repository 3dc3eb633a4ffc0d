"""What Slack tells the app of each act: payloads in Slack's own shape, made from the state of the workspace."""

import secrets

from tests.fakes.slack import shown
from tests.fakes.slack.deliveries import Delivery
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import APP, BOT_USER, TEAM, Channel, Message, User, View, Workspace


def command(workspace: Workspace, person: User, channel: Channel, name: str, text: str) -> Delivery:
    """A slash command, typed."""
    payload = {
        "token": workspace.app.verification_token,
        "team_id": TEAM,
        "team_domain": "hearth",
        "channel_id": channel.id,
        "channel_name": "directmessage" if channel.direct else channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
        "response_url": _answer_url(workspace, person, channel),
        "trigger_id": workspace.tickets.trigger(person.id),
    }
    return Delivery("slash_commands", payload)


def _answer_url(workspace: Workspace, person: User, channel: Channel, about: Message | None = None) -> str:
    ticket = workspace.tickets.answer(
        person.id, channel.id, about.ts if about else "", ephemeral=bool(about and about.only)
    )
    return workspace.address(f"/respond/{ticket}")


def _interaction(workspace: Workspace, person: User, kind: str) -> Json:
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM},
        "api_app_id": APP,
        "token": workspace.app.verification_token,
        "team": {"id": TEAM, "domain": "hearth"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def press(workspace: Workspace, person: User, on: Message | View, block_id: str, element: Json) -> Delivery:
    """A button pressed, or a choice made, on a message or a view. `element` is as it stands there, or as changed."""
    action = {**element, "block_id": block_id, "action_ts": workspace.event_ts()}
    payload = _interaction(workspace, person, "block_actions") | {"actions": [action]}
    match on:
        case Message(ts=ts, channel=where, only=only):
            channel = workspace.channels[where]
            payload |= {
                "trigger_id": workspace.tickets.trigger(person.id),
                "container": {
                    "type": "message",
                    "message_ts": ts,
                    "channel_id": where,
                    "is_ephemeral": bool(only),
                },
                "channel": {"id": where, "name": "directmessage" if channel.direct else channel.name},
                "state": {"values": {}},
                "response_url": _answer_url(workspace, person, channel, on),
            }
            if not only:
                payload["message"] = shown.message(workspace, on)
        case View(id=view_id):
            payload |= {
                "trigger_id": workspace.tickets.trigger(person.id, view_id),
                "container": {"type": "view", "view_id": view_id},
                "view": shown.view(on),
            }
    return Delivery("interactive", payload)


def submission(workspace: Workspace, person: User, view: View) -> Delivery:
    """A modal submitted with what stands in it."""
    payload = _interaction(workspace, person, "view_submission") | {
        "trigger_id": workspace.tickets.trigger(person.id, view.id),
        "view": shown.view(view),
        "response_urls": [],
    }
    return Delivery("interactive", payload)


def closed(workspace: Workspace, person: User, view: View, *, cleared: bool) -> Delivery:
    """A modal closed without being submitted."""
    payload = _interaction(workspace, person, "view_closed") | {
        "view": shown.view(view),
        "is_cleared": cleared,
    }
    return Delivery("interactive", payload)


def shortcut(workspace: Workspace, person: User, callback_id: str) -> Delivery:
    """A global shortcut."""
    payload = _interaction(workspace, person, "shortcut") | {
        "callback_id": callback_id,
        "trigger_id": workspace.tickets.trigger(person.id),
        "action_ts": workspace.event_ts(),
    }
    return Delivery("interactive", payload)


def message_shortcut(workspace: Workspace, person: User, callback_id: str, on: Message) -> Delivery:
    """A shortcut in a message's menu; unlike a reaction it brings the whole message."""
    channel = workspace.channels[on.channel]
    payload = _interaction(workspace, person, "message_action") | {
        "callback_id": callback_id,
        "trigger_id": workspace.tickets.trigger(person.id),
        "action_ts": workspace.event_ts(),
        "message_ts": on.ts,
        "message": shown.message(workspace, on),
        "channel": {"id": channel.id, "name": "directmessage" if channel.direct else channel.name},
        "response_url": _answer_url(workspace, person, channel, None),
    }
    return Delivery("interactive", payload)


def event(workspace: Workspace, event: Json) -> Delivery:
    """Something that happened, in the envelope of the Events API."""
    payload = {
        "token": workspace.app.verification_token,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": {"event_ts": workspace.event_ts(), **event},
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(workspace.clock().timestamp()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_hex(8)}",
    }
    return Delivery("events_api", payload)
