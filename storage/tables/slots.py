"""Times that are only thought of: slot polls, and drafts of a quarter's sessions."""

from datetime import datetime

from sqlmodel import Field

from storage.types import Row, moment, number, person_column


class SlotPoll(Row, table=True):
    """Which of several times suits the members; once one is picked, `occurrence_id` is the session it became."""

    id: int = number()
    community_id: int = Field(foreign_key="community.id", index=True)
    title: str
    minutes: int
    zone: str  # of who asks, and so of the session
    opened_by: int | None = person_column("clear")
    opened_at: datetime = moment()
    closes_at: datetime = moment(index=True)
    closed_at: datetime | None = moment(default=None)
    picked: int | None = None  # the number of the slot
    occurrence_id: int | None = Field(default=None, foreign_key="occurrence.id")


class Slot(Row, table=True):
    """One of the times of a poll, numbered from 1 in their order."""

    poll_id: int = Field(foreign_key="slotpoll.id", primary_key=True)
    number: int = Field(primary_key=True)
    starts_at: datetime = moment()


class SlotVote(Row, table=True):
    """What one person says of one time: yes, maybe (if need be), or no."""

    poll_id: int = Field(foreign_key="slotpoll.id", primary_key=True)
    number: int = Field(primary_key=True)
    person_id: int = person_column("row", primary_key=True)
    answer: str
    said_at: datetime = moment()


class Draft(Row, table=True):
    """A plan for twelve weeks of a community that its facilitators may still change.

    It is drawn up from `preset` and the rest: on `day` (Monday is 0) at `clock` in `zone`, in the weeks from
    the Monday `first` on; `every` weeks and `minutes` count where the preset is "own". With `rotate` the
    time of day moves so that bad hours are shared.
    """

    id: int = number()
    community_id: int = Field(foreign_key="community.id", index=True)
    made_by: int | None = person_column("clear")
    made_at: datetime = moment()
    zone: str
    preset: str  # light, standard, sprint, own
    first: str  # 2026-03-09
    day: int
    clock: str
    every: int
    minutes: int
    rotate: bool
    scheduled_at: datetime | None = moment(default=None)


class DraftSession(Row, table=True):
    """One session of a draft, numbered from 1. `occurrence_id` is what it became."""

    draft_id: int = Field(foreign_key="draft.id", primary_key=True)
    number: int = Field(primary_key=True)
    title: str
    starts_at: datetime = moment()
    minutes: int
    dropped: bool = False
    occurrence_id: int | None = Field(default=None, foreign_key="occurrence.id")


class Break(Row, table=True):
    """Days on which a community does not meet, from `first` to `last` (2026-12-21), and why."""

    id: int = number()
    community_id: int = Field(foreign_key="community.id", index=True)
    first: str
    last: str
    name: str = ""
