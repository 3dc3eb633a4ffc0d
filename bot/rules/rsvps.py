"""Who comes to a session: answers, seats and the waitlist.

Seats are never stored. Those who said yes stand in the order of `Rsvp.place`; as many as the
capacity have a seat, the rest wait. So there is nothing to overbook and no counter to drift, as
long as two people never take the same place: the occurrence is locked while a place is given.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func
from sqlmodel import select as select_rows

from bot.cards.sessions import seat_free
from bot.errors import Conflict, NotFound
from bot.rules import outbox
from bot.rules.reminding import COMING
from bot.rules.sessions import AnswerWord, Standing, effective, view
from storage import prepared
from storage.database import Db, hold
from storage.tables import Occurrence, Rsvp, Session

_SHOWN = frozenset(COMING)
"""The answers that the announcement counts."""


def answer(db: Db, occurrence_id: int, person_id: int, said: AnswerWord, now: datetime) -> Standing:
    """Record what one person says and return where it puts them; the same answer again changes nothing.

    Whoever says yes goes to the end of the line, and keeps their place by saying it again. A seat
    given up goes to the first who waits, who is told. The caller has checked that the person is a
    member. Raises NotFound, and Conflict once the session is cancelled or over.
    """
    queue = _queue(db, occurrence_id, person_id)
    if queue is None:
        raise NotFound("That session is gone.")
    if queue.cancelled_at is not None:
        raise Conflict("That session is cancelled, so there is nothing to answer.")
    if now >= queue.ends_at:
        raise Conflict("That session is over, so it takes no more answers.")
    if queue.own == said:
        return _standing(said, queue.yes, queue.ahead, queue.capacity)
    place = queue.place if queue.own and said != "yes" else queue.last + 1
    record = _CHANGE if queue.own else _ADD
    values = {"occurrence": occurrence_id, "person": person_id, "said": said, "place": place, "now": now}
    prepared.change(db, record, **values, remind=now if said in COMING else None)
    if queue.own == "yes":
        _pass_on(db, occurrence_id, queue, now)
    if {queue.own, said} & _SHOWN:
        outbox.redraw(db, f"session:{occurrence_id}", now)
    others = queue.yes - (queue.own == "yes")
    return _standing(said, others + (said == "yes"), others, queue.capacity)


def withdraw(db: Db, occurrence_id: int, person_id: int, now: datetime, said: str = "") -> bool:
    """Take an answer back, only if it is `said` where that is given; return whether it was.

    A seat given up goes to the first who waits. Once the session is over nothing changes.
    """
    queue = _queue(db, occurrence_id, person_id)
    if queue is None or now >= queue.ends_at or not queue.own or said not in ("", queue.own):
        return False
    prepared.change(db, _DROP, occurrence=occurrence_id, person=person_id)
    if queue.own == "yes":
        _pass_on(db, occurrence_id, queue, now)
    if queue.own in _SHOWN:
        outbox.redraw(db, f"session:{occurrence_id}", now)
    return True


def withdraw_all(db: Db, person_id: int, now: datetime, community_id: int | None = None) -> int:
    """Take back the person's answers to what is not over, in one community or in all; return how many.

    For leaving and erasure: their seats go to those who wait.
    """
    ahead = (
        select_rows(Rsvp.occurrence_id)
        .join(Occurrence, col(Occurrence.id) == Rsvp.occurrence_id)
        .where(Rsvp.person_id == person_id, col(Occurrence.ends_at) > now)
        .order_by(col(Rsvp.occurrence_id))
    )
    if community_id is not None:
        ahead = ahead.where(Occurrence.community_id == community_id)
    return sum(withdraw(db, occurrence_id, person_id, now) for occurrence_id in db.exec(ahead).all())


@dataclass(frozen=True, slots=True)
class _Queue:
    """The occurrence, the person's own answer and place ("" and 0 for none), and those who said yes.

    `ahead` is how many of the `yes` stand before the person; `last` is the highest place given so far.
    """

    ends_at: datetime
    cancelled_at: datetime | None
    capacity: int | None
    own: str
    place: int
    yes: int
    ahead: int
    last: int


# This runs for every press of a button, so its statements are built once.
_OWN = aliased(Rsvp)
_HERE = col(Rsvp.occurrence_id) == Occurrence.id
_YES = select(func.count()).where(_HERE, col(Rsvp.answer) == "yes").correlate(Occurrence, _OWN)
_QUEUE = (
    select(
        col(Occurrence.ends_at),
        col(Occurrence.cancelled_at),
        effective("capacity"),
        func.coalesce(col(_OWN.answer), ""),
        func.coalesce(col(_OWN.place), 0),
        _YES.scalar_subquery(),
        _YES.where(col(Rsvp.place) < col(_OWN.place)).scalar_subquery(),
        select(func.coalesce(func.max(col(Rsvp.place)), 0))
        .where(_HERE)
        .correlate(Occurrence)
        .scalar_subquery(),
    )
    .select_from(Occurrence)
    .join(Session, col(Session.id) == Occurrence.session_id)
    .outerjoin(_OWN, and_(_OWN.occurrence_id == Occurrence.id, _OWN.person_id == bindparam("person")))
    .where(col(Occurrence.id) == bindparam("occurrence"))
)
_MINE = and_(Rsvp.occurrence_id == bindparam("occurrence"), Rsvp.person_id == bindparam("person"))
_SAID: dict[str, Any] = {
    "answer": bindparam("said"),
    "place": bindparam("place"),
    "answered_at": bindparam("now"),
    "remind_at": bindparam("remind"),
    "reminded_to": bindparam("remind"),
}
_ADD = insert(Rsvp).values(occurrence_id=bindparam("occurrence"), person_id=bindparam("person"), **_SAID)
_CHANGE = update(Rsvp).where(_MINE).values(**_SAID)
_DROP = delete(Rsvp).where(_MINE)


def _queue(db: Db, occurrence_id: int, person_id: int) -> _Queue | None:
    """Keep the occurrence from others until the transaction ends, and return how it stands."""
    hold(db, Occurrence, occurrence_id)
    row = prepared.row(db, _QUEUE, occurrence=occurrence_id, person=person_id)
    return _Queue(*row) if row is not None else None


def _standing(said: str, yes: int, ahead: int, capacity: int | None) -> Standing:
    seats = yes if capacity is None else capacity
    waiting = max(0, ahead + 1 - seats) if said == "yes" else 0
    return Standing(said, waiting, going=min(yes, seats))


def _pass_on(db: Db, occurrence_id: int, before: _Queue, now: datetime) -> None:
    """Tell the first who waited that a seat is theirs, if the person leaving the queue had one."""
    if before.capacity is None or not before.ahead < before.capacity < before.yes:
        return
    if before.cancelled_at is not None:
        return
    person_id, place = db.exec(
        select_rows(Rsvp.person_id, Rsvp.place)
        .where(Rsvp.occurrence_id == occurrence_id, Rsvp.answer == "yes")
        .order_by(col(Rsvp.place))
        .offset(before.capacity - 1)
        .limit(1)
    ).one()
    shown = view(db, occurrence_id)
    assert shown is not None, "its occurrence is locked"  # and foreign keys hold
    outbox.tell(
        db,
        person_id,
        seat_free(shown),
        kind="notice",
        key=f"seat:{occurrence_id}:{person_id}:{place}:{now:%Y%m%dT%H%M%S%f}",
        now=now,
        expires_at=before.ends_at,
    )
