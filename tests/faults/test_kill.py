"""kill -9 in the middle of a digest, again and again: every channel has it exactly once."""

import os
import random
from collections import Counter
from contextlib import AbstractContextManager
from typing import IO

import pytest

from bot.rules.balance import balance, counts
from storage.database import Database, open_database
from tests.faults.carrier import QUARANTINE
from tests.faults.programs import add_channels, kill_after, ledger, program

ROUNDS = int(os.environ.get("HEARTH_FAULT_ROUNDS", "6"))
SEED = int(os.environ.get("HEARTH_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
CHANNELS = 20
LONGEST_LIFE = 0.5
"""Seconds after which a carrier is killed at the latest; an undisturbed digest takes longer."""


def server(*, slow: float, lost: float) -> AbstractContextManager[tuple[IO[str], IO[str]]]:
    return program("tests.fakes.ledger_server", str(SEED), str(slow), str(lost))


def carrier(
    database_url: str, ledger_url: str, quarantine: float = QUARANTINE
) -> AbstractContextManager[tuple[IO[str], IO[str]]]:
    return program("tests.faults.carrier", database_url, ledger_url, str(quarantine))


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
        done = words_until_gone(reports) == ["done"]
        assert done or life is not None, "it ended by itself, before it was done"
        killed += not done
    return killed


def words_until_gone(reports: IO[str]) -> list[str]:
    """What a carrier still says until its process has ended."""
    words: list[str] = []
    while (line := reports.readline()) != "gone\n":
        assert line, "it is gone without a word"
        words.append(line.strip())
    return words


async def check(database: Database, messages: list[dict[str, str]], digests: int) -> None:
    """Compare what the channels show with what was meant, and with what the books say."""
    got = Counter((message["channel"], message["key"]) for message in messages)
    wanted = {(f"C{n}", f"digest:{r}:ledger:C{n}") for n in range(CHANNELS) for r in range(digests)}
    assert wanted - got.keys() == set(), "lost"
    assert {what: n for what, n in got.items() if n > 1} == {}, "doubled"
    assert got.keys() == wanted
    books, states = await database.read(lambda db: (balance(db), counts(db)))
    assert books.differences == ()
    assert {state: n for state, n in states.items() if n} == {"sent": CHANNELS * digests}


@pytest.mark.timeout(60 + 20 * ROUNDS)
async def test_every_channel_has_the_digest_exactly_once(database_url: str) -> None:
    print(f"HEARTH_FAULT_SEED={SEED} HEARTH_FAULT_ROUNDS={ROUNDS}")  # noqa: T201  # to repeat a failure
    chance = random.Random(SEED)
    database = open_database(database_url)
    await database.write(lambda db: add_channels(db, CHANNELS))
    await database.close()
    digests = interrupted = killed = 0
    with server(slow=0.1, lost=0.05) as (_, port):
        url = f"http://127.0.0.1:{int(port.readline())}"
        with carrier(database_url, url) as (orders, reports):
            while interrupted < ROUNDS:
                lives = [chance.uniform(0, LONGEST_LIFE) for _ in range(chance.randint(1, 2))]
                kills = carry(f"digest:{digests}", lives, orders, reports)
                digests, interrupted, killed = digests + 1, interrupted + (kills > 0), killed + kills
        messages = ledger(url)
    print(f"{digests} digests, {interrupted} of them interrupted by {killed} kills")  # noqa: T201  # for the record
    database = open_database(database_url)
    await check(database, messages, digests)
    await database.close()


async def test_a_second_process_takes_over_from_a_killed_one(postgres_url: str) -> None:
    print(f"HEARTH_FAULT_SEED={SEED}")  # noqa: T201  # to repeat a failure
    chance = random.Random(SEED)
    database = open_database(postgres_url)
    await database.write(lambda db: add_channels(db, CHANNELS))
    rounds = max(1, ROUNDS // 3)
    with server(slow=0.1, lost=0.05) as (_, port):
        url = f"http://127.0.0.1:{int(port.readline())}"
        one, other = carrier(postgres_url, url), carrier(postgres_url, url)
        with one as (orders, reports), other as (more_orders, more_reports):
            for round_ in range(rounds):
                for each in (orders, more_orders):
                    each.write(f"digest:{round_}\n")
                    each.flush()
                pids = [int(each.readline().split()[1]) for each in (reports, more_reports)]
                kill_after(pids[0], chance.uniform(0, LONGEST_LIFE))
                assert words_until_gone(more_reports) == ["done"]
                assert words_until_gone(reports) in ([], ["done"])
        messages = ledger(url)
    await check(database, messages, rounds)
    await database.close()


async def test_without_the_quarantine_the_ledger_shows_doubles(sqlite_url: str) -> None:
    """The tests above could fail: the same platform, looked at too early, gets letters twice."""
    database = open_database(sqlite_url)
    await database.write(lambda db: add_channels(db, CHANNELS))
    await database.close()
    with server(slow=0.5, lost=0) as (_, port):
        url = f"http://127.0.0.1:{int(port.readline())}"
        with carrier(sqlite_url, url, quarantine=0) as (orders, reports):
            carry("digest:0", [], orders, reports)
        assert len(ledger(url)) > CHANNELS
