"""kill -9 in the middle of a digest, again and again: every channel has it exactly once."""

import json
import os
import random
import select
import signal
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import IO

import pytest

from bot.rules.balance import balance, counts
from storage.database import Db, open_database
from storage.tables import Channel, Community
from tests.faults.carrier import SERVER_DELAY

ROUNDS = int(os.environ.get("HEARTH_FAULT_ROUNDS", "6"))
SEED = int(os.environ.get("HEARTH_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
CHANNELS = 20
LONGEST_LIFE = 0.7
"""Seconds within which a carrier is killed; an undisturbed digest takes about that long."""

ANSWERS_LOST = 0.1


@contextmanager
def program(module: str, *arguments: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """Run a Python module; gives its standard input and output. It ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            yield process.stdin, process.stdout
            process.stdin.close()
            process.wait(10)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it forked


def ledger(url: str) -> list[dict[str, str]]:
    with urllib.request.urlopen(f"{url}/ledger") as answer:
        messages: list[dict[str, str]] = json.load(answer)
    return messages


def add_channels(db: Db) -> None:
    community = Community(slug="py", name="Python", purpose="Snakes", created_at=datetime.now(UTC))
    db.add(community)
    db.flush()
    for n in range(CHANNELS):
        db.add(Channel(platform="ledger", external_id=f"C{n}", community_id=community.id))


def carry(key: str, lives: list[float], orders: IO[str], reports: IO[str]) -> int:
    """Have one digest carried by processes that live so many seconds each, then by one that may live on.

    Returns how many were killed before they were done.
    """
    killed = 0
    for life in [*lives, None]:
        orders.write(f"{key}\n")
        orders.flush()
        word, pid = reports.readline().split()
        assert word == "ready"
        if life is not None:
            kill_after(int(pid), life)
        ended = reports.readline().strip()
        if ended == "done":
            ended = reports.readline().strip()
        else:
            assert life is not None, "it ended by itself, before it was done"
            killed += 1
        assert ended == "gone"
    return killed


def kill_after(pid: int, seconds: float) -> None:
    """Send SIGKILL after a while; a process that has ended by then is left in peace."""
    watched = os.pidfd_open(pid)
    try:
        if not select.select([watched], [], [], seconds)[0]:
            signal.pidfd_send_signal(watched, signal.SIGKILL)
    finally:
        os.close(watched)


@pytest.mark.timeout(60 + 15 * ROUNDS)
async def test_every_channel_has_the_digest_exactly_once(database_url: str) -> None:
    print(f"HEARTH_FAULT_SEED={SEED} HEARTH_FAULT_ROUNDS={ROUNDS}")  # noqa: T201  # to repeat a failure
    chance = random.Random(SEED)
    database = open_database(database_url)
    await database.write(add_channels)
    await database.close()
    server = ("tests.fakes.ledger_server", str(SEED), str(SERVER_DELAY), str(ANSWERS_LOST))
    killed = 0
    with program(*server) as (_, port):
        url = f"http://127.0.0.1:{int(port.readline())}"
        with program("tests.faults.carrier", database_url, url) as (orders, reports):
            for round_ in range(ROUNDS):
                lives = [chance.uniform(0, LONGEST_LIFE) for _ in range(chance.randint(1, 3))]
                killed += carry(f"digest:{round_}", lives, orders, reports)
        messages = ledger(url)
    database = open_database(database_url)
    books, states = await database.read(lambda db: (balance(db), counts(db)))
    await database.close()
    assert killed >= ROUNDS, "each round is meant to see a kill"
    got = Counter((message["channel"], message["key"]) for message in messages)
    wanted = {(f"C{n}", f"digest:{r}:ledger:C{n}") for n in range(CHANNELS) for r in range(ROUNDS)}
    assert len(wanted - got.keys()) == 0, (len(wanted - got.keys()), len(got), states, books)
    assert {what: n for what, n in got.items() if n > 1} == {}, "doubled"
    assert got.keys() == wanted
    assert books.differences == ()
    assert states["sent"] == CHANNELS * ROUNDS
