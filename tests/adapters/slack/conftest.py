"""Fixtures of the Slack adapter's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.slack.api import Api
from tests.adapters.slack.scene import Scene, played
from tests.fakes.slack import Slack


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as made:
        yield made


@pytest.fixture(params=["socket", "http"])
async def scene(request: pytest.FixtureRequest, slack: Slack, tmp_path: Path) -> AsyncIterator[Scene]:
    """A running adapter over each of the transports."""
    async with played(slack, tmp_path, request.param) as made:
        yield made


@pytest.fixture
async def desk(slack: Slack, tmp_path: Path) -> AsyncIterator[Scene]:
    """A running adapter over HTTP, where the transport does not matter."""
    async with played(slack, tmp_path, "http") as made:
        yield made


@pytest.fixture
async def api(slack: Slack) -> AsyncIterator[Api]:
    """Calls of the loopback Slack's API."""
    api = Api(slack.workspace.app.bot_token, slack.api_url, clock=slack.workspace.clock)
    api.open()
    yield api
    await api.close()
