"""Faults by script: what goes wrong with the next calls of a method, in the order it was said."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """The call has its effect, and the connection breaks before the answer."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The connection breaks before the call has any effect."""


@dataclass(frozen=True, slots=True)
class Slow:
    """The effect comes after so many seconds, and so does the answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SlowAnswer:
    """The effect comes at once, the answer after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """This HTTP status, with a body that is no JSON of Slack's, and no effect."""

    status: int = 500
    body: str = "<!DOCTYPE html><html><body><h1>Server Error</h1></body></html>"
    media: str = "text/html"


@dataclass(frozen=True, slots=True)
class Errs:
    """`ok: false` with this error, and no effect."""

    error: str
    more: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TooMany:
    """429 with this Retry-After, in seconds."""

    seconds: int = 1


@dataclass(frozen=True, slots=True)
class Half:
    """The call has its effect, and half of the answer arrives."""


Fault = Lost | Broken | Slow | SlowAnswer | Status | Errs | TooMany | Half


class Faults:
    """The script. `None` in it lets one call through."""

    def __init__(self) -> None:
        self._next: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}

    def next(self, method: str, *faults: Fault | None) -> None:
        """Give the next calls of the method these faults; "*" stands for every method."""
        self._next[method].extend(faults)

    def always(self, method: str, fault: Fault | None) -> None:
        """Give every call of the method this fault, until told None."""
        if fault is None:
            self._always.pop(method, None)
        else:
            self._always[method] = fault

    def take(self, method: str) -> Fault | None:
        """Return what is to go wrong with this call."""
        for name in (method, "*"):
            if self._next[name]:
                return self._next[name].popleft()
        return self._always.get(method) or self._always.get("*")

    @property
    def left(self) -> int:
        """How many scripted faults have not happened yet."""
        return sum(len(queue) for queue in self._next.values())
