"""Work runs in transactions: whole or not at all, answered when it is safe, alone with what it locks."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlmodel import select

from storage import postgres
from storage.database import GROUP, Database, Db, locked, open_database
from storage.problems import BadAddress, InUse, NotDurable, NotWritten
from storage.tables import Membership, Person

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def add(name: str) -> Callable[[Db], Person]:
    def work(db: Db) -> Person:
        person = Person(name=name, created_at=NOW)
        db.add(person)
        return person

    return work


def names(db: Db) -> list[str]:
    return list(db.exec(select(Person.name).order_by(Person.name)))


async def together(database: Database, *works: Callable[[Db], object]) -> list[object]:
    """How each of the works ended, all having been queued before the first was begun."""
    gate = threading.Event()
    tasks = [asyncio.create_task(database.write(work)) for work in (lambda _: gate.wait(10), *works)]
    await asyncio.sleep(0)  # every task has run to where it waits for its answer
    gate.set()
    return (await asyncio.gather(*tasks, return_exceptions=True))[1:]


async def test_what_work_returns_can_be_read_afterwards(database: Database) -> None:
    ana = await database.write(add("Ana"))
    assert ana.id is not None
    found = await database.read(lambda db: db.get(Person, ana.id))
    assert found is not None
    assert (found.name, found.created_at) == (ana.name, NOW)


async def test_work_that_raises_leaves_nothing_and_the_error_comes_back(database: Database) -> None:
    def fail(db: Db) -> None:
        add("Ana")(db)
        db.flush()
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await database.write(fail)
    assert await database.read(names) == []
    await database.write(add("Ben"))
    assert await database.read(names) == ["Ben"]


async def test_work_that_fails_takes_nothing_of_its_group_along(database: Database) -> None:
    def refused(db: Db) -> None:
        db.add(Person(name="bad", created_at=NOW))
        db.add(Membership(community_id=404, person_id=404, joined_at=NOW))

    def raising(db: Db) -> None:
        db.add(Person(name="bad", created_at=NOW))
        db.flush()
        next(iter(()))  # a StopIteration, which no future can carry

    works = [add(f"good {number}") for number in range(3)]
    outcomes = await together(database, works[0], refused, works[1], raising, works[2], refused)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Person, IntegrityError, Person, RuntimeError, Person, IntegrityError]
    assert await database.read(names) == ["good 0", "good 1", "good 2"]


async def test_a_rule_may_have_savepoints_of_its_own(database: Database) -> None:
    def work(db: Db) -> None:
        add("Ana")(db)
        with pytest.raises(IntegrityError), db.begin_nested():
            db.add(Membership(community_id=404, person_id=404, joined_at=NOW))
        add("Ben")(db)

    await database.write(work)
    assert await database.read(names) == ["Ana", "Ben"]


async def test_rolling_back_in_a_rule_undoes_that_rule_only(database: Database) -> None:
    def work(db: Db) -> None:
        add("undone")(db)
        db.flush()
        db.rollback()
        add("kept")(db)

    await asyncio.gather(database.write(add("before")), database.write(work), database.write(add("after")))
    assert await database.read(names) == ["after", "before", "kept"]


async def test_a_savepoint_left_open_is_an_error_of_its_rule_only(sqlite_url: str) -> None:
    database = open_database(sqlite_url)

    def careless(db: Db) -> None:
        db.begin_nested()
        add("lost")(db)

    outcomes = await together(database, add("Ana"), careless, add("Ben"))
    assert [type(outcome) for outcome in outcomes] == [Person, RuntimeError, Person]
    assert await database.read(names) == ["Ana", "Ben"]
    await database.close()


async def test_reading_cannot_write(database: Database) -> None:
    def sly(db: Db) -> None:
        db.add(Person(name="sly", created_at=NOW))
        db.flush()

    with pytest.raises(DBAPIError):
        await database.read(sly)
    assert await database.read(names) == []


async def test_a_read_sees_one_state_whatever_is_written_meanwhile(database: Database) -> None:
    began, written = threading.Event(), threading.Event()

    def look(db: Db) -> tuple[list[str], list[str]]:
        before = names(db)
        began.set()
        assert written.wait(10)
        db.expire_all()
        return before, names(db)

    looking = asyncio.create_task(database.read(look))
    assert await asyncio.to_thread(began.wait, 10)
    await database.write(add("Ana"))
    written.set()
    assert await looking == ([], [])
    assert await database.read(names) == ["Ana"]


async def test_every_answer_comes_after_its_commit(database: Database, database_url: str) -> None:
    url = make_url(database_url)
    if database.dialect == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.connect() as other:

        async def write_and_look(name: str) -> bool:
            await database.write(add(name))
            other.rollback()
            seen = text("SELECT count(*) FROM person WHERE name = :name")
            return bool(other.scalar(seen, {"name": name}) == 1)

        assert all(await asyncio.gather(*(write_and_look(f"{number}") for number in range(3 * GROUP))))
    engine.dispose()


async def test_fifty_additions_at_once_add_up(database: Database) -> None:
    counter = await database.write(add("0"))

    def count(db: Db) -> None:
        row = locked(db, Person, counter.id)
        assert row is not None
        row.name = str(int(row.name) + 1)

    await asyncio.gather(*(database.write(count) for _ in range(50)))
    assert await database.read(names) == ["50"]


async def test_a_lock_keeps_what_was_changed_before_and_finds_nothing_where_there_is_nothing(
    database: Database,
) -> None:
    ana = await database.write(add("Ana"))

    def work(db: Db) -> None:
        row = db.get(Person, ana.id)
        assert row is not None
        row.name = "Zoë"
        again = locked(db, Person, ana.id)
        assert again is row
        assert again.name == "Zoë"
        assert locked(db, Person, 404) is None
        assert locked(db, Membership, (404, ana.id)) is None

    await database.write(work)
    assert await database.read(names) == ["Zoë"]


async def test_a_caller_that_gives_up_loses_and_breaks_nothing(database: Database) -> None:
    for round_ in range(20):
        tasks = [asyncio.create_task(database.write(add(f"{round_} {number}"))) for number in range(10)]
        reads = [asyncio.create_task(database.read(names)) for _ in range(5)]
        for _ in range(round_ % 4):
            await asyncio.sleep(0)
        for task in (*tasks[::2], *reads[::2]):
            task.cancel()
        outcomes = await asyncio.gather(*tasks, *reads, return_exceptions=True)
        assert not [one for one in outcomes if isinstance(one, Exception)]
        finished = {one.name for one in outcomes if isinstance(one, Person)}
        assert finished <= set(await database.read(names))
        assert len(finished) >= 5
    # What was begun was also finished: only tasks cancelled before they ran at all left nothing.
    written = await database.read(names)
    assert len(written) == len(set(written)) >= 100


async def test_closing_finishes_what_waits_and_then_refuses(database_url: str) -> None:
    database = open_database(database_url)
    tasks = [asyncio.create_task(database.write(add(f"{number}"))) for number in range(200)]
    await asyncio.sleep(0)
    await database.close()
    assert len(await asyncio.gather(*tasks)) == 200
    with pytest.raises(RuntimeError, match="closed"):
        await database.write(add("late"))
    with pytest.raises(RuntimeError, match="closed"):
        await database.read(names)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("hearth-")]
    database = open_database(database_url)
    assert len(await database.read(names)) == 200
    await database.close()


async def test_a_naive_moment_is_refused_and_others_come_back_in_utc(database: Database) -> None:
    with pytest.raises(StatementError, match="timezone"):
        await database.write(lambda db: db.add(Person(name="naive", created_at=datetime(2026, 3, 3))))  # noqa: DTZ001  # the point
    moment = datetime.fromisoformat("2026-03-03T18:30:00.000001+05:30")
    ana = await database.write(lambda db: db.merge(Person(name="Ana", created_at=moment)))
    found = await database.read(lambda db: db.get(Person, ana.id))
    assert found is not None
    assert found.created_at == moment
    assert found.created_at.tzinfo is UTC


async def test_a_full_disk_fails_the_group_and_only_that(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    await database.write(add("before"))
    size = await database.write(lambda db: db.connection().exec_driver_sql("PRAGMA page_count").scalar_one())

    def narrow(db: Db) -> None:
        db.connection().exec_driver_sql(f"PRAGMA max_page_count = {size + 5}")

    await database.write(narrow)
    outcomes = await together(database, add("small"), add("large" * 20_000), add("other"))
    assert isinstance(outcomes[1], OperationalError)
    done = [one.name for one in outcomes if isinstance(one, Person)]
    assert await database.read(names) == sorted(["before", *done])
    await database.write(lambda db: db.connection().exec_driver_sql("PRAGMA max_page_count = 1000000"))
    await database.write(add("large" * 20_000))
    assert len(await database.read(names)) == len(done) + 2
    await database.close()


@pytest.mark.parametrize("noticed", [True, False])
async def test_a_lost_transaction_fails_everybody_in_the_group(sqlite_url: str, noticed: bool) -> None:
    """SQLite itself ends the transaction when, for one, the disk is full or broken."""
    database = open_database(sqlite_url)

    def losing(db: Db) -> None:
        db.connection().exec_driver_sql("ROLLBACK")
        if noticed:
            raise LookupError

    outcomes = await together(database, add("Ana"), losing, add("Ben"))
    assert [type(outcome) for outcome in outcomes] == [
        NotWritten,
        LookupError if noticed else NotWritten,
        NotWritten,
    ]
    assert await database.read(names) == []
    await database.write(add("Ana"))
    assert await database.read(names) == ["Ana"]
    await database.close()


async def test_a_failed_commit_fails_everybody_in_the_group(sqlite_url: str) -> None:
    database = open_database(sqlite_url)

    def dangling(db: Db) -> None:
        db.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        db.add(Membership(community_id=404, person_id=404, joined_at=NOW))

    outcomes = await together(database, add("Ana"), dangling, add("Ben"))
    assert [type(outcome) for outcome in outcomes] == [NotWritten] * 3
    assert await database.read(names) == []
    await database.write(add("Ana"))
    assert await database.read(names) == ["Ana"]
    await database.close()


async def test_a_second_one_on_the_same_file_is_refused(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with pytest.raises(InUse, match="in use by another Hearth process"):
        open_database(sqlite_url)
    await database.write(add("Ana"))
    await database.close()
    database = open_database(sqlite_url)
    assert await database.read(names) == ["Ana"]
    await database.close()


async def test_every_sqlite_connection_is_set_up_to_keep_its_word(sqlite_url: str) -> None:
    database = open_database(sqlite_url)

    def settings(db: Db) -> list[object]:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "query_only")
        return [db.connection().exec_driver_sql(f"PRAGMA {pragma}").scalar_one() for pragma in pragmas]

    assert await database.write(settings) == ["wal", 2, 1, 1, 0]
    assert await database.read(settings) == ["wal", 2, 1, 1, 1]
    await database.close()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(BadAddress, match="names no file"):
        open_database("sqlite://")


async def test_rivals_on_postgresql_try_again_until_both_are_done(postgres_url: str) -> None:
    database = open_database(postgres_url)
    first, second = await database.write(add("0")), await database.write(add("0"))
    holding = threading.Event(), threading.Event()

    def crossing(mine: int, *ids: int | None) -> Callable[[Db], None]:
        def work(db: Db) -> None:
            for id_ in ids:
                row = locked(db, Person, id_)
                assert row is not None
                row.name = str(int(row.name) + 1)
                holding[mine].set()
                assert holding[1 - mine].wait(10)  # now each has one row and wants the other's

        return work

    await asyncio.gather(
        database.write(crossing(0, first.id, second.id)), database.write(crossing(1, second.id, first.id))
    )
    assert await database.read(names) == ["2", "2"]
    await database.close()


async def test_a_dropped_connection_is_noticed_and_the_work_done_once(postgres_url: str) -> None:
    database = open_database(postgres_url)
    dropped: list[int] = []

    def work(db: Db) -> None:
        pid = db.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        add("Ana")(db)
        db.flush()
        if not dropped:
            dropped.append(pid)
            kill(pid)
        db.connection().exec_driver_sql("SELECT 1")

    def kill(pid: int) -> None:
        engine = create_engine(make_url(postgres_url).set(drivername="postgresql+psycopg"))
        with engine.connect() as other:
            assert other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        engine.dispose()

    await database.write(work)
    assert len(dropped) == 1
    assert await database.read(names) == ["Ana"]
    dropped.clear()

    def look(db: Db) -> list[str]:
        if not dropped:
            dropped.append(1)
            kill(db.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        return names(db)

    assert await database.read(look) == ["Ana"]
    await database.close()


def test_a_postgresql_that_forgets_is_refused(fresh_postgres_url: str) -> None:
    url = make_url(fresh_postgres_url)
    engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {url.database} SET synchronous_commit = off"))
    engine.dispose()
    with pytest.raises(NotDurable, match="synchronous_commit = off"):
        open_database(fresh_postgres_url)


def test_a_postgresql_without_fsync_is_refused(postgres_url: str, postgres_server: str) -> None:
    engine = create_engine(
        make_url(postgres_server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )

    def fsync(change: str, value: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(change))
            connection.execute(text("SELECT pg_reload_conf()"))
        for _ in range(1000):  # each new connection looks at the settings as they are then
            engine.dispose()
            with engine.connect() as connection:
                if connection.scalar(text("SHOW fsync")) == value:
                    return
        raise AssertionError("the server did not reload its settings")

    fsync("ALTER SYSTEM SET fsync = off", "off")
    try:
        with pytest.raises(NotDurable, match="fsync = off"):
            postgres.engine_for(make_url(postgres_url), connections=1)
    finally:
        fsync("ALTER SYSTEM RESET fsync", "on")
        engine.dispose()
    postgres.engine_for(make_url(postgres_url), connections=1).dispose()


def test_an_open_sqlite_file_can_be_read_by_others(sqlite_url: str, tmp_path: Path) -> None:
    """The lock is beside the database, so that backups and curious operators are not in the way."""

    async def scenario() -> None:
        database = open_database(sqlite_url)
        await database.write(add("Ana"))
        with closing(sqlite3.connect(tmp_path / "hearth.db")) as other:
            assert other.execute("SELECT name FROM person").fetchall() == [("Ana",)]
        await database.close()

    asyncio.run(scenario())


def test_the_session_for_rules_starts_empty(db: Db) -> None:
    assert names(db) == []
    db.add(Person(name="left behind", created_at=NOW))
    db.commit()
    assert names(db) == ["left behind"]


def test_the_session_for_rules_starts_empty_again(db: Db) -> None:
    assert names(db) == []
