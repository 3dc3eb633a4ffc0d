"""Two people at the same moment: each ends in a kind sentence or a right state, whoever is first."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.config import Config
from bot.errors import Conflict, NotFound
from bot.rules import access, communities, digests, linking, people, privacy, resources
from storage.database import Database, Db
from storage.tables import (
    AccountLink,
    Channel,
    Community,
    Edition,
    Endorsement,
    JoinRequest,
    Person,
    Resource,
)
from tests.cast import NOW, channel, community, person

Work = Callable[[Db], object]
T = TypeVar("T")
WAIT = 10.0


async def rivals(database: Database, first: Work, second: Work) -> tuple[object, object]:
    """How both ended, when `second` began after `first` had done all it does and before that was committed.

    On SQLite there is one writer, so there one follows the other.
    """
    if database.dialect == "sqlite":
        works = [asyncio.create_task(database.write(work)) for work in (first, second)]
        one, other = await asyncio.gather(*works, return_exceptions=True)
        return one, other
    done, over = threading.Event(), threading.Event()

    def ahead(db: Db) -> object:
        result = first(db)
        db.flush()
        done.set()
        _until_blocked(db, over)
        return result

    def behind(db: Db) -> object:
        assert done.wait(WAIT)
        return second(db)

    one_task = asyncio.create_task(database.write(ahead))
    other_task = asyncio.create_task(database.write(behind))
    other_task.add_done_callback(lambda _: over.set())
    one, other = await asyncio.gather(one_task, other_task, return_exceptions=True)
    return one, other


def _until_blocked(db: Db, over: threading.Event) -> None:
    """Wait until another transaction waits for this one, or nobody is left who could."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    until = time.monotonic() + WAIT
    while not over.wait(0.005) and not db.connection().scalar(waiting):
        assert time.monotonic() < until, "the rival neither waits nor ends"


class Cast:
    """Fran and Flo facilitate Python, Mo belongs to it, and Sam does not."""

    def __init__(self, db: Db) -> None:
        self.python = community(db, "python", person(db, "Fran"), person(db, "Mo"), visibility="request")
        communities.admit(db, self.python, person(db, "Flo"), NOW, role="facilitator")
        self.garden = community(db, "garden", person(db, "Gus"))
        person(db, "Sam")


@pytest.fixture
async def cast(database: Database) -> Cast:
    return await database.write(Cast)


def place(db: Db, slug: str = "python") -> Community:
    return db.exec(select(Community).where(Community.slug == slug)).one()


def leads(db: Db) -> list[str]:
    names = people.mentions(db, access.facilitators(db, place(db).id))
    return sorted(mention.name for mention in names.values() if mention.person)


async def test_of_the_last_two_facilitators_one_stays(database: Database, cast: Cast) -> None:
    outcomes = await rivals(
        database,
        lambda db: communities.leave(db, place(db), person(db, "Fran"), NOW),
        lambda db: communities.leave(db, place(db), person(db, "Flo"), NOW),
    )
    assert isinstance(outcomes[0], str)
    assert isinstance(outcomes[1], Conflict)
    assert await database.read(leads) == ["Flo"]


async def test_nobody_is_demoted_who_is_the_last_by_then(database: Database, cast: Cast) -> None:
    outcomes = await rivals(
        database,
        lambda db: privacy.erase(db, person(db, "Fran"), NOW),
        lambda db: communities.demote(db, place(db), person(db, "Flo")),
    )
    assert isinstance(outcomes[1], Conflict)
    assert await database.read(leads) == ["Flo"]


async def test_who_erases_themself_knows_of_a_community_left_without_anyone(
    database: Database, cast: Cast
) -> None:
    _, orphaned = await rivals(
        database,
        lambda db: communities.demote(db, place(db), person(db, "Flo")),
        lambda db: privacy.last_facilitator_of(db, person(db, "Fran").id or 0),
    )
    assert orphaned == [cast.python.id]


