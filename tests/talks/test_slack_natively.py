"""What people meet in Slack beyond commands: the welcome, the home, the shortcuts, and channels that change."""

from collections.abc import AsyncIterator

import pytest

from bot.rules import access
from storage.database import Database, Db
from tests.fakes.slack import happenings
from tests.platforms.slack import Member, Workspace
from tests.world import World
from tests.world import world as opened_world


@pytest.fixture
async def slack(talk_database: Database) -> AsyncIterator[World]:
    """A world in Slack: over Socket Mode with SQLite, over HTTP with PostgreSQL."""
    async with opened_world("slack", talk_database, {}) as made:
        yield made


def workspace(world: World) -> Workspace:
    assert isinstance(world.main, Workspace)
    return world.main


def member(world: World, name: str) -> Member:
    found = world.person(name)
    assert isinstance(found, Member)
    return found


async def test_who_comes_into_a_channel_is_welcomed_alone_and_joins_by_the_button(slack: World) -> None:
    fran, eve, mo = (member(slack, name) for name in ("Fran", "Eve", "Mo"))
    python = await slack.begins("Python", fran, mo)
    there = workspace(slack).slack.workspace.channel("python")
    public = len(python.messages)
    for _ in range(2):
        await eve.person.join(there)
        await workspace(slack).adapter.idle()
    await eve.person.again()
    await workspace(slack).adapter.idle()
    assert eve.everything.count("Welcome to Python") == 1
    assert "We learn from each other" in eve.everything
    assert "Welcome to Python" not in mo.everything.replace("Welcome to Python!", "")
    assert len(python.messages) == public
    await eve.presses("Join")
    assert "Welcome to Python!" in eve.sees


async def test_home_shows_what_is_next_and_is_answered_there(slack: World) -> None:
    fran, mo = member(slack, "Fran"), member(slack, "Mo")
    await slack.begins("Python", fran, mo)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    await mo.person.open_home()
    await workspace(slack).adapter.idle()
    home = mo.person.home
    assert home is not None
    said = workspace(slack).reader(None).view(home.body)
    assert "Intro to RAG" in said
    assert "My communities" in said
    going = next(
        e for b in home.body["blocks"] for e in b.get("elements", ()) if "Going" in str(e.get("text"))
    )
    await mo.presses_on(home, going)
    assert "You're going" in mo.everything
    await fran.says("session show S1", in_="python")
    assert "1 going" in fran.sees


async def test_a_message_is_saved_from_its_menu_for_its_author(slack: World) -> None:
    fran, mo = member(slack, "Fran"), member(slack, "Mo")
    gus = member(slack, "Gus")
    await slack.begins("Python", fran, mo)
    there = workspace(slack).slack.workspace.channel("python")
    message = gus.person.write(there, "Worth it: <https://example.org/rag>")  # as Slack keeps an address
    await mo.person.message_shortcut("save_message", message)
    await workspace(slack).adapter.idle()
    assert mo.known["url"] == "https://example.org/rag"
    await mo.fills(note="Clear")
    assert "Saved as R1" in mo.everything
    await fran.says("resource show R1", in_="python")
    assert "Gus" in fran.sees.partition("Posted by")[2]
    assert "Mo" in fran.sees.partition("Saved")[2]


async def test_a_global_shortcut_asks_and_refuses_as_the_command_does(slack: World) -> None:
    fran, mo = member(slack, "Fran"), member(slack, "Mo")
    await slack.begins("Python", fran, mo)
    await fran.person.shortcut("schedule_session")
    await workspace(slack).adapter.idle()
    await fran.fills(title="Intro to RAG", when="thu 15:00")
    assert "Intro to RAG" in slack.channel("python").messages[-1]
    await mo.person.shortcut("schedule_session")
    await workspace(slack).adapter.idle()
    assert "Only facilitators" in mo.everything


async def test_a_channel_that_is_archived_is_left_alone_until_it_is_opened(slack: World) -> None:
    fran = member(slack, "Fran")
    await slack.begins("Python", fran)
    there = workspace(slack).slack.workspace.channel("python")

    async def paused() -> str:
        def read(db: Db) -> str:
            found = access.channel(db, "slack", there.id)
            assert found is not None
            return found.paused

        return await slack.hearth.database.read(read)

    await happenings.rename(workspace(slack).slack, there, "py-talk")
    await happenings.archive(workspace(slack).slack, there)
    await workspace(slack).adapter.idle()
    await slack.ticks()
    assert "archived" in await paused()
    assert "I can no longer post in py-talk" in fran.inbox[-1]
    await happenings.unarchive(workspace(slack).slack, there)
    await workspace(slack).adapter.idle()
    assert await paused() == ""


async def test_who_is_deactivated_leaves_their_seat_to_the_next(slack: World) -> None:
    fran, mo, ben = (member(slack, name) for name in ("Fran", "Mo", "Ben"))
    await slack.begins("Python", fran, mo, ben)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00' capacity:1", in_="python")
    await mo.says("session rsvp S1 yes")
    await ben.says("session rsvp S1 yes")
    assert "number 1 on the waitlist" in ben.sees
    mo.person.user.deleted = True
    await happenings.change_profile(workspace(slack).slack, mo.person.user)
    await workspace(slack).adapter.idle()
    await slack.ticks()
    assert "A seat became free" in ben.inbox[-1]
