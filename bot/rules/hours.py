"""What hour a session is for whom: who would be asleep, and how hard its time is on people.

Only of people whose zone is known anything is said: that of their account on a platform, else their own choice.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from storage.database import Db
from storage.tables import Account, Membership, Person

NIGHT = (23, 7)
"""The hours in which people are taken to be asleep: from 23:00 to 7:00 where they are."""

DAY = (8, 20)
"""The hours that suit most; what lies outside of them is early or late."""

EARLY_OR_LATE, ASLEEP = 1, 3
"""How hard such a time is on somebody, as `hardship` weighs it."""


def zones(db: Db, community_id: int) -> dict[int, str]:
    """Return the IANA zone of each member of whom one is known, by person."""
    rows = db.exec(
        select(Membership.person_id, Person.zone, Account.zone)
        .join(Person, col(Person.id) == Membership.person_id)
        .outerjoin(Account, col(Account.person_id) == Membership.person_id)
        .where(Membership.community_id == community_id)
        .order_by(col(Account.seen_at).desc(), col(Membership.person_id))
    ).all()
    profiles = {person: profile for person, _, profile in reversed(rows) if profile and _zone(profile)}
    chosen = {person: own for person, own, _ in rows if own and _zone(own)}
    return {**chosen, **profiles}


def asleep(people: Mapping[int, str], starts_at: datetime, minutes: int) -> list[int]:
    """Return who of these people, given with their zones, would be asleep during some part of it."""
    bad = {zone for zone in set(people.values()) if hardship(zone, starts_at, minutes) == ASLEEP}
    return [person for person, zone in people.items() if zone in bad]


def hardship(zone: str, starts_at: datetime, minutes: int) -> int:
    """Return how hard a session is on somebody in the zone: 0, EARLY_OR_LATE or ASLEEP."""
    place = _zone(zone)
    if place is None:
        return 0
    begins = starts_at.astimezone(place)
    start = begins.hour * 60 + begins.minute
    end = start + minutes
    if start < NIGHT[1] * 60 or end > NIGHT[0] * 60:
        return ASLEEP
    return 0 if DAY[0] * 60 <= start and end <= DAY[1] * 60 else EARLY_OR_LATE


def offset(zone: str, at: datetime) -> timedelta:
    """Return how far clocks in the zone are ahead of UTC at that moment; 0 for a zone unknown here."""
    return at.astimezone(_zone(zone) or ZoneInfo("UTC")).utcoffset() or timedelta(0)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None
