"""After the invitation: who came, the notes of a session, and what it was worth to those who came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import col, func, select

from bot.cards import attendance as cards
from bot.errors import Conflict, NotFound
from bot.rules import outbox, people, sessions, suppression
from bot.rules.sessions import View
from bot.ui.cards import Card
from bot.ui.spans import Mention
from storage.database import Db, hold, locked
from storage.tables import CheckIn, Feedback, Notes, NotesWanted, Occurrence, Outcome, Rsvp

FEEDBACK = timedelta(days=3)
"""How long after its end a session takes feedback. Then it is counted once, and what each person said is forgotten."""


@dataclass(frozen=True, slots=True)
class Came:
    """One person on the list: what they had answered ("" for nothing), and when they checked in, if they did."""

    person: Mention
    answer: str
    seat: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who had a seat, who came, and the figures of DOMAIN.md 2.8; those who came without a seat count apart."""

    people: tuple[Came, ...]

    @property
    def seated(self) -> int:
        """How many had said yes and had a seat."""
        return sum(one.seat for one in self.people)

    @property
    def kept(self) -> int:
        """How many of them came."""
        return sum(one.seat and one.at is not None for one in self.people)

    @property
    def others(self) -> int:
        """How many came without."""
        return sum(not one.seat and one.at is not None for one in self.people)

    @property
    def no_shows(self) -> float | None:
        """The share of those with a seat who did not come, from 0 to 1; None where nobody had one."""
        return 1 - self.kept / self.seated if self.seated else None


def running(db: Db, community_ids: Sequence[int], now: datetime) -> list[View]:
    """Return the sessions of the communities in which people can check in now, soonest first."""
    found = db.exec(
        select(Occurrence.id)
        .where(
            col(Occurrence.community_id).in_(community_ids),
            col(Occurrence.starts_at) <= now + sessions.CHECKIN_BEFORE,
            col(Occurrence.starts_at) > now - sessions.CHECKIN_AFTER - sessions.LONGEST,
            col(Occurrence.ends_at) > now - sessions.CHECKIN_AFTER,
            col(Occurrence.cancelled_at).is_(None),
        )
        .order_by(col(Occurrence.starts_at), col(Occurrence.id))
    ).all()
    return [shown for one in found if (shown := sessions.view(db, one)) is not None]


