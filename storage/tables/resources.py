"""Saved links and what members said of them."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from storage.types import Row, moment, number, person_column


class Resource(Row, table=True):
    """A link, unique within its community by its canonical address."""

    __table_args__ = (UniqueConstraint("community_id", "url"), {"sqlite_autoincrement": True})

    id: int = number()
    community_id: int = Field(foreign_key="community.id", index=True)
    url: str
    title: str = ""
    description: str = ""
    site: str = ""
    author_id: int | None = person_column("clear")  # who posted it, when someone else saved it
    saver_id: int | None = person_column("clear")
    saved_at: datetime = moment(index=True)


class ResourceTag(Row, table=True):
    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    tag: str = Field(primary_key=True, index=True)


class ResourceNote(Row, table=True):
    """Why one person finds it useful."""

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    note: str
    written_at: datetime = moment()


class Endorsement(Row, table=True):
    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    endorsed_at: datetime = moment()
