"""Socket Mode: one-time tickets, several connections, each delivery on one of them, and how they end."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import WSMsgType, web

from tests.fakes.slack.deliveries import Ack, Delivery
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import APP, Workspace

MOST = 10
Reason = Literal["warning", "refresh_requested", "link_disabled"]


@dataclass(eq=False, slots=True)
class Connection:
    """One socket of the app, and the deliveries on it that are not acknowledged yet."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    waiting: dict[str, asyncio.Future[Ack | None]] = field(default_factory=dict)
    open: bool = True
    sent: int = 0


class SocketMode:
    """The transport. While `silent`, connections are taken and nothing is ever said on them, not even a pong."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.connections: list[Connection] = []
        self.silent = False
        self.full = False
        """Whether a new connection is told that there are too many."""
        self.opened = 0
        self.refused = 0
        self._turn = 0
        self._changed = asyncio.Condition()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Take one connection, with a ticket that has not been used."""
        if not self._workspace.tickets.use_socket(request.query.get("ticket", "")):
            self.refused += 1
            return web.Response(status=408, text="the ticket was used or never given")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = Connection(socket, request.transport)
        self.opened += 1
        if self.full or len(self.connections) >= MOST:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        if not self.silent:
            await self._greet(connection)
        self.connections.append(connection)
        await self._tell()
        try:
            await self._listen(connection)
        finally:
            connection.open = False
            self.connections.remove(connection)
            for waiting in connection.waiting.values():
                if not waiting.done():
                    waiting.set_result(None)
            await self._tell()
        return socket

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack | None:
        await self.until(1)
        connection = self.connections[self._turn % len(self.connections)]
        self._turn += 1
        envelope = str(uuid.uuid4())
        body: Json = {
            "type": delivery.kind,
            "envelope_id": envelope,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            body |= {"retry_attempt": attempt, "retry_reason": reason}
        heard: asyncio.Future[Ack | None] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope] = heard
        connection.sent += 1
        try:
            if not self.silent:
                await connection.socket.send_json(body)
            return await heard
        except (ConnectionError, RuntimeError):  # it went away while we spoke
            return None
        finally:
            connection.waiting.pop(envelope, None)

    async def until(self, connections: int) -> None:
        """Wait until the app has so many connections."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.connections) >= connections)

    async def disconnect(
        self, reason: Reason = "refresh_requested", connection: Connection | None = None
    ) -> None:
        """Tell the app that a connection, or each, is to end, and end it; after a warning it stays open."""
        for one in [connection] if connection else list(self.connections):
            await one.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "loopback"}}
            )
            if reason != "warning":
                await one.socket.close()

    def cut(self, connection: Connection | None = None) -> None:
        """Break a connection, or each, without a word."""
        for one in [connection] if connection else list(self.connections):
            one.open = False
            if one.transport is not None:
                one.transport.abort()

    async def close(self) -> None:
        """End every connection."""
        for one in list(self.connections):
            await one.socket.close()

    async def _greet(self, connection: Connection) -> None:
        hello = {
            "type": "hello",
            "num_connections": len(self.connections) + 1,
            "debug_info": {"host": "loopback", "approximate_connection_time": 18060},
            "connection_info": {"app_id": APP},
        }
        await connection.socket.send_json(hello)

    async def _listen(self, connection: Connection) -> None:
        async for frame in connection.socket:
            if self.silent:
                continue
            if frame.type is WSMsgType.PING:
                await connection.socket.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                said = json.loads(frame.data)
                heard = connection.waiting.get(said.get("envelope_id", ""))
                if heard is not None and not heard.done():
                    heard.set_result(Ack(said.get("payload")))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
