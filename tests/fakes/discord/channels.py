"""REST for channels: messages, reactions and direct messages."""

from tests.fakes.discord import drawing, payloads, permissions
from tests.fakes.discord.call import Call, Json, Routes
from tests.fakes.discord.core import Core
from tests.fakes.discord.refusals import (
    Refusal,
    missing_permissions,
    not_the_author,
    thread_archived,
    too_many_reactions,
    unknown,
)
from tests.fakes.discord.state import DIRECT, FORUM, Channel, Message

ONE = "/channels/{channel_id}/messages/{message_id}"
REACTION = ONE + "/reactions/{emoji_name}"


class Channels:
    """Handlers over the core."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._state = core.state

    def routes(self) -> Routes:
        return [
            ("GET", "/channels/{channel_id}", self.channel),
            ("POST", "/channels/{channel_id}/messages", self.create),
            ("GET", "/channels/{channel_id}/messages", self.listed),
            ("POST", "/channels/{channel_id}/typing", self.typing),
            ("GET", ONE, self.get),
            ("PATCH", ONE, self.edit),
            ("DELETE", ONE, self.delete),
            ("PUT", REACTION + "/@me", self.react),
            ("DELETE", REACTION + "/@me", self.unreact),
            ("GET", REACTION, self.reactors),
            ("POST", "/users/@me/channels", self.open),
            ("GET", "/users/{user_id}", self.user),
        ]

    def _channel(self, call: Call, *needed: int) -> Channel:
        channel = self._state.channel(call.id("channel_id"))
        self._core.may(channel, *needed)
        return channel

    def _message(self, call: Call, *needed: int) -> Message:
        channel = self._channel(call, *needed)
        message = self._state.message(channel.id, call.id("message_id"))
        if message.ephemeral:
            raise unknown("Message")
        return message

    async def channel(self, call: Call) -> Json:
        return drawing.channel(self._channel(call))

    async def user(self, call: Call) -> Json:
        return drawing.user(self._state.user(call.id("user_id")))

    async def typing(self, call: Call) -> None:
        self._channel(call, permissions.SEND_MESSAGES)

    async def open(self, call: Call) -> Json:
        user = self._state.user(int(call.body["recipient_id"]))
        if user.bot:
            raise Refusal(400, 50007, "Cannot send messages to this user")
        channel = self._state.directly(user)
        self._core.wrote("direct", channel.id, channel.id, {"recipient": user.id})
        return drawing.channel(channel)

    async def create(self, call: Call) -> Json:
        core = self._core
        channel = self._channel(call)
        if channel.type == FORUM:
            raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
        if channel.type == DIRECT:
            assert channel.recipient is not None
            core.may_write_to(channel.recipient)
        else:
            sending = permissions.SEND_MESSAGES_IN_THREADS if channel.is_thread else permissions.SEND_MESSAGES
            core.may(channel, sending, *([permissions.ATTACH_FILES] if call.files else []))
        if channel.is_thread and channel.archived and channel.locked:
            raise thread_archived()
        body = self._allowed(channel, call.body)
        payloads.check_message(body, call.files)
        complaint = payloads.mention_complaint(body)
        if complaint:
            core.ledger.complaints.append(f"create message: {complaint}")
        nonce = body.get("nonce")
        before = core.same_nonce(channel, str(nonce)) if nonce and body.get("enforce_nonce") else None
        if before is not None:
            return core.draw(self._state.message(channel.id, before))
        message = core.compose(channel, self._state.bot, body, call.files)
        channel.archived = False
        core.send(message)
        core.wrote("create", message.id, channel.id, body)
        return core.draw(message)

    def _allowed(self, channel: Channel, body: Json) -> Json:
        """Leave embeds out where the bot may not embed: Discord does so without a word."""
        if body.get("embeds") and channel.guild:
            held = permissions.of(self._state.bot.id, self._state.guilds[channel.guild], channel)
            if not held & permissions.EMBED_LINKS:
                return {**body, "embeds": []}
        return body

    async def listed(self, call: Call) -> list[Json]:
        channel = self._channel(call)
        if channel.guild:
            held = permissions.of(self._state.bot.id, self._state.guilds[channel.guild], channel)
            if not held & permissions.READ_MESSAGE_HISTORY:
                return []
        limit = call.number("limit", 50)
        if not 1 <= limit <= 100:
            raise Refusal(400, 50035, "limit must be between 1 and 100")
        found = list(self._state.in_channel(channel.id))
        if "after" in call.query:
            found = [m for m in found if m.id > call.number("after", 0)][:limit]
        elif "around" in call.query:
            near = sorted(found, key=lambda m: abs(m.id - call.number("around", 0)))[:limit]
            found = sorted(near, key=lambda m: m.id)
        else:
            before = call.number("before", 1 << 62)
            found = [m for m in found if m.id < before][-limit:]
        return [self._core.draw(m) for m in reversed(found)]

    async def get(self, call: Call) -> Json:
        return self._core.draw(self._message(call, permissions.READ_MESSAGE_HISTORY))

    async def edit(self, call: Call) -> Json:
        message = self._message(call)
        if message.author is not self._state.bot:
            raise not_the_author()
        self.rewrite(message, call)
        return self._core.draw(message)

    def rewrite(self, message: Message, call: Call) -> None:
        """Change one of the bot's messages. Raises Refusal."""
        core = self._core
        had = core.draw(message)
        payloads.check_message(call.body, call.files, had=had)
        complaint = payloads.mention_complaint(call.body)
        if complaint:
            core.ledger.complaints.append(f"edit message: {complaint}")
        core.write_into(message, call.body, call.files)
        message.edited_at = core.clock()
        if not message.ephemeral:
            core.tell(message, "MESSAGE_UPDATE")
        core.wrote("edit", message.id, message.channel, call.body)

    async def delete(self, call: Call) -> None:
        message = self._message(call)
        if message.author is not self._state.bot:
            self._channel(call, permissions.MANAGE_MESSAGES)
        self._core.erase(message)
        self._core.wrote("delete", message.id, message.channel)

    async def react(self, call: Call) -> None:
        message = self._message(call, permissions.READ_MESSAGE_HISTORY)
        emoji = _emoji(call)
        if emoji not in message.reactions:
            self._channel(call, permissions.ADD_REACTIONS)
        if len(message.reactions) >= 20 and emoji not in message.reactions:
            raise too_many_reactions()
        if self._core.react(message, self._state.bot, emoji, added=True):
            self._core.wrote("react", message.id, message.channel, emoji)

    async def unreact(self, call: Call) -> None:
        message = self._message(call)
        if self._core.react(message, self._state.bot, _emoji(call), added=False):
            self._core.wrote("unreact", message.id, message.channel, _emoji(call))

    async def reactors(self, call: Call) -> list[Json]:
        message = self._message(call)
        after, limit = call.number("after", 0), call.number("limit", 25)
        users = sorted(u for u in message.reactions.get(_emoji(call), []) if u > after)
        return [drawing.user(self._state.users[u]) for u in users[:limit]]


def _emoji(call: Call) -> str:
    emoji = call.parameters["emoji_name"]
    if emoji.isascii():
        raise Refusal(400, 10014, "Unknown Emoji")
    return emoji


def may_manage(core: Core, guild: int, *bits: int) -> None:
    """Check that the bot has any of these permissions in the guild. Raises Refusal."""
    held = permissions.of(core.state.bot.id, core.state.guild(guild))
    if not any(held & bit for bit in bits):
        raise missing_permissions()
