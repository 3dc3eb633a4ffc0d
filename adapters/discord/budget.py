"""Two budgets Discord keeps of a bot: how often it may introduce itself a day, and how often it may be wrong."""

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

IDENTIFIES_A_DAY = 200
"""How often we introduce ourselves at most. At 1,000 within 24 hours Discord resets the token; two of our
days fit into 24 hours."""

INVALID_LIMIT = 100
INVALID_WINDOW = 600.0  # seconds
"""Discord shuts an address out after 10,000 answers of 401, 403 or 429 in ten minutes; we stop at a hundredth."""

_PREFIX = "discord-identify-"


class Identifies:
    """Counts introductions to the gateway per UTC day, over all processes that share the folder.

    A day is a file and a count its size: appending one byte is one system call that two processes may
    make at once, and nothing has to be read to be changed.
    """

    def __init__(self, folder: Path, clock: Callable[[], datetime], limit: int = IDENTIFIES_A_DAY) -> None:
        self._folder = folder
        self._clock = clock
        self._limit = limit

    def spend(self) -> None:
        """Count one introduction."""
        path = self._path()
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            for old in self._folder.glob(f"{_PREFIX}*"):
                old.unlink(missing_ok=True)
        with path.open("ab") as file:
            file.write(b".")

    def spent(self) -> int:
        """Return how many there were today."""
        path = self._path()
        return path.stat().st_size if path.exists() else 0

    def pause(self) -> float:
        """Return how many seconds to wait before the next introduction.

        The first quarter of the day's budget is free; past it, what is left is spread over what is left
        of the day, so that a crash loop slows down long before it has to stop until midnight.
        """
        spent = self.spent()
        if spent < self._limit // 4:
            return 0.0
        now = self._clock().astimezone(UTC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight - now).total_seconds() / max(1, self._limit - spent)

    @property
    def over(self) -> bool:
        """Whether today's budget is used up."""
        return self.spent() >= self._limit

    def _path(self) -> Path:
        return self._folder / f"{_PREFIX}{self._clock().astimezone(UTC):%Y-%m-%d}"


class Invalid:
    """Counts refused requests and says when to keep silent."""

    def __init__(
        self,
        *,
        limit: int = INVALID_LIMIT,
        window: float = INVALID_WINDOW,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window = window
        self._monotonic = monotonic
        self._times: deque[float] = deque(maxlen=limit)
        self._until = 0.0

    def count(self) -> bool:
        """Count one; return whether this one used up the budget."""
        now = self._monotonic()
        self._times.append(now)
        if len(self._times) < self._limit or now - self._times[0] > self._window:
            return False
        self.hold(self._times[0] + self._window - now)
        self._times.clear()
        return True

    def hold(self, seconds: float) -> None:
        """Keep silent for so many seconds, because Discord, or what stands before it, says so."""
        self._until = max(self._until, self._monotonic() + seconds)

    def pause(self) -> float:
        """Return how many seconds to keep silent, 0 when we may speak."""
        return max(0.0, self._until - self._monotonic())
