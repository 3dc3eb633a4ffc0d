"""Who somebody is: accounts seen on platforms, and the one person behind them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, exists, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import col, select

from bot.chat import Actor
from bot.ui.spans import Mention
from storage import prepared
from storage.database import Db
from storage.tables import Account, Person
from storage.types import metadata

ACCOUNT = metadata.tables["account"]
PERSON = metadata.tables["person"]
DELIVERY = metadata.tables["delivery"]
SEEN_EVERY = timedelta(hours=1)
UNKNOWN_NAME = "someone who left"


def first_time(db: Db, delivery: str, now: datetime) -> bool:
    """Record a platform's delivery; False when it has had its effect already. "" is always new."""
    return not delivery or prepared.change(db, _DELIVERY, delivery=delivery, now=now) == 1


# Asked before every command, so built once.
_DELIVERY = insert(DELIVERY).from_select(
    ["key", "at"],
    select_columns(
        bindparam("delivery", type_=DELIVERY.c.key.type), bindparam("now", type_=DELIVERY.c["at"].type)
    ).where(~exists().where(DELIVERY.c.key == bindparam("delivery"))),
)
_ACCOUNT = select_columns(
    *(ACCOUNT.c[name] for name in ("id", "person_id", "name", "zone", "seen_at"))
).where(ACCOUNT.c.platform == bindparam("platform"), ACCOUNT.c.external_id == bindparam("external_id"))
_NAMES = (
    select_columns(PERSON.c.id, PERSON.c.name, ACCOUNT.c.platform, ACCOUNT.c.external_id)
    .outerjoin(ACCOUNT, ACCOUNT.c.person_id == PERSON.c.id)
    .order_by(ACCOUNT.c.id)
)
_NAME = _NAMES.where(PERSON.c.id == bindparam("person"))


def recognise(db: Db, actor: Actor) -> int:
    """Return the id of the person behind the account, 0 for a stranger, without writing anything."""
    found = _account(db, actor)
    return found.person_id if found else 0


def known(db: Db, actor: Actor, now: datetime) -> int:
    """Return the id of the person behind the account, made known if this is the first time.

    The account's name, zone and time last seen are refreshed, the last at most hourly. Someone who is
    called otherwise now is called so everywhere.
    """
    found = _account(db, actor)
    if found is None:
        return _introduce(db, actor, now)
    _refresh(db, found, actor, now if now - found.seen_at > SEEN_EVERY else None)
    person_id: int = found.person_id
    return person_id


def changed(db: Db, actor: Actor) -> None:
    """Take over the name and zone of a known account; of a stranger nothing is kept."""
    found = _account(db, actor)
    if found is not None:
        _refresh(db, found, actor, None)


def _refresh(db: Db, found: Any, actor: Actor, seen: datetime | None) -> None:
    # Some payloads name who acts by id only; that is no new name.
    name = actor.name if actor.name != actor.id else found.name
    renamed = found.name != name or (actor.zone is not None and found.zone != actor.zone)
    if renamed or seen is not None:
        db.execute(
            update(ACCOUNT)
            .where(ACCOUNT.c.id == found.id)
            .values(name=name, zone=actor.zone or found.zone, seen_at=seen or found.seen_at)
        )
    if found.name != name:
        db.execute(update(PERSON).where(PERSON.c.id == found.person_id).values(name=name))


def credited(db: Db, actor: Actor, now: datetime) -> int:
    """Return the id of the person behind the account, made known if need be, of whom nothing is changed."""
    return recognise(db, actor) or _introduce(db, actor, now)


def identify(db: Db, actor: Actor, now: datetime) -> Person:
    """Return the person behind the account, made known if this is the first time."""
    person = db.get(Person, known(db, actor, now))
    assert person is not None, "a foreign key points at it"
    return person


def _introduce(db: Db, actor: Actor, now: datetime) -> int:
    person = Person(name=actor.name, created_at=now)
    db.add(person)
    db.flush()
    db.add(
        Account(
            person_id=person.id,
            platform=actor.platform,
            external_id=actor.id,
            name=actor.name,
            zone=actor.zone,
            seen_at=now,
        )
    )
    db.flush()
    return person.id


def _account(db: Db, actor: Actor) -> Any:
    return prepared.row(db, _ACCOUNT, platform=actor.platform, external_id=actor.id)


def mentions(db: Db, person_ids: Sequence[int | None]) -> dict[int | None, Mention]:
    """Return how to name each of these people in a card, whatever platform shows it.

    Ids of people who are gone, and None, are named as someone who left.
    """
    ids = {i for i in person_ids if i is not None}
    if len(ids) == 1:
        rows = prepared.rows(db, _NAME, person=next(iter(ids)))
    else:
        rows = db.execute(_NAMES.where(PERSON.c.id.in_(ids))).all() if ids else ()
    found, gone = named(rows), Mention(0, UNKNOWN_NAME)
    return {i: found.get(i, gone) for i in (*ids, None)}


def named(rows: Iterable[Any]) -> dict[int | None, Mention]:
    """Return how to name the people in rows of id, name, platform and account there, in the order of the rows."""
    names: dict[int, str] = {}
    accounts: dict[int, dict[str, str]] = {}
    for person_id, name, platform, external_id in rows:
        names[person_id] = name
        own = accounts.setdefault(person_id, {})
        if platform is not None:
            own[platform] = external_id
    return {i: Mention(i, name, accounts[i]) for i, name in names.items()}


def accounts_of(db: Db, person_id: int) -> Sequence[Account]:
    """Return the person's accounts, most recently seen first."""
    return db.exec(
        select(Account).where(Account.person_id == person_id).order_by(col(Account.seen_at).desc())
    ).all()


def admins(db: Db, configured: Sequence[str]) -> list[int]:
    """Return the known people among the configured `platform:id` of association staff."""
    found: list[int] = []
    for platform, _, external_id in (entry.partition(":") for entry in configured):
        account = db.exec(
            select(Account).where(Account.platform == platform, Account.external_id == external_id)
        ).first()
        if account is not None and account.person_id not in found:
            found.append(account.person_id)
    return found
