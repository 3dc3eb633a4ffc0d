"""What faults on any platform are tried with: a bot beside a second platform in memory, and what its tests ask of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import func
from sqlmodel import col, select

from adapters.memory import Memory
from bot.app import Hearth
from bot.config import Config
from bot.rules import outbox
from bot.rules.balance import balance, counts
from bot.rules.outbox import UNSETTLED
from bot.ui.cards import note
from scheduler.delivery import Pace
from storage.database import Database, Db
from storage.tables import Channel, Community, Letter

PACE = Pace(call=2.0, lease=3.0, idle=0.1, retry=0.1)
ANNOUNCE = "session schedule 'Intro to RAG' 'in 2 days at 15:00'"


class Speaker(Protocol):
    """A member on any platform."""

    @property
    def sees(self) -> str: ...

    async def says(self, text: str, in_: str = ...) -> None: ...


class BaseStage:
    """The bot on a platform, and beside it a platform in memory called "other"."""

    def __init__(self, hearth: Hearth, other: Memory) -> None:
        self.hearth = hearth
        self.other = other

    def posted(self, name: str) -> Sequence[object]:
        """Return what everyone in a channel sees."""
        raise NotImplementedError

    async def idle(self) -> None:
        """Wait until the bot has dealt with everything the platform has told it."""
        raise NotImplementedError

    async def delivered(self, seconds: float = 20) -> dict[str, int]:
        """Wait until every letter is settled and every card redrawn; return how many letters ended how."""

        def waiting(db: Db) -> int:
            undrawn = select(func.count()).where(col(Letter.redraw_at).is_not(None))
            states = counts(db)
            return sum(states[state] for state in UNSETTLED) + db.exec(undrawn).one()

        async with asyncio.timeout(seconds):
            while await self.hearth.database.read(waiting):  # noqa: ASYNC110  # what it waits for is in the database
                await asyncio.sleep(0.02)
            await self.idle()
        books, states = await self.hearth.database.read(lambda db: (balance(db), counts(db)))
        assert books.differences == ()
        return {state: n for state, n in states.items() if n}


def build(
    database: Database, clock: Callable[[], datetime], settings: Mapping[str, Any] | None
) -> tuple[Hearth, Memory]:
    """Return a bot in which anyone may create a community, and the second platform, to be connected to it."""
    config = Config.model_validate({"bot": {"create": "anyone"}, **(settings or {})})
    hearth = Hearth(config, database, clock=clock)
    return hearth, Memory(hearth.registry.parse, clock=clock, name="other")


async def settle() -> None:
    """What an act causes is delivered meanwhile, as in life."""


async def community(on: BaseStage, founder: Speaker, *members: Speaker, channels: int = 1) -> list[str]:
    """Make Python in the channel of its name, connected to so many channels; return their names."""
    await founder.says("create Python 'We learn from each other'", in_="python")
    assert "Python is open" in founder.sees
    names = ["python", *(f"python-{n}" for n in range(2, channels + 1))]
    for name in names[1:]:
        await founder.says("connect python", in_=name)
        assert "connected" in founder.sees
    for member in members:
        await member.says("join python")
        assert "Welcome to Python" in member.sees
    await on.delivered()
    return names


def connect_elsewhere(db: Db) -> None:
    """Connect the community to a channel of the other platform."""
    here = db.exec(select(Channel)).first()
    assert here is not None
    db.add(
        Channel(platform="other", external_id="elsewhere", name="elsewhere", community_id=here.community_id)
    )


def announce(db: Db, key: str) -> None:
    """Write a letter to every channel of the community."""
    python = db.exec(select(Community)).one()
    outbox.announce(db, python, note(key), kind="announcement", key=key, now=datetime.now(UTC))


def announced(on: BaseStage, *names: str) -> list[int]:
    """Return how many messages everyone sees in each channel."""
    return [len(on.posted(name)) for name in names]


async def letters(on: BaseStage) -> list[tuple[str, str]]:
    """Return the state and reason of every announcement."""

    def read(db: Db) -> list[tuple[str, str]]:
        found = db.exec(select(Letter).where(Letter.kind == "announcement").order_by(col(Letter.id)))
        return [(letter.state, letter.reason) for letter in found]

    return await on.hearth.database.read(read)


async def paused(on: BaseStage) -> dict[str, str]:
    """Return the platform's ids of the channels to which nothing is sent any more, with the reason."""

    def read(db: Db) -> dict[str, str]:
        found = db.exec(select(Channel).where(Channel.paused != ""))
        return {channel.external_id: channel.paused for channel in found}

    return await on.hearth.database.read(read)
