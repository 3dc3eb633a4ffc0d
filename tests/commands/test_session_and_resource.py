"""What people say about sessions and resources, through the dispatcher, on both databases."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.chat import Ask, Called, Mark, Quote, Reply, Update
from bot.rules import access, balance, communities, sessions
from bot.ui.calls import Call
from storage.database import Db
from storage.tables import Account, Endorsement, Letter, Occurrence, Resource, ResourceNote, Rsvp
from tests.commands.desk import BOARD, GENERAL, LOBBY, NOW, World, actor, button, card, said


async def test_a_session_is_scheduled_announced_and_echoed(world: World) -> None:
    answer = await world.say("fran", 'session schedule "Intro to RAG" "thu 15:00" capacity:1 where:"Room 4"')
    assert isinstance(answer, Reply)
    assert answer.private
    assert "Thursday 5 March 2026, 15:00 (Europe/Berlin)" in said(answer)
    assert "It is announced." in said(answer)
    detail = said(await world.press("eve", button(answer, "Details")))
    assert "Where: Room 4" in detail
    assert "Hosted by: Fran" in detail
    (letter,) = await world.database.read(lambda db: db.exec(select(Letter)).all())
    assert (letter.kind, letter.channel) == ("announcement", "general")
    assert await world.database.read(lambda db: balance.balance(db).differences) == ()


async def test_what_is_missing_or_impossible_opens_the_form(world: World) -> None:
    past = await world.say("fran", 'session schedule "Intro" "2020-01-01 15:00" duration:2m')
    assert isinstance(past, Ask)
    assert past.problems.keys() >= {"when"}
    assert past.known["title"] == "Intro"
    short = await world.say("fran", 'session schedule "Intro" "thu 15:00" duration:2m')
    assert isinstance(short, Ask)
    assert set(short.problems) == {"duration"}
    unread = await world.say("fran", "session list when:gibberish")
    assert isinstance(unread, Ask)
    assert set(unread.problems) == {"when"}
    assert await world.count(Occurrence) == [0]


async def test_only_facilitators_schedule_and_only_members_answer(world: World) -> None:
    refused = await world.say("ana", 'session schedule "Intro" "thu 15:00"')
    assert "Only facilitators" in said(refused)
    made = await world.say("fran", 'session schedule "Intro" "thu 15:00"')
    show = await world.press("ana", button(made, "Details"))
    assert "members of Python" in said(await world.press("eve", button(show, "Going")))
    assert await world.count(Rsvp) == [0]
    going = said(await world.press("ana", button(show, "Going")))
    assert going == "You're going, and the only one so far.\nS1.ics"
    assert said(await world.say("ana", "session file S1")) == "S1.ics"
    assert await world.count(Rsvp) == [1]


async def test_a_full_session_says_the_place_and_the_seat_is_passed_on(world: World) -> None:
    made = await world.say("fran", 'session schedule "Intro" "thu 15:00" capacity:1')
    show = await world.press("ana", button(made, "Details"))
    assert "You're going" in said(await world.press("ana", button(show, "Going")))
    full = await world.press("ben", button(show, "Going"))
    assert said(full) == "It is full: you are number 1 on the waitlist."
    assert "number 1 on the waitlist" in said(await world.say("ben", "session list"))
    assert (
        said(await world.press("ana", button(show, "Can't"))) == "You're not coming. Thank you for saying so."
    )
    told = await world.database.read(
        lambda db: db.exec(select(Letter).where(Letter.kind == "notice")).one().person_account
    )
    assert told == "ben"


async def test_sessions_are_paged_and_filtered_by_time(world: World) -> None:
    for number in range(7):
        await world.say("fran", f'session schedule "Talk {number}" "in {number + 1} days at 15:00"')
    first = await world.say("eve", "session list")
    assert "Talk 0" in said(first)
    assert "Talk 5" not in said(first)
    second = await world.press("eve", button(first, "More"))
    assert isinstance(second, Update)
    assert "Talk 6" in said(second)
    assert all(b.label != "More" for b in card(second).buttons())
    tomorrow = said(await world.say("eve", "session list python tomorrow"))
    assert ("Talk 0" in tomorrow, "Talk 1" in tomorrow) == (True, False)
    assert "No session" in said(await world.say("eve", "session list when:2030"))


async def test_the_inside_of_a_community_by_request_is_for_its_members(world: World) -> None:
    made = await world.say("fran", 'session schedule "Plans" "thu 15:00"', BOARD)
    await world.say("fran", 'resource save https://example.org/plans "Secret plans"', BOARD)
    for text in ("session list board", "session show S1", "resource list community:board"):
        code = next(b for b in card(made).buttons()).call.args["session"]
        assert "members of Board" in said(await world.say("ana", text.replace("S1", code)))
        assert "lans" in said(await world.say("fran", text.replace("S1", code)))
    for text in ("session list", "resource list", "resource find plans"):
        assert "Plans" not in said(await world.say("ana", text)).replace("“plans”", "")
        assert "lans" in said(await world.say("fran", text))


async def test_a_link_is_saved_merged_found_and_removed(world: World) -> None:
    answer = await world.say("ana", "resource save https://example.org/rag?utm_source=x Intro to RAG")
    assert said(answer).startswith("Saved as R")
    assert "Intro to RAG" in said(answer)
    again = await world.say("ben", 'resource save http://example.org/rag/ note:"Clear" tags:rag,llm')
    assert said(again).startswith("Ana saved it in March; your note is added.")
    own = await world.say("ana", "resource save example.org/rag")
    assert said(own).startswith("You saved it in March already, so it stays one entry.")
    assert await world.count(Resource, ResourceNote) == [1, 1]
    found = await world.say("eve", "resource find clear rag")
    assert said(found).startswith("1 resource for “clear rag”")
    assert "llm, rag" in said(found)
    endorse = next(iter(card(found).buttons()))
    assert "members of Python" in said(await world.press("eve", endorse))
    assert "the first to do so" in said(await world.press("ben", endorse))
    assert "1 person endorses it" in said(await world.say("eve", "resource list top"))
    shown = await world.press("ben", button(again, "Details"))
    assert all(b.label != "Remove" for b in card(shown).buttons())
    remove = button(await world.press("ana", button(again, "Details")), "Remove")
    assert "Only the person who saved it" in said(await world.press("ben", remove))
    assert "is removed" in said(await world.press("ana", remove))
    assert "see" in said(await world.press("ana", remove))
    assert await world.count(Resource, ResourceNote, Endorsement) == [0, 0, 0]


async def test_a_bad_link_and_bad_tags_are_told_together(world: World) -> None:
    answer = await world.say("ana", 'resource save "javascript:alert(1)" tags:"a,b,c,d,e,f"')
    assert isinstance(answer, Ask)
    assert set(answer.problems) == {"url", "tags"}
    assert await world.count(Resource) == [0]


async def test_search_results_are_paged_where_the_words_fit_a_button(world: World) -> None:
    for number in range(7):
        await world.say(
            "ana", f'resource save https://example.org/{number} "Caching part {number}" note:"{"x " * 40}"'
        )
    first = await world.say("ana", "resource find caching")
    assert said(first).startswith("7 resources for “caching”")
    second = await world.press("ana", button(first, "More"))
    assert isinstance(second, Update)
    assert len(list(card(second).buttons())) == 2
    long = await world.say("ana", f"resource find caching {'x ' * 40}")
    assert "2 more fit" in said(long)
    assert all(b.label != "More" for b in card(long).buttons())


async def announced(world: World) -> int:
    """Schedule a session and pretend that its announcement was posted as message m1 of #general."""
    await world.say("fran", 'session schedule "Intro" "thu 15:00"')

    def post(db: Db) -> int:
        letter = db.exec(select(Letter).where(Letter.kind == "announcement")).one()
        letter.state, letter.message_id = "sent", "m1"
        db.add(letter)
        return int(letter.subject.partition(":")[2])

    return await world.database.write(post)


