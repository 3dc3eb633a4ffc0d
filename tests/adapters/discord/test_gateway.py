"""The connection: what it asks to be told of, what it hears, and how it lives through what happens to it."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from structlog.testing import capture_logs

from adapters.discord import adapter as port
from adapters.discord import client as module
from bot.chat import Actor, Address, Called, Mark, MessageRef, Noticed, Reacted, Recount, Refused, Reply
from bot.settings import DISCORD_API
from bot.ui.cards import note
from tests.adapters.discord.conftest import Core, Stage, connected, make, until
from tests.fakes.discord import gateway
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.state import VOICE


async def helped(stage: Stage) -> None:
    """Let somebody ask for help, and be answered."""
    stage.core.usual = Reply(note("Here."))
    act = stage.discord.person("Ana").uses(["help"], {}, stage.general)
    async with asyncio.timeout(8):
        await act.done.wait()


async def ready(stage: Stage) -> None:
    """Wait until the library takes servers that come for new ones, and not for those it was promised."""
    connection = stage.adapter._gateway
    assert connection is not None
    async with asyncio.timeout(8):
        await connection.wait_until_ready()


async def test_only_servers_and_reactions_are_asked_for(stage: Stage) -> None:
    [session] = stage.discord.gateway.connected
    assert session.intents == gateway.GUILDS | gateway.GUILD_MESSAGE_REACTIONS
    assert not session.intents & gateway.PRIVILEGED


async def test_reactions_are_heard_on_messages_nobody_remembers(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    message = stage.discord.person("Ben").writes("https://example.org", stage.general)
    stage.core.usual = Mark("pushpin")
    ana.reacts("🔖", message)
    await stage.core.hears(1)
    await until(lambda: "📌" in message.reactions)
    ana.unreacts("🔖", message)
    await stage.core.hears(2)
    first, second = stage.core.heard
    at = Address("discord", str(stage.general.id), str(stage.discord.guild.id))
    assert isinstance(first, Reacted)
    assert (first.emoji, first.added, first.on) == ("bookmark", True, MessageRef(at, str(message.id)))
    assert first.by.name == "Ana"
    assert isinstance(second, Reacted)
    assert (second.emoji, second.added, second.by.id) == ("bookmark", False, first.by.id)
    assert len(stage.core.heard) == 2, "our own reaction is no event"


async def test_a_reaction_that_is_taken_back_at_once_is_not_overtaken(stage: Stage) -> None:
    ana, message = stage.discord.person("Ana"), stage.discord.person("Ben").writes("hello", stage.general)
    stage.core.gate = asyncio.Event()
    for act in (ana.reacts, ana.unreacts, ana.reacts):
        act("⭐", message)
    stage.discord.person("Zoe").reacts("⭐", message)
    await stage.core.hears(2)
    await stage.discord.gateway.heard()
    assert [event.by.name for event in stage.core.heard if isinstance(event, Reacted)] == ["Ana", "Zoe"]
    stage.core.gate.set()
    await stage.core.hears(4)
    anas = [
        event for event in stage.core.heard if isinstance(event, Reacted) and event.by.id == str(ana.user.id)
    ]
    assert [event.added for event in anas] == [True, False, True]


async def test_changes_of_places_are_noticed(stage: Stage) -> None:
    await ready(stage)
    places, guild = stage.discord.places, stage.discord.guild
    old, thread = places.channel(guild, "old"), places.thread(stage.general, "a thread")
    here = str(guild.id)
    places.rename_channel(old, "new")
    event = await stage.core.hears(1)
    assert event == Noticed("renamed", Address("discord", str(old.id), here, name="new"))
    places.delete(old)
    event = await stage.core.hears(2)
    assert isinstance(event, Noticed)
    assert (event.what, event.at.channel) == ("closed", str(old.id))
    places.delete(thread)
    event = await stage.core.hears(3)
    assert isinstance(event, Noticed)
    assert (event.what, event.at.channel) == ("closed", str(thread.id))
    inside, talk = places.thread(stage.general, "another"), places.channel(guild, "talk", VOICE)
    places.kick(guild)
    event = await stage.core.hears(4)
    assert isinstance(event, Noticed)
    assert (event.what, event.at.workspace, event.at.channel) == ("removed", here, "")
    places.invite(guild)
    await stage.core.hears(7)
    opened = {
        event.at.channel
        for event in stage.core.heard
        if isinstance(event, Noticed) and event.what == "opened"
    }
    assert opened == {str(place.id) for place in (stage.general, inside, talk)}


async def test_members_are_told_of_only_where_that_is_wanted(
    stage: Stage, discord: FakeDiscord, tmp_path: Path
) -> None:
    ana, places = discord.person("Ana"), discord.places
    async with connected(discord, tmp_path / "curious", members=True) as curious:
        places.rename(ana.user, "Ana Silva")
        event = await curious.core.hears(1)
        assert isinstance(event, Noticed)
        assert event.by is not None
        assert (event.what, event.by.id, event.by.name) == ("profile", str(ana.user.id), "Ana Silva")
        places.leave(ana.user, discord.guild)
        event = await curious.core.hears(2)
        assert isinstance(event, Noticed)
        assert event.by is not None
        assert (event.what, event.by.id, event.at.channel) == ("left", str(ana.user.id), "")
    await discord.gateway.heard()
    assert stage.core.heard == []


async def test_an_outage_of_a_server_removes_nothing(stage: Stage) -> None:
    stage.discord.places.outage(stage.discord.guild)
    stage.discord.places.outage(stage.discord.guild, ends=True)
    await helped(stage)
    assert [event for event in stage.core.heard if isinstance(event, Noticed)] == []


async def test_a_reconnection_that_is_asked_for_resumes_and_hears_what_it_missed(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    message = ana.writes("hello", stage.general)
    await stage.discord.gateway.reconnect()
    ana.reacts("🔖", message)  # told while nobody listens
    await stage.core.hears(1)
    assert (stage.discord.gateway.identified, stage.discord.gateway.resumed) == (1, 1)
    assert len(stage.core.heard) == 1


async def test_a_cut_line_resumes(stage: Stage) -> None:
    stage.discord.gateway.drop()
    await until(lambda: stage.discord.gateway.resumed == 1)
    await helped(stage)
    assert stage.discord.gateway.identified == 1


async def test_an_invalid_session_introduces_itself_anew_and_recounts_what_it_missed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, message = stage.discord.person("Ana"), stage.discord.person("Ben").writes("hello", stage.general)
    at = Address("discord", str(stage.general.id), str(stage.discord.guild.id))
    gone = MessageRef(at, "1234")
    stage.core.recount = Recount((gone, MessageRef(at, str(message.id))))
    await until(lambda: len(stage.core.missed) == 1)
    monkeypatch.setattr(asyncio, "sleep", quick(asyncio.sleep))
    await stage.discord.gateway.invalidate(resumable=False)
    stage.discord.core.react(message, stage.discord.state.bot, "✅", added=True)
    ana.reacts("✅", message)  # no session is left that could be told of it
    event = await stage.core.hears(1)
    assert event == Reacted(
        "white_check_mark",
        True,
        MessageRef(at, str(message.id)),
        Actor("discord", str(ana.user.id), "Ana"),
        found=True,
    )
    assert stage.discord.gateway.identified == 2
    assert [told.at.workspace for told in stage.core.missed] == [str(stage.discord.guild.id)] * 2
    await helped(stage)
    assert sum(isinstance(event, Called) for event in stage.core.heard) == 1
    assert len(stage.core.heard) == 2


@pytest.mark.parametrize("members", [True, False])
async def test_who_left_in_a_gap_is_found_gone_where_departures_are_told_of(
    discord: FakeDiscord, tmp_path: Path, members: bool
) -> None:
    ana, ben = (Actor("discord", str(discord.person(name).user.id), name) for name in ("Ana", "Ben"))
    discord.places.leave(discord.person("Ben").user, discord.guild)
    core = Core(recount=Recount((), (ana, ben)))
    async with connected(discord, tmp_path, core, members=members) as stage:
        await until(lambda: len(core.missed) == 1)
        await helped(stage)
        at = Address("discord", workspace=str(discord.guild.id))
        if members:
            await core.hears(2)
        told = [event for event in core.heard if isinstance(event, Noticed)]
        assert told == ([Noticed("left", at, by=ben)] if members else [])


async def test_a_connection_that_fell_silent_is_found_dead(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT", 0.5)  # of 60 seconds
    discord.gateway.interval = 0.3  # of 41.25
    async with connected(discord, tmp_path) as stage:
        discord.gateway.silent = True
        [dead] = discord.gateway.connections
        await until(lambda: dead not in discord.gateway.connections)
        discord.gateway.silent = False
        await until(lambda: discord.gateway.resumed >= 1)
        await helped(stage)


def test_a_dead_connection_is_found_within_90_seconds() -> None:
    """Silence of BEAT ends a connection; a first one that says nothing is given up after READY_WITHIN."""
    assert 41.25 < module.BEAT < module.READY_WITHIN <= 90


async def test_a_gateway_that_never_says_hello_is_left(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_WITHIN", 0.3)
    discord.gateway.mute = True
    with pytest.raises(module.Disconnected, match="not ready"):
        await make(discord, tmp_path).run(Core().handle)


async def test_a_gateway_that_cannot_be_reached_ends_the_run(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY_WITHIN", 0.3)
    adapter = make(discord, tmp_path, gateway_url="ws://127.0.0.1:9/")
    with pytest.raises(module.Disconnected):
        await adapter.run(Core().handle)
    async with connected(discord, tmp_path) as stage:
        await helped(stage)


async def test_a_server_that_names_no_gateway_ends_the_run(discord: FakeDiscord, tmp_path: Path) -> None:
    adapter = make(discord, tmp_path)
    await discord.stop()
    with pytest.raises(module.Disconnected, match="names no gateway"):
        await adapter.run(Core().handle)


async def test_an_event_that_cannot_be_read_ends_the_run_and_the_next_one_works(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    adapter, core = make(discord, tmp_path), Core()
    running = asyncio.create_task(adapter.run(core.handle))
    await discord.gateway.connects()
    discord.gateway.dispatch("GUILD_CREATE", {"id": "not a number"})
    with pytest.raises(ValueError, match="not a number"):
        await asyncio.wait_for(running, 5)
    async with connected(discord, tmp_path) as stage:
        await helped(stage)


@pytest.mark.parametrize(("code", "said"), [(4004, "token"), (4014, "members")])
async def test_a_refusal_by_the_gateway_is_for_the_operator(
    discord: FakeDiscord, tmp_path: Path, code: int, said: str
) -> None:
    adapter = make(discord, tmp_path)
    running = asyncio.create_task(adapter.run(Core().handle))
    await discord.gateway.connects()
    await discord.gateway.close(code)
    with pytest.raises(Refused, match=said):
        await asyncio.wait_for(running, 5)


async def test_introductions_are_counted_over_restarts_and_end_before_discord_ends_them(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.discord import adapter as adapter_module
    from adapters.discord.budget import Identifies

    monkeypatch.setattr(adapter_module, "Identifies", lambda folder, clock: Patient(folder, clock, limit=3))

    class Patient(Identifies):
        def pause(self) -> float:
            return 0.0

    for _ in range(3):
        async with connected(discord, tmp_path) as stage:
            await helped(stage)
    with pytest.raises(module.Disconnected, match="used up"):
        await asyncio.wait_for(make(discord, tmp_path).run(Core().handle), 5)
    assert discord.gateway.identified == 3


async def test_at_discord_itself_the_library_asks_for_the_gateway_and_how_many_shards(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio, "sleep", quick(asyncio.sleep))
    discord.applications.shards = 2
    with module.pointed(discord.api_url, ""):  # as if this were Discord's own address
        adapter, core = make(discord, tmp_path, api_url=DISCORD_API), Core()
        running = asyncio.create_task(adapter.run(core.handle))
        async with asyncio.timeout(8):
            await discord.gateway.connects(2)
        assert {session.shard for session in discord.gateway.connected} == {(0, 2), (1, 2)}
        assert len(discord.ledger.asked("GET", "/gateway/bot")) == 1
        assert discord.ledger.asked("GET", "/gateway") == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_clock_that_is_wrong_is_told_once(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = make(discord, tmp_path, clock=lambda: datetime.now(UTC) + timedelta(seconds=45))
    right = make(discord, tmp_path, clock=lambda: datetime.now(UTC) + timedelta(seconds=15))
    for adapter, times in ((wrong, 1), (right, 0)):
        with capture_logs() as log:
            running = asyncio.create_task(adapter.run(Core().handle))
            await discord.gateway.connects()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        told = [entry["seconds"] for entry in log if "clock" in entry["event"]]
        assert told == [pytest.approx(45, abs=2)] * times


async def test_addresses_are_put_back(discord: FakeDiscord, tmp_path: Path) -> None:
    before = (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)
    async with connected(discord, tmp_path):
        assert discord.api_url == Route.BASE
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)


async def test_the_run_ends_within_a_moment_of_being_told(stage: Stage) -> None:
    await helped(stage)
    # The fixture cancels the run; what is left open would fail the test as a warning.


async def test_what_is_under_way_at_the_end_is_cut_off_before_two_seconds_are_over(
    discord: FakeDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert port.FINISH + module.FAREWELL < 2
    monkeypatch.setattr(port, "FINISH", 0.05)
    core = Core(gate=asyncio.Event())
    async with connected(discord, tmp_path, core) as stage:
        act = stage.discord.person("Ana").uses(["help"], {}, stage.general)
        await core.hears(1)
    assert not act.done.is_set()
    assert stage.adapter._under_way == set()


def quick(sleep: object) -> object:
    """Return a sleep that makes the library's five seconds a moment."""

    async def slept(seconds: float, result: object = None) -> object:
        return await sleep(min(seconds, 0.05), result)  # type: ignore[operator]  # it is asyncio.sleep

    return slept
