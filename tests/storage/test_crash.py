"""A process killed at any moment has kept every change it acknowledged, and left the file free."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from sqlmodel import select

import storage
from storage import migrate
from storage.database import open_database
from storage.tables import Person

WRITER = """
import asyncio, sys
from datetime import datetime, timezone
from storage.database import open_database
from storage.tables import Person

async def main(url, start):
    database = open_database(url)
    async def one(number):
        await database.write(lambda db: db.add(Person(name=str(number), created_at=datetime.now(timezone.utc))))
        print(number, flush=True)
    number = int(start)
    while True:
        await asyncio.gather(*(one(number + step) for step in range(8)))
        number += 8

asyncio.run(main(*sys.argv[1:]))
"""


def start(url: str, first: int) -> subprocess.Popen[str]:
    root = Path(storage.__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(first)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


async def written(url: str) -> set[str]:
    database = open_database(url)
    try:
        return set(await database.read(lambda db: db.exec(select(Person.name)).all()))
    finally:
        await database.close()


def test_a_killed_process_loses_nothing_it_acknowledged(database_url: str) -> None:
    acknowledged: set[str] = set()
    for round_ in range(3):
        with start(database_url, round_ * 100_000) as process:
            assert process.stdout is not None
            for _ in range(5 + 7 * round_):
                acknowledged.add(process.stdout.readline().strip())
            process.send_signal(signal.SIGKILL)
            acknowledged |= {line.strip() for line in process.stdout if line.endswith("\n")}
        assert process.returncode == -signal.SIGKILL
        assert acknowledged
        assert acknowledged - {""} <= asyncio.run(written(database_url))
    assert len(acknowledged) >= 36


def test_a_second_process_on_the_same_file_is_refused_until_the_first_is_gone(sqlite_url: str) -> None:
    with start(sqlite_url, 0) as first:
        assert first.stdout is not None
        assert first.stdout.readline()
        with start(sqlite_url, 1_000_000) as second:
            _, complaint = second.communicate()
        assert second.returncode == 1
        assert "in use by another Hearth process" in complaint
        assert migrate.upgrade(sqlite_url).backup is None  # nothing to do, so in nobody's way
        first.kill()
    assert "1000000" not in asyncio.run(written(sqlite_url))
