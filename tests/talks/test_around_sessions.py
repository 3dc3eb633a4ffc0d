"""Around a session: reminded, asked whether one still comes, checked in, notes and feedback afterwards."""

from tests.world import World


async def test_a_session_from_the_reminder_to_what_it_was_worth(world: World) -> None:
    fran, mo, ana, ben = world.people("Fran", "Mo", "Ana", "Ben")
    python = await world.begins("Python", fran, mo, ana, ben)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00' where:'Room 4'", in_="python")
    for someone in (mo, ana):
        await someone.says("session rsvp S1 yes")
    await world.passes(days=2, hours=5)
    assert "Still coming?" in mo.inbox[-1]
    assert "Intro to RAG" in mo.inbox[-1]
    assert "Coming: 2 going" in fran.inbox[-1]
    assert ben.inbox == []
    await ana.presses("Can't")
    assert "Thank you for saying so" in ana.sees
    assert "1 going" in python.messages[0]

    async with world.unchanged():
        await mo.says("session checkin", in_="python")
        assert "No session is running here" in mo.sees
    await world.passes(hours=23, minutes=46)
    assert "Room 4" in mo.inbox[-1]
    assert "Please check in" in fran.inbox[-1]
    assert sum("begins" in text for text in ana.inbox) == 1
    await fran.presses("I'm here")
    assert "You're checked in" in fran.sees
    await ben.says("session checkin", in_="python")
    assert "You're checked in to Intro to RAG" in ben.sees
    await mo.presses("I'm here")
    await mo.says("session checkin", in_="python")
    assert "already" in mo.sees

    await world.passes(hours=1, minutes=20)
    assert "This session is over" in python.messages[0]
    assert "was it worth your time?" in mo.inbox[-1]
    await mo.presses("4")
    assert "What will you do with" in mo.inbox[-1]
    await mo.presses("Share it")
    assert "Thank you" in mo.inbox[-1]
    await ana.says("session show S1")
    await ana.presses("Send me the notes")
    assert "as soon as there are some" in ana.sees
    async with world.unchanged():
        await mo.says("session notes S1 'We met.'")
        assert "Only facilitators" in mo.sees
    await fran.says("session notes S1 'RAG is search and then prose.'")
    assert "They go to 4 people" in fran.sees
    assert "search and then prose" in mo.inbox[-1]
    assert "search and then prose" in ana.inbox[-1]
    await fran.says("session attendance S1")
    assert "1 of 1 who had a seat, 2 others" in fran.sees
    await mo.says("session show S1")
    assert "Notes: RAG is search" in mo.sees
    assert "No-shows" not in mo.sees


async def test_nobody_said_yes_and_then_the_host_is_absent(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    python = await world.begins("Python", fran, mo, ana)
    await fran.says("session schedule Circle 'thu 15:00'", in_="python")
    await fran.says("session schedule Workshop 'thu 15:00'", in_="python")
    await mo.says("session rsvp S2 yes")
    await ana.says("session rsvp S2 yes")
    await world.passes(days=2, hours=5)
    asked = next(text for text in fran.inbox if "Nobody has said yes" in text)
    assert "Circle" in asked
    await fran.presses("Turn into a thread")
    assert any("It becomes a thread" in text for text in python.messages)
    assert any("in writing" in text for text in python.messages)
    await world.passes(days=1, minutes=6)
    assert "Is anyone able to host?" in mo.inbox[-1]
    await ana.presses("I can host")
    assert "Thank you! You host Workshop" in ana.sees
    assert "hosts Workshop today" in mo.inbox[-1]
    await mo.presses("I can host")
    assert "hosts it already" in mo.sees
    assert not any("Circle" in text for text in mo.inbox)
