"""The village, settled once for the whole run; and empty stages on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage import migrate
from tests.program.rehearsal import in_memory
from tests.program.stage import Stage, rehearsed, staged
from tests.program.village import NOW, Village, settled

Rehearse = Callable[[], AbstractContextManager[Stage]]


@pytest.fixture(scope="session")
def village_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Village]:
    """An SQLite file with the village, and what its script left behind."""
    path = tmp_path_factory.mktemp("village") / "hearth.db"
    migrate.upgrade(f"sqlite:///{path}")

    async def settle() -> Village:
        async with staged(f"sqlite:///{path}") as stage:
            return await settled(stage)

    return path, asyncio.run(settle())


@pytest.fixture(scope="session")
def remembered(village_file: tuple[Path, Village]) -> Village:
    """What the script of the village in `rehearse` left behind."""
    return village_file[1]


@pytest.fixture(scope="session")
def village_connection(village_file: tuple[Path, Village]) -> Iterator[Connection]:
    """A connection to a copy of the village in memory, for the whole run."""
    with in_memory(village_file[0]) as connection:
        yield connection


@pytest.fixture
def rehearse(village_connection: Connection) -> Rehearse:
    """Opens the village as it was settled, each time it is called; what happens there is undone."""
    return lambda: rehearsed(village_connection, NOW)


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """The program on an empty database, on each of the two kinds."""
    async with staged(database_url) as stage:
        yield stage


@pytest.fixture
async def village(stage: Stage) -> Village:
    """The village settled in `stage`."""
    return await settled(stage)
