"""Mirrors sessions into the calendars of platforms that have one of their own."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog

from bot.chat import Calendar, Refused, RetryLater, Undeliverable
from bot.rules import mirrors
from bot.rules.letters import backoff
from bot.rules.mirrors import Change
from scheduler.trouble import Troubles
from storage.database import Database, Db

BATCH = 5
"""Changes to one calendar in one round; Discord allows five to a server in ten seconds."""

PAUSE = 5.0  # seconds between two looks
CALL = 10.0  # seconds; a call that takes longer is tried again, which makes no second entry

_log = structlog.get_logger(__name__)


class Mirroring:
    """Makes each calendar show what it should, a few changes at a time. Several processes may share a database."""

    def __init__(
        self, database: Database, calendars: Mapping[str, Calendar], clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self.calendars = dict(calendars)
        self._clock = clock
        self._troubles = Troubles()

    async def run(self) -> None:
        """Look every few seconds until cancelled; beside the clock, which a slow platform must not hold up."""
        while True:
            try:
                await self.go()
                self._troubles.worked("calendars")
            except Exception as error:
                self._troubles.failed("calendars", error)
            await asyncio.sleep(PAUSE)

    async def go(self) -> int:
        """Do what there is to do now; return how many changes were tried."""
        if not self.calendars:
            return 0
        look = partial(mirrors.wanting, now=self._clock(), platforms=tuple(self.calendars))
        tried = 0
        for platform in await self._database.read(look):
            take = partial(mirrors.take, now=self._clock(), platform=platform, limit=BATCH)
            for change in await self._database.write(take):
                await self._change(change)
                tried += 1
        return tried

    async def _change(self, change: Change) -> None:
        calendar = self.calendars[change.platform]
        what = ("calendar", change.platform, change.mirror_id)
        settle: Callable[[Db], None]
        try:
            async with asyncio.timeout(CALL):
                if change.happening is None:
                    if change.entry:
                        await calendar.take_down(change.workspace, change.entry)
                    settle = partial(mirrors.unmade, change=change)
                else:
                    entry = await calendar.put(change.workspace, change.happening, change.entry)
                    settle = partial(mirrors.made, change=change, entry=entry, now=self._clock())
            self._troubles.worked(what)
        except RetryLater as error:
            settle = partial(mirrors.again, change=change, seconds=error.seconds, now=self._clock())
        except Undeliverable as error:
            _log.warning("not in the calendar", platform=change.platform, reason=error.reason)
            settle = partial(mirrors.impossible, change=change, reason=error.reason, now=self._clock())
        except Exception as error:
            wait = (
                300.0 if isinstance(error, Refused) else backoff(self._troubles.failed(what, error), jitter=0)
            )
            settle = partial(mirrors.again, change=change, seconds=wait, now=self._clock())
        await self._database.write(settle)
