"""Native Scheduled Events: made once, kept current, removed; what is refused is named; interest is heard."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from adapters.discord.happenings import Calendar
from bot.chat import Happening, Reacted, RetryLater, Undeliverable
from tests.adapters.discord.conftest import Stage, connected
from tests.fakes.discord import gateway, permissions
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.server import FakeDiscord

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
INTRO = Happening(
    "S12.3", "Intro to RAG", "Python", SOON, SOON + timedelta(hours=1), "Room 4", "Bring a laptop."
)


@pytest.fixture
async def stage(discord: FakeDiscord, tmp_path: Path) -> AsyncIterator[Stage]:
    async with connected(discord, tmp_path, native_events=True) as made:
        yield made


@pytest.fixture
def calendar(stage: Stage) -> Calendar:
    assert stage.adapter.calendar is not None
    return stage.adapter.calendar


def workspace(stage: Stage) -> str:
    return str(stage.discord.guild.id)


async def test_a_session_becomes_an_event_and_follows_it(stage: Stage, calendar: Calendar) -> None:
    entry = await calendar.put(workspace(stage), INTRO, "")
    [event] = stage.discord.guild.events.values()
    assert str(event.id) == entry
    assert event.fields["name"] == "Intro to RAG"
    assert event.fields["description"] == "Bring a laptop.\n\nPython · S12.3"
    assert event.fields["entity_metadata"] == {"location": "Room 4"}
    moved = Happening(INTRO.key, "Intro to *RAG*", "Python", SOON, SOON + timedelta(hours=2))
    assert await calendar.put(workspace(stage), moved, entry) == entry
    assert event.fields["name"] == "Intro to *RAG*"
    assert event.fields["entity_metadata"] == {"location": "See the announcement"}
    await calendar.take_down(workspace(stage), entry)
    await calendar.take_down(workspace(stage), entry)
    assert stage.discord.guild.events == {}


async def test_a_lost_answer_makes_no_second_event(stage: Stage, calendar: Calendar) -> None:
    stage.discord.faults.add(Fault("lost", path="/scheduled-events"))
    with pytest.raises(aiohttp.ClientError):
        await calendar.put(workspace(stage), INTRO, "")
    entry = await calendar.put(workspace(stage), INTRO, "")
    other = await calendar.put(workspace(stage), Happening("S12", *_rest(INTRO)), "")
    assert entry != other
    assert len(stage.discord.guild.events) == 2


def _rest(of: Happening) -> tuple[str, str, datetime, datetime]:
    return of.title, of.community, of.starts_at, of.ends_at


async def test_an_event_that_somebody_removed_is_made_again(stage: Stage, calendar: Calendar) -> None:
    entry = await calendar.put(workspace(stage), INTRO, "")
    stage.discord.guild.events.clear()
    assert await calendar.put(workspace(stage), INTRO, entry) != entry


async def test_long_words_and_marks_fit(stage: Stage, calendar: Calendar) -> None:
    long = Happening(
        "S1", "t" * 150, "*Py*", SOON, SOON + timedelta(hours=1), "p" * 300, "*@everyone* " * 200
    )
    await calendar.put(workspace(stage), long, "")
    [event] = stage.discord.guild.events.values()
    assert len(event.fields["name"]) == len(event.fields["entity_metadata"]["location"]) == 100
    assert len(event.fields["description"]) <= 1_000
    assert event.fields["description"].endswith("\\*Py\\* · S1")
    assert "\\@everyone" in event.fields["description"]


async def test_a_missing_permission_and_a_full_server_are_named(stage: Stage, calendar: Calendar) -> None:
    guild = stage.discord.guild
    stage.discord.faults.add(Fault("status", path="/scheduled-events", status=400, code=30038))
    with pytest.raises(Undeliverable, match="as many events"):
        await calendar.put(workspace(stage), INTRO, "")
    guild.everyone.permissions &= ~(permissions.CREATE_EVENTS | permissions.MANAGE_EVENTS)
    with pytest.raises(Undeliverable, match="Create Events") as refused:
        await calendar.put(workspace(stage), INTRO, "")
    assert not refused.value.place
    with pytest.raises(Undeliverable, match="not in that server"):
        await calendar.put("1234", INTRO, "")
    stage.discord.faults.add(Fault("limited", path="/scheduled-events", method="GET", retry_after=0.1))
    with pytest.raises(RetryLater):
        await calendar.put(workspace(stage), INTRO, "")


async def test_interest_is_heard_by_name_and_taken_back(stage: Stage, calendar: Calendar) -> None:
    entry = await calendar.put(workspace(stage), INTRO, "")
    ana = stage.discord.person("Ana")
    told = {
        "guild_scheduled_event_id": entry,
        "user_id": str(ana.user.id),
        "guild_id": workspace(stage),
    }
    for event in ("GUILD_SCHEDULED_EVENT_USER_ADD", "GUILD_SCHEDULED_EVENT_USER_REMOVE"):
        stage.discord.gateway.dispatch(
            event, told, guild=stage.discord.guild.id, intent=gateway.SCHEDULED_EVENTS
        )
    await stage.core.hears(2)
    first, second = stage.core.heard
    assert isinstance(first, Reacted)
    assert (first.emoji, first.added, first.on.id, first.by.name) == ("interested", True, entry, "Ana")
    assert first.on.at.workspace == workspace(stage)
    assert isinstance(second, Reacted)
    assert (second.added, second.by.id) == (False, str(ana.user.id))


async def test_without_events_nothing_is_asked_for(discord: FakeDiscord, tmp_path: Path) -> None:
    async with connected(discord, tmp_path, native_events=False) as stage:
        assert stage.adapter.calendar is None
        [session] = discord.gateway.connected
        assert not session.intents & gateway.SCHEDULED_EVENTS
