"""The whole of it on a loopback port, and the hands of a test: guilds, channels, people, faults."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Self

from aiohttp import web

from tests.fakes.discord.applications import Applications
from tests.fakes.discord.channels import Channels
from tests.fakes.discord.core import Core
from tests.fakes.discord.faults import Faults
from tests.fakes.discord.guilds import Guilds
from tests.fakes.discord.http import PREFIX, Rest
from tests.fakes.discord.interactions import Interactions
from tests.fakes.discord.people import Person
from tests.fakes.discord.places import Places
from tests.fakes.discord.rates import Rates
from tests.fakes.discord.refusals import not_found
from tests.fakes.discord.wire import respond

TOKEN = "fake.discord.token"


def _now() -> datetime:
    return datetime.now(UTC)


class FakeDiscord:
    """A Discord with one guild, "Association", that the bot is in. Open it with `async with FakeDiscord.open()`."""

    def __init__(self, *, clock: Callable[[], datetime] = _now, token: str = TOKEN) -> None:
        self.core = Core(clock)
        self.state = self.core.state
        self.gateway = self.core.gateway
        self.ledger = self.core.ledger
        self.commands = self.core.commands
        self.faults = Faults()
        self.rates = Rates(time.monotonic)
        self.applications = Applications(self.core)
        channels = Channels(self.core)
        self.interactions = Interactions(self.core, channels)
        routes = [
            *self.applications.routes(),
            *channels.routes(),
            *self.interactions.routes(),
            *Guilds(self.core).routes(),
        ]
        self.rest = Rest(routes, self.ledger, self.faults, self.rates, token, clock)
        self.gateway.token = token
        self.places = Places(self.core)
        self.guild = self.places.guild("Association")
        self._people: dict[str, Person] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def token(self) -> str:
        return self.rest.token

    @property
    def api_url(self) -> str:
        """The address to configure as `discord.api_url`."""
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    @classmethod
    @asynccontextmanager
    async def open(cls, *, clock: Callable[[], datetime] = _now, token: str = TOKEN) -> AsyncIterator[Self]:
        """Serve on a free port until the end."""
        made = cls(clock=clock, token=token)
        await made.start()
        try:
            yield made
        finally:
            await made.stop()

    async def start(self, port: int = 0) -> None:
        """Begin to serve; a port given is one it had before."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        self.rest.add_to(app)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/attachments/{id}/{name}", self._attachment)
        app.router.add_route("*", "/{rest:.*}", self._nowhere)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.port = self._runner.addresses[0][1]
        self.gateway.url = f"ws://127.0.0.1:{self.port}/gateway"
        self.core.cdn = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """End every connection, and serve no more."""
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def revoke(self) -> None:
        """Let the token be good no longer."""
        self.rest.token = self.gateway.token = ""

    def person(self, name: str) -> Person:
        """Return somebody who is in the guild; the same name is the same account."""
        key = name.lower()
        if key not in self._people:
            user = self.places.account(name)
            self.places.join(user, self.guild)
            self._people[key] = Person(self.core, self.interactions, self.guild, user)
        return self._people[key]

    async def _attachment(self, request: web.Request) -> web.Response:
        for message in self.state.messages.values():
            for one in message.attachments:
                if str(one.id) == request.match_info["id"]:
                    return web.Response(body=one.content, content_type="application/octet-stream")
        return web.Response(status=404)

    async def _nowhere(self, request: web.Request) -> web.Response:
        """Nothing is here; a test fails on it, for the bot asks for nothing that there is not."""
        self.ledger.complaints.append(f"{request.method} {request.path} is not served here")
        return respond(not_found().body, 404, {})
