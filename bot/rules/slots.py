"""Slot polls: which of several times suits the members, and the session that the best of them becomes.

Everybody sees who said what. Only what members of today said counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot import when as times
from bot.errors import BadValue, Conflict, Problems
from bot.rules import access, announcing, hours, outbox, people, rsvps, sessions
from bot.text import shorten
from bot.ui.spans import Mention
from storage.database import Db, locked
from storage.tables import Community, Membership, Occurrence, Person, Slot, SlotPoll, SlotVote

FEWEST, MOST = 2, 10
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=90)

Word = Literal["yes", "maybe", "no"]
"""What people say of a time; "maybe" means: if need be."""


@dataclass(frozen=True, slots=True)
class Option:
    """One time of a poll and who said what of it, in the order they did.

    Of those whose zone is known, `asleep` would be; they are named in `sleepers` where names were asked for.
    """

    number: int
    starts_at: datetime
    yes: tuple[Mention, ...] = ()
    maybe: tuple[Mention, ...] = ()
    no: tuple[Mention, ...] = ()
    asleep: int = 0
    sleepers: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A slot poll as cards show it. `zoned` is of how many members the zone is known, `own` what the reader said."""

    code: str
    community: str
    slug: str
    title: str
    minutes: int
    zone: str
    opened_by: Mention
    closes_at: datetime
    closed_at: datetime | None
    options: tuple[Option, ...]
    voters: int
    zoned: int
    picked: int | None = None
    session: str = ""  # what the picked time became: "S12"
    own: dict[int, str] = field(default_factory=dict)

    def open(self, now: datetime) -> bool:
        """Return whether it takes votes."""
        return self.closed_at is None and now < self.closes_at

    def best(self, now: datetime) -> list[Option]:
        """Return the times still to come, the best first.

        That is what suits most, then what suits most if need be, then what wakes fewest, then the earliest.
        """
        ahead = [option for option in self.options if option.starts_at > now]
        return sorted(ahead, key=lambda o: (-len(o.yes), -len(o.maybe), o.asleep, o.number))

    def tied(self, now: datetime) -> list[Option]:
        """Return the times that suit as many as the best one does; none where it suits nobody."""
        best = self.best(now)
        suits = [(len(option.yes), len(option.maybe)) for option in best]
        return [o for o, suit in zip(best, suits, strict=True) if suit == suits[0] and suit > (0, 0)]


def code(poll_id: int) -> str:
    """Return what people type for a slot poll: "T5"."""
    return f"T{poll_id}"


