"""`hearth check` on Discord: what is wrong is found, named, and comes with how to mend it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.discord import check, invite
from bot.check import Connected, Finding
from bot.config import Config
from tests.fakes.discord import FakeDiscord, permissions
from tests.fakes.discord.state import Channel, Role


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.open() as made:
        made.gateway.allowed = 0  # as an application is at first: no privileged intent
        yield made


def configured(discord: FakeDiscord, **given: object) -> Config:
    usual = {"enabled": True, "token": discord.token, "api_url": discord.api_url}
    return Config.model_validate({"discord": {**usual, **given}})


def connected(channel: Channel, *, paused: str = "") -> Connected:
    return Connected(str(channel.id), channel.name, str(channel.guild), paused)


async def wrong(discord: FakeDiscord, *channels: Connected, **given: object) -> list[Finding]:
    found = await check.look(configured(discord, **given), channels)
    for finding in found:
        assert finding.ok or finding.mend, finding
    return [finding for finding in found if not finding.ok]


async def test_an_installation_in_order(discord: FakeDiscord) -> None:
    channel = discord.places.channel(discord.guild, "python")
    thread = discord.places.thread(channel, "answers")
    found = await check.look(
        configured(discord, guild_ids=[discord.guild.id]), [connected(channel), connected(thread)]
    )
    assert [str(finding) for finding in found if not finding.ok] == []
    said = "\n".join(map(str, found))
    assert "knows the application as" in said
    assert "needs no privileged intent, only guilds, guild_reactions" in said
    assert "clock agrees with Discord's" in said
    assert "can be posted to: 2" in said
    assert "not used" not in said
    assert discord.ledger.complaints == []
    assert {asked.method for asked in discord.ledger.requests} == {"GET"}


async def test_a_server_that_does_not_answer(discord: FakeDiscord) -> None:
    (found,) = await wrong(discord, api_url="http://127.0.0.1:9/api/v10")
    assert "cannot be asked" in found.what
    assert "127.0.0.1:9" in found.mend


async def test_a_wrong_token_ends_it_and_is_not_repeated(discord: FakeDiscord) -> None:
    (found,) = await wrong(discord, token="somebody.elses.token")  # made up
    assert "does not accept the bot token" in found.what
    assert "somebody" not in str(found)


async def test_privileged_intents_that_are_on_for_nothing_are_named(discord: FakeDiscord) -> None:
    discord.gateway.allowed = (1 << 1) | (1 << 15)
    found = await check.look(configured(discord), [])
    assert all(finding.ok for finding in found)
    assert "not used: message content, server members" in "\n".join(map(str, found))


async def test_members_are_asked_for_where_the_application_may(discord: FakeDiscord) -> None:
    (found,) = await wrong(discord, members=True)
    assert "may not ask for members" in found.what
    assert "Server Members Intent" in found.mend
    discord.gateway.allowed = 1 << 1
    well = await check.look(configured(discord, members=True), [])
    assert all(finding.ok for finding in well)
    assert "not used" not in "\n".join(map(str, well))


@pytest.mark.parametrize(
    "permission", [p for p in invite.PERMISSIONS if not p.optional and p.name != "View Channels"]
)
@pytest.mark.parametrize("how", ["channel", "role"])
async def test_each_permission_that_is_missing_is_named_with_what_it_is_for(
    discord: FakeDiscord, permission: invite.Permission, how: str
) -> None:
    channel = discord.places.channel(discord.guild, "python")
    if permission.name == "Send Messages in Threads":
        channel = discord.places.thread(channel, "answers")
    if how == "channel":
        place = discord.guild.channels.get(channel.parent, channel)
        discord.places.forbid(place, permission.value)
    else:
        discord.guild.everyone.permissions &= ~permission.value
    (found,) = await wrong(discord, connected(channel))
    assert f"lacks “{permission.name}”, needed for {permission.feature}" in found.what
    assert "hearth manifest discord" in found.mend


async def test_roles_and_own_overwrites_give_back_what_everyone_lacks(discord: FakeDiscord) -> None:
    bot = discord.state.bot.id
    one, two, three = (discord.places.channel(discord.guild, name) for name in ("one", "two", "three"))
    role = Role(discord.state.ids.new(), "Bots", permissions.USUAL)
    discord.guild.roles[role.id] = role
    for channel in (one, two, three):
        discord.places.forbid(channel, permissions.SEND_MESSAGES)
    discord.places.allow(one, permissions.SEND_MESSAGES, whom=bot)
    discord.places.allow(two, permissions.SEND_MESSAGES, whom=role.id)
    all_ = [connected(channel) for channel in (one, two, three)]
    assert [f.what.split(":")[0] for f in await wrong(discord, *all_)] == [
        "Discord channel #two",
        "Discord channel #three",
    ]
    discord.guild.members[bot].roles.append(role.id)
    assert [f.what.split(":")[0] for f in await wrong(discord, *all_)] == ["Discord channel #three"]
    role.permissions |= permissions.ADMINISTRATOR
    assert await wrong(discord, *all_) == []


async def test_without_the_optional_permission_it_says_what_is_lost_and_is_content(
    discord: FakeDiscord,
) -> None:
    discord.guild.everyone.permissions &= ~(permissions.CREATE_EVENTS | permissions.MANAGE_EVENTS)
    channel = connected(discord.places.channel(discord.guild, "python"))
    found = await check.look(configured(discord), [channel])
    assert all(finding.ok for finding in found)
    assert "without “Create Events”, sessions are announced" in "\n".join(map(str, found))
    silent = await check.look(configured(discord, native_events=False), [channel])
    assert "Create Events" not in "\n".join(map(str, silent))


async def test_channels_that_are_hidden_gone_elsewhere_or_paused(discord: FakeDiscord) -> None:
    hidden, gone, back = (discord.places.channel(discord.guild, n) for n in ("hidden", "gone", "back"))
    discord.places.forbid(hidden, permissions.VIEW_CHANNEL)
    discord.places.delete(gone)
    other = discord.places.guild("Other")
    elsewhere = discord.places.channel(other, "elsewhere")
    discord.places.kick(other)
    channels = [connected(c) for c in (hidden, gone, elsewhere)]
    channels.append(connected(back, paused="the channel was deleted"))
    found = await wrong(discord, *channels, guild_ids=[other.id])
    assert [finding.what for finding in found] == [
        "Discord channel #hidden cannot be seen by the bot",
        "Discord channel #gone is gone",
        "Discord channel #elsewhere is in a server the bot is not in",
        "Discord channel #back could be posted to, but is paused: the channel was deleted",
        f"the bot is not in the server {other.id} of discord.guild_ids",
    ]


async def test_a_clock_that_is_off_is_found_by_the_date_header() -> None:
    behind = lambda: datetime.now(UTC) - timedelta(minutes=5)  # noqa: E731  # a clock in a word
    async with FakeDiscord.open(clock=behind) as discord:
        discord.gateway.allowed = 0
        (found,) = await wrong(discord)
    assert "ahead of Discord's" in found.what
    assert "NTP" in found.mend
