"""The latest of several things that Slack tells about one subject, in whatever order they come."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST = 20_000


class Latest:
    """Remembers, in a bounded way, how new the newest thing said about each subject was."""

    def __init__(self) -> None:
        self._moments: OrderedDict[str, float] = OrderedDict()
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, subject: str, moment: float) -> AsyncIterator[bool]:
        """Wait for what is under way about the subject; yield whether nothing newer was dealt with before.

        An empty subject is nothing that has an order.
        """
        if not subject:
            yield True
            return
        lock, users = self._locks.get(subject, (asyncio.Lock(), 0))
        self._locks[subject] = (lock, users + 1)
        try:
            async with lock:
                current = moment >= self._moments.get(subject, 0.0)
                if current:
                    self._moments[subject] = moment
                    self._moments.move_to_end(subject)
                    if len(self._moments) > MOST:
                        self._moments.popitem(last=False)
                yield current
        finally:
            lock, users = self._locks[subject]
            if users == 1:
                del self._locks[subject]
            else:
                self._locks[subject] = (lock, users - 1)
