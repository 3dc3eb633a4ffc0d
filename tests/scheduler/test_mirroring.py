"""Sessions in a platform's own calendar: one entry each, changed and removed with them."""

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, func, select
from structlog.testing import capture_logs

from bot.chat import Happening, Refused, RetryLater, Undeliverable
from bot.rules import mirrors
from scheduler.mirroring import BATCH, Mirroring
from storage.database import Database, Db
from storage.tables import (
    Account,
    Channel,
    Community,
    Letter,
    Membership,
    Mirror,
    Occurrence,
    Person,
    Session,
)

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
GUILD = "G1"


class Noticeboard:
    """A calendar that remembers what stands on it, and fails as it is told."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[str, Happening]] = {}
        self.calls = 0
        self.faults: deque[Exception | None] = deque()
        self._made = 0

    async def put(self, workspace: str, happening: Happening, entry: str) -> str:
        self._fail()
        known = entry or next(
            (n for n, (w, h) in self.entries.items() if (w, h.key) == (workspace, happening.key)), ""
        )
        if not known:
            self._made += 1
            known = f"E{self._made}"
        self.entries[known] = (workspace, happening)
        self._fail(after=True)
        return known

    async def take_down(self, workspace: str, entry: str) -> None:
        self._fail()
        self.entries.pop(entry, None)

    def _fail(self, *, after: bool = False) -> None:
        self.calls += not after
        lost = bool(self.faults) and isinstance(self.faults[0], ConnectionError)
        if self.faults and lost == after and (fault := self.faults.popleft()) is not None:
            raise fault

    @property
    def titles(self) -> list[tuple[str, str]]:
        return sorted((workspace, happening.title) for workspace, happening in self.entries.values())


class Board:
    """A community with one channel in each of some servers, and the mirroring of its sessions."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.calendar = Noticeboard()
        self.now = NOW
        self.mirroring = Mirroring(database, {"discord": self.calendar}, lambda: self.now)

    async def begin(self, *guilds: str, visibility: str = "open") -> None:
        def add(db: Db) -> None:
            place = Community(
                slug="py", name="Python", purpose="Snakes", visibility=visibility, created_at=NOW
            )
            fran = Person(name="Fran", created_at=NOW)
            db.add_all([place, fran])
            db.flush()
            db.add(Account(platform="discord", external_id="1", name="Fran", seen_at=NOW, person_id=fran.id))
            db.add(Membership(community_id=place.id, person_id=fran.id, role="facilitator", joined_at=NOW))
            for n, guild in enumerate(guilds):
                for channel in range(2):  # two channels of one server make one entry
                    db.add(
                        Channel(
                            platform="discord",
                            external_id=f"C{n}.{channel}",
                            workspace=guild,
                            community_id=place.id,
                        )
                    )

        await self.database.write(add)

    async def plan(self, title: str, *starts: datetime) -> None:
        def add(db: Db) -> None:
            place = db.exec(select(Community)).one()
            planned = Session(
                community_id=place.id, title=title, zone="UTC", minutes=60, place="Room 3", created_at=NOW
            )
            db.add(planned)
            db.flush()
            for number, start in enumerate(starts, 1):
                db.add(
                    Occurrence(
                        session_id=planned.id,
                        community_id=place.id,
                        number=number,
                        starts_at=start,
                        ends_at=start + timedelta(hours=1),
                    )
                )

        await self.database.write(add)

    async def change(self, called: str, **values: object) -> None:
        def alter(db: Db) -> None:
            found = db.exec(
                select(Occurrence, Session)
                .join(Session, col(Session.id) == Occurrence.session_id)
                .where(func.coalesce(Occurrence.title, Session.title) == called)
            ).first()
            assert found is not None
            for name, value in values.items():
                setattr(found[0] if hasattr(found[0], name) else found[1], name, value)
            db.add_all(found)

        await self.database.write(alter)

    async def rounds(self) -> int:
        """Go until nothing is left to do; return how many changes were tried."""
        done = 0
        while tried := await self.mirroring.go():
            done += tried
        return done

    async def letters(self) -> int:
        return len(await self.database.read(lambda db: db.exec(select(Letter)).all()))


@pytest.fixture
def board(database: Database) -> Board:
    return Board(database)


async def test_a_session_stands_once_in_each_server_and_stays_as_it_is(board: Board) -> None:
    await board.begin("G1", "G2")
    await board.plan("RAG", NOW + DAY)
    assert await board.rounds() == 2
    assert board.calendar.titles == [("G1", "RAG"), ("G2", "RAG")]
    assert await board.rounds() == 0
    assert board.calendar.calls == 2


async def test_of_a_series_the_next_occurrence_is_shown(board: Board) -> None:
    await board.begin(GUILD)
    await board.plan("Weekly", NOW + DAY, NOW + 8 * DAY)
    await board.rounds()
    assert [happening.key for _, happening in board.calendar.entries.values()] == ["S1"]
    board.now = NOW + DAY + timedelta(minutes=30)  # while the first is running, the second is next
    await board.rounds()
    assert sorted(happening.key for _, happening in board.calendar.entries.values()) == ["S1", "S1.2"]


