"""The methods about people and what they feel: auth.test, users.*, reactions.*, and opening a socket."""

from tests.fakes.slack import shown
from tests.fakes.slack.calling import Arguments, Method, Refusal
from tests.fakes.slack.conversations import paged
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import APP, BOT, BOT_USER, TEAM, Channel, Message, Workspace

REACTIONS_LIMIT = 23
"""Different emoji one person may put on one message."""


def test(workspace: Workspace, arguments: Arguments) -> Json:
    return {
        "url": "https://hearth.slack.com/",
        "team": "Hearth",
        "user": "hearth",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "app_id": APP,
        "is_enterprise_install": False,
    }


def open_socket(workspace: Workspace, arguments: Arguments) -> Json:
    address = workspace.address("/link").replace("http", "ws", 1)
    return {"url": f"{address}?ticket={workspace.tickets.socket()}&app_id={APP}"}


def info(workspace: Workspace, arguments: Arguments) -> Json:
    person = workspace.users.get(arguments.needed("user", "user_not_found"))
    if person is None:
        raise Refusal("user_not_found")
    return {"user": shown.user(person)}


def list_(workspace: Workspace, arguments: Arguments) -> Json:
    return paged(arguments, "members", [shown.user(u) for u in workspace.users.values()])


def _reacted(workspace: Workspace, arguments: Arguments) -> tuple[Channel, Message]:
    channel = workspace.channels.get(arguments.needed("channel", "no_item_specified"))
    if channel is None or channel.deleted or (channel.private and BOT_USER not in channel.members):
        raise Refusal("channel_not_found")
    message = channel.message(arguments.needed("timestamp", "no_item_specified"))
    if message is None or message.only:
        raise Refusal("message_not_found")
    return channel, message


def add(workspace: Workspace, arguments: Arguments) -> Json:
    name = arguments.needed("name", "invalid_name")
    channel, message = _reacted(workspace, arguments)
    if channel.archived:
        raise Refusal("is_archived")
    if BOT_USER not in channel.members:
        raise Refusal("not_in_channel")
    who = message.reactions.setdefault(name, [])
    if BOT_USER in who:
        raise Refusal("already_reacted")
    if sum(BOT_USER in people for people in message.reactions.values()) >= REACTIONS_LIMIT:
        raise Refusal("too_many_emoji")
    who.append(BOT_USER)
    workspace.note("reacted", channel.id, message.ts, {"name": name})
    return {}


def remove(workspace: Workspace, arguments: Arguments) -> Json:
    name = arguments.needed("name", "invalid_name")
    channel, message = _reacted(workspace, arguments)
    if BOT_USER not in message.reactions.get(name, []):
        raise Refusal("no_reaction")
    message.reactions[name].remove(BOT_USER)
    workspace.note("unreacted", channel.id, message.ts, {"name": name})
    return {}


def get(workspace: Workspace, arguments: Arguments) -> Json:
    channel, message = _reacted(workspace, arguments)
    told = shown.message(workspace, message) | {"reactions": shown.reactions(message)}
    return {"type": "message", "channel": channel.id, "message": told}


METHODS = {
    "auth.test": Method(test, minute=600),
    "apps.connections.open": Method(
        open_socket, ("connections:write",), minute=1, json=False, app_token=True
    ),
    "users.info": Method(info, ("users:read",), minute=100, json=False),
    "users.list": Method(list_, ("users:read",), minute=20, json=False),
    "reactions.add": Method(add, ("reactions:write",), minute=50),
    "reactions.remove": Method(remove, ("reactions:write",), minute=20),
    "reactions.get": Method(get, ("reactions:read",), minute=50, json=False),
}
