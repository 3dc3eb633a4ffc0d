"""The smaller readers of time: durations, clocks, weekdays, zones, spans, and the echo."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot import when
from bot.errors import BadValue
from bot.when.clocks import PARTS
from bot.when.words import MONTH_WORDS, NUMBER_WORDS, ORDINAL_WORDS, WEEKDAY_WORDS

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=NEW_YORK)

DURATIONS = {
    "60m": 60, "60 min": 60, "60": 60, "45": 45, "90 min": 90, "90 mins": 90, "1h": 60, "1 hour": 60, "an hour": 60,
    "1h30": 90, "1h 30m": 90, "1h30m": 90, "1 hr 30": 90, "1:30": 90, "0:45": 45, "1.5h": 90, "1,5 hours": 90,
    "1½ hours": 90, "½ hour": 30, "half an hour": 30, "a half hour": 30, "an hour and a half": 90,
    "one and a half hours": 90, "2 and a half hours": 150, "two hours": 120, "2 hours and 15 minutes": 135,
    "2 hours, 15 minutes": 135, "a quarter of an hour": 15, "three quarters of an hour": 45, "an hour and a quarter": 75,
    "120 seconds": 2, "3d": 3 * 1440, "3 days": 3 * 1440, "1d 12h": 2160, "half a day": 720, "a week": 10080,
    "2 weeks": 20160, "a fortnight": 20160, "a week and a half": 15120, "a couple of hours": 120, "366 days": 366 * 1440,
    "1 HOUR": 60, "９０ min": 90,
}  # fmt: skip


@pytest.mark.parametrize(("text", "minutes"), DURATIONS.items())
def test_a_duration(text: str, minutes: int) -> None:
    assert when.duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text",
    ["", "0", "0m", "-5", "-1h", "- 1h", "367 days", "9" * 150, "99999999 weeks", "an", "h", "1h 1h", "5m 1h", "1:60",
     "1:30:00", "soon", "1h30 tomorrow", "1.5", "3pm", "1e3", "½", "0:00"],
)  # fmt: skip
def test_no_duration(text: str) -> None:
    with pytest.raises(BadValue):
        when.duration(text)


@pytest.mark.parametrize("text", ["a month", "1 year"])
def test_a_duration_of_no_fixed_length_is_asked_about(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        when.duration(text)
    assert all(when.duration(choice) > timedelta(days=20) for choice in refused.value.choices)
    assert refused.value.choices


CLOCKS = {
    "10:00": time(10), "9am": time(9), "9 AM": time(9), "noon": time(12), "midnight": time(0), "10.30": time(10, 30),
    "9:30": time(9, 30), "03:30": time(3, 30), "22": time(22), "0:00": time(0), "12am": time(0), "12pm": time(12),
    "3.30pm": time(15, 30), "15h": time(15), "15h30": time(15, 30), "half past 3 pm": time(15, 30), "1500": time(15),
    "at 17:45": time(17, 45), "24:00": time(0), "09": time(9),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CLOCKS.items())
def test_a_clock(text: str, expected: time) -> None:
    assert when.clock(text) == expected


@pytest.mark.parametrize(
    "text", ["", "25:00", "10:60", "13pm", "0am", "10:00 tue", "ten", "24:01", "12:00-13:00", "noonish"]
)
def test_no_clock(text: str) -> None:
    with pytest.raises(BadValue):
        when.clock(text)


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("9", ("09:00", "21:00")),
        ("3:30", ("03:30", "15:30")),
        ("12", ("00:00", "12:00")),
        ("three o'clock", ("03:00", "15:00")),
    ],
)
def test_a_clock_without_its_half_of_the_day_is_asked_about(text: str, choices: tuple[str, ...]) -> None:
    with pytest.raises(BadValue) as refused:
        when.clock(text)
    assert refused.value.choices == choices


RANGES = {
    "18:00-08:00": (time(18), time(8)), "22 to 7": (time(22), time(7)), "22-7": (time(22), time(7)),
    "10pm - 7am": (time(22), time(7)), "10pm to 7am": (time(22), time(7)), "from 22:00 until 6:30": (time(22), time(6, 30)),
    "between 22h and 7h": (time(22), time(7)), "18:00–08:00": (time(18), time(8)), "midnight to 6am": (time(0), time(6)),
    "9:00-17:00": (time(9), time(17)), "8pm till noon": (time(20), time(12)),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), RANGES.items())
def test_a_range_of_hours(text: str, expected: tuple[time, time]) -> None:
    assert when.clock_range(text) == expected


@pytest.mark.parametrize("text", ["", "22:00", "22:00-22:00", "10 to 10pm tue", "25-7", "-", "a-b", "1-2-3"])
def test_no_range_of_hours(text: str) -> None:
    with pytest.raises(BadValue):
        when.clock_range(text)


@pytest.mark.parametrize("text", ["10 to 7", "10-7", "9 to 5pm", "noon to 3"])
def test_a_range_that_may_be_morning_or_evening_is_asked_about(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        when.clock_range(text)
    assert len({when.clock_range(choice) for choice in refused.value.choices}) > 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("tue", 1), ("Tuesday", 1), ("MON", 0), ("sun", 6), ("thurs.", 3), ("on Fridays", 4)],
)
def test_a_weekday(text: str, expected: int) -> None:
    assert when.weekday(text) == expected


@pytest.mark.parametrize("text", ["", "t", "someday", "tue wed", "1"])
def test_no_weekday(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        when.weekday(text)
    assert [when.weekday(choice) for choice in refused.value.choices] == list(range(7))


ZONE_NAMES = {
    "Europe/London": "Europe/London", "europe/london": "Europe/London", "London": "Europe/London",
    "london time": "Europe/London", "new york": "America/New_York", "New_York": "America/New_York", "NYC": "America/New_York",
    "Sao Paulo": "America/Sao_Paulo", "São Paulo": "America/Sao_Paulo", "Zürich": "Europe/Zurich", "mumbai": "Asia/Kolkata",
    "san francisco": "America/Los_Angeles", "UTC": "UTC", "utc": "UTC", "CET": "Europe/Berlin", "ET": "America/New_York",
    "PT": "America/Los_Angeles", "JST": "Asia/Tokyo", "port of spain": "America/Port_of_Spain", "Germany": "Europe/Berlin",
    "US/Eastern": "US/Eastern", "Kyiv": "Europe/Kyiv", "ho chi minh": "Asia/Ho_Chi_Minh",
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ZONE_NAMES.items())
def test_a_zone(text: str, expected: str) -> None:
    assert when.zone(text).key == expected


@pytest.mark.parametrize(
    "text", ["IST", "CST", "BST", "EST", "GMT", "eet", "Portland", "Cambridge", "eastern"]
)
def test_a_zone_of_several_places_is_asked_about(text: str) -> None:
    with pytest.raises(BadValue) as refused:
        when.zone(text)
    assert len({when.zone(choice).key for choice in refused.value.choices}) > 1


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("Lodnon", "Europe/London"), ("Europe/Berln", "Europe/Berlin"), ("new yrok", "America/New_York")],
)
def test_an_unknown_zone_offers_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(BadValue) as refused:
        when.zone(text)
    assert nearest in refused.value.choices
    assert 1 <= len(refused.value.choices) <= 3


@pytest.mark.parametrize("text", ["UTC+2", "+02:00", "GMT-5", "-5"])
def test_an_offset_is_no_zone_to_keep(text: str) -> None:
    with pytest.raises(BadValue, match="summer time"):
        when.zone(text)


def test_every_iana_name_is_its_own_zone() -> None:
    for name in sorted(n for n in available_timezones() if "/" in n):
        assert when.zone(name.lower()).key == name


def test_the_speakers_own_zone_settles_letters_that_several_places_use() -> None:
    for name, letters in {
        "Asia/Kolkata": "IST", "Asia/Jerusalem": "IST", "America/Chicago": "CST", "Asia/Shanghai": "CST",
        "Asia/Manila": "PST", "America/Jamaica": "EST", "Europe/Paris": "CET",
    }.items():  # fmt: skip
        zone = ZoneInfo(name)
        at = when.moment(f"friday 3pm {letters}", now=NOW, zone=zone)
        assert at == datetime(2026, 3, 6, 15, tzinfo=zone)
        assert at.tzinfo is zone


def test_no_word_of_time_is_also_a_zone() -> None:
    words = {*WEEKDAY_WORDS, *MONTH_WORDS, *NUMBER_WORDS, *ORDINAL_WORDS, *PARTS}
    words |= {
        "today",
        "tomorrow",
        "tonight",
        "noon",
        "midnight",
        "next",
        "this",
        "last",
        "week",
        "am",
        "pm",
        "at",
    }
    for word in sorted(words):
        with pytest.raises(BadValue):
            when.zone(word)


SPANS = {
    "today": ("2026-03-04", "2026-03-05"), "tomorrow": ("2026-03-05", "2026-03-06"), "this week": ("2026-03-02", "2026-03-09"),
    "next week": ("2026-03-09", "2026-03-16"), "last week": ("2026-02-23", "2026-03-02"),
    "this month": ("2026-03-01", "2026-04-01"), "next month": ("2026-04-01", "2026-05-01"),
    "march": ("2026-03-01", "2026-04-01"), "in May": ("2026-05-01", "2026-06-01"), "february": ("2027-02-01", "2027-03-01"),
    "feb 2028": ("2028-02-01", "2028-03-01"), "december": ("2026-12-01", "2027-01-01"), "2027-05": ("2027-05-01", "2027-06-01"),
    "2027": ("2027-01-01", "2028-01-01"), "this year": ("2026-01-01", "2027-01-01"),
    "14 May 2027": ("2027-05-14", "2027-05-15"), "2027-05-14": ("2027-05-14", "2027-05-15"),
    "2026-01-14": ("2026-01-14", "2026-01-15"), "1 march": ("2027-03-01", "2027-03-02"), "friday": ("2026-03-06", "2026-03-07"),
    "wed": ("2026-03-04", "2026-03-05"), "next friday": ("2026-03-13", "2026-03-14"), "yesterday": ("2026-03-03", "2026-03-04"),
    "this weekend": ("2026-03-07", "2026-03-09"), "next weekend": ("2026-03-14", "2026-03-16"),
    "friday next week": ("2026-03-13", "2026-03-14"), "last friday of march": ("2026-03-27", "2026-03-28"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "days"), SPANS.items())
def test_a_span_of_days(text: str, days: tuple[str, str]) -> None:
    expected = tuple(datetime.fromisoformat(day).replace(tzinfo=NEW_YORK) for day in days)
    assert when.span(text, now=NOW, zone=NEW_YORK) == expected


def test_a_span_from_now_ends_with_its_last_day() -> None:
    for text, end in {
        "next 10 days": "2026-03-15",
        "next two weeks": "2026-03-19",
        "next 3 months": "2026-06-05",
    }.items():
        expected = (NOW, datetime.fromisoformat(end).replace(tzinfo=NEW_YORK))
        assert when.span(text, now=NOW, zone=NEW_YORK) == expected


@pytest.mark.parametrize(
    "text", ["", "tomorrow 15:00", "in 2 hours", "sometime", "next", "30 feb", "noon", "next 10"]
)
def test_no_span(text: str) -> None:
    with pytest.raises(BadValue):
        when.span(text, now=NOW, zone=NEW_YORK)


def test_a_span_that_may_be_two_dates_is_asked_about() -> None:
    with pytest.raises(BadValue) as refused:
        when.span("03/04", now=NOW, zone=NEW_YORK)
    assert refused.value.choices == ("2026-03-04", "2026-04-03")


def test_the_echo_names_weekday_date_time_zone_and_distance() -> None:
    now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    said = when.describe(datetime(2026, 3, 3, 15, 0, tzinfo=UTC), now=now, zone=LONDON)
    assert said == "Tuesday 3 March 2026, 15:00 (Europe/London), in 2 days"


DISTANCES = {
    timedelta(seconds=20): "now", timedelta(minutes=1): "in 1 minute", timedelta(minutes=45): "in 45 minutes",
    timedelta(hours=2): "in 2 hours", timedelta(hours=3, minutes=20): "in 3 hours 20 minutes",
    timedelta(hours=13, minutes=20): "in 13 hours", timedelta(days=1): "in 1 day", timedelta(days=12): "in 12 days",
    timedelta(days=91): "in about 3 months", timedelta(days=1096): "in about 3 years",
    timedelta(hours=-2): "2 hours ago", timedelta(days=-3): "3 days ago",
}  # fmt: skip


@pytest.mark.parametrize(("ahead", "said"), DISTANCES.items())
def test_how_far_away(ahead: timedelta, said: str) -> None:
    assert when.distance(NOW + ahead, now=NOW, zone=ZoneInfo("UTC")) == said
