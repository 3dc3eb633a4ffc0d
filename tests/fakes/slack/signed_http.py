"""Deliveries over HTTP: signed, as forms or JSON, to an address or to the function that would serve it."""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack.deliveries import Ack, Delivery
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import Workspace


class Received(Protocol):
    """What the app answers."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> str: ...


Target = Callable[[bytes, Mapping[str, str]], Awaitable[Received]]


class SignedHttp:
    """The transport. `target` is the app's function, or the address of its request URL."""

    def __init__(self, workspace: Workspace, target: Target | str) -> None:
        self._workspace = workspace
        self._target = target
        self._sent: Counter[bytes] = Counter()

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack | None:
        body, media = written(delivery)
        # A retry is signed anew, some seconds after the one before, also where the clock stands still.
        late, self._sent[body] = self._sent[body], self._sent[body] + 1
        headers = {"Content-Type": media, "User-Agent": "Slackbot 1.0"}
        headers |= signed(self._workspace, body, seconds_ago=-late)
        if attempt and delivery.kind == "events_api":
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        try:
            status, text = await self._post(body, headers)
        except aiohttp.ClientError:
            return None
        return Ack(_answer(text)) if 200 <= status < 300 else None

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        if not isinstance(self._target, str):
            received = await self._target(body, headers)
            return received.status, received.body
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._target, data=body, headers=headers) as response,
        ):
            return response.status, await response.text()


def written(delivery: Delivery) -> tuple[bytes, str]:
    """Return the body of a delivery, and its media type."""
    match delivery.kind:
        case "events_api":
            return json.dumps(delivery.payload).encode(), "application/json"
        case "interactive":
            form = {"payload": json.dumps(delivery.payload)}
        case "slash_commands":
            form = delivery.payload
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def signed(workspace: Workspace, body: bytes, *, seconds_ago: int = 0) -> dict[str, str]:
    """Return the headers that prove where a body comes from."""
    stamp = str(int(workspace.clock().timestamp()) - seconds_ago)
    secret = workspace.app.signing_secret.encode()
    digest = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def _answer(text: str) -> Json | None:
    if not text.strip():
        return None
    try:
        answer = json.loads(text)
    except ValueError:
        return {"text": text}
    return answer if isinstance(answer, dict) and answer else None
