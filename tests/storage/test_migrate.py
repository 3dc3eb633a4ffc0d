"""The schema comes up to date by itself, equals the models, and is never dragged down by an older release."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.engine import make_url

import storage.tables
from storage import files, migrate
from storage.database import open_database
from storage.problems import BadAddress, InUse, SchemaTooNew, Unreachable
from storage.types import metadata

assert storage.tables.__all__


@contextmanager
def schema(url: str) -> Iterator[Connection]:
    """A connection on which the schema can be changed, in one transaction."""
    if url.startswith("sqlite"):
        with migrate.sqlite_transaction(Path(make_url(url).database or "")) as connection:
            yield connection
    else:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


def tables(url: str) -> set[str]:
    with schema(url) as connection:
        return {
            name for name in inspect(connection).get_table_names() if not name.startswith("resource_search_")
        }


def test_the_migrated_schema_equals_the_models(fresh_url: str) -> None:
    with schema(fresh_url) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_name": lambda name, kind, _: (
                    not (kind == "table" and name.startswith("resource_search"))
                ),
            },
        )
        assert compare_metadata(context, metadata) == []


def test_steps_can_be_undone_and_taken_again(fresh_url: str) -> None:
    full = tables(fresh_url)
    for target in [*reversed(migrate.steps()), "base", migrate.head()]:
        with schema(fresh_url) as connection:
            migrate.run(connection, target)
            expected = None if target == "base" else target
            assert migrate.revision_of(connection) == expected
        if target == "base":
            assert tables(fresh_url) == {"alembic_version"}
    assert tables(fresh_url) == full


def test_on_sqlite_ids_are_never_used_again_and_ballots_keep_no_order(sqlite_url: str) -> None:
    for target in (migrate.head(), "0001", migrate.head()):
        with schema(sqlite_url) as connection:
            migrate.run(connection, target)
            made = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
        for name, sql in made:
            table = metadata.tables.get(name)
            if table is not None:
                of_sqlite = table.dialect_options["sqlite"]
                numbered = (
                    of_sqlite["autoincrement"] and "id" in table.c and table.c.id.type.python_type is int
                )
                assert ("AUTOINCREMENT" in sql) == numbered, f"{name} at {target}"
                assert ("WITHOUT ROWID" in sql) != of_sqlite["with_rowid"], f"{name} at {target}"


def test_history_is_one_line_of_numbers(sqlite_url: str) -> None:
    with schema(sqlite_url) as connection:
        script = ScriptDirectory.from_config(migrate.alembic_config(connection))
    assert script.get_heads() == [migrate.head()]
    assert [step.revision for step in script.walk_revisions()] == migrate.steps()[::-1]
    assert migrate.steps() == [f"{number + 1:04}" for number in range(len(migrate.steps()))]


def test_an_empty_database_comes_to_head_and_stays_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/folder/hearth.db"
    done = migrate.upgrade(url)
    assert (done.before, done.after, done.backup) == (None, migrate.head(), None)
    done = migrate.upgrade(url)
    assert (done.before, done.after, done.backup) == (migrate.head(), migrate.head(), None)
    assert (tmp_path / "new/folder/hearth.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_an_older_file_is_copied_before_it_is_changed(
    sqlite_url: str, tmp_path: Path, folder: str | None
) -> None:
    path = tmp_path / "hearth.db"
    with schema(sqlite_url) as connection:
        migrate.run(connection, "0001")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO delivery VALUES ('kept', '2026-03-03')")
        connection.commit()
    for name in ("hearth-before-{}.db", "hearth-before-{}-2.db"):
        done = migrate.upgrade(sqlite_url, None if folder is None else tmp_path / folder)
        assert done.before == "0001"
        assert done.backup == tmp_path / (folder or "backups") / name.format(migrate.head())
        assert migrate.sqlite_revision(done.backup) == "0001"
        with closing(sqlite3.connect(done.backup)) as connection:
            assert connection.execute("SELECT key FROM delivery").fetchall() == [("kept",)]
        assert done.backup.stat().st_mode & 0o077 == 0
        with schema(sqlite_url) as connection:
            migrate.run(connection, "0001")


def test_a_newer_file_is_refused_and_its_bytes_stay(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "hearth.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    files.settle(path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(SchemaTooNew, match=r"9999.*Upgrade Hearth or restore a backup"):
        migrate.upgrade(sqlite_url)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_newer_postgresql_database_is_refused_and_stays(fresh_postgres_url: str) -> None:
    with schema(fresh_postgres_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    full = tables(fresh_postgres_url)
    with pytest.raises(SchemaTooNew, match=r"9999.*Upgrade Hearth or restore a backup"):
        migrate.upgrade(fresh_postgres_url)
    assert tables(fresh_postgres_url) == full
    with schema(fresh_postgres_url) as connection:
        assert migrate.revision_of(connection) == "9999"


def test_several_processes_may_upgrade_postgresql_at_once(fresh_postgres_url: str) -> None:
    with schema(fresh_postgres_url) as connection:
        migrate.run(connection, "base")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(migrate.upgrade, [fresh_postgres_url] * 4))
    assert sorted(one.before or "" for one in done) == ["", *[migrate.head()] * 3]
    assert tables(fresh_postgres_url) >= set(metadata.tables)


def test_a_failing_step_leaves_the_schema_as_it_was(fresh_url: str) -> None:
    full = tables(fresh_url)

    def fail() -> None:
        with schema(fresh_url) as connection:
            migrate.run(connection, "base")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert tables(fresh_url) == full


async def test_a_file_in_use_is_not_upgraded(sqlite_url: str) -> None:
    with schema(sqlite_url) as connection:
        migrate.run(connection, "0001")
    database = open_database(sqlite_url)
    with pytest.raises(InUse, match="in use by another Hearth process"):
        migrate.upgrade(sqlite_url)
    await database.close()
    assert migrate.upgrade(sqlite_url).before == "0001"


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ana, " * 1000)
    with pytest.raises(Unreachable, match=r"letter\.txt cannot be read"):
        migrate.upgrade(f"sqlite:///{tmp_path}/letter.txt")
    with pytest.raises(Unreachable, match="cannot be opened"):
        migrate.upgrade(f"sqlite:///{tmp_path}/letter.txt/hearth.db")
    for url in ("mysql://localhost/x", "hearth.db", "", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(BadAddress, match=r"sqlite:///data/hearth\.db"):
            migrate.upgrade(url)
    with pytest.raises(Unreachable, match="does not answer") as refusal:
        migrate.upgrade("postgresql://hearth:secret@127.0.0.1:1/hearth")
    assert "secret" not in str(refusal.value)


def test_the_template_is_not_touched(sqlite_template: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(sqlite_template, tmp_path / "copy.db"))
    assert migrate.sqlite_revision(copy) == migrate.head()
    assert migrate.sqlite_revision(tmp_path / "absent.db") is None
    (tmp_path / "empty.db").touch()
    assert migrate.sqlite_revision(tmp_path / "empty.db") is None
