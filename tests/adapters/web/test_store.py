"""The web chat's own memory: nothing twice, nothing lost, every change numbered."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.web import WebChat
from adapters.web.store import direct
from bot.errors import BadValue
from bot.ui.cards import note
from tests.adapters.web.scripted import session

NOW = datetime(2026, 3, 3, 9, 30, 15, 120_000, tzinfo=UTC)


@pytest.fixture
def chat():
    chat = WebChat()
    yield chat
    chat.close()


def test_posting_under_the_same_key_again_gives_the_first_message(chat):
    first = chat.post("general", note("Hello"), key="digest:1", now=NOW)
    again = chat.post("general", note("Hello"), key="digest:1", now=NOW)
    other = chat.post("general", note("Hello"), key="digest:2", now=NOW)
    assert again == first
    assert other.id != first.id
    assert chat.find("general", "digest:1") == first
    assert chat.find("general", "digest:3") is None
    assert [message.id for message in chat.page("general")] == [first.id, other.id]


def test_people_and_the_bot_do_not_share_keys(chat):
    chat.add_person("Mo")
    chat.say("general", "mo", "hi", key="k", now=NOW)
    assert chat.find("general", "k") is None
    assert chat.post("general", note("Hello"), key="k", now=NOW).author == ""


def test_everything_survives_closing(tmp_path: Path):
    file = tmp_path / "webchat.db"
    chat = WebChat(file)
    store = chat.clock()[0]
    chat.add_person("Mo Farah")
    chat.add_channel("#Data Viz")
    said = chat.say("data-viz", "mo-farah", "héllo <b>", key="a", now=NOW)
    posted = chat.post(direct("mo-farah"), session("Intro", ["Mo"]), key="b", now=NOW)
    chat.react(said.id, "mo-farah", "tada", added=True)
    chat.close()

    again = WebChat(file)
    assert again.clock()[0] == store
    assert [(person.id, person.name) for person in again.people()] == [("mo-farah", "Mo Farah")]
    assert [channel.id for channel in again.channels("mo-farah")] == ["data-viz", "general", "@mo-farah"]
    assert again.message(said.id).text == "héllo <b>"
    assert again.message(said.id).at == NOW
    assert again.message(said.id).reactions == (("tada", ("mo-farah",)),)
    assert again.message(posted.id).card == session("Intro", ["Mo"])
    assert again.post(direct("mo-farah"), note("other"), key="b", now=NOW).id == posted.id
    again.close()


def test_a_file_of_a_newer_hearth_is_refused_untouched(tmp_path: Path):
    file = tmp_path / "webchat.db"
    WebChat(file).close()
    WebChat(file).close()
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RuntimeError, match="newer"):
        WebChat(file)


def test_a_name_is_one_person_however_it_is_typed(chat):
    assert chat.add_person("Mo Farah") == chat.add_person("  mo   FARAH ")
    assert chat.add_person("हिन्दी").id == "हिन्दी"
    assert chat.add_channel("#Python") == chat.add_channel("python")


@pytest.mark.parametrize("name", ["", "  ", "!!!", "🎉", "x" * 41, "a\x00b", "\ud800"])
def test_a_name_without_letters_or_too_long_is_refused(chat, name):
    with pytest.raises(BadValue):
        chat.add_person(name)
    with pytest.raises(BadValue):
        chat.add_channel(name)
    assert chat.people() == []
    assert [channel.id for channel in chat.channels("")] == ["general"]


def test_no_typed_name_reaches_a_persons_conversation(chat):
    chat.add_person("Mo")
    assert chat.add_channel("@mo").id == "mo"
    assert chat.channel(direct("mo")).person == "mo"


def test_reactions_are_counted_once_and_can_be_taken_off(chat):
    message = chat.post("general", note("Hello"), key="k", now=NOW)
    chat.react(message.id, "mo", "star", added=True)
    chat.react(message.id, "mo", "star", added=True)
    both = chat.react(message.id, "fran", "star", added=True)
    assert both.reactions == (("star", ("mo", "fran")),)
    assert chat.react(message.id, "mo", "star", added=False).reactions == (("star", ("fran",)),)
    assert chat.react(999, "mo", "star", added=True) is None


def test_only_the_bots_own_messages_can_be_redrawn(chat):
    chat.add_person("Mo")
    said = chat.say("general", "mo", "mine", key="a", now=NOW)
    posted = chat.post("general", note("one"), key="b", now=NOW)
    assert chat.edit(said.id, note("two")) is None
    assert chat.message(said.id).text == "mine"
    edited = chat.edit(posted.id, note("two"))
    assert (edited.card, edited.edited, edited.at) == (note("two"), True, NOW)


def test_changes_come_in_order_and_only_what_came_after(chat):
    chat.add_person("Mo")
    first = chat.post("general", note("one"), key="a", now=NOW)
    second = chat.post(direct("mo"), note("two"), key="b", now=NOW)
    chat.react(first.id, "mo", "star", added=True)
    everything = chat.changes(0, limit=100)
    numbers = [change.thing.seq for change in everything]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == chat.clock()[1]
    after = chat.changes(second.seq, limit=100)
    assert [(change.kind, change.thing.id) for change in after] == [("message", first.id)]
    assert [c.only for c in everything if c.kind == "message"] == ["mo", ""]
    assert chat.changes(0, limit=2) == everything[:2]


def test_pages_go_back_to_the_beginning_without_gap(chat):
    ids = [chat.post("general", note(str(n)), key=str(n), now=NOW).id for n in range(25)]
    newest = chat.page("general", limit=10)
    older = chat.page("general", before=newest[0].id, limit=10)
    oldest = chat.page("general", before=older[0].id, limit=10)
    assert [m.id for m in oldest + older + newest] == ids
    around = [m.id for m in chat.page("general", around=ids[12], limit=10)]
    assert around[:6] == ids[7:13]
    assert around[-1] == ids[-1]
