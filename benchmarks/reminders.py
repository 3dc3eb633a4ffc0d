"""Reminders with 100,000 pending: how late 10,000 due within ten minutes are, and what a tick costs when none is."""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import insert
from sqlmodel import col, select

from benchmarks.dispatch import postgres
from bot import log
from bot.app import dues
from bot.config import load
from bot.rules.reminding import SOON
from scheduler.due import Due, Rounds
from storage.database import Database, Db, open_database
from storage.migrate import upgrade
from storage.tables import Account, Community, Letter, Occurrence, Person, Rsvp, Session

CROWD = 100  # people at each session
DUE = 10_000
WINDOW = timedelta(minutes=10)
TICK = 1.0
SECOND = timedelta(seconds=1)
PHASE = timedelta(seconds=0.618)  # so that what is due falls anywhere between two ticks
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
QUIET = "none"


class Clock:
    """Time that runs as fast as the work allows: ten minutes of it need not be sat through."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def fill(db: Db, pending: int) -> None:
    """Make communities of a hundred people, each with a session; of the first hundred a reminder is due in the window."""
    people = [
        {"name": f"Person {n}", "created_at": NOW, "direct_messages": True, "be_welcomed": False}
        for n in range(CROWD)
    ]
    db.execute(insert(Person), people)
    ids = db.exec(select(Person.id).order_by(col(Person.id))).all()
    accounts = [
        {"person_id": n, "platform": "memory", "external_id": f"p{n}", "name": f"Person {n}", "seen_at": NOW}
        for n in ids
    ]
    db.execute(insert(Account), accounts)
    sessions = (pending + DUE) // CROWD
    soon = DUE // CROWD
    for number in range(sessions):
        community = Community(
            slug=f"c{number}", name=f"C {number}", purpose="", created_at=NOW, quiet_hours=QUIET
        )
        db.add(community)
        db.flush()
        session = Session(
            community_id=community.id, title="A session", zone="UTC", minutes=60, created_at=NOW
        )
        db.add(session)
        db.flush()
        due_at = (
            NOW + WINDOW * (number / soon) + PHASE * number % SECOND
            if number < soon
            else NOW + timedelta(days=1, minutes=number)
        )
        start = due_at + SOON
        occurrence = Occurrence(
            session_id=session.id, community_id=community.id, starts_at=start, ends_at=start + timedelta(hours=1),
            tend_at=start + timedelta(hours=1), tended_to=NOW,
        )  # fmt: skip
        db.add(occurrence)
        db.flush()
        answers = [
            {
                "occurrence_id": occurrence.id, "person_id": person, "answer": "yes", "place": place, "answered_at": NOW,
                "remind_at": due_at, "reminded_to": NOW - timedelta(minutes=1),
            }
            for place, person in enumerate(ids)
        ]  # fmt: skip
        db.execute(insert(Rsvp), answers)


def written(db: Db, after: int) -> list[tuple[int, int]]:
    """The reminders written after a letter: its number, and the session it is about."""
    rows = db.exec(
        select(Letter.id, Letter.key).where(Letter.kind == "reminder", col(Letter.id) > after)
    ).all()
    return sorted((letter, int(key.split(":")[1])) for letter, key in rows)


async def measure(name: str, url: str, pending: int) -> None:
    """Print the figures of one database."""
    upgrade(url)
    database = open_database(url)
    await database.write(lambda db: fill(db, pending))
    await ticks(name, database)
    await lateness(name, database)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:11} memory, at most {memory:27,.0f} MB")
    await database.close()


def _ask(due: Due, now: datetime, db: Db) -> object:
    return due.query(db, now)


async def ticks(name: str, database: Database) -> None:
    """Cost of what a tick asks when nothing is due, by kind and in all."""
    before = NOW - timedelta(minutes=1)
    rounds = Rounds(database, dues(load(None, {})), lambda: before, lambda: None)
    await rounds.go()  # what is due at first, and the caches
    for one in dues(load(None, {})):
        took = []
        for _ in range(200):
            began = time.perf_counter()
            await database.read(partial(_ask, one, before))
            took.append((time.perf_counter() - began) * 1000)
        print(
            f"{name:11} idle look, {one.name:14} p50 {statistics.median(took):8.2f} ms  p99 {_p99(took):8.2f} ms"
        )
    took = []
    for _ in range(200):
        began = time.perf_counter()
        await rounds.go()
        took.append((time.perf_counter() - began) * 1000)
    print(
        f"{name:11} idle tick, everything      p50 {statistics.median(took):8.2f} ms  p99 {_p99(took):8.2f} ms"
    )


async def lateness(name: str, database: Database) -> None:
    """Let ten minutes pass tick by tick, a tick lasting as long as its work does, and see when letters are written."""
    clock = Clock()
    rounds = Rounds(database, dues(load(None, {})), clock, lambda: None)
    late: list[float] = []
    worked: list[float] = []
    last = 0
    planned = await database.read(lambda db: dict(db.exec(select(Occurrence.id, Occurrence.starts_at)).all()))
    while clock.now < NOW + WINDOW + timedelta(seconds=5):
        began = time.perf_counter()
        if await rounds.go():
            spent = time.perf_counter() - began
            worked.append(spent)
            done = clock.now + timedelta(seconds=spent)
            fresh = await database.read(partial(written, after=last))
            last = fresh[-1][0] if fresh else last
            late += [(done - (planned[occurrence] - SOON)).total_seconds() for _, occurrence in fresh]
        else:
            spent = time.perf_counter() - began
        clock.now += timedelta(seconds=max(TICK, spent))
    assert len(late) == DUE, len(late)
    print(
        f"{name:11} {DUE:,} due in {WINDOW.seconds // 60} min: late by p50 {statistics.median(late):6.2f} s  p99 {_p99(late):6.2f} s"
    )
    print(
        f"{name:11} a tick with work      p50 {statistics.median(worked) * 1000:8.1f} ms  p99 {_p99(worked) * 1000:8.1f} ms"
    )


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


async def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pending", type=int, default=100_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    log.configure("error", "text")
    if chosen.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            await measure("SQLite", f"sqlite:///{folder}/bench.db", chosen.pending)
    if chosen.only != "sqlite":
        with postgres() as url:
            await measure("PostgreSQL", url, chosen.pending)


if __name__ == "__main__":
    asyncio.run(main())
