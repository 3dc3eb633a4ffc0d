"""Token buckets: how fast each platform lets one channel, and one workspace, be posted to."""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from bot.chat import Address

_MANY = 1_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many messages a second in the long run, and up to `burst` at once after a rest."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What one platform allows. The defaults are Slack's: one message a second per channel, and
    "several hundred" a minute per workspace (docs.slack.dev, rate limits; taken as 300)."""

    channel: Limit = Limit(1.0, 3)
    workspace: Limit = Limit(5.0, 20)


@dataclass(slots=True)
class _Bucket:
    limit: Limit
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Refill, and return the seconds until there is a token."""
        gained = (now - self.at) * self.limit.per_second
        self.tokens, self.at = min(self.limit.burst, self.tokens + gained), now
        return max(0.0, (1 - self.tokens) / self.limit.per_second)

    def full(self, now: float) -> bool:
        self.wait(now)
        return self.tokens >= self.limit.burst


class Rates:
    """The buckets of all destinations. A platform without limits given is not limited.

    Buckets live in memory: after a restart they start full, and RetryLater corrects what that costs.
    """

    def __init__(
        self, limits: Mapping[str, Limits] | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = dict(limits or {})
        self._monotonic = monotonic
        self._buckets: dict[Hashable, _Bucket] = {}
        self._lock = threading.Lock()  # claims ask from the database's thread, edits from the event loop

    def take(self, to: Address) -> float:
        """Take a token of the channel and of its workspace: 0.0, or the seconds to wait with none taken."""
        limits = self._limits.get(to.platform)
        if limits is None:
            return 0.0
        with self._lock:
            now = self._monotonic()
            self._forget_full(now)
            buckets = (
                self._bucket((to.platform, to.channel, to.person), limits.channel, now),
                self._bucket((to.platform, to.workspace), limits.workspace, now),
            )
            wait = max(bucket.wait(now) for bucket in buckets)
            if wait == 0.0:
                for bucket in buckets:
                    bucket.tokens -= 1
            return wait

    def _bucket(self, key: Hashable, limit: Limit, now: float) -> _Bucket:
        return self._buckets.setdefault(key, _Bucket(limit, limit.burst, now))

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) > _MANY:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full(now)}
