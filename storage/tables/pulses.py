"""Pulses: the questions, who took part, and, joined to nobody, what was answered."""

from datetime import datetime
from typing import Any, ClassVar

from sqlmodel import Field

from storage.types import Row, json_column, moment, number, person_column


class Pulse(Row, table=True):
    """Whether it is anonymous, and the threshold for showing results, are fixed when it opens."""

    id: int = number()
    community_id: int = Field(foreign_key="community.id", index=True)
    kind: str = "poll"
    anonymous: bool
    threshold: int
    opened_by: int | None = person_column("clear")
    opened_at: datetime = moment()
    closes_at: datetime = moment(index=True)
    closed_at: datetime | None = moment(default=None)


class Question(Row, table=True):
    id: int = number()
    pulse_id: int = Field(foreign_key="pulse.id", index=True)
    position: int = 0
    kind: str = "single"
    text: str
    options: list[Any] = json_column(list)


class Participation(Row, table=True):
    """That someone took part in a pulse. Says nothing of what, and of when only the pulse.

    WITHOUT ROWID: SQLite's hidden row number would keep the order of arrival.
    """

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}

    pulse_id: int = Field(foreign_key="pulse.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)


class Ballot(Row, table=True):
    """One anonymous answer to one question, under a random key, with no time and no person."""

    __table_args__: ClassVar[Any] = {"sqlite_with_rowid": False}

    key: str = Field(primary_key=True)
    question_id: int = Field(foreign_key="question.id", index=True)
    value: str


class NamedAnswer(Row, table=True):
    """One answer in a pulse that is not anonymous, and says so."""

    question_id: int = Field(foreign_key="question.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    value: str
