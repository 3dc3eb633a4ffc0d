"""Slack over HTTP: signed requests in, the acknowledgement out; whatever is not Slack's own gets 401."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import structlog

WINDOW = 300  # seconds a request may be old or ahead, as Slack recommends

Json = dict[str, Any]
Dispatch = Callable[[Json], Awaitable[tuple[int, Json]]]

_log = structlog.get_logger(__name__)


class Received(NamedTuple):
    """What to answer: a status, headers, and a body of text."""

    status: int
    headers: Mapping[str, str] = {}
    body: str = ""


class Signatures:
    """Who signed a request, and whether it came before. `clock` must agree with Slack's."""

    def __init__(self, secret: str, clock: Callable[[], datetime]) -> None:
        self._secret = secret.encode()
        self._clock = clock
        self._seen: dict[str, float] = {}

    def accept(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether Slack signed this body within the last five minutes, and it is the first time."""
        timestamp, signature = (
            headers.get("x-slack-request-timestamp", ""),
            headers.get("x-slack-signature", ""),
        )
        if not self._secret or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return False
        now = self._clock().timestamp()
        if abs(now - int(timestamp)) > WINDOW:
            return False
        expected = hmac.new(
            self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256
        ).hexdigest()
        if not hmac.compare_digest(f"v0={expected}".encode(), signature.encode("utf-8", "replace")):
            return False
        while self._seen and next(iter(self._seen.values())) < now - 2 * WINDOW:
            del self._seen[next(iter(self._seen))]
        if signature in self._seen:
            return False
        self._seen[signature] = now
        return True


async def receive(
    body: bytes, headers: Mapping[str, str], signatures: Signatures, dispatch: Dispatch
) -> Received:
    """Check, read and dispatch one request. `dispatch` returns the status and the answer, {} for none."""
    lower = {name.lower(): value for name, value in headers.items()}
    if not signatures.accept(body, lower):
        return Received(401, body="not signed by Slack")
    try:
        payload = read(body, lower.get("content-type", ""))
    except (ValueError, RecursionError):
        return Received(400, body="not understood")
    if payload.get("type") == "url_verification":
        return Received(200, {"Content-Type": "text/plain; charset=utf-8"}, str(payload.get("challenge", "")))
    if "ssl_check" in payload:
        return Received(200)
    status, answer = await dispatch(payload)
    if not answer:
        return Received(status)
    return Received(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(answer))


def read(body: bytes, content_type: str) -> Json:
    """Return the payload of a request: JSON, JSON in a form's `payload`, or the form itself.

    Raises ValueError.
    """
    text = body.decode()
    if content_type.partition(";")[0].strip().lower() == "application/json":
        found = json.loads(text)
    else:
        form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200))
        # A command's text may well have the word in it; only a field of that name holds JSON.
        found = json.loads(form["payload"]) if "payload" in form and "command" not in form else form
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found
