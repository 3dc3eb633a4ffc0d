"""Column types and the declarations that erasure, export and identity rest on."""

from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, MetaData
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

# Every constraint has a name, so that migrations can speak of it on both databases.
# Set before any table class is defined.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata

UtcDateTime = UTCDateTime
Erase = Literal["row", "clear"]


class Row(SQLModel):
    """The base of all tables. Ids are never used again, so that `S12` means one session for ever."""

    __table_args__: ClassVar[Any] = {"sqlite_autoincrement": True}


def number() -> Any:
    """A row's id, given when the row is first flushed; before that it is None, whatever its type says."""
    return Field(default=None, primary_key=True)


def person_column(erase: Erase, *, primary_key: bool = False) -> Any:
    """A reference to a person, with what erasing them does: the row goes, or the reference is cleared."""
    return Field(
        default=None if erase == "clear" else ...,
        foreign_key="person.id",
        nullable=erase == "clear",
        primary_key=primary_key,
        index=not primary_key,
        sa_column_kwargs={"info": {"erase": erase}},
    )


def json_column(empty: type[list[Any]] | type[dict[str, Any]]) -> Any:
    """A JSON value, empty at first. Assign a new one to change it; a change in place is not saved."""
    return Field(default_factory=empty, sa_type=JSON, nullable=False)


def moment(*, index: bool = False, default: Any = ...) -> Any:
    """A point in time, aware, kept and returned in UTC; naive values are refused."""
    return Field(default=default, sa_type=UtcDateTime, nullable=default is None, index=index)