async def answers(world: World) -> list[str]:
    return await world.database.read(lambda db: list(db.exec(select(Rsvp.answer)).all()))


async def test_reactions_on_an_announcement_answer_it_and_taking_them_back_withdraws(world: World) -> None:
    occurrence = await announced(world)
    assert await world.react("ana", "white_check_mark", "m1") == Mark("pushpin")
    assert await answers(world) == ["yes"]
    assert await world.react("ana", "question", "m1") == Mark("pushpin")
    assert await world.react("ana", "white_check_mark", "m1", added=False) is None
    assert await answers(world) == ["maybe"]
    assert await world.react("ana", "question", "m1", added=False) is None
    assert await answers(world) == []
    view = await world.database.read(lambda db: sessions.view(db, occurrence))
    assert view is not None
    assert view.maybe == 0


@pytest.mark.parametrize(
    ("who", "emoji", "message", "bot"),
    [
        ("ana", "white_check_mark", "m2", False),
        ("ana", "tada", "m1", False),
        ("eve", "white_check_mark", "m1", False),
        ("ana", "white_check_mark", "m1", True),
        ("ana", "bookmark", "lost", False),
    ],
    ids=["another message", "unlisted", "no member", "a bot", "unreadable"],
)
async def test_reactions_that_mean_nothing_do_nothing(
    world: World, who: str, emoji: str, message: str, bot: bool
) -> None:
    await announced(world)
    assert await world.react(who, emoji, message, bot=bot) is None
    assert await world.count(Rsvp, Resource) == [0, 0]


