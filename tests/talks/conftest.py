"""Every dialogue is held on each platform, on each database."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.world import PLATFORMS, World, world as opened_world


@pytest.fixture
def settings() -> Mapping[str, Mapping[str, Any]]:
    """What is configured otherwise than usual, by section and key; dialogues may have their own."""
    return {}


@pytest.fixture(params=sorted(PLATFORMS))
async def world(
    request: pytest.FixtureRequest, database_url: str, settings: Mapping[str, Mapping[str, Any]]
) -> AsyncIterator[World]:
    """A world on each platform; nothing in it may fail behind the scenes."""
    with capture_logs() as log:
        async with opened_world(request.param, database_url, settings) as made:
            yield made
    assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []
