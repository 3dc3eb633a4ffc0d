"""The books of the outbox: everything that was meant to be said is accounted for, and how it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import and_, col, or_, select

from storage.database import Db
from storage.tables import Letter, Mailing

STATES = ("pending", "sending", "ambiguous", "sent", "skipped", "expired", "held")
NAMED = 20
"""How many differences of one sort are named."""


@dataclass(frozen=True, slots=True)
class Tally:
    """For one kind: how many letters were meant, and how many stand in each state."""

    addressed: int
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Balance:
    """By kind; `differences` says in words what does not add up, and is empty when all is well."""

    kinds: Mapping[str, Tally]
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.differences


def balance(db: Db) -> Balance:
    """Check the conservation law (DESIGN.md D8): addressed = sent + skipped + expired + held + on its way.

    On its way means pending, sending or ambiguous. It must hold for every kind, and for every single
    mailing, at every moment. Every letter is also in a known state, and a sent one has its message.
    """
    addressed = dict(db.exec(select(Mailing.kind, func.sum(Mailing.addressed)).group_by(Mailing.kind)).all())
    states: dict[str, dict[str, int]] = {}
    for kind, state, count in db.exec(
        select(Letter.kind, Letter.state, func.count()).group_by(Letter.kind, Letter.state)
    ).all():
        states.setdefault(kind, {})[state] = count
    kinds = {
        kind: Tally(int(addressed.get(kind, 0)), states.get(kind, {}))
        for kind in sorted(addressed.keys() | states.keys())
    }
    return Balance(kinds, (*_by_kind(kinds), *_by_mailing(db), *_odd(db)))


def counts(db: Db) -> dict[str, int]:
    """Return how many letters stand in each state, zero included."""
    found = dict(db.exec(select(Letter.state, func.count()).group_by(Letter.state)).all())
    return {state: found.get(state, 0) for state in STATES}


def lag(db: Db, now: datetime) -> float:
    """Return for how many seconds the longest-waiting due letter has been due; 0 when none is."""
    oldest = db.exec(
        select(Letter.due_at)
        .where(Letter.state == "pending", col(Letter.due_at) <= now)
        .order_by(col(Letter.due_at))
        .limit(1)
    ).first()
    return (now - oldest).total_seconds() if oldest else 0.0


def _by_kind(kinds: Mapping[str, Tally]) -> list[str]:
    return [
        f"{kind}: {tally.addressed} addressed, but {sum(tally.states.values())} letters"
        for kind, tally in kinds.items()
        if tally.addressed != sum(tally.states.values())
    ]


def _by_mailing(db: Db) -> list[str]:
    letters = func.count(col(Letter.id))
    off = db.exec(
        select(Mailing.key, Mailing.addressed, letters)
        .outerjoin(Letter, and_(Letter.mailing == Mailing.key, Letter.kind == Mailing.kind))
        .group_by(col(Mailing.key), col(Mailing.addressed))
        .having(letters != Mailing.addressed)
        .order_by(col(Mailing.key))
        .limit(NAMED)
    ).all()
    return [f"mailing {key}: {meant} addressed, but {found} letters" for key, meant, found in off]


def _odd(db: Db) -> list[str]:
    odd = db.exec(
        select(Letter)
        .where(
            or_(
                col(Letter.state).not_in(STATES),
                and_(Letter.state == "sent", Letter.message_id == ""),
                and_(Letter.state == "sending", col(Letter.lease_until).is_(None)),
                and_(col(Letter.state).in_(("skipped", "expired", "held")), Letter.reason == ""),
            )
        )
        .order_by(col(Letter.id))
        .limit(NAMED)
    ).all()
    return [f"letter {letter.key}: {_fault(letter)}" for letter in odd]


def _fault(letter: Letter) -> str:
    if letter.state not in STATES:
        return f"unknown state {letter.state}"
    if letter.state == "sent":
        return "sent, but without its message"
    if letter.state == "sending":
        return "sending, but without a lease"
    return f"{letter.state}, but without a reason"
