"""Polls in chat: asked, answered once, changed from the receipt, and seen only afterwards."""

from tests.world import World


async def test_an_anonymous_poll_from_question_to_results(world: World) -> None:
    fran, mo, ana, ben, lea, eve = world.people("Fran", "Mo", "Ana", "Ben", "Lea", "Eve")
    channel = await world.begins("Python", fran, mo, ana, ben, lea)
    await mo.says('pulse poll "Which day suits you?" "Tuesday, Thursday"', in_="python")
    assert "P1 is open" in mo.sees
    [posted] = channel.messages
    assert "1. Tuesday" in posted
    assert "Anonymous: your choice is stored without your name" in posted

    async with world.unchanged():
        await eve.says("pulse vote pulse:P1 choice:1")
        assert "for members of Python" in eve.sees
    await ana.presses("Tuesday")
    assert "Your answer: Tuesday" in ana.sees
    assert "Only this message can change it" in ana.sees
    await ana.presses("Thursday", in_="python")
    assert "only be changed from the receipt" in ana.sees
    for person in (ben, lea, mo, fran):
        await person.presses("Thursday", in_="python")
        assert "Your answer: Thursday" in person.sees
    assert channel.messages == [posted], "no live counter"

    for person in (fran, mo):
        await person.says("pulse results P1")
        assert "still open" in person.sees
    async with world.unchanged():
        await ana.says("pulse close P1")
        assert "Only whoever opened it" in ana.sees
    await fran.says("pulse close P1")
    assert "Thursday: 4 of 5 (80%)" in fran.sees
    [closed] = channel.messages
    assert "Closed, with 5 answers." in closed
    assert "Tuesday: 1 of 5 (20%)" in closed
    await eve.says("pulse results P1")
    assert "for members of Python" in eve.sees
    await eve.says("pulse vote pulse:P1 choice:1")
    assert "for members of Python" in eve.sees
    await ana.says("pulse vote pulse:P1 choice:1")
    assert "is closed" in ana.sees


async def test_an_anonymous_answer_is_changed_from_its_receipt_alone(world: World) -> None:
    fran, mo, ana, ben, lea = people = world.people("Fran", "Mo", "Ana", "Ben", "Lea")
    await world.begins("Python", *people)
    await fran.says('pulse poll "Which day?" "Tuesday, Thursday" closes:2d', in_="python")
    for person in people:
        await person.presses("Tuesday", in_="python")
    await ana.presses("Change")
    assert "Your answer" in ana.sees
    await ana.fills(choice="2")
    assert "Your answer: Thursday" in ana.sees
    await ben.says(f"pulse change pulse:P1 key:{'0' * 32} choice:2")
    assert "belongs to no answer" in ben.sees

    await world.passes(days=2)
    await lea.says("pulse results P1")
    assert "Tuesday: 4 of 5 (80%)" in lea.sees
    await ana.presses("Change")
    assert "is closed" in ana.sees
    await mo.says("pulse list")
    assert "P1" in mo.sees
    assert "closed" in mo.sees


async def test_too_few_for_anonymity_are_told_before_anything_is_asked(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    channel = await world.begins("Python", fran, mo)
    await fran.says('pulse poll "Cake?" "Yes, No"', in_="python")
    assert "fewer than 5 members" in fran.sees
    assert channel.messages == []
    await fran.presses("Start a named poll")
    assert "P1 is open" in fran.sees
    assert "This poll is named" in channel.messages[0]
    await mo.presses("No", in_="python")
    await mo.presses("Yes", in_="python")
    assert "Your answer: Yes" in mo.sees

    await fran.says(f'pulse poll "{"Long? " * 20}" "Yes, No"', in_="python")
    assert "an anonymous poll would never show a result" in fran.problems["anonymous"]
    assert len(channel.messages) == 1
    await fran.says("pulse close P1")
    assert "Mo" in fran.sees
    assert "Yes: 1 of 1 (100%)" in channel.messages[0]
    assert "Mo" not in channel.messages[0]


async def test_an_unfit_poll_opens_the_form_with_the_problem_beside_its_field(world: World) -> None:
    fran, *others = world.people("Fran", "Mo", "Ana", "Ben", "Lea")
    await world.begins("Python", fran, *others)
    async with world.unchanged():
        await fran.says('pulse poll "Cake?" "Yes, No, yes"', in_="python")
        assert "“yes” is there twice" in fran.problems["options"]
    await fran.fills(options="Yes, please\nNo, thanks")
    assert "P1 is open" in fran.sees
    for option in ("1. Yes, please", "2. No, thanks"):
        assert option in world.channel("python").messages[0]


async def test_the_same_press_delivered_twice_counts_once(world: World) -> None:
    fran, mo, *others = people = world.people("Fran", "Mo", "Ana", "Ben", "Lea")
    await world.begins("Python", *people)
    await fran.says('pulse poll "Cake?" "Yes, No"', in_="python")
    await mo.presses("No", in_="python")
    await mo.again()
    for person in (fran, *others):
        await person.presses("Yes", in_="python")
    await fran.says("pulse close P1")
    assert "No: 1 of 5 (20%)" in fran.sees


async def test_a_poll_that_too_few_answered_shows_nothing_to_anyone(world: World) -> None:
    fran, mo, ana, ben, lea = people = world.people("Fran", "Mo", "Ana", "Ben", "Lea")
    channel = await world.begins("Python", *people)
    await fran.says('pulse poll "Cake?" "Yes, No"', in_="python")
    for person in (mo, ana, ben, lea):
        await person.presses("Yes", in_="python")
    await world.passes(days=3)
    assert "fewer than 5 answers, so nothing is shown" in channel.messages[0]
    assert "Yes: " not in channel.messages[0]
    await fran.says("pulse results P1")
    assert "fewer than 5 answers, so nothing is shown" in fran.sees
