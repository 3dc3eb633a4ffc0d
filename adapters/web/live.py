"""The WebSocket a window listens on: what it missed, then every change as it happens."""

import asyncio
import json

from aiohttp import WSMsgType, web

from adapters.web.names import is_id
from adapters.web.room import Room, Window
from adapters.web.wire import change_json, problem

CATCH_UP_LIMIT = 300
"""Changes told one by one to a window that returns; after more it reads everything anew."""
_HEARTBEAT = 20.0
_CLOSE_WAIT = 2.0


class Live:
    """Windows only listen here; what they do goes over HTTP requests, which have answers."""

    def __init__(self, room: Room, version: str) -> None:
        self._room = room
        self._version = version

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one window: `as` says whose, `since` the number of the last change it saw."""
        who, since = request.query.get("as", ""), request.query.get("since", "0")
        known = await self._room.look(lambda chat: chat.person(who)) if is_id(who) else None
        if known is None or not (since.isascii() and since.isdigit() and len(since) < 19):
            raise problem(web.HTTPNotFound, "Nobody here has that name yet. Choose who you are first.")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, timeout=_CLOSE_WAIT, max_msg_size=1024)
        if not socket.can_prepare(request):
            raise problem(web.HTTPUpgradeRequired, "This address is for WebSockets.")
        await socket.prepare(request)
        window = self._room.open(known.id)  # before reading what was missed, so that nothing falls between
        try:
            await self._greet(socket, known.id, int(since))
            await self._until_any_ends(socket, window)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._room.shut(window)
        if window.queue.full() and request.transport is not None:
            request.transport.abort()  # too slow to be told goodbye
        await socket.close()
        return socket

    async def _greet(self, socket: web.WebSocketResponse, person: str, since: int) -> None:
        store, seq = await self._room.look(lambda chat: chat.clock())
        await socket.send_json({"kind": "hello", "store": store, "seq": seq, "version": self._version})
        missed = await self._room.look(lambda chat: chat.changes(since, limit=CATCH_UP_LIMIT + 1))
        if len(missed) > CATCH_UP_LIMIT:
            await socket.send_json({"kind": "reset"})
            return
        for change in missed:
            if change.only in ("", person):
                await socket.send_str(json.dumps(change_json(change)))

    async def _until_any_ends(self, socket: web.WebSocketResponse, window: Window) -> None:
        async def send() -> None:
            while True:
                await socket.send_str(await window.queue.get())

        async def listen() -> None:
            while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED,
                                                        WSMsgType.ERROR):  # fmt: skip
                pass  # nothing is expected from a window but that it goes

        tasks = [asyncio.create_task(step) for step in (send(), listen(), window.gone.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
