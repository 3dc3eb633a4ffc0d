"""The same action sent again gets the answer of the first time, without acting again."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Keeps the last answer per window, since a window sends its next action only once it has that.

    So an answer, which may be private, is forgotten as soon as it is known to have arrived. Ids read
    "window.number"; an id without a dot is a window by itself. At most `windows` are remembered.
    """

    def __init__(self, windows: int = 500) -> None:
        self._windows = windows
        self._last: OrderedDict[str, tuple[str, asyncio.Task[T]]] = OrderedDict()

    async def do(self, action: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what `work` answered for this action, running it only the first time.

        It runs to its end even when the request that asked is cut off. A failure is not remembered.
        """
        window = action.rpartition(".")[0] or action
        known = self._last.get(window)
        if known is not None and known[0] == action:
            task = known[1]
        else:
            task = asyncio.create_task(work())
            self._last[window] = (action, task)
        self._last.move_to_end(window)
        while len(self._last) > self._windows:
            self._last.popitem(last=False)
        try:
            return await asyncio.shield(task)
        except Exception:
            if self._last.get(window) == (action, task):
                del self._last[window]
            raise
