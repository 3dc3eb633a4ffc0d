"""What is due: each thing alone in its transaction, one that fails stops no other, an idle tick writes nothing."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.rules.linking import UNDO_LIFE
from scheduler.due import Due, Rounds
from scheduler.housekeeping import DELIVERIES_KEPT, HOUSEKEEPING, SLACK
from storage.database import Database, Db
from storage.tables import AccountLink, Delivery, LinkCode, Person, Proposal
from tests.fakes.ledger import Clock


def overdue(db: Db, now: datetime) -> Sequence[int]:
    found = db.exec(select(Proposal.id).where(Proposal.state == "proposed", col(Proposal.deadline) <= now))
    return [proposal for proposal in found.all() if proposal is not None]


def park(db: Db, proposal_id: int, now: datetime) -> None:
    proposal = db.get(Proposal, proposal_id)
    assert proposal is not None
    proposal.state = "parked"
    db.add(proposal)
    db.flush()
    if proposal.name == "cursed":
        raise RuntimeError("no such stance")


PARK = Due("proposals", overdue, park)


async def propose(database: Database, deadline: datetime, *names: str) -> None:
    def add(db: Db) -> None:
        for name in names:
            proposal = Proposal(name=name, problem="", audience="", question="", platform="web", channel="c")
            proposal.created_at = proposal.deadline = deadline
            db.add(proposal)

    await database.write(add)


async def parked(database: Database) -> list[str]:
    rows = select(Proposal.name).where(Proposal.state == "parked").order_by(col(Proposal.id))
    return list(await database.read(lambda db: db.exec(rows).all()))


class Nudges:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def rounds(database: Database, clock: Clock, nudged: Callable[[], None], *dues: Due) -> Rounds:
    return Rounds(database, dues, clock.now, nudged, monotonic=clock.monotonic)


async def test_what_is_due_is_done_once_and_delivery_is_nudged(database: Database) -> None:
    clock, nudges = Clock(), Nudges()
    await propose(database, clock.now() + timedelta(seconds=10), "one", "two")
    ticks = rounds(database, clock, nudges, PARK)
    assert await ticks.go() == 0
    assert nudges.count == 0
    clock.go(10)
    assert await ticks.go() == 2
    assert await ticks.go() == 0
    assert await parked(database) == ["one", "two"]
    assert nudges.count == 1


async def test_one_that_fails_leaves_nothing_and_stops_no_other(database: Database) -> None:
    clock, nudges = Clock(), Nudges()
    await propose(database, clock.now(), "one", "cursed", "two")
    ticks = rounds(database, clock, nudges, PARK)
    with capture_logs() as logs:
        assert [await ticks.go() for _ in range(3)] == [2, 0, 0]
    assert await parked(database) == ["one", "two"]
    assert [log["error"] for log in logs] == ["RuntimeError: no such stance"]


async def test_what_failed_is_tried_again_after_a_growing_wait(database: Database) -> None:
    clock, tries = Clock(), []

    def act(db: Db, item: int, now: datetime) -> None:
        tries.append(clock.monotonic())
        if len(tries) < 4:
            raise OSError("disk on fire")

    ticks = rounds(
        database, clock, Nudges(), Due("always", lambda db, now: [] if len(tries) == 4 else [1], act)
    )
    with capture_logs() as logs:
        for _ in range(40):
            await ticks.go()
            clock.go(1)
    assert [later - earlier for earlier, later in itertools.pairwise(tries)] == [2, 4, 8]
    assert [log["event"] for log in logs] == ["failed", "works again"]


async def test_a_query_that_fails_stops_no_other(database: Database) -> None:
    clock = Clock()
    await propose(database, clock.now(), "one")

    def broken(db: Db, now: datetime) -> Sequence[int]:
        raise LookupError("which week?")

    ticks = rounds(database, clock, Nudges(), Due("digests", broken, park), PARK)
    with capture_logs() as logs:
        assert [await ticks.go(), await ticks.go()] == [1, 0]
    assert [log["what"] for log in logs] == ["digests"]


async def test_an_idle_tick_writes_nothing(database: Database) -> None:
    async def forbidden(work: Callable[[Db], object]) -> object:
        raise AssertionError("an idle tick wrote")

    database.write = forbidden  # type: ignore[assignment]  # the point of the test
    assert await rounds(database, Clock(), Nudges(), PARK, HOUSEKEEPING).go() == 0


async def test_old_deliveries_and_codes_are_thrown_away_now_and_then(database: Database) -> None:
    clock = Clock()

    def add(db: Db) -> None:
        mo = Person(name="Mo", created_at=clock.now())
        db.add(mo)
        db.flush()
        db.add(Delivery(key="old", at=clock.now()))
        db.add(Delivery(key="new", at=clock.now() + SLACK + timedelta(seconds=2)))
        code = LinkCode(code_hash="c", expires_at=clock.now() + timedelta(minutes=10), person_id=0)
        code.person_id = mo.id or 0
        db.add(code)

    def kept(db: Db) -> list[str]:
        return [*db.exec(select(Delivery.key)).all(), *db.exec(select(LinkCode.code_hash)).all()]

    await database.write(add)
    ticks = rounds(database, clock, Nudges(), HOUSEKEEPING)
    clock.go(60 * 60)
    assert await ticks.go() == 0
    clock.go(60 * 60)
    assert await ticks.go() == 1
    assert sorted(await database.read(kept)) == ["new", "old"]
    clock.go((DELIVERIES_KEPT + SLACK).total_seconds() - 2 * 60 * 60 + 1)
    assert await ticks.go() == 1
    assert await database.read(kept) == ["new"]
    assert await ticks.go() == 0


async def test_how_to_undo_a_link_is_forgotten_when_it_cannot_be_undone(database: Database) -> None:
    clock = Clock()

    def add(db: Db) -> None:
        mo = Person(name="Mo", created_at=clock.now())
        db.add(mo)
        db.flush()
        db.add(AccountLink(person_id=mo.id, former_person=2, linked_at=clock.now()))

    def kept(db: Db) -> int:
        return len(db.exec(select(AccountLink)).all())

    await database.write(add)
    ticks = rounds(database, clock, Nudges(), HOUSEKEEPING)
    clock.go(UNDO_LIFE.total_seconds() - 1)
    assert (await ticks.go(), await database.read(kept)) == (0, 1)
    clock.go(SLACK.total_seconds() + 2)
    assert (await ticks.go(), await database.read(kept)) == (1, 0)
