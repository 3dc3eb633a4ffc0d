"""What Hearth says unprompted: letters on their way to platforms, and digest editions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from storage.types import Row, json_column, moment, number, person_column


class Mailing(Row, table=True):
    """One thing Hearth set out to say, and to how many places: what its letters must add up to."""

    key: str = Field(primary_key=True)
    kind: str  # announcement, digest, notice, ...
    addressed: int
    created_at: datetime = moment(index=True)


class Letter(Row, table=True):
    """One outgoing message. Its key makes it unique for ever: the same key again is the same letter.

    pending -> sending -> sent; a crash or a time-out in between makes it ambiguous until it has been
    looked for. skipped and expired are final; held waits for the operator. Final letters keep no card.
    """

    __table_args__ = (
        Index("ix_letter_state_due_at", "state", "due_at"),
        Index("ix_letter_destination", "platform", "channel", "person_account", "state"),
        {"sqlite_autoincrement": True},
    )

    id: int = number()
    key: str = Field(unique=True)
    mailing: str = Field(foreign_key="mailing.key", index=True)
    kind: str
    subject: str = Field(default="", index=True)  # what the card shows ("session:12"), to redraw it
    platform: str
    workspace: str = ""
    channel: str = ""
    person_account: str = ""  # the account id, for a direct message
    person_id: int | None = person_column("clear")
    card: dict[str, Any] = json_column(dict)
    state: str = "pending"  # pending, sending, ambiguous, sent, skipped, expired, held
    reason: str = ""  # why it was skipped, expired or held, or is in doubt
    created_at: datetime = moment()
    due_at: datetime = moment()
    expires_at: datetime | None = moment(default=None)
    attempts: int = 0
    lease_until: datetime | None = moment(default=None)  # also says whose attempt it is
    sent_at: datetime | None = moment(default=None)
    message_id: str = ""
    redraw_at: datetime | None = moment(default=None, index=True)  # since when the posted card is stale


class Edition(Row, table=True):
    """One digest, or the record that none was sent. Windows [from, to) chain without gap or overlap."""

    __table_args__ = (UniqueConstraint("community_id", "due_at"), {"sqlite_autoincrement": True})

    id: int = number()
    community_id: int = Field(foreign_key="community.id")
    due_at: datetime = moment()
    window_from: datetime = moment()
    window_to: datetime = moment()
    state: str  # held, sent, thin, late, recent
    card: dict[str, Any] = json_column(dict)
    created_at: datetime = moment()
    released_by: int | None = person_column("clear")
