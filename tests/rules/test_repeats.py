"""How often, as people say it: understood, asked about, or refused, and said back."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.errors import BadValue
from bot.rules import recurrence
from bot.when import repeat, say_repeat

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ZONE = ZoneInfo("Europe/London")
TUE, THU, FRI = date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 6)

UNDERSTOOD = [
    ("every week", TUE, "FREQ=WEEKLY;BYDAY=TU", "every Tuesday"),
    ("weekly", FRI, "FREQ=WEEKLY;BYDAY=FR", "every Friday"),
    ("every tuesday", TUE, "FREQ=WEEKLY;BYDAY=TU", "every Tuesday"),
    ("Tuesdays", TUE, "FREQ=WEEKLY;BYDAY=TU", "every Tuesday"),
    ("each tue forever", TUE, "FREQ=WEEKLY;BYDAY=TU", "every Tuesday"),
    ("every other thursday", THU, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "every other Thursday"),
    ("biweekly", TUE, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "every other Tuesday"),
    ("every fortnight", TUE, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "every other Tuesday"),
    ("every two weeks on thursday", THU, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "every other Thursday"),
    ("every 3 weeks", TUE, "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU", "every 3 weeks on Tuesday"),
    ("every tue and thu", TUE, "FREQ=WEEKLY;BYDAY=TU,TH", "every Tuesday and Thursday"),
    ("weekly on tue, wed & fri", TUE, "FREQ=WEEKLY;BYDAY=TU,WE,FR", "every Tuesday, Wednesday and Friday"),
    ("weekdays", TUE, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
    ("every working day", TUE, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday"),
    ("every weekend", date(2026, 3, 7), "FREQ=WEEKLY;BYDAY=SA,SU", "every Saturday and Sunday"),
    ("daily", TUE, "FREQ=DAILY", "every day"),
    ("every 2 days", TUE, "FREQ=DAILY;INTERVAL=2", "every other day"),
    ("monthly", TUE, "FREQ=MONTHLY;BYMONTHDAY=3", "monthly on day 3"),
    ("every 3 months", TUE, "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=3", "every 3 months on day 3"),
    ("quarterly", TUE, "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=3", "every 3 months on day 3"),
    ("every other month", TUE, "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=3", "every other month on day 3"),
    (
        "monthly on the first monday",
        date(2026, 4, 6),
        "FREQ=MONTHLY;BYDAY=1MO",
        "monthly on the first Monday",
    ),
    ("every last friday", date(2026, 3, 27), "FREQ=MONTHLY;BYDAY=-1FR", "monthly on the last Friday"),
    ("last friday of the month", date(2026, 3, 27), "FREQ=MONTHLY;BYDAY=-1FR", "monthly on the last Friday"),
    (
        "second thursday of every month",
        date(2026, 3, 12),
        "FREQ=MONTHLY;BYDAY=2TH",
        "monthly on the second Thursday",
    ),
    (
        "first and third tuesday of the month",
        TUE,
        "FREQ=MONTHLY;BYDAY=1TU,3TU",
        "monthly on the first and third Tuesday",
    ),
    ("the 15th of each month", date(2026, 3, 15), "FREQ=MONTHLY;BYMONTHDAY=15", "monthly on day 15"),
    (
        "on the last day of the month",
        date(2026, 3, 31),
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "monthly on the last day",
    ),
    ("yearly", TUE, "FREQ=YEARLY", "every year"),
    (
        "every week until 14 May",
        TUE,
        "FREQ=WEEKLY;BYDAY=TU;UNTIL=20260514",
        "every Tuesday until 14 May 2026",
    ),
    (
        "tuesdays and thursdays until june",
        TUE,
        "FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20260630",
        "every Tuesday and Thursday until 30 June 2026",
    ),
    (
        "every week until 2027-05-14",
        TUE,
        "FREQ=WEEKLY;BYDAY=TU;UNTIL=20270514",
        "every Tuesday until 14 May 2027",
    ),
    ("every week 6 times", TUE, "FREQ=WEEKLY;BYDAY=TU;COUNT=6", "every Tuesday, 6 times"),
    ("every week, for ten sessions", TUE, "FREQ=WEEKLY;BYDAY=TU;COUNT=10", "every Tuesday, 10 times"),
    (
        "every week for 6 weeks",
        TUE,
        "FREQ=WEEKLY;BYDAY=TU;UNTIL=20260413",
        "every Tuesday until 13 April 2026",
    ),
    ("RRULE:FREQ=WEEKLY;BYDAY=TU", TUE, "FREQ=WEEKLY;BYDAY=TU", "every Tuesday"),
    (
        "freq=yearly;bymonth=3;byday=1tu",
        TUE,
        "FREQ=YEARLY;BYMONTH=3;BYDAY=1TU",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=1TU",
    ),
]


@pytest.mark.parametrize(("text", "start", "rule", "words"), UNDERSTOOD, ids=[row[0] for row in UNDERSTOOD])
def test_it_is_understood_and_said_back(text: str, start: date, rule: str, words: str) -> None:
    read = repeat(text, start=start, now=NOW, zone=ZONE)
    assert read == rule
    assert say_repeat(read) == words
    recurrence.read(read)


@pytest.mark.parametrize(("_", "start", "rule", "words"), UNDERSTOOD, ids=[row[0] for row in UNDERSTOOD])
def test_the_first_time_is_the_first_day_and_what_is_said_back_reads_the_same(
    _: str, start: date, rule: str, words: str
) -> None:
    begins = datetime.combine(start, datetime.min.time())
    series = recurrence.Series(begins, "UTC", rule)
    first = next(recurrence.moments(series, datetime(2036, 1, 1, tzinfo=UTC)))
    assert first.date() == start
    if not words.startswith("FREQ"):
        assert repeat(words.replace("on day", "on the"), start=start, now=NOW, zone=ZONE) == rule


@pytest.mark.parametrize(
    ("start", "rule", "days"),
    [
        (date(2026, 1, 31), "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", [31, 28, 31, 30, 31]),
        (date(2026, 1, 30), "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", [30, 28, 30, 30, 30]),
    ],
)
def test_a_month_without_the_date_takes_its_last_day(start: date, rule: str, days: list[int]) -> None:
    assert repeat("monthly", start=start, now=NOW, zone=ZONE) == rule
    series = recurrence.Series(datetime.combine(start, datetime.min.time()), "UTC", rule)
    found = recurrence.moments(series, datetime(2026, 6, 1, tzinfo=UTC))
    assert [at.day for at in found] == days


@pytest.mark.parametrize("text", ["every second thursday", "bimonthly", "twice a month"])
def test_what_can_mean_two_things_is_asked_about_and_the_choices_read(text: str) -> None:
    with pytest.raises(BadValue) as asked:
        repeat(text, start=THU, now=NOW, zone=ZONE)
    assert len(asked.value.choices) == 2
    second_thursday = date(2026, 3, 12)
    for choice in asked.value.choices:
        assert repeat(choice, start=second_thursday, now=NOW, zone=ZONE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Please give how often"),
        ("now and then", "does not say how often"),
        ("every 0 weeks", "does not say how often"),
        ("every thursday", "which is no Thursday"),
        ("monthly on the first monday", "which is not “first monday”"),
        ("the 15th of each month", "which is not “15th of each month”"),
        ("every week until yesterday", "before it begins"),
        ("every week 0 times", "at least one session"),
        ("every week until the cows come home", ""),
        ("x" * 300, "at most 200 characters"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(BadValue) as refused:
        repeat(text, start=TUE, now=NOW, zone=ZONE)
    assert says in refused.value.message
