"""Slack's limits on how often: each method by its tier, one post a second in a channel, and what is told instead."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rates:
    """Off unless switched on. `window` is the length of Slack's minute, in seconds of `seconds`.

    A channel takes one post a second, and a few more at once; a post in a channel counts per channel
    and, for the whole workspace, by the method's tier.
    """

    on: bool = False
    window: float = 60.0
    burst: int = 3
    seconds: Callable[[], float] = time.monotonic
    refused: int = 0
    _calls: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def wait(self, method: str, minute: int, channel: str) -> int:
        """Return 0 if the call may be made, else the seconds of its Retry-After."""
        if not self.on:
            return 0
        limits = [(method, minute, self.window)]
        if method == "chat.postMessage":
            limits.append((f"post:{channel}", self.burst, self.burst * self.window / 60))
        now = self.seconds()
        left = max(self._left(name, many, window, now) for name, many, window in limits)
        if left > 0:
            self.refused += 1
            return max(1, math.ceil(left))
        for name, _, _ in limits:
            self._calls[name].append(now)
        return 0

    def _left(self, name: str, many: int, window: float, now: float) -> float:
        calls = self._calls[name]
        while calls and calls[0] <= now - window:
            calls.popleft()
        return calls[0] + window - now if len(calls) >= many else 0.0
