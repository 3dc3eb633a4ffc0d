"""Time as people say it: a table of phrases, every clock change, and nothing but BadValue for the rest."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import when
from bot.errors import BadValue

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=NEW_YORK)


class Phrase(NamedTuple):
    text: str
    now: datetime
    zone: ZoneInfo
    mark: str
    moments: tuple[datetime, ...]


def _phrases() -> Iterator[Phrase]:
    now, zone = NOW, NEW_YORK
    for line in (Path(__file__).parent / "phrases.txt").read_text("utf-8").splitlines():
        if line.startswith("@"):
            _, at, name = line.split()
            zone = ZoneInfo(name)
            now = datetime.fromisoformat(at).replace(tzinfo=zone)
        elif line and not line.startswith("#"):
            mark = next(m for m in (" ->", " ??", " !!") if m in line)
            text, _, expected = line.partition(mark)
            moments = tuple(datetime.fromisoformat(m.strip()) for m in expected.split(",") if m.strip())
            yield Phrase(text, now, zone, mark.strip(), moments)


PHRASES = list(_phrases())


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda p: f"{p.text} @ {p.now:%Y-%m-%d}")
def test_a_phrase_means_what_the_table_says(phrase: Phrase) -> None:
    if phrase.mark == "->":
        at = when.moment(phrase.text, now=phrase.now, zone=phrase.zone)
        assert (at.astimezone(UTC), at.utcoffset()) == (phrase.moments[0], phrase.moments[0].utcoffset())
        return
    with pytest.raises(BadValue) as refused:
        when.moment(phrase.text, now=phrase.now, zone=phrase.zone)
    offered = [when.moment(c, now=phrase.now, zone=phrase.zone) for c in refused.value.choices]
    assert [at.astimezone(UTC) for at in offered] == list(phrase.moments)
    assert all(f"“{choice}”" in refused.value.message for choice in refused.value.choices)


def test_the_table_is_long_and_few_plain_phrases_are_asked_about() -> None:
    plain = [p for p in PHRASES if p.mark in ("->", "!!")]
    asked = [p for p in plain if p.mark == "!!"]
    assert len(plain) >= 150
    assert len(asked) < len(plain) / 10


def test_the_second_of_two_equal_hours_lies_after_the_first() -> None:
    first = datetime(2026, 10, 25, 1, 50, tzinfo=LONDON)
    at = when.moment("in 20 minutes", now=first, zone=LONDON)
    assert at.astimezone(UTC) == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert when.describe(at, now=first, zone=LONDON).endswith("01:10 (Europe/London), in 20 minutes")
    assert when.moment("01:10", now=first, zone=LONDON).astimezone(UTC) == at.astimezone(UTC)


def test_now_must_be_aware() -> None:
    with pytest.raises(ValueError, match="aware"):
        when.moment("noon", now=datetime(2026, 3, 4, 10), zone=LONDON)  # noqa: DTZ001  # the point


CHANGING = (
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Casablanca",
)


@pytest.mark.parametrize("name", CHANGING)
def test_every_wall_time_of_a_year_is_read_as_its_one_moment_or_asked_about(name: str) -> None:
    zone = ZoneInfo(name)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    by_wall: dict[datetime, list[datetime]] = {}
    for n in range(365 * 48):
        instant = now + timedelta(minutes=30 * n + 30)
        by_wall.setdefault(instant.astimezone(zone).replace(tzinfo=None, fold=0), []).append(instant)
    walls = sorted(by_wall)
    odd = {w for w in walls if len(by_wall[w]) > 1} | {
        a + timedelta(minutes=30 * k)
        for a, b in pairwise(walls)
        for k in range(1, (b - a) // timedelta(minutes=30))
    }
    assert odd
    near_a_change = {w + timedelta(minutes=30 * k) for w in odd for k in range(-6, 7)}
    for wall in near_a_change | set(walls[100:17000:97]):
        if wall in odd:
            with pytest.raises(BadValue) as refused:
                when.moment(f"{wall:%Y-%m-%d %H:%M}", now=now, zone=zone)
            assert len(refused.value.choices) == 2
        else:
            read = when.moment(f"{wall:%Y-%m-%d %H:%M}", now=now, zone=zone)
            assert [read.astimezone(UTC)] == by_wall[wall]


NEXT_THURSDAY = {2: 12, 3: 12, 4: 12, 5: 12, 6: 12, 7: 12, 8: 12, 9: 19}


@pytest.mark.parametrize(("today", "thursday"), NEXT_THURSDAY.items())
def test_next_thursday_is_that_of_next_week_on_every_day_it_is_said(today: int, thursday: int) -> None:
    now = datetime(2026, 3, today, 12, 0, tzinfo=UTC)  # the 2nd is a Monday
    read = when.moment("next thursday 3pm", now=now, zone=ZoneInfo("UTC"))
    assert read == datetime(2026, 3, thursday, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["tue 15:00", "14 May 2027 15:00", "in 2 hours", "friday 3pm in Berlin"])
def test_what_is_said_back_is_understood(text: str) -> None:
    at = when.moment(text, now=NOW, zone=NEW_YORK)
    said, _, _ = when.describe(at, now=NOW, zone=NEW_YORK).rpartition(", ")
    assert when.moment(said, now=NOW, zone=NEW_YORK) == at


WORDS = [
    "tue",
    "wednesday",
    "next",
    "this",
    "last",
    "first",
    "of",
    "the",
    "march",
    "may",
    "14",
    "2027",
    "03/04",
    "14.05.",
    "15:00",
    "3pm",
    "3",
    "at",
    "in",
    "noon",
    "midnight",
    "tomorrow",
    "tonight",
    "week",
    "month",
    "hours",
    "2",
    "half",
    "an",
    "day",
    "morning",
    "london",
    "est",
    "cst",
    "+02:00",
    "z",
    "2026-03-08",
    "02:30",
    "@",
    ",",
    "-",
    "th",
    "to",
]
PHRASE_LIKE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join)
NOWS = st.integers(0, 20 * 365 * 24 * 60).map(
    lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
)
ZONES = st.sampled_from(
    ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]
).map(ZoneInfo)


@given(text=st.text(max_size=40) | PHRASE_LIKE, now=NOWS, zone=ZONES)
def test_any_text_is_a_future_moment_or_a_refusal_whose_choices_are(
    text: str, now: datetime, zone: ZoneInfo
) -> None:
    try:
        understood = [when.moment(text, now=now, zone=zone)]
    except BadValue as refused:
        understood = [when.moment(choice, now=now, zone=zone) for choice in refused.choices]
    for at in understood:
        assert now < at.astimezone(UTC) <= now + timedelta(days=366 * 5)


@given(text=st.text(max_size=40) | PHRASE_LIKE, now=NOWS, zone=ZONES)
def test_any_other_reader_answers_or_refuses(text: str, now: datetime, zone: ZoneInfo) -> None:
    for reader in (when.duration, when.clock, when.clock_range, when.weekday, when.zone):
        with contextlib.suppress(BadValue):
            reader(text)
    with contextlib.suppress(BadValue):
        start, end = when.span(text, now=now, zone=zone)
        assert start.astimezone(UTC) < end.astimezone(UTC)


READERS = {
    "moment": lambda text: when.moment(text, now=NOW, zone=NEW_YORK),
    "span": lambda text: when.span(text, now=NOW, zone=NEW_YORK),
    "duration": when.duration,
    "clock": when.clock,
    "clock_range": when.clock_range,
    "weekday": when.weekday,
    "zone": when.zone,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("text", ["1" * 100_000, "a " * 50_000, "- " * 50_000, "1h" * 50_000, "\ud800"])
def test_huge_and_broken_text_is_refused_at_once(reader: Callable[[str], object], text: str) -> None:
    started = perf_counter()
    with pytest.raises(BadValue) as refused:
        reader(text)
    assert perf_counter() - started < 1
    assert len(refused.value.message) < 500
    refused.value.message.encode()


@pytest.mark.parametrize(
    "text", ["1 " * 100, "a " * 100, "in " * 66, "next " * 40, "1:" * 100, "(" * 200, "1." * 100]
)
def test_the_longest_text_allowed_takes_little_time(text: str) -> None:
    started = perf_counter()
    with pytest.raises(BadValue):
        when.moment(text, now=NOW, zone=NEW_YORK)
    assert perf_counter() - started < 0.5
