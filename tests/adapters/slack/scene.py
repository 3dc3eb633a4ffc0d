"""A running adapter with a scripted core behind it and a loopback Slack in front of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.slack.adapter import SlackAdapter
from bot.chat import Address, Answer, Called, Event, Noticed, Recount, Reply
from bot.settings import SlackSettings
from bot.ui.calls import Call
from bot.ui.cards import note
from tests.fakes.slack import TEAM, Channel, Person, Slack

Json = dict[str, Any]
Script = Callable[[Event], Awaitable[Answer]]


@dataclass
class Core:
    """A core that remembers what it was told and answers by a script; like ours it does each delivery once."""

    events: list[Event] = field(default_factory=list)
    done: list[Event] = field(default_factory=list)
    script: Script | None = None
    recount: Recount | None = None
    """What it wants looked at after a gap."""
    _deliveries: set[str] = field(default_factory=set)

    async def handle(self, event: Event) -> Answer:
        if isinstance(event, Noticed) and event.what == "missed":
            return self.recount
        self.events.append(event)
        delivery = getattr(event, "delivery", "")
        if delivery and delivery in self._deliveries:
            return None
        self._deliveries.add(delivery)
        answer = await self.script(event) if self.script is not None else _echo(event)
        self.done.append(event)
        return answer

    @property
    def calls(self) -> list[Call]:
        return [event.call for event in self.done if isinstance(event, Called)]


def _echo(event: Event) -> Answer:
    return Reply(note(f"You called {event.call.path}.")) if isinstance(event, Called) else None


@dataclass
class Scene:
    """The loopback Slack, the adapter in it, and the core behind."""

    slack: Slack
    adapter: SlackAdapter
    core: Core
    running: asyncio.Task[None]

    def person(self, name: str, zone: str | None = None) -> Person:
        """Return somebody who is in #general."""
        person = Person(self.slack, self.slack.workspace.user(name, zone))
        person.joins(self.general)
        return person

    @property
    def general(self) -> Channel:
        return self.slack.workspace.channel("general")

    @property
    def here(self) -> Address:
        return Address("slack", self.general.id, TEAM)

    def called(self, method: str) -> list[str]:
        """Return how the calls of a method ended."""
        return self.slack.workspace.ledger.outcomes(method)

    def said(self) -> list[str]:
        """Return the texts of everything in #general that was not deleted, oldest first."""
        return [message.text for message in self.general.messages if not message.deleted]


def settings(slack: Slack, mode: str = "socket") -> SlackSettings:
    app = slack.workspace.app
    return SlackSettings.model_validate(
        {
            "enabled": True,
            "mode": mode,
            "api_url": slack.api_url,
            "bot_token": SecretStr(app.bot_token),
            "app_token": SecretStr(app.app_token),
            "signing_secret": SecretStr(app.signing_secret),
        }
    )


def made(
    slack: Slack, folder: Path, mode: str = "socket", clock: Callable[[], datetime] | None = None
) -> SlackAdapter:
    """Return an adapter that reads "GROUP VERB name:value" and holds "secret" to be confidential."""
    return SlackAdapter(
        settings(slack, mode),
        parse=lambda text: Call(" ".join(text.split()[:2]), {"rest": " ".join(text.split()[2:])}),
        confidential=lambda call: call.path.startswith("secret"),
        clock=clock or slack.workspace.clock,
        data_dir=folder,
        bot_name="Hearth",
    )


@asynccontextmanager
async def played(
    slack: Slack, folder: Path, mode: str = "socket", core: Core | None = None
) -> AsyncIterator[Scene]:
    """Run an adapter until the end of the block."""
    core = core or Core()
    adapter = made(slack, folder, mode)
    if mode == "http":
        slack.serve_to(adapter.receive)
    running = asyncio.create_task(adapter.run(core.handle))
    waiting = asyncio.ensure_future(slack.sockets.until(1) if mode == "socket" else adapter.ready.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED, timeout=10)
    try:
        yield Scene(slack, adapter, core, running)
    finally:
        waiting.cancel()
        running.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)


async def until(happened: Callable[[], object]) -> None:
    """Wait until it has happened, at most ten seconds."""
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110  # what is waited for knows no event
            await asyncio.sleep(0.01)
