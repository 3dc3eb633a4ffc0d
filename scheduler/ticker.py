"""The clock that ticks: APScheduler calls one thing every so many seconds, and knows nothing else.

What is due is read from rows (see scheduler.due). APScheduler's own cron trigger, misfire rules and
stored jobs lose runs, so none of them is used (DESIGN.md D7).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from scheduler.trouble import Troubles

MISSED = 5
"""After so many missed ticks the ticker is started anew."""

_log = structlog.get_logger(__name__)


class Ticker:
    """Calls `work` every `seconds`, one call at a time, until stopped. A call that fails is logged once."""

    def __init__(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        self._seconds = seconds
        self._work = work
        self._troubles = Troubles()
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._idle = asyncio.Event()
        self._idle.set()
        self._ticked = 0.0
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to tick, the first time at once. Needs a running event loop."""
        # It would note every tick, and warn of every one that a slow call leaves out.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._ticked = time.monotonic()
        self._job = self._scheduler.add_job(
            self._tick,
            IntervalTrigger(seconds=self._seconds, timezone=UTC),
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()
        self._watch = asyncio.create_task(self._keep_ticking())

    async def stop(self, seconds: float) -> None:
        """Tick no more, and wait up to `seconds` for a call that is running."""
        if self._watch is not None:
            self._watch.cancel()
            self._scheduler.pause()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("stopped in the middle of a tick")
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        self._idle.clear()
        self._ticked = time.monotonic()
        try:
            await self._work()
            self._troubles.worked("tick")
        except Exception as error:
            self._troubles.failed("tick", error)
        finally:
            self._idle.set()

    async def _keep_ticking(self) -> None:
        # APScheduler plans by the wall clock: set back by two hours, it would be silent for two hours.
        while True:
            await asyncio.sleep(self._seconds * MISSED)
            if self._idle.is_set() and time.monotonic() - self._ticked > self._seconds * MISSED:
                _log.warning("ticks stopped, going on", silent=round(time.monotonic() - self._ticked, 1))
                self._job.modify(next_run_time=datetime.now(UTC))
