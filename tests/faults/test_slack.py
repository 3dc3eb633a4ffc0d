"""What goes wrong between Slack and a whole bot, and what members, facilitators and operators see of it."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from scheduler.rates import Rates
from storage.database import Database, open_database
from storage.tables import Rsvp
from tests.adapters.slack.scene import until
from tests.fakes.slack import faults, happenings, payloads
from tests.faults.slack_stage import Stage, stage
from tests.faults.stage import ANNOUNCE, announce, announced, community, connect_elsewhere, letters, paused
from tests.platforms.slack import Member, Mode


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    database = open_database(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
async def on(database: Database) -> AsyncIterator[Stage]:
    """A bot in Slack, over a socket."""
    async with stage(database) as made:
        yield made


# Calls that fail.


@pytest.mark.parametrize(
    "fault",
    [
        faults.Lost(),
        faults.Half(),
        faults.Status(200),
        faults.Status(502),
        faults.Broken(),
        faults.SlowAnswer(3),
    ],
    ids=["lost", "half", "html", "502", "broken", "late"],
)
async def test_after_an_answer_that_says_nothing_the_message_is_there_once(
    on: Stage, fault: faults.Fault
) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    on.slack.faults.next("chat.postMessage", fault)
    await fran.says(ANNOUNCE, in_="python")
    assert (await on.delivered())["sent"] == 1
    assert announced(on, "python") == [1]
    assert on.slack.faults.left == 0


@pytest.mark.parametrize(
    ("error", "state", "place"),
    [
        ("is_archived", "skipped", True),
        ("channel_not_found", "skipped", True),
        ("not_in_channel", "skipped", True),
        ("restricted_action", "skipped", True),
        ("msg_too_long", "skipped", False),
        ("a_word_of_next_year", "skipped", False),
        ("internal_error", "sent", False),
        ("fatal_error", "sent", False),
    ],
)
async def test_what_slack_refuses_is_skipped_for_its_reason_and_what_it_stumbles_over_comes_again(
    on: Stage, error: str, state: str, place: bool
) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    on.slack.faults.next("chat.postMessage", faults.Errs(error))
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [(ended, _)] = await letters(on)
    assert ended == state
    assert announced(on, "python") == [state == "sent"]
    assert bool(await paused(on)) == place
    assert len(fran.inbox) == place, "facilitators are told once, and only of a channel that is closed"


async def test_a_bot_removed_in_the_middle_pauses_that_channel_and_tells_the_facilitators_once(
    on: Stage,
) -> None:
    [fran] = on.people("Fran")
    names = await community(on, fran, channels=4)
    on.slack.faults.next("chat.postMessage", faults.Slow(0.3))
    saying = asyncio.create_task(fran.says(ANNOUNCE, in_="python"))
    gone = on.channel("python-3")
    while "chat.postMessage" not in [call.method for call in on.slack.workspace.ledger.calls]:
        happenings.remove_app(gone)
        await asyncio.sleep(0.01)
    await saying
    states = await on.delivered()
    assert announced(on, *names) == [1, 1, 0, 1]
    assert states == {"sent": 4, "skipped": 1}, "three announcements and the word to Fran"
    assert list(await paused(on)) == [gone.id]
    assert [("can no longer post" in told, "python-3" in told) for told in fran.inbox] == [(True, True)]

    await fran.says("session schedule 'Another' 'in 3 days at 15:00'", in_="python")
    await on.delivered()
    assert announced(on, *names) == [2, 2, 0, 2]
    assert len(fran.inbox) == 1


async def test_a_storm_of_429_is_waited_out_and_every_channel_gets_its_letter_once(
    database: Database,
) -> None:
    async with stage(database, rates=Rates()) as on:
        [fran] = on.people("Fran")
        names = await community(on, fran, channels=12)
        on.slack.faults.next("chat.postMessage", *[faults.TooMany(1)] * 6)
        await fran.says(ANNOUNCE, in_="python")
        assert (await on.delivered(30))["sent"] == 12
        assert announced(on, *names) == [1] * 12
        outcomes = on.slack.workspace.ledger.outcomes("chat.postMessage")
        assert outcomes.count("ok") == 12
        assert outcomes.count("429") <= 8, "nothing may be called while Slack asks for a rest"


async def test_the_bot_keeps_to_slacks_pace_so_that_slack_never_has_to_say_no(on: Stage) -> None:
    [fran] = on.people("Fran")
    names = await community(on, fran, channels=3)
    on.slack.rates.on = True
    for number in range(5):
        await fran.says(f"session schedule 'Evening {number}' 'in {number + 1} days at 18:00'", in_="python")
    await on.delivered()
    assert announced(on, *names) == [5, 5, 5]
    assert on.slack.rates.refused == 0


async def test_a_revoked_token_stops_the_calls_and_raises_an_alarm_and_the_other_platform_goes_on(
    on: Stage,
) -> None:
    [fran] = on.people("Fran")
    ola = on.other.person("Ola")
    await community(on, fran)
    await ola.says("join python")
    await on.hearth.database.write(connect_elsewhere)
    on.slack.workspace.app.revoked = "token_revoked"
    calls = len(on.slack.workspace.ledger.calls)
    with capture_logs() as log:
        for number in range(5):
            await on.hearth.database.write(partial(announce, key=f"letter {number}"))
            await on.hearth.delivery.settle()
        await ola.says("about python")
    assert "Python" in ola.sees
    assert len(on.other.posted("elsewhere")) == 5
    assert len(on.slack.workspace.ledger.calls) - calls <= 6
    alarms = [entry for entry in log if entry["log_level"] == "critical"]
    assert len(alarms) == 1
    assert (await on.hearth.health())[1]["platforms"]["slack"] == "refused"


async def test_an_app_that_was_uninstalled_stops_and_the_channels_are_known_as_lost(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    await happenings.uninstall(on.slack)
    await on.adapter.idle()
    assert len(await paused(on)) == 1
    calls = len(on.slack.workspace.ledger.calls)
    await on.hearth.database.write(partial(announce, key="unheard"))
    await on.hearth.delivery.settle()
    assert [(state, "paused" in reason) for state, reason in await letters(on)] == [("skipped", True)]
    assert len(on.slack.workspace.ledger.calls) <= calls + 1


async def test_an_announcement_that_was_deleted_is_not_missed(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [message] = on.posted("python")
    happenings.delete_message(message)
    with capture_logs() as log:
        await mo.says("session rsvp S1 yes", in_="python")
        await on.delivered()
    assert "You're going" in mo.sees
    assert on.slack.workspace.ledger.outcomes("chat.update")[-1] == "message_not_found"
    assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []


# Answers that come late.


@asynccontextmanager
async def locked(url: str, seconds: float) -> AsyncIterator[None]:
    """Keep the SQLite database from being written for so long, as a backup might."""
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    released = asyncio.create_task(asyncio.sleep(seconds))
    try:
        yield
        await released
    finally:
        released.cancel()
        other.close()


async def until_shown(member: Member, words: str, seconds: float = 10) -> None:
    """Wait until the person sees these words somewhere."""
    async with asyncio.timeout(seconds):
        while words not in member.everything:  # noqa: ASYNC110  # Slack tells nobody what people see
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("mode", "seconds"), [("socket", 2.5), ("http", 2.5), ("socket", 4.0)])
async def test_while_the_database_is_locked_people_are_answered_in_time_and_get_their_answer_later(
    sqlite_url: str, database: Database, mode: Mode, seconds: float
) -> None:
    async with stage(database, mode=mode) as on:
        fran, mo = on.people("Fran", "Mo")
        await community(on, fran, mo)
        await fran.says(ANNOUNCE, in_="python")
        await on.delivered()
        [message] = on.posted("python")
        place = on.channel("python")
        mo.person.joins(place)
        async with locked(sqlite_url, seconds):
            acts = [
                mo.person.command("resource save https://example.org 'Useful'", place),
                fran.person.command("session schedule", place),
                mo.person.react(message, "white_check_mark"),
            ]
            began = time.monotonic()
            acks = await asyncio.gather(*acts)
            assert time.monotonic() - began < 3
        assert None not in acks
        assert (mo.person.trouble, fran.person.trouble) == ("", "")
        await until_shown(mo, "Saved as R1")
        await on.delivered()
        assert await on.hearth.database.read(lambda db: db.exec(select(Rsvp.answer)).all()) == ["yes"]
        await on.adapter.idle()
        assert fran.person.modal is None or seconds < 3, "the trigger lives for three seconds"
        if fran.person.modal is None:
            assert "The form is ready" in fran.everything
            await fran.presses("Open the form")
        assert "Title" in fran.everything
        await fran.fills(title="Made in the end", when="in 2 days at 15:00")
        assert "is scheduled as S2" in fran.sees


async def test_a_form_submitted_while_the_database_is_locked_says_so_and_then_shows_its_answer(
    sqlite_url: str, on: Stage
) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    await fran.says("session schedule 'Slowly does it'", in_="python")
    assert fran.person.modal is not None
    fran.enters(when="in 2 days at 15:00")
    async with locked(sqlite_url, 2.5):
        assert await fran.person.submit() is not None
        assert "One moment" in fran.everything
    await until_shown(fran, "Slowly does it is scheduled as S1")
    await on.delivered()
    assert announced(on, "python") == [1]


async def test_a_trigger_that_died_on_the_way_leaves_a_button_that_opens_the_form(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    on.slack.faults.next("views.open", faults.Errs("expired_trigger_id"))
    await fran.says("session schedule 'Intro to RAG' capacity:12", in_="python")
    assert fran.person.modal is None
    assert "The form is ready" in fran.sees
    await fran.presses("Open the form")
    assert fran.known == {"title": "Intro to RAG", "capacity": "12"}
    await fran.fills(when="in 2 days at 15:00")
    assert "Intro to RAG is scheduled as S1" in fran.sees


# What people do too often, too late or too much of.


async def test_five_of_one_delivery_at_once_have_one_effect_and_one_answer(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    await fran.says(ANNOUNCE, in_="python")
    shown = len(fran.person.screen)
    acks = await asyncio.gather(*(fran.person.again() for _ in range(5)))
    assert len({str(ack.payload) for ack in acks if ack is not None}) == 1
    assert None not in acks
    await on.delivered()
    assert announced(on, "python") == [1]
    assert len(fran.person.screen) == shown + 1, "the announcement, and no second answer"


async def test_a_form_for_what_is_gone_says_so_in_its_window(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await fran.says("promote @mo python")
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    await mo.says("session edit S1", in_="python")
    assert mo.person.modal is not None
    await fran.says("session cancel S1")
    await mo.fills(title="Too late")
    assert "That session is cancelled" in mo.sees


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_forty_thousand_characters_are_refused_with_the_limit(database: Database, mode: Mode) -> None:
    async with stage(database, mode=mode) as on:
        [fran] = on.people("Fran")
        await community(on, fran)
        await fran.says(f"resource save https://example.org 'Long' note:'{'x' * 40_000}'", in_="python")
        assert "may have at most" in f"{fran.sees} {fran.problems}"
        assert fran.person.trouble == ""


async def test_a_clock_five_minutes_off_is_found_and_said_loudly_once(database: Database) -> None:
    async with stage(database) as on:
        [fran] = on.people("Fran")
        on.slack.skew = timedelta(minutes=5)
        with capture_logs() as log:
            await community(on, fran)
            await fran.says(ANNOUNCE, in_="python")
            await on.delivered()
        said = [entry for entry in log if entry["log_level"] == "error"]
        assert [entry["direction"] for entry in said] == ["behind Slack"]
        assert abs(said[0]["seconds"] + 300) <= 5


async def test_a_reaction_that_was_overtaken_by_its_removal_counts_before_it(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    await mo.says("session rsvp S1 maybe", in_="python")
    [message] = on.posted("python")
    added, removed = (
        payloads.event(
            on.slack.workspace,
            {
                "type": f"reaction_{what}",
                "user": mo.person.id,
                "reaction": "white_check_mark",
                "item_user": message.user,
                "item": {"type": "message", "channel": message.channel, "ts": message.ts},
            },
        )
        for what in ("added", "removed")
    )
    removing = asyncio.create_task(on.slack.deliveries.deliver(removed))
    await until(lambda: on.adapter._desk._latest._awaited)  # the removal waits for what it takes back
    assert await on.slack.deliveries.deliver(added) is not None
    assert await removing is not None
    assert await on.hearth.database.read(lambda db: db.exec(select(Rsvp)).all()) == []
    await on.delivered()
    assert "0 going" in on.workspace.text(message, None)


async def test_an_answer_by_reaction_that_never_arrived_is_found_at_the_next_start(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [message] = on.posted("python")
    message.reactions = {"white_check_mark": [mo.person.id, "U0STRANGER"]}  # and no word of it
    (running,) = (task for task in on.hearth._tasks if task.get_name() == "slack")
    running.cancel()
    await asyncio.wait((running,))
    again = asyncio.create_task(on.adapter.run(on.hearth.dispatcher.handle))
    try:
        await on.slack.listening()
        await on.adapter.idle()
        rsvps = await on.hearth.database.read(lambda db: [r.answer for r in db.exec(select(Rsvp)).all()])
        assert rsvps == ["yes"]
        await on.delivered()
        assert "1 going" in on.workspace.text(message, None)
    finally:
        again.cancel()
        await asyncio.wait((again,))
