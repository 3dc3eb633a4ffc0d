"""Two accounts of one human, joined into one person, and parted again on request."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, UniqueConstraint, and_, delete, insert, select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from bot.errors import Conflict, NotFound
from storage.database import Db, locked
from storage.schema import json_ready, person_columns
from storage.tables import AccountLink, LinkCode, Membership, Person
from storage.types import UtcDateTime, metadata

CODE_LIFE = timedelta(minutes=10)
UNDO_LIFE = timedelta(days=30)
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike


def offer(db: Db, person: Person, now: datetime) -> str:
    """Return a fresh single-use code for the person's other account; earlier codes stop working."""
    db.exec(delete(LinkCode).where(col(LinkCode.person_id) == person.id))
    code = "".join(secrets.choice(_LETTERS) for _ in range(8))
    db.add(LinkCode(code_hash=_hash(code), person_id=person.id, expires_at=now + CODE_LIFE))
    return code


def owner(db: Db, code: str, person: Person, now: datetime) -> Person:
    """Return whose code it is. Raises NotFound for a wrong or spent one, Conflict for one's own."""
    row = locked(db, LinkCode, _hash(code))
    if row is None or row.expires_at <= now:
        raise NotFound(
            "That code is not valid. A code works once, for ten minutes; /cop link gives a new one."
        )
    if row.person_id == person.id:
        raise Conflict("That is your own code. Type it from your other account.")
    found = db.get(Person, row.person_id)
    assert found is not None, "a foreign key points at it"
    return found


def link(db: Db, code: str, person: Person, now: datetime) -> AccountLink:
    """Make `person` and the code's owner one: everything moves to the owner, remembered for undoing."""
    keeper = owner(db, code, person, now)
    db.exec(delete(LinkCode).where(col(LinkCode.person_id).in_([keeper.id, person.id])))
    moved: list[Any] = _keep_higher_roles(db, keeper.id, person.id)
    dropped: list[Any] = []
    for table, column, _ in person_columns():
        for row in db.execute(select(table).where(table.c[column] == person.id)).mappings().all():
            if _would_double(db, table, column, dict(row), keeper.id):
                db.execute(delete(table).where(_same_row(table, dict(row))))
                dropped.append([table.name, json_ready(dict(row))])
            else:
                db.execute(update(table).where(_same_row(table, dict(row))).values({column: keeper.id}))
                after = _key(table, dict(row)) | ({column: keeper.id} if column in table.primary_key else {})
                moved.append([table.name, column, json_ready(after)])
    former = Person.model_validate(person).model_dump()
    db.expire(person)
    db.execute(delete(metadata.tables["person"]).where(metadata.tables["person"].c.id == former["id"]))
    record = AccountLink(
        person_id=keeper.id,
        former_person=former["id"],
        linked_at=now,
        moved=moved,
        dropped=[["person", json_ready(former)], *dropped],
    )
    db.add(record)
    db.flush()
    return record


def undo(db: Db, link_id: int, person: Person, now: datetime) -> None:
    """Part what `link` joined: rows that are still there go back, rows that were doubles return.

    Nobody comes out of it with a role they had lost, or had only by the link.

    Raises NotFound for a link that is not this person's or is over 30 days old.
    """
    record = db.get(AccountLink, link_id)
    if record is None or record.person_id != person.id or now - record.linked_at > UNDO_LIFE:
        raise NotFound("There is no such link to undo. A link can be undone for 30 days.")
    roles = _roles(db, person.id)
    for name, values in record.dropped:
        if name == "person":
            db.execute(insert(metadata.tables[name]).values(_from_json(metadata.tables[name], values)))
    for name, column, key in record.moved:
        table = metadata.tables[name]
        now_is, was = ("facilitator", "member") if column == "role" else (person.id, record.former_person)
        db.execute(
            update(table)
            .where(_same_row(table, _from_json(table, key)), table.c[column] == now_is)
            .values({column: was})
        )
    for name, values in record.dropped:
        table = metadata.tables[name]
        row = _restorable(db, table, _from_json(table, values), roles)
        if row is not None and db.execute(select(table).where(_same_row(table, row))).first() is None:
            db.execute(insert(table).values(row))
    db.delete(record)
    db.flush()
    db.expire_all()


def latest(db: Db, person: Person, now: datetime) -> AccountLink | None:
    """Return the newest link that can still be undone."""
    return db.exec(
        select_rows(AccountLink)
        .where(AccountLink.person_id == person.id, AccountLink.linked_at > now - UNDO_LIFE)
        .order_by(col(AccountLink.id).desc())
    ).first()


def _keep_higher_roles(db: Db, keeper: int, other: int) -> list[Any]:
    """Make the keeper facilitate what the other does; return which memberships that changed, as `moved` has it."""
    raised: list[Any] = []
    for theirs in db.exec(
        select_rows(Membership).where(Membership.person_id == other, Membership.role == "facilitator")
    ).all():
        mine = db.get(Membership, (theirs.community_id, keeper))
        if mine is not None and mine.role != "facilitator":
            mine.role = "facilitator"
            db.add(mine)
            key = {"community_id": mine.community_id, "person_id": keeper}
            raised.append(["membership", "role", key])
    db.flush()
    return raised


def _roles(db: Db, person_id: int) -> dict[int, str]:
    rows = db.exec(
        select_rows(Membership.community_id, Membership.role).where(Membership.person_id == person_id)
    )
    return dict(rows.all())


def _restorable(db: Db, table: Table, row: dict[str, Any], roles: Mapping[int, str]) -> dict[str, Any] | None:
    """Return the row as it may come back: pointing at nothing that is gone meanwhile, with no more than `roles`."""
    if table.name == "person":
        return None  # the first to come back
    if table.name == "membership":
        if row["community_id"] not in roles:
            return None  # left since
        if roles[row["community_id"]] == "member":
            row = row | {"role": "member"}
    for key in table.foreign_keys:
        value = row[key.parent.name]
        if value is None or db.execute(select(key.column).where(key.column == value)).first() is not None:
            continue
        if not key.parent.nullable:
            return None
        row = row | {key.parent.name: None}
    return row


def _would_double(db: Db, table: Table, column: str, row: dict[str, Any], keeper: int) -> bool:
    uniques = [list(table.primary_key.columns)]
    uniques += [list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)]
    for columns in uniques:
        if table.c[column] not in columns:
            continue
        same = [c == (keeper if c.name == column else row[c.name]) for c in columns]
        if db.execute(select(table.c[column]).where(and_(*same))).first() is not None:
            return True
    return False


def _key(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {c.name: row[c.name] for c in table.primary_key}


def _same_row(table: Table, row: dict[str, Any]) -> Any:
    return and_(*(c == row[c.name] for c in table.primary_key))


def _from_json(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {
        k: datetime.fromisoformat(v) if v is not None and isinstance(table.c[k].type, UtcDateTime) else v
        for k, v in row.items()
    }


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()
