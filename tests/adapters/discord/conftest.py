"""A loopback Discord, and the adapter connected to it with a core whose answers a test scripts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.discord.adapter import DiscordAdapter
from bot.app import registry
from bot.chat import Answer, Event, Noticed, Recount
from bot.settings import DiscordSettings
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.state import Channel

REGISTRY = registry()


@dataclass
class Core:
    """Hears events and answers as told: `answers` in turn, then `usual`."""

    heard: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    usual: Answer = None
    gate: asyncio.Event | None = None
    """Where given, answers wait for it."""
    came: asyncio.Event = field(default_factory=asyncio.Event)

    missed: list[Noticed] = field(default_factory=list)
    """That something was missed, which every connection begins with."""
    recount: Recount | None = None

    async def handle(self, event: Event) -> Answer:
        if isinstance(event, Noticed) and event.what == "missed":
            self.missed.append(event)
            return self.recount
        self.heard.append(event)
        self.came.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.answers.pop(0) if self.answers else self.usual

    async def hears(self, count: int = 1) -> Event:
        """Wait until so many events came, and return the newest."""
        async with asyncio.timeout(5):
            while len(self.heard) < count:
                self.came.clear()
                await self.came.wait()
        return self.heard[-1]


@dataclass
class Stage:
    """What a test works with."""

    discord: FakeDiscord
    adapter: DiscordAdapter
    core: Core
    folder: Path
    general: Channel


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so; fails after some seconds."""
    async with asyncio.timeout(8):
        while not condition():  # noqa: ASYNC110  # what it waits for happens elsewhere
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(
    discord: FakeDiscord, folder: Path, core: Core | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    """Connect an adapter to the fake until the end."""
    core = core or Core()
    adapter = make(discord, folder, **settings)
    running = asyncio.create_task(adapter.run(core.handle))
    before = len(discord.gateway.connected)
    ready = asyncio.create_task(discord.gateway.connects(before + 1))
    try:
        async with asyncio.timeout(10):
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield Stage(discord, adapter, core, folder, discord.places.channel(discord.guild, "general"))
    finally:
        for task in (running, ready):
            task.cancel()
        await asyncio.gather(running, ready, return_exceptions=True)


def make(discord: FakeDiscord, folder: Path, **settings: Any) -> DiscordAdapter:
    """Return an adapter that is pointed at the fake."""
    token = settings.pop("token", discord.token)
    clock = settings.pop("clock", lambda: datetime.now(UTC))
    settings = {"native_events": False, "api_url": discord.api_url, **settings}
    return DiscordAdapter(
        DiscordSettings(enabled=True, token=SecretStr(token), **settings),
        registry=REGISTRY,
        clock=clock,
        data_dir=folder,
        bot_name="Hearth",
    )


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.open() as made:
        yield made
        assert made.ledger.complaints == []


@pytest.fixture
async def stage(discord: FakeDiscord, tmp_path: Path) -> AsyncIterator[Stage]:
    async with connected(discord, tmp_path) as made:
        yield made
