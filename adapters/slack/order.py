"""The latest of several things that Slack tells about one subject, in whatever order they come."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

MOST = 20_000
PATIENCE = 1.0  # seconds that what takes something back waits for that, should it have been overtaken


class Latest:
    """Remembers, in a bounded way, how new the newest thing said about each subject was."""

    def __init__(self) -> None:
        self._moments: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._awaited: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(self, subject: str, moment: float, *, takes_back: bool = False) -> AsyncIterator[bool]:
        """Wait for what is under way about the subject; yield whether nothing newer was dealt with before.

        An empty subject is nothing that has an order. What `takes_back` something makes sense after it
        only: where there is nothing yet to take back, that gets a moment to come.
        """
        if not subject:
            yield True
            return
        if takes_back and self._moments.get(subject, (0.0, True))[1]:
            await self._another(subject)
        lock, users = self._locks.get(subject, (asyncio.Lock(), 0))
        self._locks[subject] = (lock, users + 1)
        try:
            async with lock:
                current = moment >= self._moments.get(subject, (0.0, True))[0]
                if current:
                    self._moments[subject] = (moment, takes_back)
                    self._moments.move_to_end(subject)
                    if subject in self._awaited:
                        self._awaited[subject].set()
                    if len(self._moments) > MOST:
                        self._moments.popitem(last=False)
                yield current
        finally:
            lock, users = self._locks[subject]
            if users == 1:
                del self._locks[subject]
            else:
                self._locks[subject] = (lock, users - 1)

    async def _another(self, subject: str) -> None:
        """Wait until something else about the subject has its turn, or a moment has passed."""
        if subject in self._locks:
            return  # it is under way: its turn comes first
        came = self._awaited.setdefault(subject, asyncio.Event())
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await came.wait()
        self._awaited.pop(subject, None)
