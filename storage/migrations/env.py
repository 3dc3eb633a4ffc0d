"""Run by Alembic: applies the steps on the connection that storage.migrate hands over."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from sqlmodel import AutoString
from sqlmodel.sql.sqltypes import UTCDateTime as UtcDateTime

import storage.tables
from storage.types import metadata

assert storage.tables.__all__  # imported so that every table is known


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a thing in the database is described by the models; the search structures are not."""
    return not (kind == "table" and name is not None and name.startswith("resource_search"))


def plain_type(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Write column types in SQLAlchemy's own words, so that history does not change with SQLModel."""
    if kind == "type" and isinstance(thing, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


connection: sa.Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_name=is_ours,
    render_item=plain_type,
    compare_type=True,
    compare_server_default=True,
    render_as_batch=True,
    transactional_ddl=True,  # on SQLite too: our transactions hold the schema as well
)
context.run_migrations()
