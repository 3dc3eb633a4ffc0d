"""The village, settled once on each database for the whole run; and empty stages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from storage import migrate, postgres
from tests.program.rehearsal import in_memory
from tests.program.stage import Stage, rehearsed, staged
from tests.program.village import NOW, Village, settled

Rehearse = Callable[[], AbstractContextManager[Stage]]
Place = tuple[Connection, Village]  # a village, and what its script left behind


@pytest.fixture(scope="session")
def sqlite_village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The village in SQLite, in memory once it is settled."""
    path = tmp_path_factory.mktemp("village") / "hearth.db"
    migrate.upgrade(f"sqlite:///{path}")
    village = asyncio.run(_settled(f"sqlite:///{path}"))
    with in_memory(Path(path)) as connection:
        yield connection, village


@pytest.fixture(scope="session")
def postgresql_village(postgres_server: str, postgres_template: str) -> Iterator[Place]:
    """The village in PostgreSQL."""
    server = create_engine(
        make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE hearth_village TEMPLATE {postgres_template}"))
    server.dispose()
    url = make_url(postgres_server).set(database="hearth_village")
    village = asyncio.run(_settled(url.render_as_string(hide_password=False)))
    engine = postgres.engine_for(url, connections=1)
    with engine.connect() as connection:
        yield connection, village
    engine.dispose()


async def _settled(url: str) -> Village:
    async with staged(url) as stage:
        return await settled(stage)


@pytest.fixture
def remembered(sqlite_village: Place) -> Village:
    """What the script of the village in `rehearse` left behind."""
    return sqlite_village[1]


@pytest.fixture
def rehearse(sqlite_village: Place) -> Rehearse:
    """Opens the village as it was settled, each time it is called; what happens there is undone."""
    return lambda: rehearsed(sqlite_village[0], NOW)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    """The village on each of the two databases, for `rehearsed`."""
    found: Place = request.getfixturevalue(f"{request.param}_village")
    return found


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """The program on an empty database, on each of the two kinds."""
    async with staged(database_url) as stage:
        yield stage


@pytest.fixture
async def village(stage: Stage) -> Village:
    """The village settled in `stage`."""
    return await settled(stage)
