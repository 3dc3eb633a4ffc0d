"""A dispatcher with people, communities and a clock, for tests of what commands answer."""

from datetime import UTC, datetime

from sqlmodel import select

from bot.app import registry
from bot.chat import Actor, Address, Answer, Called, MessageRef, Quote, Reacted, Reply, Update
from bot.config import Config
from bot.dispatch import Dispatcher
from bot.metrics import Metrics
from bot.ui.calls import Call
from bot.ui.cards import Button, Card, words
from commands.notices import Notices
from commands.reactions import Reactions
from storage.database import Database

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
GENERAL = Address("memory", "general", name="general")
BOARD = Address("memory", "board", name="board")
LOBBY = Address("memory", "lobby", name="lobby")


class World:
    """A dispatcher on a database with a community `python` in #general: Fran tends it, Ana and Ben belong.

    Eve belongs to nothing, and Ada, who is staff, is not known yet. `board` is by request and lives in #board.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        self.quotes: dict[str, Quote] = {}
        self.registry = registry()
        self.dispatcher = Dispatcher(
            self.registry,
            database,
            Config.model_validate({"bot": {"admins": ("memory:ada",)}}),
            clock=lambda: self.now,
            reactions=Reactions(),
            notices=Notices(),
            read=self.read,
            after=lambda: None,
            metrics=Metrics(),
        )

    async def read(self, message: MessageRef) -> Quote | None:
        return self.quotes.get(message.id)

    async def say(self, who: str, text: str, at: Address = GENERAL) -> Answer:
        return await self.dispatcher.handle(Called(self.registry.parse(text), actor(who), at))

    async def press(self, who: str, button: Button, at: Address = GENERAL) -> Answer:
        pressed = MessageRef(at, "card")
        call: Call = self.registry.parse(button.call.payload())
        return await self.dispatcher.handle(Called(call, actor(who), at, on=pressed))

    async def react(
        self,
        who: str,
        emoji: str,
        message: str,
        at: Address = GENERAL,
        *,
        added: bool = True,
        bot: bool = False,
    ) -> Answer:
        by = Actor("memory", who, who.title(), bot=bot)
        return await self.dispatcher.handle(Reacted(emoji, added, MessageRef(at, message), by))

    async def count(self, *tables: type) -> list[int]:
        return await self.database.read(lambda db: [len(db.exec(select(t)).all()) for t in tables])


def actor(name: str) -> Actor:
    return Actor("memory", name, name.title(), zone="Europe/Berlin")


def card(answer: Answer) -> Card:
    assert isinstance(answer, Reply | Update), answer
    return answer.card


def said(answer: Answer) -> str:
    return words(card(answer))


def button(answer: Answer, label: str) -> Button:
    return next(b for b in card(answer).buttons() if b.label == label)
