"""Slack's limits on how often: each method by its tier, one post a second in a channel, and what is told instead."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rates:
    """Off unless switched on. `window` is the length of Slack's minute, in seconds of `seconds`.

    A channel takes one post a second in the long run, and `burst` at once after a rest: Slack allows
    short bursts and does not say how short. A post counts in its channel and by its method's tier.
    """

    on: bool = False
    window: float = 60.0
    burst: int = 5
    seconds: Callable[[], float] = time.monotonic
    refused: int = 0
    _calls: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _full_at: dict[str, float] = field(default_factory=dict)

    def wait(self, method: str, minute: int, channel: str) -> int:
        """Return 0 if the call may be made, else the seconds of its Retry-After."""
        if not self.on:
            return 0
        now = self.seconds()
        posting = channel if method == "chat.postMessage" else ""
        left = max(self._of_method(method, minute, now), self._of_channel(posting, now))
        if left > 0:
            self.refused += 1
            return max(1, math.ceil(left))
        self._calls[method].append(now)
        if posting:
            self._full_at[posting] = max(now, self._full_at.get(posting, now)) + self._second
        return 0

    @property
    def _second(self) -> float:
        return self.window / 60

    def _of_method(self, method: str, minute: int, now: float) -> float:
        calls = self._calls[method]
        while calls and calls[0] <= now - self.window:
            calls.popleft()
        return calls[0] + self.window - now if len(calls) >= minute else 0.0

    def _of_channel(self, channel: str, now: float) -> float:
        """A bucket of `burst` posts that refills with one a second: it is full again at `_full_at`."""
        debt = self._full_at.get(channel, now) - now
        return max(0.0, debt - (self.burst - 1) * self._second)