async def test_what_changes_is_changed_and_what_is_cancelled_goes(board: Board) -> None:
    await board.begin(GUILD)
    await board.plan("RAG", NOW + DAY)
    await board.rounds()
    await board.change("RAG", title="RAG, again", starts_at=NOW + 2 * DAY, ends_at=NOW + 3 * DAY)
    await board.rounds()
    ((_, shown),) = board.calendar.entries.values()
    assert (shown.title, shown.starts_at, shown.place) == ("RAG, again", NOW + 2 * DAY, "Room 3")
    await board.change("RAG, again", cancelled_at=NOW)
    await board.rounds()
    assert board.calendar.entries == {}
    assert await board.database.read(lambda db: db.exec(select(Mirror)).all()) == []


async def test_what_took_place_is_left_to_the_platform(board: Board) -> None:
    await board.begin(GUILD)
    await board.plan("RAG", NOW + DAY)
    await board.rounds()
    board.now = NOW + 2 * DAY
    await board.rounds()
    assert board.calendar.titles == [(GUILD, "RAG")]
    assert board.calendar.calls == 1
    assert await board.database.read(lambda db: db.exec(select(Mirror)).all()) == []


async def test_a_private_community_shows_nothing(board: Board) -> None:
    await board.begin(GUILD, visibility="private")
    await board.plan("Secret", NOW + DAY)
    assert await board.rounds() == 0
    assert board.calendar.entries == {}


async def test_a_community_that_turns_private_takes_its_sessions_down(board: Board) -> None:
    await board.begin(GUILD)
    await board.plan("RAG", NOW + DAY)
    await board.rounds()

    def hide(db: Db) -> None:
        db.exec(select(Community)).one().visibility = "private"

    await board.database.write(hide)
    await board.rounds()
    assert board.calendar.entries == {}


async def test_a_server_gets_so_many_and_the_soonest(board: Board) -> None:
    await board.begin(GUILD)
    for n in range(mirrors.PER_WORKSPACE + 2):
        await board.plan(f"S{n:02}", NOW + (n + 1) * DAY)
    assert await board.mirroring.go() == BATCH
    await board.rounds()
    assert board.calendar.titles[-1] == (GUILD, f"S{mirrors.PER_WORKSPACE - 1:02}")
    assert len(board.calendar.entries) == mirrors.PER_WORKSPACE


async def test_a_lost_answer_makes_no_second_entry(board: Board) -> None:
    await board.begin(GUILD)
    await board.plan("RAG", NOW + DAY)
    board.calendar.faults.append(ConnectionResetError("the line broke"))
    with capture_logs():
        await board.rounds()
    board.now += timedelta(seconds=5)
    await board.rounds()
    assert board.calendar.titles == [(GUILD, "RAG")]
    assert board.calendar.calls == 2


@pytest.mark.parametrize("asked", [RetryLater(30), Refused("invalid token")])
async def test_it_waits_as_long_as_it_is_asked_to(board: Board, asked: Exception) -> None:
    await board.begin(GUILD)
    await board.plan("RAG", NOW + DAY)
    board.calendar.faults.append(asked)
    await board.rounds()
    board.now += timedelta(seconds=29)
    assert await board.rounds() == 0
    board.now += timedelta(seconds=271)
    await board.rounds()
    assert board.calendar.titles == [(GUILD, "RAG")]


async def test_a_missing_permission_is_said_once_and_tried_again_hours_later(board: Board) -> None:
    await board.begin(GUILD)
    await board.plan("RAG", NOW + DAY)
    await board.plan("MCP", NOW + 2 * DAY)
    board.calendar.faults += [Undeliverable("I may not manage events")] * 2
    with capture_logs() as log:
        await board.rounds()
    assert [entry["log_level"] for entry in log] == ["warning", "warning"]
    assert await board.letters() == 1
    board.now += mirrors.TROUBLED
    await board.rounds()
    assert board.calendar.titles == [(GUILD, "MCP"), (GUILD, "RAG")]
    assert await board.letters() == 1


async def test_two_processes_do_each_change_once(board: Board) -> None:
    await board.begin(GUILD)
    await board.plan("RAG", NOW + DAY)

    def take(db: Db) -> list[mirrors.Change]:
        return mirrors.take(db, NOW, "discord", BATCH)

    (first,) = await board.database.write(take)
    assert await board.database.write(take) == []
    await board.database.write(lambda db: mirrors.made(db, first, "E1", NOW))
    assert await board.rounds() == 0
    # The one that took it died: another does it once the lease is over.
    await board.change("RAG", title="RAG 2")
    (second,) = await board.database.write(take)
    assert second == replace(first, entry="E1", happening=second.happening)
    board.now += mirrors.LEASE
    assert await board.rounds() == 1
