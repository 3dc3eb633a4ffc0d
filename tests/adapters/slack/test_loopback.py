"""The loopback Slack itself: the real SDK meets what it would meet at Slack."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import Person, Slack, faults

Json = dict[str, Any]


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    token = slack.workspace.app.bot_token
    return AsyncWebClient(token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def ana(slack: Slack) -> Person:
    person = Person(slack, slack.workspace.user("Ana"))
    person.joins(slack.workspace.channel("general"))
    return person


MODAL: Json = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Save"},
    "submit": {"type": "plain_text", "text": "Save"},
    "callback_id": "save",
    "blocks": [
        {
            "type": "input",
            "block_id": "url",
            "label": {"type": "plain_text", "text": "Address"},
            "element": {"type": "plain_text_input", "action_id": "url", "max_length": 10},
        }
    ],
}


async def error(call: Any) -> str:
    """Return the error that a call ends with."""
    with pytest.raises(SlackApiError) as refused:
        await call
    answer: str = refused.value.response["error"]
    return answer


async def test_bolt_answers_a_command_over_a_socket_with_a_form(
    slack: Slack, client: AsyncWebClient, ana: Person
) -> None:
    app = AsyncApp(client=client, process_before_response=True)

    @app.command("/cop")
    async def _(ack: Any, body: Json) -> None:
        if body["text"] == "form":
            await client.views_open(trigger_id=body["trigger_id"], view=MODAL)
            await ack()
        else:
            await ack({"response_type": "ephemeral", "text": f"You said {body['text']}"})

    @app.view("save")
    async def _(ack: Any, view: Json) -> None:
        if view["state"]["values"]["url"]["url"]["value"] == "bad":
            await ack(response_action="errors", errors={"url": "Not an address."})
        else:
            await ack()

    handler = AsyncSocketModeHandler(app, slack.workspace.app.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt has no types there
    general = slack.workspace.channel("general")
    await ana.command("hello @ana & <all>", general)
    assert ana.screen[-1].text == "You said hello <@U0ANA|ana> &amp; &lt;all&gt;"
    assert ana.screen[-1].only == ana.id
    await ana.command("form", general)
    assert ana.modal is not None
    await ana.submit()
    assert ana.modal.errors == {"url": "Please complete this required field."}
    ana.enter(ana.modal, "url", "bad")
    await ana.submit()
    assert ana.modal.errors == {"url": "Not an address."}
    ana.enter(ana.modal, "url", "good")
    await ana.submit()
    assert ana.modal is None
    await handler.close_async()


async def test_messages_are_posted_edited_and_found_by_their_metadata(
    slack: Slack, client: AsyncWebClient
) -> None:
    channel = slack.workspace.channel("general").id
    mark = {"event_type": "hearth_letter", "event_payload": {"key": "k1"}}
    posted = await client.chat_postMessage(channel=channel, text="One", metadata=mark)
    await client.chat_update(channel=channel, ts=posted["ts"], text="Two")
    plain = await client.conversations_history(channel=channel)
    assert [(m["text"], "metadata" in m) for m in plain["messages"]] == [("Two", False)]
    whole = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert whole["messages"][0]["metadata"] == mark
    assert [e.kind for e in slack.workspace.ledger.effects] == ["posted", "edited"]
    assert await error(client.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
    assert await error(client.chat_update(channel=channel, ts="1.0", text="x")) == "message_not_found"
    assert await error(client.api_call("chat.postMessage", json={"channel": channel})) == "no_text"


async def test_tokens_and_scopes_are_looked_at(slack: Slack, client: AsyncWebClient) -> None:
    assert (await client.auth_test()).headers["X-OAuth-Scopes"].startswith("channels:history,")
    assert await error(AsyncWebClient("xoxb-no", base_url=slack.api_url).auth_test()) == "invalid_auth"
    slack.workspace.app.scopes -= {"chat:write"}
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="C0GENERAL", text="x")
    assert refused.value.response["needed"] == "chat:write"
    assert "im:write" in refused.value.response["provided"]
    slack.workspace.app.revoked = "token_revoked"
    assert await error(client.auth_test()) == "token_revoked"


async def test_a_trigger_is_good_once_and_for_three_seconds(client: AsyncWebClient, slack: Slack) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    slack.workspace.tickets.clock = lambda: now
    trigger = slack.workspace.tickets.trigger(slack.workspace.user("Ana").id)
    late = slack.workspace.tickets.trigger(slack.workspace.user("Ana").id)
    await client.views_open(trigger_id=trigger, view=MODAL)
    assert await error(client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    now += timedelta(seconds=3)
    assert await error(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"


async def test_too_many_calls_are_told_when_to_come_back(slack: Slack, client: AsyncWebClient) -> None:
    slack.rates.on = True
    channel = slack.workspace.channel("general").id
    for _ in range(slack.rates.burst):
        await client.chat_postMessage(channel=channel, text="x")
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=channel, text="x")
    assert (refused.value.response.status_code, refused.value.response["error"]) == (429, "ratelimited")
    assert 1 <= int(refused.value.response.headers["Retry-After"]) <= slack.rates.burst
    other = slack.workspace.channel("random").id
    await client.chat_postMessage(channel=other, text="x")


async def test_a_second_socket_at_the_same_address_is_refused(slack: Slack, client: AsyncWebClient) -> None:
    opened = await client.apps_connections_open(app_token=slack.workspace.app.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])
        await asyncio.wait_for(slack.sockets.until(1), 5)


async def test_an_answer_address_is_good_five_times_within_half_an_hour(slack: Slack, ana: Person) -> None:
    general = slack.workspace.channel("general")
    pressed = slack.say(general.id, ana.id, {"text": "Press me."})
    ticket = slack.workspace.tickets.answer(ana.id, general.id, pressed.ts, ephemeral=True)
    url = slack.workspace.address(f"/respond/{ticket}")
    bodies: list[Json] = [
        {"text": "To you alone."},
        {"text": "To all.", "response_type": "in_channel"},
        {"text": "Pressed.", "replace_original": True},
        {"text": ""},
        {"delete_original": True},
        {"text": "Once more."},
    ]
    statuses = []
    async with aiohttp.ClientSession() as session:
        for body in bodies:
            async with session.post(url, json=body) as answer:
                statuses.append(answer.status)
            if body.get("replace_original"):
                assert pressed.text == "Pressed."
        assert statuses == [200, 200, 200, 400, 200, 404]
        late = slack.workspace.tickets.answer(ana.id, general.id)
        now = slack.workspace.clock() + timedelta(minutes=30)
        slack.workspace.tickets.clock = lambda: now
        async with session.post(slack.workspace.address(f"/respond/{late}"), json=bodies[0]) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "expired_url")
    assert [(m.text, bool(m.only)) for m in ana.screen] == [("To you alone.", True), ("To all.", False)]


async def test_modals_stand_in_a_stack_of_three(slack: Slack, client: AsyncWebClient, ana: Person) -> None:
    opened = await client.views_open(trigger_id=slack.workspace.tickets.trigger(ana.id), view=MODAL)
    view = opened["view"]
    for _ in range(2):
        front = ana.modal
        assert front is not None
        trigger = slack.workspace.tickets.trigger(ana.id, front.id)
        view = (await client.views_push(trigger_id=trigger, view=MODAL))["view"]
    assert view["root_view_id"] == opened["view"]["id"]
    trigger = slack.workspace.tickets.trigger(ana.id, view["id"])
    assert await error(client.views_push(trigger_id=trigger, view=MODAL)) == "push_limit_reached"
    changed = await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert changed["view"]["hash"] != view["hash"]
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert await error(stale) == "hash_conflict"
    assert await error(client.views_update(view_id="V0NONE", view=MODAL)) == "not_found"


async def test_what_is_over_a_limit_is_refused_with_its_place(slack: Slack, client: AsyncWebClient) -> None:
    channel = slack.workspace.channel("general").id
    rule = {"type": "divider"}
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=channel, text="x", blocks=[rule] * 51)
    assert refused.value.response["error"] == "invalid_blocks"
    assert "50" in refused.value.response["response_metadata"]["messages"][0]
    await client.chat_postMessage(channel=channel, text="x", blocks=[rule] * 50)
    too_long = MODAL | {"title": {"type": "plain_text", "text": "x" * 25}}
    trigger = slack.workspace.tickets.trigger(slack.workspace.user("Ana").id)
    assert await error(client.views_open(trigger_id=trigger, view=too_long)) == "invalid_arguments"
    await client.views_open(trigger_id=trigger, view=MODAL)


async def test_a_file_is_asked_for_uploaded_and_shared(slack: Slack, client: AsyncWebClient) -> None:
    channel = slack.workspace.channel("general")
    await client.files_upload_v2(channel=channel.id, filename="a.txt", content="Hello", title="A")
    [effect] = slack.workspace.ledger.of("uploaded")
    assert (effect.body["name"], effect.body["content"], effect.where) == ("a.txt", b"Hello", channel.id)
    assert channel.messages[-1].files[0]["title"] == "A"
    asked = await client.files_getUploadURLExternal(filename="b.txt", length=2)
    unfinished = client.files_completeUploadExternal(files=[{"id": asked["file_id"]}])
    assert await error(unfinished) == "file_not_found"


async def test_methods_without_json_do_not_see_it(slack: Slack, client: AsyncWebClient) -> None:
    ana = slack.workspace.user("Ana")
    assert (await client.users_info(user=ana.id))["user"]["name"] == "ana"
    assert await error(client.api_call("users.info", json={"user": ana.id})) == "user_not_found"


async def test_reading_and_writing_directly_have_their_own_refusals(
    slack: Slack, client: AsyncWebClient
) -> None:
    ana, channel = slack.workspace.user("Ana"), slack.workspace.channel("general")
    slack.workspace.app.scopes -= {"channels:history"}
    assert await error(client.conversations_history(channel=channel.id)) == "missing_scope"
    opened = await client.conversations_open(users=ana.id)
    await client.chat_postMessage(channel=opened["channel"]["id"], text="To you.")
    assert len((await client.conversations_history(channel=opened["channel"]["id"]))["messages"]) == 1
    ana.closed = True
    assert await error(client.conversations_open(users=ana.id)) == "cannot_dm_bot"
    channel.archived = True
    assert await error(client.chat_postMessage(channel=channel.id, text="x")) == "is_archived"
    assert await error(client.chat_postEphemeral(channel=channel.id, user=ana.id, text="x")) == "is_archived"


async def test_what_is_to_go_wrong_goes_wrong_and_the_ledger_tells(
    slack: Slack, client: AsyncWebClient
) -> None:
    channel = slack.workspace.channel("general").id
    slack.faults.next("chat.postMessage", faults.Lost(), faults.Broken(), None, faults.Errs("is_archived"))
    for _ in range(2):
        with pytest.raises(aiohttp.ClientError):
            await client.chat_postMessage(channel=channel, text="x")
    await client.chat_postMessage(channel=channel, text="x")
    assert await error(client.chat_postMessage(channel=channel, text="x")) == "is_archived"
    assert slack.workspace.ledger.outcomes() == ["ok", "broken", "ok", "is_archived"]
    assert len(slack.workspace.ledger.of("posted", where=channel)) == 2
    slack.faults.always("*", faults.Status(502))
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert refused.value.response.status_code == 502
    slack.faults.always("*", None)
    slack.skew = timedelta(minutes=5)
    theirs = parsedate_to_datetime((await client.auth_test()).headers["Date"])
    assert abs(theirs - slack.workspace.clock() - slack.skew) < timedelta(seconds=5)
