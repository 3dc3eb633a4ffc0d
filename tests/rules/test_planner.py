"""The rhythm planner: what it drafts, around which breaks, at whose cost, and that it schedules once."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlmodel import col, select

from bot.cards import planner as cards
from bot.chat import Actor
from bot.errors import BadValue, Conflict, NotFound, Problems
from bot.rules import announcing, breaks, communities, fairness, hours, people, planner, series, sessions
from bot.rules.breaks import Away
from bot.rules.planner import Pattern
from bot.ui.cards import words
from storage.database import Database, Db
from storage.tables import Community, Draft, Letter, Occurrence, Person
from tests.cast import NOW, channel, community, person

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)


def living(db: Db, name: str, zone: str) -> Person:
    return people.identify(db, Actor("memory", name.lower(), name, zone), NOW)


def drafted(db: Db, where: Community, by: Person, rhythm: planner.Rhythm = "standard") -> Draft:
    return planner.plan(db, where, by, rhythm, NOW)


def days(db: Db, draft: Draft) -> list[date]:
    return [item.starts_at.astimezone(LONDON).date() for item in planner.view(db, draft, NOW).items]


def titles(db: Db, draft: Draft) -> list[str]:
    return [item.title.removeprefix("Python: ") for item in planner.view(db, draft, NOW).items]


@pytest.fixture
def fran(db: Db) -> Person:
    return person(db, "Fran")


@pytest.fixture
def python(db: Db, fran: Person) -> Community:
    return community(db, "python", fran)


@pytest.mark.parametrize(
    ("rhythm", "expected"),
    [
        ("light", [(0, 60), (4, 60), (8, 60)]),
        (
            "standard",
            [(0, 45), (1, 60), (2, 45), (4, 45), (5, 60), (6, 45), (7, 120), (8, 45), (9, 60), (10, 45)],
        ),
        ("sprint", [(week, 60) for week in range(6)]),
        ("own", [(week, 60) for week in range(12)]),
    ],
)
def test_the_presets(
    db: Db, python: Community, fran: Person, rhythm: planner.Rhythm, expected: list[tuple[int, int]]
) -> None:
    draft = drafted(db, python, fran, rhythm)
    items = planner.view(db, draft, NOW).items
    wednesday = datetime(2026, 3, 11, 12)  # noqa: DTZ001  # a wall clock, of the week after NOW
    walls = [item.starts_at.astimezone(LONDON).replace(tzinfo=None) for item in items]
    assert walls == [wednesday + timedelta(weeks=week) for week, _ in expected], "at noon in summer time too"
    assert [item.minutes for item in items] == [minutes for _, minutes in expected]


def test_a_break_week_is_left_out_and_the_rhythm_goes_on_after_it(
    db: Db, python: Community, fran: Person
) -> None:
    before = days(db, drafted(db, python, fran, "sprint"))
    breaks.keep(db, python, [Away(date(2026, 3, 23), date(2026, 3, 29), "Spring")])
    after = days(db, drafted(db, python, fran, "sprint"))
    assert before[2] == date(2026, 3, 25)
    assert after == [*before[:2], *before[3:], date(2026, 4, 22)]


def test_a_holiday_moves_a_session_to_the_nearest_free_day_of_its_week(
    db: Db, python: Community, fran: Person
) -> None:
    breaks.keep(db, python, [Away(date(2026, 3, 11), date(2026, 3, 12))])
    assert days(db, drafted(db, python, fran, "light"))[0] == date(2026, 3, 10)


def test_nothing_but_breaks_is_no_plan(db: Db, python: Community, fran: Person) -> None:
    draft = drafted(db, python, fran)
    breaks.keep(db, python, [Away(date(2026, 1, 1), date(2026, 12, 31))])
    with pytest.raises(Problems, match="Every day"):
        planner.redraw(db, draft.id, Pattern(), NOW)


def test_one_draft_is_open_at_a_time_and_starts_afresh(db: Db, python: Community, fran: Person) -> None:
    first = drafted(db, python, fran, "standard")
    planner.change(db, first.id, 1, title="Other", now=NOW)
    again = drafted(db, python, fran, "light")
    assert again.id == first.id
    assert titles(db, again) == ["monthly meeting"] * 3


def test_other_answers_draw_it_up_anew(db: Db, python: Community, fran: Person) -> None:
    draft = drafted(db, python, fran)
    wanted = Pattern("own", date(2026, 4, 16), 3, time(17, 30), every=3, minutes=90, rotate=False)
    planner.redraw(db, draft.id, wanted, NOW)
    assert days(db, draft) == [date(2026, 4, 16) + timedelta(weeks=3 * n) for n in range(4)]
    assert planner.pattern(draft).first == date(2026, 4, 13), "the Monday of that week"
    for first in (date(2026, 2, 23), date(2027, 4, 1)):
        with pytest.raises(Problems, match="this week or later"):
            planner.redraw(db, draft.id, Pattern(first=first), NOW)
    planner.redraw(db, draft.id, Pattern("sprint", date(2026, 3, 2), day=0), NOW)
    assert days(db, draft)[0] == date(2026, 3, 4), "never today or before"


def test_one_session_is_changed_dropped_and_taken_back(db: Db, python: Community, fran: Person) -> None:
    draft = drafted(db, python, fran, "light")
    at = datetime(2026, 3, 13, 9, tzinfo=UTC)
    planner.change(db, draft.id, 1, title="Kick-off", when=at, minutes=30, now=NOW)
    planner.change(db, draft.id, 2, drop=True, now=NOW)
    seen = planner.view(db, draft, NOW)
    assert (seen.items[0].title, seen.items[0].starts_at, seen.items[0].minutes) == ("Kick-off", at, 30)
    assert [item.number for item in seen.kept] == [1, 3]
    assert "dropped" in words(cards.draft(seen))
    planner.change(db, draft.id, 2, drop=False, now=NOW)
    assert len(planner.view(db, draft, NOW).kept) == 3
    with pytest.raises(NotFound):
        planner.change(db, draft.id, 9, drop=True, now=NOW)
    with pytest.raises(Problems) as refused:
        planner.change(db, draft.id, 1, when=NOW, minutes=1, now=NOW)
    assert set(refused.value.by_param) == {"when", "duration"}


def test_one_confirmation_schedules_all_and_a_second_nothing(db: Db, python: Community, fran: Person) -> None:
    communities.connect(db, python, channel("python"))
    draft = drafted(db, python, fran, "light")
    planner.change(db, draft.id, 3, drop=True, now=NOW)
    made = planner.schedule(db, draft.id, fran, NOW)
    assert [one.id for one in planner.schedule(db, draft.id, fran, NOW)] == [one.id for one in made]
    there = db.exec(select(Occurrence).where(Occurrence.community_id == python.id)).all()
    assert sorted(one.id for one in there) == sorted(one.id for one in made)
    shown = sessions.view(db, made[0].id)
    assert shown is not None
    assert (shown.title, shown.zone) == ("Python: monthly meeting", "Europe/London")
    with pytest.raises(Conflict, match="scheduled already"):
        planner.change(db, draft.id, 1, drop=True, now=NOW)
    assert f"{shown.code}" in words(cards.draft(planner.view(db, draft, NOW)))
    assert drafted(db, python, fran).id != draft.id, "the next plan is another"


def test_planned_sessions_are_announced_a_week_before(db: Db, python: Community, fran: Person) -> None:
    communities.connect(db, python, channel("python"))
    first, second, _ = planner.schedule(db, drafted(db, python, fran, "light").id, fran, NOW)
    mine = {first.id, second.id}
    assert mine & set(series.unannounced(db, NOW)) == set()
    assert mine & set(series.unannounced(db, first.starts_at - timedelta(days=7))) == {first.id}
    assert announcing.announce(db, first.id, NOW) == 1
    assert mine & set(series.unannounced(db, first.starts_at - timedelta(days=7))) == set()
    assert len(db.exec(select(Letter).where(Letter.subject == f"session:{first.id}")).all()) == 1


def test_what_is_past_or_all_dropped_is_not_scheduled(db: Db, python: Community, fran: Person) -> None:
    draft = drafted(db, python, fran, "light")
    with pytest.raises(Conflict, match=r"1 .Python: monthly meeting. is past by now"):
        planner.schedule(db, draft.id, fran, NOW + timedelta(days=20))
    for number in (1, 2, 3):
        planner.change(db, draft.id, number, drop=True, now=NOW)
    with pytest.raises(Conflict, match="Every session"):
        planner.schedule(db, draft.id, fran, NOW)
    assert db.exec(select(Occurrence).where(Occurrence.community_id == python.id)).all() == []


def test_a_day_that_is_taken_is_pointed_out(db: Db, python: Community, fran: Person) -> None:
    at = datetime(2026, 3, 11, 18, tzinfo=UTC)
    sessions.schedule(
        db, python, fran, title="Talk", when=at, duration=timedelta(hours=1), zone="UTC", now=NOW
    )
    seen = planner.view(db, drafted(db, python, fran, "light"), NOW)
    assert [bool(item.clash) for item in seen.items] == [True, False, False]
    assert f"{seen.items[0].clash} is on that day too" in words(cards.draft(seen))


def test_bad_hours_are_shared_where_people_live_far_apart(db: Db) -> None:
    fran, kei = living(db, "Fran", "Europe/London"), living(db, "Kei", "Pacific/Auckland")
    where = community(db, "python", fran, kei)
    draft = drafted(db, where, fran, "own")
    seen = planner.view(db, draft, NOW)
    shares = {share.zone: share for share in seen.ledger.shares}
    bad = {zone: share.early_or_late + 3 * share.asleep for zone, share in shares.items()}
    assert seen.ledger.sessions == 12
    assert abs(bad["Europe/London"] - bad["Pacific/Auckland"]) <= 1
    assert sum(share.asleep for share in shares.values()) == 0, "nobody need get up in the night for it"
    assert "Kei" in words(cards.draft(seen))
    assert "at other hours where that shares the bad ones" in words(cards.draft(seen))
    planner.redraw(db, draft.id, Pattern("own", rotate=False), NOW)
    usual = planner.view(db, draft, NOW)
    assert "at other hours" not in words(cards.draft(usual))
    assert {share.zone: share.asleep for share in usual.ledger.shares}["Pacific/Auckland"] == 12


def test_who_had_the_bad_hours_before_is_spared(db: Db) -> None:
    fran, kei = living(db, "Fran", "Europe/London"), living(db, "Kei", "Pacific/Auckland")
    where = community(db, "python", fran, kei)
    for week in range(1, 5):
        past = NOW - timedelta(weeks=week)  # noon in London, one in the morning in Auckland
        sessions.schedule(
            db,
            where,
            fran,
            title="x",
            when=past,
            duration=timedelta(hours=1),
            zone="UTC",
            now=past - HOUR,
        )
    ledger = fairness.Shares.of(db, where, NOW).ledger(db)
    assert [(share.zone, share.asleep) for share in ledger.shares] == [
        ("Pacific/Auckland", 4),
        ("Europe/London", 0),
    ]
    items = planner.view(db, drafted(db, where, fran, "light"), NOW).items
    assert all(hours.hardship("Pacific/Auckland", item.starts_at, 60) == 0 for item in items)


def test_the_usual_time_stays_where_all_live_by_one_clock(db: Db) -> None:
    fran, mo = living(db, "Fran", "Europe/London"), living(db, "Mo", "Europe/Lisbon")
    where = community(db, "python", fran, mo)
    draft = drafted(db, where, fran, "light")
    planner.redraw(db, draft.id, Pattern("light", clock=time(21)), NOW)
    items = planner.view(db, draft, NOW).items
    assert {item.starts_at.astimezone(LONDON).hour for item in items} == {21}


def test_many_zones_names_and_breaks_fit_the_card(db: Db) -> None:
    fran = person(db, "F" * 80)
    far = sorted(available_timezones())[::6]
    where = community(db, "python", fran, *(living(db, f"{zone}{'W' * 80}"[:80], zone) for zone in far))
    away = [
        Away(date(2026, 3, 7) + n * timedelta(days=7), date(2026, 3, 7) + n * timedelta(days=7), "B" * 60)
        for n in range(100)
    ]
    breaks.keep(db, where, away)
    draft = drafted(db, where, fran, "own")
    for number in range(1, 13):
        planner.change(db, draft.id, number, title="T" * 150, drop=number % 2 == 0, now=NOW)
    shown = words(cards.draft(planner.view(db, draft, NOW)))
    assert "12. " in shown
    assert "more" in shown


def test_without_zones_nothing_is_claimed(db: Db, python: Community, fran: Person) -> None:
    seen = planner.view(db, drafted(db, python, fran), NOW)
    assert "No member's time zone is known" in words(cards.draft(seen))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6 april", [Away(date(2026, 4, 6), date(2026, 4, 6))]),
        ("next week", [Away(date(2026, 3, 9), date(2026, 3, 15))]),
        ("Summer: august", [Away(date(2026, 8, 1), date(2026, 8, 31), "Summer")]),
        ("Winter: 21 dec to 3 jan", [Away(date(2026, 12, 21), date(2027, 1, 3), "Winter")]),
        ("21 dec 2027 – 3 jan", [Away(date(2027, 12, 21), date(2028, 1, 3))]),
        (
            "2026-04-03 to 2026-04-06; Fête: 14 july",
            [Away(date(2026, 4, 3), date(2026, 4, 6)), Away(date(2026, 7, 14), date(2026, 7, 14), "Fête")],
        ),
        ("", []),
    ],
)
def test_breaks_in_words(text: str, expected: list[Away]) -> None:
    found = breaks.read(text, now=NOW, zone=LONDON)
    assert found == expected
    assert breaks.read(breaks.written(found), now=NOW, zone=LONDON) == expected, "as it is shown"


def test_every_break_that_cannot_be_read_is_named() -> None:
    with pytest.raises(BadValue) as refused:
        breaks.read("blah\n6 april\n8 may 2026 to 6 may 2026", now=NOW, zone=LONDON)
    assert "“blah”" in refused.value.message
    assert "“8 may 2026 to 6 may 2026”" in refused.value.message
    assert "“6 april”" not in refused.value.message


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20260403
DTEND;VALUE=DATE:20260404
SUMMARY:Good Friday
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20191225
RRULE:FREQ=YEARLY
SUMMARY:Christmas; Day
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART:20260504T000000Z
DTEND:20260506T000000Z
END:VEVENT
BEGIN:VEVENT
UID:4
DTSTART;VALUE=DATE:20250101
SUMMARY:Past
END:VEVENT
BEGIN:VEVENT
UID:5
SUMMARY:No day
END:VEVENT
END:VCALENDAR
"""


