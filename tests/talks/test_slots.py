"""Slot polls and the rhythm planner in chat: times voted on and picked, a quarter drafted and scheduled."""

from tests.world import World

TIMES = "2026-03-10 15:00, 2026-03-11 16:00, 2026-03-12 09:00, 2026-03-13 09:00, 2026-03-14 11:00"


async def test_a_slot_poll_from_the_question_to_the_session(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    python = await world.begins("Python", fran, mo, ana)
    await fran.says(f"session poll 'Reading group' '{TIMES}' closes:2d", in_="python")
    assert "posted in the community's channel" in fran.sees
    assert "0 people have voted" in python.messages[-1]
    await mo.presses("Vote", in_="python")
    await mo.presses("1: yes")
    await mo.presses("2: yes")
    await mo.presses("2: if need be")
    assert "You: if need be" in mo.sees
    await mo.presses("Later times")
    await mo.presses("4: no")
    await ana.presses("Vote", in_="python")
    await ana.presses("1: yes")
    card = python.messages[-1]
    assert "2 people have voted" in card
    assert "2 yes, 0 if need be, 0 no" in card
    assert "0 yes, 1 if need be, 0 no" in card
    await world.passes(days=2, hours=1)
    assert "Closed" in python.messages[-1]
    assert "The best time is" in fran.inbox[-1]
    await fran.presses("Pick 1")
    assert "scheduled as S1" in fran.sees
    assert "2 going" in python.messages[-1]
    assert any("It is session S1 now" in text for text in python.messages)
    await mo.says("session show S1")
    assert "You're going, 2 people are" in mo.sees


async def test_bad_times_are_asked_about_others_are_refused_and_nobody_may_vote_late(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    async with world.unchanged():
        await mo.says("session poll Reading 'tue 15:00, wed 16:00'", in_="python")
        assert "Only facilitators" in mo.sees
        await fran.says("session poll Reading 'blah, 2026-03-01 15:00, fri 16:00'", in_="python")
    assert "“blah”" in fran.problems["options"]
    assert "“2026-03-01 15:00”" in fran.problems["options"]
    await fran.fills(options="thu 15:00, fri 16:00")
    assert "is open until" in fran.sees
    eve = world.person("Eve")
    await eve.says("join python")
    await eve.says("leave python")
    async with world.unchanged():
        await eve.says("session vote T1 1 yes")
        assert "for members of Python" in eve.sees
        await mo.says("session pick T1 1")
        assert "Only facilitators" in mo.sees
    await fran.presses("Who said what", in_="python")
    await fran.presses("Close now")
    assert "Nobody voted" in fran.sees
    assert "Closed" in python.messages[-1]
    async with world.unchanged():
        await mo.says("session vote T1 1 yes")
    assert "closed" in mo.sees


async def test_twelve_weeks_are_drafted_changed_and_scheduled_once(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    async with world.unchanged():
        await mo.says("session plan", in_="python")
        assert "Only facilitators" in mo.sees
    await fran.says("session plan light", in_="python")
    assert "Python: monthly meeting" in fran.sees
    await fran.presses("Change the rhythm")
    assert fran.known["preset"] == "light"
    await fran.fills(preset="sprint", day="friday", time="15:00", away="Spring: 2026-03-23 to 2026-03-27")
    assert "Spring" in fran.sees
    assert "Fri 13 Mar 2026, 15:00" in fran.sees
    assert "Fri 27 Mar" not in fran.sees
    await fran.presses("Change 2")
    await fran.fills(drop="yes")
    assert "dropped" in fran.sees
    await fran.presses("Change 1")
    await fran.fills(title="Kick-off", when="2026-03-12 10:00")
    assert "Kick-off" in fran.sees
    await fran.presses("Schedule 5 sessions")
    assert "5 sessions are scheduled" in fran.sees
    await fran.says("session confirm draft:D1")
    assert "5 sessions are scheduled" in fran.sees
    await mo.says("session list", in_="python")
    assert "Kick-off" in mo.sees
    assert not any("Kick-off" in text for text in python.messages)
    await world.passes(days=4)
    assert sum(text.startswith("Kick-off") for text in python.messages) == 1