def read(given: Sequence[str], *, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the times meant by a speaker in `zone`, in their order.

    Raises BadValue naming every one that is unreadable, past or there twice, or their number where that is unfit.
    """
    found: dict[datetime, str] = {}
    wrong: list[str] = []
    for text in given:
        said = f"“{shorten(text, 40)}”"
        try:
            at = times.moment(text, now=now, zone=zone)
        except BadValue as bad:
            wrong.append(bad.message if shorten(text, 40) in bad.message else f"{said}: {bad.message}")
            continue
        if at in found:
            wrong.append(f"{said} is the same time as “{shorten(found[at], 40)}”.")
        found.setdefault(at, text)
    if wrong:
        raise BadValue(" ".join(wrong))
    if not FEWEST <= len(found) <= MOST:
        raise BadValue(
            f"A slot poll has {FEWEST} to {MOST} times; this has {len(found)}. "
            "Write them with commas between, for example: tue 15:00, wed 16:00."
        )
    return sorted(found)


def start(
    db: Db,
    community: Community,
    opener: Person,
    *,
    title: str,
    given: Sequence[str],
    closes: timedelta | None,
    usual: timedelta,
    duration: timedelta,
    zone: ZoneInfo,
    now: datetime,
) -> SlotPoll:
    """Open a poll on these times, read in `zone`, for a session of this duration.

    It closes before the first of them: after `closes`, or after the `usual` time, or sooner where that is
    too late. Raises Problems by parameter name for unfit times and an end that is out of bounds.
    """
    problems: dict[str, str] = {}
    options: list[datetime] = []
    try:
        options = read(given, now=now, zone=zone)
    except BadValue as bad:
        problems["options"] = bad.message
    if closes is not None and not SHORTEST <= closes <= LONGEST:
        problems["closes"] = "A poll stays open for between 1 minute and 90 days, for example 3d."
    elif closes is not None and options and now + closes > options[0]:
        first = times.describe(options[0], now=now, zone=zone)
        problems["closes"] = f"It has to close before the first of these times, which is {first}."
    if problems:
        raise Problems(problems)
    poll = SlotPoll(
        community_id=community.id,
        title=title,
        minutes=int(duration.total_seconds() // 60),
        zone=zone.key,
        opened_by=opener.id,
        opened_at=now,
        closes_at=now + closes if closes is not None else min(now + usual, options[0]),
    )
    db.add(poll)
    db.flush()
    for number, at in enumerate(options, 1):
        db.add(Slot(poll_id=poll.id, number=number, starts_at=at))
    db.flush()
    return poll


def vote(db: Db, poll_id: int, person_id: int, number: int, said: Word, now: datetime) -> None:
    """Record what the person says of one time, or with number 0 of all of them; it may be said anew until it closes.

    Raises NotAllowed for someone who is no member, Conflict once it is closed, BadValue for a number it has not.
    """
    poll = _locked(db, poll_id)
    check(db, poll, person_id, now)
    numbers = db.exec(select(Slot.number).where(Slot.poll_id == poll_id).order_by(col(Slot.number))).all()
    if number not in (0, *numbers):
        raise BadValue(f"That poll has the times 1 to {len(numbers)}.")
    for one in numbers if number == 0 else (number,):
        row = db.get(SlotVote, (poll_id, one, person_id))
        if row is None:
            row = SlotVote(poll_id=poll_id, number=one, person_id=person_id, answer=said, said_at=now)
        elif row.answer != said:
            row.answer, row.said_at = said, now
        db.add(row)
    db.flush()
    outbox.redraw(db, subject(poll_id), now)


def check(db: Db, poll: SlotPoll, person_id: int, now: datetime) -> None:
    """Raise NotAllowed for someone who is no member and so may not vote, Conflict once the poll is closed."""
    community = access.community_by_id(db, poll.community_id)
    if access.role(db, community, person_id) is None:
        raise access.members_only(community)
    if poll.closed_at is not None or now >= poll.closes_at:
        raise Conflict("That poll is closed, so it takes no more votes.")


def due(db: Db, now: datetime) -> Sequence[int]:
    """Return the polls whose time to close has come."""
    return db.exec(
        select(SlotPoll.id).where(col(SlotPoll.closed_at).is_(None), col(SlotPoll.closes_at) <= now)
    ).all()


def close(db: Db, poll_id: int, now: datetime) -> SlotPoll | None:
    """End the poll; return it, or None where it is closed already."""
    poll = _locked(db, poll_id)
    if poll.closed_at is not None:
        return None
    poll.closed_at = now
    db.add(poll)
    db.flush()
    outbox.redraw(db, subject(poll_id), now)
    return poll


def pick(db: Db, poll_id: int, number: int, picker: Person, now: datetime) -> Occurrence:
    """Make the session at this time, with what people said as their answers, and announce it; closes the poll.

    Yes stays yes, if need be becomes maybe, no becomes nothing. The same pick again returns the same session.
    Raises Conflict where another time was picked or this one is past, BadValue for a number it has not.
    """
    poll = _locked(db, poll_id)
    slot = db.get(Slot, (poll_id, number))
    if slot is None:
        raise BadValue("That poll has no such time.")
    if poll.occurrence_id is not None:
        made = db.get(Occurrence, poll.occurrence_id)
        assert made is not None, "a foreign key points at it"
        if poll.picked == number:
            return made
        name = sessions.code(made.session_id, made.number)
        raise Conflict(f"Another time is picked already: {name}. Move it with /cop session move {name}.")
    if slot.starts_at <= now:
        raise Conflict("That time is past. Please pick another, or open a new poll.")
    occurrence = sessions.schedule(
        db,
        access.community_by_id(db, poll.community_id),
        picker,
        title=poll.title,
        when=slot.starts_at,
        duration=timedelta(minutes=poll.minutes),
        zone=poll.zone,
        now=now,
    )
    for vote in _votes(db, poll):
        if vote.number == number and vote.answer != "no":
            said: sessions.AnswerWord = "yes" if vote.answer == "yes" else "maybe"
            rsvps.answer(db, occurrence.id, vote.person_id, said, now)
    announcing.announce(db, occurrence.id, now)
    poll.picked, poll.occurrence_id, poll.closed_at = number, occurrence.id, poll.closed_at or now
    db.add(poll)
    db.flush()
    outbox.redraw(db, subject(poll_id), now)
    return occurrence


def subject(poll_id: int) -> str:
    """Return what the letters that show the poll name as their subject."""
    return f"slots:{poll_id}"


def view(db: Db, poll: SlotPoll, reader: int = 0, *, names: bool = False) -> View:
    """Return the poll as cards show it, with what the person `reader` said; `names` those who would be asleep."""
    community = access.community_by_id(db, poll.community_id)
    slots = db.exec(select(Slot).where(Slot.poll_id == poll.id).order_by(col(Slot.number))).all()
    votes = _votes(db, poll)
    zones = hours.zones(db, community.id)
    asleep = {slot.number: hours.asleep(zones, slot.starts_at, poll.minutes) for slot in slots}
    mentioned = {vote.person_id for vote in votes} | {poll.opened_by}
    if names:
        mentioned |= {person for sleepers in asleep.values() for person in sleepers}
    known = people.mentions(db, list(mentioned))

    def who(number: int, word: str) -> tuple[Mention, ...]:
        return tuple(known[v.person_id] for v in votes if v.number == number and v.answer == word)

    return View(
        code=code(poll.id),
        community=community.name,
        slug=community.slug,
        title=poll.title,
        minutes=poll.minutes,
        zone=poll.zone,
        opened_by=known[poll.opened_by],
        closes_at=poll.closes_at,
        closed_at=poll.closed_at,
        options=tuple(
            Option(
                number=slot.number,
                starts_at=slot.starts_at,
                yes=who(slot.number, "yes"),
                maybe=who(slot.number, "maybe"),
                no=who(slot.number, "no"),
                asleep=len(asleep[slot.number]),
                sleepers=tuple(known[i] for i in asleep[slot.number]) if names else (),
            )
            for slot in slots
        ),
        voters=len({vote.person_id for vote in votes}),
        zoned=len(zones),
        picked=poll.picked,
        session=_session(db, poll),
        own={vote.number: vote.answer for vote in votes if vote.person_id == reader},
    )


def _session(db: Db, poll: SlotPoll) -> str:
    made = db.get(Occurrence, poll.occurrence_id) if poll.occurrence_id is not None else None
    return sessions.code(made.session_id, made.number) if made is not None else ""


def _votes(db: Db, poll: SlotPoll) -> Sequence[SlotVote]:
    """Return what the members of today said, in the order they did."""
    return db.exec(
        select(SlotVote)
        .join(
            Membership,
            (col(Membership.person_id) == SlotVote.person_id)
            & (col(Membership.community_id) == poll.community_id),
        )
        .where(SlotVote.poll_id == poll.id)
        .order_by(col(SlotVote.said_at), col(SlotVote.person_id), col(SlotVote.number))
    ).all()


def _locked(db: Db, poll_id: int) -> SlotPoll:
    poll = locked(db, SlotPoll, poll_id)
    assert poll is not None, "slot polls are never deleted"
    return poll
