"""Every dialogue is held on each platform, and on each database."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from storage import migrate
from storage.database import Database, Db, open_database
from storage.types import metadata
from tests.world import PLATFORMS, World
from tests.world import world as opened_world


@pytest.fixture(scope="session")
def sqlite_for_talks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An open SQLite database for all dialogues, one after another."""
    yield from _opened(f"sqlite:///{tmp_path_factory.mktemp('talks') / 'hearth.db'}")


@pytest.fixture(scope="session")
def postgresql_for_talks(postgres_server: str) -> Iterator[Database]:
    """An open PostgreSQL database for all dialogues, one after another."""
    url = make_url(postgres_server)
    server = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE hearth_talks"))
    server.dispose()
    yield from _opened(url.set(database="hearth_talks").render_as_string(hide_password=False))


def _opened(url: str) -> Iterator[Database]:
    # Kept open: to compile every statement anew takes longer than a dialogue does.
    migrate.upgrade(url)
    database = open_database(url)
    yield database
    asyncio.run(database.close())


def _empty(db: Db) -> None:
    for table in reversed(metadata.sorted_tables):
        db.execute(table.delete())
    if db.get_bind().dialect.name == "sqlite":
        db.execute(text("DELETE FROM sqlite_sequence"))
    else:
        db.execute(text("SELECT setval(sequencename::regclass, 1, false) FROM pg_sequences"))


@pytest.fixture(params=["sqlite", "postgresql"])
async def talk_database(request: pytest.FixtureRequest) -> Database:
    """An open, empty database, its ids counting from 1, on each of the two kinds."""
    return await _emptied(request, request.param)


async def _emptied(request: pytest.FixtureRequest, kind: str) -> Database:
    database: Database = request.getfixturevalue(f"{kind}_for_talks")
    await database.write(_empty)
    return database


@pytest.fixture
def settings() -> Mapping[str, Mapping[str, Any]]:
    """What is configured otherwise than usual, by section and key; a dialogue may be given its own."""
    return {}


EVERYWHERE = os.environ.get("HEARTH_TALKS") == "all"
ON_POSTGRESQL = tuple(PLATFORMS) if EVERYWHERE else ("memory", "slack")
"""Slack is met over sockets on SQLite and over HTTP here; the database knows nothing of the other platforms."""

WORLDS = [(platform, "sqlite") for platform in sorted(PLATFORMS)]
WORLDS += [(platform, "postgresql") for platform in ON_POSTGRESQL]


@pytest.fixture(params=WORLDS, ids="-".join)
async def world(
    request: pytest.FixtureRequest, settings: Mapping[str, Mapping[str, Any]]
) -> AsyncIterator[World]:
    """A world on each platform, and on both databases; nothing in it may fail behind the scenes."""
    platform, kind = request.param
    database = await _emptied(request, kind)
    with capture_logs() as log:
        async with opened_world(platform, database, settings) as made:
            yield made
    assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []
