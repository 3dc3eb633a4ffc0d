"""The secret addresses at which calendar apps read sessions: given out once, renewed, taken back, answered.

An address ends in 160 random bits, of which only a hash is kept. Whoever has it reads what its owner may, as
long as they may: of a community they left, nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, select

from bot.calendars.writing import calendar
from bot.config import Config
from bot.rules import access, calendars
from storage.database import Db, hold
from storage.tables import Feed, Membership, Person

PATH = "/calendar"
_BYTES = 20


@dataclass(frozen=True, slots=True)
class Calendar:
    """What an address answers with: the name of a file, and iCalendar text."""

    name: str
    text: str


def offer(db: Db, person_id: int, community_id: int | None, now: datetime) -> str | datetime:
    """Return a token for the person's own sessions, or for a community's, or when theirs was given out."""
    hold(db, Person, person_id)
    known = select(Feed.made_at).where(Feed.person_id == person_id, Feed.community_id == community_id)
    made_at = db.exec(known.order_by(col(Feed.made_at).desc())).first()
    return made_at or _new(db, person_id, community_id, now)


def rotate(db: Db, person_id: int, community_id: int | None, now: datetime) -> str:
    """Return a new token in place of any given out before."""
    hold(db, Person, person_id)
    db.exec(delete(Feed).where(col(Feed.person_id) == person_id, col(Feed.community_id) == community_id))
    return _new(db, person_id, community_id, now)


def revoke(db: Db, person_id: int, community_id: int | None = None) -> None:
    """Take back what the person was given for a community, or everything."""
    theirs = delete(Feed).where(col(Feed.person_id) == person_id)
    db.exec(theirs if community_id is None else theirs.where(col(Feed.community_id) == community_id))


def address(config: Config, token: str) -> str:
    """Return the address of the feed with this token."""
    web = config.web
    host = "localhost" if web.host in ("0.0.0.0", "::") else web.host  # noqa: S104  # compared, not bound
    here = f"http://{f'[{host}]' if ':' in host else host}:{web.port}"
    return f"{(web.public_url or here).rstrip('/')}{PATH}/{token}.ics"


def read(db: Db, token: str, now: datetime) -> Calendar | None:
    """Return what the feed with this token says now, or None where there is none any more."""
    feed = db.get(Feed, _hash(token))
    if feed is None:
        return None
    if feed.community_id is None:
        return Calendar(
            "sessions.ics", calendar(calendars.of_person(db, feed.person_id, now), now, "My sessions")
        )
    if db.get(Membership, (feed.community_id, feed.person_id)) is None:
        return None
    community = access.community_by_id(db, feed.community_id)
    entries = calendars.of_community(db, community.id, now)
    return Calendar(f"{community.slug}.ics", calendar(entries, now, community.name))


def _new(db: Db, person_id: int, community_id: int | None, now: datetime) -> str:
    token = secrets.token_urlsafe(_BYTES)
    db.add(Feed(token_hash=_hash(token), person_id=person_id, community_id=community_id, made_at=now))
    db.flush()
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
