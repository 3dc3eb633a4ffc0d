"""Calls of Slack's Web API: each once, at the pace Slack allows, failing in the few ways of our own table."""

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.faults import Fate, fate
from bot.chat import Refused, RetryLater

Json = dict[str, Any]

TIMEOUT = 8.0  # seconds for one call; delivery gives up after ten
PATIENCE = 4.0  # seconds a call waits for its turn before it is put off
SKEW = 30.0  # seconds our clock may differ from Slack's
CHANNEL_PACE = 5.0  # seconds; a longer Retry-After of a post is about more than one channel's one a second
WATCH = 50.0  # seconds without a call after which one is made to see how things stand
UNREACHABLE = 10.0  # seconds until Slack is tried again when no connection came about
WINDOW = 61.0  # seconds in which a method may be called as often as its tier says a minute

# https://docs.slack.dev/apis/web-api/rate-limits: calls a minute. Posting is paced by whoever posts.
TIERS: Mapping[str, int] = {
    "chat.update": 50,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "conversations.open": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "users.info": 100,
    "views.open": 100,
    "views.update": 100,
    "views.publish": 100,
    "reactions.add": 50,
    "reactions.get": 50,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
}
# These take no JSON body.
_BY_QUERY = frozenset(
    (
        "users.info",
        "conversations.history",
        "conversations.replies",
        "chat.getPermalink",
        "reactions.get",
        "files.getUploadURLExternal",
    )
)

_log = structlog.get_logger(__name__)


class SlackError(Exception):
    """Slack refused the call with `error`, which means `fate`; `needed` names the scope that is missing."""

    def __init__(self, method: str, error: str, needed: str = "", details: str = "") -> None:
        super().__init__(f"{method}: {error}" + (f" ({details})" if details else ""))
        self.method = method
        self.error = error
        self.fate = fate(error)
        self.needed = needed


class Unclear(OSError):
    """The answer was lost or unreadable: whether the call had its effect is not known."""


