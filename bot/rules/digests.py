"""Digests: when the next one is due, and the one edition that each due time gets.

Windows [from, to) chain: an edition begins where the last one that was posted, or is held as a
draft, ended. One that was not posted has an empty window, so what it would have told is told next time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import and_, col, func, or_, select

from bot.cards import digests as cards
from bot.config import Config
from bot.errors import Conflict, NotFound
from bot.rules import access, news, outbox, people
from bot.settings import DigestSettings
from bot.ui.cards import Card, words
from bot.ui.codec import dump, load_card
from bot.ui.spans import Moment
from storage.database import Db, locked
from storage.tables import Channel, Community, Edition, Mailing, Person

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
AHEAD = timedelta(days=1)
"""How long before its due time a draft goes to the facilitators, and how long after it they may still send it."""


@dataclass(frozen=True)
class Defaults:
    """What a new community is set to: when its digest goes out, and how its sessions are reminded of.

    `day` counts from Monday 0, `time` is "HH:MM" on its wall clock.
    """

    day: int
    time: str
    approval: str
    reminders: str = "24h, 15m"
    quiet_hours: str = "18:00-08:00"


def defaults(settings: DigestSettings) -> Defaults:
    """Return what the configuration says for new communities."""
    return Defaults(DAYS.index(settings.day.capitalize()), settings.time, settings.approval)


def describe(community: Community) -> str:
    """Return when its digests come, as a sentence."""
    if not community.digest_on:
        return "No digest."
    return f"A digest every {DAYS[community.digest_day]} at {community.digest_time} ({community.zone})."


def next_due(community: Community, after: datetime) -> datetime | None:
    """Return the first due time strictly after `after`, in UTC; None when the digest is off.

    The wall clock of the community's zone counts: a time that a clock change skips is the first
    valid minute after it, one that happens twice is the first of the two.
    """
    if not community.digest_on:
        return None
    zone = ZoneInfo(community.zone)
    at = time.fromisoformat(community.digest_time)
    today = after.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(-1, 9))
    moments = (_moment(day, at, zone) for day in days if day.weekday() == community.digest_day)
    return next(moment for moment in moments if moment > after)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, at)
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += timedelta(minutes=1)


def due(db: Db, now: datetime) -> Sequence[int]:
    """Return the ids of the communities for which `act` has something to do."""
    waiting = select(Edition.community_id).where(Edition.state == "held", Edition.due_at <= now - AHEAD)
    planned = and_(
        col(Community.archived_at).is_(None),
        col(Community.digest_on),
        or_(
            col(Community.digest_next_at) <= now,
            and_(Community.digest_approval == "hold", col(Community.digest_next_at) <= now + AHEAD),
        ),
    )
    return db.exec(
        select(Community.id).where(or_(planned, col(Community.id).in_(waiting))).order_by(col(Community.id))
    ).all()


def act(db: Db, community_id: int, now: datetime, config: Config) -> None:
    """Do what is due for one community: drop a draft nobody sent, issue or skip the edition, plan the next.

    The stamp of the next one moves in the same transaction, so acting again does nothing.
    """
    community = locked(db, Community, community_id)
    if community is None:
        return
    held = _held(db, community)
    if held is not None and now >= held.due_at + AHEAD:
        _drop(db, held, None, now)
    due_at = community.digest_next_at
    ahead = AHEAD if community.digest_approval == "hold" else timedelta(0)
    if due_at is None or community.archived_at or not community.digest_on or now < due_at - ahead:
        return
    community.digest_next_at = next_due(community, max(due_at, now))
    db.add(community)
    known = select(Edition.id).where(Edition.community_id == community_id, Edition.due_at == due_at)
    if db.exec(known).first() is None:  # else the schedule was changed back to a time that had its edition
        _regular(db, community, due_at, now, config.digest)


def _regular(db: Db, community: Community, due_at: datetime, now: datetime, settings: DigestSettings) -> None:
    if now > due_at + timedelta(hours=settings.late_hours):
        _keep(db, community, due_at, "late", None, now)
        return
    if _just_sent(db, community, due_at, max(due_at, now), settings):
        _keep(db, community, due_at, "recent", None, now)
        return
    before = _latest(db, community)
    earlier = _held(db, community)
    if earlier is not None:  # the schedule was changed: what that draft would tell is told by this edition
        _drop(db, earlier, None, now)
    draft, card = upcoming(db, community, now, settings)
    if len(draft.items) < settings.minimum_items:
        _keep(db, community, due_at, "thin", None, now)
        _tell_once(db, community, before, "thin", cards.quiet(community.name, settings.minimum_items), now)
    elif not _channels(db, community):
        _keep(db, community, due_at, "nowhere", None, now)
        _tell_once(db, community, before, "nowhere", cards.nowhere(community.name), now)
    elif community.digest_approval == "hold":
        _hold(db, community, due_at, card, now)
    else:
        _send(db, community, _keep(db, community, due_at, "sent", card, now), None, now)


def upcoming(
    db: Db, community: Community, now: datetime, settings: DigestSettings
) -> tuple[news.Draft, Card]:
    """Return the next edition as it would be now: everything there is to tell, and the card, cut to its limits."""
    draft = news.gather(db, community, window_start(db, community), now, now)
    return draft, cards.compose(fitted(draft, community, settings), rhythm=describe(community))


def fitted(draft: news.Draft, community: Community, settings: DigestSettings) -> news.Draft:
    """Return the draft cut to SPEC.md 8's limits, with room for a note of the facilitators where they see it first."""
    empty = cards.compose(replace(draft, sections=()), rhythm=describe(community))
    headings = sum(len(section.title.split()) for section in draft.sections)
    note = cards.NOTE_WORDS if community.digest_approval == "hold" else 0
    return draft.fit(
        words=settings.max_words - len(words(empty).split()) - headings - note,
        links=settings.max_links,
        characters=cards.CHARACTERS,
    )


