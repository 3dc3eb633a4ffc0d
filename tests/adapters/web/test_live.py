"""Live changes: each window gets what its person may see, in order, and catches up after an absence."""

import asyncio
from datetime import UTC, datetime

import aiohttp
import pytest

from adapters.web.live import CATCH_UP_LIMIT
from adapters.web.room import QUEUE_LIMIT, Room
from adapters.web.store import WebChat
from bot.chat import Address
from bot.ui.cards import note
from tests.adapters.web.conftest import Json, Served

NOW = datetime(2026, 3, 3, tzinfo=UTC)
GENERAL = Address("web", "general")


async def heard(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[Json]:
    return [await socket.receive_json(timeout=5) for _ in range(count)]


async def caught_up(socket: aiohttp.ClientWebSocketResponse, seq: int) -> list[Json]:
    """Return the frames up to the change with number `seq`."""
    frames: list[Json] = []
    while not frames or frames[-1].get("thing", {}).get("seq") != seq:
        frames += await heard(socket, 1)
    return frames


async def test_a_window_hears_what_others_do(web: Served):
    _, seq = web.chat.clock()
    async with web.live("mo", since=seq) as socket:
        (hello,) = await heard(socket, 1)
        assert (hello["kind"], hello["store"], hello["seq"]) == ("hello", web.chat.clock()[0], seq)
        await web.says("fran", "hello")
        (frame,) = await heard(socket, 1)
        assert (frame["kind"], frame["thing"]["author"], frame["thing"]["text"]) == (
            "message",
            "fran",
            "hello",
        )
        ref = await web.adapter.post(GENERAL, note("one"), key="k")
        await web.adapter.edit(ref, note("two"))
        posted, edited = await heard(socket, 2)
        assert posted["thing"]["id"] == edited["thing"]["id"] == int(ref.id)
        assert edited["thing"]["edited"]


async def test_a_conversation_with_the_bot_is_told_to_its_person_only(web: Served):
    _, seq = web.chat.clock()
    async with web.live("mo", since=seq) as mo, web.live("fran", since=seq) as fran:
        await heard(mo, 1)
        await heard(fran, 1)
        await web.adapter.post(Address("web", person="mo"), note("secret"), key="a")
        await web.adapter.post(GENERAL, note("open"), key="b")
        assert [frame["thing"]["channel"] for frame in await heard(mo, 2)] == ["@mo", "general"]
        assert [frame["thing"]["channel"] for frame in await heard(fran, 1)] == ["general"]
    async with web.live("fran", since=seq) as fran:
        frames = await caught_up(fran, web.chat.clock()[1])
        assert [frame["thing"]["channel"] for frame in frames[1:]] == ["general"]


async def test_a_window_that_was_away_gets_what_it_missed_and_no_more(web: Served):
    _, seq = web.chat.clock()
    async with web.live("mo", since=seq) as socket:
        await heard(socket, 1)
        await web.says("fran", "one")
        last = (await heard(socket, 1))[0]["thing"]["seq"]
    await web.says("fran", "two")
    await web.says("fran", "three")
    async with web.live("mo", since=last) as socket:
        frames = await caught_up(socket, web.chat.clock()[1])
        assert [frame["thing"]["text"] for frame in frames[1:]] == ["two", "three"]
        await web.says("fran", "four")
        assert (await heard(socket, 1))[0]["thing"]["text"] == "four"


async def test_a_window_that_was_away_too_long_reads_everything_anew(web: Served):
    for number in range(CATCH_UP_LIMIT + 5):
        web.chat.post("general", note("x"), key=str(number), now=web.adapter._clock())
    async with web.live("mo") as socket:
        frames = await heard(socket, 2)
        assert [frame["kind"] for frame in frames] == ["hello", "reset"]


async def test_changes_made_at_once_arrive_in_their_order(web: Served):
    _, seq = web.chat.clock()
    async with web.live("mo", since=seq) as socket:
        await heard(socket, 1)
        await asyncio.gather(*(web.says("fran", str(n)) for n in range(30)))
        frames = await heard(socket, 30)
    numbers = [frame["thing"]["seq"] for frame in frames]
    assert numbers == sorted(numbers)
    assert sorted(int(frame["thing"]["text"]) for frame in frames) == list(range(30))


async def test_a_slow_window_is_let_go_and_the_others_are_not_held_up():
    chat = WebChat()
    room = Room(chat)
    slow, quick = room.open("mo"), room.open("fran")
    received = []
    for number in range(QUEUE_LIMIT + 1):
        await room.change(lambda chat, key=str(number): chat.post("general", note("x"), key=key, now=NOW))
        received.append(quick.queue.get_nowait())
    assert slow.gone.is_set()
    assert not quick.gone.is_set()
    assert len(received) == QUEUE_LIMIT + 1
    room.close()
    assert quick.gone.is_set()
    chat.close()


async def test_nobody_unknown_may_listen(web: Served):
    for query in ({"as": "nobody"}, {"as": "mo", "since": "x"}, {}):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await web.client.ws_connect(f"{web.url}/chat/live", params=query)
    status, _ = await web.get("/chat/live", **{"as": "mo"})
    assert status == 426


async def test_stopping_ends_the_windows_at_once(web: Served):
    socket = await web.live("mo")
    await heard(socket, 1)
    web.adapter._room.close()
    while not (message := await socket.receive(timeout=5)).type.name.startswith("CLOS"):
        pass
    assert message.type.name.startswith("CLOS")
