"""Series in chat: scheduled in words, and one, some or all of them moved, cancelled and changed."""

from tests.world import World


async def test_a_series_is_said_back_and_each_is_announced_a_week_before(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await fran.says("session schedule Circle 'thu 15:00' repeat:'every thursday'", in_="python")
    assert "every Thursday" in fran.sees

    def announced() -> list[str]:
        return [text for text in python.messages if text.startswith("Circle")]

    assert len(announced()) == 1
    await world.passes(days=4)
    assert len(announced()) == 2
    await mo.says("session list", in_="python")
    assert "S1.2" in mo.sees
    await world.passes(days=7)
    assert len(announced()) == 3


async def test_a_repeat_that_cannot_be_is_asked_about_and_nothing_is_lost(world: World) -> None:
    (fran,) = world.people("Fran")
    await world.begins("Python", fran)
    async with world.unchanged():
        await fran.says("session schedule Circle 'thu 15:00' repeat:'every monday'", in_="python")
    assert "which is no Monday" in fran.problems["repeat"]
    await fran.fills(repeat="every other thursday")
    assert "every other Thursday" in fran.sees


async def test_moving_one_tells_those_who_come_and_asks_again_when_it_is_far(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    python = await world.begins("Python", fran, mo, ana)
    await fran.says("session schedule Circle 'thu 15:00' repeat:weekly", in_="python")
    await mo.says("session rsvp S1 yes scope:series")
    assert "The same goes for the 51 others" in mo.sees
    await fran.says("session move S1 'thu 15:30'", in_="python")
    assert "The one person who comes is told" in fran.sees
    assert "You need not answer again" in mo.inbox[-1]
    await fran.says("session move S1 'fri 15:00' scope:following", in_="python")
    assert "51 more moved with it" in fran.sees
    assert "Can you still come?" in mo.inbox[-1]
    assert ana.inbox == []
    await mo.presses("Can't")
    assert "0 going" in python.messages[0]


async def test_cancelling_a_series_says_why_and_redraws_what_was_announced(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await fran.says("session schedule Circle 'thu 15:00' repeat:'every week 4 times'", in_="python")
    await mo.says("session rsvp S1 yes")
    async with world.unchanged():
        await mo.says("session cancel S1")
        assert "Only facilitators" in mo.sees
    await fran.says("session cancel S1 'no room' scope:all", in_="python")
    assert "3 more of the series" in fran.sees
    assert "no room" in mo.inbox[-1]
    assert "Cancelled. no room" in python.messages[0]
    await mo.says("session list", in_="python")
    assert "No session of Python is planned" in mo.sees or "No session is planned" in mo.sees


async def test_editing_opens_the_form_with_what_is_said_now(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await fran.says("session schedule Circle 'thu 15:00' where:'Room 4' capacity:2", in_="python")
    await fran.says("session edit S1", in_="python")
    assert fran.known["session"] == "S1"
    await fran.fills(where="Room 5", capacity="3")
    assert "changed" in fran.sees
    assert "Room 5" in python.messages[0]
    assert "0 of 3 seats" in python.messages[0]
    await mo.says("session rsvp S1 yes")
    await fran.says("session rsvp S1 yes")
    await fran.says("session edit S1 capacity:1", in_="python")
    assert "2 people have a seat" in fran.problems["capacity"]
