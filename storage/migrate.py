"""Brings a database's schema to what this release needs, and refuses one that is ahead of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from storage import files, postgres, sqlite
from storage.database import parse_url
from storage.problems import SchemaTooNew, Unreachable

if TYPE_CHECKING:
    from alembic.config import Config

VERSIONS = Path(__file__).parent / "migrations" / "versions"
PG_LOCK = 0x4865617274685F31  # any number, the same in every process: one upgrades, the others wait


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did: from which step (None: an empty database) to which, and the copy it made first."""

    before: str | None
    after: str
    backup: Path | None


def steps() -> list[str]:
    """The numbers of all steps this release knows, in order: 0001, 0002, …"""
    return sorted(file.name[:4] for file in VERSIONS.glob("[0-9]*.py"))


def head() -> str:
    """The number of the last step this release knows."""
    return steps()[-1]


def upgrade(url: str, backup_dir: Path | None = None) -> Upgrade:
    """Bring the schema to head, in one transaction that a crash undoes.

    An existing SQLite file that needs it is copied first, to `backup_dir` or else to `backups` beside
    it. Raises StorageProblem: SchemaTooNew, having touched nothing, when a later release wrote the
    database; InUse when another process has the SQLite file open.
    """
    parsed = parse_url(url)
    if parsed.drivername != "sqlite":
        return _upgrade_postgres(url)
    path = sqlite.path_of(parsed)
    before = check(sqlite_revision(path))
    if before == head():
        return Upgrade(before, before, None)
    lock = files.FileLock(path)
    try:
        before, backup = check(sqlite_revision(path)), None  # another process may have been quicker
        if before is not None:
            backup = files.free_name(
                (backup_dir or path.parent / "backups") / f"{path.stem}-before-{head()}.db"
            )
            files.copy(path, backup)
        with sqlite_transaction(path) as connection:
            run(connection, head())
    finally:
        lock.release()
    return Upgrade(before, head(), backup)


def check(revision: str | None) -> str | None:
    """Return a revision this release knows, or None for an empty database; raises SchemaTooNew."""
    if revision is not None and revision not in steps():
        raise SchemaTooNew(
            f"The database is at schema {revision}, which this release (schema {head()}) does not know. "
            "Upgrade Hearth or restore a backup; nothing was changed."
        )
    return revision


def sqlite_revision(path: Path) -> str | None:
    """The step an SQLite file is at, read without the power to change it; None for no or an empty file."""
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with closing(files.open_read_only(path)) as connection:
            if not connection.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchall():
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise Unreachable(f"The database {path} cannot be read: {error}") from error
    return None if row is None else str(row[0])


def revision_of(connection: Connection) -> str | None:
    """The step a database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def run(connection: Connection, target: str) -> None:
    """Take the steps up or down to `target` ("base" for nothing at all) in the transaction that is open."""
    from alembic import command  # takes longer to import than everything else at a start with nothing to do

    config = alembic_config(connection)
    before = revision_of(connection)
    if target == "base" or (before is not None and target < before):
        command.downgrade(config, target)
    else:
        command.upgrade(config, target)


def alembic_config(connection: Connection) -> "Config":
    """Alembic's configuration for this connection; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@contextmanager
def sqlite_transaction(path: Path) -> Iterator[Connection]:
    """A transaction for changing the schema of an SQLite file: all of it happens, or none.

    Foreign keys are checked at its end rather than on the way, because SQLite changes a table by
    building a new one.
    """
    engine = sqlite.engine_for(path)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite.Connection)  # for the type checker: our creator made it
        with closing(driver):
            driver.execute("PRAGMA foreign_keys = OFF")
            driver.execute("BEGIN IMMEDIATE")
            with connection.begin():
                yield connection
            broken = driver.execute("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise Unreachable(f"The changed schema of {path} would break {len(broken)} references.")
            driver.execute("COMMIT")


def _upgrade_postgres(url: str) -> Upgrade:
    engine = postgres.engine_for(parse_url(url), connections=1)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PG_LOCK})
            before = check(revision_of(connection))
            if before != head():
                run(connection, head())
        return Upgrade(before, head(), None)
    finally:
        engine.dispose()
