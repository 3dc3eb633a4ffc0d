"""A whole bot that runs in a loopback Slack, its delivery and its clock as in earnest, for faults to happen to."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapters.memory import Memory
from adapters.slack.adapter import SlackAdapter
from bot.app import Hearth
from scheduler.rates import Rates
from storage.database import Database
from tests.fakes.slack import Channel, Message, Slack
from tests.fakes.slack import Pace as SlackPace
from tests.faults.stage import PACE, BaseStage, build, settle
from tests.platforms.slack import Member, Mode, Workspace, installed

QUICK = SlackPace(answer=3.0, again=(0.0, 0.05, 0.1))
"""Slack's own three seconds; what is not acknowledged comes again sooner than Slack's minutes."""


class Stage(BaseStage):
    """The bot in Slack, and beside it a platform in memory called "other"."""

    def __init__(self, hearth: Hearth, workspace: Workspace, other: Memory) -> None:
        super().__init__(hearth, other)
        self.workspace = workspace
        self.slack: Slack = workspace.slack
        self.adapter: SlackAdapter = workspace.adapter

    def people(self, *names: str) -> list[Member]:
        return [self.workspace.person(name) for name in names]

    def channel(self, name: str) -> Channel:
        return self.slack.workspace.channel(name)

    def posted(self, name: str) -> list[Message]:
        """Return what everyone in a channel sees."""
        return self.workspace.channel(name).shown()

    async def idle(self) -> None:
        await self.adapter.idle()


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
    hearth, other = build(database, clock, settings)
    with TemporaryDirectory() as folder:
        async with Slack(clock=clock, pace=slack_pace) as slack:
            adapter = installed(hearth, slack, mode, Path(folder))
            adapter.quarantine = quarantine
            hearth.connect([adapter, other], rates=rates, pace=PACE)
            await hearth.start()
            await slack.listening()

            try:
                yield Stage(hearth, Workspace(slack, adapter, mode, settle), other)
                await slack.deliveries.settled()
                assert slack.workspace.ledger.wrong() == []
            finally:
                await hearth.stop()
