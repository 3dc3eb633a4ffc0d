"""PostgreSQL: a bounded pool of connections, row locks, and another try when the server asks for one."""

import random
import time
from collections.abc import Sequence

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session as Db

from storage.crew import Job
from storage.problems import NotDurable, Unreachable

TRIES = 6  # of one piece of work, when others keep getting in its way
# Serialization failure and deadlock: the server asks for it. Unique violation: somebody wrote the same
# row at the same moment, which the next try sees; where it is a mistake of ours, all tries fail.
TRY_AGAIN = {"40001", "40P01", "23505"}


def engine_for(url: URL, *, connections: int) -> Engine:
    """An engine with at most `connections` connections; raises Unreachable or NotDurable."""
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,  # an error in a log must not say who answered what
        connect_args={"connect_timeout": 10, "application_name": "hearth"},
    )
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


class Writer:
    """Carries out each job in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
                with Db(self._engine, expire_on_commit=False) as db:
                    result: object = job.work(db)
                    db.flush()
                    committing = True
                    db.commit()
                    return result
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) in TRY_AGAIN and attempt < TRIES:
                    time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # only to part the rivals
                elif error.connection_invalidated and not (dropped or committing):
                    dropped = True  # nothing was committed, so nothing is done twice
                else:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")


class Reader:
    """Carries out each job on one unchanging view of the database, without the power to write."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def carry(self, jobs: Sequence[Job]) -> None:
        """Do the jobs one by one, once more after a dropped connection."""
        for job in jobs:
            try:
                job.result = self._look(job)
            except BaseException as error:
                job.error = error

    def _look(self, job: Job) -> object:
        try:
            return self._once(job)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return self._once(job)

    def _once(self, job: Job) -> object:
        with Db(self._engine, expire_on_commit=False) as db:
            return job.work(db)
