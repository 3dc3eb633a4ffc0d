"""The path a platform delivers at: the longest body it sends is taken whole, and one without end is not."""

import io
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest

from adapters.web.inbound import LIMIT, inbound
from adapters.web.server import WebServer


class Platform:
    """Takes what is delivered, and keeps the ledger."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], str]:
        self.taken.append(body)
        return 200, {"X-Seen": headers.get("x-sent", "")}, "taken"


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def url(platform: Platform) -> AsyncIterator[str]:
    server = WebServer(
        port=0, routes=[inbound("/slack/events", platform.receive)], open_paths=["/slack/events"]
    )
    await server.start()
    yield f"http://127.0.0.1:{server.port}/slack/events"
    await server.stop()


async def test_a_long_body_is_taken_and_one_too_long_is_refused(url: str, platform: Platform) -> None:
    chinese = b"text=" + b"%E6%96%87" * 40_000
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=chinese, headers={"X-Sent": "yes"}) as answer:
            assert (answer.status, answer.headers["X-Seen"], await answer.text()) == (200, "yes", "taken")
        async with session.post(url, data=io.BytesIO(b"x" * (LIMIT + 1))) as answer:
            assert answer.status == 413
    assert platform.taken == [chinese]
