"""Copies of the whole database, made while it is in use, and putting one back."""

import sqlite3
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select, text, update
from sqlmodel import Session as Db
from sqlmodel import col

from storage import archive, files, migrate, postgres, search, sqlite
from storage.database import parse_url
from storage.problems import InUse, NotABackup, SchemaTooNew, Unreachable
from storage.tables import Community, Letter

WEEK = timedelta(weeks=1)


def backup(url: str, file: Path) -> None:
    """Write a consistent copy of the database to `file`, in place of what is there, all at once.

    Works while Hearth runs. The copy of an SQLite database is an SQLite file; that of a PostgreSQL
    database is described in storage.archive. Raises StorageProblem when there is nothing to copy or
    nowhere to write.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        path = sqlite.path_of(parsed)
        if migrate.sqlite_revision(path) is None:
            raise Unreachable(f"There is no Hearth database at {path}.")
        if file.exists() and file.samefile(path):
            raise Unreachable(f"{file} is the database itself. Name another file for the backup.")
        files.copy(path, file)
        return
    engine = postgres.engine_for(parsed, connections=1, reading=True)
    try:
        with engine.connect() as connection:
            if migrate.revision_of(connection) is None:
                raise Unreachable("There is no Hearth database there.")
            _archive(connection, file)
    finally:
        engine.dispose()


def restore(url: str, file: Path, *, now: datetime) -> Path | None:
    """Put a backup in the place of the database; what is replaced is kept, and its file returned.

    Letters that were due by `now` and not sent are held: whether they went out after the backup was
    made, it cannot know. Raises NotABackup, SchemaTooNew, or InUse while Hearth runs; the database
    is then as it was.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return _restore_sqlite(sqlite.path_of(parsed), file, now)
    engine = postgres.engine_for(parsed, connections=1)
    try:
        with engine.begin() as connection:
            return _restore_postgres(connection, file, now)
    finally:
        engine.dispose()


def _restore_sqlite(path: Path, file: Path, now: datetime) -> Path | None:
    _check_sqlite(file)
    lock = files.FileLock(path)
    try:
        new = path.with_name(f"{path.name}.restoring")
        files.copy(file, new)
        with migrate.sqlite_transaction(new) as connection:
            _hold_letters(connection, now)
        files.settle(new)
        kept = _set_aside(path) if path.exists() else None
        files.put(new, path)
        return kept
    finally:
        lock.release()


def _check_sqlite(file: Path) -> None:
    """Raise NotABackup or SchemaTooNew unless the file is a sound database of this or an earlier release."""
    try:
        revision = migrate.check(migrate.sqlite_revision(file))
        with closing(files.open_read_only(file)) as connection:
            sound = connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    except (Unreachable, sqlite3.Error) as error:
        raise NotABackup(f"{file} is not a backup of Hearth on SQLite.") from error
    if revision is None or not sound:
        raise NotABackup(f"{file} is not a whole backup of Hearth on SQLite.")


def _set_aside(path: Path) -> Path:
    """Keep the file as it is under another name, so that the database is never missing."""
    with suppress(Unreachable, sqlite3.Error):  # a damaged file is a good reason to restore
        files.settle(path)
    kept = files.free_name(path.with_name(f"{path.stem}-replaced{path.suffix}"))
    for suffix in ("-wal", "-shm"):  # left only by a file that could not be settled
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).replace(kept.with_name(kept.name + suffix))
    files.keep(path, kept)
    return kept


def _restore_postgres(connection: Connection, file: Path, now: datetime) -> Path | None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": migrate.PG_LOCK})
    others = connection.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
        )
    )
    if others:
        raise InUse("The database is in use by another Hearth process. Stop that one first.")
    revision = migrate.revision_of(connection)
    try:
        migrate.check(revision)
    except SchemaTooNew as error:
        raise SchemaTooNew(
            f"The database is at schema {revision}, which this release does not know how to clear away. "
            "Restore into a new, empty database instead; nothing was changed."
        ) from error
    kept = None
    if revision is not None:
        kept = files.free_name(file.with_name(f"{file.stem}-replaced{file.suffix}"))
        _archive(connection, kept)
    archive.read(connection, file)
    _hold_letters(connection, now)
    migrate.run(connection, migrate.head())
    with Db(connection) as db:
        search.rebuild(db)
        db.commit()
    return kept


def _archive(connection: Connection, file: Path) -> None:
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        files.create(part)
        archive.write(connection, part)
        files.put(part, file)
    except OSError as error:
        raise Unreachable(f"The backup cannot be written to {file}: {error}") from error


def _hold_letters(connection: Connection, now: datetime) -> None:
    unsettled = col(Letter.state).in_(("pending", "sending", "ambiguous"))
    connection.execute(
        update(Letter)
        .where(unsettled, col(Letter.due_at) <= now)
        .values(state="held", reason="restored from a backup", lease_until=None)
    )
    # A digest due since the backup may have gone out since: the next one tells what is new.
    due = connection.execute(
        select(col(Community.id), col(Community.digest_next_at)).where(col(Community.digest_next_at) <= now)
    ).all()
    for community_id, at in due:
        assert at is not None, "it was compared"
        missed = (now - at) // WEEK + 1
        connection.execute(
            update(Community)
            .where(col(Community.id) == community_id)
            .values(digest_next_at=at + missed * WEEK)
        )
