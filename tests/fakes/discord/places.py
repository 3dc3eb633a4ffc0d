"""Guilds, channels and accounts made and unmade, with the bot told of each as Discord tells it."""

from typing import Any

from tests.fakes.discord import drawing, gateway, permissions
from tests.fakes.discord.core import Core
from tests.fakes.discord.snowflakes import of_name
from tests.fakes.discord.state import PUBLIC_THREAD, TEXT, Channel, Guild, Json, Member, Role, User


class Places:
    """What an owner of a guild does to it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._state = core.state

    def _tell(self, event: str, data: Any, guild: Guild, intent: int = gateway.GUILDS) -> None:
        self._core.gateway.dispatch(event, data, guild=guild.id, intent=intent)

    def account(self, name: str) -> User:
        """Return the account of that name."""
        return self._state.users.setdefault(of_name(name), User(of_name(name), name))

    def guild(self, name: str) -> Guild:
        """Make a guild that the bot is in."""
        id_ = self._state.ids.new()
        owner = self.account(f"owner of {name}")
        made = Guild(id_, name, owner.id, Role(id_, "@everyone", permissions.USUAL))
        self._state.guilds[id_] = made
        made.members[owner.id] = Member(owner, self._core.clock())
        self.invite(made)
        return made

    def invite(self, guild: Guild) -> None:
        """Let the bot into the guild."""
        bot = self._state.bot
        guild.members[bot.id] = Member(bot, self._core.clock())
        told = drawing.guild_create(guild, bot=bot.id)
        del told["unavailable"]  # a server that is joined comes without it; one whose outage ends has false
        self._tell("GUILD_CREATE", told, guild)

    def kick(self, guild: Guild) -> None:
        """Put the bot out of the guild."""
        guild.members.pop(self._state.bot.id)
        self._tell("GUILD_DELETE", {"id": str(guild.id)}, guild)

    def outage(self, guild: Guild, *, ends: bool = False) -> None:
        """Let the guild be unavailable for a while, or again available."""
        guild.unavailable = not ends
        if ends:
            self._tell("GUILD_CREATE", drawing.guild_create(guild, bot=self._state.bot.id), guild)
        else:
            self._tell("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, guild)

    def channel(self, guild: Guild, name: str, kind: int = TEXT) -> Channel:
        """Return the guild's channel of that name; it is made if there is none."""
        for channel in guild.channels.values():
            if channel.name == name:
                return channel
        made = Channel(self._state.ids.new(), name, kind, guild.id)
        guild.channels[made.id] = made
        self._tell("CHANNEL_CREATE", drawing.channel(made), guild)
        return made

    def thread(self, parent: Channel, name: str) -> Channel:
        """Make a thread in the channel."""
        guild = self._state.guilds[parent.guild]
        made = Channel(self._state.ids.new(), name, PUBLIC_THREAD, guild.id, parent.id)
        guild.channels[made.id] = made
        self._tell("THREAD_CREATE", drawing.channel(made) | {"newly_created": True}, guild)
        return made

    def rename_channel(self, channel: Channel, name: str) -> None:
        channel.name = name
        self._updated(channel)

    def archive(self, thread: Channel, *, locked: bool = False, ends: bool = False) -> None:
        """Archive the thread, or bring it back."""
        thread.archived, thread.locked = not ends, locked and not ends
        self._updated(thread)

    def allow(self, channel: Channel, bits: int, *, whom: int = 0) -> None:
        """Let everyone, or one member or role, have these permissions in the channel."""
        self._overwrite(channel, whom or channel.guild, bits, given=True)

    def forbid(self, channel: Channel, bits: int, *, whom: int = 0) -> None:
        """Take these permissions in the channel from everyone, or one member or role."""
        self._overwrite(channel, whom or channel.guild, bits, given=False)

    def _overwrite(self, channel: Channel, target: int, bits: int, *, given: bool) -> None:
        allow, deny = channel.overwrites.get(target, (0, 0))
        allow, deny = (allow | bits, deny & ~bits) if given else (allow & ~bits, deny | bits)
        channel.overwrites[target] = (allow, deny)
        self._updated(channel)

    def _updated(self, channel: Channel) -> None:
        guild = self._state.guilds[channel.guild]
        event = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self._tell(event, drawing.channel(channel), guild)

    def delete(self, channel: Channel) -> None:
        """Delete the channel or thread, with its messages and threads."""
        guild = self._state.guilds[channel.guild]
        for thread in [c for c in guild.channels.values() if c.parent == channel.id]:
            self.delete(thread)
        del guild.channels[channel.id]
        for message in [m for m in self._state.messages.values() if m.channel == channel.id]:
            del self._state.messages[message.id]
        event = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self._tell(event, drawing.channel(channel), guild)

    def join(self, user: User, guild: Guild) -> None:
        """Let somebody come into the guild."""
        if user.id in guild.members:
            return
        guild.members[user.id] = Member(user, self._core.clock())
        told: Json = drawing.member(guild.members[user.id]) | {"guild_id": str(guild.id)}
        self._tell("GUILD_MEMBER_ADD", told, guild, gateway.GUILD_MEMBERS)

    def leave(self, user: User, guild: Guild) -> None:
        """Let somebody go."""
        guild.members.pop(user.id, None)
        told = {"guild_id": str(guild.id), "user": drawing.user(user)}
        self._tell("GUILD_MEMBER_REMOVE", told, guild, gateway.GUILD_MEMBERS)

    def rename(self, user: User, name: str) -> None:
        """Let somebody be called otherwise, wherever they are."""
        user.name = name
        for guild in self._state.guilds.values():
            if user.id in guild.members:
                told = drawing.member(guild.members[user.id]) | {"guild_id": str(guild.id)}
                self._tell("GUILD_MEMBER_UPDATE", told, guild, gateway.GUILD_MEMBERS)
