"""The IANA zone that a time in a calendar file means, by its name or by what the file says of its clock."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from bot.errors import BadValue

_COMPARED = 3 * 366
"""Days over which two clocks have to agree to be the same."""


class Zones:
    """The zones of one file. `usual` is the one of times that name none: the file's, else what it was made with."""

    def __init__(self, calendar: Any, usual: str) -> None:
        named = str(calendar.get("X-WR-TIMEZONE", ""))
        self.usual = named if _exists(named) else usual
        self._told = {str(one.get("TZID", "")): one for one in calendar.walk("VTIMEZONE")}
        self._found: dict[str, str] = {}

    def of(self, value: Any) -> str:
        """Return the zone of a property's time. Raises BadValue for one that cannot be told."""
        zone = getattr(value.dt, "tzinfo", None)
        name = str(value.params.get("TZID", ""))
        if isinstance(zone, ZoneInfo) and zone.key:
            return zone.key
        if zone is UTC:
            return "UTC"
        if zone is None and not name:
            return self.usual
        if name not in self._found:
            self._found[name] = self._guess(name, zone, value.dt)
        return self._found[name]

    def _guess(self, name: str, zone: tzinfo | None, at: datetime) -> str:
        parts = name.strip("/").split("/")
        told = self._told.get(name)
        # Programs put their own words before the IANA name, or the IANA name beside their own.
        names = ["/".join(parts[start:]) for start in range(len(parts))]
        names.append(str(told.get("X-LIC-LOCATION", "")) if told is not None else "")
        for known in names:
            if _exists(known):
                return known
        if zone is not None:
            areas = {part for part in parts if part}
            by_nearness = sorted(available_timezones(), key=lambda key: (key.split("/")[0] not in areas, key))
            for key in (self.usual, *by_nearness):
                if "/" in key and _agree(zone, ZoneInfo(key), at):
                    return key
        raise BadValue(f"It is in a time zone that I do not know: “{name[:60]}”.")


def _exists(name: str) -> bool:
    try:
        return bool(name) and bool(ZoneInfo(name))
    except (KeyError, OSError, ValueError):  # no such zone, or no name of one
        return False


def _agree(one: tzinfo, other: tzinfo, since: datetime) -> bool:
    begin = since.replace(tzinfo=UTC, hour=0, minute=30)
    days = (begin + timedelta(days=n) for n in range(_COMPARED))
    return all(at.astimezone(one).utcoffset() == at.astimezone(other).utcoffset() for at in days)
