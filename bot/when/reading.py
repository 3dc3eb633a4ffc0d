"""What a text says about time, gathered word by word: nothing may be said twice."""

from dataclasses import dataclass
from datetime import timedelta

from bot.errors import BadValue
from bot.when import days, zones
from bot.when.clocks import Clock
from bot.when.days import Day
from bot.when.words import quoted

EXAMPLES = "“tue 15:00”, “tomorrow noon” or “14 May 2027 15:00”"


class Unread(BadValue):
    """Some word was not understood; the whole text may still be another language's."""


@dataclass(slots=True)
class Reading:
    """What was said. More than one `day` is an ambiguity: "03/04" has two."""

    text: str
    clock: Clock | None = None
    part: str = ""
    day: tuple[Day, ...] = ()
    weekday: int | None = None
    week: int | None = None
    zone: zones.ZoneMeant | None = None
    ahead: timedelta | None = None
    iso: bool = False

    def say_day(self, *day: Day) -> None:
        self._once(self.day or self.ahead is not None, "two days")
        self.day = day

    def say_clock(self, clock: Clock) -> None:
        self._once(self.clock or self.ahead is not None, "two times of day")
        self.clock = clock

    def say_part(self, part: str) -> None:
        self._once(self.part not in ("", part), "two parts of the day")
        self.part = part

    def say_weekday(self, day: int) -> None:
        self._once(self.weekday is not None or self.ahead is not None, "two days")
        self.weekday = day

    def say_week(self, week: int) -> None:
        self._once(self.week is not None or self.ahead is not None, "two weeks")
        self.week = week

    def say_zone(self, zone: zones.ZoneMeant) -> None:
        self._once(self.zone, "two time zones")
        self.zone = zone

    def say_ahead(self, ahead: timedelta) -> None:
        self._once(self.ahead is not None or self.clock or self.day or self.weekday is not None, "two times")
        self.ahead = ahead

    def _once(self, again: object, what: str) -> None:
        if again:
            raise BadValue(f"{quoted(self.text)} names {what}. Give one start, for example {EXAMPLES}.")

    def days_said(self) -> tuple[Day, ...]:
        """Return the days meant; empty when the text names none. A weekday beside a date is a check on it."""
        if self.day:
            self._once(self.week is not None, "a day and a week")
            return self.day
        if self.weekday is not None:
            return (
                days.weekday(self.weekday)
                if self.week is None
                else days.weekday_of_week(self.weekday, self.week),
            )
        return ()