def window_start(db: Db, community: Community) -> datetime:
    """Return where the next window begins: where the last one ended, at first when the community was made."""
    last = db.exec(select(func.max(Edition.window_to)).where(Edition.community_id == community.id)).one()
    return last or community.created_at


def send(db: Db, community: Community, by: Person, now: datetime, config: Config) -> int:
    """Send a digest now, the draft that is held or a new one; return to how many channels.

    Raises Conflict when there is nothing to tell, no channel to tell it in, or one went out this minute.
    """
    locked(db, Community, community.id)
    _need_channel(db, community)
    held = _held(db, community)
    if held is not None:
        return release(db, community, held.id, by, now)
    if db.get(Mailing, _key(community, now)) is not None:
        raise Conflict(f"A digest of {community.name} went out this very minute.")
    draft, card = upcoming(db, community, now, config.digest)
    if not draft.items:
        raise Conflict(f"There is nothing to tell in {community.name} yet. See /cop digest preview.")
    return _send(db, community, _keep(db, community, now, "sent", card, now), by, now)


def release(db: Db, community: Community, edition_id: int, by: Person, now: datetime) -> int:
    """Send the draft; return to how many channels. Raises NotFound, and Conflict when that is settled or too late."""
    edition = held_edition(db, community, edition_id, now)
    _need_channel(db, community)
    return _send(db, community, edition, by, now)


def drop(db: Db, community: Community, edition_id: int, by: Person, now: datetime) -> None:
    """Give the draft up; what it told is told next time. Raises NotFound, and Conflict when that is settled."""
    _drop(db, held_edition(db, community, edition_id, now), by, now)


def add_note(db: Db, community: Community, edition_id: int, note: str, now: datetime) -> None:
    """Put a note at the head of the draft, instead of an earlier one. Raises as `release` does, Conflict past 50 words."""
    edition = held_edition(db, community, edition_id, now)
    if len(note.split()) > cards.NOTE_WORDS:
        raise Conflict(f"A note may have at most {cards.NOTE_WORDS} words; this has {len(note.split())}.")
    edition.card = dump(cards.with_note(load_card(edition.card), note))
    db.add(edition)
    outbox.redraw(db, f"edition:{edition_id}", now)


def held_edition(db: Db, community: Community, edition_id: int, now: datetime) -> Edition:
    """Return the community's draft of that id, locked. Raises NotFound, and Conflict when it is settled or too late."""
    edition = locked(db, Edition, edition_id)
    if edition is None or edition.community_id != community.id:
        raise NotFound("There is no such draft.")
    if edition.state != "held":
        raise Conflict(f"That edition was {edition.state} already.")
    if now >= edition.due_at + AHEAD:
        raise Conflict("That draft is too old to go out. See /cop digest preview for a fresh one.")
    return edition


def waiting(db: Db, community: Community) -> int | None:
    """Return the id of the draft that waits for the facilitators, if one does."""
    held = _held(db, community)
    return held.id if held else None


