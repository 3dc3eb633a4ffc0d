"""How fast each platform lets one channel, and the bot as a whole, post: token buckets, and rests it asks for."""

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
    """What one platform allows for one channel, and for one token over all its channels."""

    channel: Limit
    token: Limit


SLACK = Limits(channel=Limit(1.0, 3), token=Limit(5.0, 20))
"""One message a second per channel, and "several hundred" a minute per workspace, taken as 300
(docs.slack.dev, rate limits). A bot token belongs to one workspace."""

DISCORD = Limits(channel=Limit(1.0, 5), token=Limit(40.0, 40))
"""Five messages in five seconds per channel, and under the 50 requests a second of one token
(docs.discord.com, rate limits)."""


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
        self._rests: dict[str, float] = {}
        self._lock = threading.Lock()  # claims ask from the database's thread, edits from the event loop

    def take(self, to: Address) -> float:
        """Take a token of the channel and of the platform: 0.0, or the seconds to wait with none taken."""
        limits = self._limits.get(to.platform)
        with self._lock:
            now = self._monotonic()
            rest = self._rests.get(to.platform, now) - now
            if rest > 0 or limits is None:
                return max(0.0, rest)
            self._forget_full(now)
            buckets = (
                self._bucket((to.platform, to.channel, to.person), limits.channel, now),
                self._bucket((to.platform,), limits.token, now),
            )
            wait = max(bucket.wait(now) for bucket in buckets)
            if wait == 0.0:
                for bucket in buckets:
                    bucket.tokens -= 1
            return wait

    def rest(self, platform: str, seconds: float) -> None:
        """Let nothing go to the platform for so long."""
        with self._lock:
            until = self._monotonic() + seconds
            self._rests[platform] = max(until, self._rests.get(platform, until))

    def _bucket(self, key: Hashable, limit: Limit, now: float) -> _Bucket:
        return self._buckets.setdefault(key, _Bucket(limit, limit.burst, now))

    def _forget_full(self, now: float) -> None:
        if len(self._buckets) > _MANY:
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full(now)}
