"""A person's home: for newcomers, members and facilitators, and for those with more than a card holds."""

from bot.app import registry
from bot.chat import Answer
from bot.rules import access, communities, people
from bot.ui.cards import Button, Buttons, Card, words
from storage.database import Db
from storage.tables import Person, Rsvp
from tests import cast
from tests.commands.desk import NOW, World, actor, button, card, said


async def at_home(world: World, who: str) -> Card:
    return card(await world.say(who, "home"))


def labels(shown: Card) -> list[list[str]]:
    return [[b.label for b in block.row] for block in shown.blocks if isinstance(block, Buttons)]


EVERYTHING = ["All communities", "All sessions", "All polls", "All resources"]


async def test_a_newcomer_is_offered_what_can_be_joined_and_stays_unknown(world: World) -> None:
    await world.say("fran", 'session schedule "Secret plans" "thu 15:00"')
    home = await at_home(world, "eve")
    assert home.title == "Hello, Eve"
    assert "no community yet" in words(home)
    assert "Secret" not in words(home)
    assert labels(home) == [["Join python"], EVERYTHING, ["About me", "Help"]]
    assert await world.count(Person) == [3]
    assert "Welcome to Python" in said(await world.press("eve", next(home.buttons())))
    assert "My communities\nPython (python)" in words(await at_home(world, "eve"))


async def test_where_nothing_can_be_joined_the_way_to_the_list_is_left(world: World) -> None:
    await world.database.write(
        lambda db: setattr(access.community(db, "python", 0, everything=True)[0], "visibility", "private")
    )
    home = await at_home(world, "eve")
    assert "propose one with /cop propose" in words(home)
    assert labels(home) == [EVERYTHING, ["About me", "Help"]]


async def test_a_member_answers_from_home(world: World) -> None:
    await world.say("fran", 'session schedule "Intro to RAG" "thu 15:00"')
    await world.say("fran", 'pulse poll "Which day suits you?" "Tue, Thu" anonymous:no')
    await world.say("fran", 'resource save https://example.org/rag "RAG for all"')
    home = await at_home(world, "ana")
    assert "Intro to RAG" in words(home)
    assert "P1 Which day suits you?" in words(home)
    assert "RAG for all (R1)" in words(home)
    assert labels(home) == [
        ["Going", "Maybe", "Can't", "Details"],
        ["Answer P1"],
        EVERYTHING,
        ["Save a link", "Start a poll", "About me", "Help"],
    ]
    going = next(b for b in home.buttons() if b.label == "Going")
    assert "You're going" in said(await world.press("ana", going))
    poll: Answer = await world.press("ana", next(b for b in home.buttons() if b.label == "Answer P1"))
    await world.press("ana", button(poll, "Thu"))
    after = await at_home(world, "ana")
    assert "you're going" in words(after)
    assert "Waiting for my answer\nNothing." in words(after)
    assert await world.count(Rsvp) == [1]


async def test_a_facilitator_and_staff_may_schedule(world: World) -> None:
    first: Button
    for who in ("fran", "ada"):
        first = next(b for b in (await at_home(world, who)).buttons() if b.label == "Schedule a session")
        assert first.call.path == "session schedule"
    assert "facilitator" in words(await at_home(world, "fran"))
    assert "Schedule a session" not in [b.label for b in (await at_home(world, "ana")).buttons()]


async def test_what_is_empty_says_so(world: World) -> None:
    home = words(await at_home(world, "ana"))
    assert "None is planned." in home
    assert "Save the first?" in home


async def test_more_than_a_card_holds_is_cut_and_can_be_reached(world: World) -> None:
    wide = "W" * 70

    def many(db: Db) -> None:
        owner = people.identify(db, actor("fran"), NOW)
        for number in range(40):
            made = cast.community(db, f"{'s' * 37}{number:03}", owner)
            made.name = f"{wide}{number:03}"
            communities.admit(db, made, people.identify(db, actor("ana"), NOW), NOW)

    await world.database.write(many)
    slug = f"{'s' * 37}000"
    for number in range(8):
        title = f"{number} {'T' * 140}"
        await world.say("fran", f'session schedule "{title}" "thu 1{number}:00" community:{slug}')
        await world.say("fran", f'pulse poll "{number} {"Q" * 250}" "a, b" anonymous:no community:{slug}')
        link = f"https://example.org/{number}"
        note, tags = "n" * 500, ",".join(f"{n}{'t' * 30}" for n in range(5))
        await world.say(
            "ana", f'resource save {link} title:"{"R" * 195}" note:"{note}" tags:{tags} community:{slug}'
        )
    home = await at_home(world, "fran")
    shown = labels(home)
    assert shown[:2] == [["Going", "Maybe", "Can't", "Details"]] * 2
    assert shown[2] == [f"Answer P{number}" for number in range(1, 6)]
    assert shown[3] == EVERYTHING
    assert "more" in words(home)
    for pressed in home.buttons():
        registry().command(pressed.call.path)
