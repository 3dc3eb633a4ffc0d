"""Delivery carries letters from the outbox to the adapters; nothing else posts unprompted.

One step looks at the agenda and starts what can be done now: posts, looks for letters in doubt, edits
of stale cards. How long a letter has been in doubt, and whether a lease still holds here, is measured
on the monotonic clock, so that setting the wall clock can make a letter late but never double.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.chat import Adapter, Address, Refused, RetryLater, Undeliverable
from bot.rules import letters
from bot.rules.letters import Agenda, Claim, Parcel, Stale
from bot.ui.cards import Card
from scheduler.rates import Rates
from scheduler.trouble import Troubles
from storage.database import Database, Db

Draw = Callable[[Db, str, datetime], Card | None]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient delivery is, in seconds, and how many calls to one platform run at once."""

    call: float = 10.0  # a call that takes longer leaves its letter in doubt
    lease: float = 30.0  # how long a claim holds; longer than a call
    idle: float = 1.0  # the longest pause between two looks at the outbox
    gather: float = 0.03  # after a nudge, so that what many people do at once is one look, not many
    retry: float = letters.FIRST_WAIT  # after the first failure; doubled with each further one
    at_once: int = 8
    edits: int = 5  # how often in a row an edit may fail before the card is left as it is
    refused: float = 300.0  # until a platform that refused our credentials is tried again
    second_look: float = 600.0  # until a letter that was sent again is looked for once more


@dataclass(frozen=True, slots=True)
class _Errand:
    """What one task is about."""

    verb: str
    platform: str
    letter_id: int


