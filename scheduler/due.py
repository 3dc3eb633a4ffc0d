"""What is due by the clock: a query finds it, an act does it, and a stamp in the row says it is done."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.rules.letters import backoff
from scheduler.trouble import Troubles
from storage.database import Database, Db


@dataclass(frozen=True, slots=True)
class Due:
    """One kind of thing that becomes due.

    `query` returns the ids due at a moment, and is cheap. `act` does one of them in a transaction of
    its own and leaves the row so that `query` no longer returns it. Between the two another process
    may have acted: `act` looks again, under a lock, before it does anything.
    """

    name: str
    query: Callable[[Db, datetime], Sequence[int]]
    act: Callable[[Db, int, datetime], object]


class Rounds:
    """Goes through everything due, once per tick. One thing that fails stops no other.

    What failed is tried again after 2, 4, 8 … 300 seconds. `acted` is called after something was
    done, since it may have written letters.
    """

    def __init__(
        self,
        database: Database,
        dues: Sequence[Due],
        clock: Callable[[], datetime],
        acted: Callable[[], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._dues = tuple(dues)
        self._clock = clock
        self._acted = acted
        self._monotonic = monotonic
        self._not_before: dict[tuple[str, int], float] = {}
        self._troubles = Troubles()

    async def go(self) -> int:
        """Do what is due now; return how many things were done. Raises only when the database fails to read."""
        now = self._clock()
        found = await self._database.read(partial(self._find, now))
        done = 0
        for due, item in found:
            done += await self._do(due, item, now)
        if done:
            self._acted()
        return done

    def _find(self, now: datetime, db: Db) -> list[tuple[Due, int]]:
        found: list[tuple[Due, int]] = []
        for due in self._dues:
            try:
                items = due.query(db, now)
            except Exception as error:
                self._troubles.failed(due.name, error)
            else:
                self._troubles.worked(due.name)
                found += [(due, item) for item in items]
        return found

    async def _do(self, due: Due, item: int, now: datetime) -> int:
        what = (due.name, item)
        if self._not_before.get(what, 0.0) > self._monotonic():
            return 0
        try:
            await self._database.write(lambda db: due.act(db, item, now))
        except Exception as error:
            times = self._troubles.failed(what, error)
            self._not_before[what] = self._monotonic() + backoff(times, jitter=0)
            return 0
        self._troubles.worked(what)
        self._not_before.pop(what, None)
        return 1
