"""Letters in Slack: posted and marked, found again, edited, read back, and given up where they cannot go."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import posting
from bot.chat import Address, MessageRef, RetryLater, Undeliverable
from bot.ui.cards import Card, File, Image, Text, note
from tests.adapters.slack.scene import Scene
from tests.fakes.slack import BOT_USER, TEAM
from tests.fakes.slack.faults import Errs, Lost, Status, TooMany

KEY = "digest:python:2026-W48:slack:C0GENERAL"


async def test_a_letter_is_posted_marked_and_never_unfurled(desk: Scene) -> None:
    ref = await desk.adapter.post(desk.here, note("Hello <!here> & *all*"), key=KEY)
    [call] = [c for c in desk.slack.workspace.ledger.calls if c.method == "chat.postMessage"]
    assert (call.arguments["unfurl_links"], call.arguments["unfurl_media"]) == (False, False)
    assert call.arguments["metadata"]["event_type"] == "hearth_letter"
    assert "python" not in str(call.arguments["metadata"])  # anyone in the workspace may read it
    assert ref == MessageRef(desk.here, desk.general.messages[0].ts)
    assert "<!here>" not in desk.said()[0]


async def test_a_letter_whose_answer_was_lost_is_found_and_no_other_is(desk: Scene) -> None:
    desk.slack.faults.next("chat.postMessage", Lost())
    with pytest.raises(OSError, match="postMessage"):
        await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    assert len(desk.said()) == 1
    found = await desk.adapter.find(desk.here, key=KEY)
    assert found == MessageRef(desk.here, desk.general.messages[0].ts)
    assert await desk.adapter.find(desk.here, key=f"{KEY}2") is None


async def test_a_letter_is_found_behind_many_others(desk: Scene) -> None:
    ref = await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    ana = desk.person("ana")
    for number in range(450):
        ana.write(desk.general, f"talk {number}")
    assert await desk.adapter.find(desk.here, key=KEY) == ref


async def test_a_late_twin_is_deleted_and_the_letter_that_is_known_stays(desk: Scene) -> None:
    await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    second = await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    other = await desk.adapter.post(desk.here, note("Another"), key="other")
    assert await desk.adapter.find(desk.here, key=KEY) == second
    assert [m.ts for m in desk.general.messages if not m.deleted] == [second.id, other.id]


async def test_without_the_scope_to_look_a_letter_may_come_twice_and_that_is_said_once(desk: Scene) -> None:
    app = desk.slack.workspace.app
    app.scopes = frozenset(s for s in app.scopes if not s.endswith(":history"))
    await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    with capture_logs() as log:
        assert await desk.adapter.find(desk.here, key=KEY) is None
        assert await desk.adapter.find(desk.here, key=KEY) is None
        assert await desk.adapter.read(MessageRef(desk.here, desk.general.messages[0].ts)) is None
        assert await desk.adapter.read(MessageRef(desk.here, desk.general.messages[0].ts)) is None
    said = [entry for entry in log if entry["log_level"] == "error"]
    assert [entry.get("scope") or entry["lacking"] for entry in said] == ["channels:history"] * 2


async def test_in_a_channel_the_bot_is_not_in_a_letter_is_posted_and_cannot_be_looked_for(
    desk: Scene,
) -> None:
    desk.general.members.discard(BOT_USER)
    await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    with capture_logs() as log:
        assert await desk.adapter.find(desk.here, key=KEY) is None
    assert [entry["log_level"] for entry in log] == ["error"]


@pytest.mark.parametrize(
    ("error", "place"),
    [
        ("channel_not_found", True),
        ("is_archived", True),
        ("not_in_channel", True),
        ("restricted_action", True),
        ("msg_too_long", False),
        ("invalid_blocks", False),
        ("invalid_arguments", False),
        ("missing_scope", False),
        ("an_error_of_tomorrow", False),
    ],
)
async def test_a_refusal_says_whether_the_place_or_the_letter_is_meant(
    desk: Scene, error: str, place: bool
) -> None:
    desk.slack.faults.next("chat.postMessage", Errs(error, {"needed": "chat:write"}))
    with pytest.raises(Undeliverable) as refused:
        await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    assert refused.value.place is place
    assert desk.said() == []


async def test_a_pause_is_passed_on(desk: Scene) -> None:
    desk.slack.faults.next("chat.postMessage", TooMany(30))
    with pytest.raises(RetryLater) as later:
        await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    assert (later.value.seconds, later.value.everywhere) == (30, True)


async def test_a_person_gets_it_in_direct_messages_without_a_call_to_open_them(desk: Scene) -> None:
    ana = desk.person("ana")
    to = Address("slack", workspace=TEAM, person=ana.id)
    first = await desk.adapter.post(to, note("One"), key="1")
    await desk.adapter.post(to, note("Two"), key="2")
    assert [m.text for m in desk.slack.workspace.direct(ana.id).messages] == ["One", "Two"]
    await desk.adapter.edit(first, note("One, changed"))
    assert desk.slack.workspace.direct(ana.id).messages[0].text == "One, changed"
    assert await desk.adapter.find(to, key="1") == first
    assert desk.called("conversations.open") == []
    ben = desk.person("ben")  # who got the message before a restart
    assert await desk.adapter.find(Address("slack", workspace=TEAM, person=ben.id), key="2") is None
    assert desk.called("conversations.open") == ["ok"]


@pytest.mark.parametrize("state", ["deleted", "closed"])
async def test_a_person_who_cannot_be_written_to_is_a_dead_place(desk: Scene, state: str) -> None:
    ana = desk.person("ana")
    setattr(ana.user, state, True)
    with pytest.raises(Undeliverable) as refused:
        await desk.adapter.post(Address("slack", workspace=TEAM, person=ana.id), note("One"), key="1")
    assert refused.value.place
    assert not desk.running.done()


async def test_direct_messages_that_could_not_be_opened_are_no_doubt(desk: Scene) -> None:
    to = Address("slack", workspace=TEAM, person=desk.person("ana").id)
    desk.slack.faults.next("conversations.open", Status(500))
    with pytest.raises(RetryLater):
        await desk.adapter.find(to, key="1")


async def test_an_edit_of_what_is_gone_says_so_of_that_message_only(desk: Scene) -> None:
    ref = await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    await desk.adapter.edit(ref, note("Changed"))
    assert desk.said() == ["Changed"]
    desk.general.messages[0].deleted = True
    with pytest.raises(Undeliverable) as refused:
        await desk.adapter.edit(ref, note("Once more"))
    assert not refused.value.place


async def test_files_come_in_the_thread_with_their_words(desk: Scene) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    blocks = (Text(("Results",)), File("s.ics", "text/calendar", "BEGIN:VCALENDAR"), Image(picture, "Yes: 3"))
    ref = await desk.adapter.post(desk.here, Card(blocks=blocks), key=KEY)
    await desk.adapter.idle()
    files = desk.slack.workspace.ledger.of("uploaded")
    assert [(f.body["name"], f.body["content"], f.body["alt"]) for f in files] == [
        ("s.ics", b"BEGIN:VCALENDAR", ""),
        ("picture-1.png", b"\x89PNG\r\n\x1a\n", "Yes: 3"),
    ]
    [beside] = [m for m in desk.general.messages if m.files]
    assert beside.thread == ref.id


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
@pytest.mark.parametrize("fault", [Status(500), Lost(), Errs("missing_scope", {"needed": "files:write"})])
async def test_a_file_that_fails_costs_no_message_and_makes_no_second(
    desk: Scene, method: str, fault: Any
) -> None:
    desk.slack.faults.next(method, fault)
    card = Card(blocks=(Text(("Hello",)), File("a.csv", "text/csv", "a,b")))
    await desk.adapter.post(desk.here, card, key=KEY)
    await desk.adapter.idle()
    assert desk.called("chat.postMessage") == ["ok"]
    assert desk.called("files.getUploadURLExternal") != []


async def test_a_file_waits_where_slack_asks_for_it_and_the_letter_does_not(desk: Scene) -> None:
    desk.slack.faults.next("files.completeUploadExternal", TooMany(1))
    card = Card(blocks=(Text(("Hello",)), File("a.csv", "text/csv", "a,b")))
    await desk.adapter.post(desk.here, card, key=KEY)
    assert desk.called("files.completeUploadExternal") == []
    await desk.adapter.idle()
    assert desk.called("files.completeUploadExternal") == ["429", "ok"]
    assert [m.files[0]["name"] for m in desk.general.messages if m.files] == ["a.csv"]


async def test_a_message_is_read_with_its_links_and_author(desk: Scene) -> None:
    ana = desk.person("Ana")
    said = ana.write(desk.general, "See <https://example.org/a?b=1&amp;c=2|the page> and <@U1|mo> &lt;3")
    quote = await desk.adapter.read(MessageRef(desk.here, said.ts))
    assert quote is not None
    assert quote.links == ("https://example.org/a?b=1&c=2",)
    assert quote.text == "See https://example.org/a?b=1&c=2 and @U1 <3"
    assert (quote.author.id, quote.author.name, quote.author.bot) == (ana.id, "Ana", False)
    assert quote.permalink.endswith(said.ts.replace(".", ""))


async def test_a_message_in_a_thread_is_read_and_a_neighbour_never_is(desk: Scene) -> None:
    ana = desk.person("Ana")
    first = ana.write(desk.general, "first")
    inside = ana.write(desk.general, "inside the thread")
    inside.thread = first.ts
    quote = await desk.adapter.read(MessageRef(desk.here, inside.ts))
    assert quote is not None
    assert quote.text == "inside the thread"
    gone = ana.write(desk.general, "gone")
    gone.deleted = True
    assert await desk.adapter.read(MessageRef(desk.here, gone.ts)) is None


async def test_the_bots_own_message_is_read_as_a_bots(desk: Scene) -> None:
    ref = await desk.adapter.post(desk.here, note("Hello"), key=KEY)
    quote = await desk.adapter.read(ref)
    assert quote is not None
    assert quote.author.bot
    assert quote.author.id == BOT_USER


def test_a_mark_is_another_for_each_key_and_workspace() -> None:
    marks = {posting.mark(key, team) for key in ("a", "b") for team in ("T1", "T2")}
    assert len(marks) == 4
    assert posting.mark("a", "T1") == posting.mark("a", "T1")
