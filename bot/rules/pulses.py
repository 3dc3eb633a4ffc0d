"""Pulses: opening a poll, answering it once, and what may be seen of it afterwards.

An anonymous answer and the fact that somebody answered are written in two transactions, to two
tables that nothing joins. While a pulse is open the database still shows which rows were written
about when; at close both tables are written anew in random order, and that is gone too.
"""

import random
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlmodel import col, select

from bot.errors import BadValue, Conflict, Problems
from bot.rules import access, outbox, people, suppression
from bot.ui.spans import Mention
from storage.database import Db, locked
from storage.tables import (
    Ballot,
    Community,
    Membership,
    NamedAnswer,
    Participation,
    Person,
    Pulse,
    Question,
)

FEWEST, MOST = 2, 10
QUESTION_LIMIT = 300
OPTION_LIMIT = 100
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=90)
PARTICIPATION_KEPT = timedelta(days=7)
"""For how long after closing it is known who took part (DOMAIN.md 2.7)."""

ANSWERED = "You have answered. Anonymous answers can only be changed from the receipt you got then."
_shuffle = random.SystemRandom().shuffle


@dataclass(frozen=True, slots=True)
class Tally:
    """How one option did. `people` are named only in a named poll, for members."""

    option: str
    count: int
    people: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A pulse as cards show it. `tallies` is None while it is open and when too few answered."""

    code: str
    community: str
    slug: str
    zone: str
    question: str
    options: tuple[str, ...]
    anonymous: bool
    threshold: int
    opened_by: Mention
    closes_at: datetime
    closed_at: datetime | None
    tallies: tuple[Tally, ...] | None = None


def code(pulse_id: int | None) -> str:
    """Return what people type for a pulse: "P5"."""
    return f"P{pulse_id}"


def options(given: Sequence[str]) -> tuple[str, ...]:
    """Return the options to choose from. Raises BadValue unless there are 2 to 10 that differ, of 100 characters."""
    chosen = tuple(" ".join(option.split()) for option in given)
    seen: set[str] = set()
    for option in chosen:
        if option.casefold() in seen:
            raise BadValue(f"The option “{option}” is there twice. Please make all of them different.")
        if len(option) > OPTION_LIMIT:
            raise BadValue(f"An option may have at most {OPTION_LIMIT} characters; one has {len(option)}.")
        seen.add(option.casefold())
    if not FEWEST <= len(chosen) <= MOST:
        raise BadValue(
            f"A poll has {FEWEST} to {MOST} options; this has {len(chosen)}. "
            "Write them with commas between, or one per line when an option has a comma in it."
        )
    return chosen


def start(
    db: Db,
    community: Community,
    opener: Person,
    *,
    question: str,
    given: Sequence[str],
    anonymous: bool,
    closes: timedelta,
    threshold: int,
    now: datetime,
) -> Pulse:
    """Open a poll; whether it is anonymous and its threshold are fixed from here on.

    Raises Problems by parameter name for unfit options or a time out of bounds, and Conflict for an
    anonymous one among fewer than `threshold` members (see `too_small`).
    """
    problems: dict[str, str] = {}
    chosen: tuple[str, ...] = ()
    try:
        chosen = options(given)
    except BadValue as bad:
        problems["options"] = bad.message
    if not SHORTEST <= closes <= LONGEST:
        problems["closes"] = "A poll stays open for between 1 minute and 90 days, for example 3d."
    if problems:
        raise Problems(problems)
    if anonymous and too_small(db, community, threshold):
        raise Conflict("This community is too small for an anonymous poll.")
    pulse = Pulse(
        community_id=community.id,
        anonymous=anonymous,
        threshold=threshold,
        opened_by=opener.id,
        opened_at=now,
        closes_at=now + closes,
    )
    db.add(pulse)
    db.flush()
    db.add(Question(pulse_id=pulse.id, text=question, options=list(chosen)))
    db.flush()
    return pulse


def too_small(db: Db, community: Community, threshold: int) -> bool:
    """Return whether an anonymous pulse could never show anything there."""
    belonging = select(Membership.person_id).where(Membership.community_id == community.id)
    return len(db.exec(belonging.limit(threshold)).all()) < threshold


def is_open(pulse: Pulse, now: datetime) -> bool:
    """Return whether it takes answers."""
    return pulse.closed_at is None and now < pulse.closes_at


def took_part(db: Db, pulse: Pulse, person_id: int) -> bool:
    """Return whether the person has answered, for as long as that is kept."""
    if pulse.anonymous:
        return db.get(Participation, (pulse.id, person_id)) is not None
    return db.get(NamedAnswer, (_question(db, pulse).id, person_id)) is not None


def check(db: Db, pulse: Pulse, person_id: int, choice: int, now: datetime) -> str:
    """Return the option of that number, from 1, which the person may choose now.

    Raises NotAllowed for someone who is no member, Conflict for a closed pulse or a second
    anonymous answer, BadValue for a number that is no option.
    """
    community = access.community_by_id(db, pulse.community_id)
    if access.role(db, community, person_id) is None:
        raise access.members_only(community)
    option = _option(db, pulse, choice, now)
    if pulse.anonymous and took_part(db, pulse, person_id):
        raise Conflict(ANSWERED)
    return option


def answer(db: Db, pulse: Pulse, person_id: int, choice: int, now: datetime) -> str:
    """Record a named answer, or change it; return the option. Raises as `check` does."""
    assert not pulse.anonymous, "anonymous answers are cast"  # it would keep who chose what
    locked(db, Pulse, pulse.id)
    option = check(db, pulse, person_id, choice, now)
    question = _question(db, pulse)
    row = db.get(NamedAnswer, (question.id, person_id))
    if row is None:
        row = NamedAnswer(question_id=question.id, person_id=person_id, value="")
    row.value = str(choice)
    db.add(row)
    return option


def cast(db: Db, pulse_id: int, choice: int, now: datetime) -> str:
    """Store an anonymous answer; return its key, which only the person's client is to hold.

    In a transaction of its own, which knows no person; `mark` follows in another. Should the
    program die between the two, the person may answer again and both answers count.
    Raises Conflict when the pulse has closed meanwhile.
    """
    pulse = _locked(db, pulse_id)
    _option(db, pulse, choice, now)
    key = secrets.token_hex(16)
    db.add(Ballot(key=key, question_id=_question(db, pulse).id, value=str(choice)))
    return key


def mark(db: Db, pulse_id: int, person_id: int, key: str) -> bool:
    """Record that the person took part. False when they had already: then the answer just stored is taken back."""
    pulse = _locked(db, pulse_id)
    if db.get(Participation, (pulse_id, person_id)) is None:
        db.add(Participation(pulse_id=pulse_id, person_id=person_id))
        return True
    ballot = _ballot(db, pulse, key)
    if ballot is not None:
        db.delete(ballot)
    return False


def change(db: Db, pulse_id: int, key: str, choice: int, now: datetime) -> str:
    """Change the anonymous answer of this key; return the option. Raises Conflict when there is none, or too late."""
    pulse = _locked(db, pulse_id)
    option = _option(db, pulse, choice, now)
    ballot = _ballot(db, pulse, key)
    if ballot is None:
        raise Conflict("This receipt belongs to no answer, so there is nothing to change.")
    ballot.value = str(choice)
    db.add(ballot)
    return option


def due(db: Db, now: datetime) -> Sequence[int]:
    """Return the ids of the pulses to close, those due longest first."""
    return db.exec(
        select(Pulse.id)
        .where(col(Pulse.closed_at).is_(None), Pulse.closes_at <= now)
        .order_by(col(Pulse.closes_at), col(Pulse.id))
    ).all()


def close(db: Db, pulse_id: int, now: datetime) -> None:
    """End the pulse and let its posted cards show what may be shown; closed already, it stays as it is."""
    pulse = _locked(db, pulse_id)
    if pulse.closed_at is not None:
        return
    pulse.closed_at = now
    db.add(pulse)
    db.flush()
    _forget_order(db, pulse)
    outbox.redraw(db, f"pulse:{pulse_id}", now)


def _forget_order(db: Db, pulse: Pulse) -> None:
    """Write answers and participation anew, each in random order, the answers under fresh keys.

    PostgreSQL's row versions then all carry this one transaction, and lie in the order dealt here.
    The receipts' keys fit nothing any more.
    """
    question_id = _question(db, pulse).id
    answers = [
        {"key": secrets.token_hex(16), "question_id": question_id, "value": value}
        for value in db.exec(select(Ballot.value).where(Ballot.question_id == question_id)).all()
    ]
    taking_part = [
        {"pulse_id": pulse.id, "person_id": person_id}
        for person_id in db.exec(
            select(Participation.person_id).where(Participation.pulse_id == pulse.id)
        ).all()
    ]
    _shuffle(answers)
    _shuffle(taking_part)
    db.execute(delete(Ballot).where(col(Ballot.question_id) == question_id))
    db.execute(delete(Participation).where(col(Participation.pulse_id) == pulse.id))
    if answers:
        db.execute(insert(Ballot), answers)
    if taking_part:
        db.execute(insert(Participation), taking_part)
    db.expire_all()


def forgettable(db: Db, now: datetime) -> Sequence[int]:
    """Return the ids of the pulses of which it need not be known any longer who took part."""
    return db.exec(
        select(Participation.pulse_id)
        .join(Pulse, col(Pulse.id) == Participation.pulse_id)
        .where(col(Pulse.closed_at) <= now - PARTICIPATION_KEPT)
        .distinct()
    ).all()


def forget_participation(db: Db, pulse_id: int, now: datetime) -> None:
    """Delete who took part, if the pulse was closed seven days ago or more."""
    if pulse_id in forgettable(db, now):
        db.execute(delete(Participation).where(col(Participation.pulse_id) == pulse_id))


def waiting(db: Db, person_id: int, now: datetime) -> list[tuple[str, str]]:
    """Return code and question of the open pulses in the person's communities that they have not answered."""
    answered = select(Participation.pulse_id).where(Participation.person_id == person_id)
    named = select(NamedAnswer.question_id).where(NamedAnswer.person_id == person_id)
    rows = db.exec(
        select(Pulse.id, Question.text)
        .where(
            Question.pulse_id == Pulse.id,
            Question.position == 0,
            col(Pulse.community_id).in_([c.id for c in access.own_communities(db, person_id)]),
            col(Pulse.closed_at).is_(None),
            Pulse.closes_at > now,
            col(Pulse.id).not_in(answered),
            col(Question.id).not_in(named),
        )
        .order_by(col(Pulse.closes_at))
    ).all()
    return [(code(i), text) for i, text in rows]


