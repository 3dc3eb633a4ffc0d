"""Calendars: what we write reads the same in other programs, and what they write becomes sessions or is refused."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from ical.calendar_stream import IcsCalendarStream
from sqlmodel import select

from bot.calendars import reading, writing, zones
from bot.calendars.reading import Event, Refused
from bot.errors import BadValue
from bot.rules import calendars, communities, feeds, imports, privacy, rsvps, series, sessions
from storage.database import Db
from storage.tables import Account, Community, Letter, Membership, Occurrence, Person
from storage.types import metadata

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
    return list(db.exec(select(Occurrence).order_by(Occurrence.number)))


def feed(db: Db, now: datetime = NOW) -> str:
    """What the community's members are given."""
    place = db.exec(select(Community)).one()
    return writing.calendar(calendars.of_community(db, place.id, now), now, place.name)


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


def at(wall: str) -> datetime:
    """The moment of a wall-clock time in Berlin."""
    return datetime.strptime(wall, "%Y%m%dT%H%M%S").replace(tzinfo=BERLIN).astimezone(UTC)


def rows_of(db: Db) -> Sequence[Occurrence]:
    """Every occurrence there is, in the order of time."""
    return db.exec(select(Occurrence).order_by(Occurrence.starts_at)).all()


def member(db: Db) -> int:
    """Somebody who can be told things."""
    mo = Person(name="Mo", created_at=NOW)
    db.add(mo)
    db.flush()
    db.add(Account(platform="web", external_id="mo", name="Mo", seen_at=NOW, person_id=mo.id))
    return mo.id


def event(
    uid: str = "one", starts: str = ";TZID=Europe/Berlin:20260303T180000", *more: str, title: str = "Circle"
) -> str:
    """One event of such a file, of an hour."""
    lines = [f"UID:{uid}", f"SUMMARY:{title}", f"DTSTART{starts}", "DURATION:PT1H", *more]
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


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


# What we write, beyond the usual year


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("rule", "start", "zone"),
    [
        (
            "FREQ=WEEKLY;BYDAY=SU",
            "2026-03-08T02:30",
            "Europe/Berlin",
        ),  # on the 29th there is no half past two
        ("FREQ=WEEKLY;BYDAY=SU", "2026-10-04T02:30", "Europe/Berlin"),  # and on the 25th it comes twice
        ("FREQ=MONTHLY;BYDAY=-1FR", "2026-03-27T23:30", "America/New_York"),
        ("FREQ=DAILY;COUNT=40", "2026-03-20T09:00", "Australia/Lord_Howe"),
        ("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20261231", "2026-03-05T12:00", "Africa/Casablanca"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-03-31T12:00", "UTC"),
    ],
)
def test_every_zone_and_rule_reads_as_it_is_kept(
    db: Db, read: Callable[[str, datetime, datetime], list[Held]], rule: str, start: str, zone: str
) -> None:
    rows = begin(db, rule, datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)), zone)
    series.move(db, rows[3], rows[3].starts_at + timedelta(minutes=45), "this", NOW)
    end = NOW + timedelta(days=300)
    assert read(feed(db), NOW, end) == kept(db, end)


def test_parting_cancelling_and_moving_a_series_reads_as_it_is_kept(db: Db) -> None:
    rows = begin(db, "FREQ=WEEKLY;BYDAY=TU")
    series.move(db, rows[10], rows[10].starts_at + timedelta(hours=1), "following", NOW)
    series.move(db, rows[12], rows[12].starts_at + timedelta(days=1), "this", NOW)
    series.cancel(db, rows[20], "summer", "following", NOW)
    end = NOW + timedelta(days=360)
    text = feed(db)
    assert len([e for e in icalendar.Calendar.from_ical(text).events if "RRULE" in e]) == 3
    for read in READERS:
        assert read(text, NOW, end) == kept(db, end)
    late = NOW + timedelta(days=100)
    series.extend(db, rows[0].plan_id or 0, late)
    assert in_ical(feed(db, late), NOW, end) == kept(db, end)


