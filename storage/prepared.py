"""Statements built and compiled once, for what every command asks; on SQLite they run at the driver's own price.

SQLite does its part of a small query in 4 µs. SQLAlchemy takes 45 µs to run a statement, four times that to
build it first, and as much again to make entities of its rows. So what is asked many times a second is kept
in a module, around `bindparam`s, and asked here, past the unit of work, after what was changed there is saved.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Delete, Insert, Select, Update
from sqlalchemy.dialects import sqlite
from sqlmodel import Session as Db

Change = Insert | Update | Delete
Convert = Callable[[Any], Any]
DRIVER = "driver"
"""Where a session on SQLite keeps its driver's connection, in `info`."""

_DIALECT = sqlite.dialect(paramstyle="named")


def rows(db: Db, statement: Select[*tuple[Any, ...]], **values: object) -> Sequence[Any]:
    """Return the rows of the statement, whose columns are attributes.

    A statement given here lives as long as the program, and has no IN: its SQL would depend on the values.
    """
    db.flush()
    driver = db.info.get(DRIVER)
    if driver is None:
        return db.connection().execute(statement, values).all()
    return _prepared(statement).rows(driver, values)


def row(db: Db, statement: Select[*tuple[Any, ...]], **values: object) -> Any:
    """Return the first row of the statement, None when there is none; otherwise as `rows`."""
    found = rows(db, statement, **values)
    return found[0] if found else None


def change(db: Db, statement: Change, **values: object) -> int:
    """Insert, update or delete, and return how many rows that concerned; otherwise as `rows`.

    Every column is set that has no default of the database's own.
    """
    db.flush()
    driver = db.info.get(DRIVER)
    if driver is None:
        options = {"preserve_rowcount": True}
        return db.connection().execute(statement, values, execution_options=options).rowcount
    return _prepared(statement).execute(driver, values).rowcount


class _Prepared:
    """A statement in SQLite's words, how values go into it, and how they come out of its rows."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | Change) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self._sql = str(compiled)
        required = {name for name, bind in compiled.binds.items() if bind.required}
        self._fixed = {name: value for name, value in compiled.params.items() if name not in required}
        self._into: dict[str, Convert] = {}
        for name in required:
            convert = compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            if convert is not None:
                self._into[name] = convert
        columns = list(statement.selected_columns) if isinstance(statement, Select) else []
        named = namedtuple("Row", [column.key or "_" for column in columns], rename=True)  # type: ignore[misc]  # the names are the statement's
        self._make: Callable[[Sequence[Any]], Any] = named._make
        self._out: list[tuple[int, Convert]] = []
        for place, column in enumerate(columns):
            convert = column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
            if convert is not None:
                self._out.append((place, convert))

    def execute(self, driver: sqlite3.Connection, values: Mapping[str, object]) -> sqlite3.Cursor:
        sent = {**self._fixed, **values}
        for name, convert in self._into.items():
            sent[name] = convert(sent[name])
        return driver.execute(self._sql, sent)

    def rows(self, driver: sqlite3.Connection, values: Mapping[str, object]) -> Sequence[Any]:
        return [self._read(found) for found in self.execute(driver, values)]

    def _read(self, found: Sequence[Any]) -> Any:
        if self._out:
            found = list(found)
            for place, convert in self._out:
                found[place] = convert(found[place])
        return self._make(found)


@cache
def _prepared(statement: Select[*tuple[Any, ...]] | Change) -> _Prepared:
    return _Prepared(statement)
