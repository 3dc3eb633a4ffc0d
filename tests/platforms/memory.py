"""The platform in memory, for dialogues."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.memory import Memory
from bot.app import Hearth


class InMemory(Memory):
    """The adapter is the platform."""

    @property
    def adapter(self) -> Memory:
        return self

    async def catch_up(self) -> None:
        """Nothing is ever on its way here."""


@asynccontextmanager
async def opened(
    hearth: Hearth, settle: Callable[[], Awaitable[None]], *, name: str = "memory"
) -> AsyncIterator[InMemory]:
    """Open the platform and let the bot listen to it."""
    platform = InMemory(hearth.registry.parse, clock=hearth.clock, name=name, settle=settle)
    platform.listen(hearth.dispatcher.handle)
    yield platform
