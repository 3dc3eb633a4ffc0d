"""Which sessions a platform's own calendar should show, and which entries are not so yet.

Of every session the next occurrence is shown, in each workspace that has a channel of its community,
as long as the community is not private: everyone in a workspace can read its calendar.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, func, select

from bot.cards import channels as cards
from bot.chat import Happening, MessageRef
from bot.rules import access, outbox
from bot.rules.sessions import code
from storage.database import Db, locked
from storage.tables import Channel, Community, Mirror, Occurrence, Session

PER_WORKSPACE = 50
"""Entries in one workspace, the soonest first. Discord allows 100 that are not over, other people's included."""

LEASE = timedelta(minutes=2)
"""How long one process has for an entry before another may try."""

TROUBLED = timedelta(hours=6)
"""How long an entry that the platform refuses is left alone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do in a calendar: show `happening`, or with None take `entry` down, or with "" forget it."""

    mirror_id: int
    platform: str
    workspace: str
    entry: str
    happening: Happening | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    occurrence_id: int
    workspace: str
    happening: Happening
    shows: str


def wanting(db: Db, now: datetime, platforms: Sequence[str]) -> list[str]:
    """Return the platforms whose calendars do not show what they should. Reads only."""
    return [platform for platform in platforms if any(_differences(db, platform, now))]


def take(db: Db, now: datetime, platform: str, limit: int) -> list[Change]:
    """Take up to `limit` changes; nobody else takes them for as long as LEASE."""
    taken: list[Change] = []
    for wanted, found in _differences(db, platform, now):
        if len(taken) == limit:
            break
        mirror = _hold(db, platform, wanted, found, now)
        if mirror is not None:
            happening = wanted.happening if wanted else None
            # What took place is the platform's to end; only what was called off is taken down.
            entry = mirror.entry if happening or _called_off(db, mirror, now) else ""
            taken.append(Change(mirror.id, platform, mirror.workspace, entry, happening))
    return taken


def made(db: Db, change: Change, entry: str, now: datetime) -> None:
    """Record that the calendar shows the happening as `entry`."""
    mirror = db.get(Mirror, change.mirror_id)
    if mirror is not None and change.happening is not None:
        mirror.entry, mirror.shows, mirror.problem = entry, _hash(change.happening), ""
        mirror.not_before = now
        db.add(mirror)


def unmade(db: Db, change: Change) -> None:
    """Record that the entry is gone."""
    mirror = db.get(Mirror, change.mirror_id)
    if mirror is not None:
        db.delete(mirror)


def again(db: Db, change: Change, seconds: float, now: datetime) -> None:
    """Let the change be tried again in so many seconds."""
    mirror = db.get(Mirror, change.mirror_id)
    if mirror is not None:
        mirror.not_before = now + timedelta(seconds=seconds)
        db.add(mirror)


def impossible(db: Db, change: Change, reason: str, now: datetime) -> None:
    """Leave the change alone for a while; the facilitators hear of it once per workspace and reason."""
    mirror = db.get(Mirror, change.mirror_id)
    if mirror is None:
        return
    if change.happening is None:
        db.delete(mirror)  # an entry that cannot be taken down is no longer ours to care for
        return
    mirror.problem, mirror.not_before = reason, now + TROUBLED
    db.add(mirror)
    occurrence = db.get(Occurrence, mirror.occurrence_id)
    community = db.get(Community, occurrence.community_id) if occurrence else None
    if community is None:
        return
    card = cards.no_events(community.name, reason)
    for person_id in access.facilitators(db, community.id):
        key = f"mirror:{change.platform}:{change.workspace}:{community.id}:{reason}:{person_id}"
        outbox.tell(db, person_id, card, kind="notice", key=key, now=now)


def mirrored(db: Db, message: MessageRef) -> Occurrence | None:
    """Return the occurrence that this entry of a workspace's calendar shows."""
    found = db.exec(
        select(Mirror.occurrence_id).where(
            Mirror.platform == message.at.platform,
            Mirror.workspace == message.at.workspace,
            Mirror.entry == message.id,
        )
    ).first()
    return db.get(Occurrence, found) if found is not None else None


