"""A new start of the bot: what was posted goes on working, and what was not yet sent arrives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.app import Clock, Hearth, opened
from bot.config import Config
from tests.platforms.memory import InMemory
from tests.world import START


async def test_buttons_forms_and_letters_outlive_the_program(database_url: str) -> None:
    config = Config.model_validate({"bot": {"create": "anyone"}})
    clock = Clock()
    clock.stand_at(START)
    async with opened(config, database_url, clock=clock) as hearth:
        platform = InMemory(hearth.registry.parse, clock=clock)

    @asynccontextmanager
    async def started() -> AsyncIterator[Hearth]:
        async with opened(config, database_url, clock=clock) as hearth:
            hearth.connect([platform])
            platform.listen(hearth.dispatcher.handle)
            yield hearth

    fran, mo, ana = (platform.person(name) for name in ("Fran", "Mo", "Ana"))
    python = platform.channel("python")
    async with started() as hearth:
        await fran.says("create Python 'We learn from each other'", in_="python")
        for person in (mo, ana):
            await person.says("join python")
        await fran.says("session schedule Workshop 'thu 15:00' capacity:1", in_="python")
        await hearth.settle()
        await fran.says("session schedule", in_="python")
        await mo.presses("Going")
        await ana.presses("Going")
        await mo.presses("Can't")
        assert "0 of 1 seats taken" in python.messages[0], "nobody delivers before the end"
        assert ana.inbox == []

    async with started() as hearth:
        await hearth.settle()
        assert "1 of 1 seats taken" in python.messages[0]
        assert "A seat became free and it is yours" in ana.inbox[-1]
        await ana.presses("Can't")
        assert "Thank you for saying so" in ana.sees
        await fran.fills(title="Second evening", when="fri 15:00")
        assert "is scheduled as S2" in fran.sees
        await hearth.settle()
        assert "0 of 1 seats taken" in python.messages[0]
        assert len(python.messages) == 2
