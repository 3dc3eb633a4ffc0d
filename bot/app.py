"""The composition root: builds the parts from the configuration, runs them, and stops them in order."""

import asyncio
import contextlib
import errno
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from adapters.web.adapter import WebAdapter
from adapters.web.catalogue import catalogue
from adapters.web.feeds import calendars_at
from adapters.web.inbound import inbound
from adapters.web.server import WebServer
from adapters.web.store import WebChat
from bot import log, sample
from bot.cards import subjects
from bot.chat import Adapter, Calendar, MessageRef, Quote
from bot.config import Config, ConfigProblems
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
SLACK_EVENTS = "/slack/events"
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


def _platforms(hearth: Hearth, routes: list[Any], calendars: dict[str, Calendar]) -> Iterator[Adapter]:
    """Yield the adapters of the enabled platforms, whose SDKs load only then; add their routes and calendars."""
    config = hearth.config
    if config.slack.enabled:
        from adapters.slack.adapter import SlackAdapter

        slack = SlackAdapter(
            config.slack,
            parse=hearth.registry.parse,
            confidential=hearth.registry.confidential,
            clock=hearth.clock,
            data_dir=config.bot.data_dir,
            bot_name=config.bot.name,
        )
        if config.slack.mode == "http":
            routes.append(inbound(SLACK_EVENTS, slack.receive))
        yield slack
    if config.discord.enabled:
        from adapters.discord.adapter import DiscordAdapter

        discord = DiscordAdapter(
            config.discord,
            registry=hearth.registry,
            clock=hearth.clock,
            data_dir=config.bot.data_dir,
            bot_name=config.bot.name,
        )
        if discord.calendar is not None:
            calendars[discord.name] = discord.calendar
        yield discord


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


@asynccontextmanager
async def _web(
    hearth: Hearth, chat: WebChat | None, *, platforms: bool, other_port_too: bool
) -> AsyncIterator[WebServer]:
    config = hearth.config.web
    routes: list[Any] = [*calendars_at(hearth.read_feed)]
    calendars: dict[str, Calendar] = {}
    adapters = list(_platforms(hearth, routes, calendars)) if platforms else []
    server: WebServer | None = None
    if chat is not None:
        adapter = WebAdapter(
            chat,
            bot_name=hearth.config.bot.name,
            parse=hearth.registry.parse,
            catalogue=lambda: catalogue(hearth.registry.catalogue()),
            base_url=lambda: server.url if server else "",
            clock=hearth.clock,
        )
        adapters.append(adapter)
        routes += adapter.routes()
    hearth.connect(adapters, calendars)

    def build(port: int) -> WebServer:
        return WebServer(
            host=config.host,
            port=port,
            public_url=config.public_url,
            routes=routes,
            open_paths=(SLACK_EVENTS, feeds.PATH),
            health=hearth.health,
            metrics=hearth.metrics.render,
        )

    server = build(config.port)
    try:
        await server.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not other_port_too:
            raise ConfigProblems(
                [f"web.port: port {config.port} on {config.host} cannot be used: {error.strerror}"]
            ) from error
        server = build(0)
        await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def _until_told() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows knows no such handlers
            loop.add_signal_handler(number, told.set)
    await told.wait()


async def run(config: Config) -> int:
    """Run the bot until told to stop; return the exit status."""
    _begin_log(config)
    chat = _chat_store(config) if config.web.chat else None
    try:
        async with (
            opened(config, config.database.url) as hearth,
            _web(hearth, chat, platforms=True, other_port_too=False) as server,
        ):
            await hearth.start()
            _log.info("running", address=server.url, platforms=sorted(hearth.adapters))
            if not hearth.adapters:
                _log.warning("no platform is enabled; set slack.enabled, discord.enabled or web.chat")
            await _until_told()
            _log.info("stopping")
            await hearth.stop()
    finally:
        if chat is not None:
            chat.close()
    return 0


def _begin_log(config: Config) -> None:
    log.configure(config.log.level, config.log.format, config.secrets())
    for warning in config.warnings:
        _log.warning(warning)


def _chat_store(config: Config) -> WebChat:
    config.bot.data_dir.mkdir(parents=True, exist_ok=True)
    return WebChat(config.bot.data_dir / "webchat.db")


@contextlib.contextmanager
def _temporary(config: Config, defaults: Mapping[str, Mapping[str, Any]]) -> Iterator[Config]:
    """Yield the configuration with these defaults and, unless they are named, a folder and database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hearth-"))
    own: dict[str, dict[str, Any]] = {
        "bot": {"data_dir": folder},
        "database": {"url": f"sqlite:///{folder / 'hearth.db'}"},
    }
    try:
        yield config.with_defaults(own).with_defaults(defaults)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def demo(config: Config, *, sample: bool) -> int:
    """Run the local web chat with a sample community in a temporary folder; return the exit status."""
    defaults: dict[str, dict[str, Any]] = {
        "bot": {"create": "anyone", "admins": ("web:ada",)},
        "web": {"chat": True},
        "log": {"level": "warning"},
    }
    with _temporary(config, defaults) as configured:
        _begin_log(configured)
        clock = Clock()
        chat = _chat_store(configured)
        try:
            async with (
                opened(configured, configured.database.url, clock=clock) as hearth,
                _web(hearth, chat, platforms=False, other_port_too="web.port" not in config.given) as server,
            ):
                if sample:
                    await _fill(hearth, clock)
                await hearth.start()
                _say(f"Hearth is at {server.url} (stop it with Ctrl-C; nothing is kept)")
                _say(f"As a facilitator:  {server.url}/?as=fran&channel=python")
                _say(f"As a member:       {server.url}/?as=mo&channel=python")
                await _until_told()
                await hearth.stop()
        finally:
            chat.close()
    return 0


async def _fill(hearth: Hearth, clock: Clock) -> None:
    stage = hearth.adapters["web"]
    assert isinstance(stage, WebAdapter), "the demo has the web chat"
    problems = await sample.play(
        stage, hearth.dispatcher.handle, hearth.registry, clock.stand_at, utc_now(), hearth.delivery.settle
    )
    clock.stand_at(None)
    for problem in problems:
        _log.error("sample", line=problem)


async def console(config: Config) -> int:
    """Run the bot in the terminal; return the exit status."""
    from adapters.console import Console

    defaults: dict[str, dict[str, Any]] = {"bot": {"create": "anyone"}, "log": {"level": "error"}}
    with _temporary(config, defaults) as configured:
        _begin_log(configured)
        async with opened(configured, configured.database.url) as hearth:
            adapter = Console(
                hearth.registry.parse,
                hearth.settle,
                clock=hearth.clock,
                bot_name=configured.bot.name,
                paths=[command.path.removeprefix("cop ") for command in hearth.registry.catalogue()],
            )
            hearth.connect([adapter])
            await hearth.start()
            over = [asyncio.create_task(hearth.until_over()), asyncio.create_task(_until_told())]
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            for task in over:
                task.cancel()
            await hearth.stop()
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
