"""What the port says of a message: delivered, never, later, or unknown; and how an unknown one is found."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from adapters.discord import adapter as module
from adapters.discord import marks
from bot.chat import Address, MessageRef, Refused, RetryLater, Undeliverable
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, File, Rule, Text, note
from tests.adapters.discord.conftest import Stage, connected, make
from tests.fakes.discord import permissions
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.server import FakeDiscord
from tests.fakes.discord.state import FORUM

GOING = Buttons((Button("Going", Call("session rsvp", {"session": "S1", "answer": "yes"})),))
CARDS = {
    "words": note("Tuesday at ten."),
    "buttons at the end": Card("Coming?", (Text(("Tuesday.",)), GOING)),
    "words between buttons": Card(
        "Next up", (Text(("Tuesday.",)), GOING, Rule(), Text(("Thursday.",)), GOING)
    ),
    "words that go on below": Card("", (Text(("long " * 590,)),)),
    "two thousand characters": note("x" * 2_000),
}


def place(stage: Stage) -> Address:
    return Address("discord", str(stage.general.id), str(stage.discord.guild.id))


def created(stage: Stage) -> int:
    return len(stage.discord.ledger.of("create"))


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
@pytest.mark.parametrize("nonces", [True, False], ids=["nonces told", "nonces forgotten"])
async def test_a_lost_answer_leaves_a_message_that_is_found(stage: Stage, card: Card, nonces: bool) -> None:
    stage.discord.faults.add(Fault("lost"))
    with pytest.raises(aiohttp.ClientError):
        await stage.adapter.post(place(stage), card, key="digest:python:2026-W10")
    if not nonces:
        for message in stage.discord.state.messages.values():
            message.nonce = None
    found = await stage.adapter.find(place(stage), key="digest:python:2026-W10")
    assert found is not None
    assert int(found.id) in stage.discord.state.messages
    assert await stage.adapter.find(place(stage), key="digest:python:2026-W11") is None


async def test_the_same_key_again_makes_no_second_message(stage: Stage) -> None:
    stage.discord.faults.add(Fault("lost"))
    with pytest.raises(aiohttp.ClientError):
        await stage.adapter.post(place(stage), note("once"), key="k")
    again = await stage.adapter.post(place(stage), note("once"), key="k")
    assert created(stage) == 1
    assert again == await stage.adapter.post(place(stage), note("once"), key="k")
    await stage.adapter.post(place(stage), note("once"), key="another")
    assert created(stage) == 2


async def test_what_was_deleted_since_counts_as_delivered(stage: Stage) -> None:
    sent = await stage.adapter.post(place(stage), note("gone soon"), key="k")
    stage.discord.core.erase(stage.discord.state.messages[int(sent.id)])
    assert await stage.adapter.post(place(stage), note("gone soon"), key="k") == MessageRef(place(stage), "")
    assert created(stage) == 1
    with pytest.raises(Undeliverable) as refused:
        await stage.adapter.edit(MessageRef(place(stage), ""), note("later"))
    assert not refused.value.place


async def test_a_key_is_a_nonce_of_25_characters() -> None:
    one, other = (
        marks.nonce("digest:python:2026-W10:discord:42"),
        marks.nonce("digest:python:2026-W11:discord:42"),
    )
    assert len(one) == len(other) == 25
    assert one != other
    assert one == marks.nonce("digest:python:2026-W10:discord:42")


@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_429_is_passed_on_and_nothing_is_sent_behind_our_back(stage: Stage, everywhere: bool) -> None:
    stage.discord.faults.add(Fault("limited", retry_after=0.2, everywhere=everywhere))
    with pytest.raises(RetryLater) as told:
        await stage.adapter.post(place(stage), note("later"), key="k")
    assert told.value.seconds == pytest.approx(0.2)
    assert told.value.everywhere is everywhere
    await asyncio.sleep(0.4)  # longer than the library would have waited: nothing tells of what is not sent
    assert created(stage) == 0
    await stage.adapter.post(place(stage), note("later"), key="k")
    assert created(stage) == 1


@pytest.mark.parametrize(
    "fault",
    [Fault("bare", retry_after=0.2), Fault("page", status=429), Fault("page", status=403)],
    ids=["429 of a stranger", "page with 429", "page with 403"],
)
async def test_a_ban_page_silences_us_everywhere(stage: Stage, fault: Fault) -> None:
    fault.met = 0
    stage.discord.faults.add(fault)
    with pytest.raises(RetryLater) as told:
        await stage.adapter.post(place(stage), note("later"), key="k")
    assert told.value.everywhere
    asked = len(stage.discord.ledger.requests)
    with pytest.raises(RetryLater):
        await stage.adapter.post(place(stage), note("other"), key="other")
    assert len(stage.discord.ledger.requests) == asked, "nothing is sent while we are silent"


async def test_a_line_that_is_cut_leaves_doubt_where_nothing_arrived(stage: Stage) -> None:
    stage.discord.faults.add(Fault("reset"))
    with pytest.raises(aiohttp.ClientError):
        await stage.adapter.post(place(stage), note("cut"), key="k")
    assert await stage.adapter.find(place(stage), key="k") is None


async def test_a_server_that_is_gone_took_nothing(stage: Stage) -> None:
    await stage.discord.stop()
    with pytest.raises(RetryLater):
        await stage.adapter.post(place(stage), note("nobody there"), key="k")


async def test_500s_are_tried_again_with_the_same_nonce(stage: Stage) -> None:
    stage.discord.faults.add(Fault("status", status=502))
    await stage.adapter.post(place(stage), note("twice asked"), key="k")
    assert created(stage) == 1


async def test_a_call_that_takes_too_long_is_in_doubt(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL", 0.2)
    held = Fault("held")
    stage.discord.faults.add(held)
    with pytest.raises(TimeoutError):
        await stage.adapter.post(place(stage), note("slow"), key="k")
    held.gate.set()
    assert await stage.adapter.find(place(stage), key="k") is not None


async def test_waiting_for_a_bucket_too_long_is_no_doubt(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.discord.rates.limits["POST", "/messages"] = (1, 30.0)
    monkeypatch.setattr(module, "CALL", 0.2)
    # The library keeps the answer to the last request of a bucket until the bucket is full again.
    with pytest.raises(TimeoutError):
        await stage.adapter.post(place(stage), note("first"), key="1")
    assert await stage.adapter.find(place(stage), key="1") is not None
    with pytest.raises(RetryLater):
        await stage.adapter.post(place(stage), note("second"), key="2")
    assert created(stage) == 1


async def test_a_revoked_token_stops_every_call(stage: Stage) -> None:
    stage.discord.revoke()
    with pytest.raises(Refused):
        await stage.adapter.post(place(stage), note("no"), key="k")
    asked = len(stage.discord.ledger.requests)
    for _ in range(3):
        with pytest.raises(Refused):
            await stage.adapter.find(place(stage), key="k")
    assert len(stage.discord.ledger.requests) == asked


async def test_a_wrong_token_is_refused_at_the_door(discord: FakeDiscord, tmp_path: Path) -> None:
    adapter = make(discord, tmp_path, token="another.token.altogether")
    for _ in range(2):
        with pytest.raises(Refused):
            await adapter.run(lambda event: asyncio.sleep(0))
    assert [r.status for r in discord.ledger.asked("GET", "/users/@me")] == [401, 401]
    with pytest.raises(Refused):
        await adapter.post(Address("discord", "1"), note("no"), key="k")


async def test_places_that_take_nothing_say_why(stage: Stage) -> None:
    places, guild = stage.discord.places, stage.discord.guild
    unseen = places.channel(guild, "unseen")
    unseen.overwrites[stage.discord.state.bot.id] = (0, permissions.VIEW_CHANNEL)
    silent = places.channel(guild, "silent")
    silent.overwrites[stage.discord.state.bot.id] = (0, permissions.SEND_MESSAGES)
    forum = places.channel(guild, "forum", FORUM)
    for channel, reason in (
        (unseen.id, "may not see"),
        (silent.id, "may not write"),
        (forum.id, "of that kind"),
        (12345, "no longer exists"),
        ("general", "no such place"),
    ):
        with pytest.raises(Undeliverable, match=reason) as refused:
            await stage.adapter.post(Address("discord", str(channel), str(guild.id)), note("hello"), key="k")
        assert refused.value.place


async def test_a_direct_message_reaches_a_person_or_is_refused(stage: Stage) -> None:
    ana, ben = stage.discord.person("Ana"), stage.discord.person("Ben")
    ben.user.open = False
    to = Address("discord", person=str(ana.user.id))
    sent = await stage.adapter.post(to, note("Hello, Ana."), key="k")
    assert [message.content.rstrip(marks._SIGNS) for message in ana.inbox()] == ["Hello, Ana."]
    assert await stage.adapter.find(to, key="k") == sent
    await stage.adapter.edit(sent, note("Hello again."))
    assert [message.content for message in ana.inbox()] == ["Hello again."]
    with pytest.raises(Undeliverable, match="takes no direct messages"):
        await stage.adapter.post(Address("discord", person=str(ben.user.id)), note("Hello, Ben."), key="b")


async def test_a_message_of_components_stays_one_when_redrawn(stage: Stage) -> None:
    sent = await stage.adapter.post(place(stage), CARDS["words between buttons"], key="k")
    await stage.adapter.edit(sent, note("All over."))
    message = stage.discord.state.messages[int(sent.id)]
    assert "All over." in str(message.components)


async def test_files_come_along(stage: Stage) -> None:
    sent = await stage.adapter.post(
        place(stage), Card("Saved", (File("session.ics", "text/calendar", "BEGIN:VCALENDAR"),)), key="k"
    )
    [file] = stage.discord.state.messages[int(sent.id)].attachments
    assert (file.name, file.content) == ("session.ics", b"BEGIN:VCALENDAR")


async def test_a_message_is_read_back(stage: Stage) -> None:
    ana = stage.discord.person("Ana")
    said = ana.writes("See https://example.org/rag, it is good.", stage.general)
    quote = await stage.adapter.read(MessageRef(place(stage), str(said.id)))
    assert quote is not None
    assert (quote.author.name, quote.text, quote.links) == ("Ana", "", ()), (
        "we did not ask to read people's words"
    )
    assert (
        quote.permalink
        == f"https://discord.com/channels/{stage.discord.guild.id}/{stage.general.id}/{said.id}"
    )
    sent = await stage.adapter.post(place(stage), note("Ours, with https://example.org/a"), key="k")
    ours = await stage.adapter.read(sent)
    assert ours is not None
    assert ours.author.bot
    assert "Ours" in ours.text
    assert await stage.adapter.read(MessageRef(place(stage), "1234567")) is None


async def test_too_many_refusals_are_broken_off(discord: FakeDiscord, tmp_path: Path) -> None:
    async with connected(discord, tmp_path) as stage:
        silent = discord.places.channel(discord.guild, "silent")
        silent.overwrites[discord.state.bot.id] = (0, permissions.SEND_MESSAGES)
        to = Address("discord", str(silent.id), str(discord.guild.id))
        outcomes = []
        for number in range(120):
            try:
                await stage.adapter.post(to, note("no"), key=str(number))
            except (Undeliverable, RetryLater) as error:
                outcomes.append(type(error))
        assert outcomes == [Undeliverable] * 100 + [RetryLater] * 20
        assert len(discord.ledger.asked("POST", "/messages")) == 100


async def test_nobody_connected_means_later(discord: FakeDiscord, tmp_path: Path) -> None:
    adapter = make(discord, tmp_path)
    with pytest.raises(RetryLater):
        await adapter.post(Address("discord", "1"), note("too early"), key="k")
