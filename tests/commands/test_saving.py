"""Saving a message by its shortcut: the form is filled in, and its author has the credit."""

from dataclasses import replace

from sqlmodel import select

from bot import saving
from bot.chat import Actor, Answer, Ask, Called, Quote
from bot.ui.calls import PAYLOAD_LIMIT, Call, written
from bot.ui.cards import words
from storage.database import Db
from storage.tables import Account, Person, Resource
from tests.commands.desk import GENERAL, World, actor, card, said

GUS = Actor("memory", "U42", "Gus of the Hills")
QUOTE = Quote(
    GUS,
    "Worth reading: x",
    ("mailto:gus@example.org", "https://example.org/rag?utm_source=x"),
    "https://chat.example/p1",
)


async def submitted(world: World, who: str, answer: Answer, **values: str) -> Answer:
    """Submit the form as a platform does: through its written call and the values of its fields."""
    assert isinstance(answer, Ask)
    call = world.registry.parse(written(answer.form.call))
    shown = {f.name: answer.known[f.name] for f in answer.form.fields if f.name in answer.known}
    return await world.dispatcher.handle(
        Called(replace(call, args={**call.args, **shown, **values}), actor(who), GENERAL)
    )


async def asked(world: World, who: str, quote: Quote) -> Answer:
    return await world.dispatcher.handle(Called(saving.call(quote), actor(who), GENERAL, form=True))


async def names(world: World) -> list[str]:
    return await world.database.read(lambda db: sorted(a.name for a in db.exec(select(Account)).all()))


async def test_a_message_with_a_link_is_saved_for_its_author_and_the_person_saving(world: World) -> None:
    answer = await asked(world, "ana", QUOTE)
    assert isinstance(answer, Ask)
    assert "author" not in [field.name for field in answer.form.fields]
    assert answer.known["url"] == "https://example.org/rag"
    assert await world.count(Resource) == [0]
    assert "Saved as R1" in said(await submitted(world, "ana", answer, note="Clear"))
    shown = words(card(await world.say("ben", "resource show R1")))
    assert "Posted by: Gus of the Hills" in shown
    assert "Saved: Ana" in shown
    assert "Ana: Clear" in shown


async def test_a_message_without_a_link_is_kept_by_its_permalink_and_first_words(world: World) -> None:
    answer = await asked(world, "ana", replace(QUOTE, links=()))
    assert isinstance(answer, Ask)
    assert answer.known["url"] == "https://chat.example/p1"
    assert answer.known["title"] == "Worth reading: x"
    nowhere = await asked(world, "ana", replace(QUOTE, links=(), permalink=""))
    assert isinstance(nowhere, Ask)
    assert "url" not in nowhere.known
    assert "Saved as R1" in said(await submitted(world, "ana", nowhere, url="https://example.org/2"))


async def test_a_bot_and_the_saver_have_no_credit_as_authors(world: World) -> None:
    robot = replace(QUOTE, author=replace(GUS, bot=True))
    await submitted(world, "ana", await asked(world, "ana", robot))
    own = replace(QUOTE, author=actor("ana"), links=("https://example.org/own",))
    await submitted(world, "ana", await asked(world, "ana", own))

    def authors(db: Db) -> list[int | None]:
        return [r.author_id for r in db.exec(select(Resource)).all()]

    assert await world.database.read(authors) == [None, None]
    assert await world.count(Person) == [3]


async def test_a_made_up_author_renames_nobody_and_gives_no_rights(world: World) -> None:
    await world.say("ana", 'resource save https://example.org/a author:"fran Mallory the Great"')
    assert await names(world) == ["Ana", "Ben", "Fran"]
    assert "posted by Fran" in said(await world.say("ana", "resource list"))
    refused = await world.say("eve", 'resource save https://example.org/b author:"fran Fran"')
    assert "members of Python" in said(refused)
    assert await world.count(Resource) == [1]


def test_an_author_is_written_short_enough_and_read_again() -> None:
    long = replace(GUS, name="W" * 80)
    assert saving.read(saving.written(GUS), "memory") == GUS
    for letters in ("W", '"', "\\", "'"):
        author = saving.written(replace(long, id="1" * 20, name=letters * 80))
        hidden = written(Call("resource save", {"author": author}))
        assert len(hidden) <= PAYLOAD_LIMIT - len("?1/1 "), "a form's id on Discord carries it"
    assert saving.read(saving.written(long), "memory").id == "U42"
    assert saving.call(replace(QUOTE, author=GUS)) == Call(
        "resource save", {"url": "https://example.org/rag", "author": "U42 Gus of the Hills"}
    )
