"""Calendars: what we write reads the same in other programs, and what they write becomes sessions or is refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream
from sqlmodel import select

from bot.calendars import reading, writing
from bot.calendars.reading import Refused
from bot.errors import BadValue
from bot.rules import calendars, imports, series, sessions
from storage.database import Db
from storage.tables import Community, Membership, Occurrence, Person

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 3, 3, 18, tzinfo=BERLIN)
WEEK = timedelta(weeks=1)
Held = tuple[datetime, datetime, str, str]


def begin(db: Db, rule: str = "", when: datetime = TUESDAY, zone: str = "Europe/Berlin") -> list[Occurrence]:
    """Plan a session in a community of Fran and Mo, and return its occurrences."""
    place = Community(slug="py", name="Python", purpose="Snakes", created_at=NOW)
    fran, mo = Person(name="Fran", created_at=NOW), Person(name="Mo", created_at=NOW)
    db.add_all([place, fran, mo])
    db.flush()
    db.add_all(Membership(community_id=place.id, person_id=who.id, joined_at=NOW) for who in (fran, mo))
    hour = timedelta(hours=1)
    sessions.schedule(
        db, place, fran, title="Circle", when=when, duration=hour, zone=zone, repeat=rule, now=NOW
    )
    return list(db.exec(select(Occurrence).order_by(Occurrence.number)))  # type: ignore[arg-type]  # a column


def feed(db: Db, now: datetime = NOW) -> str:
    """What the community's members are given."""
    place = db.exec(select(Community)).one()
    return writing.calendar(calendars.of_community(db, place.id, now), now, place.name, "Europe/Berlin")


def kept(db: Db, until: datetime) -> list[Held]:
    """What is in our rows up to then."""
    return sorted(
        (one.starts_at, one.ends_at, one.title or "Circle", "CANCELLED" if one.cancelled_at else "CONFIRMED")
        for one in db.exec(select(Occurrence))
        if one.starts_at < until
    )


def in_icalendar(text: str, since: datetime, until: datetime) -> list[Held]:
    """What recurring-ical-events makes of it, over icalendar."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(since, until)
    return sorted(
        (e["DTSTART"].dt.astimezone(UTC), e["DTEND"].dt.astimezone(UTC), str(e["SUMMARY"]), str(e["STATUS"]))
        for e in found
    )


def in_ical(text: str, since: datetime, until: datetime) -> list[Held]:
    """What the library of Home Assistant makes of it, which shares no code with the other."""
    read = IcsCalendarStream.calendar_from_ics(text)
    found = read.timeline_tz(UTC).overlapping(since, until)
    return sorted((e.start.astimezone(UTC), e.end.astimezone(UTC), e.summary, e.status) for e in found)


READERS: list[Callable[[str, datetime, datetime], list[Held]]] = [in_icalendar, in_ical]


@pytest.mark.parametrize("read", READERS)
def test_a_year_of_weeks_with_one_moved_and_one_cancelled_reads_as_it_is_kept(
    db: Db, read: Callable[[str, datetime, datetime], list[Held]]
) -> None:
    weeks = begin(db, "FREQ=WEEKLY;BYDAY=TU;COUNT=52")
    series.move(db, weeks[9], weeks[9].starts_at + timedelta(days=1, hours=2), "this", NOW)
    series.cancel(db, weeks[20], "holiday", "this", NOW)
    series.change(db, weeks[30], {"title": "Café, the big one; \\o/\n?"}, 90, "this", NOW)
    end = NOW + 60 * WEEK
    held = read(feed(db), NOW, end)
    assert held == kept(db, end)
    assert len(held) == 52
    assert [one[3] for one in held].count("CANCELLED") == 1


def file(*events: str, head: str = "") -> bytes:
    """A calendar file as other programs write them."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *head.split(), *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def event(uid: str = "one", starts: str = ";TZID=Europe/Berlin:20260303T180000", *more: str) -> str:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "SUMMARY:Circle",
        f"DTSTART{starts}",
        "DURATION:PT1H",
        *more,
        "END:VEVENT",
    ]
    return "\r\n".join(lines)


def take(db: Db, data: bytes, now: datetime = NOW) -> list[str]:
    """Import the file and return what became of each event, or why it was refused."""
    place = db.exec(select(Community)).first()
    if place is None:
        place = Community(slug="py", name="Python", purpose="Snakes", zone="Europe/Berlin", created_at=NOW)
        db.add(place)
        db.flush()
    outcomes = []
    for one in reading.read(data, zone=place.zone, minutes=60):
        try:
            outcomes.append(one.reason if isinstance(one, Refused) else imports.bring(db, place, one, now))
        except BadValue as bad:
            outcomes.append(bad.message)
    return outcomes


SERIES = event(
    "one",
    ";TZID=Europe/Berlin:20260303T180000",
    "RRULE:FREQ=WEEKLY;COUNT=10",
    "EXDATE;TZID=Europe/Berlin:20260317T180000",
)
MOVED = event(
    "one", ";TZID=Europe/Berlin:20260326T200000", "RECURRENCE-ID;TZID=Europe/Berlin:20260324T180000"
)


def test_a_file_becomes_sessions_once_and_its_changes_change_them(db: Db) -> None:
    assert take(db, file(SERIES, MOVED, event("two"))) == ["new", "new"]
    rows = db.exec(select(Occurrence).order_by(Occurrence.starts_at)).all()
    assert len(rows) == 11
    before = [row.model_dump() for row in rows]
    assert take(db, file(SERIES, MOVED, event("two")), NOW + timedelta(days=2)) == ["unchanged", "unchanged"]
    assert [row.model_dump() for row in rows] == before
