"""A chat platform in memory that keeps a ledger: what it was made to accept is what people would see."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from bot.chat import Address, Handle, MessageRef, Quote
from bot.ui.cards import Card, words


class Fault(Enum):
    """What goes wrong with one call."""

    REPLY_LOST = auto()  # it is done, but the caller sees the line break
    NOT_ARRIVED = auto()  # it is not done, and the caller sees the line break
    NO_ANSWER = auto()  # it is done, and no answer ever comes


@dataclass(frozen=True)
class Posted:
    to: Address
    key: str
    words: str
    id: str


class Ledger:
    """An adapter whose every post makes a message, the same key or not."""

    def __init__(self, name: str = "ledger", quarantine: float = 0.0) -> None:
        self.name = name
        self.quarantine = quarantine
        self.posted: list[Posted] = []
        self.edited: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.running = 0
        self.most_at_once = 0
        self.changed = asyncio.Condition()
        self.gate = asyncio.Event()  # closed, calls wait in the platform
        self.gate.set()
        self._calls: set[asyncio.Task[tuple[MessageRef, Fault | None]]] = set()
        self._faults: dict[str, deque[Fault | Exception | None]] = defaultdict(deque)

    def will(self, verb: str, *faults: Fault | Exception | None, times: int = 1) -> None:
        """Let the next calls of `verb` ("post", "find" or "edit") go wrong like this; None goes well."""
        self._faults[verb].extend(list(faults) * times)

    async def run(self, handle: Handle) -> None:
        await asyncio.Event().wait()

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        # What has reached the platform happens there, even when the caller is gone by then.
        call = asyncio.create_task(self._accept(to, card, key))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        message, fault = await asyncio.shield(call)
        await self._break(fault)
        return message

    async def _accept(self, to: Address, card: Card, key: str) -> tuple[MessageRef, Fault | None]:
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await self._tell()
        try:
            await self.gate.wait()
            fault = self._fault("post")
            if fault is Fault.NOT_ARRIVED:
                raise ConnectionResetError("the line broke")
            message = Posted(to, key, words(card), str(len(self.posted) + 1))
            self.posted.append(message)
            await self._tell()
            return MessageRef(to, message.id), fault
        finally:
            self.running -= 1

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        self.asked.append(key)
        fault = self._fault("find")
        await self._break(fault)
        found = [message for message in self.posted if message.key == key and message.to == to]
        return MessageRef(to, found[0].id) if found else None

    async def edit(self, message: MessageRef, card: Card) -> None:
        fault = self._fault("edit")
        self.edited.append((message.id, words(card)))
        await self._tell()
        await self.gate.wait()
        await self._break(fault)

    async def read(self, message: MessageRef) -> Quote | None:
        return None

    async def until(self, true: Callable[["Ledger"], bool]) -> None:
        """Wait until something is true of the ledger."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: true(self)), 10)

    def keys(self) -> list[str]:
        return [message.key for message in self.posted]

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def _fault(self, verb: str) -> Fault | None:
        fault = self._faults[verb].popleft() if self._faults[verb] else None
        if isinstance(fault, Exception):
            raise fault
        return fault

    async def _break(self, fault: Fault | None) -> None:
        if fault is Fault.REPLY_LOST:
            raise ConnectionResetError("the line broke")
        if fault is Fault.NO_ANSWER:
            await asyncio.Event().wait()


class Clock:
    """A wall clock and a monotonic clock, moved by hand; the wall clock can also be set."""

    def __init__(self, wall: datetime = datetime(2026, 3, 3, 10, tzinfo=UTC)) -> None:
        self._wall = wall
        self._seconds = 1_000.0

    def now(self) -> datetime:
        return self._wall

    def monotonic(self) -> float:
        return self._seconds

    def go(self, seconds: float) -> None:
        """Let time go by."""
        self._wall += timedelta(seconds=seconds)
        self._seconds += seconds

    def set_by(self, offset: timedelta) -> None:
        """Set the wall clock, as a time server would; no time goes by."""
        self._wall += offset
