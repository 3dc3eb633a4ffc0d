"""A whole bot on a platform and a database, for dialogues that read like chat on every one of them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select

from bot.app import Clock, Hearth
from bot.chat import Adapter, MessageRef
from bot.config import Config
from bot.rules import balance
from scheduler.rates import Rates
from storage.database import Database, Db
from storage.types import metadata
from tests.platforms import console, discord, memory, slack, web

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""A Monday, the day before the digest's usual day and at its usual time."""

STEP = timedelta(hours=6)
"""How often the clock ticks while time passes; less than the twelve hours after which a digest is late."""


class Speaker(Protocol):
    """Somebody who speaks to the bot through a platform, and what they see there.

    Each act returns when the bot has answered and has sent what the act set in motion. Text is as the
    platform shows it: look for words in it, not for whole lines, and not for moments, which every
    platform draws in its own way.
    """

    @property
    def sees(self) -> str:
        """The last answer as text: a card, a form with its questions, or "" for silence."""

    @property
    def mark(self) -> str:
        """The reaction the bot added to confirm the last act, by its short name; "" where it stood already."""

    @property
    def problems(self) -> Mapping[str, str]:
        """What the open form says is wrong, by field name; where it asks field by field, of this one."""

    @property
    def known(self) -> Mapping[str, str]:
        """What stands in the open form already, by field name, as far as it has been shown."""

    @property
    def inbox(self) -> list[str]:
        """The direct messages from the bot as they read now, oldest first."""

    async def says(self, text: str, in_: str = "#general") -> None:
        """Type a command, without the slash and without `cop`."""

    async def writes(self, text: str, in_: str = "#general") -> MessageRef:
        """Write an ordinary message."""

    async def presses(self, label: str, in_: str = "") -> None:
        """Press the button of this label on the newest card in sight that has one; LookupError if none has."""

    async def fills(self, **values: str) -> None:
        """Submit the form last asked: what it already knows, with these values over it."""

    async def reacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        """React to a message, or to the newest of the channel."""

    async def unreacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        """Take a reaction back."""

    async def completes(self, text: str, param: str, typed: str = "", in_: str = "#general") -> list[str]:
        """Return the values offered for a parameter."""

    async def again(self) -> None:
        """Have the platform deliver the last act a second time."""


class Place(Protocol):
    """A channel as everyone in it sees it."""

    @property
    def messages(self) -> list[str]:
        """Messages as text, oldest first; of a redrawn one, what it says now."""

    @property
    def newest(self) -> MessageRef:
        """The newest message that people may react to."""


class Platform(Protocol):
    """A platform that people can be met on."""

    @property
    def adapter(self) -> Adapter:
        """What the bot is connected to."""

    def person(self, name: str, zone: str | None = None) -> Speaker:
        """Return somebody; the same name is the same account. `zone` is their profile's, where it has one."""

    def channel(self, name: str) -> Place:
        """Return a channel, named with or without its #."""

    async def catch_up(self) -> None:
        """Let everybody see what has been sent meanwhile."""


Settle = Callable[[], Awaitable[None]]
Opened = Callable[[Hearth, Settle], AbstractAsyncContextManager[Platform]]


@dataclass(frozen=True, slots=True)
class Entrance:
    """How a platform is opened, and the account of Ada there; `Settle` is to be called after each act of a person."""

    opened: Opened
    ada: str


PLATFORMS: Mapping[str, Entrance] = {
    "memory": Entrance(memory.opened, "memory:ada"),
    "console": Entrance(console.opened, "console:ada"),
    "web": Entrance(web.opened, "web:ada"),
    "slack": Entrance(slack.opened, slack.ADA),
    "discord": Entrance(discord.opened, discord.ADA),
}


class World:
    """One bot with the platform the dialogue is about, and a second one named "other"."""

    def __init__(self, hearth: Hearth, clock: Clock, main: Platform, other: Platform) -> None:
        self.hearth = hearth
        self.clock = clock
        self.main = main
        self.other = other

    def person(self, name: str, zone: str | None = None) -> Speaker:
        """Return somebody on the main platform."""
        return self.main.person(name, zone)

    def people(self, *names: str) -> list[Speaker]:
        """Return several people on the main platform."""
        return [self.person(name) for name in names]

    def channel(self, name: str) -> Place:
        """Return a channel of the main platform."""
        return self.main.channel(name)

    async def begins(self, name: str, founder: Speaker, *members: Speaker, visibility: str = "open") -> Place:
        """Have a community made in the channel of its name, and joined; return the channel."""
        slug = name.lower()
        await founder.says(f"create {name} 'We learn from each other' visibility:{visibility}", in_=slug)
        assert f"{name} is open" in founder.sees
        for member in members:
            await member.says(f"join {slug}")
            assert f"Welcome to {name}" in member.sees
        return self.channel(slug)

    async def passes(self, **span: float) -> None:
        """Let time pass while the bot runs; `span` is as for timedelta."""
        end = self.clock() + timedelta(**span)
        while self.clock() < end:
            self.clock.stand_at(min(self.clock() + STEP, end))
            await self.ticks()

    async def sleeps(self, **span: float) -> None:
        """Let time pass while the machine is off, then start it again."""
        self.clock.stand_at(self.clock() + timedelta(**span))
        await self.ticks()

    async def ticks(self) -> None:
        """Let the bot do what is due, and everybody see it."""
        await self.hearth.settle()
        for platform in (self.main, self.other):
            await platform.catch_up()

    async def rows(self) -> dict[str, list[str]]:
        """Return every row of every table."""

        def read(db: Db) -> dict[str, list[str]]:
            tables = metadata.sorted_tables
            return {t.name: sorted(map(repr, db.connection().execute(select(t)).all())) for t in tables}

        return await self.hearth.database.read(read)

    @asynccontextmanager
    async def unchanged(self) -> AsyncIterator[None]:
        """Assert that what happens within leaves every table as it was."""
        before = await self.rows()
        yield
        after = await self.rows()
        assert {t: rows for t, rows in after.items() if rows != before[t]} == {}

    async def check(self) -> None:
        """Assert what must hold at the end of every dialogue: the books of the outbox balance."""
        books = await self.hearth.database.read(balance.balance)
        assert books.ok, books.differences


@asynccontextmanager
async def world(
    platform: str, database: Database, settings: Mapping[str, Mapping[str, Any]]
) -> AsyncIterator[World]:
    """Open a world on the platform of this name and the database; `settings` are of the configuration.

    Anybody may make communities, and Ada is association staff. The clock stands at `START` and
    moves on by a second with each act.
    """
    entrance = PLATFORMS[platform]
    bot = {"create": "anyone", "admins": (entrance.ada,), **settings.get("bot", {})}
    clock = Clock()
    clock.stand_at(START)
    hearth = Hearth(Config.model_validate({**settings, "bot": bot}), database, clock=clock)

    async def settle() -> None:
        await hearth.delivery.settle()
        clock.stand_at(clock() + timedelta(seconds=1))

    async with (
        entrance.opened(hearth, settle) as main,
        memory.opened(hearth, settle, name="other") as other,
    ):
        # A dialogue's acts are a second apart: how fast a platform may be posted to is tried elsewhere.
        hearth.connect([main.adapter, other.adapter], rates=Rates())
        made = World(hearth, clock, main, other)
        yield made
        await made.check()
