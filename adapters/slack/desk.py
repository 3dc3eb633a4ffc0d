"""Where deliveries come in: each is done once, acknowledged in time, and answered however late it gets."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from adapters.slack import events
from adapters.slack.answers import Answers, Turn, waiting
from adapters.slack.api import Api
from adapters.slack.events import Heard
from adapters.slack.homes import Homes
from adapters.slack.journal import Journal
from adapters.slack.order import Latest
from adapters.slack.people import People
from adapters.slack.posting import Posting
from bot import saving
from bot.chat import Actor, Address, Called, Event, Failed, Handle, Noticed, Reacted, Recount, Reply
from bot.ui.calls import Call
from bot.ui.cards import Card, note

IN_TIME = 1.5  # seconds a delivery is waited for before it is acknowledged unfinished; Slack waits three
LAST = 2.7  # seconds after which what could not be kept is refused: Slack delivers events again, and tells people
LINK_BUDGET = 0.6  # seconds for the address of a message that is saved
REMEMBERED = 1_000  # acknowledgements kept for the same delivery again
DRAIN = 1.8  # seconds for what is under way at the end
BROKEN = "Something went wrong on our side. Please look whether it was done before you try again."

Json = dict[str, Any]
Acknowledgement = tuple[int, Json]

_log = structlog.get_logger(__name__)


class Desk:
    """Takes payloads. `handle` is the core's while the adapter runs, `me` the bot's own user id."""

    def __init__(
        self,
        api: Api,
        posting: Posting,
        people: People,
        journal: Journal,
        *,
        parse: Callable[[str], Call],
        confidential: Callable[[Call], bool],
    ) -> None:
        self.handle: Handle | None = None
        self.me = ""
        self._api = api
        self._posting = posting
        self._people = people
        self._journal = journal
        self._homes = Homes(api, self._home)
        self._answers = Answers(api, posting, self._homes)
        self._latest = Latest()
        self._parse = parse
        self._confidential = confidential
        self._acknowledged: OrderedDict[str, Json] = OrderedDict()
        self._unfinished: dict[str, tuple[Turn, asyncio.Task[Json | None]]] = {}
        self._working: set[asyncio.Task[Any]] = set()

    async def heard(self, payload: Json) -> Acknowledgement:
        """Deal with one payload; return the status and what its acknowledgement carries.

        The same delivery again, be it at the same moment, gets the acknowledgement of the first.
        """
        handle = self.handle
        if handle is None:
            return 503, {}
        if payload.get("type") == "app_rate_limited":
            _log.error("Slack holds events back, for this workspace has too many: some are lost")
            self.catch_up(str(payload.get("team_id", "")))
            return 200, {}
        heard = self._read(payload)
        if heard is None:
            return 200, {}
        acknowledged = self._acknowledged.get(heard.delivery)
        if acknowledged is not None:
            return 200, acknowledged
        return await self._serve(heard, payload, handle)

    def catch_up(self, workspace: str) -> None:
        """Begin with what an earlier run acknowledged and did not finish, then look for what nobody heard of."""
        self._begin(asyncio.create_task(self._catch_up(workspace)))

    async def _catch_up(self, workspace: str) -> None:
        await self._replay()
        if self.handle is None:
            return
        answer = await self.handle(Noticed("missed", Address(events.PLATFORM, workspace=workspace)))
        for message in answer.messages if isinstance(answer, Recount) else ():
            for emoji, person in await self._posting.reactions(message):
                # Only members can answer, and those are known by name.
                by = Actor(events.PLATFORM, person, "")
                if person != self.me and self.handle is not None:
                    await self.handle(Reacted(emoji, True, message, by, found=True))

    async def _replay(self) -> None:
        for delivery, payload in self._journal.pending().items():
            handle = self.handle
            if handle is None:
                return  # what is left is for the next start
            heard = self._read(payload)
            if heard is not None:
                turn = self._turn(heard)
                turn.acknowledged, turn.began = True, float("-inf")
                await self._work(heard, turn, handle, again=True)
            await self._journal.done(delivery)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._working:
            await asyncio.wait(self._working)

    async def drain(self) -> None:
        """Give what is under way a moment; what was acknowledged and is not done stays in the journal."""
        self.handle = None
        if self._working:
            await asyncio.wait(self._working, timeout=DRAIN)
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def _read(self, payload: Json) -> Heard | None:
        try:
            return events.read(payload, parse=self._parse, me=self.me)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            kind = str(payload.get("type", ""))[:40]
            _log.warning("a payload was not understood", kind=kind, reason=type(error).__name__)
            return None

    def _turn(self, heard: Heard) -> Turn:
        call = heard.event.call if isinstance(heard.event, Called) else Call("")
        return Turn(heard.way, call, confidential=bool(call.path) and self._confidential(call))

    async def _serve(self, heard: Heard, payload: Json, handle: Handle) -> Acknowledgement:
        """Wait for the work on a delivery, which the same one again shares, as long as Slack allows.

        What is not done by then is acknowledged once it is on disk. Where no disk takes it, it is waited
        for until the last moment, and refused then.
        """
        delivery = heard.delivery
        turn, work = self._unfinished.get(delivery) or self._start(heard, handle)
        await asyncio.wait((work,), timeout=IN_TIME)
        safe = turn.confidential  # what must not be written down has to do without
        if not work.done() and not safe:
            safe = await self._journal.add(delivery, payload)
            if safe:
                work.add_done_callback(lambda work: self._finished(delivery, work))
            else:
                await asyncio.wait((work,), timeout=LAST - IN_TIME)
        if work.done():
            answer = work.result()
            return (503, {}) if answer is None else (200, self._remember(delivery, answer))
        turn.acknowledged = True
        return (200, self._remember(delivery, waiting(turn))) if safe else (503, {})

    def _start(self, heard: Heard, handle: Handle) -> tuple[Turn, asyncio.Task[Json | None]]:
        turn = self._turn(heard)
        work = asyncio.create_task(self._work(heard, turn, handle))
        self._unfinished[heard.delivery] = (turn, work)
        work.add_done_callback(lambda _: self._unfinished.pop(heard.delivery, None))
        self._begin(work)
        return turn, work

    def _remember(self, delivery: str, answer: Json) -> Json:
        self._acknowledged[delivery] = answer
        if len(self._acknowledged) > REMEMBERED:
            self._acknowledged.popitem(last=False)
        return answer

    def _finished(self, delivery: str, work: asyncio.Task[Json | None]) -> None:
        if not work.cancelled() and work.result() is not None:
            self._begin(asyncio.create_task(self._journal.done(delivery)))

    def _begin(self, task: asyncio.Task[Any]) -> None:
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _work(self, heard: Heard, turn: Turn, handle: Handle, *, again: bool = False) -> Json | None:
        """Tell the core and give its answer; return what the acknowledgement may carry.

        None: nothing was done, and the same delivery again may do it. Raises nothing but cancellation.
        """
        try:
            taken = isinstance(heard.event, Reacted) and not heard.event.added
            async with self._latest.turn(heard.subject, heard.moment, takes_back=taken) as current:
                if not current:
                    return {}
                if heard.what == "home":
                    await self._homes.draw(heard.way.person, heard.way.workspace)
                    return {}
                event = await self._named(heard)
                if event is None:
                    return {}
                answer = await handle(event)
                if heard.what == "revoked":
                    self._api.dead.set()
                if isinstance(answer, Failed):
                    return None
                if answer is None and again and isinstance(event, Called):
                    # The core did it before it was stopped; what it had to say went with it.
                    answer = Reply(note("I was restarted while I worked on that. It is done."))
                return await self._answers.give(turn, answer)
        except Exception as error:
            if turn.confidential:  # what an exception says may quote what was said
                _log.error("a delivery failed", surface=heard.way.surface, error=type(error).__name__)
            else:
                _log.exception("a delivery failed", surface=heard.way.surface)
        if not isinstance(heard.event, Called):
            return None
        return await self._answers.give(turn, Reply(note(BROKEN)))

    async def _named(self, heard: Heard) -> Event | None:
        """Return the event with what the payload left out: names, zones, and the address of a saved message."""
        match heard.event:
            case Called() as event:
                if heard.message:
                    quote = await self._posting.quote(heard.message, heard.way.channel, budget=LINK_BUDGET)
                    event = replace(event, call=saving.call(quote))
                return replace(event, by=await self._people.actor(event.by.id, event.by.name))
            case Reacted() as event:
                return replace(event, by=await self._people.actor(event.by.id, budget=2.0))
            case Noticed(what="profile") as event:
                return replace(event, by=self._people.learn(heard.profile))
            case Noticed(by=Actor(id=id_)) as event:
                return replace(event, by=await self._people.actor(id_, budget=2.0))
        return heard.event

    async def _home(self, person: str, workspace: str) -> Card | None:
        if self.handle is None:
            return None
        by = await self._people.actor(person)
        answer = await self.handle(Called(Call("cop home"), by, events.place("", workspace, person)))
        return answer.card if isinstance(answer, Reply) else None
