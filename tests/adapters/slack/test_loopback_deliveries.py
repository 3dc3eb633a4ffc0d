"""How the loopback Slack delivers: over sockets and signed over HTTP, until acknowledged, with trouble if asked for."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from tests.fakes.slack import Pace, Person, Slack, Trouble, payloads

Json = dict[str, Any]
QUICK = Pace(answer=0.2, again=(0.0, 0.02, 0.02))


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(pace=QUICK) as made:
        yield made


@pytest.fixture
def ana(slack: Slack) -> Person:
    person = Person(slack, slack.workspace.user("Ana"))
    person.joins(slack.workspace.channel("general"))
    return person


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def connected(slack: Slack, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """Return a socket that was greeted."""
    headers = {"Authorization": f"Bearer {slack.workspace.app.app_token}"}
    async with session.post(f"{slack.api_url}apps.connections.open", headers=headers) as answer:
        url = (await answer.json())["url"]
    before = len(slack.sockets.connections)
    socket = await session.ws_connect(url)
    assert (await socket.receive_json())["type"] == "hello"
    await slack.sockets.until(before + 1)
    return socket


async def test_a_delivery_goes_to_one_of_the_connections_and_back_with_its_answer(
    slack: Slack, session: aiohttp.ClientSession, ana: Person
) -> None:
    sockets = [await connected(slack, session) for _ in range(2)]
    for socket in sockets:
        acting = asyncio.create_task(ana.command("hello", slack.workspace.channel("general")))
        envelope = await socket.receive_json()
        assert (envelope["type"], envelope["payload"]["text"]) == ("slash_commands", "hello")
        assert envelope["accepts_response_payload"]
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "Hello."}})
        assert (await acting) is not None
    assert [m.text for m in ana.screen] == ["Hello."] * 2
    with pytest.raises(TimeoutError):
        await sockets[0].receive(timeout=0.05)


async def test_an_event_comes_again_until_it_is_acknowledged_and_a_command_does_not(
    slack: Slack, session: aiohttp.ClientSession, ana: Person
) -> None:
    socket = await connected(slack, session)
    opening = asyncio.create_task(ana.open_home())
    attempts = []
    for _ in range(3):
        envelope = await socket.receive_json()
        attempts.append(
            (envelope["retry_attempt"], envelope["retry_reason"], envelope["payload"]["event_id"])
        )
    await socket.send_json({"envelope_id": envelope["envelope_id"]})
    assert (await opening) is not None
    assert [a[:2] for a in attempts] == [(0, ""), (1, "timeout"), (2, "timeout")]
    assert len({a[2] for a in attempts}) == 1

    assert await ana.command("hello", slack.workspace.channel("general")) is None
    assert "operation_timeout" in ana.trouble
    assert len(slack.deliveries.missed) == 1


async def test_what_was_not_acknowledged_when_a_connection_broke_goes_to_another(
    slack: Slack, session: aiohttp.ClientSession, ana: Person
) -> None:
    first, second = await connected(slack, session), await connected(slack, session)
    opening = asyncio.create_task(ana.open_home())
    envelope = await first.receive_json()
    slack.sockets.cut(slack.sockets.connections[0])
    again = await second.receive_json()
    assert again["payload"] == envelope["payload"]
    assert again["envelope_id"] != envelope["envelope_id"]
    await second.send_json({"envelope_id": again["envelope_id"]})
    assert (await opening) is not None


async def test_a_socket_is_warned_and_refreshed(slack: Slack, session: aiohttp.ClientSession) -> None:
    socket = await connected(slack, session)
    await slack.sockets.disconnect("warning")
    assert (await socket.receive_json())["reason"] == "warning"
    assert len(slack.sockets.connections) == 1
    await slack.sockets.disconnect("refresh_requested")
    assert (await socket.receive_json())["reason"] == "refresh_requested"
    assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_a_silent_socket_says_nothing_not_even_a_pong(
    slack: Slack, session: aiohttp.ClientSession, ana: Person
) -> None:
    socket = await connected(slack, session)
    slack.sockets.silent = True
    await socket.ping()
    assert await ana.open_home() is None
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.05)


class Received(NamedTuple):
    status: int = 200
    headers: Mapping[str, str] = {}
    body: str = ""


class App:
    """Takes requests; `answers` are given in order, and the last for ever."""

    def __init__(self, *answers: Received | float) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[bytes, Mapping[str, str]]] = []

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> Received:
        self.requests.append((body, headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            return Received()
        return answer


async def test_http_deliveries_are_signed_as_slacks_own_library_expects(slack: Slack, ana: Person) -> None:
    app = App(Received(body='{"text": "Hello."}'))
    slack.serve_to(app.receive)
    await ana.command("a payload & more", slack.workspace.channel("general"))
    await ana.shortcut("save")
    await ana.open_home()
    verifier = SignatureVerifier(slack.workspace.app.signing_secret)
    assert [verifier.is_valid_request(body, dict(headers)) for body, headers in app.requests] == [True] * 3
    assert not verifier.is_valid_request(b"other", dict(app.requests[0][1]))
    assert [body[:8] for body, _ in app.requests] == [b"token=ve", b"payload=", b'{"token"']
    assert ana.screen[-1].text == "Hello."


async def test_http_has_three_seconds_and_is_asked_again_with_a_header(slack: Slack, ana: Person) -> None:
    app = App(1.0, Received(503), Received())
    slack.serve_to(app.receive)
    assert await ana.open_home() is not None
    retries = [headers.get("X-Slack-Retry-Num") for _, headers in app.requests]
    assert retries == [None, "1", "2"]
    signatures = {headers["X-Slack-Signature"] for _, headers in app.requests}
    assert len(signatures) == 3, "each attempt is signed anew"


async def test_an_event_that_nobody_takes_is_given_up_after_three_more_attempts(
    slack: Slack, ana: Person
) -> None:
    app = App(Received(500))
    slack.serve_to(app.receive)
    assert await ana.open_home() is None
    assert len(app.requests) == 4
    assert [d.kind for d in slack.deliveries.missed] == ["events_api"]


async def test_trouble_is_the_same_with_the_same_seed(slack: Slack, ana: Person) -> None:
    async def attempts(seed: int) -> list[bytes]:
        app = App(Received())
        slack.serve_to(app.receive)
        slack.deliveries.trouble = Trouble(random.Random(seed), doubled=0.5, lost=0.3, unheard=0.3, delay=0.0)
        for number in range(20):
            event = {"type": "team_join", "user": {"id": str(number)}}
            delivery = payloads.event(slack.workspace, event)
            assert await slack.deliveries.deliver(delivery) is not None
            await slack.deliveries.settled()
        return [body.split(b'"user": {"id": "')[1][:2] for body, _ in app.requests]

    one, same, other = [await attempts(seed) for seed in (1, 1, 2)]
    assert one == same
    assert one != other
    assert len(set(one)) == 20
    assert len(one) > 20
