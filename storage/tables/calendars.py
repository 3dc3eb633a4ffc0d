"""Sessions in people's calendars: the secret addresses of feeds, and what came from calendars."""

from datetime import datetime

from sqlmodel import Field

from storage.types import Row, moment, person_column


class Feed(Row, table=True):
    """A secret address of a calendar, kept only as a hash: a person's own sessions, or a community's for one member."""

    token_hash: str = Field(primary_key=True)
    person_id: int = person_column("row")
    community_id: int | None = Field(default=None, foreign_key="community.id", index=True)  # None: their own
    made_at: datetime = moment()


class Imported(Row, table=True):
    """A session that came from an event of a calendar file, and a hash of what the event said."""

    community_id: int = Field(foreign_key="community.id", primary_key=True)
    uid: str = Field(primary_key=True)
    session_id: int = Field(foreign_key="session.id", index=True)
    said: str