class Delivery:
    """Posts, settles and edits letters until stopped.

    `draw` gives the present card of a subject, None when there is nothing to show any more.
    Platforms without an entry in `rates` are not limited. Several deliveries may share a PostgreSQL
    database.
    """

    def __init__(
        self,
        database: Database,
        adapters: Mapping[str, Adapter],
        draw: Draw,
        clock: Callable[[], datetime],
        *,
        rates: Rates | None = None,
        pace: Pace | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._adapters = dict(adapters)
        self._draw = draw
        self._clock = clock
        self._rates = rates or Rates(monotonic=monotonic)
        self._pace = pace or Pace()
        self._lease = timedelta(seconds=self._pace.lease)
        self._monotonic = monotonic
        self._jitter = jitter
        self._tasks: dict[asyncio.Task[None], _Errand] = {}
        self._look_at: dict[tuple[int, datetime | None], float] = {}
        self._look_again_at: dict[Claim, float] = {}
        self._troubles = Troubles()
        self._fresh = asyncio.Event()
        self._stepping = asyncio.Lock()
        self._stopping = False
        self._pause = self._pace.idle

    def nudge(self) -> None:
        """Say that there may be a fresh letter: it leaves now and not at the next look."""
        self._fresh.set()

    async def run(self) -> None:
        """Deliver until `stop`, or until cancelled: then calls in flight are left for the next start."""
        try:
            while not self._stopping:
                self._fresh.clear()
                try:
                    await self._step()
                    self._troubles.worked("delivery")
                except Exception as error:
                    self._troubles.failed("delivery", error)
                    self._pause = self._pace.idle
                await self._rest()
        except asyncio.CancelledError:
            self._abandon()
            raise

    async def settle(self) -> None:
        """Do everything that can be done now, and return when nothing is left or all of it has to wait."""
        while not self._stopping:
            self._fresh.clear()
            await self._step()
            if self._tasks:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            elif not self._fresh.is_set():
                return

    async def stop(self, seconds: float) -> None:
        """Claim nothing more and wait up to `seconds` for the calls in flight.

        Letters whose call has not ended by then stay "sending" and are looked for at the next start.
        """
        self._stopping = True
        self.nudge()
        try:
            async with asyncio.timeout(seconds):
                async with self._stepping:
                    pass  # a claim that has begun becomes calls in flight
                while self._tasks:
                    await asyncio.wait(self._tasks)
        except TimeoutError:
            _log.warning("stopped with calls in flight", calls=len(self._tasks))
        self._abandon()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)

    def _abandon(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._fresh.wait()
        except TimeoutError:
            pass
        else:
            if not self._stopping:
                await asyncio.sleep(self._pace.gather)

    async def _step(self) -> None:
        async with self._stepping:
            await self._look_around(self._clock())

    async def _look_around(self, now: datetime) -> None:
        self._pause = self._pace.idle
        look = partial(letters.agenda, now=now, platforms=tuple(self._adapters), lease=self._lease)
        # What the agenda says of letters that are being dealt with is out of date when they end.
        busy = self._busy()
        agenda = await self._database.read(look)
        if agenda.stuck:
            stuck = partial(letters.stuck, now=now, lease=self._lease, ours=self._busy())
            await self._database.write(stuck)
            self.nudge()
        if agenda.due:
            await self._post_due(now)
        self._look_for(agenda, busy)
        self._look_again()
        if agenda.stale:
            await self._edit_stale(now)

    # Posting

    async def _post_due(self, now: datetime) -> None:
        for platform, adapter in self._adapters.items():
            free = self._free("post", platform)
            if free == 0:
                continue
            began = self._monotonic()
            take = partial(
                letters.claim, now=now, platform=platform, limit=free, lease=self._lease, ready=self._may_post
            )
            for parcel in await self._database.write(take):
                errand = _Errand("post", platform, parcel.claim.letter_id)
                self._start(errand, self._post(adapter, parcel, began + self._pace.lease))

    def _may_post(self, to: Address) -> bool:
        wait = self._rates.take(to)
        if wait > 0:
            self._pause = min(self._pause, wait)
        return wait == 0

    async def _post(self, adapter: Adapter, parcel: Parcel, until: float) -> None:
        # A process that slept through its own lease leaves the letter: someone else may be posting it.
        if self._monotonic() < until:
            await self._settled(parcel.claim, await self._attempt(adapter, parcel))

    async def _attempt(self, adapter: Adapter, parcel: Parcel) -> Callable[[Db], bool | None]:
        """Call the platform once and return how the letter is to be settled."""
        claim = parcel.claim
        try:
            async with asyncio.timeout(self._pace.call):
                message = await adapter.post(claim.to, parcel.card, key=claim.key)
        except (RetryLater, Refused) as error:
            return partial(
                letters.later, claim=claim, seconds=self._rest_of(claim.to, error), now=self._clock()
            )
        except Undeliverable as error:
            _log.warning("undeliverable", letter=claim.key, reason=error.reason)
            return self._undeliverable(claim, error)
        except Exception as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
            # A broken line needs no traceback; anything else may be a mistake in the adapter.
            trace = None if isinstance(error, OSError) else error
            _log.warning("in doubt", letter=claim.key, reason=reason, exc_info=trace)
            return partial(letters.unknown, claim=claim, reason=reason)
        self._troubles.worked(("credentials", claim.to.platform))
        return partial(letters.sent, claim=claim, message_id=message.id, now=self._clock())

    def _undeliverable(self, claim: Claim, error: Undeliverable) -> Callable[[Db], None]:
        return partial(
            letters.undeliverable, claim=claim, reason=error.reason, now=self._clock(), place=error.place
        )

    def _rest_of(self, to: Address, error: RetryLater | Refused) -> float:
        """Return for how long the platform wants to be left alone, all of it if it said so."""
        if isinstance(error, Refused):
            self._troubles.failed(("credentials", to.platform), error)
            self._rates.rest(to.platform, self._pace.refused)
            return self._pace.refused
        if error.everywhere:
            self._rates.rest(to.platform, error.seconds)
        return error.seconds

    async def _settled(self, claim: Claim, settle: Callable[[Db], bool | None]) -> None:
        if await self._database.write(settle) is False:
            _log.error("sent twice, or after it was cancelled", letter=claim.key)

    # Looking for letters in doubt

    def _look_for(self, agenda: Agenda, busy: Collection[int]) -> None:
        now = self._monotonic()
        doubts = {(claim.letter_id, claim.lease_until): claim for claim in agenda.doubts}
        self._look_at = {key: at for key, at in self._look_at.items() if key in doubts}
        for key, claim in doubts.items():
            adapter = self._adapters[claim.to.platform]
            at = self._look_at.setdefault(key, now + adapter.quarantine)
            if at > now:
                self._pause = min(self._pause, at - now)
            elif claim.letter_id not in busy and self._free("find", claim.to.platform):
                self._start(_Errand("find", claim.to.platform, claim.letter_id), self._find(adapter, claim))

    async def _find(self, adapter: Adapter, claim: Claim) -> None:
        key = (claim.letter_id, claim.lease_until)
        try:
            async with asyncio.timeout(self._pace.call):
                message = await adapter.find(claim.to, key=claim.key)
        except Undeliverable as error:
            await self._settled(claim, self._undeliverable(claim, error))
        except (RetryLater, Refused) as error:
            self._look_at[key] = self._monotonic() + self._rest_of(claim.to, error)
        except Exception as error:
            times = self._troubles.failed(("find", claim.key), error)
            self._look_at[key] = self._monotonic() + self._wait(times)
        else:
            self._troubles.worked(("find", claim.key))
            if message is not None:
                found = partial(letters.sent, claim=claim, message_id=message.id, now=self._clock())
                await self._settled(claim, found)
            else:
                wait = self._wait(claim.attempts)
                _log.info("not found, sent again", letter=claim.key, seconds=round(wait))
                # What was in the platform's queue for so long that the look did not see it may still come.
                self._look_again_at[claim] = self._monotonic() + self._pace.second_look
                await self._settled(
                    claim, partial(letters.retry, claim=claim, seconds=wait, now=self._clock())
                )

    def _look_again(self) -> None:
        now = self._monotonic()
        for claim, at in list(self._look_again_at.items()):
            if at <= now and self._free("look again", claim.to.platform):
                del self._look_again_at[claim]
                self._start(_Errand("look again", claim.to.platform, claim.letter_id), self._tidy(claim))

    async def _tidy(self, claim: Claim) -> None:
        """Look once more for a letter that was sent again: the adapter takes late twins back."""
        try:
            async with asyncio.timeout(self._pace.call):
                await self._adapters[claim.to.platform].find(claim.to, key=claim.key)
        except Exception as error:
            _log.info("no second look", letter=claim.key, reason=type(error).__name__)

    # Editing stale cards

    async def _edit_stale(self, now: datetime) -> None:
        for platform in self._adapters:
            free = self._free("edit", platform)
            if free == 0:
                continue
            take = partial(
                letters.take_stale,
                now=now,
                platform=platform,
                limit=free,
                lease=self._lease,
                ready=self._may_post,
            )
            for stale in await self._database.write(take):
                self._start(_Errand("edit", platform, stale.letter_id), self._edit(stale))

    async def _edit(self, stale: Stale) -> None:
        what = ("edit", stale.letter_id)
        again_at: datetime | None = None
        try:
            card = await self._database.read(partial(self._drawn, stale))
            if card is not None:
                async with asyncio.timeout(self._pace.call):
                    await self._adapters[stale.message.at.platform].edit(stale.message, card)
                self._troubles.worked(("credentials", stale.message.at.platform))
            self._troubles.worked(what)
        except (RetryLater, Refused) as error:
            again_at = self._clock() + timedelta(seconds=self._rest_of(stale.message.at, error))
        except Undeliverable as error:
            _log.info("card gone", letter=stale.letter_id, reason=error.reason)
        except Exception as error:
            times = self._troubles.failed(what, error, subject=stale.subject)
            if times < self._pace.edits:
                again_at = self._clock() + timedelta(seconds=self._wait(times))
            else:
                _log.error("card left as it is", letter=stale.letter_id, subject=stale.subject, tries=times)
        done = partial(letters.redrawn, stale=stale, now=self._clock(), again_at=again_at)
        await self._database.write(done)

    def _drawn(self, stale: Stale, db: Db) -> Card | None:
        return self._draw(db, stale.subject, self._clock())

    # Tasks

    def _wait(self, failures: int) -> float:
        return letters.backoff(failures, self._jitter(), self._pace.retry)

    def _free(self, verb: str, platform: str) -> int:
        """How many more calls of this sort the platform may get now."""
        running = sum((errand.verb, errand.platform) == (verb, platform) for errand in self._tasks.values())
        return 0 if self._stopping else max(0, self._pace.at_once - running)

    def _busy(self) -> frozenset[int]:
        return frozenset(errand.letter_id for errand in self._tasks.values())

    def _start(self, errand: _Errand, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = errand
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        errand = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Settling failed. The letter stays "sending" until its lease runs out and is then looked for.
            self._troubles.failed((errand.verb, errand.letter_id), error)
        self.nudge()
