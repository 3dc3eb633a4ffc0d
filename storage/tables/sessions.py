"""Sessions, their occurrences, and who is coming."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from storage.types import Row, moment, number, person_column


class Session(Row, table=True):
    """What is planned: a single gathering has one occurrence, a series has many."""

    id: int = number()
    community_id: int = Field(foreign_key="community.id", index=True)
    title: str
    zone: str  # the zone whose wall clock the plan follows
    minutes: int
    place: str = ""
    capacity: int | None = None
    description: str = ""
    host_id: int | None = person_column("clear")
    created_at: datetime = moment()


class Occurrence(Row, table=True):
    """One time the session takes place; `number` counts from 1 within the session."""

    __table_args__ = (UniqueConstraint("session_id", "number"), {"sqlite_autoincrement": True})

    id: int = number()
    session_id: int = Field(foreign_key="session.id")
    community_id: int = Field(foreign_key="community.id", index=True)
    number: int = 1
    starts_at: datetime = moment(index=True)
    ends_at: datetime = moment()
    cancelled_at: datetime | None = moment(default=None)


class Rsvp(Row, table=True):
    """One person's answer. `place` orders the people who said yes: the first `capacity` have a seat."""

    occurrence_id: int = Field(foreign_key="occurrence.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    answer: str  # yes, maybe, no
    place: int
    answered_at: datetime = moment()
