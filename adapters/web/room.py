"""The web chat as the process sees it: the store in a thread of its own, and every change told to open windows."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from adapters.web.store import Change, WebChat
from adapters.web.wire import change_json

T = TypeVar("T")

QUEUE_LIMIT = 200
"""Changes a window may be behind before it is let go; it catches up when it comes back."""
_BATCH = 200


class Window:
    """One open browser window of one person, and what it has not been sent yet."""

    def __init__(self, person: str, limit: int = QUEUE_LIMIT) -> None:
        self.person = person
        self.queue: asyncio.Queue[str] = asyncio.Queue(limit)
        self.gone = asyncio.Event()


class Room:
    """All access to the chat goes through here: `look` reads, `change` writes and then tells the windows."""

    def __init__(self, chat: WebChat) -> None:
        self._chat = chat
        # One thread: the store's connection is for one at a time, and its commits wait for the disk.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webchat")
        self._windows: set[Window] = set()
        self._telling = asyncio.Lock()
        self._told = chat.clock()[1]

    async def look(self, work: Callable[[WebChat], T]) -> T:
        """Return what `work` reads from the chat."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._chat)

    async def change(self, work: Callable[[WebChat], T]) -> T:
        """Return what `work` made of the chat, once every window has been given it."""
        result = await self.look(work)
        await self._tell()
        return result

    def open(self, person: str) -> Window:
        """Return a window that is given every change from now on that the person may see."""
        window = Window(person)
        self._windows.add(window)
        return window

    def shut(self, window: Window) -> None:
        """Forget the window and end its connection."""
        self._windows.discard(window)
        window.gone.set()

    def close(self) -> None:
        """End the connection of every window; they come back when there is something to come back to."""
        for window in list(self._windows):
            self.shut(window)

    async def _tell(self) -> None:
        # Read back in the order of change, under a lock: were each writer to tell its own change, a
        # window could be told of 6 before 5, be cut off in between, and ask for "after 6" for ever.
        async with self._telling:
            while True:
                changes = await self.look(self._untold)
                for change in changes:
                    frame = json.dumps(change_json(change))
                    for window in list(self._windows):
                        if change.only in ("", window.person):
                            self._give(window, frame)
                    self._told = change.thing.seq
                if len(changes) < _BATCH:
                    return

    def _untold(self, chat: WebChat) -> list[Change]:
        return chat.changes(self._told, limit=_BATCH)

    def _give(self, window: Window, frame: str) -> None:
        try:
            window.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.shut(window)
