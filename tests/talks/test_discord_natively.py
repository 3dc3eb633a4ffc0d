"""What people meet in Discord beyond commands: the menu of a message, native events, and changes of people and places."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest

from bot.app import Clock, Hearth
from bot.config import Config
from bot.rules import access
from scheduler.rates import Rates
from storage.database import Database, Db
from tests.fakes.discord.components import walk
from tests.fakes.discord.interactions import MODAL, SAY
from tests.platforms import discord as platform
from tests.platforms import memory
from tests.platforms.discord import Member, Server
from tests.world import START, World


@pytest.fixture
async def discord(talk_database: Database) -> AsyncIterator[World]:
    """A world in Discord, where the bot may know of members and everyone may make communities."""
    clock = Clock()
    clock.stand_at(START)
    reactions = {"maybe": ("question", "interested")}
    config = Config.model_validate({"bot": {"create": "anyone"}, "reactions": reactions})
    hearth = Hearth(config, talk_database, clock=clock)

    async def settle() -> None:
        await hearth.delivery.settle()
        clock.stand_at(clock() + timedelta(seconds=1))

    opened = partial(platform.opened, members=True)
    async with opened(hearth, settle) as main, memory.opened(hearth, settle, name="other") as other:
        calendar = getattr(main.adapter, "calendar", None)
        assert calendar is not None
        hearth.connect([main.adapter, other.adapter], calendars={"discord": calendar}, rates=Rates())
        made = World(hearth, clock, main, other)
        yield made
        await made.check()


def server(world: World) -> Server:
    assert isinstance(world.main, Server)
    return world.main


def member(world: World, name: str) -> Member:
    found = world.person(name)
    assert isinstance(found, Member)
    return found


async def test_a_message_is_saved_from_its_menu_for_its_author(discord: World) -> None:
    fran, mo = member(discord, "Fran"), member(discord, "Mo")
    await discord.begins("Python", fran, mo)
    fake = server(discord).fake
    said = fake.person("Gus").writes("Worth it: https://example.org/rag", server(discord).at("python"))
    await mo.uses_menu("Save to library", said)
    assert mo.known["url"] == "https://example.org/rag"
    await mo.fills(note="Clear")
    assert "Saved as R1" in mo.sees
    await fran.says("resource show R1", in_="python")
    assert "Gus" in fran.sees.partition("Posted by")[2]
    assert "Mo" in fran.sees.partition("Saved")[2]


async def test_a_bookmark_on_words_that_may_not_be_read_saves_where_they_are(discord: World) -> None:
    fran, mo = member(discord, "Fran"), member(discord, "Mo")
    await discord.begins("Python", fran, mo)
    channel = server(discord).at("python")
    said = server(discord).fake.person("Mo").writes("See https://example.org/rag", channel)
    await fran.reacts("🔖", platform.ref(said, channel))
    assert fran.mark == "pushpin"
    await fran.says("resource show R1")
    assert f"https://discord.com/channels/{channel.guild}/{channel.id}/{said.id}" in fran.sees
    assert "example.org" not in fran.sees


async def test_a_session_is_shown_among_the_servers_events_and_goes_with_it(discord: World) -> None:
    fran, mo = member(discord, "Fran"), member(discord, "Mo")
    await discord.begins("Python", fran, mo)
    guild = server(discord).fake.guild
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00' where:'Room 4'", in_="python")
    await discord.ticks()
    [event] = guild.events.values()
    assert (event.fields["name"], event.fields["entity_metadata"]) == ("Intro to RAG", {"location": "Room 4"})
    await mo.is_interested(event)
    await discord.ticks()
    assert "0 going, 1 maybe" in discord.channel("python").messages[0]
    await mo.is_interested(event, no_more=True)
    await discord.ticks()
    assert "1 maybe" not in discord.channel("python").messages[0]
    await fran.says("session move S1 'fri 16:00'", in_="python")
    await discord.ticks()
    assert event.fields["scheduled_start_time"].startswith("2026-03-06T16:00")
    await fran.says("session cancel S1", in_="python")
    await discord.ticks()
    assert guild.events == {}


async def test_a_channel_that_is_renamed_or_deleted_is_known_to_be(discord: World) -> None:
    fran = member(discord, "Fran")
    await discord.begins("Python", fran)
    channel = server(discord).at("python")

    async def known() -> tuple[str, str]:
        def read(db: Db) -> tuple[str, str]:
            found = access.channel(db, "discord", str(channel.id))
            assert found is not None
            return found.name, found.paused

        return await discord.hearth.database.read(read)

    places = server(discord).fake.places
    places.rename_channel(channel, "py-talk")
    await server(discord).catch_up()
    assert await known() == ("py-talk", "")
    places.delete(channel)
    await server(discord).catch_up()
    assert (await known())[1] != ""


async def test_who_leaves_the_server_leaves_their_seat_to_the_next(discord: World) -> None:
    fran, mo, ben = (member(discord, name) for name in ("Fran", "Mo", "Ben"))
    await discord.begins("Python", fran, mo, ben)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00' capacity:1", in_="python")
    await mo.says("session rsvp S1 yes")
    await ben.says("session rsvp S1 yes")
    assert "number 1 on the waitlist" in ben.sees
    fake = server(discord).fake
    fake.places.leave(fake.person("Mo").user, fake.guild)
    await server(discord).catch_up()
    await discord.ticks()
    assert "A seat became free" in ben.inbox[-1]


async def test_whoever_is_called_otherwise_is_called_so_here(discord: World) -> None:
    fran, mo = member(discord, "Fran"), member(discord, "Mo")
    await discord.begins("Python", fran, mo)
    fake = server(discord).fake
    fake.places.rename(fake.person("Mo").user, "Moira")
    await server(discord).catch_up()
    await fran.says("members python")
    assert "@Moira" in fran.sees


async def test_every_command_opens_or_answers_without_a_word_typed(discord: World) -> None:
    """Typed as most people begin: the bare command. A form that opens asks for what is missing; nothing fails."""
    fran = member(discord, "Fran")
    await discord.begins("Python", fran)
    person, channel = server(discord).fake.person("Fran"), server(discord).at("python")
    for command in discord.hearth.registry.shown():
        made = person.uses(command.path.split(" "), {}, channel)
        await server(discord).catch_up()
        assert made.answer in (SAY, MODAL), command.path
        if made.modal is not None:
            asked = {c["custom_id"] for c in walk(made.modal["components"]) if "custom_id" in c}
            assert asked <= {p.name for p in command.parameters}, command.path
        if command.path in ("cop leave", "cop disconnect", "cop archive"):
            break


async def test_every_option_that_completes_completes(discord: World) -> None:
    fran = member(discord, "Fran")
    await discord.begins("Python", fran)
    person, channel = server(discord).fake.person("Fran"), server(discord).at("python")
    tried = 0
    for command in discord.hearth.registry.shown():
        path = command.path.split(" ")
        for option in person.find(path)[2]:
            if option.get("autocomplete"):
                made = person.completes(path, {}, option["name"], "py", channel)
                await server(discord).catch_up()
                assert made.done.is_set(), (command.path, option["name"])
                tried += 1
                if option["name"] == "community":
                    assert [choice["value"] for choice in made.choices] == ["python"]
    assert tried > 20