def listed(db: Db, community_ids: Sequence[int], *, limit: int, offset: int = 0) -> list[View]:
    """Return the pulses of these communities, open ones first, then the newest."""
    found = db.exec(
        select(Pulse)
        .where(col(Pulse.community_id).in_(community_ids))
        .order_by(col(Pulse.closed_at).is_not(None), col(Pulse.id).desc())
        .offset(offset)
        .limit(limit)
    ).all()
    return [view(db, pulse) for pulse in found]


def running(db: Db, community_id: int, now: datetime) -> list[View]:
    """Return the community's pulses that take answers, those closing soonest first."""
    found = db.exec(
        select(Pulse)
        .where(Pulse.community_id == community_id, col(Pulse.closed_at).is_(None), Pulse.closes_at > now)
        .order_by(col(Pulse.closes_at), col(Pulse.id))
    ).all()
    return [view(db, pulse) for pulse in found]


def view(db: Db, pulse: Pulse, *, names: bool = False) -> View:
    """Return the pulse as cards show it: counts once it is closed, and for `names` who chose what in a named one."""
    question = _question(db, pulse)
    community = access.community_by_id(db, pulse.community_id)
    return View(
        code=code(pulse.id),
        community=community.name,
        slug=community.slug,
        zone=community.zone,
        question=question.text,
        options=tuple(question.options),
        anonymous=pulse.anonymous,
        threshold=pulse.threshold,
        opened_by=people.mentions(db, [pulse.opened_by])[pulse.opened_by],
        closes_at=pulse.closes_at,
        closed_at=pulse.closed_at,
        tallies=_tallies(db, pulse, question, names=names) if pulse.closed_at else None,
    )


