"""PostgreSQL: a bounded number of connections, row locks, and another try when the server asks for one."""

import random
import time
from collections.abc import Sequence

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session as Db

from storage.crew import Job
from storage.problems import NotDurable, Unreachable

TRIES = 6  # of one piece of work, when others keep getting in its way
# Serialization failure and deadlock: the server asks for it. Unique and foreign key violation: somebody
# wrote the same row, or removed the one pointed at, at the same moment, which the next try sees; where
# it is a mistake of ours, all tries fail.
TRY_AGAIN = {"40001", "40P01", "23505", "23503"}


def engine_for(url: URL, *, connections: int, reading: bool = False) -> Engine:
    """An engine with at most `connections` connections; raises Unreachable or NotDurable.

    With `reading`, a transaction sees one unchanging state of the database and cannot write.
    """
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ" if reading else "READ COMMITTED",
        hide_parameters=True,  # an error in a log must not say who answered what
        connect_args={"connect_timeout": 10, "application_name": "hearth"},
    )
    if reading:
        event.listen(engine, "connect", lambda driver, _: setattr(driver, "read_only", True))
    try:
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit"):
                if connection.scalar(text(f"SHOW {setting}")) == "off":
                    raise NotDurable(
                        f"PostgreSQL runs with {setting} = off and would lose changes that Hearth has "
                        f"confirmed. Set {setting} = on in postgresql.conf and reload the server."
                    )
    except OperationalError as error:
        engine.dispose()
        raise Unreachable(f"PostgreSQL does not answer as {url!r}: {error.orig}") from error
    except NotDurable:
        engine.dispose()
        raise
    return engine


class _Lane:
    """One connection with one session, used by one thread, emptied after each piece of work.

    Borrowing both from a pool for each piece costs a third of a small write. When the connection is
    dropped, SQLAlchemy makes a new one as soon as it is used again.
    """

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect()
        self._db = Db(self._connection, expire_on_commit=False)

    def close(self) -> None:
        """Give the connection back."""
        self._db.close()
        self._connection.close()


class Writer(_Lane):
    """Carries out each job in a transaction of its own."""

    def carry(self, jobs: Sequence[Job]) -> None:
        """Do the jobs one by one, again where the server asks for it."""
        for job in jobs:
            try:
                job.result = self._persist(job)
            except BaseException as error:
                job.error = error

    def _persist(self, job: Job) -> object:
        dropped = False
        for attempt in range(1, TRIES + 1):
            committing = False
            try:
                result: object = job.work(self._db)
                self._db.flush()
                committing = True
                self._db.commit()
                return result
            except (DBAPIError, StaleDataError) as error:
                self._db.close()  # and with it the locks, before the rivals are waited for
                if _in_the_way(error) and attempt < TRIES:
                    time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # only to part the rivals
                elif _disconnected(error) and not (dropped or committing):
                    dropped = True  # nothing was committed, so nothing is done twice
                else:
                    raise
            finally:
                self._db.close()
        raise AssertionError("unreachable: the last attempt returns or raises")


def _in_the_way(error: DBAPIError | StaleDataError) -> bool:
    """Whether somebody else's change was the reason, a row to change that is gone included."""
    return isinstance(error, StaleDataError) or getattr(error.orig, "sqlstate", None) in TRY_AGAIN


def _disconnected(error: DBAPIError | StaleDataError) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


class Reader(_Lane):
    """Carries out jobs on one unchanging view of the database, without the power to write."""

    def carry(self, jobs: Sequence[Job]) -> None:
        """Do the jobs on the state the database has now; one by one where the connection is dropped."""
        try:
            for job in jobs:
                try:
                    job.result = self._look(job)
                except BaseException as error:
                    job.error = error
                    self._db.close()  # for the server the whole transaction failed: the next job begins another
        finally:
            self._db.close()

    def _look(self, job: Job) -> object:
        try:
            result: object = job.work(self._db)
        except DBAPIError as error:
            if not _disconnected(error):
                raise
            self._db.close()
            result = job.work(self._db)
        self._db.expunge_all()
        return result
