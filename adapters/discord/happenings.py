"""Sessions as native Scheduled Events of a server: made, kept current and removed with them, and interest heard.

Each event is an external one, since a session's place is a text, and carries the session's id in its last
line: people can type it, and we find our own event by it when the answer to making it was lost.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import discord

from adapters.discord import text
from adapters.discord.events import NAME, actor
from bot.chat import Actor, Address, Happening, MessageRef, Reacted, Undeliverable
from bot.text import shorten

INTERESTED = "interested"

TITLE_LIMIT = 100
PLACE_LIMIT = 100
DESCRIPTION_LIMIT = 1_000
ELSEWHERE = "See the announcement"
NOT_ALLOWED = "the bot may not make events in this server: give it “Create Events”"

_UNKNOWN_EVENT = 10070
_HEARD = {"GUILD_SCHEDULED_EVENT_USER_ADD": True, "GUILD_SCHEDULED_EVENT_USER_REMOVE": False}

T = TypeVar("T")


class Call(Protocol):
    """How the port calls Discord: what goes wrong comes as the core's errors."""

    async def __call__(self, work: Callable[[discord.Client], Awaitable[T]], /) -> T: ...


class Calendar:
    """Implements `bot.chat.Calendar`."""

    def __init__(self, call: Call) -> None:
        self._call = call

    async def put(self, workspace: str, happening: Happening, entry: str) -> str:
        """Show the happening and return its event's id. Raises RetryLater, Undeliverable or Refused."""

        async def show(client: discord.Client) -> str:
            guild = _guild(client, workspace)
            event = await _known(guild, entry) if entry else await _ours(client, guild, happening.key)
            try:
                return await _put(guild, event, _shown(happening))
            except discord.Forbidden:
                raise Undeliverable(NOT_ALLOWED, place=False) from None

        return await self._call(show)

    async def take_down(self, workspace: str, entry: str) -> None:
        """Remove the event; one that is gone already is well."""

        async def remove(client: discord.Client) -> None:
            event = await _known(_guild(client, workspace), entry)
            if event is not None:
                await event.delete()

        await self._call(remove)


def interest(raw: str) -> Reacted | None:
    """Return who marked an event as interesting, or not any more, from a gateway message.

    The library tells of it only where it has both the event and the person in its caches.
    """
    if "GUILD_SCHEDULED_EVENT_USER_" not in raw:
        return None
    message = json.loads(raw)
    added = _HEARD.get(message.get("t"))
    if added is None:
        return None
    told: dict[str, Any] = message["d"]
    on = MessageRef(Address(NAME, workspace=str(told["guild_id"])), str(told["guild_scheduled_event_id"]))
    return Reacted(INTERESTED, added, on, Actor(NAME, str(told["user_id"]), ""))


async def named(client: discord.Client, event: Reacted) -> Reacted:
    """Return the interest with the person's name: such an event tells only their id, and they may be new here."""
    guild = client.get_guild(int(event.on.at.workspace))
    if guild is None:
        return event
    try:
        return replace(event, by=actor(await guild.fetch_member(int(event.by.id))))
    except discord.HTTPException:
        return event


def _guild(client: discord.Client, workspace: str) -> discord.Guild:
    guild = client.get_guild(int(workspace)) if workspace.isdecimal() else None
    if guild is None:
        raise Undeliverable("the bot is not in that server")
    return guild


async def _put(guild: discord.Guild, event: discord.ScheduledEvent | None, shown: dict[str, Any]) -> str:
    if event is None:
        made = await guild.create_scheduled_event(
            entity_type=discord.EntityType.external, privacy_level=discord.PrivacyLevel.guild_only, **shown
        )
        return str(made.id)
    if event.status is discord.EventStatus.active:
        del shown["start_time"]  # what has begun cannot begin otherwise
    await event.edit(**shown)
    return str(event.id)


async def _known(guild: discord.Guild, entry: str) -> discord.ScheduledEvent | None:
    """Return the event unless it is gone or over."""
    if not entry.isdecimal():
        return None
    try:
        event = await guild.fetch_scheduled_event(int(entry), with_counts=False)
    except discord.NotFound as error:
        if error.code != _UNKNOWN_EVENT:
            raise
        return None
    over = event.status in (discord.EventStatus.completed, discord.EventStatus.cancelled)
    return None if over else event


async def _ours(client: discord.Client, guild: discord.Guild, key: str) -> discord.ScheduledEvent | None:
    """Return our own event of that session, where an earlier try made it."""
    own = client.user.id if client.user is not None else 0
    for event in await guild.fetch_scheduled_events(with_counts=False):
        if event.creator_id == own and (event.description or "").endswith(_signature(key)):
            return event
    return None


def _signature(key: str) -> str:
    return f" · {key}"


def _shown(happening: Happening) -> dict[str, Any]:
    """Return the event's fields, within Discord's limits; what is cut here stands whole in the announcement."""
    last = text.escape(happening.community) + _signature(happening.key)
    words = text.escape(happening.description.strip())
    room = DESCRIPTION_LIMIT - len(last) - 2
    if len(words) > room:
        words = text.escape(happening.description.strip()[: room // 2].rstrip() + "…")
    return {
        "name": shorten(happening.title, TITLE_LIMIT) or happening.key,
        "description": f"{words}\n\n{last}" if words else last,
        "start_time": happening.starts_at,
        "end_time": happening.ends_at,
        "location": shorten(happening.place, PLACE_LIMIT) or ELSEWHERE,
    }
