"""Requests over HTTP: only what Slack signed, once and lately; junk gets 401 and never a 500."""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from adapters.slack.http import Received, Signatures, receive

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)

Json = dict[str, Any]


class Wall:
    """A clock to set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Site:
    """The endpoint, with what came through."""

    def __init__(self) -> None:
        self.wall = Wall()
        self.signatures = Signatures(SECRET, self.wall)
        self.got: list[Json] = []
        self.answer: tuple[int, Json] = (200, {})

    async def dispatch(self, payload: Json) -> tuple[int, Json]:
        self.got.append(payload)
        return self.answer

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> Received:
        return await receive(body, headers, self.signatures, self.dispatch)

    async def signed(self, body: bytes | str, media: str = "application/json", *, ago: int = 0) -> Received:
        body = body.encode() if isinstance(body, str) else body
        return await self.receive(body, {**headers(body, ago), "Content-Type": media})


def headers(body: bytes, ago: int = 0) -> dict[str, str]:
    """Return the headers as Slack makes them."""
    stamp = str(int((NOW - timedelta(seconds=ago)).timestamp()))
    digest = hmac.new(SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, "sha256").hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def test_signatures_are_made_as_slacks_own_library_makes_them() -> None:
    made = headers(b"token=x&team_id=T1")
    verifier = SignatureVerifier(SECRET)
    expected = verifier.generate_signature(
        timestamp=made["X-Slack-Request-Timestamp"], body=b"token=x&team_id=T1"
    )
    assert made["X-Slack-Signature"] == expected


@pytest.fixture
def site() -> Site:
    return Site()


FORM = "application/x-www-form-urlencoded"


async def test_what_slack_signed_is_read_and_its_answer_sent(site: Site) -> None:
    site.answer = 200, {"text": "hello «you»"}
    received = await site.signed(urlencode({"command": "/cop", "text": "the payload=x of a payload"}), FORM)
    assert site.got == [{"command": "/cop", "text": "the payload=x of a payload"}]
    assert received.status == 200
    assert received.headers["Content-Type"].startswith("application/json")
    assert json.loads(received.body) == {"text": "hello «you»"}


async def test_interactions_come_as_json_in_a_form_and_events_as_json(site: Site) -> None:
    await site.signed(urlencode({"payload": json.dumps({"type": "block_actions"})}), FORM)
    received = await site.signed('{"type": "event_callback"}')
    assert [payload["type"] for payload in site.got] == ["block_actions", "event_callback"]
    assert received == (200, {}, "")


async def test_a_command_with_a_field_called_payload_stays_a_command(site: Site) -> None:
    await site.signed(urlencode({"command": "/cop", "text": "x", "payload": "not json"}), FORM)
    assert site.got[0]["text"] == "x"


async def test_the_address_is_verified_with_the_challenge(site: Site) -> None:
    received = await site.signed('{"type": "url_verification", "challenge": "abc<>"}')
    assert (received.status, received.body) == (200, "abc<>")
    assert received.headers["Content-Type"].startswith("text/plain")
    assert (await site.signed(urlencode({"ssl_check": "1"}), FORM)).status == 200
    assert site.got == []


async def test_what_is_refused_behind_it_is_refused_before_it(site: Site) -> None:
    site.answer = 503, {}
    assert (await site.signed("{}")).status == 503


async def test_a_request_is_taken_once(site: Site) -> None:
    assert (await site.signed("{}")).status == 200
    assert (await site.signed("{}")).status == 401
    site.wall.now += timedelta(seconds=299)
    assert (await site.signed("{}")).status == 401
    assert len(site.got) == 1
    assert (await site.signed("{}", ago=1)).status == 200  # the same again, signed anew, is Slack's own retry


@pytest.mark.parametrize("ago", [301, -301, 10**9])
async def test_a_request_from_another_time_is_not_taken(site: Site, ago: int) -> None:
    assert (await site.signed("{}", ago=ago)).status == 401
    assert (await site.signed("{}", ago=299 if ago > 0 else -299)).status == 200


async def test_another_body_another_secret_or_no_secret_is_not_taken(site: Site) -> None:
    assert (await site.receive(b'{"x":1}', headers(b"{}"))).status == 401
    site.signatures = Signatures("another", site.wall)
    assert (await site.signed("{}")).status == 401
    site.signatures = Signatures("", site.wall)
    assert (await site.signed("{}")).status == 401
    assert site.got == []


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "x",
        "1e9",
        "-1",
        "+1795608000",
        " 1795608000",
        "١٧٩٥٦٠٨٠٠٠",
        "9" * 5000,
        "1795608000.0",
        "0x10",
        "\x00",
    ],
)
async def test_junk_for_a_timestamp_is_401(site: Site, junk: str) -> None:
    good = headers(b"{}")
    assert (await site.receive(b"{}", good | {"X-Slack-Request-Timestamp": junk})).status == 401
    assert (await site.receive(b"{}", good)).status == 200


@pytest.mark.parametrize("junk", ["", "v0=", "v0=" + "0" * 64, "v1=abc", "é" * 64, "\ud800"])
async def test_junk_for_a_signature_is_401(site: Site, junk: str) -> None:
    assert (await site.receive(b"{}", headers(b"{}") | {"X-Slack-Signature": junk})).status == 401


@given(
    body=st.binary(max_size=200), media=st.sampled_from(["application/json", FORM, "", "text/plain", "a/b;c"])
)
async def test_whatever_is_signed_gets_an_answer_and_never_a_crash(body: bytes, media: str) -> None:
    site = Site()
    assert (await site.signed(body, media)).status in (200, 400)


@pytest.mark.parametrize("body", ["[1]", "7", "null", "{", '{"a":' * 10_000, "\x80"])
async def test_what_is_no_object_is_not_understood(site: Site, body: str) -> None:
    assert (await site.signed(body.encode("latin-1"))).status == 400
    assert site.got == []


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=80), max_size=6))
async def test_whatever_is_not_signed_is_401(junk: dict[str, str]) -> None:
    site = Site()
    assert (await site.receive(b"{}", junk)).status == 401
    assert (await site.receive(b"{}", {"X-Slack-Signature": "x", **junk})).status == 401
    assert site.got == []
