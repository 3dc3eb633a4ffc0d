"""The life of a letter once it is written: claimed, posted, settled, or looked for when in doubt.

A claim is committed before the platform is called, so a crash leaves a letter that says "sending".
Its lease says whose attempt that is: what an older attempt reports later is refused, except that a
message exists. How long to wait before looking for a letter in doubt is delivery's to know.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, or_, select

from bot.chat import Address, MessageRef
from bot.rules import channels
from bot.rules.outbox import UNSETTLED
from bot.ui.cards import Card
from bot.ui.codec import load_card
from storage import prepared
from storage.database import Db, locked
from storage.tables import Channel, Letter

ATTEMPTS = 5
"""After so many attempts a letter is held for the operator."""

BATCH = 100
"""How many letters one look at the outbox considers, per platform and purpose."""

FIRST_WAIT = 2.0
LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt to deliver a letter. `lease_until` identifies the attempt."""

    letter_id: int
    key: str
    to: Address
    attempts: int
    lease_until: datetime | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A claim with the card to post."""

    claim: Claim
    card: Card


@dataclass(frozen=True, slots=True)
class Stale:
    """A posted card that shows an old state of `subject`, taken to be edited under the mark `redraw_at`."""

    letter_id: int
    subject: str
    message: MessageRef
    redraw_at: datetime


@dataclass(frozen=True, slots=True)
class Agenda:
    """What delivery could do at one moment. Cheap to ask."""

    due: bool
    stuck: bool
    stale: bool
    doubts: tuple[Claim, ...]


# Asked after every command, so built once; `_lost` says what the end of a lease means.
_LATE = and_(col(Letter.state) == "pending", col(Letter.expires_at) <= bindparam("now"))
_STUCK = and_(
    col(Letter.state) == "sending",
    or_(col(Letter.lease_until) <= bindparam("now"), col(Letter.lease_until) > bindparam("latest")),
)
_ANYWHERE = columns(exists().where(_LATE).label("late"), exists().where(_STUCK).label("stuck"))
_THERE = col(Letter.platform) == bindparam("platform")
_ON_PLATFORM = columns(
    exists()
    .where(col(Letter.state) == "pending", col(Letter.due_at) <= bindparam("now"), _THERE)
    .label("due"),
    exists()
    .where(col(Letter.state) == "sent", col(Letter.redraw_at) <= bindparam("now"), _THERE)
    .label("stale"),
    exists().where(col(Letter.state) == "ambiguous", _THERE).label("doubtful"),
)


def agenda(db: Db, now: datetime, *, platforms: Collection[str], lease: timedelta) -> Agenda:
    """Return what there is to do at `now` on these platforms; `lease` is how long a claim holds."""
    anywhere = prepared.row(db, _ANYWHERE, now=now, latest=now + lease)
    found = [prepared.row(db, _ON_PLATFORM, now=now, platform=platform) for platform in platforms]
    return Agenda(
        due=bool(anywhere.late) or any(there.due for there in found),
        stuck=bool(anywhere.stuck),
        stale=any(there.stale for there in found),
        doubts=_doubts(db, platforms) if any(there.doubtful for there in found) else (),
    )


def _doubts(db: Db, platforms: Collection[str]) -> tuple[Claim, ...]:
    doubtful = (
        select(Letter)
        .where(Letter.state == "ambiguous", col(Letter.platform).in_(platforms))
        .order_by(col(Letter.id))
        .limit(BATCH)
    )
    return tuple(_claim(letter) for letter in db.exec(doubtful).all())


def claim(
    db: Db,
    now: datetime,
    *,
    platform: str,
    limit: int,
    lease: timedelta,
    ready: Callable[[Address], bool] = lambda to: True,
) -> list[Parcel]:
    """Take up to `limit` due letters of a platform for one attempt each, and expire those too late.

    Letters to one destination leave in the order they were written, one at a time: a letter waits
    while an earlier one is unsettled. `ready` is asked last and only for letters that could go;
    what it allows is taken (so a rate limit may spend its token there). Safe with several
    processes: a letter that another one is claiming is passed over.
    """
    db.exec(
        update(Letter)
        .where(col(Letter.state) == "pending", col(Letter.expires_at) <= now)
        .values(state="expired", reason="too late to be sent", card={})
    )
    earlier = aliased(Letter)
    waits = (
        select(earlier.id)
        .where(
            earlier.platform == Letter.platform,
            earlier.channel == Letter.channel,
            earlier.person_account == Letter.person_account,
            col(earlier.state).in_(UNSETTLED),
            col(earlier.id) < col(Letter.id),
        )
        .exists()
    )
    heads = db.exec(
        select(Letter.id, Letter.workspace, Letter.channel, Letter.person_account)
        .where(Letter.state == "pending", col(Letter.due_at) <= now, Letter.platform == platform, ~waits)
        .order_by(col(Letter.due_at), col(Letter.id))  # as the index has it: nothing to sort
        .limit(max(BATCH, limit))
        .with_for_update(skip_locked=True, of=Letter)
    ).all()
    taken: list[int] = []
    for letter_id, workspace, channel, person in heads:
        if len(taken) == limit:
            break
        if ready(Address(platform, channel, workspace, person)):
            taken.append(letter_id)
    begun = (_begin(db, letter, now + lease) for letter in _by_id(db, taken))
    return [parcel for parcel in begun if parcel is not None]


def sent(db: Db, claim: Claim, message_id: str, now: datetime) -> bool:
    """Record that the letter stands on the platform as `message_id`.

    True unless the letter is settled otherwise or is being sent by a later attempt: then a second
    message exists, which the caller reports.
    """
    letter = locked(db, Letter, claim.letter_id)
    if letter is None:
        return False
    if letter.state == "sent":
        return letter.message_id == message_id
    # A message that exists is a fact, even where a later look had put the letter back.
    if not _ours(letter, claim) and letter.state not in ("pending", "ambiguous", "held"):
        return False
    letter.state, letter.reason = "sent", ""
    letter.sent_at, letter.message_id = now, message_id
    letter.lease_until, letter.card = None, {}
    db.add(letter)
    return True


def later(db: Db, claim: Claim, seconds: float, now: datetime) -> None:
    """Put the letter back because the platform said when to come back; this was no attempt."""
    letter = _mine(db, claim)
    if letter is not None:
        letter.attempts = max(0, letter.attempts - 1)
        _put_back(db, letter, now + timedelta(seconds=seconds), "asked to come back later")


def retry(db: Db, claim: Claim, seconds: float, now: datetime) -> None:
    """Put the letter back, due in `seconds`, because it certainly did not arrive.

    After ATTEMPTS attempts it is held for the operator instead.
    """
    letter = _mine(db, claim)
    if letter is None:
        return
    if letter.attempts >= ATTEMPTS:
        letter.state, letter.lease_until = "held", None
        letter.reason = f"not delivered in {letter.attempts} attempts: {letter.reason or 'no reason known'}"
        db.add(letter)
    else:
        _put_back(db, letter, now + timedelta(seconds=seconds), letter.reason)


def backoff(attempts: int, jitter: float, first: float = FIRST_WAIT) -> float:
    """Return the seconds to wait after so many attempts: `first`, twice that … 300, less up to half of it.

    `jitter` in [0, 1) says how much less, so that many letters do not come back at once.
    """
    whole = min(LONGEST_WAIT, first * 2 ** min(20, max(0, attempts - 1)))
    return float(whole * (1 - jitter / 2))


def unknown(db: Db, claim: Claim, reason: str) -> None:
    """Record that nobody knows whether the letter arrived: it will be looked for."""
    letter = _mine(db, claim)
    if letter is not None:
        letter.state, letter.reason = "ambiguous", reason
        db.add(letter)


def undeliverable(db: Db, claim: Claim, reason: str, now: datetime, *, place: bool = True) -> None:
    """Skip the letter for good. With `place`, its connected channel is paused, and what else waits for it skipped.

    The facilitators of its community are told once per pause, by direct message.
    """
    letter = _mine(db, claim)
    if letter is None:
        return
    _skip(db, letter, reason)
    if letter.person_account or not letter.channel or not place:
        return
    found = db.exec(
        select(Channel.id).where(Channel.platform == letter.platform, Channel.external_id == letter.channel)
    ).first()
    channel = locked(db, Channel, found) if found is not None else None
    if channel is not None and channels.pause(db, channel, reason):
        channels.tell_facilitators(db, channel, now)


def stuck(db: Db, now: datetime, *, lease: timedelta, ours: Collection[int] = ()) -> int:
    """Put in doubt the letters whose sender was lost; return how many.

    A lease that runs out later than any lease could was written by a clock since set back; it counts
    as run out. `ours` are letters this process is sending at this moment, whatever the clock says.
    """
    lost = db.exec(
        select(Letter)
        .where(_lost(now, lease), col(Letter.id).not_in(ours))
        .order_by(col(Letter.id))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for letter in lost:
        letter.state, letter.reason = "ambiguous", "its sender was lost"
        db.add(letter)
    return len(lost)


def take_stale(
    db: Db,
    now: datetime,
    *,
    platform: str,
    limit: int,
    lease: timedelta,
    ready: Callable[[Address], bool] = lambda to: True,
) -> list[Stale]:
    """Take up to `limit` posted cards that show an old state, to be drawn anew and edited.

    The mark moves to the end of the lease: until then no other process edits the card, so an older
    drawing cannot arrive last; and if this one dies the card is due again. `ready` as for `claim`.
    """
    found = db.exec(
        select(Letter)
        .where(_stale(now, [platform]))
        .order_by(col(Letter.redraw_at), col(Letter.id))
        .limit(max(BATCH, limit))
        .with_for_update(skip_locked=True)
    ).all()
    taken: list[Stale] = []
    for letter in found:
        if len(taken) == limit:
            break
        if ready(_address(letter)):
            mark = letter.redraw_at = now + lease
            db.add(letter)
            message = MessageRef(_address(letter), letter.message_id)
            taken.append(Stale(letter.id, letter.subject, message, mark))
    return taken


def redrawn(db: Db, stale: Stale, now: datetime, again_at: datetime | None = None) -> None:
    """Clear the mark of a card that was edited, or move it to `again_at`.

    What changed while it was being edited makes it stale again at once.
    """
    letter = locked(db, Letter, stale.letter_id)
    if letter is not None and letter.redraw_at is not None:
        changed = letter.redraw_at != stale.redraw_at
        letter.redraw_at = again_at or (now if changed else None)
        db.add(letter)


def _begin(db: Db, letter: Letter, lease_until: datetime) -> Parcel | None:
    db.add(letter)
    try:
        card = load_card(letter.card)
    except (KeyError, TypeError, ValueError):
        # Written by another version. Held, so that one such letter does not stop all behind it.
        letter.state, letter.reason = "held", "its card cannot be read by this version"
        return None
    letter.state, letter.attempts, letter.lease_until = "sending", letter.attempts + 1, lease_until
    return Parcel(_claim(letter), card)


def _by_id(db: Db, ids: Sequence[int]) -> Sequence[Letter]:
    if not ids:
        return []
    return db.exec(select(Letter).where(col(Letter.id).in_(ids)).order_by(col(Letter.id))).all()


def _claim(letter: Letter) -> Claim:
    return Claim(letter.id, letter.key, _address(letter), letter.attempts, letter.lease_until)


def _stale(now: datetime, platforms: Collection[str]) -> Any:
    return and_(col(Letter.redraw_at) <= now, Letter.state == "sent", col(Letter.platform).in_(platforms))


def _address(letter: Letter) -> Address:
    return Address(letter.platform, letter.channel, letter.workspace, letter.person_account)


def _ours(letter: Letter, claim: Claim) -> bool:
    return letter.state in ("sending", "ambiguous") and letter.lease_until == claim.lease_until


def _mine(db: Db, claim: Claim) -> Letter | None:
    """The letter, locked, if the claim is still the latest attempt at it."""
    letter = locked(db, Letter, claim.letter_id)
    return letter if letter is not None and _ours(letter, claim) else None


def _lost(now: datetime, lease: timedelta) -> Any:
    run_out = or_(col(Letter.lease_until) <= now, col(Letter.lease_until) > now + lease)
    return and_(Letter.state == "sending", run_out)


def _put_back(db: Db, letter: Letter, due_at: datetime, reason: str) -> None:
    letter.state, letter.due_at, letter.lease_until, letter.reason = "pending", due_at, None, reason
    db.add(letter)


def _skip(db: Db, letter: Letter, reason: str) -> None:
    letter.state, letter.reason, letter.lease_until, letter.card = "skipped", reason, None, {}
    db.add(letter)
