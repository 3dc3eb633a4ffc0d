"""What the schema says of itself: where people stand in it, and what erasing one does there."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Table

import storage.tables  # the tables register themselves by being imported
from storage.types import Erase, metadata

__all__ = ["json_ready", "person_columns", "tables"]


@cache
def person_columns() -> tuple[tuple[Table, str, Erase], ...]:
    """Return every reference to a person as (table, column, what erasing does), in a fixed order."""
    return tuple(
        (table, column.name, column.info["erase"])
        for table in tables()
        for column in table.columns
        if any(key.column.table.name == "person" for key in column.foreign_keys)
    )


@cache
def tables() -> tuple[Table, ...]:
    """Return all tables, those pointed at before those that point."""
    assert storage.tables.__all__
    return tuple(metadata.sorted_tables)


def json_ready(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON can hold it: moments become text, all else is as it is."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
