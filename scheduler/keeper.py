"""Keeps the platforms connected: one that fails is connected again, one that refuses us is asked seldom."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable

import structlog

from bot.chat import Adapter, Handle, Refused

FIRST = 1.0  # seconds until a platform that failed is connected again; doubled with each further failure
LONGEST = 60.0
REFUSED = 300.0  # seconds until one that does not accept our credentials is asked again
STEADY = 120.0  # seconds of running after which a failure counts as the first again

_log = structlog.get_logger(__name__)


class Keeper:
    """Runs adapters until cancelled; `states` says of each "running", "failing", "refused" or "over"."""

    def __init__(
        self,
        *,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.states: dict[str, str] = {}
        self._rest = rest
        self._monotonic = monotonic
        self._jitter = jitter

    def start(self, adapters: Iterable[Adapter], handle: Handle) -> list[asyncio.Task[None]]:
        """Begin to run each adapter; return their tasks, named as the adapters are."""
        return [asyncio.create_task(self._keep(adapter, handle), name=adapter.name) for adapter in adapters]

    async def _keep(self, adapter: Adapter, handle: Handle) -> None:
        failures, refused = 0, ""
        while True:
            began = self._monotonic()
            self.states[adapter.name] = "running"
            try:
                await adapter.run(handle)
            except Refused as error:
                if str(error) != refused:
                    refused = str(error)
                    _log.critical("credentials refused", platform=adapter.name, reason=refused)
                self.states[adapter.name], wait = "refused", REFUSED
            except Exception:
                failures = 1 if self._monotonic() - began > STEADY else failures + 1
                wait = min(LONGEST, FIRST * 2.0 ** (failures - 1)) * (1 - self._jitter() / 2)
                self.states[adapter.name] = "failing"
                _log.exception(
                    "platform failed, connecting again", platform=adapter.name, seconds=round(wait)
                )
            else:
                self.states[adapter.name] = "over"
                return
            await self._rest(wait)