def _differences(db: Db, platform: str, now: datetime) -> Iterator[tuple[_Wanted | None, Mirror | None]]:
    """Yield what is wanted beside what there is, wherever the two differ and nobody is at it."""
    present = {
        (m.occurrence_id, m.workspace): m for m in db.exec(select(Mirror).where(Mirror.platform == platform))
    }
    running = set(
        db.exec(
            select(Mirror.occurrence_id)
            .join(Occurrence, col(Occurrence.id) == Mirror.occurrence_id)
            .where(
                Mirror.platform == platform,
                col(Occurrence.cancelled_at).is_(None),
                col(Occurrence.starts_at) <= now,
                col(Occurrence.ends_at) > now,
            )
        )
    )
    for wanted in _wanted(db, platform, now):
        found = present.pop((wanted.occurrence_id, wanted.workspace), None)
        if found is None or (found.shows != wanted.shows and found.not_before <= now):
            yield wanted, found
    for found in present.values():
        if found.not_before <= now and found.occurrence_id not in running:
            yield None, found


def _wanted(db: Db, platform: str, now: datetime) -> Iterator[_Wanted]:
    nearest = (
        select(func.min(Occurrence.starts_at).label("starts_at"), col(Occurrence.session_id))
        .where(_ahead(now))
        .group_by(col(Occurrence.session_id))
        .subquery()
    )
    rows = db.exec(
        select(Occurrence, Session, Community.name, Channel.workspace)
        .join(
            nearest,
            and_(nearest.c.session_id == Occurrence.session_id, nearest.c.starts_at == Occurrence.starts_at),
        )
        .join(Session, col(Session.id) == Occurrence.session_id)
        .join(Community, col(Community.id) == Occurrence.community_id)
        .join(Channel, col(Channel.community_id) == Community.id)
        .where(
            _ahead(now),
            Community.visibility != "private",
            col(Community.archived_at).is_(None),
            Channel.platform == platform,
            Channel.paused == "",
            Channel.workspace != "",
        )
        .distinct()
        .order_by(col(Occurrence.starts_at), col(Occurrence.id))
    ).all()
    shown: dict[str, int] = {}
    for occurrence, session, community, workspace in rows:
        shown[workspace] = shown.get(workspace, 0) + 1
        if shown[workspace] <= PER_WORKSPACE:
            happening = Happening(
                key=code(session.id, occurrence.number),
                title=occurrence.title or session.title,
                community=community,
                starts_at=occurrence.starts_at,
                ends_at=occurrence.ends_at,
                place=occurrence.place or session.place,
                description=occurrence.description or session.description,
            )
            yield _Wanted(occurrence.id, workspace, happening, _hash(happening))


def _called_off(db: Db, mirror: Mirror, now: datetime) -> bool:
    occurrence = db.get(Occurrence, mirror.occurrence_id)
    return occurrence is None or occurrence.cancelled_at is not None or occurrence.starts_at > now


def _ahead(now: datetime) -> ColumnElement[bool]:
    # A platform lets an entry begin in the future only; one that has begun ends there by itself.
    return and_(col(Occurrence.starts_at) > now, col(Occurrence.cancelled_at).is_(None))


def _hold(
    db: Db, platform: str, wanted: _Wanted | None, found: Mirror | None, now: datetime
) -> Mirror | None:
    if found is None:
        assert wanted is not None, "one of the two is there"
        found = Mirror(
            occurrence_id=wanted.occurrence_id,
            platform=platform,
            workspace=wanted.workspace,
            not_before=now + LEASE,
        )
        db.add(found)
        db.flush()
        return found
    mirror = locked(db, Mirror, found.id)
    if mirror is None or mirror.not_before > now:
        return None
    mirror.not_before = now + LEASE
    db.add(mirror)
    return mirror


def _hash(happening: Happening) -> str:
    said = [
        happening.key,
        happening.title,
        happening.community,
        happening.starts_at.isoformat(),
        happening.ends_at.isoformat(),
        happening.place,
        happening.description,
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
