"""What cannot be done: one kind sentence that says what to do, and not a row is changed."""

import pytest

from tests.world import World


async def test_outside_any_channel_the_only_community_is_meant_and_else_one_is_asked_for(
    world: World,
) -> None:
    fran, mo, eve = world.people("Fran", "Mo", "Eve")
    await world.begins("Python", fran, mo)
    await fran.says("session schedule Together 'thu 15:00'", in_="lobby")
    assert "is scheduled as S1" in fran.sees
    async with world.unchanged():
        await mo.says("session schedule Together 'thu 15:00'", in_="lobby")
        assert "you facilitate no community here" in mo.sees
        await eve.says("about", in_="lobby")
        assert "Which community?" in eve.problems["community"]
    await world.begins("Rust", fran)
    async with world.unchanged():
        await fran.says("session schedule Again 'thu 15:00'", in_="lobby")
        assert "Yours are: python, rust" in fran.problems["community"]
    await fran.fills(community="rust")
    assert "is scheduled as S2" in fran.sees
    assert "Again" in world.channel("rust").messages[0]


NOT_THERE = {
    "session show S99": "There is no session S99 that you can see",
    "session rsvp S99 yes": "There is no session S99 that you can see",
    "resource show R99": "There is no resource R99 that you can see",
    "pulse vote pulse:P99 choice:1": "There is no pulse P99 that you can see",
    "pulse results P99": "There is no pulse P99 that you can see",
    "cop decide community:python request:99 decision:approve": "That request is settled",
    "cop voice proposal:99 stance:in": "That proposal is gone",
    "digest release edition:99 community:python": "There is no such draft",
    "cop unlink 99": "There is no such link to undo",
    "join pyhton": "Did you mean python?",
    "promote @nobody python": "I do not know “@nobody” here",
    "promote @eve python": "Eve is not a member of Python",
    "demote @mo python": "Mo is not a facilitator of Python",
}


async def test_a_thing_that_is_not_there_gets_one_kind_sentence(world: World) -> None:
    fran, mo, eve = world.people("Fran", "Mo", "Eve")
    await world.begins("Python", fran, mo)
    await eve.says("preferences be_welcomed:yes")
    async with world.unchanged():
        for line, sentence in NOT_THERE.items():
            await fran.says(line)
            assert sentence in fran.sees
            assert len(fran.sees.split("\n")) <= 2, "a sentence, and perhaps a button"


async def test_a_button_from_a_deleted_thing_says_that_it_may_have_been_removed(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    await mo.says("resource save https://example.org/rag 'RAG explained'", in_="python")
    await fran.says("resource save https://example.org/rag", in_="python")
    await mo.says("resource remove R1")
    async with world.unchanged():
        for button in ("Details", "Endorse"):
            await fran.presses(button)
            assert "There is no resource R1 that you can see. It may have been removed." in fran.sees


async def test_a_stale_form_is_refused_once_the_right_to_it_is_gone(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    await fran.says("promote @mo python")
    await mo.says("session schedule Together", in_="python")
    assert "When" in mo.sees
    await fran.says("demote @mo python")
    async with world.unchanged():
        await mo.fills(when="thu 15:00")
        assert "Only facilitators of Python" in mo.sees
    await fran.says("promote @mo python")
    await mo.says("session schedule Together 'thu 15:00'", in_="python")
    assert "is scheduled as S1" in mo.sees


async def test_a_button_works_for_whoever_has_come_in_since(world: World) -> None:
    fran, eve = world.people("Fran", "Eve")
    python = await world.begins("Python", fran)
    await fran.says("session schedule Together 'thu 15:00'", in_="python")
    async with world.unchanged():
        await eve.presses("Going", in_="python")
        assert "for members of Python" in eve.sees
    await eve.says("join python")
    await eve.presses("Going", in_="python")
    assert "1 going" in python.messages[0]


@pytest.mark.parametrize(
    ("character", "told"), [("\u0000", "NUL character"), ("\ud800", "half a character")], ids=["NUL", "half"]
)
async def test_a_character_that_cannot_be_kept_is_refused(world: World, character: str, told: str) -> None:
    [fran] = world.people("Fran")
    async with world.unchanged():
        await fran.says(f"create Python 'We learn{character}'", in_="python")
        assert told in f"{fran.sees} {fran.problems}"
    await fran.says("create Python 'We learn'", in_="python")
    assert "Python is open" in fran.sees
