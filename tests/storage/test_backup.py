"""A backup is whole even while people write, and putting one back sends nothing twice."""

import asyncio
import gzip
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlmodel import col, func, select

from storage import migrate, search
from storage.backup import backup, restore
from storage.database import Db, open_database
from storage.problems import InUse, NotABackup, SchemaTooNew, Unreachable
from storage.tables import Community, Letter, Mailing, Person, Resource
from storage.types import metadata

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fill(db: Db) -> None:
    """Some of everything that is hard to carry: text, JSON, moments, nothing, ids once used."""
    db.add(Person(id=None, name="gone", created_at=NOW))
    db.flush()
    db.delete(db.exec(select(Person)).one())
    ana = Person(name="Ana “Zoë” 🔖 \\ \n'", created_at=NOW.replace(microsecond=123456), be_welcomed=True)
    community = Community(
        slug="python", name="Python", purpose="", created_at=NOW, reactions={"save": ["🔖"]}
    )
    db.add_all([ana, community, Mailing(key="m", kind="digest", addressed=4, created_at=NOW)])
    db.flush()
    assert community.id is not None
    resource = Resource(
        community_id=community.id, url="https://a.example", title="Vectors", saver_id=ana.id, saved_at=NOW
    )
    db.add(resource)
    db.flush()
    assert resource.id is not None
    search.index(db, resource.id)
    for state, due in (
        ("pending", -HOUR),
        ("sending", -HOUR),
        ("ambiguous", -HOUR),
        ("sent", -HOUR),
        ("pending", HOUR),
    ):
        db.add(
            Letter(key=f"{state} {due}", mailing="m", kind="digest", platform="slack", state=state,
                   created_at=NOW, due_at=NOW + due, lease_until=NOW, card={"title": ["é"]})
        )  # fmt: skip


def contents(db: Db) -> dict[str, Sequence[Any]]:
    return {
        name: db.connection().execute(table.select().order_by(*table.primary_key)).fetchall()
        for name, table in metadata.tables.items()
    }


def states(db: Db) -> list[tuple[str, str, str]]:
    rows = db.exec(select(Letter).order_by(Letter.key))
    return [(row.key.split()[0], row.state, row.reason) for row in rows]


async def look(url: str) -> tuple[dict[str, Sequence[Any]], list[tuple[str, str, str]], int]:
    """What is in a database: all rows, the letters' states, how many resources search finds."""
    database = open_database(url)
    try:
        return (
            await database.read(contents),
            await database.read(states),
            await database.read(lambda db: search.search(db, "vectors", communities=[1]).total),
        )
    finally:
        await database.close()


async def test_a_restored_database_has_everything_and_holds_what_was_due(
    fresh_url: str, tmp_path: Path
) -> None:
    database = open_database(fresh_url)
    await database.write(fill)
    before = await database.read(contents)
    backup(fresh_url, tmp_path / "backup")
    await database.write(lambda db: db.exec(select(Resource)).one().sqlmodel_update({"title": "Changed"}))
    await database.write(lambda db: db.add(Person(name="Too late", created_at=NOW)))
    await database.close()

    kept = restore(fresh_url, tmp_path / "backup", now=NOW)

    after, letters, found = await look(fresh_url)
    assert letters == [
        ("ambiguous", "held", "restored from a backup"),
        ("pending", "held", "restored from a backup"),
        ("pending", "pending", ""),
        ("sending", "held", "restored from a backup"),
        ("sent", "sent", ""),
    ]
    assert found == 1
    assert {name: rows for name, rows in after.items() if name != "letter"} == {
        name: rows for name, rows in before.items() if name != "letter"
    }
    assert kept is not None
    assert (tmp_path / "backup").stat().st_mode & 0o077 == kept.stat().st_mode & 0o077 == 0

    restore(fresh_url, kept, now=NOW)
    after, _, _ = await look(fresh_url)
    assert [row.title for row in after["resource"]] == ["Changed"]
    assert [row.name for row in after["person"]][1:] == ["Too late"]


async def test_ids_are_not_used_again_after_a_restore(fresh_url: str, tmp_path: Path) -> None:
    database = open_database(fresh_url)
    await database.write(lambda db: db.add(Person(name="kept", created_at=NOW)))
    await database.write(lambda db: db.add(Person(name="erased", created_at=NOW)))
    await database.write(lambda db: db.delete(db.exec(select(Person).where(Person.name == "erased")).one()))
    backup(fresh_url, tmp_path / "backup")
    await database.close()
    restore(fresh_url, tmp_path / "backup", now=NOW)
    database = open_database(fresh_url)
    await database.write(lambda db: db.add(Person(name="next", created_at=NOW)))
    assert await database.read(lambda db: db.exec(select(Person.id).order_by(col(Person.id))).all()) == [1, 3]
    await database.close()