def test_holidays_out_of_a_calendar_file() -> None:
    found = breaks.read(ICS, now=NOW, zone=LONDON)
    assert found == [
        Away(date(2026, 4, 3), date(2026, 4, 3), "Good Friday"),
        Away(date(2026, 5, 4), date(2026, 5, 5)),
        Away(date(2026, 12, 25), date(2026, 12, 25), "Christmas Day"),
    ]
    assert breaks.read(breaks.written(found), now=NOW, zone=LONDON) == found


def test_more_breaks_than_a_form_can_show_are_refused() -> None:
    many = "\n".join(f"{'B' * 60}: 2026-{month:02}-{day:02}" for month in (4, 5) for day in range(1, 22))
    with pytest.raises(BadValue, match="42 breaks"):
        breaks.read(many, now=NOW, zone=LONDON)
    assert len(breaks.read(many[: breaks.LIMIT].rpartition("\n")[0], now=NOW, zone=LONDON)) == 41


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCALENDAR",
        "BEGIN:VCALENDAR\nrubbish\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
        ICS.replace("2026", "1996").replace("RRULE", "X-RRULE"),
        ICS.replace("20191225", "00010101").replace("YEARLY", "DAILY"),
    ],
)
def test_a_calendar_without_days_ahead_or_with_endless_ones_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match=r"calendar|repeats too often"):
        breaks.read(text, now=NOW, zone=LONDON)


async def test_confirming_at_once_schedules_once(database: Database) -> None:
    def begin(db: Db) -> tuple[int, int]:
        fran = person(db, "Fran")
        return drafted(db, community(db, "python", fran), fran, "light").id, fran.id

    draft_id, fran_id = await database.write(begin)

    def confirm(db: Db) -> list[int]:
        fran = db.get(Person, fran_id)
        assert fran is not None
        return [one.id for one in planner.schedule(db, draft_id, fran, NOW)]

    ended = await asyncio.gather(*(database.write(confirm) for _ in range(4)))
    made = await database.read(lambda db: db.exec(select(Occurrence.id).order_by(col(Occurrence.id))).all())
    assert ended == [list(made)] * 4
    assert len(made) == 3
