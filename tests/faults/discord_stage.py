"""A whole bot that runs in a loopback Discord, its delivery and its clock as in earnest, for faults to happen to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func
from sqlmodel import col, select

from adapters.discord.adapter import DiscordAdapter
from adapters.memory import Memory
from bot.app import Hearth
from bot.config import Config
from bot.rules.balance import balance, counts
from bot.rules.outbox import UNSETTLED
from bot.settings import DiscordSettings
from scheduler.delivery import Pace
from scheduler.rates import Rates
from storage.database import Database, Db
from storage.tables import Letter
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord.state import Channel, Message
from tests.platforms.discord import Member, Server

PACE = Pace(call=2.0, lease=3.0, idle=0.1, retry=0.1)


class Stage:
    """The bot in Discord, and beside it a platform in memory called "other"."""

    def __init__(self, hearth: Hearth, server: Server, other: Memory) -> None:
        self.hearth = hearth
        self.server = server
        self.fake = server.fake
        self.other = other

    def people(self, *names: str) -> list[Member]:
        return [self.server.person(name) for name in names]

    def channel(self, name: str) -> Channel:
        return self.server.at(name)

    def posted(self, name: str) -> list[Message]:
        """Return what everyone in a channel sees."""
        return list(self.fake.state.in_channel(self.channel(name).id))

    async def delivered(self, seconds: float = 20) -> dict[str, int]:
        """Wait until every letter is settled and every card redrawn; return how many letters ended how."""

        def waiting(db: Db) -> int:
            undrawn = select(func.count()).where(col(Letter.redraw_at).is_not(None))
            states = counts(db)
            return sum(states[state] for state in UNSETTLED) + db.exec(undrawn).one()

        async with asyncio.timeout(seconds):
            while await self.hearth.database.read(waiting):  # noqa: ASYNC110  # what it waits for is in the database
                await asyncio.sleep(0.02)
            await self.server.catch_up()
        books, states = await self.hearth.database.read(lambda db: (balance(db), counts(db)))
        assert books.differences == ()
        return {state: n for state, n in states.items() if n}


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
    config = Config.model_validate({"bot": {"create": "anyone"}, **(settings or {})})
    hearth = Hearth(config, database, clock=clock)
    other = Memory(hearth.registry.parse, clock=clock, name="other")
    with TemporaryDirectory() as folder:
        async with FakeDiscord.open(clock=clock) as fake:
            adapter = installed(hearth, fake, Path(folder), **(discord or {}))
            adapter.quarantine = quarantine
            hearth.connect([adapter, other], rates=rates or Rates(), pace=PACE)
            await hearth.start()
            async with asyncio.timeout(20):
                await fake.gateway.connects()

            async def settle() -> None:
                """What an act causes is delivered meanwhile, as in life."""

            try:
                yield Stage(hearth, Server(hearth, fake, adapter, settle), other)
                assert not fake.ledger.complaints, "\n".join(fake.ledger.complaints)
            finally:
                await hearth.stop()