async def test_a_backup_during_writes_has_whole_transactions_only(fresh_url: str, tmp_path: Path) -> None:
    database = open_database(fresh_url)

    def pair(name: str) -> Callable[[Db], None]:
        return lambda db: db.add_all(Person(name=name, created_at=NOW) for _ in range(2))

    async def write_pairs() -> None:
        for number in range(60):
            await database.write(pair(f"{number}"))

    writing = asyncio.create_task(write_pairs())
    counts: list[int] = []
    while not writing.done():
        file = tmp_path / f"backup-{len(counts)}"
        await asyncio.to_thread(backup, fresh_url, file)
        if database.dialect == "sqlite":
            with closing(sqlite3.connect(file)) as copy:
                counts.append(copy.execute("SELECT count(*) FROM person").fetchone()[0])
        else:
            counts.append(gzip.decompress(file.read_bytes()).count(b'\n["person"'))
    await writing
    assert counts == sorted(counts)
    assert all(count % 2 == 0 for count in counts)
    assert any(0 < count < 120 for count in counts)
    await database.close()


async def test_nothing_is_restored_while_hearth_runs(fresh_url: str, tmp_path: Path) -> None:
    database = open_database(fresh_url)
    await database.write(fill)
    await asyncio.to_thread(backup, fresh_url, tmp_path / "backup")
    with pytest.raises(InUse):
        restore(fresh_url, tmp_path / "backup", now=NOW)
    assert (await database.read(states))[1][1] == "pending"
    await database.close()
    restore(fresh_url, tmp_path / "backup", now=NOW)


@pytest.mark.parametrize("damage", ["absent", "empty", "text", "cut", "other"])
async def test_what_is_no_whole_backup_changes_nothing(fresh_url: str, tmp_path: Path, damage: str) -> None:
    database = open_database(fresh_url)
    await database.write(fill)
    before = await database.read(contents)
    file = tmp_path / "backup"
    backup(fresh_url, file)
    await database.close()
    whole = file.read_bytes()
    file.unlink()
    if damage != "absent":
        cut = (
            gzip.compress(b"\n".join(gzip.decompress(whole).splitlines()[:-1]))
            if whole[:2] == b"\x1f\x8b"
            else whole[: len(whole) // 2]
        )
        file.write_bytes(
            {"empty": b"", "text": b"Dear Ana", "cut": cut, "other": gzip.compress(b'{"a": 1}\n')}[damage]
        )
    with pytest.raises(NotABackup, match="backup"):
        restore(fresh_url, file, now=NOW)
    after, letters, _ = await look(fresh_url)
    assert after == before
    assert "held" not in {state for _, state, _ in letters}


async def test_a_backup_of_a_later_release_changes_nothing(fresh_url: str, tmp_path: Path) -> None:
    database = open_database(fresh_url)
    await database.write(
        lambda db: db.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    )
    await database.close()
    backup(fresh_url, tmp_path / "newer")
    with pytest.raises(SchemaTooNew, match="9999"):
        restore(fresh_url, tmp_path / "newer", now=NOW)


def test_a_backup_of_an_earlier_release_is_brought_up_to_date(sqlite_url: str, tmp_path: Path) -> None:
    with migrate.sqlite_transaction(tmp_path / "hearth.db") as connection:
        migrate.run(connection, "0001")
    backup(sqlite_url, tmp_path / "older")
    migrate.upgrade(sqlite_url)
    restore(sqlite_url, tmp_path / "older", now=NOW)
    assert migrate.upgrade(sqlite_url).before == "0001"


def test_there_must_be_something_to_back_up(postgres_server: str, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no Hearth database"):
        backup(f"sqlite:///{tmp_path}/absent.db", tmp_path / "backup")
    with pytest.raises(Unreachable, match="no Hearth database"):
        backup(postgres_server, tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_needs_another_place_that_exists(sqlite_url: str, tmp_path: Path) -> None:
    path = Path(make_url(sqlite_url).database or "")
    with pytest.raises(Unreachable, match="is the database itself"):
        backup(sqlite_url, path)
    with pytest.raises(Unreachable, match="cannot be copied"):
        backup(sqlite_url, path / "below-a-file")
    assert migrate.sqlite_revision(path) == migrate.head()


async def test_a_new_database_can_be_made_from_a_backup(sqlite_url: str, tmp_path: Path) -> None:
    backup(sqlite_url, tmp_path / "backup")
    assert restore(f"sqlite:///{tmp_path}/other/hearth.db", tmp_path / "backup", now=NOW) is None
    rows, _, _ = await look(f"sqlite:///{tmp_path}/other/hearth.db")
    assert rows["person"] == []


async def test_a_damaged_database_can_be_replaced(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "hearth.db"
    backup(sqlite_url, tmp_path / "backup")
    path.write_bytes(b"not a database any more" * 1000)
    kept = restore(sqlite_url, tmp_path / "backup", now=NOW)
    assert kept == tmp_path / "hearth-replaced.db"
    assert kept.read_bytes().startswith(b"not a database")
    database = open_database(sqlite_url)
    assert await database.read(lambda db: db.exec(select(func.count()).select_from(Person)).one()) == 0
    await database.close()


async def test_a_digest_that_may_have_gone_out_since_the_backup_waits_for_its_next_day(
    fresh_url: str, tmp_path: Path
) -> None:
    database = open_database(fresh_url)
    await database.write(fill)
    due = NOW - timedelta(hours=3)

    def plan(db: Db) -> None:
        db.exec(select(Community)).one().sqlmodel_update({"digest_next_at": due})

    await database.write(plan)
    backup(fresh_url, tmp_path / "backup")
    await database.close()
    restore(fresh_url, tmp_path / "backup", now=NOW)
    after, _, _ = await look(fresh_url)
    assert [row.digest_next_at for row in after["community"]] == [due + timedelta(weeks=1)]
