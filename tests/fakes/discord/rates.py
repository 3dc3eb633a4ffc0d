"""Buckets: so many requests in so many seconds, per route and per channel, guild or webhook."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

MAJOR = ("channel_id", "guild_id", "webhook_id")


@dataclass(slots=True)
class Bucket:
    limit: int
    seconds: float
    left: int
    until: float


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether the request may pass, the headers to say so with, and the seconds until it may."""

    allowed: bool
    headers: dict[str, str]
    wait: float


class Rates:
    """Generous unless told otherwise: `limits` has the size and seconds of a bucket by method and path's end."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._buckets: dict[str, Bucket] = {}
        self.limits: dict[tuple[str, str], tuple[int, float]] = {}
        self.usual = (10_000, 1.0)

    def take(self, method: str, path: str, parameters: dict[str, str]) -> Taken:
        """Take one from the bucket of the request."""
        found = [v for (m, end), v in self.limits.items() if m == method and path.endswith(end)]
        limit, seconds = found[0] if found else self.usual
        route = hashlib.md5(f"{method} {path}".encode(), usedforsecurity=False).hexdigest()
        key = ":".join([route, *(parameters.get(name, "") for name in MAJOR)])
        now = self._time()
        bucket = self._buckets.setdefault(key, Bucket(limit, seconds, limit, now + seconds))
        if now >= bucket.until or bucket.limit != limit:
            bucket.limit, bucket.seconds, bucket.left, bucket.until = limit, seconds, limit, now + seconds
        allowed = bucket.left > 0
        bucket.left -= allowed
        wait = max(bucket.until - now, 0.0)
        headers = {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.left),
            "X-RateLimit-Reset": f"{bucket.until:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": route,
        }
        return Taken(allowed, headers if allowed else {**headers, "X-RateLimit-Scope": "user"}, wait)
