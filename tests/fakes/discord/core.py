"""What every part of the fake stands on: the state, the gateway, the ledger, and how messages come and go."""

import asyncio
import itertools
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.discord import components, drawing, gateway, permissions
from tests.fakes.discord.call import Upload
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.ledger import Effect, Ledger, Verb
from tests.fakes.discord.refusals import closed_to_direct_messages, missing_access, missing_permissions
from tests.fakes.discord.state import DIRECT, Attachment, Channel, Guild, Json, Message, State, User
from tests.fakes.discord.trees import Commands

NONCE_WINDOW = timedelta(minutes=5)


class Core:
    """`clock` is what ids, the three seconds and the fifteen minutes go by."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.state = State(clock)
        self.ledger = Ledger()
        self.gateway = Gateway(self.state)
        self.commands = Commands(self.state.ids, self.state.application)
        self.cdn = ""
        self.changed = asyncio.Event()
        """Set whenever an effect is written down."""

    def wrote(self, verb: Verb, target: int, channel: int = 0, data: Any = None) -> None:
        """Write an effect of the bot's into the ledger."""
        self.ledger.effects.append(Effect(verb, target, self.clock(), channel, data))
        self.changed.set()

    # Who may.

    def guild_of(self, channel: Channel) -> Guild | None:
        return self.state.guilds.get(channel.guild)

    def may(self, channel: Channel, *needed: int) -> None:
        """Check that the bot sees the channel and has these permissions there. Raises Refusal."""
        if channel.type == DIRECT:
            return
        guild = self.state.guilds[channel.guild]
        held = permissions.of(self.state.bot.id, guild, channel)
        if not held & permissions.VIEW_CHANNEL:
            raise missing_access()
        if any(not held & bit for bit in needed):
            raise missing_permissions()

    def may_write_to(self, user: User) -> None:
        """Check that the bot may write to them directly. Raises Refusal."""
        shared = any(
            {user.id, self.state.bot.id} <= guild.members.keys() for guild in self.state.guilds.values()
        )
        if not (shared and user.open and not user.bot):
            raise closed_to_direct_messages()

    # Messages.

    def draw(self, message: Message) -> Json:
        """Return the message as REST gives it to the bot."""
        return drawing.message(message, self.state, self.cdn, content=self.gateway.reads_content())

    def compose(
        self, channel: Channel, author: User, body: Json, files: Iterable[Upload] = (), **more: Any
    ) -> Message:
        """Return a new message that says what the body says; it is not sent yet."""
        made = Message(self.state.ids.new(), channel.id, author, self.clock(), **more)
        self.write_into(made, body, tuple(files))
        return made

    def write_into(self, message: Message, body: Json, files: tuple[Upload, ...]) -> None:
        """Let the message say what the body says; what the body leaves out stays."""
        if "content" in body:
            message.content = body["content"] or ""
        if "embeds" in body:
            message.embeds = [{"type": "rich", **embed} for embed in body["embeds"] or []]
        if "components" in body:
            message.components = numbered(body["components"] or [])
        if body.get("flags") is not None:
            message.flags = message.flags | body["flags"]
        if body.get("nonce") is not None:
            message.nonce = str(body["nonce"])
        if "attachments" in body or files:
            self._attach(message, body, files)

    def _attach(self, message: Message, body: Json, files: tuple[Upload, ...]) -> None:
        kept = {str(a.id): a for a in message.attachments}
        about = {str(a["id"]): a for a in body.get("attachments") or []}
        new = [
            Attachment(
                self.state.ids.new(),
                file.name,
                file.content,
                file.media,
                about.get(str(file.number), {}).get("description"),
            )
            for file in files
        ]
        stay = [a for id_, a in kept.items() if "attachments" not in body or id_ in about]
        message.attachments = [*stay, *new]

    def send(self, message: Message) -> None:
        """Put the message into its channel, and tell who listens there; an ephemeral one is told of nobody."""
        self.state.messages[message.id] = message
        channel = self.state.channel(message.channel)
        if not message.ephemeral:
            channel.last_message = message.id
            self.tell(message, "MESSAGE_CREATE")

    def tell(self, message: Message, event: str) -> None:
        """Tell the gateway of the message as it is now."""
        channel = self.state.channel(message.channel)
        drawn = self.draw(message)
        guild = self.guild_of(channel)
        intent = gateway.GUILD_MESSAGES
        if guild is None:
            intent = gateway.DIRECT_MESSAGES
        else:
            drawn["guild_id"] = str(guild.id)
            if message.author.id in guild.members:
                member = drawing.member(guild.members[message.author.id])
                drawn["member"] = {name: value for name, value in member.items() if name != "user"}
        self.gateway.dispatch(event, drawn, guild=channel.guild, intent=intent)

    def erase(self, message: Message) -> None:
        """Delete the message, and tell."""
        self.state.messages.pop(message.id, None)
        self.state.deleted.add(message.id)
        if message.ephemeral:
            return
        channel = self.state.channel(message.channel)
        intent = gateway.GUILD_MESSAGES if channel.guild else gateway.DIRECT_MESSAGES
        told = {"id": str(message.id), "channel_id": str(channel.id)}
        if channel.guild:
            told["guild_id"] = str(channel.guild)
        self.gateway.dispatch("MESSAGE_DELETE", told, guild=channel.guild, intent=intent)

    def react(self, message: Message, user: User, emoji: str, *, added: bool) -> bool:
        """Add or take away a reaction, and tell; return whether anything changed."""
        users = message.reactions.setdefault(emoji, [])
        if (user.id in users) is added:
            return False
        if added:
            users.append(user.id)
        else:
            users.remove(user.id)
            if not users:
                del message.reactions[emoji]
        self.tell_reaction(message, user, emoji, added=added)
        return True

    def tell_reaction(self, message: Message, user: User, emoji: str, *, added: bool) -> None:
        """Tell the gateway of a reaction that came or went."""
        channel = self.state.channel(message.channel)
        told: Json = {
            "user_id": str(user.id),
            "channel_id": str(channel.id),
            "message_id": str(message.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        guild = self.guild_of(channel)
        intent = gateway.DIRECT_MESSAGE_REACTIONS
        if guild is not None:
            told["guild_id"] = str(guild.id)
            intent = gateway.GUILD_MESSAGE_REACTIONS
            if added:
                told |= {
                    "member": drawing.member(guild.members[user.id]),
                    "message_author_id": str(message.author.id),
                }
        event = "MESSAGE_REACTION_ADD" if added else "MESSAGE_REACTION_REMOVE"
        self.gateway.dispatch(event, told, guild=channel.guild, intent=intent)

    def same_nonce(self, channel: Channel, nonce: str) -> int | None:
        """Return the id of the bot's message with this nonce in the channel, of the last few minutes."""
        for effect in reversed(self.ledger.of("create")):
            if self.clock() - effect.at > NONCE_WINDOW:
                return None
            if effect.channel == channel.id and effect.data.get("nonce") == nonce:
                return effect.target
        return None


def numbered(tree: list[Json]) -> list[Json]:
    """Return the components, each with an id of its own, as Discord numbers them."""
    taken = {c["id"] for c in components.walk(tree) if c.get("id")}
    free = (number for number in itertools.count(1) if number not in taken)
    return [_numbered(one, free) for one in tree]


def _numbered(one: Json, free: Iterable[int]) -> Json:
    numbers = iter(free)
    made = {**one, "id": one.get("id") or next(numbers)}
    if "components" in one:
        made["components"] = [_numbered(inner, numbers) for inner in one["components"]]
    for name in ("accessory", "component"):
        if one.get(name):
            made[name] = _numbered(one[name], numbers)
    return made
