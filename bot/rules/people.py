"""Who somebody is: accounts seen on platforms, and the one person behind them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from bot.chat import Actor
from bot.ui.spans import Mention
from storage.database import Db
from storage.tables import Account, Delivery, Person

SEEN_EVERY = timedelta(hours=1)
UNKNOWN_NAME = "someone who left"


def first_time(db: Db, delivery: str, now: datetime) -> bool:
    """Record a platform's delivery; False when it has had its effect already. "" is always new."""
    if not delivery:
        return True
    if db.get(Delivery, delivery) is not None:
        return False
    db.add(Delivery(key=delivery, at=now))
    return True


def recognise(db: Db, actor: Actor, now: datetime) -> Person:
    """Return the person behind the account, or a stranger with no id, without writing anything."""
    account = _account(db, actor)
    owner = db.get(Person, account.person_id) if account else None
    return owner or Person(name=actor.name, created_at=now)


def identify(db: Db, actor: Actor, now: datetime) -> Person:
    """Return the person behind the account, made known if this is the first time.

    The account's name, zone and time last seen are refreshed, the last at most hourly.
    """
    account = _account(db, actor)
    if account is None:
        person = Person(name=actor.name, created_at=now)
        db.add(person)
        db.flush()
        assert person.id is not None, "flushed"
        account = Account(
            person_id=person.id,
            platform=actor.platform,
            external_id=actor.id,
            name=actor.name,
            zone=actor.zone,
            seen_at=now,
        )
        db.add(account)
        return person
    if account.name != actor.name or (actor.zone and account.zone != actor.zone):
        account.name, account.zone = actor.name, actor.zone or account.zone
        db.add(account)
    if now - account.seen_at > SEEN_EVERY:
        account.seen_at = now
        db.add(account)
    owner = db.get(Person, account.person_id)
    assert owner is not None, "a foreign key points at it"
    return owner


def _account(db: Db, actor: Actor) -> Account | None:
    return db.exec(
        select(Account).where(Account.platform == actor.platform, Account.external_id == actor.id)
    ).first()


def mentions(db: Db, person_ids: Sequence[int | None]) -> dict[int | None, Mention]:
    """Return how to name each of these people in a card, whatever platform shows it.

    Ids of people who are gone, and None, are named as someone who left.
    """
    ids = {i for i in person_ids if i is not None}
    names = dict(db.exec(select(Person.id, Person.name).where(col(Person.id).in_(ids))).all()) if ids else {}
    accounts: dict[int, dict[str, str]] = {}
    for owner, platform, external in (
        db.exec(
            select(Account.person_id, Account.platform, Account.external_id).where(
                col(Account.person_id).in_(ids)
            )
        ).all()
        if ids
        else ()
    ):
        accounts.setdefault(owner, {})[platform] = external
    found: dict[int | None, Mention] = {
        i: Mention(i, names[i], accounts.get(i, {})) for i in ids if i in names
    }
    gone = Mention(0, UNKNOWN_NAME)
    return {i: found.get(i, gone) for i in (*ids, None)}


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
