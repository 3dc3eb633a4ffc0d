"""Sessions as entries in a platform's own calendar."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from storage.types import Row, moment, number


class Mirror(Row, table=True):
    """One occurrence as one workspace's calendar shows it, and how to find the entry again."""

    __table_args__ = (
        UniqueConstraint("occurrence_id", "platform", "workspace"),
        {"sqlite_autoincrement": True},
    )

    id: int = number()
    occurrence_id: int = Field(foreign_key="occurrence.id")
    platform: str
    workspace: str
    entry: str = ""  # the platform's id of it; empty until it is known to be there
    shows: str = ""  # a hash of what it shows
    problem: str = ""  # why it is not there, when it cannot be
    not_before: datetime = moment()  # until then someone is at it, or it is no use to try
