"""The rhythm planner: drafts of twelve weeks of sessions, changed at will and scheduled at once.

A draft is rows, so it waits for its facilitator through any restart. Break weeks are not counted: the
rhythm pauses and goes on after them. A holiday moves a session to the nearest free day of its week.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlmodel import col, select

from bot.errors import Conflict, NotFound, Problems
from bot.rules import access, breaks, fairness, recurrence, sessions
from bot.rules.breaks import Away
from bot.rules.fairness import Ledger
from bot.text import shorten
from storage.database import Db, locked
from storage.tables import Community, Draft, DraftSession, Occurrence, Person

WEEKS = 12
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

Preset = Literal["light", "standard", "sprint"]
Rhythm = Literal["light", "standard", "sprint", "own"]


@dataclass(frozen=True, slots=True)
class Strand:
    """One kind of session, its length, and the weeks it is in, of those that are no break, from 0."""

    title: str
    minutes: int
    weeks: Sequence[int]


# DOMAIN.md 5.4: monthly; a lunch every other week, a monthly speaker and a quarterly working session; six weeks on end.
PRESETS: Mapping[str, tuple[Strand, ...]] = {
    "light": (Strand("monthly meeting", 60, (0, 4, 8)),),
    "standard": (
        Strand("lunch", 45, (0, 2, 4, 6, 8, 10)),
        Strand("speaker", 60, (1, 5, 9)),
        Strand("working session", 120, (7,)),
    ),
    "sprint": (Strand("sprint", 60, (0, 1, 2, 3, 4, 5)),),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a draft is drawn up from; see the table. None of `first` is next week."""

    rhythm: Rhythm = "standard"
    first: date | None = None
    day: int = 2
    clock: time = time(12)
    every: int = 1
    minutes: int = 60
    rotate: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One session of a draft. `clash` is what the community has that day already; `code` what it became."""

    number: int
    title: str
    starts_at: datetime
    minutes: int
    dropped: bool
    clash: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A draft as cards show it, with the breaks it was drawn up around and who has the bad hours."""

    code: str
    community: str
    slug: str
    zone: str
    pattern: Pattern
    items: tuple[Item, ...]
    away: tuple[Away, ...]
    ledger: Ledger
    scheduled: bool = False
    kept: tuple[Item, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kept", tuple(item for item in self.items if not item.dropped))


def code(draft_id: int) -> str:
    """Return what people type for a draft: "D3"."""
    return f"D{draft_id}"


def plan(db: Db, community: Community, maker: Person, rhythm: Rhythm, now: datetime) -> Draft:
    """Return a draft of twelve weeks from next week on, in the place of one that the maker has not scheduled."""
    draft = db.exec(
        select(Draft)
        .where(
            Draft.community_id == community.id,
            Draft.made_by == maker.id,
            col(Draft.scheduled_at).is_(None),
        )
        .with_for_update()
    ).first()
    if draft is None:
        draft = Draft(community_id=community.id, made_by=maker.id, **_columns(Pattern()))
    draft.made_at, draft.zone = now, community.zone
    db.add(draft)
    db.flush()
    redraw(db, draft.id, Pattern(rhythm), now)
    return draft


def pattern(draft: Draft) -> Pattern:
    """Return what the draft was drawn up from."""
    return Pattern(
        rhythm=draft.preset,  # type: ignore[arg-type]  # only these are ever stored
        first=date.fromisoformat(draft.first),
        day=draft.day,
        clock=time.fromisoformat(draft.clock),
        every=draft.every,
        minutes=draft.minutes,
        rotate=draft.rotate,
    )


def redraw(db: Db, draft_id: int, wanted: Pattern, now: datetime) -> None:
    """Draw the draft up anew; what was changed in it by hand is gone.

    Raises Conflict once it is scheduled, Problems where it would begin in the past or over a year from now.
    """
    draft = _open(db, draft_id)
    zone = ZoneInfo(draft.zone)
    today = now.astimezone(zone).date()
    monday = today - today.weekday() * DAY
    first = wanted.first - wanted.first.weekday() * DAY if wanted.first else monday + WEEK
    if not monday <= first <= today + 366 * DAY:
        raise Problems({"start": "The twelve weeks begin this week or later, within a year."})
    for name, value in _columns(replace(wanted, first=first)).items():
        setattr(draft, name, value)
    db.add(draft)
    db.execute(delete(DraftSession).where(col(DraftSession.draft_id) == draft_id))
    community = access.community_by_id(db, draft.community_id)
    away = breaks.known(db, community.id, today)
    days = _days(wanted, first, today, away)
    if not days:
        raise Problems({"away": "Every day of these twelve weeks is a break, so there is nothing to plan."})
    shares = fairness.Shares.of(db, community, now)
    for number, (day, strand, title) in enumerate(days, 1):
        usual = recurrence.instant(datetime.combine(day, wanted.clock), zone)
        at = shares.fairest(usual, strand.minutes, zone) if wanted.rotate else usual
        shares.charge(at, strand.minutes)
        db.add(
            DraftSession(
                draft_id=draft_id,
                number=number,
                title=f"{community.name}: {title}",
                starts_at=at,
                minutes=strand.minutes,
            )
        )
    db.flush()


def item(db: Db, draft_id: int, number: int) -> DraftSession:
    """Return one session of a draft that can be changed. Raises Conflict once it is scheduled, NotFound for no such number."""
    _open(db, draft_id)
    found = db.get(DraftSession, (draft_id, number))
    if found is None:
        raise NotFound("The draft has no session of that number.")
    return found


def change(
    db: Db,
    draft_id: int,
    number: int,
    *,
    title: str | None = None,
    when: datetime | None = None,
    minutes: int | None = None,
    drop: bool | None = None,
    now: datetime,
) -> None:
    """Change one session of the draft, drop it or take it back; what is None stays.

    Raises Conflict once the draft is scheduled, NotFound for a number it has not, Problems for a time or length that cannot be.
    """
    planned = item(db, draft_id, number)
    problems = {}
    if when is not None and not now < when <= now + sessions.FURTHEST:
        problems["when"] = "That time is past, or over five years away. When will it be?"
    if minutes is not None and not sessions.SHORTEST <= timedelta(minutes=minutes) <= sessions.LONGEST:
        problems["duration"] = "A session lasts between 5 minutes and 7 days, for example 60m."
    if problems:
        raise Problems(problems)
    planned.title = title or planned.title
    planned.starts_at = when or planned.starts_at
    planned.minutes = minutes or planned.minutes
    planned.dropped = planned.dropped if drop is None else drop
    db.add(planned)
    db.flush()


def schedule(db: Db, draft_id: int, host: Person, now: datetime) -> list[Occurrence]:
    """Schedule what was not dropped, each as a single session, and return them; each is announced a week before.

    Once scheduled, the same sessions are returned and nothing more happens. Raises Conflict where none is left, or
    one is past by now.
    """
    draft = locked(db, Draft, draft_id)
    if draft is None:
        raise NotFound("That draft is gone. Make another with /cop session plan.")
    items = [one for one in _items(db, draft_id) if not one.dropped]
    if draft.scheduled_at is not None:
        known = (db.get(Occurrence, one.occurrence_id) for one in items)
        return [occurrence for occurrence in known if occurrence is not None]
    if not items:
        raise Conflict("Every session of the draft is dropped, so there is nothing to schedule.")
    past = [one for one in items if one.starts_at <= now]
    if past:
        named = ", ".join(f"{one.number} ({shorten(one.title, 40)})" for one in past)
        raise Conflict(f"The time of {named} is past by now. Please change or drop it first.")
    made = [_scheduled(db, draft, one, host, now) for one in items]
    draft.scheduled_at = now
    db.add(draft)
    db.flush()
    return made


def _scheduled(db: Db, draft: Draft, planned: DraftSession, host: Person, now: datetime) -> Occurrence:
    occurrence = sessions.schedule(
        db,
        access.community_by_id(db, draft.community_id),
        host,
        title=planned.title,
        when=planned.starts_at,
        duration=timedelta(minutes=planned.minutes),
        zone=draft.zone,
        now=now,
    )
    planned.occurrence_id = occurrence.id
    db.add(planned)
    return occurrence


def view(db: Db, draft: Draft, now: datetime) -> View:
    """Return the draft as cards show it."""
    community = access.community_by_id(db, draft.community_id)
    rows = _items(db, draft.id)
    made = pattern(draft)
    assert made.first is not None, "it is drawn up from a day on"
    last = made.first + WEEKS * WEEK
    zone = ZoneInfo(draft.zone)
    clashes = _clashes(db, community, rows, zone)
    shares = fairness.Shares.of(db, community, draft.scheduled_at or now)
    for row in rows:
        if not row.dropped:
            shares.charge(row.starts_at, row.minutes)
    return View(
        code=code(draft.id),
        community=community.name,
        slug=community.slug,
        zone=draft.zone,
        pattern=made,
        items=tuple(
            Item(
                row.number,
                row.title,
                row.starts_at,
                row.minutes,
                row.dropped,
                clashes.get(row.starts_at.astimezone(zone).date(), "") if draft.scheduled_at is None else "",
                _code_of(db, row),
            )
            for row in rows
        ),
        away=tuple(one for one in breaks.known(db, community.id, made.first) if one.first < last),
        ledger=shares.ledger(db),
        scheduled=draft.scheduled_at is not None,
    )


def _days(wanted: Pattern, first: date, today: date, away: Sequence[Away]) -> list[tuple[date, Strand, str]]:
    """Return the day of every session of the rhythm, in order, with its title."""
    week = range(5) if wanted.day < 5 else range(7)
    nearest = sorted(week, key=lambda day: (abs(day - wanted.day), -day))

    def free(monday: date) -> date | None:
        days = (monday + day * DAY for day in nearest)
        return next((day for day in days if day > today and not any(day in one for one in away)), None)

    weeks = [day for number in range(WEEKS) if (day := free(first + number * WEEK))]
    own = (Strand("gathering", wanted.minutes, range(0, WEEKS, wanted.every)),)
    found: list[tuple[date, Strand, str]] = []
    for strand in PRESETS.get(wanted.rhythm, own):
        days = [weeks[number] for number in strand.weeks if number < len(weeks)]
        for number, day in enumerate(days, 1):
            of = f" {number} of {len(days)}" if wanted.rhythm == "sprint" else ""
            found.append((day, strand, f"{strand.title}{of}"))
    return sorted(found, key=lambda one: one[0])


def _columns(wanted: Pattern) -> dict[str, Any]:
    return {
        "preset": wanted.rhythm,
        "first": wanted.first.isoformat() if wanted.first else "",
        "day": wanted.day,
        "clock": f"{wanted.clock:%H:%M}",
        "every": wanted.every,
        "minutes": wanted.minutes,
        "rotate": wanted.rotate,
    }


def _open(db: Db, draft_id: int) -> Draft:
    draft = locked(db, Draft, draft_id)
    if draft is None:
        raise NotFound("That draft is gone. Make another with /cop session plan.")
    if draft.scheduled_at is not None:
        raise Conflict(
            "These sessions are scheduled already. Move or cancel each with /cop session move or cancel."
        )
    return draft


def _items(db: Db, draft_id: int) -> Sequence[DraftSession]:
    return db.exec(
        select(DraftSession).where(DraftSession.draft_id == draft_id).order_by(col(DraftSession.number))
    ).all()


def _code_of(db: Db, row: DraftSession) -> str:
    made = db.get(Occurrence, row.occurrence_id) if row.occurrence_id is not None else None
    return sessions.code(made.session_id, made.number) if made is not None else ""


def _clashes(db: Db, community: Community, rows: Sequence[DraftSession], zone: ZoneInfo) -> dict[date, str]:
    """Return what the community has on the days of the draft already, by day."""
    if not rows:
        return {}
    starts = [row.starts_at for row in rows]
    there = sessions.upcoming(
        db, [community.id], min(starts) - DAY, since=min(starts) - DAY, until=max(starts) + DAY, limit=200
    )
    return {one.starts_at.astimezone(zone).date(): one.code for one in reversed(there)}
