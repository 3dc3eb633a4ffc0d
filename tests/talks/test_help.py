"""Help in chat: what one may do, the nearest command to a mistyped one, and forms for what was left out."""

import re

from tests.world import World


async def test_help_shows_what_one_may_do_here(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    for words in ("", "help"):
        await mo.says(words)
        assert "What you may do here" in mo.sees
        assert "settings" not in mo.sees
    await mo.presses("More on session")
    assert "session list" in mo.sees
    assert "session schedule" not in mo.sees
    await world.begins("Python", fran)
    await fran.says("help")
    assert "settings" in fran.sees
    assert "archive" not in fran.sees
    await fran.says("help session schedule")
    assert re.search("For example: `?/(cop )?session schedule", fran.sees)
    async with world.unchanged():
        await fran.says("help cooking")
        assert "There is no help on “cooking”. Topics are: cop, session" in fran.sees


async def test_an_unknown_command_names_the_nearest_three(world: World) -> None:
    [mo] = world.people("Mo")
    async with world.unchanged():
        await mo.says("sesion shedule Together")
        assert "There is no command “sesion shedule”" in mo.sees
        assert "session schedule" in mo.sees
        assert mo.sees.split("The nearest are: ")[1].count(",") == 2
        await mo.says("joni python")
        assert "join" in mo.sees


async def test_what_is_missing_is_asked_for_and_what_was_understood_is_kept(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    async with world.unchanged():
        await fran.says("session schedule 'Intro to RAG' duration:45m capacity:few", in_="python")
        assert "When" in fran.sees
        assert python.messages == []
    await fran.fills(when="thu 15:00", capacity="12")
    assert "Intro to RAG is scheduled as S1" in fran.sees
    for words in ("45 min", "0 of 12 seats taken"):
        assert words in python.messages[0]

    async with world.unchanged():
        await fran.says("session schedule", in_="python")
        assert "Title" in fran.sees
        await fran.fills(title="Again", when="yesterday 15:00")
        assert "has passed" in fran.problems["when"]
    await fran.fills(when="fri 15:00")
    assert "Again is scheduled as S2" in fran.sees


async def test_a_form_is_not_opened_to_whoever_would_be_refused(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    async with world.unchanged():
        await mo.says("session schedule", in_="python")
        assert "Only facilitators of Python" in mo.sees
    await fran.says("session schedule", in_="python")
    assert "Title" in fran.sees


async def test_too_long_a_text_is_refused_with_its_limit_and_nothing_is_cut(world: World) -> None:
    [fran] = world.people("Fran")
    await world.begins("Python", fran)
    async with world.unchanged():
        await fran.says(f"session schedule '{'long ' * 40}' 'thu 15:00'", in_="python")
        assert "Title may have at most 150 characters; this has 199." in fran.problems["title"]
    await fran.fills(title="x" * 150)
    assert "is scheduled as S1" in fran.sees


async def test_values_are_completed_with_what_the_person_may_see(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran)
    await world.begins("Board", fran, visibility="private")
    assert await mo.completes("join", "community") == ["python"]
    assert sorted(await fran.completes("about", "community")) == ["board", "python"]
    assert await fran.completes("about", "community", "py") == ["python"]
