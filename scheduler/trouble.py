"""Failures of loops that go on: each is logged once with its context, and once more when it is over."""

from collections.abc import Hashable
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


class Troubles:
    """What is failing at the moment. The same failure again is counted, not logged."""

    def __init__(self) -> None:
        self._times: dict[Hashable, tuple[str, int]] = {}

    def failed(self, what: Hashable, error: BaseException, **context: Any) -> int:
        """Note that `what` failed; return how many times it has in a row."""
        words = f"{type(error).__name__}: {error}"
        before, times = self._times.get(what, ("", 0))
        self._times[what] = (words, times + 1)
        if words != before:
            _log.error("failed", what=what, error=words, exc_info=error, **context)
        return times + 1

    def worked(self, what: Hashable) -> None:
        """Note that `what` works, again if it failed before."""
        before = self._times.pop(what, None)
        if before is not None:
            _log.info("works again", what=what, failures=before[1], error=before[0])
