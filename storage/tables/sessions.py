"""Sessions, their occurrences, and who is coming."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
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


class Plan(Row, table=True):
    """How a series repeats, or one part of it since it was parted in "up to here" and "from here on".

    It repeats by `rule` (RFC 5545, without DTSTART) from `starts_wall`, a naive wall-clock time in the
    session's zone. Its occurrences have rows up to `planned_to`, which is None once all have. New ones
    take over title, place, description and capacity where they are given here.
    """

    id: int = number()
    session_id: int = Field(foreign_key="session.id", index=True)
    rule: str
    starts_wall: str
    minutes: int
    planned_to: datetime | None = moment(default=None, index=True)
    title: str | None = None
    place: str | None = None
    description: str | None = None
    capacity: int | None = None
    sequence: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}
    )  # how often it changed, and when last
    changed_at: datetime | None = moment(default=None)


class Occurrence(Row, table=True):
    """One time the session takes place; `number` counts from 1 within the session.

    `planned_at` is when its plan has it; both are None for a single session. What is said here of title,
    place, description and capacity counts before what the session says. `sequence` counts its changes.
    """

    __table_args__ = (UniqueConstraint("session_id", "number"), {"sqlite_autoincrement": True})

    id: int = number()
    session_id: int = Field(foreign_key="session.id")
    community_id: int = Field(foreign_key="community.id", index=True)
    number: int = 1
    starts_at: datetime = moment(index=True)
    ends_at: datetime = moment()
    cancelled_at: datetime | None = moment(default=None)
    reason: str | None = None  # why it was cancelled
    plan_id: int | None = Field(default=None, foreign_key="plan.id", index=True)
    planned_at: datetime | None = moment(default=None)
    announced_at: datetime | None = moment(default=None)
    title: str | None = None
    place: str | None = None
    description: str | None = None
    capacity: int | None = None
    sequence: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    changed_at: datetime | None = moment(default=None)  # when last
    tend_at: datetime | None = moment(default=None, index=True)  # when something around it is to be done next
    tended_to: datetime | None = moment(default=None)  # what was to be done up to here is done


class Rsvp(Row, table=True):
    """One person's answer. `place` orders the people who said yes: the first `capacity` have a seat."""

    __table_args__ = (
        Index("ix_rsvp_queue", "occurrence_id", "answer", "place", "person_id"),
        {"sqlite_autoincrement": True},
    )

    occurrence_id: int = Field(foreign_key="occurrence.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    answer: str  # yes, maybe, no
    place: int
    answered_at: datetime = moment()
    remind_at: datetime | None = moment(default=None, index=True)  # when to look whether to remind them
    reminded_to: datetime | None = moment(default=None)  # reminders that were due up to here are dealt with
