"""Days on which a community does not meet: breaks in words, and holidays out of an .ics file."""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlmodel import col, select

from bot import when as times
from bot.errors import BadValue
from bot.rules import recurrence
from bot.rules.recurrence import Series
from bot.text import label, shorten
from storage.database import Db
from storage.tables import Break, Community

if TYPE_CHECKING:
    from icalendar import Event

LIMIT = 3_000
"""Characters of all breaks as they are typed: what a form can show on every platform."""

LONGEST = timedelta(days=366)
AHEAD = timedelta(days=450)
"""How far ahead holidays of a file are taken over: a plan begins within a year and is of twelve weeks."""

NAME_LIMIT = 60
MOST_REPEATS = 2_500
"""Times that one event may repeat from its first on, up to the days that are looked at: a yearly one of any age."""

_DAY = timedelta(days=1)
_LINE = re.compile(
    r"(?:(?P<name>[^:]*[^:\s])\s*:\s+)?(?P<first>.+?)(?:(?:\s+(?:to|until|till|through|-)\s+|\s*[–—]\s*)(?P<last>.+))?"
)


@dataclass(frozen=True, slots=True)
class Away:
    """The days from `first` to `last`, both included, and what they are called."""

    first: date
    last: date
    name: str = ""

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        """As it would be typed; `read` gives it back."""
        days = f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.name}: {days}" if self.name else days


def read(text: str, *, now: datetime, zone: ZoneInfo) -> list[Away]:
    """Return the days meant: one break a line, or after a semicolon, or the content of an .ics file.

    A line is a day, a week, a month or "21 dec to 3 jan", with a name and a colon before it if one likes.
    Raises BadValue naming every line that cannot be read.
    """
    if "BEGIN:VCALENDAR" in text.upper():
        return calendar(text, now.astimezone(zone).date())
    found, wrong = [], []
    for line in filter(None, (part.strip() for part in re.split(r"[\n;]", text))):
        try:
            found.append(_line(line, now, zone))
        except BadValue as bad:
            wrong.append(f"“{shorten(line, 40)}”: {bad.message}")
    if wrong:
        raise BadValue(" ".join(wrong))
    return _fitting(found)


def calendar(text: str, today: date) -> list[Away]:
    """Return the days of the events in the text of an .ics file that end today or later, about a year ahead.

    Raises BadValue for what is no calendar, or holds none.
    """
    from icalendar import Calendar, Event  # slow to load, and only for this

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # the library warns where it guesses, which does not matter for days
            parts = [part for one in Calendar.from_ical(text, multiple=True) for part in one.walk("VEVENT")]
    except (ValueError, IndexError, KeyError):
        raise BadValue("That is no calendar file I can read. Please paste all of the .ics file.") from None
    events = [part for part in parts if isinstance(part, Event)]

    def days(event: Event) -> Iterator[Away]:
        try:
            start, end = event.start, event.end
        except Exception:  # the library has many kinds of complaints; an event without a day is no break
            return
        first = start.date() if isinstance(start, datetime) else start
        last = (end - timedelta(seconds=1)).date() if isinstance(end, datetime) else end - _DAY
        length = max(last - first, timedelta(0))
        for begins in _repeated(event, first, today + AHEAD):
            if begins + length >= today and length <= LONGEST:
                yield Away(begins, begins + length, _name(event))

    found = sorted(
        {away for event in events for away in days(event)}, key=lambda a: (a.first, a.last, a.name)
    )
    if not found:
        raise BadValue("That calendar has no day from now on, so there is nothing to leave out.")
    return _fitting(found)


def written(away: Sequence[Away]) -> str:
    """Return the breaks as they would be typed, one a line; `read` gives them back."""
    return "\n".join(map(str, away))


def _fitting(away: list[Away]) -> list[Away]:
    if len(written(away)) > LIMIT:
        raise BadValue(f"These are {len(away)} breaks, which is too many to keep. Please leave some out.")
    return away


def _repeated(event: "Event", first: date, until: date) -> Iterator[date]:
    """Yield the days on which an event begins, up to `until`; one whose rule cannot be read counts once."""
    rule = event.get("RRULE")
    if rule is None:
        yield from (first,) if first <= until else ()
        return
    wall = datetime.combine(first, datetime.min.time())
    try:
        walls = recurrence.walls(
            Series(wall, "UTC", rule.to_ical().decode()),
            datetime.combine(until, datetime.min.time(), ZoneInfo("UTC")),
        )
        days = [at.date() for at in islice(walls, MOST_REPEATS + 1)]
    except BadValue:
        days = [first]
    if len(days) > MOST_REPEATS:
        raise BadValue(f"“{_name(event)}” repeats too often for a holiday. Please leave it out.")
    yield from days


def _name(event: "Event") -> str:
    return " ".join(re.sub("[:;]", " ", label(str(event.get("SUMMARY", "")), NAME_LIMIT)).split())


def _line(line: str, now: datetime, zone: ZoneInfo) -> Away:
    said = _LINE.fullmatch(line)
    assert said is not None, "every line has something"
    since, until = times.span(said["first"], now=now, zone=zone)
    first, last = since.date(), until.date() - _DAY
    if said["last"]:
        last = times.span(said["last"], now=now, zone=zone)[1].date() - _DAY
        if last < first and not re.search(r"\d{4}", said["last"]):
            # "3 jan" is the next one from today; after "21 dec" of a later year it is the one after that.
            years = (first.year, first.year + 1)
            found = (
                times.span(f"{said['last']} {year}", now=now, zone=zone)[1].date() - _DAY for year in years
            )
            last = next((day for day in found if day >= first), last)
    if not timedelta(0) <= last - first <= LONGEST:
        raise BadValue("A break ends on or after the day it begins, and within a year.")
    return Away(first, last, label(said["name"] or "", NAME_LIMIT))


def keep(db: Db, community: Community, away: Sequence[Away]) -> None:
    """Let these be the days on which the community does not meet, in place of those known."""
    db.execute(delete(Break).where(col(Break.community_id) == community.id))
    for one in dict.fromkeys(away):
        db.add(
            Break(
                community_id=community.id,
                first=one.first.isoformat(),
                last=one.last.isoformat(),
                name=one.name,
            )
        )
    db.flush()


def add(db: Db, community: Community, away: Sequence[Away], since: date) -> int:
    """Add these to the days on which the community does not meet; return how many are new.

    What ended before `since` is forgotten. Raises BadValue where they are too many together.
    """
    before = known(db, community.id, since)
    both = sorted({*before, *away}, key=lambda one: (one.first, one.last, one.name))
    keep(db, community, _fitting(both))
    return len(both) - len(before)


def known(db: Db, community_id: int, since: date) -> list[Away]:
    """Return the days on which the community does not meet, of those that end on `since` or later, in order."""
    rows = db.exec(
        select(Break)
        .where(Break.community_id == community_id, Break.last >= since.isoformat())
        .order_by(col(Break.first), col(Break.last), col(Break.id))
    ).all()
    return [Away(date.fromisoformat(r.first), date.fromisoformat(r.last), r.name) for r in rows]
