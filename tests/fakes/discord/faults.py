"""What goes wrong between a bot and Discord, on demand: each fault meets the next request it fits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from tests.fakes.discord.wire import respond

Answer = Callable[[], Awaitable[web.StreamResponse]]

BAN_PAGE = (
    "<!DOCTYPE html><html><head><title>Access denied | discord.com used Cloudflare to restrict access</title>"
    "</head><body><h1>Error 1015</h1><p>You are being rate limited.</p></body></html>"
)


@dataclass(slots=True)
class Fault:
    """Meets `times` requests of the method whose described path ends with `path`.

    "lost": the effect stands, and the line is cut before the answer. "reset": cut before any effect.
    "held": the effect stands, the answer waits for `gate`. "delayed": the request waits for `gate`.
    "status": refused with this status and, below 500, this `code`. "page": a page of HTML with it, as Cloudflare has for those it shuts out. "limited": 429 as
    Discord says it, "bare" 429 without the headers, as its neighbours do.
    """

    kind: Literal["lost", "reset", "held", "delayed", "status", "page", "limited", "bare"]
    method: str = "POST"
    path: str = "/messages"
    times: int = 1
    status: int = 503
    code: int = 0
    retry_after: float = 0.05
    everywhere: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    met: int = 0
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it has had its (first) effect, or what it does instead."""

    def fits(self, method: str, path: str) -> bool:
        return self.met < self.times and method == self.method and path.endswith(self.path)


class Faults:
    """The faults to come, in order."""

    def __init__(self) -> None:
        self.coming: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        self.coming.extend(faults)

    async def around(self, request: web.Request, path: str, answer: Answer) -> web.StreamResponse:
        """Return the answer, with the first fault that fits."""
        fault = next((f for f in self.coming if f.fits(request.method, path)), None)
        if fault is None:
            return await answer()
        fault.met += 1
        if fault.kind != "held":
            fault.struck.set()
        match fault.kind:
            case "lost":
                await answer()
                return cut(request)
            case "reset":
                return cut(request)
            case "held":
                answered = await answer()
                fault.struck.set()
                await fault.gate.wait()
                return answered
            case "delayed":
                await fault.gate.wait()
                return await answer()
            case "page":
                told = {"Retry-After": f"{fault.retry_after:g}"}
                return web.Response(
                    status=fault.status, text=BAN_PAGE, content_type="text/html", headers=told
                )
            case "status":
                return respond(
                    {"code": fault.code, "message": "scripted"}, fault.status, {"Via": "1.1 google"}
                )
            case "limited" | "bare":
                return limited(fault.retry_after, everywhere=fault.everywhere, bare=fault.kind == "bare")


def cut(request: web.Request) -> web.Response:
    """Cut the line; what is returned is not sent any more."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def limited(
    retry_after: float, *, everywhere: bool = False, bare: bool = False, headers: dict[str, str] | None = None
) -> web.Response:
    """Return a 429; a bare one lacks the headers by which Discord's own can be told."""
    told = {} if bare else {"Via": "1.1 google", "Retry-After": f"{retry_after:.3f}", **(headers or {})}
    if everywhere and not bare:
        told |= {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": everywhere}
    return respond(body, 429, told)
