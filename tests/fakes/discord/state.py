"""What Discord keeps: users, guilds with their channels, members and events, and every message."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.fakes.discord.refusals import unknown
from tests.fakes.discord.snowflakes import Snowflakes

Json = dict[str, Any]

TEXT, DIRECT, VOICE, PUBLIC_THREAD, FORUM = 0, 1, 2, 11, 15
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15


@dataclass(slots=True)
class User:
    """An account. `open` is whether people they share a guild with may write to them."""

    id: int
    name: str
    bot: bool = False
    open: bool = True


@dataclass(slots=True)
class Role:
    id: int
    name: str
    permissions: int
    position: int = 0


@dataclass(slots=True)
class Member:
    user: User
    joined_at: datetime
    roles: list[int] = field(default_factory=list)
    nick: str | None = None


@dataclass(slots=True)
class Channel:
    """A channel, a thread in `parent`, or the direct messages of the bot and `recipient`."""

    id: int
    name: str
    type: int = TEXT
    guild: int = 0
    parent: int = 0
    recipient: User | None = None
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    archived: bool = False
    locked: bool = False
    last_message: int | None = None

    @property
    def is_thread(self) -> bool:
        return self.type == PUBLIC_THREAD


@dataclass(slots=True)
class Event:
    """A native scheduled event of a guild: its fields as given, and who marked it."""

    id: int
    guild: int
    creator: User
    fields: Json
    interested: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Guild:
    id: int
    name: str
    owner: int
    everyone: Role
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)
    unavailable: bool = False


@dataclass(slots=True)
class Attachment:
    id: int
    name: str
    content: bytes
    media: str
    description: str | None = None


@dataclass(slots=True)
class Message:
    """A message. `only` is whoever alone sees it, where it is ephemeral."""

    id: int
    channel: int
    author: User
    at: datetime
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reactions: dict[str, list[int]] = field(default_factory=dict)
    flags: int = 0
    nonce: str | None = None
    edited_at: datetime | None = None
    interaction: Json | None = None
    reference: Json | None = None
    only: int = 0

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)


class State:
    """Everything kept, and the bot that it is kept for."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.bot = User(self.ids.new(), "Hearth", bot=True)
        self.application = self.ids.new()
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.guilds: dict[int, Guild] = {}
        self.direct: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.deleted: set[int] = set()

    def guild(self, id_: int) -> Guild:
        """Return the guild the bot is in. Raises Refusal."""
        found = self.guilds.get(id_)
        if found is None or self.bot.id not in found.members:
            raise unknown("Guild")
        return found

    def channel(self, id_: int) -> Channel:
        """Return the channel. Raises Refusal."""
        for guild in self.guilds.values():
            if id_ in guild.channels:
                return guild.channels[id_]
        if id_ not in self.direct:
            raise unknown("Channel")
        return self.direct[id_]

    def message(self, channel: int, id_: int) -> Message:
        """Return the message of the channel. Raises Refusal."""
        found = self.messages.get(id_)
        if found is None or found.channel != channel:
            raise unknown("Message")
        return found

    def user(self, id_: int) -> User:
        """Return the account. Raises Refusal."""
        if id_ not in self.users:
            raise unknown("User")
        return self.users[id_]

    def in_channel(self, channel: int) -> Iterator[Message]:
        """Yield the channel's messages that stay, oldest first."""
        return (m for m in self.messages.values() if m.channel == channel and not m.ephemeral)

    def directly(self, user: User) -> Channel:
        """Return the direct messages of the bot and the user."""
        for channel in self.direct.values():
            if channel.recipient is user:
                return channel
        made = Channel(self.ids.new(), "", DIRECT, recipient=user)
        self.direct[made.id] = made
        return made
