"""The composition root: builds the parts from the configuration, starts them, and stops them in order."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from bot.cards import subjects
from bot.chat import Adapter, Calendar, MessageRef, Quote
from bot.config import Config
from bot.dispatch import Dispatcher
from bot.metrics import Metrics
from bot.registry import Registry
from bot.rules import (
    announcing,
    balance,
    digests,
    feeds,
    hosting,
    proposals,
    pulses,
    reminders,
    series,
    slots,
)
from bot.ui.cards import Card
from commands import (
    attendance,
    calendar,
    cop,
    digest,
    help,
    home,
    me,
    notices,
    pulse,
    reactions,
    resource,
    session,
)
from commands import planner as planner_words
from commands import proposals as proposal_words
from commands import slots as slot_words
from scheduler.delivery import Delivery, Pace
from scheduler.due import Due, Rounds
from scheduler.housekeeping import HOUSEKEEPING
from scheduler.keeper import Keeper
from scheduler.mirroring import Mirroring
from scheduler.rates import DISCORD, SLACK, Rates
from scheduler.ticker import Ticker
from storage.database import Database, Db, open_database
from storage.migrate import upgrade

TICK = 1.0  # seconds between two looks at what is due
GAUGES = 15.0  # seconds between two counts of the letters, for the metrics
DRAIN = 8.0  # seconds for what is under way when the program is told to stop; ten is the promise
STALE = 30.0  # seconds without a tick after which the program calls itself unwell

_log = structlog.get_logger(__name__)


def registry() -> Registry:
    """Return every command there is, in the order of help."""
    gatherings = (session, attendance, slot_words, planner_words, calendar)
    modules = (cop, proposal_words, me, home, *gatherings, resource, pulse, digest, help)
    return Registry(module.group for module in modules)


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Clock:
    """The time, which the demo sets back while its sample community comes to life."""

    def __init__(self) -> None:
        self._fixed: datetime | None = None

    def __call__(self) -> datetime:
        return self._fixed or utc_now()

    def stand_at(self, moment: datetime | None) -> None:
        """Show this moment until told otherwise; None goes on with the real time."""
        self._fixed = moment


class Hearth:
    """One running bot: the database, the dispatcher, the platforms, the clock and delivery."""

    def __init__(
        self, config: Config, database: Database, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.config = config
        self.database = database
        self.clock = clock
        self.metrics = Metrics()
        database.observe = self.metrics.database
        self.registry = registry()
        self._drawers = drawers(config)
        self._ticked = time.monotonic()
        self._counted = 0.0
        self._keeper = Keeper()
        self._tasks: list[asyncio.Task[None]] = []
        self.adapters: dict[str, Adapter]
        self.delivery: Delivery
        self._mirroring: Mirroring
        self.connect(())
        self.dispatcher = Dispatcher(
            self.registry,
            database,
            config,
            clock=clock,
            reactions=reactions.Reactions(),
            notices=notices.Notices(),
            read=self._read,
            after=self._nudge,
            metrics=self.metrics,
        )
        self._rounds = Rounds(database, dues(config), clock, self._nudge)
        self._ticker = Ticker(TICK, self._tick)

    def connect(
        self,
        adapters: Iterable[Adapter],
        calendars: Mapping[str, Calendar] | None = None,
        *,
        rates: Rates | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Name the platforms, the calendars some have, and other rates and pace than usual, before anything is started."""
        self.adapters = {adapter.name: adapter for adapter in adapters}
        self._mirroring = Mirroring(self.database, calendars or {}, self.clock)
        rates = rates or Rates({"slack": SLACK, "discord": DISCORD})
        self.delivery = Delivery(self.database, self.adapters, self._draw, self.clock, rates=rates, pace=pace)

    async def start(self) -> None:
        """Begin to deliver and to tick, and run every platform until `stop`."""
        self._tasks = [asyncio.create_task(self.delivery.run(), name="delivery")]
        if self._mirroring.calendars:
            self._tasks.append(asyncio.create_task(self._mirroring.run(), name="mirroring"))
        self._tasks += self._keeper.start(self.adapters.values(), self.dispatcher.handle)
        self._ticker.start()

    async def stop(self) -> None:
        """Stop in order: no more events, no more ticks, letters in flight get a few seconds."""
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks[1:], return_exceptions=True)
        await self._ticker.stop(DRAIN / 2)
        await self.delivery.stop(DRAIN / 2)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def until_over(self) -> None:
        """Wait until every platform has come to its end, as a console does at the end of its input."""
        await asyncio.wait([task for task in self._tasks if task.get_name() in self.adapters])

    async def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether the database answers and the clock ticks, with the details."""
        tick = time.monotonic() - self._ticked
        try:
            async with asyncio.timeout(3):
                counts = await self.database.read(balance.counts)
        except Exception as error:
            return False, {"database": type(error).__name__}
        details = {
            "database": "ok",
            "last_tick_seconds": round(tick, 1),
            "letters": counts,
            "platforms": self._keeper.states,
        }
        return tick < STALE, details

    def served_at(self, url: str) -> None:
        """Let commands name the address that the web server has, which is the public one where that is set."""
        web = self.config.web.model_copy(update={"public_url": url})
        self.dispatcher.config = self.config.model_copy(update={"web": web})

    async def read_feed(self, token: str) -> feeds.Calendar | None:
        """Return what the calendar feed with this token says now, or None."""
        return await self.database.read(lambda db: feeds.read(db, token, self.clock()))

    async def settle(self) -> None:
        """Do what is due and send what can be sent now."""
        await self._rounds.go()
        await self._mirroring.go()
        await self.delivery.settle()

    async def _tick(self) -> None:
        await self._rounds.go()
        self._ticked = time.monotonic()
        if self._ticked - self._counted >= GAUGES:
            self._counted = self._ticked
            now = self.clock()
            counts, lag = await self.database.read(lambda db: (balance.counts(db), balance.lag(db, now)))
            self.metrics.letters(counts, lag)

    def _nudge(self) -> None:
        self.delivery.nudge()

    def _draw(self, db: Db, subject: str, now: datetime) -> Card | None:
        kind, _, number = subject.partition(":")
        drawer = self._drawers.get(kind)
        return drawer(db, int(number), now) if drawer else None

    async def _read(self, message: MessageRef) -> Quote | None:
        adapter = self.adapters.get(message.at.platform)
        return await adapter.read(message) if adapter else None


def drawers(config: Config) -> Mapping[str, subjects.Drawer]:
    """Return how each kind of subject is drawn anew: what stands before the colon in a letter's subject."""
    return {
        **subjects.DRAWERS,
        "request": cop.draw_request,
        "proposal": partial(proposal_words.draw, rules=config.proposal),
        "slots": slot_words.draw,
    }


def dues(config: Config) -> list[Due]:
    """Return everything that becomes due by the clock."""
    return [
        Due("digests", digests.due, partial(digests.act, config=config)),
        Due("pulses", pulses.due, pulses.close),
        Due("series", series.unextended, series.extend),
        Due("announcements", series.unannounced, announcing.announce),
        Due("reminders", reminders.due, reminders.act),
        Due("sessions", hosting.due, partial(hosting.act, threshold=config.pulse.threshold)),
        Due("slot polls", slots.due, slot_words.close),
        Due("participation", pulses.forgettable, pulses.forget_participation),
        Due("proposals", proposals.due, partial(proposal_words.expire, rules=config.proposal)),
        HOUSEKEEPING,
    ]


@asynccontextmanager
async def opened(
    config: Config, url: str, *, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[Hearth]:
    """Bring the database up to date, open it, and close it at the end."""
    done = await asyncio.to_thread(upgrade, url)
    if done.before != done.after:
        _log.info("database upgraded", schema=done.after, backup=str(done.backup or ""))
    database = open_database(url)
    try:
        yield Hearth(config, database, clock=clock)
    finally:
        await database.close()
