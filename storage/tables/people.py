"""People, their accounts on platforms, and the links between them."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.types import Row, json_column, moment, number, person_column


class Person(Row, table=True):
    """One human. Preferences that are None follow the community or the installation."""

    id: int = number()
    name: str
    created_at: datetime = moment()
    zone: str | None = None
    reminders: str | None = None
    quiet_hours: str | None = None
    direct_messages: bool = True
    be_welcomed: bool = False


class Account(Row, table=True):
    """A person's identity on one platform."""

    __table_args__ = (UniqueConstraint("platform", "external_id"), {"sqlite_autoincrement": True})

    id: int = number()
    person_id: int = person_column("row")
    platform: str
    external_id: str
    name: str
    zone: str | None = None
    seen_at: datetime = moment()


class LinkCode(Row, table=True):
    """A code to link two accounts, kept only as a hash."""

    code_hash: str = Field(primary_key=True)
    person_id: int = person_column("row")
    expires_at: datetime = moment()


class AccountLink(Row, table=True):
    """What linking moved from one person to another, so that it can be undone.

    `moved` holds [table, column, primary key] of each row re-pointed, and of memberships made
    facilitators with "role" as the column; `dropped` holds rows that
    duplicated one of the other person's, whole.
    """

    id: int = number()
    person_id: int = person_column("row")
    former_person: int
    linked_at: datetime = moment()
    moved: list[Any] = json_column(list)
    dropped: list[Any] = json_column(list)


class Delivery(SQLModel, table=True):
    """A platform's delivery that has had its effect; the same key again changes nothing."""

    key: str = Field(primary_key=True)
    at: datetime = moment(index=True)