async def test_an_answer_by_reaction_after_the_end_changes_nothing(world: World) -> None:
    await announced(world)
    await world.react("ana", "white_check_mark", "m1")
    world.now = NOW + timedelta(days=4)
    assert await world.react("ben", "white_check_mark", "m1") is None
    assert await world.react("ana", "white_check_mark", "m1", added=False) is None
    assert await answers(world) == ["yes"]


async def test_a_bookmark_saves_the_first_link_for_its_author(world: World) -> None:
    links = ("mailto:ana@example.org", "https://example.org/rag?utm_source=x", "https://example.org/other")
    world.quotes["q"] = Quote(actor("ben"), "See this", links, "https://chat.example/p/1")
    assert await world.react("ana", "bookmark", "q") == Mark("pushpin")
    assert await world.react("fran", "bookmark", "q") == Mark("pushpin")
    assert await world.react("ana", "bookmark", "q", added=False) is None
    (kept,) = await world.database.read(lambda db: db.exec(select(Resource)).all())
    names = await world.database.read(
        lambda db: dict(db.exec(select(Account.person_id, Account.external_id)).all())
    )
    assert (kept.url, names[kept.author_id or 0], names[kept.saver_id or 0]) == (
        "https://example.org/rag",
        "ben",
        "ana",
    )
    assert await world.react("fran", "star", "q") == Mark("pushpin")
    assert await world.count(Endorsement) == [1]
    assert await world.react("fran", "star", "q", added=False) is None
    assert await world.count(Endorsement) == [0]


async def test_a_message_without_a_link_is_saved_by_its_permalink_and_first_words(world: World) -> None:
    world.quotes["q"] = Quote(actor("ben"), "Remember:\nalways pin versions", (), "https://chat.example/p/1")
    assert await world.react("ana", "bookmark", "q") == Mark("pushpin")
    world.quotes["r"] = Quote(actor("ben"), "Nothing to point at")
    assert await world.react("ana", "bookmark", "r") is None
    (kept,) = await world.database.read(lambda db: db.exec(select(Resource)).all())
    assert (kept.url, kept.title) == ("https://chat.example/p/1", "Remember: always pin versions")


@pytest.mark.parametrize("place", ["lobby", "archived"])
async def test_an_unconnected_channel_and_an_archived_community_save_nothing(
    world: World, place: str
) -> None:
    world.quotes["q"] = Quote(actor("ben"), "x", ("https://example.org/rag",))
    at = LOBBY if place == "lobby" else GENERAL
    if place == "archived":

        def archive(db: Db) -> None:
            communities.archive(db, access.community(db, "python", 0, everything=True)[0], NOW)

        await world.database.write(archive)
    assert await world.react("ana", "bookmark", "q", at) is None
    assert await world.count(Resource) == [0]


async def test_a_community_chooses_its_own_reactions(world: World) -> None:
    def choose(db: Db) -> None:
        place, _ = access.community(db, "python", 0, everything=True)
        place.reactions = {"save": ["star", "inbox_tray"]}
        db.add(place)

    await world.database.write(choose)
    world.quotes["q"] = Quote(actor("ben"), "x", ("https://example.org/rag",))
    assert await world.react("ana", "bookmark", "q") is None
    assert await world.react("ana", "star", "q") == Mark("pushpin")
    assert await world.count(Resource, Endorsement) == [1, 0]


async def test_the_same_delivery_again_changes_nothing(world: World) -> None:
    made = await world.say("fran", 'session schedule "Intro" "thu 15:00"')
    code = button(made, "Details").call.args["session"]
    call = Call("session rsvp", {"session": code, "answer": "yes"})
    once = Called(call, actor("ana"), GENERAL, delivery="d1")
    await world.dispatcher.handle(once)
    await world.say("ana", f"session rsvp {code} no")
    await world.dispatcher.handle(once)
    rows = await world.database.read(lambda db: db.exec(select(Rsvp).order_by(col(Rsvp.place))).all())
    assert [row.answer for row in rows] == ["no"]
