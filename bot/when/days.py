"""Which dates a phrase for a day may mean, seen from a given today."""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

YEARS_AHEAD = 5
_A_MONTH = timedelta(days=30)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """A day as said. `dates` gives the dates it may mean on a given today: the first ahead is meant.

    `local` says that it depends on which day it is where the speaker is ("tomorrow").
    `missed` is for a date that comes round again: one that passed more recently is asked about.
    """

    dates: Callable[[date], list[date]]
    local: bool = False
    missed: timedelta = timedelta(0)


def fixed(day: date) -> Day:
    return Day(lambda today: [day])


def shifted(days: int) -> Day:
    """So many days after today."""
    return Day(lambda today: [today + timedelta(days)], local=True)


def months_later(months: int) -> Day:
    """The same day so many months on, or that month's last."""

    def dates(today: date) -> list[date]:
        year, month = _month(today, months)
        return [date(year, month, min(today.day, monthrange(year, month)[1]))]

    return Day(dates, local=True)


def any_day() -> Day:
    """No day was named: the first that fits."""
    return Day(lambda today: [today + timedelta(n) for n in range(-1, 3)])


def weekday(day: int) -> Day:
    """The coming one, today's included while it lies ahead."""
    return Day(lambda today: [_on_or_after(today - timedelta(1), day) + timedelta(7 * n) for n in range(3)])


def coming_weekday(day: int, *, weeks: int) -> Day:
    """So many weeks after the first such weekday later than today."""
    return Day(lambda today: [_on_or_after(today + timedelta(1), day) + timedelta(7 * weeks)], local=True)


def previous_weekday(day: int) -> Day:
    """The last one before today."""
    return Day(lambda today: [_on_or_after(today - timedelta(7), day)], local=True)


def weekday_of_week(day: int, weeks: int) -> Day:
    """That weekday of the calendar week so many weeks on; weeks begin on Monday."""
    return Day(lambda today: [_monday(today) + timedelta(7 * weeks + day)], local=True)


def of_year(month: int, day: int) -> Day:
    """That date in any year that has it."""
    return Day(
        lambda today: [d for y in _years(today) if (d := valid(y, month, day))],
        missed=_A_MONTH,
    )


def of_month(day: int, months: int | None) -> Day:
    """That day of the month so many months on, or with None of the first month where it lies ahead."""

    def dates(today: date) -> list[date]:
        ahead = range(3) if months is None else (months,)
        return [d for n in ahead if (d := valid(*_month(today, n), day))]

    return Day(dates, local=True, missed=_A_DAY if months is None else timedelta(0))


def nth_weekday(nth: int, day: int, *, month: int = 0, year: int = 0, months: int = 0) -> Day:
    """The nth (-1: the last) such weekday of a month of the year, of any year, or so many months on."""
    return _in_months(lambda y, m: _nth(y, m, nth, day), month, year, months)


def last_day(*, month: int = 0, year: int = 0, months: int = 0) -> Day:
    """The last day of a month of the year, of any year, or so many months on."""
    return _in_months(lambda y, m: date(y, m, monthrange(y, m)[1]), month, year, months)


def _in_months(pick: Callable[[int, int], date | None], month: int, year: int, months: int) -> Day:
    def dates(today: date) -> list[date]:
        if not month:
            places = [_month(today, months)]
        else:
            places = [(y, month) for y in ([year] if year else _years(today))]
        return [d for place in places if (d := pick(*place))]

    return Day(dates, local=not month, missed=_A_MONTH if month and not year else timedelta(0))


def valid(year: int, month: int, day: int) -> date | None:
    """Return the date, or None where the calendar has none."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _years(today: date) -> range:
    return range(today.year - 1, today.year + YEARS_AHEAD + 4)


def _month(today: date, ahead: int) -> tuple[int, int]:
    months = today.year * 12 + today.month - 1 + ahead
    return months // 12, months % 12 + 1


def _monday(day: date) -> date:
    return day - timedelta(day.weekday())


def _on_or_after(day: date, weekday: int) -> date:
    return day + timedelta((weekday - day.weekday()) % 7)


def _nth(year: int, month: int, nth: int, day: int) -> date | None:
    first = _on_or_after(date(year, month, 1), day)
    days = [d for n in range(5) if (d := first + timedelta(7 * n)).month == month]
    return next(islice(days, nth - 1, None), None) if nth > 0 else days[-1]
