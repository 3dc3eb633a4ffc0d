"""Entries of a calendar as iCalendar text, escaped and folded as RFC 5545 asks.

Written by hand, since a file goes with every yes and the library takes milliseconds for one event; in the tests
the library, and others, read back what is written here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bot.calendars import zones

MEDIA = "text/calendar; charset=utf-8"
REFRESH = "PT1H"
"""How often calendar apps are asked to look again."""

YEARS_AHEAD = 10
"""How far ahead the clock changes of a zone are told; apps that know the zone by its name need none of it."""

_OCTETS = 75  # of a line, RFC 5545 section 3.1
_CONTROLS = {chr(code): "" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_ESCAPED = str.maketrans({**_CONTROLS, "\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})

Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. Its times are aware, or naive wall-clock times in its `zone`.

    With a `rule` (whose UNTIL is in UTC) it repeats, but not at the `excluded` times; `instead_of` is the time
    that its series, of the same uid, had for it.
    """

    uid: str
    sequence: int
    changed_at: datetime
    starts: datetime
    ends: datetime
    title: str
    place: str = ""
    description: str = ""
    status: Status = "CONFIRMED"
    private: bool = False
    zone: str = ""
    rule: str = ""
    excluded: tuple[datetime, ...] = ()
    instead_of: datetime | None = None


def calendar(entries: Sequence[Entry], now: datetime, name: str = "") -> str:
    """Return the entries as one calendar, which has a name where it is one to subscribe to."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Hearth//Hearth//EN", "CALSCALE:GREGORIAN"]
    if name:
        lines += [f"NAME:{escape(name)}", f"X-WR-CALNAME:{escape(name)}"]
        lines += [f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}", f"X-PUBLISHED-TTL:{REFRESH}"]
    began: dict[str, int] = {}
    for entry in entries:
        if entry.zone:
            began[entry.zone] = min(entry.starts.year, began.get(entry.zone, entry.starts.year))
    for key, year in sorted(began.items()):
        lines += zones.described(key, year, now.year + YEARS_AHEAD)
    for entry in entries:
        lines += _event(entry)
    lines.append("END:VCALENDAR")
    lines.append("")
    return "\r\n".join(map(fold, lines))


def _event(entry: Entry) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{entry.uid}"
    yield f"DTSTAMP:{_utc(entry.changed_at)}"
    yield f"LAST-MODIFIED:{_utc(entry.changed_at)}"
    yield f"SEQUENCE:{entry.sequence}"
    if entry.instead_of is not None:
        yield f"RECURRENCE-ID{_moment(entry.instead_of, entry.zone)}"
    yield f"DTSTART{_moment(entry.starts, entry.zone)}"
    yield f"DTEND{_moment(entry.ends, entry.zone)}"
    if entry.rule:
        yield f"RRULE:{entry.rule}"
    if entry.excluded:
        first, *rest = (_moment(wall, entry.zone) for wall in entry.excluded)
        yield f"EXDATE{','.join([first, *(one.rpartition(':')[2] for one in rest)])}"
    yield f"SUMMARY:{escape(entry.title)}"
    if entry.place:
        yield f"LOCATION:{escape(entry.place)}"
    if entry.description:
        yield f"DESCRIPTION:{escape(entry.description)}"
    yield f"STATUS:{entry.status}"
    if entry.private:
        yield "CLASS:PRIVATE"
    yield "END:VEVENT"


def escape(text: str) -> str:
    """Return text as a value that means exactly it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_ESCAPED)


def fold(line: str) -> str:
    """Return the line in pieces of at most 75 octets, each after the first behind a space; no character is parted."""
    if line.isascii():
        if len(line) <= _OCTETS:
            return line
        rest = range(_OCTETS, len(line), _OCTETS - 1)
        return "\r\n ".join([line[:_OCTETS], *(line[start : start + _OCTETS - 1] for start in rest)])
    pieces, size = [""], 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _OCTETS:
            pieces.append("")
            size = 1
        pieces[-1] += character
        size += octets
    return "\r\n ".join(pieces)


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _moment(moment: datetime, zone: str) -> str:
    if moment.tzinfo is not None:
        return f":{_utc(moment)}"
    # Of UTC too: Home Assistant overlooks changes to a series whose times end in Z.
    return f";TZID={zone}:{moment:%Y%m%dT%H%M%S}"
