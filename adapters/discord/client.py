"""The connection to Discord: discord.py with the least intents and caches, and what it tells of as core events."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord import events, happenings
from adapters.discord.budget import Identifies
from adapters.discord.refusals import described
from adapters.discord.watch import Watch
from bot.chat import Event, Refused
from bot.settings import DISCORD_API, DiscordSettings

READY_WITHIN = 90.0  # seconds from connecting to READY, after which we begin anew
BEAT = 60.0  # seconds of silence after which a connection is dead; Discord asks for a beat every 41
FAREWELL = 0.5  # seconds to close a connection politely
PATIENCE = 30.0  # the longest 429 the library may wait out by itself, in seconds; its minimum

_log = structlog.get_logger(__name__)


class Disconnected(Exception):
    """The connection ended or never came about; connect again."""


def ending(error: Exception) -> Exception:
    """Return what it means that the connection ended, or never came about, by this error."""
    match error:
        case discord.LoginFailure():
            return Refused("Discord does not accept the bot token")
        case discord.PrivilegedIntentsRequired():
            return Refused("the application may not ask for members: allow it in the developer portal")
        case discord.ConnectionClosed(code=4004):
            return Refused("Discord does not accept the bot token")
    return error


class Owner(Protocol):
    """What the connection calls."""

    async def begin(self, gateway: "Gateway") -> None:
        """Logged in and not connected yet: the moment to publish commands."""

    async def interact(self, interaction: discord.Interaction) -> None:
        """Somebody typed a command, pressed a button or sent a form."""

    async def take(self, event: Event) -> None:
        """Something happened that may want no answer."""

    async def gap(self, shard: int) -> None:
        """A shard was introduced, at first or anew: what happened before that was not told of."""


def intents(*, members: bool = False, native_events: bool = False) -> discord.Intents:
    """Return what we ask to be told of: servers and their channels, and reactions.

    Interactions come without asking. Nobody's messages are asked for. Members (a privileged intent, for
    departures and changed names) and scheduled events only where they are used.
    """
    return discord.Intents(
        guilds=True, guild_reactions=True, members=members, guild_scheduled_events=native_events
    )


class Gateway(discord.AutoShardedClient):
    """One life of the connection; it is not used again once it has failed.

    Asked by itself, Discord says how many shards a bot needs; at another address there is one.
    """

    def __init__(self, owner: Owner, settings: DiscordSettings, identifies: Identifies, watch: Watch) -> None:
        super().__init__(
            intents=intents(members=settings.members, native_events=settings.native_events),
            enable_debug_events=settings.native_events or settings.members,  # for on_socket_raw_receive
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            heartbeat_timeout=BEAT,
            max_ratelimit_timeout=PATIENCE,
            http_trace=watch.trace(),
            shard_count=None if own_address(settings) else 1,
        )
        self.exhausted = asyncio.Event()
        """Set once the day's budget of introductions is used up."""
        self._owner = owner
        self._identifies = identifies

    async def setup_hook(self) -> None:
        await self._owner.begin(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Count the introduction; without budget, wait to be closed."""
        if self._identifies.over:
            self.exhausted.set()
            await asyncio.Event().wait()
        self._identifies.spend()
        await super().before_identify_hook(shard_id, initial=initial)

    async def on_shard_connect(self, shard_id: int) -> None:
        """A shard was introduced, the first time or anew, so that what happened before was not told of."""
        await self._owner.gap(shard_id)

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """Log what went wrong in one event, without its content."""
        error = sys.exc_info()[1]
        told = described(error) if error is not None else ""
        _log.error("an event failed", platform=events.NAME, what=event_method, error=told)

    # What happens. Everything is read from the payload: caches are empty after a restart.

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await self._owner.interact(interaction)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        await self._take(events.reacted(payload, self._own_id))

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        await self._take(events.reacted(payload, self._own_id))

    async def on_socket_raw_receive(self, message: str | bytes) -> None:
        """Read what the library tells of only where its caches hold who and what it is about."""
        if isinstance(message, str):
            await self._take(happenings.interest(message) or events.profile(message))

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._take(events.closed(channel.guild.id, channel.id, channel.name, "the channel was deleted"))

    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        await self._take(events.closed(payload.guild_id, payload.thread_id, "", "the thread was deleted"))

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        if before.name != after.name:
            await self._take(events.renamed(after.guild.id, after.id, after.name))

    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        await self._take(
            events.renamed(payload.guild_id, payload.thread_id, str(payload.data.get("name", "")))
        )

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._take(events.removed(guild.id, guild.name))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        for channel in (*guild.channels, *guild.threads):
            await self._take(events.opened(channel))

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        await self._take(events.left(payload))

    @property
    def _own_id(self) -> int:
        return self.user.id if self.user is not None else 0

    async def _take(self, event: Event | None) -> None:
        if event is not None:
            await self._owner.take(event)


def own_address(settings: DiscordSettings) -> bool:
    """Return whether the API and the gateway are Discord's own, so that the library knows them."""
    return settings.api_url.rstrip("/") == DISCORD_API and not settings.gateway_url


@asynccontextmanager
async def connected(
    owner: Owner, settings: DiscordSettings, identifies: Identifies, watch: Watch
) -> AsyncIterator[tuple[Gateway, "asyncio.Task[None]"]]:
    """Log in, begin to connect, and yield the client and its life, which always ends by an exception.

    Requests can be made at once. Raises what discord.py raises when it cannot log in.
    """
    # At its finest level the library logs every payload: people's words, and interactions' tokens.
    logging.getLogger("discord").setLevel(logging.INFO)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # we have no voice to miss
    with pointed(settings.api_url, await gateway_address(settings)):
        gateway = Gateway(owner, settings, identifies, watch)
        try:
            await gateway.login(settings.token.get_secret_value())
            life = asyncio.create_task(_live(gateway, identifies.pause()))
            try:
                yield gateway, life
            finally:
                life.cancel()
                await asyncio.gather(life, return_exceptions=True)
        finally:
            await _end(gateway)


async def _live(gateway: Gateway, pause: float) -> None:
    """Run the connection. The library reconnects by itself once it was ready; before, it tries for ever."""
    if pause:
        _log.warning("slowing down before the next introduction to Discord", seconds=round(pause))
        await asyncio.sleep(pause)
    watched = (gateway.connect(), _ready(gateway), _exhausted(gateway))
    tasks = {asyncio.create_task(work) for work in watched}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        raise Disconnected("the connection to Discord ended")
    finally:
        await _end(gateway)  # before the tasks: the library may swallow what cancels them
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end(gateway: Gateway) -> None:
    """Close the connection: politely, or else at once, since a dead line answers no farewell."""
    if not gateway.is_closed():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await gateway.close()
    await gateway.http.close()


async def _ready(gateway: Gateway) -> None:
    """Raise Disconnected when no further shard becomes ready in time; never return."""
    shards = 0
    while not gateway.is_ready():
        try:
            async with asyncio.timeout(READY_WITHIN):
                await gateway.wait_until_ready()
        except TimeoutError:
            if len(gateway.shards) <= shards:
                raise Disconnected(f"Discord was not ready within {READY_WITHIN:g} s") from None
            shards = len(gateway.shards)
    await asyncio.Event().wait()


async def _exhausted(gateway: Gateway) -> None:
    await gateway.exhausted.wait()
    raise Disconnected("today's introductions to the gateway are used up")


@contextmanager
def pointed(api_url: str, gateway_url: str) -> Iterator[None]:
    """Point discord.py at these addresses, and back afterwards; "" leaves an address as it is.

    The library keeps them in these three attributes and asks for them when something is created.
    """
    base, default = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    asset = discord.Asset.BASE
    api_url = api_url.rstrip("/")
    try:
        if api_url != DISCORD_API:
            Route.BASE = api_url
            parts = urlsplit(api_url)
            discord.Asset.BASE = f"{parts.scheme}://{parts.netloc}"
        if gateway_url:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, discord.Asset.BASE = base, default, asset


async def gateway_address(settings: DiscordSettings) -> str:
    """Return where the gateway is, "" for Discord's own: `gateway_url`, else what another server's API names.

    Raises Disconnected when that server names none.
    """
    if settings.gateway_url or own_address(settings):
        return settings.gateway_url
    address = f"{settings.api_url.rstrip('/')}/gateway"
    problem: object
    try:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as response:
            said = await response.json()
            if response.status == 200 and isinstance(said.get("url"), str):
                return str(said["url"])
            problem = response.status
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        problem = type(error).__name__
    raise Disconnected(f"{address} names no gateway ({problem})")
