"""Platforms are kept connected, each for itself."""

import asyncio
from collections import deque

import pytest
from structlog.testing import capture_logs

from bot.chat import Answer, Event, Handle, Refused
from scheduler.keeper import LONGEST, REFUSED, STEADY, Keeper
from tests.fakes.ledger import Clock, Ledger


class Moody(Ledger):
    """A platform whose connection ends as it is told, and then stays; each time after `lasts` seconds."""

    def __init__(self, clock: Clock, *ends: Exception, name: str = "moody", lasts: float = 0.0) -> None:
        super().__init__(name)
        self._clock = clock
        self._ends = deque(ends)
        self._lasts = lasts

    async def run(self, handle: Handle) -> None:
        self._clock.go(self._lasts)
        if self._ends:
            raise self._ends.popleft()


async def answer(event: Event) -> Answer:
    return None


async def waits(clock: Clock, *adapters: Moody) -> tuple[list[float], dict[str, str]]:
    """Keep the adapters until all have come to their end; return the rests taken and the last states."""
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    keeper = Keeper(rest=rest, monotonic=clock.monotonic, jitter=lambda: 0.0)
    await asyncio.gather(*keeper.start(adapters, answer))
    return rests, keeper.states


async def test_what_fails_is_connected_again_later_and_later() -> None:
    clock = Clock()
    with capture_logs() as log:
        rests, states = await waits(clock, Moody(clock, *[OSError("down")] * 8))
    assert rests == [1, 2, 4, 8, 16, 32, LONGEST, LONGEST]
    assert states == {"moody": "over"}
    assert [entry["log_level"] for entry in log] == ["error"] * 8


async def test_after_a_steady_while_a_failure_is_the_first_again() -> None:
    clock = Clock()
    rests, _ = await waits(clock, Moody(clock, *[OSError("down")] * 3, lasts=STEADY + 1))
    assert rests == [1, 1, 1]


@pytest.mark.parametrize("reasons", [("invalid_auth",), ("invalid_auth", "token_revoked")])
async def test_refused_credentials_are_said_loudly_and_once(reasons: tuple[str, ...]) -> None:
    clock = Clock()
    ends = [Refused(reason) for reason in reasons for _ in range(3)]
    with capture_logs() as log:
        rests, _ = await waits(clock, Moody(clock, *ends))
    assert rests == [REFUSED] * len(ends)
    assert [(entry["log_level"], entry["reason"]) for entry in log] == [("critical", r) for r in reasons]


async def test_one_platform_that_is_refused_leaves_the_others_running() -> None:
    clock = Clock()
    forever, resting = asyncio.Event(), asyncio.Event()

    async def rest(seconds: float) -> None:
        resting.set()
        await forever.wait()

    class Steady(Ledger):
        async def run(self, handle: Handle) -> None:
            await forever.wait()

    keeper = Keeper(rest=rest, monotonic=clock.monotonic)
    tasks = keeper.start([Moody(clock, Refused("invalid_auth")), Steady("steady")], answer)
    await resting.wait()
    assert keeper.states == {"moody": "refused", "steady": "running"}
    forever.set()
    await asyncio.gather(*tasks)
    assert keeper.states == {"moody": "over", "steady": "over"}
