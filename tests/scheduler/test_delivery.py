"""Delivery on both databases: each letter once, whatever the platform, the clock or another process does."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.chat import Refused, RetryLater, Undeliverable
from bot.rules import letters, outbox
from bot.rules.balance import balance, counts
from bot.ui.cards import Card, note
from scheduler.delivery import Delivery, Pace
from scheduler.rates import Limit, Limits, Rates
from storage.database import Database, Db, locked
from storage.tables import Account, Channel, Community, Letter, Membership, Person
from tests.fakes.ledger import Clock, Fault, Ledger

LEASE = timedelta(seconds=Pace().lease)


class Post:
    """A database with a community of some channels, a ledger, a clock, and deliveries between them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = Ledger()
        self.clock = Clock()
        self.shown: dict[str, Card | None] = {}

    async def channels(self, count: int) -> None:
        def add(db: Db) -> None:
            community = Community(slug="py", name="Python", purpose="Snakes", created_at=self.clock.now())
            fran = Person(name="Fran", created_at=self.clock.now())
            db.add_all([community, fran])
            db.flush()
            assert community.id is not None
            assert fran.id is not None
            db.add(
                Account(
                    platform="ledger",
                    external_id="fran",
                    name="Fran",
                    seen_at=self.clock.now(),
                    person_id=fran.id,
                )
            )
            db.add(
                Membership(
                    community_id=community.id,
                    person_id=fran.id,
                    role="facilitator",
                    joined_at=self.clock.now(),
                )
            )
            for n in range(count):
                db.add(
                    Channel(platform="ledger", external_id=f"C{n}", name=f"c{n}", community_id=community.id)
                )

        await self.database.write(add)

    async def announce(self, key: str, subject: str = "") -> int:
        def write(db: Db) -> int:
            community = db.exec(select(Community)).one()
            card = note(key)
            return outbox.announce(
                db, community, card, kind="digest", key=key, now=self.clock.now(), subject=subject
            )

        return await self.database.write(write)

    async def redraw(self, subject: str, words: str | None) -> None:
        self.shown[subject] = None if words is None else note(words)
        await self.database.write(lambda db: outbox.redraw(db, subject, self.clock.now()))

    def draw(self, db: Db, subject: str, now: datetime) -> Card | None:
        return self.shown[subject]

    def delivery(self, *, pace: Pace | None = None, rates: Rates | None = None) -> Delivery:
        return Delivery(
            self.database,
            {"ledger": self.ledger},
            self.draw,
            self.clock.now,
            pace=pace,
            rates=rates,
            monotonic=self.clock.monotonic,
            jitter=lambda: 0.0,
        )

    async def states(self) -> dict[str, int]:
        """How many letters stand in each state, leaving out zeros; the books must balance."""
        found = await self.database.read(balance)
        assert found.differences == ()
        return {state: n for state, n in (await self.database.read(counts)).items() if n}

    async def letter(self, key: str) -> Letter:
        return await self.database.read(lambda db: db.exec(select(Letter).where(Letter.key == key)).one())


def has_posted(count: int, ledger: Ledger) -> bool:
    return len(ledger.posted) == count


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


async def test_every_channel_gets_it_once(post: Post) -> None:
    await post.channels(20)
    assert await post.announce("d1") == 20
    delivery = post.delivery()
    await delivery.settle()
    await delivery.settle()
    assert sorted(post.ledger.keys()) == sorted(f"d1:ledger:C{n}" for n in range(20))
    assert await post.states() == {"sent": 20}


async def test_calls_to_one_platform_are_bounded(post: Post) -> None:
    await post.channels(20)
    await post.announce("d1")
    post.ledger.gate.clear()
    settling = asyncio.create_task(post.delivery(pace=Pace(at_once=3)).settle())
    await post.ledger.until(lambda ledger: ledger.running == 3)
    post.ledger.gate.set()
    await settling
    assert post.ledger.most_at_once == 3
    assert len(post.ledger.posted) == 20


async def test_a_channel_reads_in_the_order_written(post: Post) -> None:
    await post.channels(3)
    for n in range(5):
        await post.announce(f"d{n}")
    await post.delivery().settle()
    for channel in ("C0", "C1", "C2"):
        assert [m.words for m in post.ledger.posted if m.to.channel == channel] == [
            "d0",
            "d1",
            "d2",
            "d3",
            "d4",
        ]


async def test_a_nudge_sends_at_once(post: Post) -> None:
    await post.channels(1)
    delivery = post.delivery(pace=Pace(idle=600))
    running = asyncio.create_task(delivery.run())
    for n in range(3):
        await post.announce(f"d{n}")
        delivery.nudge()
        await post.ledger.until(partial(has_posted, n + 1))
    await delivery.stop(5)
    await running
    assert await post.states() == {"sent": 3}


