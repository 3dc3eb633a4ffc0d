"""What happens in a workspace without anybody speaking to the app: each changes the state and tells the app of it."""

from tests.fakes.slack import payloads, shown
from tests.fakes.slack.deliveries import Ack
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.server import Slack
from tests.fakes.slack.state import BOT_USER, Channel, Message, User


async def _tell(slack: Slack, event: Json) -> Ack | None:
    return await slack.deliveries.deliver(payloads.event(slack.workspace, event))


async def rename(slack: Slack, channel: Channel, name: str) -> None:
    """Give a channel another name."""
    channel.name = name
    await _tell(slack, {"type": "channel_rename", "channel": {"id": channel.id, "name": name, "created": 1}})


async def archive(slack: Slack, channel: Channel) -> None:
    """Archive a channel; its members leave with it."""
    channel.archived = True
    await _tell(slack, {"type": "channel_archive", "channel": channel.id, "user": "U0ADMIN"})


async def unarchive(slack: Slack, channel: Channel) -> None:
    """Open an archived channel again."""
    channel.archived = False
    await _tell(slack, {"type": "channel_unarchive", "channel": channel.id, "user": "U0ADMIN"})


def remove_app(channel: Channel) -> None:
    """Take the app out of a channel; whether it is told is left open here."""
    channel.members.discard(BOT_USER)
    channel.private = True  # to an app outside it a private channel is not there


async def remove_app_and_tell(slack: Slack, channel: Channel) -> None:
    """Take the app out of a channel, as /remove does."""
    remove_app(channel)
    await _tell(slack, {"type": "channel_left", "channel": channel.id, "actor_id": "U0ADMIN"})


async def invite_app(slack: Slack, channel: Channel) -> None:
    """Invite the app into a channel."""
    channel.members.add(BOT_USER)
    event = {"type": "member_joined_channel", "user": BOT_USER, "channel": channel.id, "channel_type": "C"}
    await _tell(slack, event)


async def change_profile(slack: Slack, user: User, *, name: str = "", zone: str = "") -> None:
    """Let a person be called otherwise, or live in another zone."""
    user.shown, user.zone = name or user.shown, zone or user.zone
    await _tell(slack, {"type": "user_change", "user": shown.user(user)})


def delete_message(message: Message) -> None:
    """Delete a message; apps like ours are not told."""
    message.deleted = True


async def uninstall(slack: Slack) -> None:
    """Uninstall the app: its token dies, and it is told twice."""
    slack.workspace.app.revoked = "account_inactive"
    await _tell(slack, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [BOT_USER]}})
    await _tell(slack, {"type": "app_uninstalled"})
