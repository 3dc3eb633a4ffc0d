"""Sessions in chat: answered by button, by command and by reaction; full ones wait in line."""

import pytest

from tests.world import World


async def test_the_announcement_counts_as_people_answer_and_change_their_minds(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    python = await world.begins("Python", fran, mo, ana)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00' where:'Room 4'", in_="python")
    [announced] = python.messages
    for words in ("Intro to RAG", "Room 4", "0 going"):
        assert words in announced

    await mo.presses("Going")
    assert "You're going, and the only one so far" in mo.sees
    await ana.presses("Maybe")
    assert "1 person is going" in ana.sees
    assert "1 going, 1 maybe" in python.messages[0]
    await ana.says("session rsvp S1 yes")
    assert "2 going" in python.messages[0]
    await mo.presses("Can't")
    assert "Thank you for saying so" in mo.sees
    assert "1 going" in python.messages[0]
    await mo.says("session show S1")
    assert "Going: @Ana" in mo.sees
    assert len(python.messages) == 1


async def test_whoever_is_no_member_cannot_answer(world: World) -> None:
    fran, eve = world.people("Fran", "Eve")
    python = await world.begins("Python", fran)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    async with world.unchanged():
        await eve.says("session rsvp S1 yes")
        assert "for members of Python" in eve.sees
        await eve.reacts("✅", python.newest)
        assert (eve.sees, eve.mark) == ("", "")
    await eve.says("join python")
    await eve.says("session rsvp S1 yes")
    assert "You're going" in eve.sees


async def test_a_full_session_has_a_waitlist_and_a_free_seat_goes_to_the_first_in_line(world: World) -> None:
    fran, mo, ana, ben = world.people("Fran", "Mo", "Ana", "Ben")
    python = await world.begins("Python", fran, mo, ana, ben)
    await fran.says("session schedule Workshop 'thu 15:00' capacity:1", in_="python")
    await mo.says("session rsvp S1 yes")
    await ana.says("session rsvp S1 yes")
    assert "number 1 on the waitlist" in ana.sees
    await ben.says("session rsvp S1 yes")
    assert "number 2 on the waitlist" in ben.sees
    assert "1 of 1 seats taken, 2 on the waitlist" in python.messages[0]

    await mo.says("session rsvp S1 no")
    assert "A seat became free and it is yours" in ana.inbox[-1]
    assert ben.inbox == []
    assert "1 of 1 seats taken, 1 on the waitlist" in python.messages[0]
    await ana.presses("Can't")
    assert "A seat became free and it is yours" in ben.inbox[-1]
    await ben.says("session rsvp S1 yes")
    assert "You're going" in ben.sees


async def test_leaving_the_community_gives_up_the_seat(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    python = await world.begins("Python", fran, mo, ana)
    await fran.says("session schedule Workshop 'thu 15:00' capacity:1", in_="python")
    await mo.says("session rsvp S1 yes")
    await ana.says("session rsvp S1 yes")
    await mo.says("leave python")
    assert "A seat became free and it is yours" in ana.inbox[-1]
    assert "on the waitlist" not in python.messages[0].split("Coming: ")[1].split("\n")[0]


async def test_a_reaction_answers_and_taking_it_back_withdraws(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    announced = python.newest
    await mo.reacts("✅", announced)
    assert (mo.sees, mo.mark) == ("", "pushpin")
    assert "1 going" in python.messages[0]
    await mo.reacts("❓", announced)
    assert "0 going, 1 maybe" in python.messages[0]
    async with world.unchanged():
        await mo.reacts("🎉", announced)
        assert mo.mark == ""
    await mo.unreacts("❓", announced)
    assert mo.mark == ""
    assert "1 maybe" not in python.messages[0].split("Coming: ")[1].split("\n")[0]
    await mo.says("session show S1")
    assert "Maybe: @Mo" not in mo.sees
    assert len(python.messages) == 1


async def test_taking_back_an_older_reaction_leaves_the_newer_answer(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    await mo.reacts("✅", python.newest)
    await mo.says("session rsvp S1 maybe")
    await mo.unreacts("✅", python.newest)
    assert "0 going, 1 maybe" in python.messages[0]


async def test_the_same_press_delivered_twice_counts_once(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    await fran.again()
    assert len(python.messages) == 1
    await mo.presses("Going")
    async with world.unchanged():
        await mo.again()


async def test_a_session_that_is_over_takes_no_answers(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    await fran.says("session schedule 'Intro to RAG' 'today 15:00'", in_="python")
    await world.passes(hours=5, minutes=30)
    await mo.presses("Going")
    assert "You're going" in mo.sees
    await world.passes(hours=1)
    async with world.unchanged():
        await mo.says("session rsvp S1 no")
        assert "is over, so it takes no more answers" in mo.sees


async def test_what_is_coming_up_is_listed_in_pages(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran)
    await mo.says("session list")
    assert "No session is planned yet" in mo.sees
    for number in range(1, 7):
        await fran.says(f"session schedule 'Evening {number}' 'in {number} days at 18:00'", in_="python")
    await mo.says("session list python")
    assert "Evening 1" in mo.sees
    assert "Evening 6" not in mo.sees
    await mo.presses("More")
    assert "Evening 6" in mo.sees


@pytest.mark.parametrize("way_in", ["session show S1", "session list club"])
async def test_sessions_of_a_community_by_request_are_for_its_members(world: World, way_in: str) -> None:
    fran, eve = world.people("Fran", "Eve")
    await world.begins("Club", fran, visibility="request")
    await fran.says("session schedule 'Quiet evening' 'thu 15:00'", in_="club")
    async with world.unchanged():
        await eve.says(way_in)
        assert "That is for members of Club" in eve.sees
        assert "Quiet evening" not in eve.sees
    await fran.says(way_in)
    assert "Quiet evening" in fran.sees


async def test_a_time_is_read_in_the_speakers_own_zone_and_said_back_as_understood(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await fran.says("promote @mo python")
    await mo.says("preferences zone:America/New_York")
    await fran.says("session schedule 'In London' 'thu 15:00'", in_="python")
    assert "Thursday 5 March 2026, 15:00 (UTC)" in fran.sees
    await mo.says("session schedule 'In New York' 'thu 15:00'", in_="python")
    assert "Thursday 5 March 2026, 15:00 (America/New_York)" in mo.sees
    await fran.says("session list")
    assert fran.sees.index("In London") < fran.sees.index("In New York"), "15:00 there is five hours later"
    assert len(python.messages) == 2
