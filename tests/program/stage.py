"""The whole program on the platform in memory, with an ear on its log."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, inspect, text
from structlog.testing import capture_logs

from adapters.memory import Memory
from bot.app import Clock, Hearth, opened
from bot.chat import Actor, Answer, Ask, Called, Completing, Reply, Suggest, Update
from bot.dispatch import OUR_FAULT
from bot.settings import BotSettings, Config
from bot.ui.calls import Call
from bot.ui.cards import Card, words
from storage.database import Db
from tests.program.rehearsal import Rehearsal

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
ADMIN = "ada"

Rows = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, and how the dispatcher counted it: done, asked, refused or failed."""

    answer: Answer
    outcome: str

    @property
    def card(self) -> Card:
        """The card of the answer; an empty one for silence or a form."""
        return self.answer.card if isinstance(self.answer, Reply | Update) else Card()

    @property
    def text(self) -> str:
        """Everything the answer says, a form's problems included."""
        if isinstance(self.answer, Ask):
            form = self.answer.form
            return "\n".join([form.title, form.intro, *self.answer.problems.values()])
        return words(self.card)


class Stage:
    """The program without its clockwork: `settle` does what is due and sends what is written."""

    def __init__(self, hearth: Hearth, clock: Clock, platform: str, log: list[Any]) -> None:
        self.hearth = hearth
        self.clock = clock
        self.registry = hearth.registry
        self.memory = Memory(hearth.registry.parse, clock=clock, name=platform)
        self.memory.listen(hearth.dispatcher.handle)
        hearth.connect([self.memory])
        self._log = log

    def actor(self, name: str) -> Actor:
        """The account of this name."""
        return self.memory.person(name).actor

    async def types(self, name: str, typed: str, in_: str = "general") -> Heard:
        """Type a command, as after the slash."""
        return await self.calls(name, self.registry.parse(typed), in_)

    async def calls(self, name: str, call: Call, in_: str = "general") -> Heard:
        """Make a call, as a button or a form does."""
        answer = await self.memory.handle(Called(call, self.actor(name), self.memory.address(in_)))
        return Heard(answer, self._log[-1]["outcome"])

    async def does(self, name: str, typed: str, in_: str = "general") -> Heard:
        """Type a command that must succeed."""
        heard = await self.types(name, typed, in_)
        assert heard.outcome == "done", f"{name}: {typed}: {heard.text}"
        return heard

    async def completes(self, name: str, path: str, param: str, typed: str = "") -> list[str]:
        """What is offered for a parameter, each as its value and label."""
        at = self.memory.address("general")
        answer = await self.memory.handle(Completing(Call(path), param, typed, self.actor(name), at))
        assert isinstance(answer, Suggest)
        return [f"{option.value} {option.label}" for option in answer.options]

    async def settle(self) -> None:
        """Do what is due and send every letter that can be sent."""
        await self.hearth.settle()

    async def rows(self) -> Rows:
        """Everything in every table, the search index included."""
        return await self.hearth.database.read(_rows)

    def troubles(self) -> list[str]:
        """What the log says went wrong on our side."""
        return [str(entry) for entry in self._log if entry["log_level"] in ("error", "critical")]


def _rows(db: Db) -> Rows:
    connection = db.connection()
    names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    return {
        name: sorted(map(str, connection.execute(text(f'SELECT * FROM "{name}"')).all())) for name in names
    }


@asynccontextmanager
async def staged(
    url: str, *, platform: str = "memory", create: Literal["admins", "anyone"] = "anyone"
) -> AsyncIterator[Stage]:
    """Open the program on a database. At the end nothing may have gone wrong on our side."""
    clock = Clock()
    clock.stand_at(NOW)
    with capture_logs() as log:
        async with opened(configured(platform, create), url, clock=clock) as hearth:
            stage = Stage(hearth, clock, platform, log)
            yield stage
            assert stage.troubles() == []


@contextmanager
def rehearsed(connection: Connection, at: datetime) -> Iterator[Stage]:
    """The program on an open connection; everything it does there is undone. Else as `staged`."""
    clock = Clock()
    clock.stand_at(at)
    with capture_logs() as log, connection.begin() as transaction:
        hearth = Hearth(configured("memory", "anyone"), Rehearsal(connection), clock=clock)
        stage = Stage(hearth, clock, "memory", log)
        yield stage
        assert stage.troubles() == []
        transaction.rollback()


def configured(platform: str, create: Literal["admins", "anyone"]) -> Config:
    """The configuration of a test: ada is association staff on the platform."""
    return Config(bot=BotSettings(create=create, admins=(f"{platform}:{ADMIN}",)))


def never_our_fault(heard: Heard) -> None:
    """The answer is not an apology for a fault of ours."""
    assert heard.outcome != "failed"
    assert OUR_FAULT not in heard.text
