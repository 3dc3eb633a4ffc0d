"""What goes wrong between Discord and a whole bot, and what members, facilitators and operators see of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.app import Hearth
from bot.config import Config
from scheduler.rates import Rates
from storage.database import Database, open_database
from storage.tables import Letter, Rsvp
from tests.fakes.discord import permissions
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.people import buttons
from tests.faults.discord_stage import Stage, installed, stage
from tests.faults.stage import ANNOUNCE, announce, announced, community, connect_elsewhere, letters, paused


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    database = open_database(sqlite_url)
    yield database
    await database.close()


@pytest.fixture
async def on(database: Database) -> AsyncIterator[Stage]:
    async with stage(database) as made:
        yield made


async def answers(on: Stage) -> list[str]:
    """Return every answer to a session, sorted."""
    rows = await on.hearth.database.read(lambda db: db.exec(select(Rsvp)).all())
    return sorted(row.answer for row in rows)


async def answered(on: Stage, *words: str) -> None:
    """Wait until these are the answers to the session."""
    async with asyncio.timeout(30):
        while await answers(on) != list(words):  # noqa: ASYNC110  # they come with the next connection
            await asyncio.sleep(0.02)


# Calls that fail.


@pytest.mark.parametrize(
    "fault",
    [
        Fault("lost"),
        Fault("reset"),
        Fault("status", status=500),
        Fault("status", status=503),
        Fault("page", status=502),
        Fault("limited"),
        Fault("limited", everywhere=True),
    ],
    ids=["lost", "reset", "500", "503", "page of 502", "429", "429 everywhere"],
)
async def test_after_an_answer_that_says_nothing_the_message_is_there_once(on: Stage, fault: Fault) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    on.fake.faults.add(fault)
    await fran.says(ANNOUNCE, in_="python")
    assert (await on.delivered())["sent"] == 1
    assert announced(on, "python") == [1]
    assert fault.met == 1


async def test_a_lost_answer_is_found_by_its_marker_where_the_nonce_is_forgotten(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    lost = Fault("lost")
    on.fake.faults.add(lost)
    nonces = on.fake.core
    nonces.same_nonce = lambda channel, nonce: None  # type: ignore[method-assign]  # the minutes are over
    await fran.says(ANNOUNCE, in_="python")
    assert (await on.delivered())["sent"] == 1
    assert announced(on, "python") == [1]
    assert on.fake.ledger.asked("GET", "/messages"), "it was looked for"


@pytest.mark.parametrize(
    ("status", "code", "place"),
    [
        (404, 10003, True),
        (403, 50001, True),
        (403, 50013, True),
        (400, 50083, True),
        (400, 50035, False),
        (400, 999999, False),
    ],
)
async def test_what_discord_refuses_is_skipped_for_its_reason(
    on: Stage, status: int, code: int, place: bool
) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    on.fake.faults.add(Fault("status", path="/channels/{channel_id}/messages", status=status, code=code))
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [(ended, reason)] = await letters(on)
    assert ended == "skipped"
    assert str(code) in reason
    assert announced(on, "python") == [0]
    assert bool(await paused(on)) == place


async def test_a_bot_kicked_in_the_middle_pauses_that_server_and_the_other_platform_goes_on(
    on: Stage,
) -> None:
    [fran] = on.people("Fran")
    ola = on.other.person("Ola")
    await community(on, fran, channels=3)
    await ola.says("join python")
    await on.hearth.database.write(connect_elsewhere)
    held = Fault("held")
    on.fake.faults.add(held)
    await fran.says(ANNOUNCE, in_="python")
    await held.struck.wait()
    on.fake.places.kick(on.fake.guild)
    held.gate.set()
    await on.delivered()
    assert sorted(state for state, _ in await letters(on)) == ["sent", "sent", "skipped", "skipped"]
    assert len(on.other.posted("elsewhere")) == 1
    assert sum(announced(on, "python", "python-2", "python-3")) == 1
    assert len(await paused(on)) >= 2
    requests = len(on.fake.ledger.requests)
    await on.hearth.database.write(partial(announce, key="the next"))
    on.hearth.delivery.nudge()
    await on.delivered()
    assert len(on.fake.ledger.requests) - requests <= 1, "nobody asks again and again at a closed door"
    assert len(on.other.posted("elsewhere")) == 2


async def test_a_channel_that_is_deleted_is_paused_and_the_others_get_theirs(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran, channels=3)
    gone = on.channel("python-2")
    on.fake.places.delete(gone)
    await on.server.catch_up()
    await fran.says(ANNOUNCE, in_="python")
    states = await on.delivered()
    assert announced(on, "python", "python-3") == [1, 1]
    assert str(gone.id) in await paused(on)
    assert states["sent"] >= 2


async def test_a_server_that_is_away_for_a_while_loses_nothing(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    on.fake.places.outage(on.fake.guild)
    await on.server.catch_up()
    assert await paused(on) == {}
    on.fake.places.outage(on.fake.guild, ends=True)
    await fran.says(ANNOUNCE, in_="python")
    assert (await on.delivered())["sent"] == 1


async def test_a_storm_of_429_is_waited_out_and_every_channel_gets_its_letter_once(on: Stage) -> None:
    [fran] = on.people("Fran")
    names = await community(on, fran, channels=12)
    on.fake.faults.add(*[Fault("limited", retry_after=0.2, everywhere=n % 2 == 0) for n in range(6)])
    before = len(on.fake.ledger.asked("POST", "/channels/{channel_id}/messages"))
    await fran.says(ANNOUNCE, in_="python")
    assert (await on.delivered(30))["sent"] == 12
    assert announced(on, *names) == [1] * 12
    assert len(on.fake.ledger.asked("POST", "/channels/{channel_id}/messages")) - before == 12


@pytest.mark.parametrize("bare", [True, False], ids=["bare 429", "page"])
async def test_behind_a_wall_nothing_is_asked_until_it_is_over_and_nothing_is_lost(
    on: Stage, bare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("watch", "refusals"):
        monkeypatch.setattr(f"adapters.discord.{module}.BANNED", 0.5)
    [fran] = on.people("Fran")
    names = await community(on, fran, channels=4)
    wall = Fault("bare", times=1) if bare else Fault("page", status=403, times=1)
    on.fake.faults.add(wall)
    with capture_logs() as log:
        await fran.says(ANNOUNCE, in_="python")
        assert (await on.delivered())["sent"] == 4
    assert announced(on, *names) == [1] * 4
    assert wall.met == 1
    assert [entry["event"] for entry in log if entry["log_level"] == "error"] != []


async def test_a_revoked_token_stops_the_calls_and_raises_an_alarm_and_the_other_platform_goes_on(
    on: Stage,
) -> None:
    [fran] = on.people("Fran")
    ola = on.other.person("Ola")
    await community(on, fran)
    await ola.says("join python")
    await on.hearth.database.write(connect_elsewhere)
    on.fake.revoke()
    requests = len(on.fake.ledger.requests)
    with capture_logs() as log:
        for number in range(5):
            await on.hearth.database.write(partial(announce, key=f"letter {number}"))
            await on.hearth.delivery.settle()
        await ola.says("about python")
    assert "Python" in ola.sees
    assert len(on.other.posted("elsewhere")) == 5
    assert len(on.fake.ledger.requests) - requests <= 6
    assert len([entry for entry in log if entry["log_level"] == "critical"]) == 1
    assert (await on.hearth.health())[1]["platforms"]["discord"] == "refused"


async def test_closed_direct_messages_are_no_fault_and_what_was_to_be_said_waits(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await mo.says("preferences direct_messages:yes")
    on.fake.person("Mo").user.open = False
    with capture_logs() as log:
        await fran.says("promote @mo python")
        await on.delivered()
    assert "Mo is now a facilitator" in fran.sees
    assert mo.inbox == []
    assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []


# Interactions that come late, twice, or to what is gone.


async def test_an_answer_that_comes_too_late_has_its_effect_once_and_the_next_press_says_so(
    on: Stage,
) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [message] = on.posted("python")
    going = next(b for b in buttons(message) if b["label"] == "Going")
    with capture_logs() as log:
        made = on.fake.person("Mo").presses(message, going)
        made.at -= timedelta(seconds=4)
        await on.server.catch_up()
    assert made.late
    assert await answers(on) == ["yes"]
    assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []
    await mo.presses("Going", in_="python")
    assert "You're going" in mo.sees
    assert await answers(on) == ["yes"]


async def test_five_of_one_press_at_once_have_one_effect_and_one_answer(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [message] = on.posted("python")
    going = next(b for b in buttons(message) if b["label"] == "Going")
    with capture_logs() as log:
        person = on.fake.person("Mo")
        made: Interaction = person.presses(message, going)
        for _ in range(4):
            person.again(made)
        await on.server.catch_up()
        await on.delivered()
    assert made.answer
    assert await answers(on) == ["yes"]
    assert "1 going" in on.server.text(message)
    assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []


async def test_a_form_for_what_is_gone_says_so(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    await fran.says("session edit S1")
    assert "Title" in fran.sees
    await fran.says("promote @mo python")
    await mo.says("session edit S1")
    on.fake.places.delete(on.channel("python"))
    await fran.says("session cancel S1")
    await on.delivered()
    await mo.fills(title="Another title")
    assert "cancelled" in mo.sees.lower()
    rows = await on.hearth.database.read(lambda db: db.exec(select(Letter)).all())
    assert all("Another title" not in str(row.card) for row in rows)


async def test_more_than_25_completions_are_cut_to_25_and_found_by_typing_on(on: Stage) -> None:
    [fran] = on.people("Fran")
    for number in range(30):
        await fran.says(f"create 'Circle {number:02}' 'We learn'", in_=f"circle-{number}")
    offered = await fran.completes("about", "community")
    assert len(offered) == 25
    assert await fran.completes("about", "community", "circle-29") == ["circle-29"]


async def test_the_longest_texts_of_marks_arrive_whole(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    await fran.says("session schedule", in_="python")
    description = "*_~`|<@1> " * 100
    await fran.fills(title="*" * 150, when="in 2 days at 15:00", where="_" * 190, description=description)
    assert "is scheduled as S1" in fran.sees
    await on.delivered()
    [message] = on.posted("python")
    said = "".join(on.server.text(message).split())
    for words in ("*" * 150, "_" * 190, "".join(description.split())):
        assert words in said


# Connections that break.


async def test_what_happens_while_the_line_is_cut_counts_once(on: Stage) -> None:
    fran, mo, ana = on.people("Fran", "Mo", "Ana")
    await community(on, fran, mo, ana)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [message] = on.posted("python")
    on.fake.gateway.drop()
    on.fake.person("Mo").reacts("✅", message)
    on.fake.person("Ana").reacts("❓", message)
    await answered(on, "maybe", "yes")
    await on.delivered()
    assert "1 going, 1 maybe" in on.server.text(message)
    assert (on.fake.gateway.resumed, on.fake.gateway.identified) == (1, 1)


async def test_a_gap_is_made_good_by_looking_at_what_stands_there(on: Stage) -> None:
    """What nobody reacted stays as it was: an answer by button leaves no reaction that could be missed."""
    fran, mo, ana, ben = on.people("Fran", "Mo", "Ana", "Ben")
    await community(on, fran, mo, ana, ben)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    [message] = on.posted("python")
    await ben.presses("Going", in_="python")
    on.fake.gateway.sessions.clear()  # nothing is kept for them, so nothing can be replayed
    on.fake.gateway.drop()
    on.fake.person("Mo").reacts("✅", message)
    on.fake.person("Ana").reacts("❓", message)
    await answered(on, "maybe", "yes", "yes")
    await on.delivered()
    assert "2 going, 1 maybe" in on.server.text(message)
    assert on.fake.gateway.identified == 2


async def test_two_processes_with_one_token_answer_once_and_send_once(
    on: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Harmless: both hear of everything, the database lets one of them act, Discord lets one of them answer."""
    fran, mo = on.people("Fran", "Mo")
    await community(on, fran, mo)
    config = Config.model_validate({"bot": {"create": "anyone"}})
    twin = Hearth(config, on.hearth.database, clock=on.hearth.clock)
    twin.connect([installed(twin, on.fake, tmp_path_factory.mktemp("twin"))], rates=Rates())
    await twin.start()
    try:
        async with asyncio.timeout(20):
            await on.fake.gateway.connects(2)
        with capture_logs() as log:
            await fran.says(ANNOUNCE, in_="python")
            await on.delivered()
            [message] = on.posted("python")
            going = next(b for b in buttons(message) if b["label"] == "Going")
            pressed = on.fake.person("Mo").presses(message, going)
            on.fake.person("Ana")
            await on.server.catch_up()
            await mo.reacts("❓", in_="python")
            await on.delivered()
        assert pressed.answer
        assert len(on.posted("python")) == 1
        assert await answers(on) == ["maybe"]
        assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []
    finally:
        await twin.stop()


async def test_without_the_right_to_write_the_facilitators_learn_what_to_give(on: Stage) -> None:
    [fran] = on.people("Fran")
    await community(on, fran)
    await fran.says("preferences direct_messages:yes")
    on.fake.places.forbid(on.channel("python"), permissions.SEND_MESSAGES)
    await fran.says(ANNOUNCE, in_="python")
    await on.delivered()
    assert ["Send Messages" in told for told in fran.inbox] == [True]
