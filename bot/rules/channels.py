"""What becomes of channels that platforms rename, close, open or take from us: nothing is sent where nothing can go."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import col, select

from bot.cards import channels as cards
from bot.chat import Address
from bot.rules import access, outbox, people
from bot.text import label
from storage.database import Db, locked
from storage.tables import Channel, Greeting, Letter


def connected(db: Db, platform: str) -> Sequence[Channel]:
    """Return the platform's channels that are connected to a community."""
    return db.exec(
        select(Channel)
        .where(Channel.platform == platform, col(Channel.community_id).is_not(None))
        .order_by(col(Channel.id))
    ).all()


def pause(db: Db, channel: Channel, reason: str) -> bool:
    """Send nothing there any more, and skip what waits for it; False where it is paused already."""
    if channel.paused:
        return False
    channel.paused = reason
    db.add(channel)
    for waiting in db.exec(
        select(Letter)
        .where(
            Letter.platform == channel.platform,
            Letter.channel == channel.external_id,
            Letter.state == "pending",
        )
        .with_for_update()
    ).all():
        waiting.state, waiting.reason = "skipped", f"channel paused: {reason}"
        waiting.lease_until, waiting.card = None, {}
        db.add(waiting)
    return True


def close(db: Db, at: Address, reason: str, now: datetime, since: datetime) -> None:
    """Pause a channel that the platform closed at `since`, and tell its facilitators, once per pause."""
    channel = _turned(db, at, since)
    if channel is not None and pause(db, channel, reason):
        tell_facilitators(db, channel, now)


def open_(db: Db, at: Address, since: datetime) -> None:
    """Send to a channel again that the platform opened at `since`, for whatever reason it was paused.

    Where the reason still stands, the next letter meets it and pauses the channel anew.
    """
    channel = _turned(db, at, since)
    if channel is not None:
        channel.paused = ""


def rename(db: Db, at: Address) -> None:
    """Call a known channel by the name it has now."""
    channel = _locked(db, at)
    if channel is not None:
        channel.name = label(at.name) or channel.name
        db.add(channel)


def lose(db: Db, at: Address, reason: str, now: datetime, staff: Iterable[int]) -> int:
    """Pause every channel of a workspace we were removed from; return how many were not paused already.

    Staff and the facilitators of these channels are told, once each, if they can be reached on
    another platform: on this one they cannot.
    """
    lost: list[Channel] = []
    for channel in db.exec(
        select(Channel)
        .where(Channel.platform == at.platform, Channel.workspace == at.workspace)
        .order_by(col(Channel.id))
        .with_for_update()
    ).all():
        if pause(db, channel, reason) and channel.community_id is not None:
            lost.append(channel)
    if not lost:
        return 0
    card = cards.lost(at.platform, [_name(channel) for channel in lost])
    led = {channel.community_id for channel in lost if channel.community_id is not None}
    told = {*staff, *(person for community in led for person in access.facilitators(db, community))}
    for person_id in sorted(told):
        if any(account.platform != at.platform for account in people.accounts_of(db, person_id)):
            key = f"removed:{at.platform}:{at.workspace}:{now.isoformat()}:{person_id}"
            outbox.tell(db, person_id, card, kind="notice", key=key, now=now, avoiding=at.platform)
    return len(lost)


def elsewhere(db: Db, at: Address) -> bool:
    """Return whether channels are connected in other workspaces of the platform than this one."""
    return (
        db.exec(
            select(Channel.id)
            .where(
                Channel.platform == at.platform,
                Channel.workspace != at.workspace,
                col(Channel.community_id).is_not(None),
            )
            .limit(1)
        ).first()
        is not None
    )


def tell_facilitators(db: Db, channel: Channel, now: datetime) -> None:
    """Tell the facilitators by direct message that, and why, a channel is paused."""
    if channel.community_id is None:
        return
    card = cards.paused(_name(channel), channel.paused)
    for person_id in access.facilitators(db, channel.community_id):
        key = f"paused:{channel.id}:{now.isoformat()}:{person_id}"
        outbox.tell(db, person_id, card, kind="notice", key=key, now=now)


def _turned(db: Db, at: Address, since: datetime) -> Channel | None:
    """The channel, if this is the latest that was heard of its being closed or open."""
    channel = _locked(db, at)
    if channel is None or (channel.turned_at is not None and since < channel.turned_at):
        return None
    channel.turned_at = since
    db.add(channel)
    return channel


def _locked(db: Db, at: Address) -> Channel | None:
    known = access.channel(db, at.platform, at.channel)
    return locked(db, Channel, known.id) if known is not None else None


def _name(channel: Channel) -> str:
    return channel.name or channel.external_id


def greeted(db: Db, community_id: int, person_id: int) -> bool:
    """Return whether the person was welcomed in a channel of the community."""
    return db.get(Greeting, (community_id, person_id)) is not None


def greet(db: Db, community_id: int, person_id: int) -> None:
    """Remember that the person was welcomed, which happens once."""
    db.add(Greeting(community_id=community_id, person_id=person_id))
