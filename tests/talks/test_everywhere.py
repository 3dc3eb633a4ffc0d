"""One community in Slack, in Discord and in the web chat at once: one session, one count, one digest in each."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest

from bot.app import Clock, Hearth
from bot.config import Config
from scheduler.rates import Rates
from storage.database import Database
from tests.platforms import discord, slack, web
from tests.world import START, Place, Platform, Speaker, World

PYTHON = "python"


class Everywhere(World):
    """A world of three platforms."""

    def __init__(self, hearth: Hearth, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        super().__init__(hearth, clock, platforms["discord"], platforms["slack"])
        self.platforms = platforms

    async def ticks(self) -> None:
        await self.hearth.settle()
        for platform in self.platforms.values():
            await platform.catch_up()

    def places(self) -> dict[str, Place]:
        """Return the channel of the community on each platform."""
        return {name: platform.channel(PYTHON) for name, platform in self.platforms.items()}

    def people(self, name: str) -> dict[str, Speaker]:  # type: ignore[override]  # of one name, on each platform
        return {at: platform.person(name) for at, platform in self.platforms.items()}


@pytest.fixture
async def everywhere(talk_database: Database) -> AsyncIterator[Everywhere]:
    """One bot on three platforms, Ada being staff on each."""
    clock = Clock()
    clock.stand_at(START)
    config = Config.model_validate({"bot": {"create": "anyone"}})
    hearth = Hearth(config, talk_database, clock=clock)

    async def settle() -> None:
        await hearth.delivery.settle()
        clock.stand_at(clock() + timedelta(seconds=1))

    async with (
        discord.opened(hearth, settle) as in_discord,
        slack.opened(hearth, settle) as in_slack,
        web.opened(hearth, settle) as in_web,
    ):
        platforms: dict[str, Platform] = {"discord": in_discord, "slack": in_slack, "web": in_web}
        hearth.connect([platform.adapter for platform in platforms.values()], rates=Rates())
        made = Everywhere(hearth, clock, platforms)
        yield made
        await made.check()


async def test_one_session_has_one_count_and_each_channel_one_digest(everywhere: Everywhere) -> None:
    fran = everywhere.people("Fran")
    await fran["discord"].says("create Python 'We learn from each other'", in_=PYTHON)
    for at in ("slack", "web"):
        await fran["discord"].says("link")
        code = fran["discord"].sees.split("/cop link ")[1][:8]
        await fran[at].says(f"link {code}")
        await fran[at].presses("Link them")
        assert "one person now" in fran[at].sees
        await fran[at].says("connect python", in_=PYTHON)
        assert "connected to Python" in fran[at].sees

    mo = everywhere.people("Mo")
    for at, person in mo.items():  # three people, though of one name
        await person.says("join python")
        assert "Welcome to Python" in person.sees, at

    await fran["slack"].says("session schedule 'Intro to RAG' 'thu 15:00'", in_=PYTHON)
    assert "3 channels" in fran["slack"].sees
    for number, person in enumerate(mo.values(), 1):
        await everywhere.ticks()
        await person.presses("Going", in_=PYTHON)
        await everywhere.ticks()
        for at, place in everywhere.places().items():
            assert len(place.messages) == 1, at
            assert f"{number} going" in place.messages[0], at
    await fran["web"].presses("Going", in_=PYTHON)
    await fran["discord"].presses("Maybe", in_=PYTHON)
    await everywhere.ticks()
    for at, place in everywhere.places().items():
        assert "3 going, 1 maybe" in place.messages[0], at

    await mo["discord"].says("resource save https://example.org/rag 'RAG explained'", in_=PYTHON)
    await mo["web"].says("resource find rag")
    assert "RAG explained" in mo["web"].sees
    await mo["slack"].says('resource save https://example.org/evals "Evals explained"', in_=PYTHON)
    await everywhere.passes(days=1)
    for at, place in everywhere.places().items():
        digests = [message for message in place.messages if "Python: digest of 3 March" in message]
        assert len(digests) == 1, at
        for words in ("Intro to RAG", "RAG explained", "Evals explained"):
            assert words in digests[0], at