def check_in(db: Db, occurrence_id: int, person_id: int, now: datetime, *, hosting: bool = False) -> bool:
    """Record that the person is there; False when that was known. Raises Conflict outside the time for it."""
    hold(db, Occurrence, occurrence_id)
    shown = _shown(db, occurrence_id)
    if shown.cancelled:
        raise Conflict("That session is cancelled.")
    if now >= shown.ends_at + sessions.CHECKIN_AFTER:
        raise Conflict("That session is over, and the time to check in too.")
    if not shown.takes_checkins(now):
        minutes = int(sessions.CHECKIN_BEFORE.total_seconds() // 60)
        raise Conflict(
            f"It is too early to check in: that opens {minutes} minutes before the session begins."
        )
    known = db.get(CheckIn, (occurrence_id, person_id))
    entry = known or CheckIn(occurrence_id=occurrence_id, person_id=person_id, at=now)
    entry.hosting = entry.hosting or hosting
    db.add(entry)
    db.flush()
    return known is None


def step_in(db: Db, occurrence_id: int, person_id: int, now: datetime) -> None:
    """Let the person host instead of a host who is absent, and tell the others who come.

    Raises Conflict when somebody else does already, or outside the time of the session.
    """
    hold(db, Occurrence, occurrence_id)
    first = db.exec(
        select(CheckIn.person_id).where(CheckIn.occurrence_id == occurrence_id, col(CheckIn.hosting))
    ).first()
    if first is not None and first != person_id:
        raise Conflict(
            f"{people.mentions(db, [first])[first].name} hosts it already. Thank you for offering."
        )
    check_in(db, occurrence_id, person_id, now, hosting=True)
    if first is not None:
        return
    shown = _shown(db, occurrence_id)
    host = people.mentions(db, [person_id])[person_id]
    for other in expected(db, shown):
        if other != person_id:
            key = f"hosting:{occurrence_id}:{person_id}:{other}"
            outbox.tell(
                db,
                other,
                cards.hosted(shown, host),
                kind="notice",
                key=key,
                expires_at=shown.ends_at,
                now=now,
            )


def expected(db: Db, shown: View) -> list[int]:
    """Return who has a seat or has checked in."""
    seated = db.exec(
        select(Rsvp.person_id)
        .where(Rsvp.occurrence_id == shown.occurrence_id, Rsvp.answer == "yes")
        .order_by(col(Rsvp.place), col(Rsvp.person_id))
        .limit(shown.going)
    ).all()
    return list(dict.fromkeys([*seated, *came(db, shown.occurrence_id)]))


def came(db: Db, occurrence_id: int) -> Sequence[int]:
    """Return who has checked in, in that order."""
    return db.exec(
        select(CheckIn.person_id)
        .where(CheckIn.occurrence_id == occurrence_id)
        .order_by(col(CheckIn.at), col(CheckIn.person_id))
    ).all()


def attendance(db: Db, shown: View) -> Attendance:
    """Return who had answered and who came, those with a seat first. For facilitators only."""
    answers = db.exec(
        select(Rsvp.person_id, Rsvp.answer)
        .where(Rsvp.occurrence_id == shown.occurrence_id)
        .order_by(col(Rsvp.answer).desc(), col(Rsvp.place), col(Rsvp.person_id))
    ).all()
    present = db.exec(
        select(CheckIn.person_id, CheckIn.at)
        .where(CheckIn.occurrence_id == shown.occurrence_id)
        .order_by(col(CheckIn.at), col(CheckIn.person_id))
    ).all()
    at = dict(present)
    said = dict(answers)
    seated = {person for person, _ in [row for row in answers if row[1] == "yes"][: shown.going]}
    everybody = list(dict.fromkeys([*said, *at]))
    names = people.mentions(db, everybody)
    return Attendance(
        tuple(Came(names[one], said.get(one, ""), one in seated, at.get(one)) for one in everybody)
    )


def write_notes(db: Db, occurrence_id: int, writer_id: int, text: str, now: datetime) -> int:
    """Keep the notes, in the place of earlier ones, and send them to those who came or asked; return to how many.

    Who has them already sees them change. Raises Conflict before the session begins or when it is cancelled.
    """
    occurrence = locked(db, Occurrence, occurrence_id)
    shown = _shown(db, occurrence_id)
    if shown.cancelled or occurrence is None:
        raise Conflict("That session is cancelled, so there are no notes of it.")
    if now < shown.starts_at:
        raise Conflict("That session has not begun. Notes are for when it has.")
    found = db.get(Notes, occurrence_id) or Notes(occurrence_id=occurrence_id, text="", written_at=now)
    found.text, found.writer_id, found.written_at = text, writer_id, now
    db.add(found)
    db.flush()
    outbox.redraw(db, f"notes:{occurrence_id}", now)
    asked = db.exec(select(NotesWanted.person_id).where(NotesWanted.occurrence_id == occurrence_id)).all()
    return sum(_send(db, shown, found, one, now) for one in dict.fromkeys([*came(db, occurrence_id), *asked]))


def want_notes(db: Db, occurrence_id: int, person_id: int, now: datetime) -> str | None:
    """Note that the person wants the notes; return them where they exist. Raises Conflict when it is cancelled."""
    hold(db, Occurrence, occurrence_id)
    if _shown(db, occurrence_id).cancelled:
        raise Conflict("That session is cancelled, so there are no notes of it.")
    if db.get(NotesWanted, (occurrence_id, person_id)) is None:
        db.add(NotesWanted(occurrence_id=occurrence_id, person_id=person_id))
    return notes_of(db, [occurrence_id]).get(occurrence_id)


def notes_of(db: Db, occurrence_ids: Sequence[int]) -> Mapping[int, str]:
    """Return the notes of those occurrences that have some."""
    chosen = col(Notes.occurrence_id).in_(occurrence_ids)
    return dict(db.exec(select(Notes.occurrence_id, Notes.text).where(chosen)).all())


def give(
    db: Db,
    occurrence_id: int,
    person_id: int,
    now: datetime,
    *,
    worth: int | None = None,
    use: str | None = None,
) -> Feedback | None:
    """Keep what somebody who came says of the session, in the place of what they said before.

    Returns it, None before they said anything. Raises Conflict for who did not check in, and where it takes
    no feedback yet or any more.
    """
    hold(db, Occurrence, occurrence_id)
    shown = _shown(db, occurrence_id)
    if db.get(CheckIn, (occurrence_id, person_id)) is None:
        raise Conflict("Feedback is for those who came and checked in.")
    if now < shown.starts_at:
        raise Conflict("That session has not begun.")
    if now >= shown.ends_at + FEEDBACK:
        raise Conflict(f"Feedback closed {FEEDBACK.days} days after the session.")
    said = db.get(Feedback, (occurrence_id, person_id))
    if worth is not None:
        said = said or Feedback(occurrence_id=occurrence_id, person_id=person_id, worth=worth)
        said.worth = worth
    if use is not None:
        if said is None:
            raise Conflict("Please say first whether it was worth your time.")
        said.use = use
    if said is not None:
        db.add(said)
        db.flush()
    return said


def count(db: Db, occurrence_id: int, threshold: int) -> None:
    """Count the feedback once and for all, as far as it may be shown, and forget who said what."""
    worth = dict(
        db.exec(
            select(Feedback.worth, func.count())
            .where(Feedback.occurrence_id == occurrence_id)
            .group_by(col(Feedback.worth))
        ).all()
    )
    use = {
        str(one): number
        for one, number in db.exec(
            select(Feedback.use, func.count())
            .where(Feedback.occurrence_id == occurrence_id, col(Feedback.use).is_not(None))
            .group_by(col(Feedback.use))
        ).all()
    }
    marks, uses = suppression.whole(worth, threshold), suppression.whole(use, threshold)
    if marks is not None and db.get(Outcome, occurrence_id) is None:
        kept = {str(mark): number for mark, number in marks.items()}
        db.add(Outcome(occurrence_id=occurrence_id, worth=kept, use=dict(uses or {})))
    db.execute(delete(Feedback).where(col(Feedback.occurrence_id) == occurrence_id))
    db.flush()


def outcome(db: Db, occurrence_id: int) -> Outcome | None:
    """Return the counted feedback, if it may be shown. For facilitators only."""
    return db.get(Outcome, occurrence_id)


def _send(db: Db, shown: View, notes: Notes, person_id: int, now: datetime) -> bool:
    return outbox.tell(
        db,
        person_id,
        cards.notes(shown, notes.text),
        kind="notes",
        key=f"notes:{shown.occurrence_id}:{person_id}",
        subject=f"notes:{shown.occurrence_id}",
        now=now,
    )


def drawn(db: Db, occurrence_id: int, now: datetime) -> Card | None:
    """Return the card with the notes as they are now; None when there are none."""
    text = notes_of(db, [occurrence_id]).get(occurrence_id)
    shown = sessions.view(db, occurrence_id)
    return cards.notes(shown, text) if shown is not None and text is not None else None


def _shown(db: Db, occurrence_id: int) -> View:
    found = sessions.view(db, occurrence_id)
    if found is None:
        raise NotFound("That session is gone.")
    return found
