"""Who comes to a session: answers, seats and the waitlist.

Seats are never stored. Those who said yes stand in the order of `Rsvp.place`; as many as the
capacity have a seat, the rest wait. So there is nothing to overbook and no counter to drift, as
long as two people never take the same place: the occurrence is locked while a place is given.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case
from sqlmodel import col, func, select

from bot.cards.sessions import seat_free
from bot.errors import Conflict, NotFound
from bot.rules import outbox
from bot.rules.sessions import AnswerWord, Standing, view
from storage.database import Db, locked
from storage.tables import Occurrence, Rsvp, Session

_SHOWN = frozenset({"yes", "maybe"})
"""The answers that the announcement counts."""


def answer(db: Db, occurrence_id: int, person_id: int, said: AnswerWord, now: datetime) -> Standing:
    """Record what one person says and return where it puts them; the same answer again changes nothing.

    Whoever says yes goes to the end of the line, and keeps their place by saying it again. A seat
    given up goes to the first who waits, who is told. The caller has checked that the person is a
    member. Raises NotFound, and Conflict once the session is cancelled or over.
    """
    occurrence = locked(db, Occurrence, occurrence_id)
    if occurrence is None:
        raise NotFound("That session is gone.")
    if occurrence.cancelled_at is not None:
        raise Conflict("That session is cancelled, so there is nothing to answer.")
    if now >= occurrence.ends_at:
        raise Conflict("That session is over, so it takes no more answers.")
    rsvp = db.get(Rsvp, (occurrence_id, person_id))
    before = rsvp.answer if rsvp is not None else ""
    queue = _queue(db, occurrence, rsvp)
    if before == said:
        return _standing(said, queue.yes, queue.ahead, queue.capacity)
    if rsvp is None:
        rsvp = Rsvp(
            occurrence_id=occurrence_id,
            person_id=person_id,
            answer=said,
            place=queue.last + 1,
            answered_at=now,
        )
    else:
        rsvp.answer, rsvp.answered_at = said, now
        rsvp.place = queue.last + 1 if said == "yes" else rsvp.place
    db.add(rsvp)
    if before == "yes":
        _pass_on(db, occurrence, queue, now)
    if {before, said} & _SHOWN:
        outbox.redraw(db, f"session:{occurrence_id}", now)
    others = queue.yes - (before == "yes")
    return _standing(said, others + (said == "yes"), others, queue.capacity)


def withdraw(db: Db, occurrence_id: int, person_id: int, now: datetime, said: str = "") -> bool:
    """Take an answer back, only if it is `said` where that is given; return whether it was.

    A seat given up goes to the first who waits. Once the session is over nothing changes.
    """
    occurrence = locked(db, Occurrence, occurrence_id)
    rsvp = db.get(Rsvp, (occurrence_id, person_id))
    if occurrence is None or rsvp is None or (said and rsvp.answer != said) or now >= occurrence.ends_at:
        return False
    queue = _queue(db, occurrence, rsvp)
    db.delete(rsvp)
    if rsvp.answer == "yes":
        _pass_on(db, occurrence, queue, now)
    if rsvp.answer in _SHOWN:
        outbox.redraw(db, f"session:{occurrence_id}", now)
    return True


def withdraw_all(db: Db, person_id: int, now: datetime, community_id: int | None = None) -> int:
    """Take back the person's answers to what is not over, in one community or in all; return how many.

    For leaving and erasure: their seats go to those who wait.
    """
    ahead = (
        select(Rsvp.occurrence_id)
        .join(Occurrence, col(Occurrence.id) == Rsvp.occurrence_id)
        .where(Rsvp.person_id == person_id, col(Occurrence.ends_at) > now)
        .order_by(col(Rsvp.occurrence_id))
    )
    if community_id is not None:
        ahead = ahead.where(Occurrence.community_id == community_id)
    return sum(withdraw(db, occurrence_id, person_id, now) for occurrence_id in db.exec(ahead).all())


@dataclass(frozen=True, slots=True)
class _Queue:
    """Those who said yes: how many, how many of them before the person, and the last place ever given."""

    yes: int
    ahead: int
    last: int
    capacity: int | None


def _queue(db: Db, occurrence: Occurrence, own: Rsvp | None) -> _Queue:
    yes = case((col(Rsvp.answer) == "yes", 1), else_=0)
    ahead = case(((col(Rsvp.answer) == "yes") & (col(Rsvp.place) < (own.place if own else 0)), 1), else_=0)
    capacity = select(Session.capacity).where(Session.id == occurrence.session_id).scalar_subquery()
    # One statement for all four: this runs for every press of a button.
    found = db.exec(
        select(
            func.coalesce(func.sum(yes), 0),
            func.coalesce(func.sum(ahead), 0),
            func.coalesce(func.max(Rsvp.place), 0),
            capacity,
        ).where(Rsvp.occurrence_id == occurrence.id)
    ).one()
    return _Queue(*found)


def _standing(said: str, yes: int, ahead: int, capacity: int | None) -> Standing:
    seats = yes if capacity is None else capacity
    waiting = max(0, ahead + 1 - seats) if said == "yes" else 0
    return Standing(said, waiting, going=min(yes, seats))


def _pass_on(db: Db, occurrence: Occurrence, before: _Queue, now: datetime) -> None:
    """Tell the first who waited that a seat is theirs, if the person leaving the queue had one."""
    if before.capacity is None or not before.ahead < before.capacity < before.yes:
        return
    lucky = db.exec(
        select(Rsvp)
        .where(Rsvp.occurrence_id == occurrence.id, Rsvp.answer == "yes")
        .order_by(col(Rsvp.place))
        .offset(before.capacity - 1)
        .limit(1)
    ).one()
    shown = view(db, lucky.occurrence_id)
    assert shown is not None, "its occurrence is locked"  # and foreign keys hold
    outbox.tell(
        db,
        lucky.person_id,
        seat_free(shown),
        kind="notice",
        key=f"seat:{occurrence.id}:{lucky.person_id}:{lucky.place}:{now:%Y%m%dT%H%M%S%f}",
        now=now,
        expires_at=occurrence.ends_at,
    )
