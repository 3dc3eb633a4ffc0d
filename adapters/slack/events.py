"""What Slack delivers, read: which event of the core it is, and how whoever caused it can be answered."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from adapters.slack import text
from adapters.slack.blocks import read_button
from adapters.slack.views import BACK, Origin, origin, submission, went_back
from bot.chat import Actor, Address, Called, Event, MessageRef, Noticed, Reacted
from bot.ui.calls import Call

PLATFORM = "slack"
OPEN_FORM = "open_form"
"""The action id of a button that asks for its call's form rather than for the call."""

SHORTCUTS: Mapping[str, str] = {
    "schedule_session": "session schedule",
    "save_link": "resource save",
    "start_poll": "pulse poll",
}
SAVE_MESSAGE = "save_message"

Json = dict[str, Any]
Surface = Literal["command", "message", "shortcut", "submission", "modal", "home", "event"]


@dataclass(frozen=True, slots=True)
class Way:
    """How the person who did something can be answered, and for how long is for Slack to say.

    `url` is the response_url, `message` the ts of the message that was pressed, `view` the view it was in.
    """

    surface: Surface
    person: str
    workspace: str
    channel: str = ""
    trigger: str = ""
    url: str = ""
    message: str = ""
    ephemeral: bool = False
    view: Json = field(default_factory=dict)
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """One delivery. Where `event` is None there is nothing to tell the core, `what` may say why.

    Of deliveries with the same `subject` the one with the latest `moment` counts, in whatever order
    they come. `message` is what a call is about that saves a message; `profile` is a person's new one.
    """

    delivery: str
    way: Way
    event: Event | None = None
    what: Literal["", "revoked", "home"] = ""
    subject: str = ""
    moment: float = 0.0
    message: Json = field(default_factory=dict)
    profile: Json = field(default_factory=dict)


def read(payload: Json, *, parse: Callable[[str], Call], me: str) -> Heard | None:
    """Return what the payload says, or None for what does not concern us. `me` is the bot's own user id.

    Names in it are as the payload has them, zones unknown. Raises KeyError, TypeError or ValueError for
    a payload that is not as Slack documents it.
    """
    match payload.get("type"):
        case "event_callback":
            heard = _event(payload, me)
            if heard is not None and isinstance(heard.event, Noticed) and heard.moment:
                since = datetime.fromtimestamp(heard.moment, UTC)
                return replace(heard, event=replace(heard.event, since=since))
            return heard
        case "block_actions":
            return _pressed(payload)
        case "view_submission":
            return _submitted(payload)
        case "message_action":
            return _saved(payload) if payload["callback_id"] == SAVE_MESSAGE else None
        case "shortcut":
            return _shortcut(payload)
        case None if "command" in payload:
            return _command(payload, parse)
    return None


def place(channel: str, workspace: str, person: str, name: str = "") -> Address:
    """Return the address of a place by Slack's ids; direct messages and places without a channel are the person's."""
    if channel.startswith("D") or not channel:
        return Address(PLATFORM, channel, workspace, person)
    # Private channels and group messages go by placeholders.
    known = "" if name in ("privategroup", "directmessage") or name.startswith("mpdm-") else name
    return Address(PLATFORM, channel, workspace, name=known)


# What people do.


def _command(payload: Json, parse: Callable[[str], Call]) -> Heard:
    person, workspace, channel = payload["user_id"], payload.get("team_id", ""), payload.get("channel_id", "")
    way = Way(
        "command",
        person,
        workspace,
        channel,
        trigger=payload.get("trigger_id", ""),
        url=payload.get("response_url", ""),
    )
    by = Actor(PLATFORM, person, payload.get("user_name", ""))
    at = place(channel, workspace, person, payload.get("channel_name", ""))
    delivery = _delivery("command", payload)
    return Heard(delivery, way, Called(parse(text.read(payload.get("text", ""))), by, at, delivery=delivery))


