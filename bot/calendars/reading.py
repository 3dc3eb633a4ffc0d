"""Calendar files as other programs write them: each event whole, or why it cannot be a session."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.calendars.meant import Zones
from bot.errors import BadValue
from bot.rules import recurrence
from bot.text import clean, shorten, showable

LARGEST = 10_000_000
"""Bytes of a file."""

TITLE, PLACE, DESCRIPTION = 150, 200, 1_500
"""Characters, as in chat."""

FURTHEST = timedelta(days=50 * 366)
"""From a series' beginning to a time of it that is changed."""

_USED = ("DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RECURRENCE-ID", "SUMMARY", "UID")
_UNREADABLE = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    OSError,
)
"""What the library raises for what it cannot read; OSError for the name of a folder of zones."""


@dataclass(frozen=True, slots=True)
class Time:
    """One time an event takes place: naive wall-clock times in its zone, and what it says of itself.

    `instead_of` is when its series has it.
    """

    starts: datetime
    minutes: int
    title: str
    place: str
    description: str
    cancelled: bool
    instead_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its first or only time, and how it repeats but for the excluded times and those that differ."""

    uid: str
    zone: str
    usual: Time
    rule: str
    excluded: tuple[datetime, ...]
    others: tuple[Time, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that cannot be a session, and why, in a sentence."""

    title: str
    reason: str


