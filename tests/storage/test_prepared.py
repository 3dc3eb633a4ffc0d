"""Prepared statements say on both databases what SQLAlchemy itself would say."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import StatementError
from sqlmodel import col

from storage import prepared
from storage.database import Db
from storage.tables import Account, Person

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
ACCOUNTS = (
    select(col(Account.external_id), col(Account.zone), col(Account.seen_at), func.length(col(Account.name)))
    .where(col(Account.platform) == bindparam("platform"), col(Account.name) != "nobody")
    .order_by(col(Account.external_id))
)
SEEN = (
    update(Account).where(col(Account.external_id) == bindparam("account")).values(seen_at=bindparam("seen"))
)
FORGET = delete(Account).where(col(Account.platform) == bindparam("platform"))
ADD = insert(Person).values(
    name=bindparam("name"), created_at=bindparam("now"), direct_messages=True, be_welcomed=False
)
PEOPLE = select(col(Person.name), col(Person.direct_messages), col(Person.be_welcomed)).where(
    col(Person.created_at) == bindparam("since")
)


def acquaint(db: Db, *ids: str) -> None:
    person = Person(name="Ana", created_at=NOW)
    db.add(person)
    db.flush()
    for external_id in ids:
        db.add(
            Account(person_id=person.id, platform="memory", external_id=external_id, name="Ana", seen_at=NOW)
        )


def test_rows_have_their_columns_as_attributes_in_python_types(db: Db) -> None:
    acquaint(db, "a", "b")  # not flushed: what is asked for includes what was added
    first, second = prepared.rows(db, ACCOUNTS, platform="memory")
    assert (first.external_id, first.zone, first.seen_at, first[3]) == ("a", None, NOW, 3)
    assert second.external_id == "b"
    assert prepared.row(db, ACCOUNTS, platform="memory") == first


def test_where_nothing_is_found_there_is_no_row(db: Db) -> None:
    assert prepared.rows(db, ACCOUNTS, platform="memory") == []
    assert prepared.row(db, ACCOUNTS, platform="memory") is None


def test_changes_are_counted_and_seen_by_what_is_asked_next(db: Db) -> None:
    acquaint(db, "a", "b")
    later = (NOW + timedelta(hours=1)).astimezone(timezone(timedelta(hours=5)))
    assert prepared.change(db, SEEN, account="a", seen=later) == 1
    assert prepared.change(db, SEEN, account="z", seen=later) == 0
    assert [row.seen_at for row in prepared.rows(db, ACCOUNTS, platform="memory")] == [later, NOW]
    assert prepared.change(db, FORGET, platform="memory") == 2
    assert prepared.rows(db, ACCOUNTS, platform="memory") == []


def test_what_a_statement_says_itself_is_kept_beside_what_it_is_given(db: Db) -> None:
    assert prepared.change(db, ADD, name="Ben", now=NOW) == 1
    assert tuple(prepared.row(db, PEOPLE, since=NOW)) == ("Ben", True, False)


def test_a_moment_without_a_zone_is_refused(db: Db) -> None:
    with pytest.raises((ValueError, StatementError), match="timezone"):
        prepared.change(db, ADD, name="Ben", now=NOW.replace(tzinfo=None))
    assert prepared.change(db, ADD, name="Ben", now=NOW) == 1


def test_a_value_left_out_is_an_error(db: Db) -> None:
    with pytest.raises(Exception, match="name"):
        prepared.change(db, ADD, now=NOW)
