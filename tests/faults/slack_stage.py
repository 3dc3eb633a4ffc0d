"""A whole bot that runs in a loopback Slack, its delivery and its clock as in earnest, for faults to happen to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from adapters.memory import Memory
from adapters.slack.adapter import SlackAdapter
from bot.app import Hearth
from bot.config import Config
from bot.rules.balance import balance, counts
from bot.rules.outbox import UNSETTLED
from scheduler.delivery import Pace
from scheduler.rates import Rates
from storage.database import Database, Db
from storage.tables import Letter
from tests.fakes.slack import Channel, Message, Slack
from tests.fakes.slack import Pace as SlackPace
from tests.platforms.slack import Member, Mode, Workspace, installed

QUICK = SlackPace(answer=3.0, again=(0.0, 0.05, 0.1))
"""Slack's own three seconds; what is not acknowledged comes again sooner than Slack's minutes."""

PACE = Pace(call=2.0, lease=3.0, idle=0.1, retry=0.1)


class Stage:
    """The bot in Slack, and beside it a platform in memory called "other"."""

    def __init__(self, hearth: Hearth, workspace: Workspace, other: Memory) -> None:
        self.hearth = hearth
        self.workspace = workspace
        self.slack: Slack = workspace.slack
        self.adapter: SlackAdapter = workspace.adapter
        self.other = other

    def people(self, *names: str) -> list[Member]:
        return [self.workspace.person(name) for name in names]

    def channel(self, name: str) -> Channel:
        return self.slack.workspace.channel(name)

    def posted(self, name: str) -> list[Message]:
        """Return what everyone in a channel sees."""
        return self.workspace.channel(name).shown()

    async def delivered(self, seconds: float = 20) -> dict[str, int]:
        """Wait until every letter is settled and every card redrawn; return how many letters ended how."""

        def waiting(db: Db) -> int:
            undrawn = select(func.count()).where(col(Letter.redraw_at).is_not(None))
            states = counts(db)
            return sum(states[state] for state in UNSETTLED) + db.exec(undrawn).one()

        async with asyncio.timeout(seconds):
            while await self.hearth.database.read(waiting):  # noqa: ASYNC110  # what it waits for is in the database
                await asyncio.sleep(0.02)
            await self.adapter.idle()
        books, states = await self.hearth.database.read(lambda db: (balance(db), counts(db)))
        assert books.differences == ()
        return {state: n for state, n in states.items() if n}


@asynccontextmanager
async def stage(
    database: Database,
    *,
    mode: Mode = "socket",
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    slack_pace: SlackPace = QUICK,
    rates: Rates | None = None,
    quarantine: float = 0.3,
    settings: Mapping[str, Any] | None = None,
) -> AsyncIterator[Stage]:
    """Run the bot. `rates` are Slack's unless given; `quarantine` is in seconds."""
    config = Config.model_validate({"bot": {"create": "anyone"}, **(settings or {})})
    hearth = Hearth(config, database, clock=clock)
    other = Memory(hearth.registry.parse, clock=clock, name="other")
    with TemporaryDirectory() as folder:
        async with Slack(clock=clock, pace=slack_pace) as slack:
            adapter = installed(hearth, slack, mode, Path(folder))
            adapter.quarantine = quarantine
            hearth.connect([adapter, other], rates=rates, pace=PACE)
            await hearth.start()
            await slack.listening()

            async def settle() -> None:
                """What an act causes is delivered meanwhile, as in life."""

            try:
                yield Stage(hearth, Workspace(slack, adapter, mode, settle), other)
                await slack.deliveries.settled()
                assert slack.workspace.ledger.wrong() == []
            finally:
                await hearth.stop()
