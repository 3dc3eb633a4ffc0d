"""A database whose every change is undone, so that one village serves many acts."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, StaticPool, create_engine, event

from storage.database import Database, Db

T = TypeVar("T")


class Rehearsal(Database):
    """Each transaction is a savepoint in one that whoever made the connection rolls back."""

    def __init__(self, connection: Connection) -> None:
        self.dialect = connection.dialect.name
        self._connection = connection

    async def write(self, work: Callable[[Db], T]) -> T:
        with Db(
            self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            result = work(session)
            session.commit()
            return result

    async def read(self, work: Callable[[Db], T]) -> T:
        return await self.write(work)

    async def close(self) -> None:
        """Nothing: the connection is somebody else's."""


@contextmanager
def in_memory(file: Path) -> Iterator[Connection]:
    """A connection to a copy of an SQLite file, in memory."""

    def connect() -> sqlite3.Connection:
        memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with closing(sqlite3.connect(file)) as original:
            original.backup(memory)
        memory.execute("PRAGMA foreign_keys = ON")
        return memory

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()
