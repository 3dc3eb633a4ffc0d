"""What `hearth check` looks at in Discord: the token, the intents, and what the bot may do in connected channels."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.discord import invite
from bot import __version__
from bot.check import Connected, Finding, clock
from bot.config import Config
from bot.settings import DISCORD_API

TIMEOUT = 10.0  # seconds for one answer
WAIT = 5.0  # the longest pause Discord may ask for that is waited out, in seconds
MOST = 100
"""How many channels are looked at."""

HOW = "Reset the token on the application's Bot page in the Developer Portal, and give it as discord.token."
INVITE = "Open what `hearth manifest discord` prints and let the bot in again; nothing is lost by it."
SEE = "Give the bot “View Channel” in the channel's permissions."
ADMINISTRATOR = 1 << 3
VIEW = 1 << 10
THREADS = frozenset((10, 11, 12))  # types of channels

# https://discord.com/developers/docs/resources/application#application-object-application-flags
MEMBERS = "server members"
PRIVILEGED = {
    "presence": (1 << 12) | (1 << 13),
    MEMBERS: (1 << 14) | (1 << 15),
    "message content": (1 << 18) | (1 << 19),
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    data: Any
    headers: Mapping[str, str]


class _Api:
    """Discord's REST, to look only."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bot {token}", "User-Agent": f"DiscordBot (hearth, {__version__})"}

    async def get(self, path: str) -> _Answer:
        """Return the answer; one request to wait a little is obeyed. Raises ClientError, OSError or ValueError."""
        for again in (True, False):
            async with self._session.get(self._url + path, headers=self._headers) as answer:
                if answer.status == 429 and again:
                    await asyncio.sleep(min(float(answer.headers.get("Retry-After", 1)), WAIT))
                    continue
                data = await answer.json() if answer.content_type == "application/json" else None
                return _Answer(answer.status, data, answer.headers)
        raise AssertionError("the second answer is returned, whatever it is")


async def look(config: Config, channels: Sequence[Connected]) -> list[Finding]:
    """Return what is well and what is not. Posts nothing, and works beside a running bot."""
    discord = config.discord
    here = urlsplit(discord.api_url).hostname in ("127.0.0.1", "localhost", "::1")
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT), trust_env=not here
    ) as session:
        api = _Api(session, discord.api_url, discord.token.get_secret_value())
        try:
            application = await api.get("/applications/@me")
            if application.status == 401:
                return [Finding(False, "Discord does not accept the bot token", HOW)]
            if application.status != 200 or not isinstance(application.data, dict):
                return [_unwell(f"status {application.status}", discord.api_url)]
            found = [Finding(True, f"Discord knows the application as {application.data.get('name')}")]
            found += clock("Discord", application.headers.get("Date", ""))
            found += _intents(int(application.data.get("flags") or 0), members=discord.members)
            me = await api.get("/users/@me")
            found += await _channels(api, str(me.data["id"]), config, channels)
        except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError, TimeoutError) as error:
            return [_unwell(type(error).__name__, discord.api_url)]
    return found


def _unwell(what: str, url: str) -> Finding:
    mend = "Check this machine's way to the internet, and HTTPS_PROXY where it needs one."
    if url.rstrip("/") != DISCORD_API:
        mend = f"discord.api_url is {url}: is that meant, and does it answer?"
    return Finding(False, f"Discord cannot be asked: {what}", mend)


def _intents(flags: int, *, members: bool) -> Iterator[Finding]:
    allowed = {name for name, bits in PRIVILEGED.items() if flags & bits}
    names = ", ".join(name for name, _ in invite.INTENTS)
    if not members:
        yield Finding(True, f"needs no privileged intent, only {names}")
    elif MEMBERS in allowed:
        yield Finding(True, f"may ask for what it needs: {names}, members")
    else:
        yield Finding(
            False,
            "discord.members is on, and the application may not ask for members: Discord refuses the connection",
            "Switch “Server Members Intent” on, on the application's Bot page, or discord.members off.",
        )
    unused = sorted(allowed - ({MEMBERS} if members else set()))
    if unused:
        yield Finding(
            True,
            f"privileged intents that are on and not used: {', '.join(unused)}; better off, on the "
            "application's Bot page",
        )


