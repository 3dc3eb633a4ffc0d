"""A web chat on a loopback port with the scripted bot behind it, and a client that acts as people."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
import pytest

from adapters.web import WebAdapter, WebChat, WebServer
from bot.chat import Event, Handle
from tests.adapters.web.scripted import CATALOGUE, Scripted, parse

Json = dict[str, Any]


@dataclass
class Served:
    """The running chat, and requests to it."""

    chat: WebChat
    adapter: WebAdapter
    server: WebServer
    bot: Scripted
    client: aiohttp.ClientSession
    ids: Any = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def events(self) -> list[Event]:
        return self.bot.events

    async def post(self, path: str, body: Json, **headers: str) -> tuple[int, Json]:
        async with self.client.post(self.url + path, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> tuple[int, Json]:
        async with self.client.get(self.url + path, params=query) as response:
            return response.status, await response.json()

    async def act(self, person: str, path: str, *, channel: str = "general", **body: Any) -> Json:
        """Do something as a person; it has to be accepted."""
        sent = {"id": f"{person}.{next(self.ids)}", "as": person, "zone": "Europe/Oslo", "channel": channel}
        status, answer = await self.post(f"/chat/{path}", sent | body)
        assert status == 200, answer
        return answer

    async def says(self, person: str, text: str, *, channel: str = "general") -> Json:
        return await self.act(person, "say", text=text, channel=channel)

    async def texts(self, person: str, channel: str = "general") -> list[str]:
        _, page = await self.get("/chat/messages", **{"as": person, "channel": channel})
        return [message["text"] for message in page["messages"]]

    def live(self, person: str, since: int = 0) -> Any:
        return self.client.ws_connect(f"{self.url}/chat/live", params={"as": person, "since": str(since)})


async def serve(chat: WebChat, bot: Scripted, handle: Handle | None = None) -> AsyncIterator[Served]:
    """Serve `chat` until the generator is closed; `handle` stands in for the scripted one."""
    adapter = WebAdapter(
        chat,
        bot_name="Hearth",
        parse=parse,
        catalogue=lambda: CATALOGUE,
        base_url=lambda: server.url,
    )
    server = WebServer(port=0, routes=adapter.routes())
    await server.start()
    running = asyncio.create_task(adapter.run(handle or bot.handle))
    async with aiohttp.ClientSession() as client:
        yield Served(chat, adapter, server, bot, client)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await server.stop()


@pytest.fixture
async def web() -> AsyncIterator[Served]:
    """A chat with Fran and Mo, the channels #general and #python, and the scripted bot."""
    chat = WebChat()
    for name in ("Fran", "Mo"):
        chat.add_person(name)
    chat.add_channel("python")
    async for served in serve(chat, Scripted()):
        yield served
    chat.close()
