"""A PostgreSQL database as one portable file: gzipped JSON, a head and then one line per row."""

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, MetaData, Table, text
from sqlalchemy.exc import SQLAlchemyError

from storage import migrate
from storage.problems import NotABackup

FORMAT = 1
BATCH = 1000  # rows sent to the server at once
DERIVED = ("alembic_version", "resource_search")  # made anew from the head and from the other tables


def write(connection: Connection, file: Path) -> None:
    """Write everything the connection's transaction sees.

    Tables come in an order in which references point backwards; rows in the order of their keys,
    which says nothing of when they came.
    """
    tables = _tables(connection)
    head = {
        "hearth": FORMAT,
        "schema": migrate.revision_of(connection),
        "tables": {table.name: _describe(connection, table) for table in tables},
    }
    count = 0
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        lines.write(f"{json.dumps(head)}\n")
        for table in tables:
            for row in connection.execute(table.select().order_by(*table.primary_key)):
                values = [value.isoformat() if isinstance(value, datetime) else value for value in row]
                lines.write(f"{json.dumps([table.name, *values])}\n")
                count += 1
        lines.write(f"{json.dumps(['', count])}\n")


def read(connection: Connection, file: Path) -> None:
    """Put what `write` wrote in the place of everything there is, at the schema it was written from.

    Raises NotABackup, or SchemaTooNew for a file of a later release; the caller must then roll back.
    """
    try:
        with gzip.open(file, "rt", encoding="utf-8") as file_lines:
            lines = (json.loads(line) for line in file_lines)
            head = next(lines)
            if head["hearth"] != FORMAT:
                raise ValueError(f"format {head['hearth']}, not {FORMAT}")
            migrate.check(head["schema"])
            migrate.run(connection, "base")
            migrate.run(connection, head["schema"])
            _fill(connection, head["tables"], lines)
    except (OSError, EOFError, ValueError, LookupError, TypeError, StopIteration, SQLAlchemyError) as error:
        raise NotABackup(f"{file} is not a whole backup of Hearth on PostgreSQL: {error}") from error


def _fill(connection: Connection, described: dict[str, Any], lines: Iterator[list[Any]]) -> None:
    tables = {table.name: table for table in _tables(connection)}
    count = 0
    for name, rows in groupby(lines, itemgetter(0)):
        if not name:
            if [count] != next(rows)[1:]:
                raise ValueError("rows are missing")
            break
        table = tables[name]
        columns = [table.columns[column] for column in described[name]["columns"]]
        while batch := [_row(columns, values) for _, *values in islice(rows, BATCH)]:
            connection.execute(table.insert(), batch)
            count += len(batch)
    else:
        raise ValueError("the end is missing")
    for name, description in described.items():
        if description["last"] is not None:  # ids are never used again, not even those of deleted rows
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"),
                {"table": name, "last": description["last"]},
            )


def _row(columns: Iterable[Any], values: Iterable[Any]) -> dict[str, Any]:
    return {
        column.name: datetime.fromisoformat(value) if value and isinstance(column.type, DateTime) else value
        for column, value in zip(columns, values, strict=True)
    }


def _tables(connection: Connection) -> list[Table]:
    """The tables that are there, not those of the models: the schema may be an older one."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in DERIVED]


def _describe(connection: Connection, table: Table) -> dict[str, Any]:
    last = None
    if "id" in table.columns:
        statement = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, 'id')::regclass)")
        last = connection.scalar(statement, {"table": table.name})
    return {"columns": [column.name for column in table.columns], "last": last}