async def test_someone_who_leaves_is_not_promoted(database: Database, cast: Cast) -> None:
    outcomes = await rivals(
        database,
        lambda db: communities.leave(db, place(db), person(db, "Mo"), NOW),
        lambda db: communities.promote(db, place(db), person(db, "Mo")),
    )
    assert isinstance(outcomes[1], Conflict)
    assert await database.read(leads) == ["Flo", "Fran"]


async def test_joining_leaving_and_making_twice(database: Database, cast: Cast) -> None:
    def join(db: Db) -> object:
        return communities.join(db, place(db, "garden"), person(db, "Sam"), NOW)

    def leave(db: Db) -> object:
        return communities.leave(db, place(db, "garden"), person(db, "Sam"), NOW)

    def make(db: Db) -> object:
        return community(db, "tea", person(db, "Sam"))

    for act in (join, leave, make):
        one, other = await rivals(database, act, act)
        assert not isinstance(one, Exception)
        assert isinstance(other, Conflict)


async def test_a_request_is_decided_once(database: Database, cast: Cast) -> None:
    request = await database.write(lambda db: communities.join(db, place(db), person(db, "Sam"), NOW))
    assert request is not None

    def decide(name: str, approve: bool) -> Work:
        return lambda db: communities.decide(
            db, place(db), request.id or 0, person(db, name), approve=approve, now=NOW
        )

    one, other = await rivals(database, decide("Fran", True), decide("Flo", False))
    assert isinstance(one, JoinRequest)
    assert isinstance(other, Conflict)


async def test_someone_taken_in_is_not_invited_as_well(database: Database, cast: Cast) -> None:
    request = await database.write(lambda db: communities.join(db, place(db), person(db, "Sam"), NOW))
    assert request is not None
    _, other = await rivals(
        database,
        lambda db: communities.decide(
            db, place(db), request.id or 0, person(db, "Fran"), approve=True, now=NOW
        ),
        lambda db: communities.invite(db, place(db), person(db, "Sam"), person(db, "Flo"), NOW),
    )
    assert isinstance(other, Conflict)
    assert not await database.read(lambda db: access.invited(db, place(db).id, person(db, "Sam").id or 0))


async def test_a_channel_goes_to_whoever_is_first(database: Database, cast: Cast) -> None:
    def free(db: Db) -> None:
        db.add(Channel(platform="memory", external_id="tea"))

    await database.write(free)
    _, other = await rivals(
        database,
        lambda db: communities.connect(db, place(db), channel("tea")),
        lambda db: communities.connect(db, place(db, "garden"), channel("tea")),
    )
    assert isinstance(other, Conflict)
    owner = await database.read(lambda db: access.channel(db, "memory", "tea"))
    assert owner is not None
    assert owner.community_id == cast.python.id


async def test_a_code_links_one_account(database: Database, cast: Cast) -> None:
    code = await database.write(lambda db: linking.offer(db, person(db, "Mo"), NOW))
    one, other = await rivals(
        database,
        lambda db: linking.link(db, code, person(db, "Sam"), NOW),
        lambda db: linking.link(db, code, person(db, "Gus"), NOW),
    )
    assert isinstance(one, AccountLink)
    assert isinstance(other, NotFound)


async def test_a_link_is_undone_once(database: Database, cast: Cast) -> None:
    def link(db: Db) -> int:
        return linking.link(db, linking.offer(db, person(db, "Mo"), NOW), person(db, "Sam"), NOW).id or 0

    number = await database.write(link)

    def undo(db: Db) -> None:
        linking.undo(db, number, person(db, "Mo"), NOW)

    one, other = await rivals(database, undo, undo)
    assert one is None
    assert isinstance(other, NotFound)
    assert await database.read(lambda db: len(db.exec(select(Person)).all())) == 5


