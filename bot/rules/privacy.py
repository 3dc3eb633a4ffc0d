"""What is stored about a person, handed to them, or taken away: every table, by what the schema declares."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, delete, select, update
from sqlmodel import col
from sqlmodel import select as select_rows

from bot.rules import outbox, rsvps
from bot.rules.people import UNKNOWN_NAME
from storage import search
from storage.database import Db
from storage.schema import json_ready, person_columns
from storage.tables import Community, Edition, Endorsement, Letter, Membership, Person, Resource, ResourceNote


def holdings(db: Db, person_id: int) -> dict[str, int]:
    """Return how many rows of each table speak of the person, for "what is stored about me"."""
    counts: dict[str, int] = {}
    for table, column, _ in person_columns():
        found = len(db.execute(select(*table.primary_key).where(table.c[column] == person_id)).all())
        if found:
            counts[table.name] = counts.get(table.name, 0) + found
    return counts


def export(db: Db, person: Person) -> dict[str, Any]:
    """Return everything stored about the person, JSON-ready: their row and every row that names them.

    References to other people are left out, so that nobody else's data comes along.
    """
    found: dict[str, Any] = {"person": [json_ready(person.model_dump())]}
    for table, column, _ in person_columns():
        others = {c for t, c, _ in person_columns() if t is table and c != column}
        rows = db.execute(select(table).where(table.c[column] == person.id)).mappings().all()
        if rows:
            found.setdefault(table.name, []).extend(
                json_ready({k: v for k, v in row.items() if k not in others}) for row in rows
            )
    return found


def last_facilitator_of(db: Db, person_id: int) -> Sequence[int]:
    """Return the communities that would be left without a facilitator."""
    led = db.exec(
        select_rows(Membership.community_id).where(
            Membership.person_id == person_id, Membership.role == "facilitator"
        )
    ).all()
    # Kept from others, so that none of their facilitators goes while this one does.
    db.exec(
        select_rows(Community.id)
        .where(col(Community.id).in_(led))
        .order_by(col(Community.id))
        .with_for_update()
    ).all()
    others = db.exec(
        select_rows(Membership.community_id).where(
            col(Membership.community_id).in_(led),
            Membership.role == "facilitator",
            Membership.person_id != person_id,
        )
    ).all()
    return sorted(set(led) - set(others))


def erase(db: Db, person: Person, now: datetime) -> Sequence[int]:
    """Remove the person from every table: rows that are theirs go, references to them are cleared.

    Their letters are stopped and emptied, and their name leaves every card kept for others. Returns the
    communities that are left without a facilitator.
    """
    person_id = person.id
    orphaned = last_facilitator_of(db, person_id)
    touched = _resources_of(db, person_id)
    rsvps.withdraw_all(db, person_id, now)
    outbox.cancel_to(db, person_id, "the person was erased")
    _scrub_cards(db, person_id)
    db.flush()
    for table, column, rule in person_columns():
        mine = table.c[column] == person_id
        db.execute(
            delete(table).where(mine) if rule == "row" else update(table).where(mine).values({column: None})
        )
    db.expire_all()
    db.delete(person)
    db.flush()
    for resource_id in touched:
        search.index(db, resource_id)
    search.purge(db)
    return orphaned


def _resources_of(db: Db, person_id: int) -> list[int]:
    saved = db.exec(
        select_rows(Resource.id).where((Resource.saver_id == person_id) | (Resource.author_id == person_id))
    ).all()
    noted = db.exec(select_rows(ResourceNote.resource_id).where(ResourceNote.person_id == person_id)).all()
    liked = db.exec(select_rows(Endorsement.resource_id).where(Endorsement.person_id == person_id)).all()
    return sorted({*saved, *noted, *liked})


def _scrub_cards(db: Db, person_id: int) -> None:
    """Rename the person's mentions in cards that are kept: letters and digest editions."""
    tag = f'"person": {person_id},'
    letters = db.exec(select_rows(Letter).where(cast(col(Letter.card), String).contains(tag))).all()
    editions = db.exec(select_rows(Edition).where(cast(col(Edition.card), String).contains(tag))).all()
    kept: list[Letter | Edition] = [*letters, *editions]
    for row in kept:
        row.card = _without(row.card, person_id)
        db.add(row)


def _without(data: Any, person_id: int) -> Any:
    match data:
        case {"t": "mention", "person": owner, **rest} if owner == person_id:
            return {"t": "mention", **rest, "person": 0, "name": UNKNOWN_NAME, "accounts": {}}
        case dict():
            return {key: _without(value, person_id) for key, value in data.items()}
        case list():
            return [_without(item, person_id) for item in data]
    return data
