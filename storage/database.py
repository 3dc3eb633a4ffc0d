"""The database as the rest of Hearth sees it: a function goes in, a transaction happens."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, TypeVar

from sqlalchemy import bindparam, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlmodel import Session as Db
from sqlmodel import SQLModel, select

from storage import files, postgres, prepared, sqlite
from storage.crew import Crew
from storage.problems import BadAddress

T = TypeVar("T")
Model = TypeVar("Model", bound=SQLModel)

EXAMPLES = "Write sqlite:///data/hearth.db or postgresql://user@host/name"
GROUP = 64  # pieces of work in one SQLite commit, at most
READ_GROUP = 32  # in one view of the database, at most
SQLITE_READERS = 4
POSTGRES_WRITERS = 4  # more of either is slower: they take turns at Python
POSTGRES_READERS = 4

__all__ = ["Database", "Db", "hold", "locked", "open_database", "parse_url"]


class Database:
    """An open database. Work is a plain function of a `Db`; objects it returns may be read afterwards.

    `observe` is told of each transaction: its kind, and the seconds from asking for it to its end.
    """

    def __init__(self, dialect: str, writers: Crew, readers: Crew, release: Callable[[], None]) -> None:
        self.dialect = dialect
        self.observe: Callable[[Literal["read", "write"], float], None] = lambda kind, seconds: None
        self._writers = writers
        self._readers = readers
        self._release = release

    async def write(self, work: Callable[[Db], T]) -> T:
        """Run `work` in a transaction: returning commits, raising rolls back and comes back to the caller.

        The answer comes only after the commit. Work once handed over is done even if the caller is
        cancelled meanwhile. On PostgreSQL it may run again after a conflict, so it must have no
        effect outside the database.
        """
        began = time.perf_counter()
        try:
            return await self._writers.do(work)
        finally:
            self.observe("write", time.perf_counter() - began)

    async def read(self, work: Callable[[Db], T]) -> T:
        """Run `work` on one unchanging view of everything committed so far; writing in it is an error."""
        began = time.perf_counter()
        try:
            return await self._readers.do(work)
        finally:
            self.observe("read", time.perf_counter() - began)

    async def close(self) -> None:
        """Finish the work that waits and let go of the database."""
        await self._writers.close()
        await self._readers.close()
        self._release()


def parse_url(url: str) -> URL:
    """Read a database URL; raises BadAddress unless it is sqlite:///FILE or postgresql://…"""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadAddress(f"The database URL is not one. {EXAMPLES}") from error
    if parsed.drivername not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise BadAddress(f"Hearth cannot use a {parsed.drivername} database. {EXAMPLES}")
    return parsed


def open_database(url: str) -> Database:
    """Open the database, whose schema must be current (see storage.migrate).

    Raises StorageProblem: BadAddress, Unreachable, InUse, NotDurable.
    """
    parsed = parse_url(url)
    return _open_sqlite(parsed) if parsed.drivername == "sqlite" else _open_postgres(parsed)


def _open_sqlite(url: URL) -> Database:
    path = sqlite.path_of(url)
    lock = files.FileLock(path)
    try:
        engine = sqlite.engine_for(path)
        writer = sqlite.Writer(engine)
        readers = [sqlite.Reader(engine) for _ in range(SQLITE_READERS)]
    except BaseException:
        lock.release()
        raise

    def release() -> None:
        for lane in (*readers, writer):
            lane.close()
        lock.release()

    return Database(
        "sqlite",
        Crew("hearth-write", [writer.carry], group=GROUP),
        Crew("hearth-read", [reader.carry for reader in readers], group=READ_GROUP),
        release,
    )


def _open_postgres(url: URL) -> Database:
    engine = postgres.engine_for(url, connections=POSTGRES_WRITERS)
    reading = postgres.engine_for(url, connections=POSTGRES_READERS, reading=True)
    writers = [postgres.Writer(engine) for _ in range(POSTGRES_WRITERS)]
    readers = [postgres.Reader(reading) for _ in range(POSTGRES_READERS)]

    def release() -> None:
        for lane in (*readers, *writers):
            lane.close()
        engine.dispose()
        reading.dispose()

    return Database(
        "postgresql",
        Crew("hearth-write", [writer.carry for writer in writers], group=1),
        Crew("hearth-read", [reader.carry for reader in readers], group=READ_GROUP),
        release,
    )


def hold(db: Db, model: type[Model], key: int) -> None:
    """Keep the row with this id from others until the transaction ends; what is read after it is true till then.

    On SQLite nothing needs to be done: a write has the whole database to itself.
    """
    if db.get_bind().dialect.name != "sqlite":
        prepared.rows(db, _by_id(model), key=key)


@cache
def _by_id(model: type[Model]) -> Any:
    (column,) = inspect(model).primary_key
    return select(column).where(column == bindparam("key")).with_for_update()


def locked(db: Db, model: type[Model], key: object) -> Model | None:
    """The row with this primary key (a tuple, if it has several parts), or None when there is none.

    Read anew, after what was changed in it is saved, and kept from others until the transaction
    ends. On SQLite nothing more is needed: a write has the whole database to itself.
    """
    values = key if isinstance(key, tuple) else (key,)
    statement = _by_key(model)
    row: Model | None = db.exec(
        statement, params={f"key_{n}": value for n, value in enumerate(values)}
    ).first()
    return row


@cache
def _by_key(model: type[Model]) -> Any:
    """The statement for one row, built once: building it costs as much as running it."""
    columns = inspect(model).primary_key
    wanted = (column == bindparam(f"key_{n}") for n, column in enumerate(columns))
    return select(model).where(*wanted).with_for_update().execution_options(populate_existing=True)