def drawn(db: Db, edition_id: int, now: datetime) -> Card | None:
    """Return the draft as facilitators see it now, or what became of it."""
    edition = db.get(Edition, edition_id)
    community = db.get(Community, edition.community_id) if edition else None
    if edition is None or community is None:
        return None
    if edition.state == "held":
        until = Moment(edition.due_at + AHEAD, community.zone)
        return cards.draft(edition_id, community.slug, load_card(edition.card), until)
    by = people.mentions(db, [edition.released_by])[edition.released_by] if edition.released_by else None
    return cards.settled(community.name, edition.state, by)


def _hold(db: Db, community: Community, due_at: datetime, card: Card, now: datetime) -> None:
    edition = _keep(db, community, due_at, "held", card, now)
    shown = drawn(db, edition.id, now)
    assert shown is not None, "it was kept just now"
    for person_id in access.facilitators(db, community.id):
        outbox.tell(
            db,
            person_id,
            shown,
            kind="draft",
            key=f"draft:{edition.id}:{person_id}",
            subject=f"edition:{edition.id}",
            expires_at=due_at + AHEAD,
            now=now,
        )


def _send(db: Db, community: Community, edition: Edition, by: Person | None, now: datetime) -> int:
    edition.state = "sent"
    edition.released_by = by.id if by else None
    db.add(edition)
    outbox.redraw(db, f"edition:{edition.id}", now)
    key = _key(community, edition.due_at)
    return outbox.announce(db, community, load_card(edition.card), kind="digest", key=key, now=now)


def _drop(db: Db, draft: Edition, by: Person | None, now: datetime) -> None:
    edition = locked(db, Edition, draft.id)
    if edition is None or edition.state != "held":
        return  # a facilitator has just sent it
    edition.state, edition.window_to, edition.card = "dropped", edition.window_from, {}
    edition.released_by = by.id if by else None
    db.add(edition)
    db.flush()
    outbox.redraw(db, f"edition:{edition.id}", now)


def _keep(
    db: Db, community: Community, due_at: datetime, state: str, card: Card | None, now: datetime
) -> Edition:
    start = window_start(db, community)
    edition = Edition(
        community_id=community.id,
        due_at=_free(db, community, due_at),
        window_from=start,
        window_to=now if card else start,
        state=state,
        card=dump(card) if card else {},
        created_at=now,
    )
    db.add(edition)
    db.flush()
    return edition


def _free(db: Db, community: Community, at: datetime) -> datetime:
    """Return the moment, or the next at which no edition was due: each has one of its own."""
    taken = set(
        db.exec(
            select(Edition.due_at).where(Edition.community_id == community.id, col(Edition.due_at) >= at)
        ).all()
    )
    while at in taken:
        at += timedelta(microseconds=1)
    return at


def _just_sent(
    db: Db, community: Community, due_at: datetime, at: datetime, settings: DigestSettings
) -> bool:
    if db.get(Mailing, _key(community, due_at)) is not None:
        return True
    last = db.exec(
        select(func.max(Mailing.created_at)).where(
            Mailing.kind == "digest",
            col(Mailing.key).startswith(f"digest:{community.slug}:", autoescape=True),
        )
    ).one()
    return last is not None and at - last < timedelta(hours=settings.recent_hours)


def _key(community: Community, due_at: datetime) -> str:
    return f"digest:{community.slug}:{due_at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def _latest(db: Db, community: Community) -> Edition | None:
    return db.exec(
        select(Edition).where(Edition.community_id == community.id).order_by(col(Edition.id).desc()).limit(1)
    ).first()


def _held(db: Db, community: Community) -> Edition | None:
    return db.exec(
        select(Edition).where(Edition.community_id == community.id, Edition.state == "held")
    ).first()


def _tell_once(
    db: Db, community: Community, before: Edition | None, state: str, card: Card, now: datetime
) -> None:
    """Tell the facilitators, unless the edition before was skipped for the same reason: then they know."""
    if before is not None and before.state == state:
        return
    for person_id in access.facilitators(db, community.id):
        key = f"digest-{state}:{community.id}:{now:%Y%m%dT%H%M%S}:{person_id}"
        outbox.tell(db, person_id, card, kind="notice", key=key, now=now)


def _channels(db: Db, community: Community) -> int:
    found = select(func.count()).select_from(Channel).where(Channel.community_id == community.id)
    return db.exec(found).one()


def _need_channel(db: Db, community: Community) -> None:
    if not _channels(db, community):
        raise Conflict(f"{community.name} has no channel to post in. Type /cop connect in one.")
