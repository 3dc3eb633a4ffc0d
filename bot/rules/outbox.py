"""What the rules say unprompted: letters are written here, in the transaction of what they tell of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy import select as sql_select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from bot.chat import Address
from bot.ui.cards import Card
from bot.ui.codec import dump
from storage import prepared
from storage.database import Db
from storage.tables import Account, Channel, Community, Letter, Mailing, Person

PATIENCE = timedelta(days=3)
"""A letter that names no expiry is too late after this: old news does not flood a channel after an outage."""

UNSETTLED = ("pending", "sending", "ambiguous")
"""The states of a letter that is on its way."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """One destination of a mailing; `skip` says why nothing will be sent there."""

    to: Address
    key: str
    person_id: int | None = None
    skip: str = ""


def announce(
    db: Db,
    community: Community,
    card: Card,
    *,
    kind: str,
    key: str,
    now: datetime,
    subject: str = "",
    expires_at: datetime | None = None,
) -> int:
    """Write one letter to each channel connected to the community; return how many will be sent.

    `key` names the mailing for ever: the same key again writes nothing and returns 0. A paused
    channel gets a letter that is skipped at once, with the reason of the pause, so that the count
    of what was meant stays whole. `subject` ("session:12") lets `redraw` find the posted cards.
    """
    channels = db.exec(
        select(Channel).where(Channel.community_id == community.id).order_by(col(Channel.id))
    ).all()
    stops = [
        _Stop(
            Address(channel.platform, channel.external_id, channel.workspace),
            f"{key}:{channel.platform}:{channel.external_id}",
            skip=f"channel paused: {channel.paused}" if channel.paused else "",
        )
        for channel in channels
    ]
    return _mail(db, stops, card, kind, key, now, subject, expires_at)


def post(
    db: Db,
    to: Address,
    card: Card,
    *,
    kind: str,
    key: str,
    now: datetime,
    subject: str = "",
    expires_at: datetime | None = None,
) -> bool:
    """Write one letter to one channel, connected or not; return whether it will be sent.

    As with `announce`, the same key again writes nothing (False) and a paused channel is skipped.
    """
    paused = db.exec(
        select(Channel.paused).where(Channel.platform == to.platform, Channel.external_id == to.channel)
    ).first()
    stop = _Stop(to, f"{key}:{to.platform}:{to.channel}", skip=f"channel paused: {paused}" if paused else "")
    return _mail(db, [stop], card, kind, key, now, subject, expires_at) == 1


def tell(
    db: Db,
    person_id: int,
    card: Card,
    *,
    kind: str,
    key: str,
    now: datetime,
    subject: str = "",
    expires_at: datetime | None = None,
    avoiding: str = "",
) -> bool:
    """Write a direct message to the account the person was last seen with; return whether it will be sent.

    None is written to an account on the platform `avoiding`. Someone who wants no direct messages, or has no account, gets a skipped letter that says so.
    The same key again writes nothing and returns False.
    """
    stop = _to_people(db, {person_id: key}, avoiding)[person_id]
    return _mail(db, [stop], card, kind, key, now, subject, expires_at) == 1


@dataclass(frozen=True, slots=True)
class Message:
    """What one person is told, and until when it may arrive. `key` names it for ever."""

    person_id: int
    card: Card
    key: str
    expires_at: datetime


def tell_each(db: Db, messages: Sequence[Message], *, kind: str, now: datetime) -> None:
    """Write a direct message to each of many people, as `tell` does, in a few statements however many they are.

    A key that is known already writes nothing. The caller sees to it that nobody else writes the same keys at
    this moment, by a lock on what the messages are about; otherwise the transaction fails.
    """
    known = set(db.exec(select(Mailing.key).where(col(Mailing.key).in_([one.key for one in messages]))).all())
    fresh = {one.key: one for one in messages if one.key not in known}
    stops = _to_people(db, {one.person_id: "" for one in fresh.values()})
    if not fresh:
        return
    frozen = {id(one.card): dump(one.card) for one in fresh.values()}  # many get the same card
    mailings = [{"key": key, "kind": kind, "addressed": 1, "created_at": now} for key in fresh]
    db.execute(insert(Mailing), mailings)
    db.execute(
        insert(Letter),
        [
            _letter(
                replace(stops[one.person_id], key=f"{one.key}:direct"),
                frozen[id(one.card)],
                kind=kind,
                key=one.key,
                now=now,
                expires_at=one.expires_at,
            )
            for one in fresh.values()
        ],
    )


def _to_people(db: Db, keys: Mapping[int, str], avoiding: str = "") -> dict[int, _Stop]:
    """Return where to write to each person, under the key given for them, at the account they were last seen with."""
    people = dict(db.exec(select(Person.id, Person.direct_messages).where(col(Person.id).in_(keys))).all())
    accounts = {
        person_id: Address(platform, person=external_id)
        for person_id, platform, external_id in db.exec(
            select(Account.person_id, Account.platform, Account.external_id)
            .where(col(Account.person_id).in_(keys), Account.platform != avoiding)
            .order_by(col(Account.seen_at), col(Account.id))
        ).all()
    }
    stops = {}
    for person_id, key in keys.items():
        skip = ""
        if person_id not in people or person_id not in accounts:
            skip = "no account to write to"
        elif not people[person_id]:
            skip = "wants no direct messages"
        to = accounts.get(person_id, Address(""))
        # The letter's key names nobody: it outlives the person's erasure.
        stops[person_id] = _Stop(to, f"{key}:direct", person_id if person_id in people else None, skip)
    return stops


# Every answer to a session redraws its announcement.
_SHOWS = (
    sql_select(col(Letter.id), col(Letter.redraw_at))
    .where(
        col(Letter.subject) == bindparam("shown"),
        col(Letter.state) != "skipped",
        col(Letter.state) != "expired",
    )
    .order_by(col(Letter.id))
    .with_for_update()
)
_STALE = update(Letter).where(col(Letter.id) == bindparam("letter")).values(redraw_at=bindparam("since"))


def redraw(db: Db, subject: str, now: datetime) -> None:
    """Mark every letter that shows `subject` as stale: delivery edits it, drawn anew, once it is sent."""
    # A mark that is set again changes, or delivery could clear it after drawing the older state;
    # it moves back, so that what is due stays due and what has to wait goes on waiting.
    for letter, since in prepared.rows(db, _SHOWS, shown=subject):
        mark = since - timedelta(microseconds=1) if since else now
        prepared.change(db, _STALE, letter=letter, since=mark)


def cancel_to(db: Db, person_id: int, reason: str) -> int:
    """Skip what is on its way to a person and forget what was said to them, for erasure.

    Returns how many letters were skipped. A message that is being posted at this very moment may
    still arrive; it is not posted again, edited or looked for.
    """
    letters = db.exec(select(Letter).where(Letter.person_id == person_id).with_for_update()).all()
    skipped = 0
    for letter in letters:
        if letter.state in (*UNSETTLED, "held"):
            letter.state, letter.reason = "skipped", reason
            skipped += 1
        letter.person_account = letter.workspace = ""
        letter.card, letter.redraw_at = {}, None
        db.add(letter)
    return skipped


def release(db: Db) -> int:
    """Let held letters go, with the operator's consent; return how many.

    They become ambiguous, not pending: delivery looks for each before it sends it, since a held
    letter may have arrived. One that is past its expiry by then expires.
    """
    going = (
        update(Letter)
        .where(col(Letter.state) == "held")
        .values(state="ambiguous", reason="released", attempts=0, lease_until=None)
    )
    return len(db.exec(going.returning(col(Letter.id))).all())


def _mail(
    db: Db,
    stops: Iterable[_Stop],
    card: Card,
    kind: str,
    key: str,
    now: datetime,
    subject: str,
    expires_at: datetime | None,
) -> int:
    stops = list(stops)
    if not _begin(db, Mailing(key=key, kind=kind, addressed=len(stops), created_at=now)):
        return 0
    frozen = dump(card)
    for stop in stops:
        db.add(
            Letter(
                **_letter(stop, frozen, kind=kind, key=key, now=now, expires_at=expires_at, subject=subject)
            )
        )
    db.flush()
    return sum(not stop.skip for stop in stops)


def _letter(
    stop: _Stop,
    frozen: dict[str, Any],
    *,
    kind: str,
    key: str,
    now: datetime,
    expires_at: datetime | None,
    subject: str = "",
) -> dict[str, Any]:
    """Return the values of a letter to one stop of the mailing `key`."""
    return {
        "key": stop.key,
        "mailing": key,
        "kind": kind,
        "subject": subject,
        "platform": stop.to.platform,
        "workspace": stop.to.workspace,
        "channel": stop.to.channel,
        "person_account": stop.to.person,
        "person_id": stop.person_id,
        "card": {} if stop.skip else frozen,
        "state": "skipped" if stop.skip else "pending",
        "reason": stop.skip,
        "created_at": now,
        "due_at": now,
        "expires_at": expires_at or now + PATIENCE,
    }


def _begin(db: Db, mailing: Mailing) -> bool:
    """Record the mailing; False when its key is taken, be it by another process this very moment."""
    if db.get(Mailing, mailing.key) is not None:
        return False
    try:
        with db.begin_nested():
            db.add(mailing)
    except IntegrityError:
        return False
    return True
