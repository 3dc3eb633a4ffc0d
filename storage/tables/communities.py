"""Communities, the channels tied to them, and who belongs."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint, true
from sqlmodel import Field

from storage.types import Row, json_column, moment, number, person_column


class Community(Row, table=True):
    id: int = number()
    slug: str = Field(unique=True)
    name: str
    purpose: str
    visibility: str = "open"  # open, request, private
    zone: str = "UTC"
    created_at: datetime = moment()
    archived_at: datetime | None = moment(default=None)
    charter: str = ""
    digest_on: bool = True
    digest_day: int = 1  # Monday is 0
    digest_time: str = "10:00"
    digest_approval: str = "auto"  # auto, hold
    digest_next_at: datetime | None = moment(default=None, index=True)
    reminders: str = "24h, 15m"
    quiet_hours: str = "18:00-08:00"
    reactions: dict[str, Any] = json_column(dict)
    welcome: bool = Field(default=True, sa_column_kwargs={"server_default": true()})


class Channel(Row, table=True):
    """A place on a platform, connected to at most one community."""

    __table_args__ = (UniqueConstraint("platform", "external_id"), {"sqlite_autoincrement": True})

    id: int = number()
    platform: str
    external_id: str
    workspace: str = ""
    name: str = ""
    community_id: int | None = Field(default=None, foreign_key="community.id", index=True)
    paused: str = ""  # why nothing is sent there, when nothing is
    turned_at: datetime | None = moment(default=None)  # when the platform last closed or opened it


class Membership(Row, table=True):
    community_id: int = Field(foreign_key="community.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    role: str = "member"  # member, facilitator
    joined_at: datetime = moment(index=True)


class Greeting(Row, table=True):
    """Someone was welcomed in a channel of the community, which happens once."""

    community_id: int = Field(foreign_key="community.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)


class JoinRequest(Row, table=True):
    """Someone asked to join, or was invited: a request is open while it has no outcome."""

    __table_args__ = (UniqueConstraint("community_id", "person_id"), {"sqlite_autoincrement": True})

    id: int = number()
    community_id: int = Field(foreign_key="community.id")
    person_id: int = person_column("row")
    asked_at: datetime = moment()
    outcome: str = ""  # approved, declined, invited
    decided_by: int | None = person_column("clear")


class Farewell(Row, table=True):
    """Why someone left, in their words, without who or exactly when."""

    id: str = Field(primary_key=True)  # random, so that rows keep no order
    community_id: int = Field(foreign_key="community.id", index=True)
    reason: str
    month: str  # 2026-03


class Proposal(Row, table=True):
    """A community somebody would like to exist."""

    id: int = number()
    name: str
    problem: str
    audience: str
    question: str
    author_id: int | None = person_column("clear")
    created_at: datetime = moment()
    state: str = "proposed"  # proposed, gauging, founded, parked
    deadline: datetime = moment(index=True)
    extended: bool = False
    platform: str
    channel: str
    workspace: str = ""
    community_id: int | None = Field(default=None, foreign_key="community.id")


class ProposalVoice(Row, table=True):
    """What one person said to a proposal: in, lead, or no."""

    proposal_id: int = Field(foreign_key="proposal.id", primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    stance: str
    question: str = ""
    said_at: datetime = moment()