async def test_what_the_platform_asks_of_everybody_keeps_all_channels_waiting(post: Post) -> None:
    await post.channels(3)
    await post.announce("d1")
    post.ledger.will("post", RetryLater(30, everywhere=True))
    delivery = post.delivery(pace=Pace(at_once=1))
    await delivery.settle()
    assert await post.states() == {"pending": 3}
    post.clock.go(29)
    await delivery.settle()
    assert post.ledger.keys() == []
    post.clock.go(1)
    await delivery.settle()
    assert await post.states() == {"sent": 3}


async def test_refused_credentials_stop_the_calls_and_are_said_once(post: Post) -> None:
    await post.channels(3)
    await post.announce("d1")
    post.ledger.will("post", Refused("invalid_auth"), times=2)
    delivery = post.delivery(pace=Pace(at_once=1))
    with capture_logs() as logs:
        await delivery.settle()
        post.clock.go(300)
        await delivery.settle()
        assert await post.states() == {"pending": 3}
        post.clock.go(300)
        await delivery.settle()
    assert await post.states() == {"sent": 3}
    assert [log["event"] for log in logs if log["log_level"] != "debug"] == ["failed", "works again"]


async def test_a_message_that_is_refused_for_itself_leaves_its_channel_open(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.will("post", Undeliverable("msg_too_long", place=False))
    delivery = post.delivery()
    await delivery.settle()
    await post.announce("d2")
    await delivery.settle()
    assert post.ledger.keys() == ["d2:ledger:C0"]
    assert await post.states() == {"sent": 1, "skipped": 1}


async def test_a_letter_sent_again_is_looked_for_once_more(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.will("post", Fault.NOT_ARRIVED)
    delivery = post.delivery()
    await delivery.settle()
    post.clock.go(10)
    await delivery.settle()
    assert await post.states() == {"sent": 1}
    assert post.ledger.asked == ["d1:ledger:C0"]
    for _ in range(3):
        post.clock.go(600)
        await delivery.settle()
    assert post.ledger.asked == ["d1:ledger:C0"] * 2


# Rates


async def test_a_channel_is_posted_to_at_its_rate_and_others_are_not_held_up(post: Post) -> None:
    await post.channels(2)
    rates = Rates(
        {"ledger": Limits(channel=Limit(1, 1), token=Limit(1_000, 1_000))}, monotonic=post.clock.monotonic
    )
    delivery = post.delivery(rates=rates)
    for n in range(3):
        await post.announce(f"d{n}")
    for n in range(3):
        await delivery.settle()
        assert len(post.ledger.posted) == 2 * (n + 1)
        post.clock.go(1)
    assert await post.states() == {"sent": 6}


async def test_come_back_later_is_obeyed_for_that_channel(post: Post) -> None:
    await post.channels(2)
    await post.announce("d1")
    post.ledger.will("post", RetryLater(30))
    delivery = post.delivery()
    await delivery.settle()
    assert await post.states() == {"pending": 1, "sent": 1}
    post.clock.go(29)
    await delivery.settle()
    assert len(post.ledger.posted) == 1
    post.clock.go(1)
    await delivery.settle()
    assert len(post.ledger.posted) == 2
    assert post.ledger.asked == [], "a refusal leaves no doubt"


async def test_a_storm_of_refusals_wears_no_letter_out(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    storm = letters.ATTEMPTS * 3
    post.ledger.will("post", RetryLater(1), times=storm)
    delivery = post.delivery()
    for _ in range(storm + 1):
        await delivery.settle()
        post.clock.go(1)
    assert post.ledger.keys() == ["d1:ledger:C0"]
    assert (await post.letter("d1:ledger:C0")).attempts == 1


# Doubt


@pytest.mark.parametrize("fault", [Fault.REPLY_LOST, Fault.NO_ANSWER])
async def test_a_letter_whose_answer_was_lost_is_found_and_not_sent_again(post: Post, fault: Fault) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.will("post", fault)
    delivery = post.delivery(pace=Pace(call=0.02))
    await delivery.settle()
    assert post.ledger.asked == ["d1:ledger:C0"]
    assert post.ledger.keys() == ["d1:ledger:C0"]
    assert (await post.letter("d1:ledger:C0")).message_id == "1"
    assert await post.states() == {"sent": 1}


async def test_a_letter_that_did_not_arrive_is_sent_again_after_a_wait(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.will("post", Fault.NOT_ARRIVED)
    delivery = post.delivery()
    await delivery.settle()
    assert await post.states() == {"pending": 1}
    post.clock.go(1.9)
    await delivery.settle()
    assert post.ledger.posted == []
    post.clock.go(0.1)
    await delivery.settle()
    assert post.ledger.keys() == ["d1:ledger:C0"]


async def test_nobody_looks_before_the_quarantine_is_over(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.quarantine = 60
    post.ledger.will("post", Fault.REPLY_LOST)
    delivery = post.delivery()
    for _ in range(2):
        await delivery.settle()
        assert await post.states() == {"ambiguous": 1}
        assert post.ledger.asked == []
        post.clock.go(59.9)
    post.clock.go(60)
    await delivery.settle()
    assert await post.states() == {"sent": 1}


async def test_a_search_that_fails_is_tried_again_and_logged_once(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.will("post", Fault.REPLY_LOST)
    post.ledger.will("find", Fault.REPLY_LOST, RetryLater(9), Fault.REPLY_LOST)
    delivery = post.delivery()
    with capture_logs() as logs:
        for asked in (1, 2, 3, 4):
            await delivery.settle()
            assert len(post.ledger.asked) == asked
            post.clock.go(9)
    assert await post.states() == {"sent": 1}
    assert post.ledger.keys() == ["d1:ledger:C0"]
    errors = [log for log in logs if log["log_level"] == "error"]
    assert [log["error"] for log in errors] == ["ConnectionResetError: the line broke"]


async def test_a_letter_that_never_arrives_is_held_for_the_operator(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.will("post", Fault.NOT_ARRIVED, times=99)
    delivery = post.delivery()
    for _ in range(99):
        await delivery.settle()
        post.clock.go(60)
    held = await post.letter("d1:ledger:C0")
    assert (held.state, held.reason) == ("held", "not delivered in 5 attempts: ConnectionResetError")
    assert await post.states() == {"held": 1}


async def test_undeliverable_pauses_the_channel_and_tells_the_facilitator_once(post: Post) -> None:
    await post.channels(2)
    for n in range(3):
        await post.announce(f"d{n}")
    post.ledger.will("post", Undeliverable("is_archived"))
    await post.delivery().settle()
    to_fran = [m for m in post.ledger.posted if m.to.person == "fran"]
    assert [m.words for m in to_fran] == [
        "I can no longer post in c0: is_archived. Nothing is sent there until it is mended"
        " and connected again with /cop connect."
    ]
    assert {m.to.channel for m in post.ledger.posted} == {"C1", ""}
    assert await post.states() == {"sent": 4, "skipped": 3}


async def test_a_facilitator_who_cannot_be_told_is_not_told_forever(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    post.ledger.will("post", Undeliverable("is_archived"), Undeliverable("cannot_dm_bot"))
    await post.delivery().settle()
    assert post.ledger.posted == []
    assert await post.states() == {"skipped": 2}


# Crashes, clocks, and several processes


async def test_a_lost_delivery_is_taken_up_after_its_lease_and_the_quarantine(post: Post) -> None:
    await post.channels(2)
    await post.announce("d1")
    post.ledger.quarantine = 60
    post.ledger.gate.clear()
    dying = asyncio.create_task(post.delivery().run())
    await post.ledger.until(lambda ledger: ledger.running == 2)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    delivery = post.delivery()
    await delivery.settle()
    assert await post.states() == {"sending": 2}
    post.clock.go(Pace().lease)
    await delivery.settle()
    assert await post.states() == {"ambiguous": 2}
    post.clock.go(59)
    await delivery.settle()
    assert post.ledger.asked == []
    post.ledger.gate.set()  # only now does the platform do what it was asked before the crash
    await post.ledger.until(partial(has_posted, 2))
    post.clock.go(1)
    await delivery.settle()
    assert await post.states() == {"sent": 2}
    assert sorted(post.ledger.keys()) == ["d1:ledger:C0", "d1:ledger:C1"]


@pytest.mark.parametrize("hours", [2, -2, 24 * 365, -24 * 365])
async def test_setting_the_clock_doubles_nothing(post: Post, hours: int) -> None:
    await post.channels(3)
    await post.announce("d1")
    post.ledger.quarantine = 60
    post.ledger.will("post", None, Fault.REPLY_LOST)
    post.ledger.gate.clear()
    delivery = post.delivery()
    settling = asyncio.create_task(delivery.settle())
    await post.ledger.until(lambda ledger: ledger.running == 3)
    post.clock.set_by(timedelta(hours=hours))
    other = post.delivery()
    await other.settle()  # a second process believes the leases have run out
    post.ledger.gate.set()
    await settling
    for delivery_ in (delivery, other):
        await delivery_.settle()
    assert post.ledger.asked == [], "the clock on the wall does not end the quarantine"
    for _ in range(4):
        post.clock.go(60)
        for delivery_ in (delivery, other):
            await delivery_.settle()
    assert sorted(post.ledger.keys()) == [f"d1:ledger:C{n}" for n in range(3)]
    assert await post.states() == {"sent": 3}


async def test_a_process_that_slept_through_its_lease_does_not_post(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    delivery = post.delivery()
    write = post.database.write

    async def sleepy(work: Callable[[Db], object]) -> object:
        post.database.write = write  # type: ignore[method-assign]  # it sleeps once
        done = await write(work)
        post.clock.go(Pace().lease)
        return done

    post.database.write = sleepy  # type: ignore[assignment]  # time goes by while it commits
    await delivery.settle()
    assert post.ledger.posted == []
    assert await post.states() == {"pending": 1}
    post.clock.go(2)
    await delivery.settle()
    assert post.ledger.keys() == ["d1:ledger:C0"]


async def test_two_deliveries_on_one_database_send_each_letter_once(post: Post) -> None:
    await post.channels(40)
    for n in range(3):
        await post.announce(f"d{n}")
    await asyncio.gather(*(post.delivery().settle() for _ in range(3)))
    await post.delivery().settle()
    assert sorted(post.ledger.keys()) == sorted(f"d{n}:ledger:C{c}" for n in range(3) for c in range(40))
    for channel in range(40):
        here = [m.words for m in post.ledger.posted if m.to.channel == f"C{channel}"]
        assert here == ["d0", "d1", "d2"]
    assert await post.states() == {"sent": 120}


async def test_the_same_announcement_from_two_processes_is_one(post: Post) -> None:
    await post.channels(5)
    written = await asyncio.gather(*(post.announce("d1") for _ in range(6)))
    assert sorted(written) == [0, 0, 0, 0, 0, 5]
    await post.delivery().settle()
    assert await post.states() == {"sent": 5}


# Stopping and failing


async def test_stopping_waits_for_calls_in_flight_and_claims_no_more(post: Post) -> None:
    await post.channels(4)
    await post.announce("d1")
    post.ledger.gate.clear()
    delivery = post.delivery(pace=Pace(at_once=2))
    running = asyncio.create_task(delivery.run())
    await post.ledger.until(lambda ledger: ledger.running == 2)
    stopping = asyncio.create_task(delivery.stop(10))
    await asyncio.sleep(0)
    post.ledger.gate.set()
    await stopping
    await running
    assert await post.states() == {"pending": 2, "sent": 2}


async def test_stopping_leaves_what_takes_too_long_to_the_next_start(post: Post) -> None:
    await post.channels(2)
    await post.announce("d1")
    post.ledger.gate.clear()
    delivery = post.delivery()
    running = asyncio.create_task(delivery.run())
    await post.ledger.until(lambda ledger: ledger.running == 2)
    await delivery.stop(0.01)
    await running
    assert await post.states() == {"sending": 2}
    post.ledger.gate.set()
    post.clock.go(Pace().lease)
    await post.delivery().settle()
    assert sorted(post.ledger.keys()) == ["d1:ledger:C0", "d1:ledger:C1"]
    assert await post.states() == {"sent": 2}


async def test_a_failing_step_is_logged_once_and_delivery_goes_on(post: Post) -> None:
    await post.channels(1)
    delivery = post.delivery(pace=Pace(idle=0.001))
    read: Callable[..., Awaitable[object]] = post.database.read
    failures = 0
    enough = asyncio.Event()

    async def broken(work: Callable[[Db], object]) -> object:
        nonlocal failures
        failures += 1
        if failures == 5:
            enough.set()
        raise OSError("disk on fire")

    post.database.read = broken  # type: ignore[assignment]  # the fault to be survived
    with capture_logs() as logs:
        running = asyncio.create_task(delivery.run())
        await enough.wait()
        post.database.read = read  # type: ignore[assignment]  # mended
        await post.announce("d1")
        await post.ledger.until(partial(has_posted, 1))
        await delivery.stop(5)
        await running
    assert [log["error"] for log in logs if log["event"] == "failed"] == ["OSError: disk on fire"]
    assert [log["failures"] >= 5 for log in logs if log["event"] == "works again"] == [True]
    assert await post.states() == {"sent": 1}


# Stale cards


async def posted(post: Post, delivery: Delivery) -> None:
    await post.channels(1)
    await post.announce("s1", subject="session:1")
    await delivery.settle()


async def test_a_stale_card_is_drawn_anew_and_edited(post: Post) -> None:
    delivery = post.delivery()
    await posted(post, delivery)
    for n in range(3):
        await post.redraw("session:1", f"{n} going")
    await delivery.settle()
    await delivery.settle()
    assert post.ledger.edited == [("1", "2 going")], "three changes, one edit"


async def test_a_change_during_the_edit_makes_another_edit(post: Post) -> None:
    delivery = post.delivery()
    await posted(post, delivery)
    post.ledger.gate.clear()
    await post.redraw("session:1", "1 going")
    settling = asyncio.create_task(delivery.settle())
    await post.ledger.until(lambda ledger: len(ledger.edited) == 1)
    await post.redraw("session:1", "2 going")
    post.ledger.gate.set()
    await settling
    assert [words for _, words in post.ledger.edited] == ["1 going", "2 going"]


async def test_after_any_number_of_changes_at_once_the_card_shows_the_last(post: Post) -> None:
    await post.channels(3)
    await post.announce("s1", subject="session:1")
    await post.delivery().settle()

    def change(db: Db) -> None:
        community = locked(db, Community, db.exec(select(Community.id)).one())
        assert community is not None
        community.charter += "."
        db.add(community)
        outbox.redraw(db, "session:1", post.clock.now())

    def drawn(db: Db, subject: str, now: datetime) -> Card:
        return note(db.exec(select(Community.charter)).one())

    post.draw = drawn  # type: ignore[method-assign]  # draws what the database says
    deliveries = [post.delivery(pace=Pace(idle=600)) for _ in range(2)]
    running = [asyncio.create_task(delivery.run()) for delivery in deliveries]

    async def change_and_nudge(n: int) -> None:
        await post.database.write(change)
        deliveries[n % 2].nudge()

    await asyncio.gather(*(change_and_nudge(n) for n in range(30)))
    for delivery in deliveries:
        await delivery.settle()
        await delivery.stop(5)
    await asyncio.gather(*running)
    last = dict(post.ledger.edited)
    assert last == {"1": "." * 30, "2": "." * 30, "3": "." * 30}


async def test_edits_wait_when_asked_and_share_the_channels_rate(post: Post) -> None:
    rates = Rates(
        {"ledger": Limits(channel=Limit(1, 1), token=Limit(1_000, 1_000))}, monotonic=post.clock.monotonic
    )
    delivery = post.delivery(rates=rates)
    await posted(post, delivery)
    await post.redraw("session:1", "1 going")
    post.ledger.will("edit", RetryLater(30))
    await delivery.settle()
    assert post.ledger.edited == []
    post.clock.go(1)
    await delivery.settle()
    post.clock.go(29)
    await delivery.settle()
    assert post.ledger.edited == []
    post.clock.go(1)
    await delivery.settle()
    assert post.ledger.edited == [("1", "1 going")]


async def test_a_card_that_is_gone_or_shows_nothing_any_more_is_left(post: Post) -> None:
    delivery = post.delivery()
    await posted(post, delivery)
    await post.redraw("session:1", "1 going")
    post.ledger.will("edit", Undeliverable("message_not_found"))
    await delivery.settle()
    await post.redraw("session:1", None)
    await delivery.settle()
    assert post.ledger.edited == []
    assert (await post.letter("s1:ledger:C0")).redraw_at is None


async def test_an_edit_that_always_fails_is_given_up_aloud(post: Post) -> None:
    delivery = post.delivery(pace=Pace(edits=3))
    await posted(post, delivery)
    await post.redraw("session:1", "1 going")
    post.ledger.will("edit", Fault.REPLY_LOST, times=99)
    with capture_logs() as logs:
        for _ in range(9):
            await delivery.settle()
            post.clock.go(60)
    assert len(post.ledger.edited) == 3
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["failed", "card left as it is"]


async def test_an_idle_look_writes_nothing(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    delivery = post.delivery()
    await delivery.settle()

    async def forbidden(work: Callable[[Db], object]) -> object:
        raise AssertionError("an idle look wrote")

    post.database.write = forbidden  # type: ignore[assignment]  # the point of the test
    await delivery.settle()


async def test_a_claim_rolled_back_sends_nothing(post: Post) -> None:
    await post.channels(1)
    await post.announce("d1")
    take = partial(letters.claim, now=post.clock.now(), platform="ledger", limit=1, lease=LEASE)

    def claim_and_fail(db: Db) -> None:
        assert take(db)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        await post.database.write(claim_and_fail)
    await post.delivery().settle()
    assert post.ledger.keys() == ["d1:ledger:C0"]
