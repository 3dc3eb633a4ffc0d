"""A community lives: made, joined, met, shared with, asked, and told of by a digest that posts itself."""

from tests.world import World


async def test_the_main_job_from_the_first_command_to_the_digest(world: World) -> None:
    fran, mo, ana, ben, lea = world.people("Fran", "Mo", "Ana", "Ben", "Lea")

    await fran.says("create Python 'We share what we learn about Python'", in_="python")
    assert "Python is open" in fran.sees
    assert "This channel is connected" in fran.sees

    await mo.says("list")
    assert "Python" in mo.sees
    await mo.presses("Join python")
    assert "Welcome to Python" in mo.sees
    for person in (ana, ben, lea):
        await person.says("join python")

    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    assert "is scheduled as S1" in fran.sees
    [announcement] = world.channel("python").messages
    assert "Intro to RAG" in announcement

    await mo.presses("Going")
    assert "You're going" in mo.sees
    await ana.says("session rsvp S1 maybe")
    [announcement] = world.channel("python").messages
    assert "1 going, 1 maybe" in announcement

    await mo.says('resource save https://example.org/rag "RAG explained" note:"Start here."', in_="python")
    assert "Saved as R1" in mo.sees
    await ana.says("resource find rag")
    assert "RAG explained" in ana.sees

    await fran.says('pulse poll "Which day suits you?" "Tuesday, Thursday"', in_="python")
    assert "P1 is open" in fran.sees
    for person in (fran, mo, ana, ben, lea):
        await person.presses("Thursday")
        assert "Your answer: Thursday" in person.sees
    await mo.says("pulse results P1")
    assert "still open" in mo.sees

    await world.passes(days=1)
    *_, digest = world.channel("python").messages
    for line in ("Python: digest of 3 March", "Intro to RAG", "Which day suits you?", "RAG explained"):
        assert line in digest
    await world.passes(days=3)
    await mo.says("pulse results P1")
    assert "Thursday: 5 of 5" in mo.sees

    assert ["digest of" in message for message in world.channel("python").messages] == [False, False, True]