def _tallies(db: Db, pulse: Pulse, question: Question, *, names: bool) -> tuple[Tally, ...] | None:
    labels = {str(number): option for number, option in enumerate(question.options, 1)}
    if pulse.anonymous:
        values = Counter(db.exec(select(Ballot.value).where(Ballot.question_id == question.id)).all())
        shown = suppression.whole({value: values[value] for value in labels}, pulse.threshold)
        return None if shown is None else tuple(Tally(labels[value], shown[value]) for value in labels)
    rows = db.exec(
        select(NamedAnswer.value, NamedAnswer.person_id)
        .where(NamedAnswer.question_id == question.id)
        .order_by(col(NamedAnswer.person_id))
    ).all()
    said = people.mentions(db, [person_id for _, person_id in rows] if names else [])
    by_value = {value: [person_id for chosen, person_id in rows if chosen == value] for value in labels}
    return tuple(
        Tally(labels[value], len(ids), tuple(said[i] for i in ids) if names else ())
        for value, ids in by_value.items()
    )


def _option(db: Db, pulse: Pulse, choice: int, now: datetime) -> str:
    if not is_open(pulse, now):
        raise Conflict("That poll is closed, so it takes no more answers.")
    choices = _question(db, pulse).options
    if not 1 <= choice <= len(choices):
        raise BadValue(f"That poll has the options 1 to {len(choices)}.")
    return str(choices[choice - 1])


def _question(db: Db, pulse: Pulse) -> Question:
    return db.exec(select(Question).where(Question.pulse_id == pulse.id, Question.position == 0)).one()


def _ballot(db: Db, pulse: Pulse, key: str) -> Ballot | None:
    return db.exec(
        select(Ballot).where(Ballot.key == key, Ballot.question_id == _question(db, pulse).id)
    ).first()


def _locked(db: Db, pulse_id: int) -> Pulse:
    pulse = locked(db, Pulse, pulse_id)
    assert pulse is not None, "pulses are never deleted"
    return pulse
