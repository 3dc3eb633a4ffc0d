"""Socket Mode: two connections, renewed before they end, found dead when silent, and never a stampede."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import socket
from bot.chat import Answer, Event, Refused, Reply
from bot.ui.cards import note
from tests.adapters.slack.scene import Core, Scene, made, played, until
from tests.fakes.slack import Ack, Slack
from tests.fakes.slack.faults import Errs, Status, TooMany


@pytest.fixture
async def lines(slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """An adapter with both its connections."""
    monkeypatch.setattr(socket, "STAGGER", 0.05)
    monkeypatch.setattr(socket, "FIRST_WAIT", 0.05)
    async with played(slack, tmp_path) as scene:
        await slack.sockets.until(2)
        yield scene


async def answered(scene: Scene) -> bool:
    ack = await scene.person("Ana").command("cop list", scene.general)
    return ack is not None and ack.payload is not None


async def test_there_are_two_connections_each_at_an_address_of_its_own(lines: Scene) -> None:
    assert len(lines.slack.sockets.connections) == 2
    for _ in range(4):
        assert await answered(lines)
    assert [c.sent for c in lines.slack.sockets.connections] == [2, 2]
    assert lines.slack.sockets.refused == 0


async def test_one_broken_line_is_replaced_while_the_other_carries_on(lines: Scene) -> None:
    lines.slack.sockets.cut(lines.slack.sockets.connections[0])
    await until(lambda: lines.slack.sockets.opened == 3)
    await lines.slack.sockets.until(2)
    for _ in range(3):
        assert await answered(lines)
    assert lines.slack.sockets.refused == 0


async def test_when_all_break_they_come_back_at_fresh_addresses(lines: Scene) -> None:
    lines.slack.sockets.cut()
    await until(lambda: lines.slack.sockets.opened == 4)
    await lines.slack.sockets.until(2)
    assert await answered(lines)
    assert lines.slack.sockets.refused == 0
    assert lines.called("apps.connections.open") == ["ok"] * 4


async def test_before_a_connection_ends_the_next_is_open(lines: Scene) -> None:
    await lines.slack.sockets.disconnect("warning")
    await until(lambda: lines.slack.sockets.opened == 4)
    await until(lambda: len(lines.slack.sockets.connections) >= 2)
    assert await answered(lines)
    # The old ones are closed after a while, and two are left.
    await until(lambda: len(lines.slack.sockets.connections) == 2)
    assert await answered(lines)


async def test_a_refresh_loses_nothing(lines: Scene) -> None:
    await lines.slack.sockets.disconnect("refresh_requested")
    for _ in range(5):
        assert await answered(lines)


async def test_what_is_under_way_when_a_connection_is_replaced_is_acknowledged_on_it(lines: Scene) -> None:
    gate = asyncio.Event()

    async def wait(event: Event) -> Answer:
        await gate.wait()
        return Reply(note("Done."))

    lines.core.script = wait
    asking = asyncio.create_task(lines.person("Ana").command("cop list", lines.general))
    await until(lambda: lines.core.events)
    await lines.slack.sockets.disconnect("warning")
    await until(lambda: lines.slack.sockets.opened == 4)
    gate.set()
    ack = await asking
    assert ack is not None
    assert ack.payload is not None


async def test_a_silent_connection_is_found_dead(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert socket.HEARTBEAT * 1.5 < 30  # aiohttp waits half a heartbeat for the pong
    monkeypatch.setattr(socket, "STAGGER", 0.05)
    monkeypatch.setattr(socket, "HEARTBEAT", 0.4)
    monkeypatch.setattr(socket, "HELLO", 0.2)
    monkeypatch.setattr(socket, "FIRST_WAIT", 0.05)
    async with played(slack, tmp_path) as scene:
        await slack.sockets.until(2)
        silent = list(slack.sockets.connections)
        slack.sockets.silent = True
        await until(lambda: not any(c.open for c in silent))
        slack.sockets.silent = False
        await until(lambda: len([c for c in slack.sockets.connections if c.open]) == 2)
        assert await answered(scene)


async def test_a_connection_without_a_greeting_is_given_up(
    slack: Slack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "HELLO", 0.1)
    monkeypatch.setattr(socket, "FIRST_WAIT", 0.05)
    slack.sockets.silent = True
    async with played(slack, tmp_path) as scene:
        await until(lambda: slack.sockets.opened >= 2)
        slack.sockets.silent = False
        await until(lambda: any(c.open for c in slack.sockets.connections))
        assert await answered(scene)


@pytest.mark.parametrize(
    "trouble", ["too many", TooMany(1), Status(500), Errs("internal_error"), Errs("fatal_error")], ids=repr
)
async def test_refusals_never_become_a_stampede(slack: Slack, tmp_path: Path, trouble: Any) -> None:
    if trouble == "too many":
        slack.sockets.full = True
    else:
        slack.faults.always("apps.connections.open", trouble)
    waits: list[float] = []

    class Clocked(socket.Sockets):
        """Whose waiting is written down and takes no time."""

        def _put_off(self, at_least: float) -> float:
            waits.append(super()._put_off(at_least))
            self._next_at = 0.0
            return waits[-1]

    adapter = made(slack, tmp_path)
    sockets = Clocked(adapter._api, slack.workspace.app.app_token, adapter._bolt.dispatch)
    adapter._api.open()
    running = asyncio.create_task(sockets.run())
    await until(lambda: len(waits) >= 12)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await adapter._api.close()
    in_a_minute = next(n for n in range(len(waits)) if sum(waits[: n + 1]) > 60) + 1
    assert in_a_minute < 10
    assert max(waits) <= socket.LONGEST_WAIT * 1.25


async def test_a_pause_that_slack_asks_for_is_kept(slack: Slack, tmp_path: Path) -> None:
    slack.faults.next("apps.connections.open", TooMany(45))
    adapter = made(slack, tmp_path)
    sockets = socket.Sockets(adapter._api, slack.workspace.app.app_token, adapter._bolt.dispatch)
    running = asyncio.create_task(sockets.run())
    with capture_logs() as log:
        await until(lambda: [e for e in log if e["event"] == "no connection to Slack"])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [e["seconds"] >= 44 for e in log if e["event"] == "no connection to Slack"] == [True]


@pytest.mark.parametrize("error", ["invalid_auth", "not_allowed_token_type", "missing_scope"])
async def test_an_app_token_that_slack_refuses_ends_the_run(slack: Slack, tmp_path: Path, error: str) -> None:
    slack.faults.always("apps.connections.open", Errs(error))
    with pytest.raises(Refused, match="app token"):
        await asyncio.wait_for(made(slack, tmp_path).run(Core().handle), 5)


async def test_it_waits_for_slack_to_be_there(slack: Slack, tmp_path: Path) -> None:
    slack.faults.next("auth.test", Status(503))
    async with played(slack, tmp_path) as scene:
        assert await answered(scene)


async def test_what_is_no_envelope_does_no_harm(lines: Scene) -> None:
    for connection in lines.slack.sockets.connections:
        await connection.socket.send_str("{")
        await connection.socket.send_str("[1]")
        await connection.socket.send_json({"type": "something_new", "envelope_id": "e1", "payload": "text"})
        await connection.socket.send_json({"type": "debug"})
        await connection.socket.send_bytes(b"\x00")
    assert await answered(lines)
    assert await answered(lines)


async def test_every_envelope_is_acknowledged_whatever_it_is_about(lines: Scene) -> None:
    ana = lines.person("Ana")
    assert await ana.shortcut("no_such_shortcut") == Ack(None)
    assert await ana.leave(lines.general) == Ack(None)