async def _channels(api: _Api, me: str, config: Config, channels: Sequence[Connected]) -> list[Finding]:
    found: list[Finding] = []
    guilds: dict[str, dict[str, Any]] = {}
    for channel in channels[:MOST]:
        if channel.workspace not in guilds:
            guilds[channel.workspace] = await _guild(api, channel.workspace, me)
        found += await _channel(api, guilds[channel.workspace], channel, me, config)
    for id_ in map(str, config.discord.guild_ids):
        if id_ not in guilds:
            guilds[id_] = await _guild(api, id_, me)
        if not guilds[id_]:
            found.append(Finding(False, f"the bot is not in the server {id_} of discord.guild_ids", INVITE))
    if channels and all(finding.ok for finding in found):
        rest = f", of {len(channels)}" if len(channels) > MOST else ""
        looked = min(len(channels), MOST)
        found.append(Finding(True, f"connected Discord channels that can be posted to: {looked}{rest}"))
    return found


async def _guild(api: _Api, id_: str, me: str) -> dict[str, Any]:
    """The server with the bot's roles and the channels it sees; empty where the bot is not."""
    guild, member, seen = [
        await api.get(f"/guilds/{id_}{part}") for part in ("", f"/members/{me}", "/channels")
    ]
    if any(answer.status != 200 for answer in (guild, member, seen)):
        return {}
    channels = {channel["id"]: channel for channel in seen.data}
    return {**guild.data, "mine": {*member.data["roles"], id_}, "seen": channels}


async def _channel(
    api: _Api, guild: dict[str, Any], channel: Connected, me: str, config: Config
) -> list[Finding]:
    name = f"Discord channel #{channel.name}"
    if not guild:
        return [Finding(False, f"{name} is in a server the bot is not in", INVITE)]
    where = guild["seen"].get(channel.id)
    if where is None:  # a thread, or one that is hidden
        answer = await api.get(f"/channels/{channel.id}")
        if answer.status == 404:
            return [Finding(False, f"{name} is gone", "Connect another channel with /cop connect.")]
        where = answer.data if answer.status == 200 else None
    if where is None:
        return [Finding(False, f"{name} cannot be seen by the bot", SEE)]
    thread = where["type"] in THREADS
    place = guild["seen"].get(where.get("parent_id"), where) if thread else where
    may = _allowed(guild, place, me)
    if not may & VIEW:
        return [Finding(False, f"{name} cannot be seen by the bot", SEE)]
    found = []
    for permission in invite.wanted(native_events=config.discord.native_events):
        if permission.name == ("Send Messages" if thread else "Send Messages in Threads"):
            continue
        if may & permission.value:
            continue
        if permission.optional:
            found.append(Finding(True, f"{name}: without “{permission.name}”, {permission.lost}"))
        else:
            what = f"{name}: the bot lacks “{permission.name}”, needed for {permission.feature}"
            mend = f"Give it in the channel's permissions, or to the bot's role. {INVITE}"
            found.append(Finding(False, what, mend))
    if channel.paused and all(finding.ok for finding in found):
        what = f"{name} could be posted to, but is paused: {channel.paused}"
        found.append(Finding(False, what, "Use /cop connect there."))
    return found


def _allowed(guild: dict[str, Any], channel: Json, me: str) -> int:
    """Return what the bot may do in the channel, by Discord's rules of roles and overwrites."""
    roles, mine = guild["roles"], guild["mine"]
    base = 0
    for role in roles:
        if role["id"] in mine:
            base |= int(role["permissions"])
    if guild.get("owner_id") == me or base & ADMINISTRATOR:
        return (1 << 64) - 1
    overwrites = channel.get("permission_overwrites") or []
    for own in (
        [o for o in overwrites if o["id"] == guild["id"]],
        [o for o in overwrites if o["id"] in mine and o["id"] != guild["id"]],
        [o for o in overwrites if o["id"] == me],
    ):
        for overwrite in own:
            base &= ~int(overwrite["deny"])
        for overwrite in own:
            base |= int(overwrite["allow"])
    return base if base & VIEW else 0
