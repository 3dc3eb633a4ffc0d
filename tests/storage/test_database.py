"""The database runs work in transactions: grouped on SQLite, under row locks on PostgreSQL."""

from datetime import UTC, datetime

from sqlmodel import select

from storage.database import Database, Db
from storage.tables import Person

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


async def test_what_a_work_returns_is_readable_afterwards(database: Database) -> None:
    def add(db: Db) -> Person:
        person = Person(name="Ana", created_at=NOW)
        db.add(person)
        return person

    ana = await database.write(add)
    assert (await database.read(lambda db: db.exec(select(Person)).one())).name == ana.name


def test_rules(db: Db) -> None:
    db.add(Person(name="Ana", created_at=NOW))
    assert len(db.exec(select(Person)).all()) == 1


def test_rules_again(db: Db) -> None:
    db.add(Person(name="Ana", created_at=NOW))
    assert len(db.exec(select(Person)).all()) == 1
