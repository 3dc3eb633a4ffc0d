"""Proposals in chat: an idea gathers people and becomes a community, or is parked kindly."""

import pytest

from tests.world import World

FEW = {"proposal": {"endorsers": 1, "commitments": 3, "leaders": 1, "questions": 2, "extension_days": 0}}
IDEA = "propose 'Data for good' 'We each clean data alone' 'analysts' 'How do you document a data set?'"


@pytest.mark.parametrize("settings", [FEW], ids=["few"])
async def test_enough_people_in_make_it_a_community(world: World) -> None:
    fran, mo, ana, ben = world.people("Fran", "Mo", "Ana", "Ben")
    general = world.channel("general")
    await fran.says(IDEA)
    assert "Your proposal is posted here" in fran.sees
    [proposal] = general.messages
    assert "Proposal: Data for good" in proposal
    assert "1 of 3 are in" in proposal

    await ben.presses("Not for me")
    assert "Noted, thank you" in ben.sees
    await mo.presses("I'm in")
    assert "What question would you bring?" in mo.sees
    await mo.presses("Add a question")
    await mo.fills(question="Who owns a data set?")
    assert "Your question is noted" in mo.sees
    assert "2 of 3 are in, 0 of 1 would help lead, 2 of 2 brought a question" in general.messages[0]
    await ana.presses("I'd help lead")
    assert "You'd help lead" in ana.sees
    assert "It has become a community" in general.messages[0]
    for person in (fran, mo, ana):
        assert "Data for good has become a community, and you are in it" in person.inbox[-1]
    assert ben.inbox == []

    await mo.says("members data-for-good")
    assert "Data for good: 3 members" in mo.sees
    assert "@Ana (facilitator)" in mo.sees
    assert "@Ben" not in mo.sees


@pytest.mark.parametrize("settings", [FEW], ids=["few"])
async def test_a_proposal_without_enough_people_is_parked_and_its_author_told(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await fran.says(IDEA)
    await world.passes(days=13)
    assert fran.inbox == []
    await world.passes(days=2)
    assert "Data for good is parked" in fran.inbox[-1]
    assert "Parked for now, with thanks" in world.channel("general").messages[0]
    async with world.unchanged():
        await mo.says("cop voice proposal:1 stance:in")
        assert "is decided: it was parked" in mo.sees
    await fran.says(IDEA)
    assert "Your proposal is posted here" in fran.sees


async def test_an_idea_is_proposed_once_and_not_when_there_is_such_a_community(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran)
    async with world.unchanged():
        await mo.says("propose Python problem everyone question")
        assert "There is a community Python already" in mo.sees
    await mo.says(IDEA)
    async with world.unchanged():
        await fran.says(IDEA)
        assert "is proposed already" in fran.sees