def _pressed(payload: Json) -> Heard | None:
    action = payload["actions"][0]
    container, view = payload.get("container") or {}, payload.get("view") or {}
    written = went_back(view) if action.get("action_id") == BACK else None
    call = written.call if written is not None else read_button(action)
    if call is None:
        return None
    by, workspace = _user(payload)
    channel = (payload.get("channel") or {}).get("id") or container.get("channel_id", "")
    name = (payload.get("channel") or {}).get("name", "")
    message = container.get("message_ts", "")
    surface: Surface = "message"
    came: Origin | None = None
    if view:
        surface = "home" if view.get("type") == "home" else "modal"
        came = None if surface == "home" else written.origin if written is not None else origin(view)
        channel = came.channel if came else ""
    way = Way(
        surface,
        by.id,
        workspace,
        channel,
        trigger=payload.get("trigger_id", ""),
        url=payload.get("response_url", ""),
        message=message,
        ephemeral=bool(container.get("is_ephemeral")),
        view=view,
        origin=came,
    )
    at = place(channel, workspace, by.id, name)
    on = MessageRef(at, message) if message else None
    delivery = _delivery("action", payload)
    form = written is not None or action.get("action_id") == OPEN_FORM
    return Heard(delivery, way, Called(call, by, at, on, delivery, form=form))


def _submitted(payload: Json) -> Heard:
    by, workspace = _user(payload)
    view = payload["view"]
    sent = submission(view)
    came = sent.origin
    way = Way(
        "submission",
        by.id,
        workspace,
        came.channel,
        trigger=payload.get("trigger_id", ""),
        message=came.message,
        view=view,
        origin=came,
    )
    at = place(came.channel, workspace, by.id)
    on = MessageRef(at, came.message) if came.message else None
    delivery = _delivery("submission", payload)
    return Heard(delivery, way, Called(sent.call, by, at, on, delivery, form=sent.more))


def _saved(payload: Json) -> Heard:
    by, workspace = _user(payload)
    channel = payload["channel"]
    at = place(channel["id"], workspace, by.id, channel.get("name", ""))
    way = Way(
        "shortcut",
        by.id,
        workspace,
        channel["id"],
        trigger=payload.get("trigger_id", ""),
        url=payload.get("response_url", ""),
    )
    delivery = _delivery("shortcut", payload)
    event = Called(Call("resource save"), by, at, delivery=delivery, form=True)
    message, domain = payload["message"], (payload.get("team") or {}).get("domain")
    if domain:  # Slack gives a permalink only for channels the bot is in
        stamp = str(message["ts"]).replace(".", "")
        message = {**message, "permalink": f"https://{domain}.slack.com/archives/{channel['id']}/p{stamp}"}
    return Heard(delivery, way, event, message=message)


def _shortcut(payload: Json) -> Heard | None:
    path = SHORTCUTS.get(payload["callback_id"])
    if path is None:
        return None
    by, workspace = _user(payload)
    way = Way("shortcut", by.id, workspace, trigger=payload.get("trigger_id", ""))
    delivery = _delivery("shortcut", payload)
    event = Called(Call(path), by, place("", workspace, by.id), delivery=delivery, form=True)
    return Heard(delivery, way, event)


def _user(payload: Json) -> tuple[Actor, str]:
    user = payload["user"]
    workspace = (payload.get("team") or {}).get("id") or user.get("team_id", "")
    return Actor(PLATFORM, user["id"], user.get("name") or user.get("username") or ""), workspace


def _delivery(kind: str, payload: Json) -> str:
    """Return what stays the same however often Slack delivers this: the trigger is given out once for each act."""
    trigger = payload.get("trigger_id")
    if not trigger:
        raise ValueError("an act without a trigger")
    return hashlib.sha256(f"slack:{kind}:{trigger}".encode()).hexdigest()[:40]


# What Slack tells of.


