"""Erasure and export walk the schema: nothing of an erased person is left in any table."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Integer, insert, select
from sqlmodel import select as select_rows

from bot.chat import Actor
from bot.rules import communities, outbox, people, privacy
from bot.ui.cards import Card, Text
from bot.ui.codec import dump
from storage.database import Db
from storage.schema import person_columns, tables
from storage.tables import Edition, Letter
from storage.types import UtcDateTime
from tests.cast import NOW, channel, community, person

CANARY = "Quetzalcoatl"


def everything(db: Db) -> str:
    """Return every value of every row of every table, as text."""
    rows = [list(row) for table in tables() for row in db.execute(select(table)).all()]
    return json.dumps(rows, default=str)


def filled(
    table: Any, column: str, person_id: int, community_id: int, made: dict[str, int]
) -> dict[str, Any]:
    """Return values for one row of the table that names the person in `column`, the canary in every text."""
    values: dict[str, Any] = {}
    for c in table.columns:
        target = next((k.column.table.name for k in c.foreign_keys), None)
        if c.name == column:
            values[c.name] = person_id
        elif target == "community":
            values[c.name] = community_id
        elif target == "person":
            values[c.name] = person_id if c.info["erase"] == "row" else None
        elif target is not None:
            values[c.name] = made.get(target) if c.nullable else made[target]
        elif c.primary_key and c.type.python_type is int and len(table.primary_key) == 1:
            continue
        else:
            values[c.name] = _value(c.type, f"{table.name}.{c.name}")
    return values


def _value(kind: Any, text: str) -> Any:
    match kind:
        case UtcDateTime():
            return NOW
        case JSON():
            return {}
        case Boolean():
            return False
        case Integer():
            return 1
    return text


def test_every_reference_to_a_person_says_what_erasing_does() -> None:
    assert len(person_columns()) > 15
    for table, column, rule in person_columns():
        assert rule in ("row", "clear")
        assert table.c[column].nullable == (rule == "clear"), f"{table.name}.{column}"


def test_an_erased_person_is_in_no_table(db: Db) -> None:
    fran = person(db, "Fran")
    gone = people.identify(db, Actor("memory", f"{CANARY}-id", CANARY), NOW)
    python = community(db, "python", fran)
    others = community(db, "others", fran)
    db.flush()
    gone_id = gone.id or 0
    made: dict[str, int] = {}
    for table in tables():
        columns = [c for t, c, _ in person_columns() if t is table]
        for column in columns or [""]:
            if table.name in ("person", "account", "community") or (
                not columns and table.name not in _NEEDED
            ):
                continue
            row = filled(
                table, column, gone_id, (python if column == (columns or [""])[0] else others).id or 0, made
            )
            result = db.execute(insert(table).values(row))
            key = result.inserted_primary_key
            if key is not None and len(key) == 1:
                made[table.name] = key[0]
    assert set(privacy.holdings(db, gone_id)) == {t.name for t, _, _ in person_columns()}
    privacy.erase(db, gone, NOW)
    assert privacy.holdings(db, gone_id) == {}
    assert CANARY not in everything(db)


_NEEDED = ("mailing", "session", "occurrence", "resource", "pulse", "question", "proposal")


def test_a_name_leaves_the_cards_that_are_kept(db: Db) -> None:
    fran, gone = person(db, "Fran"), people.identify(db, Actor("memory", f"{CANARY}-id", CANARY), NOW)
    python = community(db, "python", fran, gone)
    communities.connect(db, python, channel("c"))
    names = people.mentions(db, [gone.id, fran.id])
    card = Card("Digest", (Text(("Welcome ", names[gone.id], " and ", names[fran.id])),))
    outbox.announce(db, python, card, kind="digest", key="digest:1", now=NOW)
    db.add(Edition(community_id=python.id, due_at=NOW, window_from=NOW, window_to=NOW + timedelta(1), state="sent", card=dump(card), created_at=NOW))  # fmt: skip
    db.flush()
    privacy.erase(db, gone, NOW)
    dumped = everything(db)
    assert CANARY not in dumped
    assert "Fran" in json.dumps([row.card for row in db.exec(select_rows(Letter)).all()])
    assert people.UNKNOWN_NAME in dumped


def test_letters_to_an_erased_person_are_stopped_and_the_books_still_balance(db: Db) -> None:
    from bot.rules.balance import balance

    gone = person(db, CANARY)
    outbox.tell(db, gone.id or 0, Card(CANARY), kind="notice", key="n:1", now=NOW)
    privacy.erase(db, gone, NOW)
    letter = db.exec(select_rows(Letter).where(Letter.mailing == "n:1")).one()
    assert letter.state == "skipped"
    assert balance(db).ok
    assert CANARY not in everything(db)


def test_an_export_holds_what_is_mine_and_nobody_else(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    circle = community(db, "circle", fran, visibility="request")
    communities.join(db, circle, mo, NOW)
    found = json.loads(json.dumps(privacy.export(db, mo)))
    assert found["person"][0]["name"] == "Mo"
    assert found["account"][0]["external_id"] == "mo"
    assert len(found["joinrequest"]) == 1
    assert "Fran" not in json.dumps(found)
    assert set(found) == {"person", *privacy.holdings(db, mo.id or 0)}


def test_a_community_about_to_lose_its_last_facilitator_is_named(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    python, viz = community(db, "python", fran, mo), community(db, "data-viz", fran, mo)
    communities.promote(db, viz, mo)
    db.flush()
    assert privacy.last_facilitator_of(db, fran.id or 0) == [python.id]
    assert privacy.last_facilitator_of(db, mo.id or 0) == []


def test_who_comes_back_is_a_new_person(db: Db) -> None:
    mo = person(db, "Mo")
    former = mo.id
    privacy.erase(db, mo, NOW)
    back = person(db, "Mo")
    assert back.id != former
    assert privacy.holdings(db, back.id or 0) == {"account": 1}


@pytest.mark.parametrize("name", ["Fran", "Mo"])
def test_erasing_one_leaves_the_others(db: Db, name: str) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    python = community(db, "python", fran, mo)
    leaving, staying = (fran, mo) if name == "Fran" else (mo, fran)
    privacy.erase(db, leaving, NOW)
    assert [m.person_id for m in communities.members(db, python)] == [staying.id]


def test_whatever_is_stored_about_a_person_has_words() -> None:
    from bot.cards.people import _ROWS

    assert set(_ROWS) == {table.name for table, _, _ in person_columns()}
