"""Who has the bad hours of a community's sessions, and when to meet so that they are shared.

The ledger is kept by zone and is counted from the sessions of the last half year, never stored.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.rules import communities, hours, people, recurrence
from bot.ui.spans import Mention
from storage.database import Db
from storage.tables import Community, Occurrence

MEMORY = timedelta(weeks=26)
"""How far back sessions count."""


@dataclass(frozen=True, slots=True)
class Share:
    """The people of one zone: to how many sessions they would have to come early or late, or in the night."""

    zone: str
    people: tuple[Mention, ...]
    early_or_late: int
    asleep: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Who had the bad hour of so many sessions, those hit hardest first. `unknown` members have no zone."""

    sessions: int
    shares: tuple[Share, ...]
    unknown: int

    @property
    def even(self) -> bool:
        """Whether nobody has a bad hour."""
        return not any(share.early_or_late or share.asleep for share in self.shares)


@dataclass(slots=True)
class Shares:
    """What is on whom so far; `charge` adds one session."""

    zones: dict[str, list[int]]
    unknown: int
    sessions: int = 0
    burden: Counter[str] = field(default_factory=Counter)
    early_or_late: Counter[str] = field(default_factory=Counter)
    asleep: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, db: Db, community: Community, now: datetime) -> Self:
        """Return how things stand after what the community held in the last half year."""
        zones: dict[str, list[int]] = {}
        for person, zone in hours.zones(db, community.id).items():
            zones.setdefault(zone, []).append(person)
        known = sum(map(len, zones.values()))
        shares = cls(zones, communities.size(db, community) - known)
        held = db.exec(
            select(Occurrence.starts_at, Occurrence.ends_at).where(
                Occurrence.community_id == community.id,
                col(Occurrence.cancelled_at).is_(None),
                col(Occurrence.ends_at) <= now,
                col(Occurrence.starts_at) > now - MEMORY,
            )
        ).all()
        for starts_at, ends_at in held:
            shares.charge(starts_at, int((ends_at - starts_at).total_seconds() // 60))
        return shares

    def charge(self, starts_at: datetime, minutes: int) -> None:
        """Put one more session on those for whom its hour is bad."""
        self.sessions += 1
        for zone in self.zones:
            hardship = hours.hardship(zone, starts_at, minutes)
            self.burden[zone] += hardship
            self.early_or_late[zone] += hardship == hours.EARLY_OR_LATE
            self.asleep[zone] += hardship == hours.ASLEEP

    def fairest(self, usual: datetime, minutes: int, zone: ZoneInfo) -> datetime:
        """Return the start on the day of `usual`, some hours from it, that spreads bad hours most evenly.

        That is where the squares of what is on everyone then add up to the least: the more somebody had
        already, the more another bad hour of theirs weighs. The usual time wins a draw, and stays where
        everybody lives by one clock.
        """
        clocks = {hours.offset(name, usual) for name in (*self.zones, zone.key)}
        if len(clocks) == 1:
            return usual
        wall = usual.astimezone(zone).replace(tzinfo=None)
        choices = [recurrence.instant(wall.replace(hour=hour), zone) for hour in range(24)]
        return min(
            (usual, *choices),
            key=lambda at: (self._cost(at, minutes), abs(at - usual), at),
        )

    def _cost(self, at: datetime, minutes: int) -> int:
        return sum(
            len(here) * (self.burden[zone] + hours.hardship(zone, at, minutes)) ** 2
            for zone, here in self.zones.items()
        )

    def ledger(self, db: Db) -> Ledger:
        """Return who has what, with names."""
        everyone: Sequence[int] = [person for here in self.zones.values() for person in here]
        named = people.mentions(db, everyone)
        order = sorted(self.zones, key=lambda zone: (-self.burden[zone], zone))
        return Ledger(
            sessions=self.sessions,
            shares=tuple(
                Share(
                    zone,
                    tuple(named[person] for person in self.zones[zone]),
                    self.early_or_late[zone],
                    self.asleep[zone],
                )
                for zone in order
            ),
            unknown=self.unknown,
        )
