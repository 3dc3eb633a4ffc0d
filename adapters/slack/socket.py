"""Socket Mode: two connections to Slack, each renewed before it ends, and never a stampede of attempts."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog

from adapters.slack.api import Api, SlackError, Unclear
from adapters.slack.faults import Fate
from bot.chat import Refused, RetryLater

LINES = 2
STAGGER = 5.0  # seconds between the first connection and the second, so that they are not renewed together
HELLO = 10.0  # seconds a new connection may stay silent
HEARTBEAT = 15.0  # seconds between pings; a pong is due after half of it, so silence is found within 23 s
STEADY = 30.0  # seconds a connection has to live to count as a good one
GRACE = 2.0  # seconds an old connection stays for what is still to be acknowledged on it
ENDING = 1.6  # seconds for that at the end: as long as a delivery takes to be acknowledged
FAREWELL = 0.3  # seconds for the other end to say goodbye
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0

Json = dict[str, Any]
Dispatch = Callable[[Json], Awaitable[tuple[int, Json]]]

_log = structlog.get_logger(__name__)


class _Failed(Exception):
    """A connection did not come about; `seconds` is what Slack asks to wait, at least."""

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Sockets:
    """Keeps the connections. `dispatch` takes a payload and returns the status and the answer, {} for none.

    Only a status of 200 is acknowledged; anything else Slack delivers again.
    """

    def __init__(self, api: Api, app_token: str, dispatch: Dispatch) -> None:
        self._api = api
        self._token = app_token
        self._dispatch = dispatch
        self._opening = asyncio.Lock()
        self._failures = 0
        self._next_at = 0.0
        self._retiring: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Stay connected until cancelled. Raises Refused when Slack does not accept the app token."""
        async with aiohttp.ClientSession() as session:
            lines = [asyncio.create_task(self._line(session, number)) for number in range(LINES)]
            try:
                await asyncio.wait(lines, return_when=asyncio.FIRST_COMPLETED)
                for line in lines:
                    if line.done():
                        line.result()
            finally:
                for task in (*lines, *self._retiring):
                    task.cancel()
                await asyncio.gather(*lines, *self._retiring, return_exceptions=True)

    async def _line(self, session: aiohttp.ClientSession, number: int) -> None:
        await asyncio.sleep(number * STAGGER)
        open_: list[_Connection] = []
        try:
            while True:
                # The successor connects first: what Slack sends meanwhile still has an open end.
                open_.append(await self._connected(session))
                while len(open_) > 1:
                    self._retire(open_.pop(0))
                began = time.monotonic()
                reason = await open_[0].leaving()
                if time.monotonic() - began < STEADY:
                    self._put_off(0.0)
                else:
                    self._failures = 0
                _log.info("a connection to Slack ends, opening another", reason=reason)
        finally:
            for connection in open_:
                await connection.close()

    def _retire(self, connection: "_Connection") -> None:
        task = asyncio.create_task(connection.close(GRACE))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _connected(self, session: aiohttp.ClientSession) -> "_Connection":
        async with self._opening:
            while True:
                await asyncio.sleep(max(0.0, self._next_at - time.monotonic()))
                try:
                    return await self._attempt(session)
                except _Failed as failure:
                    wait = self._put_off(failure.seconds)
                    _log.warning("no connection to Slack", reason=str(failure), seconds=round(wait, 1))

    def _put_off(self, at_least: float) -> float:
        """Let all lines wait longer with each failure in a row; return for how long."""
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0**self._failures)
        wait = max(at_least, wait * random.uniform(0.75, 1.25))  # noqa: S311  # spreads attempts, no secret
        self._failures = min(self._failures + 1, 10)
        self._next_at = time.monotonic() + wait
        return wait

    async def _attempt(self, session: aiohttp.ClientSession) -> "_Connection":
        """Open one connection at a fresh address, which Slack gives out for one use."""
        try:
            answer = await self._api("apps.connections.open", token=self._token)
        except RetryLater as later:
            raise _Failed("Slack asks to wait", later.seconds) from None
        except SlackError as error:
            if error.fate in (Fate.TOKEN, Fate.SCOPE):
                raise Refused(f"Slack refuses the app token: {error.error}") from None
            raise _Failed(error.error) from None
        except Unclear as error:
            raise _Failed(str(error)) from None
        try:
            socket = await session.ws_connect(
                str(answer["url"]), heartbeat=HEARTBEAT, max_msg_size=0, proxy=self._api.client.proxy
            )
        except (aiohttp.ClientError, OSError, KeyError, ValueError) as error:
            raise _Failed(type(error).__name__) from None
        connection = _Connection(socket, self._dispatch)
        try:
            async with asyncio.timeout(HELLO):
                await connection.greeted()
        except TimeoutError:
            await connection.close()
            raise _Failed("no greeting") from None
        except BaseException:
            await connection.close()
            raise
        return connection


