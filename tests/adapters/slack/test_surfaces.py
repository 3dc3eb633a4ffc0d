"""What only Slack has, with a whole bot behind it: the home, shortcuts, channels left and entered, missing scopes."""

from collections.abc import AsyncIterator

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from adapters.slack.events import SHORTCUTS
from storage.database import Db, open_database
from storage.tables import Account, Channel, Person
from tests.fakes.slack import BOT_USER, happenings
from tests.faults.slack_stage import Stage, stage
from tests.platforms.slack import Member


@pytest.fixture(params=["socket", "http"])
async def on(request: pytest.FixtureRequest, sqlite_url: str) -> AsyncIterator[Stage]:
    """A bot in Slack, over each of the transports."""
    database = open_database(sqlite_url)
    async with stage(database, mode=request.param) as made:
        yield made
    await database.close()


async def python(on: Stage, founder: Member, *members: Member, settings: str = "") -> None:
    """Make Python in the channel of its name."""
    await founder.says("create Python 'We learn from each other'", in_="python")
    assert "Python is open" in founder.sees
    for member in members:
        await member.says("join python")
    await on.delivered()


# The home.


async def test_the_home_shows_what_is_mine_and_its_buttons_do_what_typing_does(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await python(on, fran)
    await fran.says("session schedule 'Intro to RAG' 'in 2 days at 15:00'", in_="python")
    await mo.opens_home()
    assert "Python" not in mo.home
    await mo.says("join python")
    await mo.opens_home()
    assert "Python" in mo.home
    await mo.says("session rsvp S1 yes", in_="python")
    await mo.opens_home()
    assert "Intro to RAG" in mo.home
    assert ("Schedule a session" in mo.home, "Start a poll" in mo.home) == (False, True)
    await fran.opens_home()
    assert "Schedule a session" in fran.home, "she is a facilitator"

    await mo.presses_home("Save a link")
    assert "Address" in mo.sees or "Link" in mo.sees
    await mo.fills(url="https://example.org/rag", title="RAG explained", community="python")
    assert "Saved as R1" in mo.sees
    await mo.opens_home()
    assert "RAG explained" in mo.home


async def test_a_home_that_did_not_change_is_published_once(on: Stage) -> None:
    [mo] = on.people("Mo")
    for _ in range(3):
        await mo.opens_home()
    assert on.slack.workspace.ledger.outcomes("views.publish") == ["ok"]


# Shortcuts.


@pytest.mark.parametrize("callback", sorted(SHORTCUTS))
async def test_every_global_shortcut_opens_its_form(on: Stage, callback: str) -> None:
    [fran] = on.people("Fran")
    await python(on, fran)
    await fran.chooses(callback)
    assert fran.person.modal is not None
    command = on.hearth.registry.command(SHORTCUTS[callback])
    assert command.form().title in fran.sees


# People and places.


async def test_a_channel_is_given_up_when_the_bot_is_removed_and_taken_up_when_invited(on: Stage) -> None:
    [fran] = on.people("Fran")
    await python(on, fran)
    place = on.channel("python")

    def reason(db: Db) -> str:
        return db.exec(select(Channel)).one().paused

    await happenings.remove_app_and_tell(on.slack, place)
    assert "removed" in await on.hearth.database.read(reason)
    await happenings.invite_app(on.slack, place)
    assert await on.hearth.database.read(reason) == ""


async def test_a_new_name_and_zone_are_known_at_once(on: Stage) -> None:
    [fran] = on.people("Fran")
    await python(on, fran)
    await happenings.change_profile(on.slack, fran.person.user, name="Frances", zone="Asia/Tokyo")

    def known(db: Db) -> list[tuple[str, str | None]]:
        return [
            (person.name, account.zone) for person, account in db.exec(select(Person, Account).join(Account))
        ]

    assert await on.hearth.database.read(known) == [("Frances", "Asia/Tokyo")]
    await fran.says("session schedule 'Early' 'in 2 days at 9:00'", in_="python")
    assert "09:00 (Asia/Tokyo)" in fran.sees


async def test_commands_work_in_direct_messages_too(on: Stage) -> None:
    [mo] = on.people("Mo")
    await python(on, *on.people("Fran"), mo)
    await mo.person.command("me", on.slack.workspace.direct(mo.person.id))
    assert "Python (python)" in mo.everything


# What people type stays what they typed.

NASTY = "<!channel> <@U0FRAN> <https://evil.example|safe> *bold* &amp; :tada: `x`"


async def test_nothing_a_person_types_mentions_broadcasts_links_or_formats(on: Stage) -> None:
    [fran] = on.people("Fran")
    await python(on, fran)
    await fran.says(f'session schedule "{NASTY}" \'in 2 days at 15:00\' description:"{NASTY}"', in_="python")
    await on.delivered()
    [message] = on.posted("python")
    assert NASTY in on.workspace.text(message, None)
    assert not any(token in message.text for token in ("<!channel", "<@", "<https://evil"))
    for effect in on.slack.workspace.ledger.of("posted", "edited", "whispered"):
        kinds = {e["type"] for e in _elements(effect.body.get("blocks") or [])}
        assert not kinds & {"user", "usergroup", "channel", "broadcast", "emoji"}


def _elements(value: object) -> list[dict[str, object]]:
    found = [value] if isinstance(value, dict) and "type" in value else []
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*found, *(e for part in inside for e in _elements(part))]


# Without the optional scopes.


async def test_without_reading_messages_reactions_save_nothing_and_it_is_said_once(on: Stage) -> None:
    fran, mo = on.people("Fran", "Mo")
    await python(on, fran, mo)
    on.slack.workspace.app.scopes = frozenset(
        scope for scope in on.slack.workspace.app.scopes if not scope.endswith(":history")
    )
    said = [await mo.writes(f"https://example.org/{n}", in_="python") for n in range(2)]
    with capture_logs() as log:
        for message in said:
            await fran.reacts("🔖", message)
    assert fran.mark == ""
    told = [entry for entry in log if entry["log_level"] == "error"]
    assert [entry["scope"] for entry in told] == ["channels:history"]
    await fran.says("session schedule 'Still works' 'in 2 days at 15:00'", in_="python")
    await on.delivered()
    assert len(on.posted("python")) == 3
    await mo.reacts("✅", on.workspace.channel("python").newest)
    assert mo.mark == "pushpin"
    assert BOT_USER in on.posted("python")[-1].reactions["pushpin"]