def _event(payload: Json, me: str) -> Heard | None:
    event, workspace, delivery = payload["event"], payload.get("team_id", ""), payload["event_id"]
    kind = event["type"]
    moment = float(event.get("event_ts") or payload.get("event_time") or 0)
    match kind:
        case "reaction_added" | "reaction_removed":
            return _reacted(event, workspace, delivery, moment, me)
        case "app_home_opened":
            if event.get("tab", "home") != "home":
                return None
            at = place("", workspace, event["user"])
            by = Actor(PLATFORM, event["user"], "")
            way = Way("home", event["user"], workspace)
            return Heard(delivery, way, Called(Call("cop home"), by, at, delivery=delivery), what="home")
        case "member_joined_channel" | "member_left_channel":
            return _moved(event, workspace, delivery, moment, me)
        case "user_change":
            user = event["user"]
            noticed = Noticed(
                "left" if user.get("deleted") else "profile",
                Address(PLATFORM, workspace=workspace),
                Actor(PLATFORM, user["id"], ""),
                delivery=delivery,
            )
            way = Way("event", user["id"], workspace)
            return Heard(delivery, way, noticed, subject=f"profile:{user['id']}", moment=moment, profile=user)
        case "app_uninstalled":
            return _removed(workspace, delivery, "the app was uninstalled")
        case "tokens_revoked":
            if not (event.get("tokens") or {}).get("bot"):
                return None
            return _removed(workspace, delivery, "the bot token was revoked")
    return _channel(kind, event, workspace, delivery, moment)


def _reacted(event: Json, workspace: str, delivery: str, moment: float, me: str) -> Heard | None:
    item, person = event["item"], event["user"]
    if item.get("type") != "message" or person == me:
        return None
    emoji = text.plain_emoji(event["reaction"])
    on = MessageRef(place(item["channel"], workspace, person), item["ts"])
    added = event["type"] == "reaction_added"
    way = Way("event", person, workspace, item["channel"], message=item["ts"])
    subject = f"reaction:{item['channel']}:{item['ts']}:{person}:{emoji}"
    reacted = Reacted(emoji, added, on, Actor(PLATFORM, person, ""), delivery)
    return Heard(delivery, way, reacted, subject=subject, moment=moment)


def _moved(event: Json, workspace: str, delivery: str, moment: float, me: str) -> Heard:
    person, channel = event["user"], event["channel"]
    way = Way("event", person, workspace, channel)
    at = Address(PLATFORM, channel, workspace)
    arrived = event["type"] == "member_joined_channel"
    if person == me:
        what: Literal["opened", "closed"] = "opened" if arrived else "closed"
        reason = "" if arrived else "the bot was removed from the channel"
        noticed = Noticed(what, at, reason=reason, delivery=delivery)
        return Heard(delivery, way, noticed, subject=f"channel:{channel}", moment=moment)
    noticed = Noticed("arrived" if arrived else "left", at, Actor(PLATFORM, person, ""), delivery=delivery)
    return Heard(delivery, way, noticed, subject=f"member:{channel}:{person}", moment=moment)


def _removed(workspace: str, delivery: str, reason: str) -> Heard:
    noticed = Noticed("removed", Address(PLATFORM, workspace=workspace), reason=reason, delivery=delivery)
    return Heard(delivery, Way("event", "", workspace), noticed, what="revoked")


_CLOSED = {
    "archive": "the channel was archived",
    "deleted": "the channel was deleted",
    "left": "the bot was removed from the channel",
}


def _channel(kind: str, event: Json, workspace: str, delivery: str, moment: float) -> Heard | None:
    sort, _, change = kind.partition("_")
    channel = event.get("channel")
    if sort not in ("channel", "group") or channel is None:
        return None
    id_ = channel["id"] if isinstance(channel, dict) else channel
    at, way = Address(PLATFORM, id_, workspace), Way("event", "", workspace, id_)
    if change == "rename":
        at = Address(PLATFORM, id_, workspace, name=channel["name"])
        return Heard(
            delivery,
            way,
            Noticed("renamed", at, delivery=delivery),
            subject=f"name:{id_}",
            moment=moment,
        )
    if change == "unarchive":
        noticed = Noticed("opened", at, delivery=delivery)
    elif change in _CLOSED:
        noticed = Noticed("closed", at, reason=_CLOSED[change], delivery=delivery)
    else:
        return None
    return Heard(delivery, way, noticed, subject=f"channel:{id_}", moment=moment)
