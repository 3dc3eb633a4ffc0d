"""Time zones as people name them: IANA names, cities, abbreviations, offsets from UTC."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from bot.when.places import ABBREVIATIONS, PLACES, REGIONS, SHARED_PLACES
from bot.when.words import question, quoted, tidy, unreadable

_OFFSET = re.compile(
    r"(?:(?:utc|gmt) ?)?(?P<sign>[+-]) ?(?P<h>[0-9]{1,2})(?::?(?P<m>[0-5][0-9]))?(?![0-9:.])"
)
_UTC_LETTER = re.compile(r"(?<=[0-9])z\b|zulu\b")
_OWN = re.compile(r"(?:my|our|local)(?: local)? time\b")
_WORDS = re.compile(r"[a-z][a-z0-9_/'.+-]*(?: [a-z][a-z_/'.-]*){0,3}")
_MOST_WORDS = 4
_EXAMPLES = "“London” or “Europe/London”"
# Feast days and common words that are also the last part of an IANA name.
_NOT_CITIES = {"easter", "christmas", "center", "midway", "reunion"}


@dataclass(frozen=True, slots=True)
class ZoneMeant:
    """A zone as named: it may stand for several, or for the speaker's own when that is among them.

    `letters` is the abbreviation said, which the speaker's own zone may go by.
    """

    zones: tuple[tzinfo, ...]
    letters: str = ""
    own_first: bool = False

    def readings(self, own: ZoneInfo, now: datetime) -> tuple[tzinfo, ...]:
        """Return every zone this may stand for when said by someone whose zone is `own`."""
        if not self.letters:
            return (own,) if self.own_first and (own in self.zones or not self.zones) else self.zones
        year = [(now + timedelta(days=30 * n)).astimezone(own) for n in range(12)]
        if self.letters.upper() in {at.tzname() for at in year}:
            ours = {at.utcoffset() for at in year}
            offsets = {a.offset for a in ABBREVIATIONS[self.letters] if a.offset is not None}
            return (own, *(timezone(offset) for offset in offsets if offset in ours))
        return self.zones


@cache
def _iana() -> dict[str, str]:
    """IANA names by their lower-case form, from the tzdata package: the same on every machine."""
    names = (resources.files("tzdata") / "zones").read_text("utf-8").split()
    return {name.casefold(): name for name in names if name != "Factory"}


@cache
def _cities() -> dict[str, str]:
    """IANA names by the city in them, lower-case and with spaces."""
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    listed = [line.split("\t")[2] for line in table.split("\n") if line and not line.startswith("#")]
    cities: dict[str, str] = {}
    for name in [*listed, *(n for n in _iana().values() if "/" in n and not n.startswith(("Etc/", "US/")))]:
        city = name.rpartition("/")[2].replace("_", " ").casefold()
        if city not in _NOT_CITIES:
            cities.setdefault(city, name)
    return cities | PLACES


def scan(text: str, start: int, *, attached: bool = False) -> tuple[ZoneMeant, int] | None:
    """Read a zone at `start` of tidied text; returns it and where it ends, or None.

    `attached` allows a bare negative offset, which elsewhere could be the end of a span.
    """
    if m := _OWN.match(text, start):
        return ZoneMeant((), own_first=True), m.end()
    if m := _UTC_LETTER.match(text, start):
        return ZoneMeant((ZoneInfo("UTC"),)), m.end()
    m = _OFFSET.match(text, start)
    if m and (attached or m["sign"] == "+" or text[start].isalpha()):
        size = timedelta(hours=int(m["h"]), minutes=int(m["m"] or 0))
        if size <= timedelta(hours=14):
            return ZoneMeant((timezone(size if m["sign"] == "+" else -size),)), m.end()
        return None
    words = _WORDS.match(text, start)
    if not words:
        return None
    split = words[0].split(" ")
    for count in range(min(len(split), _MOST_WORDS), 0, -1):
        name = " ".join(split[:count])
        meant = _named(name.rstrip(".")) or _named(name.removesuffix(" time"))
        if meant:
            end = start + len(name)
            return meant, end + len(" time") if text.startswith(" time", end) else end
    return None


def _named(name: str) -> ZoneMeant | None:
    if name in ABBREVIATIONS:
        meanings = ABBREVIATIONS[name]
        zones: list[tzinfo] = [ZoneInfo(key) for a in meanings for key in a.zones]
        return ZoneMeant((*zones, *(timezone(a.offset) for a in meanings if a.offset)), name)
    if keys := SHARED_PLACES.get(name) or REGIONS.get(name):
        return ZoneMeant(tuple(ZoneInfo(key) for key in keys), own_first=name in REGIONS)
    key = _iana().get(name) or _iana().get(name.replace(" ", "_")) or _cities().get(name.replace("_", " "))
    return ZoneMeant((ZoneInfo(key),)) if key else None


def zone(text: str) -> ZoneInfo:
    """Return the zone named: an IANA name in any case, a city, or letters that only one place uses.

    Raises BadValue with `choices` when several places go by the name, or with the three
    nearest names when none does. An offset such as UTC+2 is refused: it knows no summer time.
    """
    plain = tidy(text).removesuffix(" time")
    if exact := _iana().get(plain) if "/" in plain else None:
        return ZoneInfo(exact)
    if plain not in ("utc", "gmt") and _OFFSET.fullmatch(plain):
        raise question(f"{quoted(text)} does not know about summer time. Name a city, such as “Lisbon”.")
    meant = _named(plain)
    keys = tuple(dict.fromkeys(z.key for z in meant.zones if isinstance(z, ZoneInfo))) if meant else ()
    if plain == "gmt":
        keys = ("UTC", "Europe/London")
    if len(keys) == 1:
        return ZoneInfo(keys[0])
    if keys:
        raise question(f"{quoted(text)} is used in several places.", keys)
    if not plain:
        raise unreadable(text, "a time zone", _EXAMPLES)
    raise question(f"There is no time zone called {quoted(text)}.", _nearest(plain))


def _nearest(plain: str) -> tuple[str, ...]:
    from rapidfuzz import fuzz, process  # imported when someone mistypes, not at start

    names = {city: key for city, key in _cities().items() if "/" in key} | {
        k: v for k, v in _iana().items() if "/" in k
    }
    best = process.extract(plain, names.keys(), scorer=fuzz.WRatio, limit=9)
    return tuple(dict.fromkeys(names[name] for name, _, _ in best))[:3]


def name_of(zone: tzinfo, at: datetime) -> str:
    """Return how a reader sees the zone: its IANA name, or its offset as UTC+02:00."""
    if isinstance(zone, ZoneInfo):
        return zone.key
    offset = at.utcoffset() or timedelta(0)
    minutes = round(abs(offset).total_seconds() / 60)
    return f"UTC{'-' if offset < timedelta(0) else '+'}{minutes // 60:02}:{minutes % 60:02}"
