"""What a platform does over a real connection, and what delivery makes of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from bot.rules.balance import balance, counts
from scheduler.delivery import Delivery, Pace
from storage.database import Database
from tests.fakes.ledger_client import LedgerClient
from tests.faults.carrier import announce, on_its_way
from tests.faults.programs import add_channels, program

CHANNELS = 4


class Wire:
    """A delivery connected to a ledger server."""

    def __init__(self, database: Database, session: aiohttp.ClientSession, url: str) -> None:
        self._database = database
        self._session = session
        self._url = url

    async def plan(self, channel: str, *ends: str) -> None:
        """Say how the next posts to a channel are to end."""
        await self._session.post(f"{self._url}/plan", json={"channel": channel, "ends": list(ends)})

    async def deliver(self) -> dict[str, int]:
        """Deliver one digest; return how many letters ended in which state."""
        ledger = LedgerClient(self._session, self._url, quarantine=0.3)
        delivery = Delivery(
            self._database,
            {"ledger": ledger},
            lambda db, subject, now: None,
            lambda: datetime.now(UTC),
            pace=Pace(call=0.5, lease=1.0, idle=0.05, retry=0.02),
        )
        await self._database.write(lambda db: announce(db, "digest"))
        running = asyncio.create_task(delivery.run())
        async with asyncio.timeout(30):
            while await self._database.read(on_its_way):  # noqa: ASYNC110  # what it waits for is in the database
                await asyncio.sleep(0.02)
        await delivery.stop(1)
        await running
        books, states = await self._database.read(lambda db: (balance(db), counts(db)))
        assert books.differences == ()
        return {state: n for state, n in states.items() if n}

    async def channels(self) -> list[str]:
        """Which channels got a message, as often as they did."""
        async with self._session.get(f"{self._url}/ledger") as answer:
            return sorted(message["channel"] for message in await answer.json())


@pytest.fixture
async def wire(database: Database) -> AsyncIterator[Wire]:
    await database.write(lambda db: add_channels(db, CHANNELS))
    with program("tests.fakes.ledger_server", "1", "0", "0") as (_, port):
        async with aiohttp.ClientSession() as session:
            yield Wire(database, session, f"http://127.0.0.1:{int(port.readline())}")


@pytest.mark.parametrize("end", ["lost", "hang"])
async def test_an_answer_that_never_comes_makes_no_second_message(wire: Wire, end: str) -> None:
    await wire.plan("C1", end)
    assert await wire.deliver() == {"sent": CHANNELS}
    assert await wire.channels() == ["C0", "C1", "C2", "C3"]


async def test_too_many_requests_are_taken_at_their_word(wire: Wire) -> None:
    await wire.plan("C1", *["429 0.05"] * 8)
    assert await wire.deliver() == {"sent": CHANNELS}
    assert await wire.channels() == ["C0", "C1", "C2", "C3"]


async def test_a_channel_that_is_gone_is_skipped_and_the_others_are_not(wire: Wire) -> None:
    await wire.plan("C1", "gone")
    assert await wire.deliver() == {"sent": CHANNELS - 1, "skipped": 1}
    assert await wire.channels() == ["C0", "C2", "C3"]


async def test_all_of_it_at_once(wire: Wire) -> None:
    for channel, *ends in (
        ("C0", "429 0.05", "lost"),
        ("C1", "hang"),
        ("C2", "429 0.05", "429 0.05", "gone"),
    ):
        await wire.plan(channel, *ends)
    assert await wire.deliver() == {"sent": CHANNELS - 1, "skipped": 1}
    assert await wire.channels() == ["C0", "C1", "C3"]
