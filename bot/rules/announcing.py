"""Telling of sessions: to the channels that one is on, to those who come that it changed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import col, func, select

from bot.cards import sessions as cards
from bot.chat import Actor, Address, MessageRef
from bot.rules import outbox
from bot.rules.sessions import View, view
from bot.ui.cards import Card
from storage.database import Db
from storage.tables import Account, Community, Letter, Occurrence, Rsvp


def announce(db: Db, occurrence_id: int, now: datetime) -> int:
    """Announce the occurrence in every connected channel, once; return how many channels are told."""
    occurrence = db.get(Occurrence, occurrence_id)
    community = db.get(Community, occurrence.community_id) if occurrence is not None else None
    shown = view(db, occurrence_id)
    if occurrence is None or community is None or shown is None:
        return 0
    occurrence.announced_at = now
    db.add(occurrence)
    return outbox.announce(
        db,
        community,
        cards.announcement(shown, now),
        kind="announcement",
        key=f"session:{shown.code.removeprefix('S')}",
        subject=f"session:{occurrence_id}",
        expires_at=occurrence.ends_at,
        now=now,
    )


def open_announcements(db: Db, at: Address, now: datetime, limit: int = 25) -> list[MessageRef]:
    """Return where sessions that are not over were announced in the workspace of `at`, the newest first."""
    sent = db.exec(
        select(Letter.channel, Letter.message_id)
        .where(
            Letter.platform == at.platform,
            Letter.workspace == at.workspace,
            Letter.kind == "announcement",
            Letter.message_id != "",
            col(Letter.expires_at) > now,
        )
        .order_by(col(Letter.id).desc())
        .limit(limit)
    ).all()
    return [MessageRef(replace(at, channel=channel, name=""), id_) for channel, id_ in sent]


def expected(db: Db, platform: str, now: datetime, limit: int = 200) -> list[Actor]:
    """Return the accounts of those who said yes or maybe to what is not over, the most recent answers first."""
    rows = db.exec(
        select(Account.external_id, Account.name)
        .join(Rsvp, col(Rsvp.person_id) == Account.person_id)
        .join(Occurrence, col(Occurrence.id) == Rsvp.occurrence_id)
        .where(
            Account.platform == platform,
            col(Rsvp.answer).in_(("yes", "maybe")),
            col(Occurrence.ends_at) > now,
            col(Occurrence.cancelled_at).is_(None),
        )
        .group_by(Account.external_id, Account.name)
        .order_by(func.max(col(Rsvp.answered_at)).desc(), Account.external_id)
        .limit(limit)
    ).all()
    return [Actor(platform, id_, name) for id_, name in rows]


def tell_coming(
    db: Db, occurrences: Sequence[Occurrence], kind: str, card: Callable[[View, int], Card], now: datetime
) -> int:
    """Tell each person who said yes or maybe to any of these, once, of the first they did; return how many.

    `card` draws what is told of that one, and of how many after it that the person answered too.
    """
    by_id = {one.id: one for one in occurrences}
    rows = db.exec(
        select(Rsvp.person_id, Rsvp.occurrence_id)
        .join(Occurrence, col(Occurrence.id) == Rsvp.occurrence_id)
        .where(col(Rsvp.occurrence_id).in_(by_id), col(Rsvp.answer).in_(("yes", "maybe")))
        .order_by(col(Occurrence.starts_at), col(Rsvp.place))
    ).all()
    theirs: dict[int, list[int]] = {}
    for person_id, occurrence_id in rows:
        theirs.setdefault(person_id, []).append(occurrence_id)
    told = 0
    for person_id, (first, *others) in theirs.items():
        shown = view(db, first, person_id)
        assert shown is not None, "an answer points at it"
        key = f"{kind}:{first}:{by_id[first].sequence}:{person_id}"
        told += outbox.tell(
            db,
            person_id,
            card(shown, len(others)),
            kind=kind,
            key=key,
            subject="",
            expires_at=max(shown.ends_at, now),
            now=now,
        )
    return told
