"""Database files: who may use one, and copies that are whole or not there at all."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from storage.problems import InUse, Unreachable


class FileLock:
    """The right to use a database file: one process has it at most, and the system takes it back when that dies.

    It is SQLite's own lock on an empty file beside the database, which works the same on every system.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock; raises InUse when another process has it, Unreachable when there is no place for it."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                f"{path}.lock", timeout=0, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise Unreachable(f"The database {path} cannot be opened: {error}") from error
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise Unreachable(f"The database {path} cannot be locked: {error}") from error
            raise InUse(
                f"The database {path} is in use by another Hearth process. "
                "Stop that one first, or use PostgreSQL to run several."
            ) from error

    def release(self) -> None:
        """Let another process have the file."""
        self._connection.close()


def create(path: Path) -> None:
    """Make an empty file that only its owner may read, unless there is a file already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file or anything beside it; raises sqlite3.Error."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def copy(source: Path, target: Path) -> None:
    """Write a consistent copy of an SQLite database, even one in use, in place of what is at `target`."""
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        create(part)
        with closing(open_read_only(source)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)
        settle(part)
        put(part, target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink()
        raise Unreachable(f"The database {source} cannot be copied to {target}: {error}") from error


def settle(path: Path) -> None:
    """Gather an SQLite database nobody uses into its one file, with no log beside it; raises sqlite3.Error."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def put(part: Path, target: Path) -> None:
    """Move a finished file to its name, all at once, so that a power cut leaves the old one or the new."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def keep(path: Path, kept: Path) -> None:
    """Give the file a second name, by a copy where the file system knows no links."""
    try:
        os.link(path, kept)
    except OSError:
        shutil.copy2(path, kept)


def free_name(path: Path) -> Path:
    """The path itself, or with the first number behind its name that is not taken: data.db, data-2.db, …"""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
