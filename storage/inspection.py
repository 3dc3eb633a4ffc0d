"""Looking at a database without opening it for work: no lock, no upgrade, nothing written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Engine, NullPool, create_engine, text

from storage import migrate, postgres, sqlite
from storage.database import Db, parse_url

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """The schema a database is at (None: empty), the one this release needs, and the time it says it is."""

    revision: str | None
    head: str
    now: datetime


def look(url: str) -> Seen:
    """Return what state the database is in. Raises StorageProblem, SchemaTooNew among them."""
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        revision = migrate.sqlite_revision(sqlite.path_of(parsed))
        return Seen(migrate.check(revision), migrate.head(), datetime.now(UTC))
    with _engine(url) as engine, engine.connect() as connection:
        now = connection.scalar(text("SELECT now()"))
        assert isinstance(now, datetime)
        return Seen(migrate.check(migrate.revision_of(connection)), migrate.head(), now.astimezone(UTC))


def read(url: str, work: Callable[[Db], T]) -> T:
    """Return what `work` reads, beside whatever process has the database open."""
    with _engine(url) as engine, Db(engine) as db:
        return work(db)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        address = f"{sqlite.path_of(parsed).absolute().as_uri()}?mode=ro"
        engine = create_engine(
            f"sqlite:///{address.replace('file://', 'file:')}&uri=true", poolclass=NullPool
        )
    else:
        engine = postgres.engine_for(parsed, connections=1)
    try:
        yield engine
    finally:
        engine.dispose()