def read(data: bytes, *, zone: str, minutes: int) -> list[Event | Refused]:
    """Return the events of a file, in its order; those of one UID are one.

    `zone` is whose clock is meant where the file names none, `minutes` how long what has no end lasts.
    Raises BadValue for what is no calendar at all.
    """
    from icalendar import Calendar  # which takes a tenth of a second to load

    if len(data) > LARGEST:
        raise BadValue(f"A calendar file may have at most {LARGEST:,} bytes; this has {len(data):,}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadValue("The file is not UTF-8 text, as calendar files are.") from None
    if "BEGIN:VCALENDAR" not in text.upper():
        raise BadValue("The file is no calendar: it has no BEGIN:VCALENDAR.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # the library warns where it guesses at zones, which is what we want
            found = Calendar.from_ical(text, multiple=True)
        if not found:
            raise BadValue("The file is no whole calendar: it stops before END:VCALENDAR.")
        return [event for one in found for event in _events(one, zone, minutes)]
    except _UNREADABLE as error:
        raise BadValue(f"The file cannot be read as a calendar: {_detail(error)}") from None


def _events(calendar: Any, zone: str, minutes: int) -> Iterator[Event | Refused]:
    zones = Zones(calendar, zone)
    by_uid: dict[str, list[Any]] = {}
    for number, component in enumerate(calendar.walk("VEVENT")):
        by_uid.setdefault(str(component.get("UID") or f"\0{number}"), []).append(component)
    for uid, components in by_uid.items():
        try:
            yield _Reader(zones, minutes).event(uid, components)
        except BadValue as bad:
            yield Refused(_name(components[0]), bad.message)
        except _UNREADABLE as error:
            yield Refused(_name(components[0]), f"It cannot be read: {_detail(error)}")


def _name(component: Any) -> str:
    return shorten(
        showable(str(component.get("SUMMARY") or component.get("UID") or "an event without a name")), 80
    )


def _detail(problem: object) -> str:
    """What the library says of it, but for paths of this machine."""
    text = str(problem.strerror) if isinstance(problem, OSError) else str(problem)
    return shorten(showable(text), 200).rstrip(".") + "."


class _Reader:
    """Reads the components of one UID. Everything raises BadValue with the reason."""

    def __init__(self, zones: Zones, minutes: int) -> None:
        self._zones = zones
        self._minutes = minutes

    def event(self, uid: str, components: Sequence[Any]) -> Event:
        for component in components:
            self._check(component)
        if uid.startswith("\0"):
            raise BadValue("It has no UID, so it could not be known again.")
        masters = [one for one in components if "RECURRENCE-ID" not in one]
        if not masters:
            raise BadValue("It changes one time of a series that is not in the file.")
        if len(masters) > 1:
            raise BadValue("Its UID stands for several events.")
        (master,) = masters
        self._zone = self._zones.of(master["DTSTART"])
        if self._zone == "UTC" and "RRULE" not in master:  # a moment, whose clock is nobody's
            self._zone = self._zones.usual
        usual = self._time(master)
        rule = self._rule(master, usual.starts)
        others = tuple(self._time(one) for one in components if one is not master)
        if {one.instead_of for one in others} - self._times_until(usual.starts, rule, others):
            raise BadValue("It changes a time that its own rule does not give.")
        excluded = tuple(sorted(self._excluded(master, usual.starts))) if rule else ()
        return Event(clean(uid, limit=1_000, what="Its UID"), self._zone, usual, rule, excluded, others)

    def _check(self, component: Any) -> None:
        for name, problem in component.errors:
            if name is None or name.upper() in _USED:
                raise BadValue(f"It cannot be read: {_detail(problem)}")
        for name in ("RDATE", "EXRULE"):
            if name in component:
                raise BadValue(f"It repeats by {name}, which I cannot follow.")
        if "DTSTART" not in component:
            raise BadValue("It has no beginning.")
        if "RECURRENCE-ID" in component and "RANGE" in component["RECURRENCE-ID"].params:
            raise BadValue("It changes a series from one time on, which I cannot follow.")

    def _time(self, component: Any) -> Time:
        starts = self._moment(component["DTSTART"])
        if not 1970 <= starts.year < 2200:
            raise BadValue(f"It is in the year {starts.year}.")
        if "DTEND" in component:
            length = self._moment(component["DTEND"]) - starts
        elif "DURATION" in component:
            length = component["DURATION"].dt
        else:
            length = timedelta(minutes=self._minutes)
        minutes = int(length / timedelta(minutes=1))
        if length < timedelta(0):
            raise BadValue("It ends before it begins.")
        if not 5 <= minutes <= 7 * 24 * 60:
            raise BadValue("A session lasts between 5 minutes and 7 days.")
        title = _text(component, "SUMMARY", TITLE, "Its title")
        if not title:
            raise BadValue("It has no title.")
        return Time(
            starts=self._wall(component["DTSTART"]),
            minutes=minutes,
            title=title,
            place=_text(component, "LOCATION", PLACE, "Its place"),
            description=_text(component, "DESCRIPTION", DESCRIPTION, "Its description", lines=True),
            cancelled=str(component.get("STATUS", "")).upper() == "CANCELLED",
            instead_of=self._wall(component["RECURRENCE-ID"]) if "RECURRENCE-ID" in component else None,
        )

    def _moment(self, value: Any) -> datetime:
        if not isinstance(value.dt, datetime):
            raise BadValue("It is for whole days; a session begins at a time of day.")
        zone = ZoneInfo(self._zones.of(value))
        return recurrence.instant(value.dt.replace(tzinfo=None, fold=0), zone)

    def _wall(self, value: Any) -> datetime:
        """The wall-clock time in the event's zone; as it is written there, even where a clock change skips it."""
        moment = self._moment(value)
        if self._zones.of(value) == self._zone:
            return value.dt.replace(tzinfo=None, fold=0)  # type: ignore[no-any-return]  # the library has no types here
        return moment.astimezone(ZoneInfo(self._zone)).replace(tzinfo=None, fold=0)

    def _rule(self, master: Any, starts: datetime) -> str:
        if "RRULE" not in master:
            return ""
        if isinstance(master["RRULE"], list):
            raise BadValue("It repeats by several rules at once, which I cannot follow.")
        (until,) = master["RRULE"].get("UNTIL") or (None,)
        text = master["RRULE"].to_ical().decode()
        parts = recurrence.read(text)
        if isinstance(until, datetime) and until.tzinfo is not None:
            parts["UNTIL"] = f"{until.astimezone(ZoneInfo(self._zone)):%Y%m%dT%H%M%S}"
        parts.pop("WKST", None) if parts.get("INTERVAL", "1") == "1" else None
        rule = ";".join(f"{name}={value}" for name, value in parts.items())
        series = recurrence.Series(starts, self._zone, rule)
        first = next(recurrence.walls(series, recurrence.instant(starts, ZoneInfo(self._zone))), None)
        if first != starts:
            raise BadValue("It begins at a time that its own rule does not give.")
        return rule

    def _times_until(self, starts: datetime, rule: str, others: Sequence[Time]) -> set[datetime | None]:
        last = max((one.instead_of for one in others if one.instead_of is not None), default=starts)
        if not rule or last - starts > FURTHEST:
            return set()
        until = recurrence.instant(last, ZoneInfo(self._zone))
        return set(recurrence.walls(recurrence.Series(starts, self._zone, rule), until))

    def _excluded(self, master: Any, starts: datetime) -> Iterator[datetime]:
        listed = master.get("EXDATE") or []
        for dates in listed if isinstance(listed, list) else [listed]:
            for one in dates.dts:
                if isinstance(one.dt, datetime):
                    one.params = dates.params | one.params
                    yield self._wall(one)
                elif isinstance(one.dt, date):
                    yield datetime.combine(one.dt, starts.time())


def _text(component: Any, name: str, limit: int, what: str, *, lines: bool = False) -> str:
    value = component.get(name, "")
    text = str(value[0] if isinstance(value, list) else value)
    return clean(text if lines else " ".join(text.split()), limit=limit, what=what)
