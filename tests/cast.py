"""People and communities for tests of rules, made with a line each."""

from datetime import UTC, datetime

from bot.chat import Actor, Address
from bot.rules import communities, digests, people
from storage.database import Db
from storage.tables import Community, Person

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
DEFAULTS = digests.Defaults(day=1, time="10:00", approval="auto")


def person(db: Db, name: str, *, now: datetime = NOW, platform: str = "memory") -> Person:
    """Return the person of this name, known on the platform."""
    return people.identify(db, Actor(platform, name.lower(), name), now)


def community(
    db: Db, slug: str, founder: Person, *members: Person, visibility: str = "open", now: datetime = NOW
) -> Community:
    """Return a community with a facilitator and members."""
    made = communities.create(
        db,
        founder,
        name=slug.replace("-", " ").capitalize(),
        purpose="We learn together.",
        slug=slug,
        visibility=visibility,
        zone="Europe/London",
        now=now,
        defaults=DEFAULTS,
    )
    for member in members:
        communities.admit(db, made, member, now)
    db.flush()
    return made


def channel(name: str, platform: str = "memory") -> Address:
    """Return the address of a channel."""
    return Address(platform, name, name=name)
