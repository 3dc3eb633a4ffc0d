"""Time as people say it, read in the speaker's zone and said back; what is ambiguous is asked about."""

from bot.when.clocks import clock, clock_range, weekday
from bot.when.durations import duration
from bot.when.echo import describe, distance
from bot.when.moments import moment
from bot.when.repeats import repeat, say_repeat
from bot.when.spans import span
from bot.when.zones import zone

__all__ = [
    "clock",
    "clock_range",
    "describe",
    "distance",
    "duration",
    "moment",
    "repeat",
    "say_repeat",
    "span",
    "weekday",
    "zone",
]
