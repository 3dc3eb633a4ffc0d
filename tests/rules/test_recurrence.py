"""Series keep their wall clock: against an oracle that walks through time minute by minute."""

import os
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.errors import BadValue
from bot.rules.recurrence import MOST, Series, instant, moments, read

FOREVER = datetime(2036, 1, 1, tzinfo=UTC)
EVERY_CASE = os.environ.get("HEARTH_ORACLE") == "all"
"""Without it, a sample of zones and years that another seed changes; with it every zone, for minutes."""

SEED = int(os.environ.get("HEARTH_FAULT_SEED", "5"))
HALF_HOURS = [timedelta(minutes=30 * n) for n in range(48)]
MINUTE = timedelta(minutes=1)


def changes(zone: ZoneInfo, first: int, years: int) -> list[datetime]:
    """Return the days, as naive local midnights, around each change of the zone's clock."""
    found = []
    at = datetime(first, 1, 1, tzinfo=UTC)
    while at.year < first + years:
        after = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            day = after.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
            found += [day - timedelta(days=1), day, day + timedelta(days=1)]
        at = after
    return found


def minutes_of(day: datetime, zone: ZoneInfo) -> dict[datetime, datetime]:
    """Walk through a local day and the hours around it: the first moment at which each wall minute is shown."""
    shown: dict[datetime, datetime] = {}
    at = (day - timedelta(days=1)).replace(tzinfo=UTC)
    for _ in range(3 * 24 * 60):
        shown.setdefault(at.astimezone(zone).replace(tzinfo=None, fold=0), at)
        at += MINUTE
    return shown


def oracle(wall: datetime, shown: dict[datetime, datetime]) -> datetime:
    while wall not in shown:  # the clocks skip it: the first minute that comes
        wall += MINUTE
    return shown[wall]


def cases() -> list[tuple[str, int]]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    zones = [
        name
        for name in sorted(available_timezones())
        if "/" in name
        and not name.startswith(("Etc/", "posix/", "right/"))
        and len({(now + timedelta(days=30 * n)).astimezone(ZoneInfo(name)).utcoffset() for n in range(14)})
        > 1
    ]
    every = [(zone, year) for zone in zones for year in range(2026, 2036)]
    known = [
        (zone, 2027)
        for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
    ]
    return every if EVERY_CASE else [*known, *random.Random(SEED).sample(every, 6)]


@pytest.mark.parametrize(("name", "year"), cases())
def test_every_half_hour_around_every_clock_change(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    for day in changes(zone, year, 1):
        shown = minutes_of(day, zone)
        for past_midnight in HALF_HOURS:
            wall = day + past_midnight
            assert instant(wall, zone) == oracle(wall, shown), (name, wall)


def first(series: Series, count: int = 3) -> list[str]:
    zone = ZoneInfo(series.zone)
    return [
        f"{at.astimezone(zone):%m-%d %H:%M}"
        for at, _ in zip(moments(series, FOREVER), range(count), strict=False)
    ]


def test_the_wall_clock_is_kept_and_only_the_skipped_hour_moves() -> None:
    weekly = Series(datetime.fromisoformat("2026-03-22T02:30"), "Europe/Berlin", "FREQ=WEEKLY")
    assert first(weekly) == ["03-22 02:30", "03-29 03:00", "04-05 02:30"]
    noon = Series(datetime.fromisoformat("2026-03-22T12:00"), "America/New_York", "FREQ=WEEKLY")
    assert first(noon) == ["03-22 12:00", "03-29 12:00", "04-05 12:00"]


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("FREQ=WEEKLY;COUNT=5", 5),
        ("FREQ=WEEKLY;UNTIL=20260331", 5),
        ("FREQ=WEEKLY;UNTIL=20260331T090000", 5),
        ("FREQ=WEEKLY;UNTIL=20260331T085959", 4),
        ("FREQ=WEEKLY;UNTIL=20260302", 0),
        (f"FREQ=DAILY;COUNT={MOST}", 3590),
    ],
)
def test_a_series_ends_as_it_says_and_is_asked_for_no_further_than_needed(rule: str, count: int) -> None:
    series = Series(datetime.fromisoformat("2026-03-03T09:00"), "UTC", rule)
    assert len(list(moments(series, datetime(2035, 12, 31, tzinfo=UTC)))) == count


def test_occurrences_come_in_order_and_not_beyond_what_is_asked() -> None:
    series = Series(datetime.fromisoformat("2026-03-03T09:00"), "Pacific/Auckland", "FREQ=DAILY")
    found = list(moments(series, datetime(2027, 3, 3, tzinfo=UTC)))
    assert found == sorted(set(found))
    assert found[-1] <= datetime(2027, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "weekly",
        "FREQ",
        "FREQ=",
        "FREQ=SECONDLY",
        "FREQ=HOURLY;COUNT=3",
        "FREQ=DAILY;BYHOUR=1,2",
        "FREQ=SOMETIMES",
        "FREQ=WEEKLY;FREQ=DAILY",
        "FREQ=WEEKLY;COUNT=0",
        f"FREQ=WEEKLY;COUNT={MOST + 1}",
        "FREQ=WEEKLY;COUNT=-1",
        "FREQ=WEEKLY;COUNT=99999999999999999999",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;COUNT=3;UNTIL=20270101",
        "FREQ=WEEKLY;UNTIL=2027",
        "FREQ=WEEKLY;UNTIL=20271399",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9",
        "FREQ=WEEKLY;X-OURS=1",
        "FREQ=WEEKLY;" + "BYDAY=MO" * 100,
    ],
)
def test_a_rule_that_is_none_runs_away_or_never_happens_is_refused(rule: str) -> None:
    with pytest.raises(BadValue):
        read(rule)
