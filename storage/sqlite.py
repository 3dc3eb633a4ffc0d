"""SQLite: one writer that groups waiting work into one durable commit, readers beside it, one process."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session as Db

from storage import files, prepared
from storage.crew import Job
from storage.problems import BadAddress, NotWritten, Unreachable

BUSY_SECONDS = 30  # how long a writer waits for a backup or another program to let go


def path_of(url: URL) -> Path:
    """The file an sqlite:// URL names; raises BadAddress for a database in memory, which nothing outlives."""
    if url.database in (None, "", ":memory:"):
        raise BadAddress("The database URL names no file. Write it as sqlite:///data/hearth.db")
    return Path(str(url.database))


class Connection(sqlite3.Connection):
    """A connection whose transactions are ours alone.

    SQLAlchemy begins and ends its own transaction around each piece of work; what the database
    sees is a savepoint inside the group's transaction, at a third of the price.
    """

    in_job = False

    def commit(self) -> None:
        """Nothing: the group commits."""

    def rollback(self) -> None:
        """Undo the piece of work that is being done, if any; the rest of its group stands."""
        if self.in_job and self.in_transaction:
            self.execute("ROLLBACK TO job")


def connect(path: Path) -> Connection:
    """Open the file, made readable by its owner alone if new, with the settings every connection needs."""
    try:
        files.create(path)
        connection = sqlite3.connect(
            path,
            factory=Connection,
            isolation_level=None,  # BEGIN only where we say so
            check_same_thread=False,  # opened by the starting thread, used by one other
            cached_statements=512,
        )
        for pragma in (
            f"busy_timeout = {BUSY_SECONDS * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",  # what was erased leaves the file
        ):
            connection.execute(f"PRAGMA {pragma}")
    except (OSError, sqlite3.Error) as error:
        raise Unreachable(f"The database {path} cannot be opened: {error}") from error
    return connection


def engine_for(path: Path) -> Engine:
    """An engine on the file whose connections leave BEGIN, COMMIT and ROLLBACK to the caller."""
    return create_engine(
        "sqlite://",
        creator=lambda: connect(path),
        poolclass=NullPool,
        hide_parameters=True,  # an error in a log must not say who answered what
    )


class _Lane:
    """One connection with one session, used by one thread, emptied after each piece of work."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect()
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, Connection)  # for the type checker: our creator made it
        self._driver = driver
        # One session for all work: making a new one costs as much as a small write.
        self._db = Db(self._connection, expire_on_commit=False, info={prepared.DRIVER: driver})

    def close(self) -> None:
        """Give the connection back."""
        self._db.close()
        self._connection.close()
        self._driver.close()


class Writer(_Lane):
    """Carries out jobs in one transaction, each in its own savepoint."""

    def carry(self, jobs: Sequence[Job]) -> None:
        """Do all jobs and commit. A job that raises leaves nothing; the others stand.

        Raises NotWritten when nothing of the group was written.
        """
        try:
            self._driver.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._do(job)
            self._driver.execute("COMMIT")
        except BaseException as error:
            # Only what SQLite says: SQLAlchemy's message, or a rule's, has values of somebody else's work.
            cause = error.orig if isinstance(error, DBAPIError) else error
            reason = cause if isinstance(cause, sqlite3.Error) else "the transaction was lost"
            raise NotWritten(f"The change could not be written: {reason}") from error
        finally:
            if self._driver.in_transaction:
                self._driver.execute("ROLLBACK")
            self._db.close()

    def _do(self, job: Job) -> None:
        self._driver.execute("SAVEPOINT job")
        self._driver.in_job = True
        try:
            job.result = job.work(self._db)
            self._db.flush()
            if self._db.in_nested_transaction():
                raise RuntimeError("a rule left a savepoint open")
            self._db.expunge_all()
        except BaseException as error:
            job.error = error
            self._db.close()
            if not self._driver.in_transaction:  # a full disk ends the whole transaction
                raise
            self._driver.rollback()  # which closing the session has done only if it was used
        finally:
            self._driver.in_job = False
        self._driver.execute("RELEASE job")


class Reader(_Lane):
    """Carries out jobs on one unchanging view of the database, without the power to write."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._driver.execute("PRAGMA query_only = ON")

    def carry(self, jobs: Sequence[Job]) -> None:
        """Do all jobs on the state the database has now."""
        self._driver.execute("BEGIN")
        try:
            for job in jobs:
                try:
                    job.result = job.work(self._db)
                except BaseException as error:
                    job.error = error
                    self._db.close()
                else:
                    self._db.expunge_all()
        finally:
            self._db.close()
            self._driver.execute("ROLLBACK")
