"""Ids as Discord makes them: the time in milliseconds, and a number that keeps them apart and in order."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


class Snowflakes:
    """Gives ids, each greater than the one before, even where the clock stands still or goes back."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._last = 0

    def new(self) -> int:
        self._last = max(self._last + 1, _milliseconds(self._clock()) << 22)
        return self._last


def moment(snowflake: int) -> datetime:
    """Return when the id was made."""
    return EPOCH + timedelta(milliseconds=snowflake >> 22)


def of_name(name: str) -> int:
    """Return the id of the account of that name, the same in every run: configurations name accounts by it."""
    digest = hashlib.sha256(name.lower().encode("utf-8", "surrogatepass")).digest()
    return 10**17 + int.from_bytes(digest[:6], "big")


def _milliseconds(at: datetime) -> int:
    return int((at - EPOCH) / timedelta(milliseconds=1))