class Api:
    """Slack's methods by name, with one token: `await api("chat.update", channel=…, ts=…)`.

    Every call raises SlackError, Unclear, RetryLater, or Refused once the token is worth nothing. `clock`
    is compared with Slack's.
    """

    def __init__(self, token: str, url: str, *, clock: Callable[[], datetime]) -> None:
        self.client = AsyncWebClient(token=token, base_url=url, timeout=int(TIMEOUT), retry_handlers=[])
        if (urlsplit(url).hostname or "") in ("127.0.0.1", "localhost", "::1"):
            self.client.proxy = None  # a proxy named in the environment is not meant for this machine
        self.dead = asyncio.Event()
        """Set once Slack no longer accepts the token."""
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._closed: dict[tuple[str, str], float] = {}
        self._said: set[str] = set()
        self._under_way = 0
        self._retired: list[aiohttp.ClientSession] = []
        self._skewed = False
        self._heard_at = time.monotonic()

    def open(self) -> None:
        """Keep connections from here on, until `close`; without them every call has its own."""
        self.client.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT))

    async def close(self) -> None:
        """Close them, after the last of the calls under way: it may be a letter's, and nobody waits for it here."""
        session, self.client.session = self.client.session, None
        if session is not None:
            self._retired.append(session)
        async with self._calling():
            pass

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator[None]:
        """Count a call; the last one closes the connections that are not kept any more."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            while self._retired and not self._under_way:
                await self._retired.pop().close()

    async def __call__(
        self, method: str, *, token: str = "", patience: float = PATIENCE, **given: Any
    ) -> Json:
        """Return the answer of the method. `patience` is how many seconds it may wait for its turn."""
        if self.dead.is_set() and method != "auth.test":
            raise Refused("Slack no longer accepts the bot token")
        place = str(given.get("channel", "")) if method == "chat.postMessage" else ""
        self._heed(method, place)
        await self._turn(method, patience)
        arguments = {name: value for name, value in given.items() if value is not None}
        sent: Json = {"params": arguments, "http_verb": "GET"} if method in _BY_QUERY else {"json": arguments}
        if token:
            sent["headers"] = {"Authorization": f"Bearer {token}"}
        try:
            async with self._calling():
                answer = await self.client.api_call(method, **sent)
        except SlackApiError as error:
            judged = self._judged(method, place, error)
            if not token and isinstance(judged, SlackError) and judged.fate is Fate.TOKEN:
                judged = await self._of_token(judged)
            raise judged from None
        except aiohttp.ClientConnectorError as error:
            raise self._unreachable(method, error) from error
        except (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError) as error:
            # The SDK itself stumbles (AttributeError) over answers that are no JSON at all.
            raise Unclear(f"{method}: {type(error).__name__}") from error
        finally:
            self._heard_at = time.monotonic()
        self._compare_clocks(answer.headers)
        if method == "auth.test":
            self.dead.clear()
        return dict(answer.data) if isinstance(answer.data, dict) else {}

    async def watch(self) -> None:
        """Ask Slack now and then who we are, where nothing else is asked: so a dead token and a wrong clock show."""
        while True:
            await asyncio.sleep(max(0.0, self._heard_at + WATCH - time.monotonic()))
            if time.monotonic() - self._heard_at >= WATCH:
                with contextlib.suppress(SlackError, Unclear, RetryLater, Refused):
                    await self("auth.test")

    async def send(self, url: str, *, json: Any = None, data: bytes | None = None) -> tuple[int, str]:
        """Post to an absolute address that Slack gave out; return the status and text of the answer.

        Raises Unclear.
        """
        kept = self.client.session
        session = kept or aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        try:
            async with (
                self._calling(),
                session.post(url, json=json, data=data, proxy=self.client.proxy, timeout=timeout) as answer,
            ):
                return answer.status, await answer.text(errors="replace")
        except (aiohttp.ClientError, OSError) as error:
            raise Unclear(f"answer address: {type(error).__name__}") from error
        finally:
            if kept is None:
                await session.close()

    def say_once(self, what: str, **context: Any) -> None:
        """Log an error that would otherwise be repeated with every call."""
        said = f"{what} {context}"
        if said not in self._said:
            self._said.add(said)
            _log.error(what, **context)

    # Pace

    def _heed(self, method: str, place: str) -> None:
        """Raise RetryLater while Slack wants the method, here or everywhere, left alone."""
        for key in ((method, ""), (method, place)):
            rest = self._closed.get(key, 0.0) - time.monotonic()
            if rest > 0:
                raise RetryLater(rest, everywhere=not key[1] and method == "chat.postMessage")
            self._closed.pop(key, None)

    async def _turn(self, method: str, patience: float) -> None:
        limit = TIERS.get(method)
        if limit is None:
            return
        calls, now = self._calls[method], time.monotonic()
        # Turns are given out ahead: the call that has to wait holds its place in the line.
        turn = max(now, calls[-limit] + WINDOW) if len(calls) >= limit else now
        if turn - now > patience:
            raise RetryLater(turn - now)
        calls.append(turn)
        while len(calls) > limit:
            calls.popleft()
        if turn > now:
            await asyncio.sleep(turn - now)

    # What went wrong

    async def _of_token(self, refusal: SlackError) -> Exception:
        """Return what a refusal of the token is: ask Slack itself, for some methods say it of a place."""
        if refusal.method != "auth.test":
            try:
                await self("auth.test")
            except Refused as refused:
                return refused
            except (SlackError, RetryLater, Unclear):
                return RetryLater(30, everywhere=True)
            refusal.fate = Fate.PLACE
            return refusal
        self.dead.set()
        return Refused(f"Slack refuses the bot token: {refusal.error}")

    def _judged(self, method: str, place: str, error: SlackApiError) -> Exception:
        response = error.response
        headers = getattr(response, "headers", None) or {}
        status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
        found = getattr(response, "data", None)
        data: Json = found if isinstance(found, dict) else {}
        self._compare_clocks(headers)
        code = str(data.get("error", ""))
        if status == 429 or code in ("ratelimited", "rate_limited"):
            return self._limited(method, place, headers)
        if not code:
            return Unclear(f"{method}: status {status} without an answer")
        refusal = SlackError(method, code, str(data.get("needed", "")), _details(data))
        match refusal.fate:
            case Fate.UNCLEAR:
                return Unclear(f"{method}: {code}")
            case Fate.LATER:
                return RetryLater(60)
            case Fate.BUG:
                _log.error(
                    "Slack refused the call as wrong", method=method, error=code, details=_details(data)
                )
        return refusal

    def _limited(self, method: str, place: str, headers: Mapping[str, str]) -> RetryLater:
        try:
            seconds = max(float(headers.get("Retry-After", 1)), 0.5)
        except ValueError:
            seconds = 30.0
        wide = not place or seconds > CHANNEL_PACE
        self._closed[(method, "" if wide else place)] = time.monotonic() + seconds
        if len(self._closed) > 10_000:
            now = time.monotonic()
            self._closed = {key: until for key, until in self._closed.items() if until > now}
        _log.info("Slack asks for a pause", method=method, seconds=seconds)
        return RetryLater(seconds, everywhere=wide and method == "chat.postMessage")

    def _unreachable(self, method: str, error: OSError) -> Exception:
        _log.warning("Slack cannot be reached", method=method, reason=type(error).__name__)
        return RetryLater(UNREACHABLE, everywhere=True)

    def _compare_clocks(self, headers: Mapping[str, Any]) -> None:
        """Say once when our clock and Slack's differ: Slack's signed requests are then refused as stale."""
        try:
            theirs = parsedate_to_datetime(str(headers.get("Date", "")))
            off = (self._clock() - theirs).total_seconds()
        except (ValueError, TypeError):
            return
        if (abs(off) > SKEW) == self._skewed:
            return
        self._skewed = not self._skewed
        if self._skewed:
            _log.error(
                "this machine's clock is wrong: set it by the network, or Slack's requests are refused",
                seconds=round(off),
                direction="ahead of Slack" if off > 0 else "behind Slack",
            )
        else:
            _log.info("this machine's clock agrees with Slack again", seconds=round(off))


def _details(data: Json) -> str:
    """Return what Slack adds to an error: which argument, which block; it repeats none of our text."""
    messages = (data.get("response_metadata") or {}).get("messages") or data.get("errors") or []
    return "; ".join(str(message)[:200] for message in messages[:5])
