"""Who people are: their names and time zones, which most of Slack's payloads leave out."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

import structlog

from adapters.slack.api import Api, SlackError, Unclear
from adapters.slack.faults import Fate
from bot.chat import Actor, Refused, RetryLater

MOST = 10_000
FRESH = 3_600.0  # seconds until a profile is looked up again, should Slack not tell of changes
RETRY = 300.0  # seconds until one that could not be had is asked for again
BUDGET = 0.5  # seconds an answer may be kept waiting for a name

Json = dict[str, Any]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Profile:
    """Somebody as they are known until then; without a name where Slack did not say."""

    actor: Actor
    named: bool
    until: float


class People:
    """A bounded memory of profiles, filled by users.info and by what Slack tells of changes."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: OrderedDict[str, _Profile] = OrderedDict()
        self._asked: dict[str, asyncio.Task[None]] = {}

    async def actor(self, id_: str, name: str = "", *, budget: float = BUDGET) -> Actor:
        """Return the person, by `name` and without a zone where Slack does not say within `budget` seconds."""
        known = self._known.get(id_)
        if known is None or known.until < time.monotonic():
            asked = self._asked.get(id_) or self._ask(id_)
            if known is None:  # an old profile is good enough to answer by
                await asyncio.wait((asked,), timeout=budget)
                known = self._known.get(id_)
        if known is None:
            return Actor("slack", id_, name)
        self._known.move_to_end(id_)
        return known.actor if known.named else Actor("slack", id_, name)

    def learn(self, user: Json) -> Actor:
        """Take a profile as Slack's API and events have it, and return the person."""
        profile = user.get("profile") or {}
        names = (
            profile.get("display_name"),
            profile.get("real_name"),
            user.get("real_name"),
            user.get("name"),
        )
        name = next((str(n) for n in names if n), "")
        id_, zone = str(user.get("id", "")), user.get("tz")
        bot = bool(user.get("is_bot")) or id_ == "USLACKBOT"
        actor = Actor("slack", id_, name, str(zone) if zone else None, bot)
        self._keep(id_, _Profile(actor, True, time.monotonic() + FRESH))
        return actor

    async def close(self) -> None:
        """Ask no further."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _keep(self, id_: str, profile: _Profile) -> None:
        self._known[id_] = profile
        self._known.move_to_end(id_)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def _ask(self, id_: str) -> asyncio.Task[None]:
        task = self._asked[id_] = asyncio.create_task(self._fetch(id_))
        task.add_done_callback(lambda _: self._asked.pop(id_, None))
        return task

    async def _fetch(self, id_: str) -> None:
        try:
            answer = await self._api("users.info", user=id_)
            self.learn(answer["user"])
            return
        except SlackError as error:
            if error.fate is Fate.SCOPE:
                self._api.say_once("names and time zones are missing", scope=error.needed or "users:read")
        except (RetryLater, Refused, Unclear, KeyError, TypeError) as error:
            _log.info("a profile could not be had", reason=type(error).__name__)
        before = self._known.get(id_)
        if before is not None:
            self._keep(id_, replace(before, until=time.monotonic() + RETRY))
        elif len(self._known) < MOST:
            self._keep(id_, _Profile(Actor("slack", id_, ""), False, time.monotonic() + RETRY))