class _Connection:
    """One WebSocket: reads envelopes, has each dispatched by itself, and acknowledges it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, dispatch: Dispatch) -> None:
        self._socket = socket
        self._dispatch = dispatch
        self._greeted = asyncio.Event()
        self._leaving = asyncio.Event()
        self._reason = "closed"
        self._envelopes: set[asyncio.Task[None]] = set()
        self._reader = asyncio.create_task(self._read())

    async def greeted(self) -> None:
        """Wait for Slack's hello. Raises _Failed when the connection ends before."""
        ended = asyncio.create_task(self._leaving.wait())
        hello = asyncio.create_task(self._greeted.wait())
        try:
            await asyncio.wait((ended, hello), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            hello.cancel()
        if not self._greeted.is_set():
            raise _Failed(self._reason)

    async def leaving(self) -> str:
        """Wait until the connection ends, or Slack says that it soon will; return why."""
        await self._leaving.wait()
        return self._reason

    async def close(self, grace: float = 0.0) -> None:
        """Give what is under way `grace` seconds to be acknowledged, and close."""
        with contextlib.suppress(asyncio.CancelledError):
            if grace:
                await asyncio.sleep(grace)
            elif self._envelopes:
                await asyncio.wait(self._envelopes, timeout=ENDING)
        for task in self._envelopes:
            task.cancel()
        self._reader.cancel()
        await asyncio.gather(self._reader, *self._envelopes, return_exceptions=True)
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._socket.close()

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.data)
        finally:
            # Without a pong aiohttp ends the connection; its iteration ends here like after a close.
            self._leaving.set()

    def _take(self, text: str) -> None:
        try:
            envelope = json.loads(text)
            kind = envelope.get("type", "")
        except (ValueError, AttributeError):
            _log.warning("Slack sent what is no envelope", characters=len(text))
            return
        match kind:
            case "hello":
                self._greeted.set()
            case "disconnect":
                self._reason = str(envelope.get("reason", "disconnect"))
                if self._reason == "link_disabled":
                    _log.error("Socket Mode is switched off in the app's settings at Slack")
                self._leaving.set()
            case _ if "envelope_id" in envelope:
                task = asyncio.create_task(self._envelope(envelope))
                self._envelopes.add(task)
                task.add_done_callback(self._envelopes.discard)

    async def _envelope(self, envelope: Mapping[str, Any]) -> None:
        payload = envelope.get("payload")
        status, answer = await self._dispatch(payload if isinstance(payload, dict) else {})
        if status != 200:
            return
        acknowledgement: Json = {"envelope_id": envelope["envelope_id"]}
        if answer:
            acknowledgement["payload"] = answer
        try:
            await self._socket.send_json(acknowledgement)
        except (aiohttp.ClientError, OSError, RuntimeError):
            # Slack delivers it again by another connection, and gets the same answer there.
            _log.info("an acknowledgement found its connection closed")
