"""The budgets: a crash loop slows down and stops for the day; refused requests are broken off."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.discord.budget import IDENTIFIES_A_DAY, INVALID_LIMIT, Identifies, Invalid

MORNING = datetime(2027, 3, 1, 6, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = MORNING
        self.seconds = 0.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds


def test_a_crash_loop_slows_down_and_stops_well_below_a_thousand(tmp_path: Path) -> None:
    """Every life introduces itself once and crashes; each is a new process that knows only the folder."""
    clock, introduced = Clock(), 0
    while clock.now < MORNING + timedelta(hours=48):
        budget = Identifies(tmp_path, clock)
        clock.now += timedelta(seconds=budget.pause() + 1)
        if not Identifies(tmp_path, clock).over:
            budget.spend()
            introduced += 1
    days = 3  # 48 hours from the morning touch three of them
    assert IDENTIFIES_A_DAY < introduced <= days * IDENTIFIES_A_DAY
    assert 2 * IDENTIFIES_A_DAY < 1_000, "what fits into any 24 hours"


def test_the_first_quarter_is_free_and_the_rest_spread_over_the_day(tmp_path: Path) -> None:
    clock = Clock()
    budget = Identifies(tmp_path, clock, limit=8)
    for _ in range(2):
        assert budget.pause() == 0
        budget.spend()
    assert budget.pause() == 18 * 3600 / 6
    for _ in range(6):
        assert not budget.over
        budget.spend()
    assert budget.over
    assert budget.pause() == 18 * 3600
    clock.now += timedelta(hours=18)
    assert not budget.over
    assert budget.pause() == 0
    budget.spend()
    assert budget.spent() == 1
    assert len(list(tmp_path.iterdir())) == 1, "yesterday's count is not kept"


def test_two_processes_count_together(tmp_path: Path) -> None:
    one, other = Identifies(tmp_path, Clock(), limit=4), Identifies(tmp_path, Clock(), limit=4)
    for budget in (one, other, one, other):
        assert not budget.over
        budget.spend()
    assert one.over
    assert other.over


def test_refusals_are_broken_off_and_begin_again_when_the_window_is_over() -> None:
    clock = Clock()
    budget = Invalid(monotonic=clock.monotonic)
    for number in range(INVALID_LIMIT):
        assert budget.pause() == 0
        assert budget.count() is (number == INVALID_LIMIT - 1)
        clock.seconds += 1
    assert budget.pause() == 500
    clock.seconds += 500
    assert budget.pause() == 0


def test_refusals_spread_over_the_day_break_nothing_off() -> None:
    clock = Clock()
    budget = Invalid(monotonic=clock.monotonic)
    for _ in range(3 * INVALID_LIMIT):
        assert not budget.count()
        clock.seconds += 10
    assert budget.pause() == 0