@pytest.mark.parametrize(
    "key",
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Tokyo",
        "America/Santiago",
    ],
)
def test_a_described_zone_shows_the_time_that_the_zone_does(key: str) -> None:
    described = "\r\n".join(zones.described(key, 2026, 2036))
    read = icalendar.Timezone.from_ical(described).to_tz(lookup_tzid=False)
    wall = datetime(2026, 1, 1, 0, 30)  # noqa: DTZ001  # a wall clock
    while wall.year < 2036:
        own = wall.replace(tzinfo=ZoneInfo(key))
        if (
            own.astimezone(UTC).astimezone(ZoneInfo(key)) == own
            and own.utcoffset() == own.replace(fold=1).utcoffset()
        ):
            assert wall.replace(tzinfo=read).utcoffset() == own.utcoffset(), wall
        wall += timedelta(hours=7)
    assert ("RRULE" in described) == (key in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe"))


NASTY = 'é\u2028,;:\\ "q" \x1b[1m\r\nEND:VEVENT\nATTENDEE:mailto:a@b.c\n' + "👩‍👩‍👧 " * 30


def test_text_stays_text_and_lines_stay_short(db: Db) -> None:
    (row,) = begin(db)
    series.change(db, row, {"title": NASTY, "place": NASTY, "description": NASTY}, None, "this", NOW)
    text = feed(db)
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert "\n" not in text.replace("\r\n", "")
    (read,) = icalendar.Calendar.from_ical(text).events
    shown = NASTY.replace("\r\n", "\n").replace("\x1b", "")
    assert (str(read["SUMMARY"]), str(read["LOCATION"])) == (shown, shown)
    assert str(read["DESCRIPTION"]).startswith(shown)
    assert {"ATTENDEE", "ORGANIZER"}.isdisjoint(read)


def test_identity_and_changes_are_kept_and_nobody_is_named(db: Db) -> None:
    rows = begin(db, "FREQ=WEEKLY;BYDAY=TU;COUNT=3")
    first, again = feed(db), feed(db, NOW + timedelta(days=1))
    assert first == again
    series.move(db, rows[1], rows[1].starts_at + timedelta(hours=1), "this", NOW + timedelta(hours=1))
    series.change(db, rows[2], {"title": "Other"}, None, "following", NOW + timedelta(hours=2))
    before = {str(e["UID"]): e for e in icalendar.Calendar.from_ical(first).events}
    after = icalendar.Calendar.from_ical(feed(db)).events
    (same,) = [e for e in after if str(e["UID"]) in before and "RRULE" in e]
    assert int(same["SEQUENCE"]) > int(before[str(same["UID"])]["SEQUENCE"])
    assert same["LAST-MODIFIED"].dt == NOW + timedelta(hours=2)
    assert "@" not in feed(db)
    assert "Fran" not in feed(db)


# Secret addresses


def test_a_feed_is_its_owners_until_they_leave_and_its_token_is_nowhere(db: Db) -> None:
    weeks = begin(db, "FREQ=WEEKLY;BYDAY=TU;COUNT=4")
    place = db.exec(select(Community)).one()
    place.visibility = "private"
    fran, mo = db.exec(select(Person).order_by(Person.id)).all()
    rsvps.answer(db, weeks[1].id, mo.id, "yes", NOW)
    rsvps.answer(db, weeks[2].id, mo.id, "maybe", NOW)
    rsvps.answer(db, weeks[3].id, mo.id, "no", NOW)
    mine, ours = (feeds.offer(db, mo.id, of, NOW) for of in (None, place.id))
    assert isinstance(mine, str)
    assert isinstance(ours, str)
    assert feeds.offer(db, mo.id, None, NOW + WEEK) == NOW
    assert len({mine, ours}) == 2
    assert min(len(mine), len(ours)) >= 27  # of 64 letters: 160 bits
    kept = str([db.execute(table.select()).all() for table in metadata.sorted_tables])
    assert mine not in kept
    assert ours not in kept

    def says(token: str) -> list[str]:
        found = feeds.read(db, token, NOW)
        return re.findall(r"STATUS:(\w+)", found.text) if found else ["gone"]

    assert says(mine) == ["CONFIRMED", "TENTATIVE"]
    assert says(ours) == ["CONFIRMED"]
    assert "CLASS:PRIVATE" in str(feeds.read(db, ours, NOW))
    series.cancel(db, weeks[1], "", "this", NOW)
    assert says(mine) == ["CANCELLED", "TENTATIVE"]
    renewed = feeds.rotate(db, mo.id, place.id, NOW)
    assert (says(ours), says(renewed)) == (["gone"], ["CONFIRMED", "CANCELLED"])
    assert says(feeds.rotate(db, fran.id, place.id, NOW)) == ["CONFIRMED", "CANCELLED"]
    communities.leave(db, place, mo, NOW)
    assert (says(renewed), says(mine)) == (["gone"], [])
    communities.join(db, place, mo, NOW)
    assert says(renewed) == ["gone"]
    privacy.erase(db, mo, NOW)
    assert says(mine) == ["gone"]
    assert says("") == says("x" * 100_000) == says("\udc80") == ["gone"]


def test_a_place_on_the_waitlist_is_tentative(db: Db) -> None:
    (row,) = begin(db)
    series.change(db, row, {"capacity": 1}, None, "this", NOW)
    fran, mo = db.exec(select(Person.id).order_by(Person.id)).all()
    for who in (fran, mo):
        rsvps.answer(db, row.id, who, "yes", NOW)
    assert [calendars.of_person(db, who, NOW)[0].status for who in (fran, mo)] == ["CONFIRMED", "TENTATIVE"]


def test_the_file_with_an_answer_is_the_same_event_as_in_the_feed(db: Db) -> None:
    rows = begin(db, "FREQ=WEEKLY;BYDAY=TU")
    mo = db.exec(select(Person.id).where(Person.name == "Mo")).one()
    rsvps.answer(db, rows[5].id, mo, "yes", NOW)
    given = calendars.file(db, rows[5].id, NOW)
    assert given.name == f"S{rows[5].session_id}.6.ics"
    (read,) = icalendar.Calendar.from_ical(given.content).events
    assert read["UID"] == calendars.of_person(db, mo, NOW)[0].uid
    late = NOW + 4 * WEEK
    whole = calendars.file_of_series(db, rows[5].session_id, late).content
    end = NOW + timedelta(days=300)
    assert in_ical(whole, NOW, end) == [one for one in kept(db, end) if one[1] > late]


# What others write


def test_a_file_becomes_sessions_once_and_its_changes_change_them(db: Db) -> None:
    assert take(db, file(SERIES, MOVED, event("two"))) == ["new", "new"]
    assert len(rows_of(db)) == 11
    assert len(series.unannounced(db, NOW)) == 2  # each is announced a week before
    assert [row.starts_at for row in rows_of(db) if row.cancelled_at] == [at("20260317T180000")]
    assert at("20260326T200000") in [row.starts_at for row in rows_of(db)]
    before = [row.model_dump() for row in rows_of(db)]
    assert take(db, file(SERIES, MOVED, event("two")), NOW + timedelta(days=2)) == ["unchanged", "unchanged"]
    assert [row.model_dump() for row in rows_of(db)] == before
    coming = [row for row in rows_of(db) if row.plan_id][3:5]
    mo = member(db)
    for row in coming:
        rsvps.answer(db, row.id, mo, "yes", NOW)
    # An hour later from now on, one week more, and the last of them not at all.
    later = SERIES.replace("T180000", "T190000").replace("COUNT=10", "COUNT=11")
    later = later.replace("EXDATE", "EXDATE;TZID=Europe/Berlin:20260512T190000\r\nEXDATE")
    assert take(db, file(later, event("two", title="Fire"))) == ["changed", "changed"]
    series_rows = [row for row in rows_of(db) if row.plan_id]
    assert [row.starts_at for row in series_rows] == [at("20260303T190000") + WEEK * n for n in range(4)] + [
        at("20260331T190000") + WEEK * n for n in range(7)
    ]
    assert [row.id for row in series_rows if row.cancelled_at] == [series_rows[2].id, series_rows[10].id]
    assert db.exec(select(Letter.kind)).all() == ["moved"]
    assert sessions.view(db, coming[0].id, mo).standing.answer == "yes"
    (single,) = [row for row in rows_of(db) if not row.plan_id]
    assert (sessions.view(db, single.id).title, single.sequence) == ("Fire", 1)
    gone = event("two", ";TZID=Europe/Berlin:20260303T180000", "STATUS:CANCELLED")
    assert take(db, file(gone)) == ["changed"]
    assert single.cancelled_at is not None
    assert take(db, file(event("two"))) == ["changed"]
    assert single.cancelled_at is None


def test_an_event_that_no_longer_repeats_or_begins_to_keeps_who_comes(db: Db) -> None:
    assert take(db, file(event("one"))) == ["new"]
    (first,) = rows_of(db)
    rsvps.answer(db, first.id, member(db), "yes", NOW)
    assert take(db, file(SERIES)) == ["changed"]
    rows = rows_of(db)
    assert (rows[0].id, len(rows)) == (first.id, 10)
    assert take(db, file(event("one"))) == ["changed"]
    assert [row.id for row in rows_of(db) if row.cancelled_at is None] == [first.id]


REFUSED = {
    "whole days": event("a", ";VALUE=DATE:20260303"),
    "daily at most": event("a", ":20260303T180000Z", "RRULE:FREQ=HOURLY"),
    "at one time of day": event("a", ":20260303T180000Z", "RRULE:FREQ=DAILY;BYHOUR=9,10"),
    "1 to 10,000": event("a", ":20260303T180000Z", "RRULE:FREQ=DAILY;COUNT=99999"),
    "never take place": event("a", ":20260303T180000Z", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    "do not know: “Mars/Base”": event("a", ";TZID=Mars/Base:20260303T180000"),
    "It is over": event("a", ":20250303T180000Z"),
    "in the year 1": event("a", ":00010101T180000Z", "RRULE:FREQ=DAILY"),
    "no time within a year": event("a", ":20250303T180000Z", "RRULE:FREQ=YEARLY;INTERVAL=9"),
    "five years": event("a", ":20360303T180000Z"),
    "It is cancelled": event("a", ":20260303T180000Z", "STATUS:CANCELLED"),
    "RDATE": event("a", ":20260303T180000Z", "RDATE:20260304T180000Z"),
    "several rules": event("a", ":20260303T180000Z", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
    "own rule does not give": event("a", ":20260303T180000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO"),
    "not in the file": event("a", ":20260303T180000Z", "RECURRENCE-ID:20260303T180000Z"),
    "no UID": event("a", ":20260303T180000Z").replace("UID:a\r\n", ""),
    "no title": event("a", ":20260303T180000Z", title=""),
    "at most 150 characters": event("a", ":20260303T180000Z", title="x" * 151),
    "cannot be read": event("a", ":in spring"),
    "5 minutes to 7 days".replace(" to ", " and "): event("a", ":20260303T180000Z").replace("PT1H", "P8D"),
    "ends before": event("a", ":20260303T180000Z").replace("DURATION:PT1H", "DTEND:20260303T170000Z"),
    "NUL": event("a", ":20260303T180000Z", title="a\0b"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_a_session_is_refused_with_the_reason_and_the_rest_is_taken(
    db: Db, reason: str
) -> None:
    said = take(db, file(event("before"), REFUSED[reason], event("after")))
    assert (said[0], said[2]) == ("new", "new")
    assert reason in said[1]
    assert said[1].endswith((".", "”")) or reason == "cannot be read"
    assert len(rows_of(db)) == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "BEGIN:VCALENDAR"),
        (b"\xff\xfe", "UTF-8"),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n", "it stops before"),
    ],
)
def test_what_is_no_calendar_is_refused_whole(data: bytes, reason: str) -> None:
    with pytest.raises(BadValue, match=reason):
        reading.read(data, zone="UTC", minutes=60)


CUSTOM = """BEGIN:VTIMEZONE TZID:Ours BEGIN:DAYLIGHT TZOFFSETFROM:+0100 TZOFFSETTO:+0200 DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU END:DAYLIGHT BEGIN:STANDARD TZOFFSETFROM:+0200 TZOFFSETTO:+0100
DTSTART:19701025T030000 RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU END:STANDARD END:VTIMEZONE"""


@pytest.mark.parametrize(
    ("starts", "head", "zone", "hour"),
    [
        (":20260401T180000", "", "Europe/Berlin", 16),  # floating: the community's
        (":20260401T180000", "X-WR-TIMEZONE:Asia/Tokyo", "Asia/Tokyo", 9),
        (":20260401T180000Z", "X-WR-TIMEZONE:Asia/Tokyo", "Asia/Tokyo", 18),
        (";TZID=W. Europe Standard Time:20260401T180000", "", "Europe/Berlin", 16),
        (
            ";TZID=/freeassociation.sourceforge.net/America/New_York:20260401T180000",
            "",
            "America/New_York",
            22,
        ),
        (";TZID=Ours:20260401T180000", CUSTOM, "Europe/Berlin", 16),
    ],
)
def test_times_mean_the_zone_that_their_file_means(starts: str, head: str, zone: str, hour: int) -> None:
    (read,) = reading.read(file(event("a", starts), head=head), zone="Europe/Berlin", minutes=60)
    assert isinstance(read, Event)
    assert read.zone == zone
    there = read.usual.starts.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert there == datetime(2026, 4, 1, hour, tzinfo=UTC)


SHARED = Path(__file__).parents[3] / "shared" / "data" / "calendars"


@pytest.mark.skipif(not SHARED.exists(), reason="the calendars of other programs are not here")
def test_calendars_of_other_programs_are_right_or_refused(db: Db) -> None:
    taken = {
        path.stem: take(db, path.read_bytes(), datetime(2021, 1, 1, tzinfo=UTC))
        for path in SHARED.glob("*.ics")
    }
    assert {
        name: len([one for one in said if one == "new"]) for name, said in taken.items() if "new" in said
    } == {
        "alarm_google_acknowledged": 1,
        "alarm_thunderbird_2_notification_5_min_postponed_and_popped_up": 1,
        "issue_1081_event_with_rrule": 1,
        "issue_466_respect_unique_timezone": 1,
    }
    assert min(rows_of(db), key=lambda row: row.starts_at).starts_at == datetime(2022, 10, 21, 18, tzinfo=UTC)


PIECES = (
    b"RRULE:FREQ=",
    b"SECONDLY",
    b"99999999",
    b";",
    b":",
    b",",
    b"=",
    b"-1SU",
    b"UNTIL=",
    b"TZID=Europe/",
    b"\r\n",
)


def test_no_file_brings_the_reader_down() -> None:
    whole, chance = file(SERIES, MOVED, event("two"), head=CUSTOM), Random(7)
    read: Counter[str] = Counter()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((0, 1, 8))] = chance.choice(
                (*PIECES, bytes([chance.randrange(256)]))
            )
        try:
            read.update(type(one).__name__ for one in reading.read(bytes(data), zone="UTC", minutes=60))
        except BadValue:
            read["none"] += 1
    assert min(read["Event"], read["Refused"], read["none"]) > 10


def test_our_own_feed_imported_elsewhere_says_the_same(db: Db) -> None:
    sunday = datetime(2026, 3, 8, 2, 30, tzinfo=BERLIN)  # three weeks later there is no half past two
    weeks = begin(db, "FREQ=WEEKLY;BYDAY=SU;COUNT=12", sunday)
    series.move(db, weeks[4], weeks[4].starts_at + timedelta(hours=3), "this", NOW)
    series.cancel(db, weeks[6], "holiday", "this", NOW)
    ours = feed(db)
    other = Community(slug="go", name="Go", purpose="Gophers", created_at=NOW)
    db.add(other)
    db.flush()
    for read in reading.read(ours.encode(), zone="UTC", minutes=60):
        assert isinstance(read, Event)
        assert imports.bring(db, other, read, NOW) == "new"
    theirs = writing.calendar(calendars.of_community(db, other.id, NOW), NOW)
    end = NOW + 20 * WEEK
    before, after = (in_icalendar(text, NOW, end) for text in (ours, theirs))
    assert [
        one for one in before if one[3] == "CONFIRMED"
    ] == after  # what was cancelled is left out of a new series
    assert "EXDATE" in theirs
