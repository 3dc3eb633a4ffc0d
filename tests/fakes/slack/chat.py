"""The methods chat.*: post, whisper, edit, delete, and the address of a message."""

from tests.fakes.slack import checks, shown
from tests.fakes.slack.calling import Arguments, Method, Refusal
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import BOT_USER, Channel, Message, Workspace

PERMALINK = "https://hearth.slack.com/archives"


def place_to_post(workspace: Workspace, name: str) -> Channel:
    """Return where a message to this channel or person goes. Raises Refusal where none may go."""
    if name in workspace.users:
        if workspace.users[name].deleted:
            raise Refusal("account_inactive")
        if workspace.users[name].closed:
            raise Refusal("cannot_dm_bot")
        return workspace.direct(name)
    channel = workspace.channels.get(name)
    if channel is None or channel.deleted or (channel.private and BOT_USER not in channel.members):
        raise Refusal("channel_not_found")
    if channel.archived:
        raise Refusal("is_archived")
    if BOT_USER not in channel.members and "chat:write.public" not in workspace.app.scopes:
        raise Refusal("not_in_channel")
    return channel


def post(workspace: Workspace, arguments: Arguments) -> Json:
    channel = place_to_post(workspace, arguments.needed("channel", "channel_not_found"))
    text, blocks = checks.message(arguments.given)
    metadata = checks.metadata(arguments.given.get("metadata"))
    thread = arguments.text("thread_ts")
    if thread and channel.message(thread) is None:
        raise Refusal("thread_not_found")
    made = Message(
        workspace.ts(),
        channel.id,
        BOT_USER,
        text,
        blocks,
        by_app=True,
        metadata=metadata,
        thread=thread,
    )
    channel.messages.append(made)
    workspace.note("posted", channel.id, made.ts, dict(arguments.given))
    return {"channel": channel.id, "ts": made.ts, "message": shown.message(workspace, made, metadata=True)}


def whisper(workspace: Workspace, arguments: Arguments) -> Json:
    channel = place_to_post(workspace, arguments.needed("channel", "channel_not_found"))
    person = arguments.needed("user", "user_not_in_channel")
    if person not in workspace.users:
        raise Refusal("user_not_in_channel")
    if person not in channel.members:
        raise Refusal("user_not_in_channel")
    text, blocks = checks.message(arguments.given)
    made = keep_ephemeral(workspace, channel, person, text, blocks)
    return {"message_ts": made.ts}


def keep_ephemeral(
    workspace: Workspace, channel: Channel, person: str, text: str, blocks: list[Json]
) -> Message:
    """Show a message to one person."""
    made = Message(workspace.ts(), channel.id, BOT_USER, text, blocks, by_app=True, only=person)
    channel.messages.append(made)
    workspace.note("whispered", channel.id, made.ts, {"text": text, "blocks": blocks, "user": person})
    return made


def _own(workspace: Workspace, arguments: Arguments, refusal: str) -> tuple[Channel, Message]:
    channel = workspace.channels.get(arguments.needed("channel", "channel_not_found"))
    if channel is None or channel.deleted or (channel.private and BOT_USER not in channel.members):
        raise Refusal("channel_not_found")
    if channel.archived:
        raise Refusal("is_archived")
    message = channel.message(arguments.needed("ts", "message_not_found"))
    if message is None or message.only:
        raise Refusal("message_not_found")
    if message.user != BOT_USER:
        raise Refusal(refusal)
    return channel, message


def edit(workspace: Workspace, arguments: Arguments) -> Json:
    channel, message = _own(workspace, arguments, "cant_update_message")
    text, blocks = checks.message(arguments.given)
    metadata = checks.metadata(arguments.given.get("metadata"))
    replace(message, text, blocks, metadata)
    workspace.note("edited", channel.id, message.ts, dict(arguments.given))
    answered = shown.message(workspace, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": answered}


def replace(message: Message, text: str, blocks: list[Json], metadata: Json | None) -> None:
    """Let a message say something else; metadata that is not given stays."""
    message.text, message.blocks = text, blocks
    message.metadata = metadata if metadata is not None else message.metadata
    message.edited = True


def delete(workspace: Workspace, arguments: Arguments) -> Json:
    channel, message = _own(workspace, arguments, "cant_delete_message")
    message.deleted = True
    workspace.note("deleted", channel.id, message.ts, {})
    return {"channel": channel.id, "ts": message.ts}


def permalink(workspace: Workspace, arguments: Arguments) -> Json:
    channel = workspace.channels.get(arguments.needed("channel", "channel_not_found"))
    if channel is None:
        raise Refusal("channel_not_found")
    message = channel.message(arguments.needed("message_ts", "message_not_found"))
    if message is None or message.only:
        raise Refusal("message_not_found")
    return {"channel": channel.id, "permalink": f"{PERMALINK}/{channel.id}/p{message.ts.replace('.', '')}"}


METHODS = {
    "chat.postMessage": Method(post, ("chat:write",), minute=600),
    "chat.postEphemeral": Method(whisper, ("chat:write",), minute=100),
    "chat.update": Method(edit, ("chat:write",), minute=50),
    "chat.delete": Method(delete, ("chat:write",), minute=50),
    "chat.getPermalink": Method(permalink, minute=600, json=False),
}
