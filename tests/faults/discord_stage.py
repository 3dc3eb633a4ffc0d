"""A whole bot that runs in a loopback Discord, its delivery and its clock as in earnest, for faults to happen to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from adapters.discord.adapter import DiscordAdapter
from adapters.memory import Memory
from bot.app import Hearth
from bot.settings import DiscordSettings
from scheduler.rates import Rates
from storage.database import Database
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord.state import Channel, Message
from tests.faults.stage import PACE, BaseStage, build, settle
from tests.platforms.discord import Member, Server


class Stage(BaseStage):
    """The bot in Discord, and beside it a platform in memory called "other"."""

    def __init__(self, hearth: Hearth, server: Server, other: Memory) -> None:
        super().__init__(hearth, other)
        self.server = server
        self.fake = server.fake

    def people(self, *names: str) -> list[Member]:
        return [self.server.person(name) for name in names]

    def channel(self, name: str) -> Channel:
        return self.server.at(name)

    def posted(self, name: str) -> list[Message]:
        """Return what everyone in a channel sees."""
        return list(self.fake.state.in_channel(self.channel(name).id))

    async def idle(self) -> None:
        await self.server.catch_up()


def installed(hearth: Hearth, fake: FakeDiscord, folder: Path, **settings: Any) -> DiscordAdapter:
    """Return the adapter as an operator configures it, with the fake's address."""
    settings = {"native_events": False, **settings}
    return DiscordAdapter(
        DiscordSettings(enabled=True, token=SecretStr(fake.token), api_url=fake.api_url, **settings),
        registry=hearth.registry,
        clock=hearth.clock,
        data_dir=folder,
        bot_name=hearth.config.bot.name,
    )


@asynccontextmanager
async def stage(
    database: Database,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    rates: Rates | None = None,
    quarantine: float = 0.3,
    settings: Mapping[str, Any] | None = None,
    discord: Mapping[str, Any] | None = None,
) -> AsyncIterator[Stage]:
    """Run the bot. `rates` are none unless given; `quarantine` is in seconds."""
    hearth, other = build(database, clock, settings)
    with TemporaryDirectory() as folder:
        async with FakeDiscord.open(clock=clock) as fake:
            adapter = installed(hearth, fake, Path(folder), **(discord or {}))
            adapter.quarantine = quarantine
            hearth.connect([adapter, other], rates=rates or Rates(), pace=PACE)
            await hearth.start()
            async with asyncio.timeout(20):
                await fake.gateway.connects()

            try:
                yield Stage(hearth, Server(hearth, fake, adapter, settle), other)
                assert not fake.ledger.complaints, "\n".join(fake.ledger.complaints)
            finally:
                await hearth.stop()
