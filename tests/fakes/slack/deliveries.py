"""Deliveries to the app: until one is acknowledged or given up, and with any trouble on the way that is asked for."""

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tests.fakes.slack.ledger import Json

Kind = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something the app is told of; the same one may arrive several times."""

    kind: Kind
    payload: Json


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's acknowledgement, with what it said in it."""

    payload: Json | None = None


class Transport(Protocol):
    """A way to the app: Socket Mode or HTTP."""

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack | None:
        """Deliver once; return the acknowledgement, or None when the app refused or went away."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the app has to acknowledge, and after how long an event is tried again, in seconds."""

    answer: float = 3.0
    again: tuple[float, ...] = (0.0, 60.0, 300.0)


@dataclass(slots=True)
class Trouble:
    """Shares of the deliveries that arrive more than once, late, or, in one attempt, not at all.

    What is lost is tried again as events are; `copies` is the most one attempt arrives, `delay` the
    longest one takes, in seconds.
    """

    chance: random.Random
    doubled: float = 0.0
    late: float = 0.0
    lost: float = 0.0
    unheard: float = 0.0
    """The share of acknowledgements that are lost on their way back."""
    copies: int = 5
    delay: float = 0.05


class Deliveries:
    """Everything that is on its way to the app. `trouble` may be set at any time."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.trouble: Trouble | None = None
        self.transport: Transport | None = None
        self.made: list[Delivery] = []
        self.attempts = 0
        self.missed: list[Delivery] = []
        """What was never acknowledged."""
        self._under_way: set[asyncio.Task[Any]] = set()

    async def deliver(self, delivery: Delivery) -> Ack | None:
        """Deliver until acknowledged; an act of a person is tried once, since they can try again themselves."""
        self.made.append(delivery)
        waits = (0.0, *self.pace.again) if delivery.kind == "events_api" or self.trouble else (0.0,)
        reason = ""
        for attempt, wait in enumerate(waits):
            await asyncio.sleep(wait)
            ack = await self._attempt(delivery, attempt, reason, last=attempt == len(waits) - 1)
            if ack is not None:
                return ack
            reason = "timeout" if self.transport else "connection_failed"
        self.missed.append(delivery)
        return None

    def begin(self, delivery: Delivery) -> None:
        """Deliver without waiting for the acknowledgement; `settled` does."""
        self._start(self.deliver(delivery))

    async def once_more(self, delivery: Delivery) -> Ack | None:
        """Deliver something again that was acknowledged already."""
        return await self._send(delivery, 1, "timeout")

    async def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def stop(self) -> None:
        """Give up whatever is still on its way."""
        for task in self._under_way:
            task.cancel()
        await self.settled()

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _attempt(self, delivery: Delivery, attempt: int, reason: str, *, last: bool) -> Ack | None:
        trouble = self.trouble
        if trouble is None:
            return await self._send(delivery, attempt, reason)
        chance = trouble.chance
        if chance.random() < trouble.lost and not last:
            return None
        if chance.random() < trouble.doubled:
            for _ in range(chance.randint(1, trouble.copies - 1)):
                self._start(self._later(chance.uniform(0, trouble.delay), delivery, attempt))
        if chance.random() < trouble.late:
            await asyncio.sleep(chance.uniform(0, trouble.delay))
        unheard = chance.random() < trouble.unheard and not last
        ack = await self._send(delivery, attempt, reason)
        return None if unheard else ack

    async def _later(self, seconds: float, delivery: Delivery, attempt: int) -> None:
        await asyncio.sleep(seconds)
        await self._send(delivery, attempt, "timeout")

    async def _send(self, delivery: Delivery, attempt: int, reason: str) -> Ack | None:
        self.attempts += 1
        if self.transport is None:
            return None
        try:
            async with asyncio.timeout(self.pace.answer):
                return await self.transport.send(delivery, attempt, reason)
        except TimeoutError:
            return None
