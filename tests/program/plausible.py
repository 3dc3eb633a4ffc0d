"""Arguments that a sensible person in the village would give, for any parameter of any command."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.registry import Command, Parameter
from bot.rules.access import Occasion
from storage.tables import Community, Draft, Occurrence, Person, Pulse, Resource, SlotPoll
from tests.program.village import Village

_BY_TYPE: Mapping[Any, str] = {
    bool: "yes",
    int: "1",
    str: "A few words",
    datetime: "thursday 15:00",
    timedelta: "45m",
    ZoneInfo: "Europe/London",
    tuple[str, ...]: "one, two",
    Community: "python",
    Occasion: "S1",
    Occurrence: "S1",
    Resource: "R1",
    Pulse: "P1",
    SlotPoll: "T1",
    Draft: "D1",
    Person: "@mo",
}
_BY_NAME = {
    "away": "Spring: 6 april to 10 april",
    "reactions": "save=bookmark",
    "reminders": "24h, 15m",
    "repeat": "every week 2 times",
    "quiet_hours": "22:00-07:00",
    "slug": "a-few-words",
    "start": "next week",
    "tag": "rag",
    "time": "10:00",
    "topic": "session",
    "url": "https://example.org/another",
    "when": "thursday 15:00",
    "zone": "Europe/London",
}
# What only fits one command: another person, the archived community, a request to the community that takes them.
_BY_COMMAND: Mapping[str, Mapping[str, str]] = {
    "cop decide": {"community": "circle"},
    "cop demote": {"person": "@flo"},
    "cop invite": {"person": "@gus"},
    "cop revive": {"community": "attic"},
    "pulse poll": {"anonymous": "no"},
    "pulse results": {"pulse": "P2"},
    "session edit": {"capacity": "50"},
    "session move": {"when": "friday 16:00"},
    "session poll": {"options": "2026-03-20 15:00, 2026-03-21 15:00"},
    "session list": {"when": "this week"},
}
_LEFT_OUT = {
    ("cop link", "code"),
    ("cop link", "confirm"),
    ("cop erase", "confirm"),
    ("pulse vote", "key"),
    ("resource save", "author"),
}


def value(command: Command, parameter: Parameter, village: Village) -> str:
    """Return what a sensible person would say for the parameter."""
    own = _BY_COMMAND.get(command.path, {}).get(parameter.name)
    if own is not None:
        return own
    keys = {("cop farewell", "key"): village.farewell, ("pulse change", "key"): village.receipt}
    if (command.path, parameter.name) in keys:
        return keys[command.path, parameter.name]
    if parameter.name == "edition":
        return village.edition
    if parameter.choices:
        return parameter.choices[0]
    return (_BY_NAME if parameter.type is str else {}).get(parameter.name) or _BY_TYPE[parameter.type]


def arguments(command: Command, village: Village) -> dict[str, str]:
    """Return sensible arguments: all of them, except those whose absence is the usual way."""
    return {
        parameter.name: value(command, parameter, village)
        for parameter in command.parameters
        if (command.path, parameter.name) not in _LEFT_OUT
    }


def channel(command: Command) -> str:
    """Return where one would type it: `python` is connected to its community, `general` to none."""
    return "python" if command.path == "cop disconnect" else "general"
