"""What every request to Discord is watched for: refusals, silence asked for, our clock, and whether it left at all.

discord.py tells of each request through aiohttp's tracing. The library answers a 429 by sleeping and
sending again; in a call of the port it must not, since delivery gives up waiting and a later look would
not know of a message still to come. There a 429 ends the call.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp
import structlog

from adapters.discord.budget import Invalid
from bot.chat import Refused, RetryLater

SKEW = 30.0  # seconds between Discord's clock and ours from which an operator should know
BANNED = 600.0  # seconds to keep silent when a ban says no time of its own

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Attempt:
    """One call of the port. `left` is whether a request may have reached Discord and had an effect."""

    left: bool = False


_attempt: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


@contextmanager
def attempt() -> Iterator[Attempt]:
    """Watch the requests made inside as one call."""
    made = Attempt()
    token = _attempt.set(made)
    try:
        yield made
    finally:
        _attempt.reset(token)


class Watch:
    """Sees every request of one adapter, over all its connections."""

    def __init__(self, invalid: Invalid, clock: Callable[[], datetime]) -> None:
        self.invalid = invalid
        self.refusal = asyncio.Event()
        """Set once Discord has said that our token is no good; then nothing is sent any more."""
        self._clock = clock
        self._skewed = False

    async def over(self, life: "asyncio.Task[None]") -> None:
        """Wait until the connection ends and raise what ended it, or Refused as soon as our token is no good.

        Discord closes the gateway too when a token is reset, but not at once.
        """
        refusal = asyncio.create_task(self.refusal.wait())
        try:
            await asyncio.wait({life, refusal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            refusal.cancel()
        if not life.done():
            raise Refused("Discord does not accept the bot token")
        await life

    def trace(self) -> aiohttp.TraceConfig:
        """Return what discord.py takes as `http_trace`."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._starts)
        config.on_request_end.append(self._ends)
        config.on_request_exception.append(self._fails)
        return config

    async def _starts(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestStartParams,
    ) -> None:
        if self.refusal.is_set():
            raise Refused("Discord does not accept the bot token")
        if (pause := self.invalid.pause()) > 0:
            raise RetryLater(pause, everywhere=True)
        if (made := _attempt.get()) is not None:
            made.left = True

    async def _ends(
        self, session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        response = params.response
        made = _attempt.get()
        if made is not None and 400 <= response.status < 500:
            made.left = False
        self._compare_clocks(response.headers)
        if response.status == 401 and "Authorization" in params.headers:
            # An interaction's own token gives 401 too once it is old; that says nothing about ours.
            self.refusal.set()
        if response.status in (401, 403, 429) and response.headers.get("X-RateLimit-Scope") != "shared":
            self._count(response.status)
        if from_the_wall(response.status, response.headers):
            self.invalid.hold(seconds_of(response.headers) or BANNED)
            _log.error("shut out by what stands before Discord", status=response.status)
        elif response.status == 429 and made is not None:
            everywhere = response.headers.get("X-RateLimit-Scope") == "global"
            seconds = seconds_of(response.headers) or 1.0
            response.close()  # nobody will read it
            raise RetryLater(seconds, everywhere=everywhere)

    async def _fails(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestExceptionParams,
    ) -> None:
        made = _attempt.get()
        if made is not None and isinstance(params.exception, aiohttp.ClientConnectorError):
            made.left = False  # there was no connection to leave by

    def _count(self, status: int) -> None:
        if self.invalid.count():
            seconds = round(self.invalid.pause())
            _log.error("too many requests were refused, keeping silent", status=status, seconds=seconds)

    def _compare_clocks(self, headers: Mapping[str, str]) -> None:
        if self._skewed or "Date" not in headers:
            return
        try:
            theirs = parsedate_to_datetime(headers["Date"])
        except ValueError:
            return
        skew = (self._clock() - theirs).total_seconds()
        if abs(skew) > SKEW:
            self._skewed = True
            _log.warning("this machine's clock differs from Discord's", seconds=round(skew))


def from_the_wall(status: int, headers: Mapping[str, str]) -> bool:
    """Return whether the answer is Cloudflare's and not Discord's: it shuts out addresses with a page of its own."""
    html = headers.get("Content-Type", "").startswith("text/html")
    return (status == 429 and ("Via" not in headers or html)) or (status == 403 and html)


def seconds_of(headers: Mapping[str, str]) -> float:
    """Return the seconds to wait that the answer names, 0 when it names none."""
    try:
        return max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        return 0.0