async def test_who_is_erased_leaves_nothing_that_was_done_meanwhile(database: Database, cast: Cast) -> None:
    def erase(db: Db) -> None:
        privacy.erase(db, person(db, "Mo"), NOW)

    def join(db: Db) -> None:
        communities.join(db, place(db, "garden"), person(db, "Mo"), NOW)

    _, erased = await rivals(database, join, erase)
    assert erased is None
    assert await database.read(lambda db: communities.size(db, place(db, "garden"))) == 1
    await database.write(lambda db: communities.admit(db, place(db), person(db, "Mo"), NOW))
    _, joined = await rivals(database, erase, join)
    assert joined is None, "as the new person they are by then"
    roles = await database.read(lambda db: access.memberships(db, person(db, "Mo").id or 0))
    assert list(roles) == [cast.garden.id]


async def test_a_link_is_saved_once_and_removed_once(database: Database, cast: Cast) -> None:
    def save(name: str, url: str) -> Work:
        return lambda db: resources.save(db, place(db), person(db, name).id or 0, url, now=NOW)

    await rivals(database, save("Mo", "http://example.org"), save("Fran", "https://example.org/"))
    kept = await database.read(lambda db: db.exec(select(Resource)).one())

    def remove(db: Db) -> None:
        found = db.get(Resource, kept.id)
        if found is None:
            raise NotFound("That is what the look-up says.")
        resources.remove(db, found, person(db, "Mo").id or 0, tends=True)

    def endorse(db: Db) -> bool:
        return resources.endorse(db, kept.id or 0, person(db, "Flo").id or 0, NOW)

    endorsed, removed = await rivals(database, endorse, remove)
    assert (endorsed, removed) == (True, None)
    assert await database.read(lambda db: db.exec(select(Endorsement)).all()) == []


@pytest.mark.parametrize("rival", ["remove", "endorse", "save"])
async def test_whoever_comes_to_a_link_just_removed(database: Database, cast: Cast, rival: str) -> None:
    def save(db: Db) -> resources.Saved:
        return resources.save(
            db, place(db), person(db, "Mo").id or 0, "https://example.org", title="Page", tags=["a"], now=NOW
        )

    kept = (await database.write(save)).resource

    def remove(db: Db) -> None:
        found = db.get(Resource, kept.id)
        if found is None:
            raise NotFound("That is what the look-up says.")
        resources.remove(db, found, person(db, "Mo").id or 0, tends=True)

    def endorse(db: Db) -> bool:
        return resources.endorse(db, kept.id or 0, person(db, "Flo").id or 0, NOW)

    works: dict[str, Work] = {"remove": remove, "endorse": endorse, "save": save}
    removed, other = await rivals(database, remove, works[rival])
    assert removed is None
    if rival == "save":
        assert isinstance(other, resources.Saved)
        assert other.new
    else:
        assert isinstance(other, NotFound)


async def test_a_draft_that_is_sent_is_not_dropped_as_well(database: Database, cast: Cast) -> None:
    """One clock says that it may still go out, another that its time is over."""
    due = NOW + timedelta(hours=1)

    def held(db: Db) -> int:
        where = place(db)
        where.digest_approval, where.digest_next_at = "hold", due
        communities.connect(db, where, channel("python"))
        for name in ("a", "b", "c"):
            resources.save(db, where, person(db, "Mo").id or 0, f"https://example.org/{name}", now=NOW)
        db.flush()
        digests.act(db, where.id or 0, NOW + timedelta(minutes=1), Config())
        return db.exec(select(Edition.id).where(Edition.state == "held")).one() or 0

    later = timedelta(seconds=1)
    number = await database.write(held)
    sent, acted = await rivals(
        database,
        lambda db: digests.release(db, place(db), number, person(db, "Fran"), due + digests.AHEAD - later),
        lambda db: digests.act(db, place(db).id or 0, due + digests.AHEAD + later, Config()),
    )
    assert (sent, acted) == (1, None)
    edition = await database.read(lambda db: db.get(Edition, number))
    assert edition is not None
    assert edition.state == "sent"
