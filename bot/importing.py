"""Data in from files: each thing in a transaction of its own, what is refused said, the rest taken."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot import when
from bot.calendars import reading
from bot.calendars.reading import Event, Refused
from bot.config import Config
from bot.errors import BadValue, NotFound, UserError
from bot.rules import breaks, imports
from storage.database import Database, Db, open_database
from storage.migrate import upgrade
from storage.tables import Community

Said = Literal["said", "wrong", "progress"]
Say = Callable[[Said, str], None]
"""Takes what kind of line it is, and the line."""

OFTEN = 50  # things between two lines of progress


def sessions(config: Config, file: Path, slug: str, *, now: datetime, say: Say) -> bool:
    """Import the events of a calendar file as sessions of the community; return whether any could be.

    Raises OSError for a file that cannot be read, UserError for one that is no calendar and for a community
    that is not there or archived, StorageProblem.
    """
    data = _content(file)
    upgrade(config.database.url)
    return asyncio.run(_sessions(config, data, slug, now, say))


def holidays(config: Config, file: Path, slug: str, *, now: datetime, say: Say) -> bool:
    """Add the days of a calendar file to those on which the community does not meet; return True.

    Raises as `sessions` does, and UserError for a calendar that has no day to come or too many.
    """
    text = _content(file).decode("utf-8-sig", errors="replace")
    upgrade(config.database.url)
    asyncio.run(_holidays(config, text, slug, now, say))
    return True


async def _holidays(config: Config, text: str, slug: str, now: datetime, say: Say) -> None:
    database = open_database(config.database.url)
    try:
        community = await database.read(lambda db: _community(db, slug))
        today = now.astimezone(ZoneInfo(community.zone)).date()
        away = breaks.calendar(text, today)
        new = await database.write(lambda db: breaks.add(db, community, away, today))
        days = "1 holiday" if len(away) == 1 else f"{len(away):,} holidays"
        say("said", f"{days} for {community.name}: {new:,} new. Session plans keep clear of them.")
    finally:
        await database.close()


async def _sessions(config: Config, data: bytes, slug: str, now: datetime, say: Say) -> bool:
    database = open_database(config.database.url)
    try:
        community = await database.read(lambda db: _community(db, slug))
        minutes = int(when.duration(config.session.duration).total_seconds() // 60)
        events = reading.read(data, zone=community.zone, minutes=minutes)
        return await _bring_all(database, community, events, now, say)
    finally:
        await database.close()


async def _bring_all(
    database: Database, community: Community, events: list[Event | Refused], now: datetime, say: Say
) -> bool:
    counts: Counter[str] = Counter()
    for number, event in enumerate(events, start=1):
        refused = event if isinstance(event, Refused) else None
        if isinstance(event, Event):
            try:
                bring = partial(imports.bring, community=community, event=event, now=now)
                counts[await database.write(bring)] += 1
            except UserError as refusal:
                refused = Refused(event.usual.title, refusal.message)
        if refused is not None:
            counts["refused"] += 1
            say("wrong", f"Refused “{refused.title}”: {refused.reason}")
        if number % OFTEN == 0:
            say("progress", f"{number:,} of {len(events):,} events")
    kinds = ("new", "changed", "unchanged", "refused")
    found = "1 event" if len(events) == 1 else f"{len(events):,} events"
    say("said", f"{found} for {community.name}: {', '.join(f'{counts[kind]:,} {kind}' for kind in kinds)}.")
    return not events or counts["refused"] < len(events)


def _content(file: Path) -> bytes:
    if file.stat().st_size > reading.LARGEST:
        raise BadValue(f"A calendar file may have at most {reading.LARGEST:,} bytes.")
    return file.read_bytes()


def _community(db: Db, slug: str) -> Community:
    found = db.exec(select(Community).where(Community.slug == slug)).first()
    if found is None:
        slugs = ", ".join(db.exec(select(Community.slug).order_by(col(Community.slug)).limit(20)).all())
        raise NotFound(f"There is no community “{slug}”. There are: {slugs or 'none yet'}.")
    if found.archived_at is not None:
        raise NotFound(f"{found.name} is archived. Revive it first.")
    return found
