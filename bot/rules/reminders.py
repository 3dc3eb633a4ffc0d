"""Reminders of sessions: to those who said yes or maybe, before it begins, once.

What was not sent in time is recorded as a letter that expired. A letter's key holds the session's start, so
that a session which moves reminds anew, and nobody is reminded twice of one start whatever the clock does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy import select as select_columns
from sqlmodel import col, or_

from bot.cards import reminders as cards
from bot.rules import outbox, reminding
from bot.rules.sessions import View, view
from bot.ui.cards import Card
from storage import prepared
from storage.database import Db, hold
from storage.tables import Account, Community, Occurrence, Person, Rsvp, Session

BATCH = 200
"""How many people are reminded in one transaction, so that nobody's command waits long for it."""

PATIENCE = timedelta(hours=3)
"""How long after the start what was not sent is given up: a clock that is set back by then finds it still to be sent."""


@dataclass(frozen=True, slots=True)
class _Someone:
    """Whose answer is looked at, and how they are to be reminded."""

    person_id: int
    since: datetime | None
    offsets: tuple[timedelta, ...]
    hours: reminding.Quiet | None


def due(db: Db, now: datetime) -> Sequence[int]:
    """Return the occurrences of which people's reminders are to be looked at, each once for every batch of people.

    One that has begun is left alone for a while, in case the clock is wrong.
    """
    found = prepared.rows(db, _DUE, now=now, given_up=now - PATIENCE)
    people = Counter(row.occurrence_id for row in found)
    return [one for one, count in people.items() for _ in range(-(-count // BATCH))]


def act(db: Db, occurrence_id: int, now: datetime) -> None:
    """Remind a batch of people of the occurrence, as far as it is due, and say when to look at each of them next."""
    hold(db, Occurrence, occurrence_id)
    what = prepared.row(db, _WHAT, occurrence=occurrence_id)
    shown = view(db, occurrence_id)
    if what is None or shown is None:
        return
    messages: list[outbox.Message] = []
    draw = _Drawer(db, shown)
    off = what.cancelled_at is not None or what.archived_at is not None
    for row in prepared.rows(db, _WHOM, occurrence=occurrence_id, now=now, most=BATCH):
        someone = _someone(row, what)
        next_look, dealt_with = (None, now) if off else _remind(draw, someone, now, messages)
        values = {"occurrence": occurrence_id, "person": row.person_id}
        prepared.change(db, _LOOKED, next=next_look, until=dealt_with, **values)
    outbox.tell_each(db, messages, kind="reminder", now=now)


class _Drawer:
    """Draws the reminders of one occurrence: the same card for all, except for those who wait for a seat."""

    def __init__(self, db: Db, shown: View) -> None:
        self._db = db
        self.shown = shown
        self._cards: dict[timedelta, Card] = {}
        start = shown.starts_at.astimezone(UTC)
        self._key = f"reminder:{shown.occurrence_id}:{start:%Y%m%dT%H%M%S}"

    def message(self, person_id: int, offset: timedelta, until: datetime) -> outbox.Message:
        """Return what the person is told `offset` before the start."""
        key = f"{self._key}:{int(offset.total_seconds())}:{person_id}"
        own = view(self._db, self.shown.occurrence_id, person_id) if self.shown.waiting else None
        if own is not None and own.standing is not None and own.standing.waiting:
            return outbox.Message(person_id, cards.reminder(own, offset), key, until)
        if offset not in self._cards:
            self._cards[offset] = cards.reminder(self.shown, offset)
        return outbox.Message(person_id, self._cards[offset], key, until)


def _remind(
    draw: _Drawer, someone: _Someone, now: datetime, messages: list[outbox.Message]
) -> tuple[datetime | None, datetime | None]:
    """Add what is due to one person; return when to look next, and up to when their reminders are dealt with."""
    start = draw.shown.starts_at
    since = someone.since
    plan = reminding.planned(start, someone.offsets, someone.hours)
    missed = [offset for offset, at in plan if at <= now and (since is None or at > since)]
    coming = min((at for _, at in plan if at > now), default=None)
    if missed:
        at = reminding.possible(now, start, someone.hours)
        if at is not None and at > now:
            return at, since
        until = reminding.latest(now, start, someone.hours) if at is not None else now
        # After a pause several may be due: the last one tells it all, of the others it is recorded that they were not sent.
        for offset in missed:
            messages.append(draw.message(someone.person_id, offset, until if offset == missed[-1] else now))
    return coming, now


def _someone(row: Any, what: Any) -> _Someone:
    chosen = row.reminders if row.reminders is not None else what.reminders
    offsets = reminding.offsets(chosen)
    if row.person_id == what.host_id:
        offsets = tuple(offset for offset in offsets if offset not in reminding.HOSTS)
    return _Someone(row.person_id, row.reminded_to, offsets, hours_of(row, what.quiet_hours, what.zone))


def hours_of(habits: Any, usual: str, zone: str) -> reminding.Quiet | None:
    """Return somebody's quiet hours by their `HABITS`, or the `usual` ones and `zone` of the community."""
    text = habits.quiet_hours if habits.quiet_hours is not None else usual
    return reminding.quiet(text, habits.profile or habits.zone or zone)


# What a tick asks, so built once.
_DUE = (
    select_columns(col(Rsvp.occurrence_id))
    .join(Occurrence, col(Occurrence.id) == Rsvp.occurrence_id)
    .where(
        col(Rsvp.remind_at) <= bindparam("now"),
        or_(col(Occurrence.starts_at) > bindparam("now"), col(Occurrence.starts_at) <= bindparam("given_up")),
    )
    .order_by(col(Rsvp.remind_at))
)
_WHAT = (
    select_columns(
        col(Occurrence.cancelled_at),
        col(Session.host_id),
        col(Community.archived_at),
        col(Community.reminders),
        col(Community.quiet_hours),
        col(Community.zone),
    )
    .join(Session, col(Session.id) == Occurrence.session_id)
    .join(Community, col(Community.id) == Occurrence.community_id)
    .where(col(Occurrence.id) == bindparam("occurrence"))
)
# The zone of the profile somebody was last seen with counts before what they prefer (SPEC.md 4).
_PROFILE = (
    select_columns(col(Account.zone))
    .where(col(Account.person_id) == Person.id, col(Account.zone).is_not(None))
    .order_by(col(Account.seen_at).desc())
    .limit(1)
    .correlate(Person)
    .scalar_subquery()
)
HABITS = (col(Person.reminders), col(Person.quiet_hours), col(Person.zone), _PROFILE.label("profile"))
_WHOM = (
    select_columns(col(Rsvp.person_id), col(Rsvp.reminded_to), *HABITS)
    .join(Person, col(Person.id) == Rsvp.person_id)
    .where(col(Rsvp.occurrence_id) == bindparam("occurrence"), col(Rsvp.remind_at) <= bindparam("now"))
    .order_by(col(Rsvp.remind_at), col(Rsvp.person_id))
    .limit(bindparam("most"))
    .with_for_update(of=Rsvp)
)
_LOOKED = (
    update(Rsvp)
    .where(col(Rsvp.occurrence_id) == bindparam("occurrence"), col(Rsvp.person_id) == bindparam("person"))
    .values(remind_at=bindparam("next"), reminded_to=bindparam("until"))
)
