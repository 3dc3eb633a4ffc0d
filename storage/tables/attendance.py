"""What a session leaves behind: who came, its notes, who asked for them, and what it was worth."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from storage.types import Row, json_column, moment, person_column


class CheckIn(Row, table=True):
    """One person came, by their own word. `hosting` is whether they stepped in for a host who was absent."""

    occurrence_id: int = Field(foreign_key="occurrence.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    at: datetime = moment()
    hosting: bool = False


class Notes(Row, table=True):
    """The notes of an occurrence: their text, or a link to them."""

    occurrence_id: int = Field(foreign_key="occurrence.id", primary_key=True)
    text: str
    writer_id: int | None = person_column("clear")
    written_at: datetime = moment()


class NotesWanted(Row, table=True):
    """One person asked for the notes, whether they came or not."""

    occurrence_id: int = Field(foreign_key="occurrence.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)


class Feedback(Row, table=True):
    """What one person who came said of it, kept only until it is counted (see Outcome)."""

    occurrence_id: int = Field(foreign_key="occurrence.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    worth: int  # their time: 1 to 5
    use: str | None = None  # what they will do with it: try, share, more, nothing


class Outcome(Row, table=True):
    """The feedback on an occurrence, counted once and for all; what may not be shown was never kept here."""

    occurrence_id: int = Field(foreign_key="occurrence.id", primary_key=True)
    worth: dict[str, Any] = json_column(dict)  # how many gave each mark
    use: dict[str, Any] = json_column(dict)
