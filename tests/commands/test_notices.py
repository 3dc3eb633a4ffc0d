"""What platforms tell unasked: arrivals are welcomed, and people and channels stay as they are there."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.chat import Actor, Address, Answer, Failed, Notice, Noticed, Reacted, Recount, Reply
from bot.rules import access, channels, communities, feeds, outbox, people
from bot.ui.cards import note, words
from bot.ui.codec import load_card
from storage.database import Db
from storage.tables import Account, Channel, Delivery, Feed, Greeting, Letter, Membership, Person, Rsvp
from tests import cast
from tests.commands.desk import BOARD, GENERAL, LOBBY, NOW, World, actor, button, said

HOME = replace(GENERAL, channel="", name="")


async def notice(
    world: World,
    what: Notice,
    at: Address,
    who: str = "",
    *,
    name: str = "",
    delivery: str = "",
    ago: int = 0,
) -> Answer:
    """Tell the bot; `ago` is in minutes."""
    by = replace(actor(who), name=name or who.title()) if who else None
    since = world.now - timedelta(minutes=ago)
    return await world.dispatcher.handle(Noticed(what, at, by, "it is archived", delivery, since))


async def channel(world: World, at: Address = GENERAL) -> Channel:
    found = await world.database.read(lambda db: access.channel(db, at.platform, at.channel))
    assert found is not None
    return found


async def told(world: World) -> list[tuple[str, str]]:
    """Who was told what, by direct message."""

    def read(db: Db) -> list[tuple[str, str]]:
        letters = db.exec(select(Letter).where(Letter.person_account != "").order_by(Letter.person_account))
        return [(f"{x.platform}:{x.person_account}", words(load_card(x.card))) for x in letters.all()]

    return await world.database.read(read)


async def test_a_newcomer_is_welcomed_once_and_joins_by_the_button(world: World) -> None:
    answer = await notice(world, "arrived", GENERAL, "eve")
    assert isinstance(answer, Reply)
    assert answer.private
    assert "Welcome to Python" in said(answer)
    assert "tended by Fran" in said(answer)
    assert await notice(world, "arrived", GENERAL, "eve") is None
    joined = await world.press("eve", button(answer, "Join"))
    assert "Welcome to Python" in said(joined)


async def test_one_of_many_arrivals_at_one_moment_is_answered(world: World) -> None:
    arrivals = (notice(world, "arrived", GENERAL, "eve", delivery=f"d{n}") for n in range(8))
    answers = await asyncio.gather(*arrivals)
    assert len([answer for answer in answers if answer is not None]) == 1
    assert await world.count(Greeting, Person) == [1, 4]


async def test_a_member_is_welcomed_without_being_asked_to_join(world: World) -> None:
    await world.say("fran", 'session schedule "Intro to RAG" "thu 15:00"')
    answer = await notice(world, "arrived", GENERAL, "ana")
    assert "Next: Intro to RAG" in said(answer)
    assert isinstance(answer, Reply)
    assert [b.label for b in answer.card.buttons()] == ["About", "Help"]


async def test_a_community_by_request_is_asked_and_tells_nothing_of_its_inside(world: World) -> None:
    await world.say("fran", 'session schedule "Secret plans" "thu 15:00"', BOARD)
    answer = await notice(world, "arrived", BOARD, "eve")
    assert "Secret plans" not in said(answer)
    assert "are asked" in said(await world.press("eve", button(answer, "Ask to join"), BOARD))


@pytest.mark.parametrize("case", ["unwanted", "archived", "private", "unconnected", "bot", "workspace"])
async def test_where_no_welcome_is_wanted_nobody_becomes_known(world: World, case: str) -> None:
    def change(db: Db) -> None:
        python, _ = access.community(db, "python", 0, everything=True)
        python.welcome = case != "unwanted"
        python.archived_at = NOW if case == "archived" else None
        python.visibility = "private" if case == "private" else "open"

    await world.database.write(change)
    before = await world.count(Person, Greeting, Delivery)
    at = {"unconnected": LOBBY, "workspace": HOME}.get(case, GENERAL)
    by = Actor("memory", "eve", "Eve", bot=case == "bot")
    assert await world.dispatcher.handle(Noticed("arrived", at, by, delivery="d1")) is None
    assert await world.count(Person, Greeting, Delivery) == before


async def test_the_welcome_is_a_setting_of_the_community(world: World) -> None:
    await world.say("fran", "settings welcome:off")
    assert await notice(world, "arrived", GENERAL, "eve") is None
    await world.say("fran", "settings welcome:on")
    assert "Welcome to Python" in said(await notice(world, "arrived", GENERAL, "eve"))


async def test_a_new_name_and_zone_are_taken_over_of_people_who_are_known(world: World) -> None:
    assert await notice(world, "profile", HOME, "ana", name="Ana María") is None
    await notice(world, "profile", HOME, "eve", name="Eva")

    def read(db: Db) -> list[tuple[str, str | None]]:
        return [(a.name, a.zone) for a in db.exec(select(Account).order_by(Account.external_id)).all()]

    accounts = await world.database.read(read)
    assert accounts == [("Ana María", "Europe/Berlin"), ("Ben", None), ("Fran", None)]
    assert "Ana María" in said(await world.say("fran", "members"))


async def test_a_channel_is_called_by_its_new_name(world: World) -> None:
    await notice(world, "renamed", replace(GENERAL, name="py-talk"))
    await notice(world, "renamed", replace(LOBBY, name="foyer"))
    assert "#py-talk" in said(await world.say("ana", "about"))
    assert await world.count(Channel) == [2]


async def test_a_closed_channel_is_paused_told_once_and_opened_again(world: World) -> None:
    def announce(db: Db) -> None:
        python, _ = access.community(db, "python", 0, everything=True)
        outbox.announce(db, python, note("News"), kind="notice", key="news", now=NOW)

    await world.database.write(announce)
    for delivery in ("d1", "d1", "d2"):
        await notice(world, "closed", GENERAL, delivery=delivery)
    assert (await channel(world)).paused == "it is archived"
    assert [who for who, _ in await told(world)] == ["memory:fran"]
    assert "can no longer post in general: it is archived" in (await told(world))[0][1]
    states = await world.database.read(lambda db: [x.state for x in db.exec(select(Letter)).all()])
    assert sorted(states) == ["pending", "skipped"]
    await notice(world, "opened", GENERAL)
    assert (await channel(world)).paused == ""
    assert (await channel(world, BOARD)).paused == ""


async def test_what_fails_is_no_delivery_yet_and_can_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(channels, "close", full)
        assert await notice(world, "closed", GENERAL, delivery="d1") == Failed()
        broken.setattr(access, "channel", full)
        assert await world.react("ana", "bookmark", "m1") == Failed()
    assert await notice(world, "closed", GENERAL, delivery="d1") is None
    assert (await channel(world)).paused == "it is archived"


async def test_late_notices_do_not_undo_later_ones(world: World) -> None:
    await notice(world, "opened", GENERAL, ago=1)
    await notice(world, "closed", GENERAL, ago=5)
    assert (await channel(world)).paused == ""
    assert await told(world) == []
    await notice(world, "closed", GENERAL)
    await notice(world, "opened", GENERAL, ago=1)
    assert (await channel(world)).paused == "it is archived"


async def test_an_unknown_channel_that_closes_is_nobodys_news(world: World) -> None:
    before = await world.count(Channel, Letter, Delivery)
    for what in ("closed", "opened", "renamed"):
        assert await notice(world, what, LOBBY, delivery=what) is None
    assert await world.count(Channel, Letter, Delivery) == before


async def test_being_removed_pauses_every_channel_and_is_told_where_people_can_be_reached(
    world: World,
) -> None:
    def prepare(db: Db) -> None:
        for at in (GENERAL, BOARD):
            found = access.channel(db, at.platform, at.channel)
            assert found is not None
            found.workspace = "T1"
        fran = people.recognise(db, actor("fran"))
        db.add(Account(person_id=fran, platform="other", external_id="f", name="Fran", seen_at=NOW))
        there = Address("memory", "there", "T2", name="there")
        communities.connect(db, access.community(db, "python", 0, everything=True)[0], there)

    await world.database.write(prepare)
    for delivery in ("d1", "d1", "d2"):
        await notice(world, "removed", Address("memory", workspace="T1"), delivery=delivery)
    assert [who for who, _ in await told(world)] == ["other:f"]
    assert "general, board" in (await told(world))[0][1]
    assert (await channel(world)).paused
    assert (await channel(world, BOARD)).paused
    assert not (await channel(world, Address("memory", "there"))).paused
    await world.say("fran", "connect python")
    assert not (await channel(world)).paused


async def prepared_for_leaving(world: World) -> None:
    await world.database.write(lambda db: cast.person(db, "Ada"))
    made = await world.say("fran", 'session schedule "Intro to RAG" "thu 15:00" capacity:1')
    for who in ("fran", "ana"):
        await world.press(who, button(await world.press(who, button(made, "Details")), "Going"))


async def test_who_leaves_gives_their_seat_to_the_next_and_staff_hears_of_an_untended_community(
    world: World,
) -> None:
    await prepared_for_leaving(world)
    await world.database.write(lambda db: feeds.rotate(db, people.recognise(db, actor("fran")), None, NOW))
    for _ in range(2):
        assert await notice(world, "left", HOME, "fran") is None
    assert await world.count(Rsvp, Feed) == [1, 0]
    heard = await told(world)
    assert [who for who, _ in heard] == ["memory:ada", "memory:ada", "memory:ana"]
    assert "A seat became free" in heard[2][1]
    assert all(words.startswith("Fran, the only facilitator of ") for _, words in heard[:2])
    assert {"Board", "Python"} == {name for name in ("Board", "Python") for _, w in heard[:2] if name in w}
    assert await world.count(Account, Membership) == [4, 4]


@pytest.mark.parametrize("case", ["channel", "stranger", "linked", "another workspace"])
async def test_who_can_still_be_met_keeps_their_seat(world: World, case: str) -> None:
    await prepared_for_leaving(world)

    def prepare(db: Db) -> None:
        if case == "linked":
            fran = people.recognise(db, actor("fran"))
            db.add(Account(person_id=fran, platform="other", external_id="f", name="Fran", seen_at=NOW))
        if case == "another workspace":
            python, _ = access.community(db, "python", 0, everything=True)
            communities.connect(db, python, Address("memory", "there", "T2"))

    await world.database.write(prepare)
    before = await world.count(Rsvp, Letter, Person)
    at = GENERAL if case == "channel" else HOME
    await notice(world, "left", at, "eve" if case == "stranger" else "fran")
    assert await world.count(Rsvp, Letter, Person) == before


async def test_what_was_missed_is_looked_for_on_open_announcements(world: World) -> None:
    """A reaction that is found there answers for whoever has not answered; it takes nothing back."""
    await world.say("fran", 'session schedule "Intro to RAG" "thu 15:00"')

    def posted(db: Db) -> None:
        for letter in db.exec(select(Letter).where(Letter.kind == "announcement")).all():
            letter.state, letter.message_id = "sent", f"m{letter.id}"
            db.add(letter)

    await world.database.write(posted)
    await world.say("ben", "session rsvp S1 no")
    answer = await notice(world, "missed", HOME)
    assert isinstance(answer, Recount)
    [announcement] = answer.messages
    assert answer.people == [], "who said no holds no seat"
    assert announcement.at.channel == GENERAL.channel
    for who in ("ana", "ben"):
        await world.dispatcher.handle(Reacted("white_check_mark", True, announcement, actor(who), found=True))
    answers = await world.database.read(lambda db: sorted(db.exec(select(Rsvp.answer)).all()))
    assert answers == ["no", "yes"]
    again = await notice(world, "missed", HOME)
    assert isinstance(again, Recount)
    assert [person.id for person in again.people] == ["ana"]
    world.now += timedelta(days=30)
    over = await notice(world, "missed", HOME)
    assert isinstance(over, Recount)
    assert (over.messages, over.people) == ([], [])
