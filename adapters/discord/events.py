"""What Discord tells of, as core events. Pure; what is no event for the core is None."""

import json

import discord

from adapters import emoji
from bot.chat import Actor, Address, MessageRef, Noticed, Reacted

NAME = "discord"


def actor(user: discord.User | discord.Member) -> Actor:
    """Return who acts, by the name their server knows them by. Discord tells of nobody's time zone."""
    return Actor(NAME, str(user.id), user.display_name, bot=user.bot)


def channel(guild: int | None, id_: int, name: str = "") -> Address:
    """Return the address of a channel of a server."""
    return Address(NAME, channel=str(id_), workspace=str(guild or ""), name=name)


def place(interaction: discord.Interaction) -> Address:
    """Return where somebody interacted: a channel, or their direct messages."""
    id_ = str(interaction.channel_id or "")
    if interaction.guild_id is None:
        user = interaction.user
        return Address(NAME, channel=id_, person=str(user.id), name=user.display_name)
    name = getattr(interaction.channel, "name", None) or ""
    return Address(NAME, channel=id_, workspace=str(interaction.guild_id), name=name)


def reacted(payload: discord.RawReactionActionEvent, own_id: int) -> Reacted | None:
    """Return the reaction. It has no id of its own; what it asks for is idempotent by message, person and emoji."""
    if payload.user_id == own_id:
        return None
    # Who took one back is told by id only.
    by = actor(payload.member) if payload.member is not None else Actor(NAME, str(payload.user_id), "")
    name = emoji.name_of(payload.emoji.name or "")
    on = MessageRef(channel(payload.guild_id, payload.channel_id), str(payload.message_id))
    return Reacted(name, payload.event_type == "REACTION_ADD", on, by)


def found(reaction: discord.Reaction, user: discord.User | discord.Member, on: MessageRef) -> Reacted:
    """Return a reaction that stands on the message, since whenever."""
    return Reacted(emoji.name_of(str(reaction.emoji)), True, on, actor(user), found=True)


def closed(guild: int, id_: int, name: str, reason: str) -> Noticed:
    """Return that a channel or thread is gone."""
    return Noticed("closed", channel(guild, id_, name), reason=reason)


def opened(where: discord.abc.GuildChannel | discord.Thread) -> Noticed:
    """Return that the bot, let into a server again, may write in this channel of it."""
    return Noticed("opened", channel(where.guild.id, where.id, where.name))


def renamed(guild: int, id_: int, name: str) -> Noticed | None:
    """Return that a channel or thread is called so now."""
    return Noticed("renamed", channel(guild, id_, name)) if name else None


def removed(guild: int, name: str) -> Noticed:
    """Return that the bot is no longer in the server."""
    return Noticed("removed", Address(NAME, workspace=str(guild), name=name))


def profile(raw: str) -> Noticed | None:
    """Return what a member of a server is called now, from a gateway message.

    The library tells of it only where it remembers the member, and it remembers none.
    """
    if '"GUILD_MEMBER_UPDATE"' not in raw:
        return None
    message = json.loads(raw)
    if message.get("t") != "GUILD_MEMBER_UPDATE":
        return None
    told, user = message["d"], message["d"]["user"]
    name = told.get("nick") or user.get("global_name") or user["username"]
    by = Actor(NAME, str(user["id"]), name, bot=bool(user.get("bot")))
    return Noticed("profile", Address(NAME, workspace=str(told["guild_id"])), by=by)


def left(payload: discord.RawMemberRemoveEvent) -> Noticed:
    """Return that somebody left the server."""
    return Noticed("left", Address(NAME, workspace=str(payload.guild_id)), by=actor(payload.user))
