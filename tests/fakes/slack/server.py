"""The loopback Slack itself: a server on 127.0.0.1 that the real SDK talks to."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.slack import (
    chat,
    checks,
    conversations,
    faults,
    file_methods,
    payloads,
    people_methods,
    view_methods,
)
from tests.fakes.slack.calling import Arguments, Method, Refusal
from tests.fakes.slack.deliveries import Deliveries, Pace
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.ledger import Called, Json
from tests.fakes.slack.rates import Rates
from tests.fakes.slack.signed_http import SignedHttp, Target
from tests.fakes.slack.socket_mode import SocketMode
from tests.fakes.slack.state import BOT_USER, Message, Workspace

METHODS: Mapping[str, Method] = {
    **chat.METHODS,
    **conversations.METHODS,
    **people_methods.METHODS,
    **view_methods.METHODS,
    **file_methods.METHODS,
}


class Hangup(Exception):
    """The connection is to break without an answer."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Slack:
    """One workspace on a server. `target` is where HTTP deliveries go; without one, Socket Mode is spoken.

    `skew` is by how much the clock behind the `Date` header is ahead of `clock`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        pace: Pace | None = None,
        target: Target | str | None = None,
    ) -> None:
        self.workspace = Workspace(clock)
        self.faults = Faults()
        self.rates = Rates()
        self.skew = timedelta()
        self.sockets = SocketMode(self.workspace)
        self.deliveries = Deliveries(pace or Pace())
        self.deliveries.transport = self.sockets
        if target is not None:
            self.serve_to(target)
        self._runner: web.AppRunner | None = None

    @property
    def api_url(self) -> str:
        """What `slack.api_url` is to be set to."""
        return self.workspace.address("/api/")

    def serve_to(self, target: Target | str) -> None:
        """Deliver over HTTP from now on."""
        self.deliveries.transport = SignedHttp(self.workspace, target)

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/link/", self.sockets.serve)
        app.router.add_get("/link", self.sockets.serve)
        app.router.add_post("/respond/{ticket}", self._respond)
        app.router.add_post("/upload/{ticket}", self._upload)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.workspace.url = f"http://{host}:{port}"

    async def listening(self) -> None:
        """Wait until the app acknowledges what it is told."""
        nothing = payloads.event(self.workspace, {"type": "team_join", "user": {"id": BOT_USER}})
        async with asyncio.timeout(10):
            while await self.deliveries.once_more(nothing) is None:  # noqa: ASYNC110  # only asking shows it
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop listening; connections end."""
        await self.deliveries.stop()
        await self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> "Slack":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # The Web API.

    async def _call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        method = METHODS.get(name)
        arguments = Arguments(await _arguments(request, method))
        fault = self.faults.take(name)
        try:
            return await self._answered(request, name, method, arguments, fault)
        except Hangup:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

    async def _answered(
        self,
        request: web.Request,
        name: str,
        method: Method | None,
        arguments: Arguments,
        fault: faults.Fault | None,
    ) -> web.StreamResponse:
        match fault:
            case faults.Broken():
                self._wrote(name, arguments, "broken")
                raise Hangup
            case faults.Status(status, body, media):
                self._wrote(name, arguments, str(status))
                return web.Response(status=status, text=body, content_type=media, headers=self._headers())
            case faults.Errs(error, more):
                self._wrote(name, arguments, error, scripted=True)
                return self._json({"ok": False, "error": error, **more})
            case faults.TooMany(seconds):
                return self._too_many(name, arguments, seconds)
            case faults.Slow(seconds):
                await asyncio.sleep(seconds)
        channel = arguments.text("channel")
        wait = self.rates.wait(name, method.minute, channel) if method else 0
        if wait:
            return self._too_many(name, arguments, wait)
        answer = self._run(_token(request, arguments), method, arguments)
        self._wrote(name, arguments, answer.get("error", "ok"))
        match fault:
            case faults.Lost():
                raise Hangup
            case faults.SlowAnswer(seconds):
                await asyncio.sleep(seconds)
            case faults.Half():
                text = json.dumps(answer)
                return web.Response(
                    text=text[: len(text) // 2], content_type="application/json", headers=self._headers()
                )
        return self._json(answer)

    def _run(self, token: str, method: Method | None, arguments: Arguments) -> Json:
        try:
            self._authorise(token, method)
            assert method is not None
            return {"ok": True, **method.run(self.workspace, arguments)}
        except Refusal as refusal:
            return refusal.answer()

    def _authorise(self, token: str, method: Method | None) -> None:
        app = self.workspace.app
        if method is None:
            raise Refusal("unknown_method")
        if not token:
            raise Refusal("not_authed")
        if app.revoked:
            raise Refusal(app.revoked)
        if token not in (app.bot_token, app.app_token):
            raise Refusal("invalid_auth")
        if (token == app.app_token) != method.app_token:
            raise Refusal("not_allowed_token_type")
        if method.scopes and not method.app_token and not app.scopes.intersection(method.scopes):
            raise Refusal("missing_scope", needed=method.scopes[0], provided=",".join(sorted(app.scopes)))

    def _too_many(self, name: str, arguments: Arguments, seconds: int) -> web.Response:
        self._wrote(name, arguments, "429")
        return self._json(
            {"ok": False, "error": "ratelimited"}, status=429, more={"Retry-After": str(seconds)}
        )

    def _wrote(self, name: str, arguments: Arguments, outcome: str, *, scripted: bool = False) -> None:
        now = self.workspace.clock().timestamp()
        self.workspace.ledger.calls.append(Called(name, arguments.given, outcome, now, scripted))

    def _json(
        self, answer: Json, *, status: int = 200, more: Mapping[str, str] | None = None
    ) -> web.Response:
        return web.json_response(answer, status=status, headers={**self._headers(), **(more or {})})

    def _headers(self) -> dict[str, str]:
        now = (self.workspace.clock() + self.skew).astimezone(UTC)
        return {
            "Date": format_datetime(now.replace(microsecond=0), usegmt=True),
            "X-OAuth-Scopes": ",".join(sorted(self.workspace.app.scopes)),
        }

    # Addresses that were given out.

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take("response_url")
        body = await request.json()
        arguments = Arguments(body)
        match fault:
            case faults.Broken():
                self._wrote("response_url", arguments, "broken")
                request.transport.abort() if request.transport else None
                return web.Response()
            case faults.Status(status, text, media):
                self._wrote("response_url", arguments, str(status))
                return web.Response(status=status, text=text, content_type=media)
            case faults.Slow(seconds):
                await asyncio.sleep(seconds)
        found = self.workspace.tickets.use_answer(request.match_info["ticket"])
        if isinstance(found, str):
            self._wrote("response_url", arguments, found)
            return self._json({"ok": False, "error": found}, status=404)
        try:
            self._take(found.channel, found.person, arguments, found.message)
        except Refusal as refusal:
            self._wrote("response_url", arguments, refusal.error)
            return self._json(refusal.answer(), status=400)
        self._wrote("response_url", arguments, "ok")
        if isinstance(fault, faults.Lost) and request.transport is not None:
            request.transport.abort()
        return web.Response(text="ok", headers=self._headers())

    def _take(self, channel: str, person: str, arguments: Arguments, message: str) -> None:
        workspace = self.workspace
        place = workspace.channels[channel]
        about = place.message(message) if message else None
        if arguments.flag("delete_original"):
            if about is not None:
                about.deleted = True
                workspace.note("deleted", channel, about.ts, {})
            return
        text, blocks = checks.message(arguments.given)
        if arguments.flag("replace_original"):
            if about is None:
                raise Refusal("message_not_found")
            chat.replace(about, text, blocks, None)
            workspace.note("edited", channel, about.ts, dict(arguments.given))
            return
        self.say(channel, person, arguments.given)

    def say(self, channel: str, person: str, payload: Json) -> Message:
        """Show what the app answered an act with: to the person alone unless it says `in_channel`."""
        place = self.workspace.channels[channel]
        arguments = Arguments(payload)
        text, blocks = checks.message(arguments.given)
        if arguments.text("response_type") != "in_channel":
            return chat.keep_ephemeral(self.workspace, place, person, text, blocks)
        made = Message(self.workspace.ts(), channel, BOT_USER, text, blocks, by_app=True)
        place.messages.append(made)
        self.workspace.note("posted", channel, made.ts, dict(payload))
        return made

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        upload = self.workspace.uploads.get(request.match_info["ticket"])
        fault = self.faults.take("upload")
        if isinstance(fault, faults.Status):
            return web.Response(status=fault.status, text=fault.body, content_type=fault.media)
        content = await _uploaded(request)
        if upload is None or upload.content is not None or len(content) != upload.length:
            return web.Response(status=400, text="bad upload")
        upload.content = content
        return web.Response(text=f"OK - {len(content)}")


async def _arguments(request: web.Request, method: Method | None) -> Json:
    given: Json = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        if (method is None or method.json) and body:
            try:
                read: Any = json.loads(body)
            except ValueError:
                return given
            given |= read if isinstance(read, dict) else {}
    else:
        given |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return given


def _token(request: web.Request, arguments: Arguments) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") if header.startswith("Bearer ") else arguments.text("token")


async def _uploaded(request: web.Request) -> bytes:
    if request.content_type.startswith("multipart/"):
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.filename:
                return bytes(await part.read())
        return b""
    return await request.read()
