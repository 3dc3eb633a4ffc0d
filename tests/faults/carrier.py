"""A bot reduced to its delivery, made to be killed.

    python -m tests.faults.carrier DATABASE_URL LEDGER_URL QUARANTINE

Each line on standard input is the key of a digest. For each, a process is forked that opens the database,
announces the digest, says "ready PID", delivers until nothing is on its way, and says "done"; when that
process has ended, however it did, "gone" follows. Forking from a parent that has everything imported makes
a start take milliseconds, so that kills hit the delivery and not the interpreter.
"""

import asyncio
import os
import sys
import traceback
from datetime import UTC, datetime

import aiohttp
import structlog
from sqlmodel import select

from bot.rules import outbox
from bot.rules.balance import counts
from bot.ui.cards import note
from scheduler.delivery import Delivery, Pace
from storage.database import Db, open_database
from storage.tables import Community
from tests.fakes.ledger_client import LedgerClient

QUARANTINE = 1.5
"""Seconds: more than the ledger server's slowest commit, on a busy machine too."""

PACE = Pace(call=0.4, lease=0.5, idle=0.05, retry=0.02)
"""Calls give up before a slow commit has happened, and leases run out before."""


def now() -> datetime:
    return datetime.now(UTC)


def announce(db: Db, key: str) -> int:
    """Write the digest's letters; again after a crash it writes nothing."""
    community = db.exec(select(Community)).one()
    return outbox.announce(db, community, note(key), kind="digest", key=key, now=now())


def on_its_way(db: Db) -> int:
    """How many letters are not settled yet."""
    states = counts(db)
    return sum(states[state] for state in outbox.UNSETTLED)


async def deliver(database_url: str, ledger_url: str, key: str, quarantine: float) -> None:
    """Announce and deliver one digest."""
    database = open_database(database_url)
    async with aiohttp.ClientSession() as session:
        ledger = LedgerClient(session, ledger_url, quarantine)
        delivery = Delivery(database, {"ledger": ledger}, lambda db, subject, now: None, now, pace=PACE)
        await database.write(lambda db: announce(db, key))
        say(f"ready {os.getpid()}")
        running = asyncio.create_task(delivery.run())
        while await database.read(on_its_way):  # noqa: ASYNC110  # what it waits for is in the database
            await asyncio.sleep(0.02)
        await delivery.stop(1)
        await running
    await database.close()
    say("done")


def say(words: str) -> None:
    print(words, flush=True)  # noqa: T201  # how the test hears of it


log_to_standard_error = structlog.PrintLoggerFactory(sys.stderr)


def main(database_url: str, ledger_url: str, quarantine: float) -> None:
    """Carry one digest per line of standard input, each in a process of its own."""
    structlog.configure([structlog.processors.KeyValueRenderer()], logger_factory=log_to_standard_error)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(deliver(database_url, ledger_url, line.strip(), quarantine))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
