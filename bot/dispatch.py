"""From an event to an answer: find the command, open one transaction, bind, run. The core's only async code."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from bot import arguments
from bot.chat import (
    Answer,
    Called,
    Completing,
    Event,
    Failed,
    MessageRef,
    Noticed,
    Quote,
    Reacted,
    Reply,
    Suggest,
)
from bot.config import Config
from bot.errors import NotAllowed, Problems, UserError
from bot.metrics import Metrics
from bot.registry import Command, Context, Group, Registry, Work
from bot.rules import people
from bot.ui.cards import Button, Buttons, Card, note
from storage.database import Database, Db

log = structlog.get_logger()

OUR_FAULT = "Something went wrong on our side and nothing was changed. Please try again in a moment."


class Reactions(Protocol):
    """What reactions mean; the commands room provides it."""

    def wanted(self, ctx: Context, event: Reacted) -> str | None:
        """Return what the reaction asks for, or None when it means nothing here. Reads only."""

    def done(self, ctx: Context, event: Reacted, action: str, quote: Quote | None) -> Answer:
        """Do it."""

    def needs_quote(self, action: str) -> bool:
        """Return whether the message itself has to be read for it."""


class Notices(Protocol):
    """What changes on a platform mean; the commands room provides it."""

    def concerns(self, db: Db, event: Noticed) -> bool:
        """Return whether the notice is about anything known here. Reads only."""

    def act(self, db: Db, event: Noticed, config: Config, now: datetime) -> Answer:
        """Take note of it."""


class Dispatcher:
    """Holds what every event needs; `after` is called once something was written."""

    def __init__(
        self,
        registry: Registry,
        database: Database,
        config: Config,
        *,
        clock: Callable[[], datetime],
        reactions: Reactions,
        notices: Notices,
        read: Callable[[MessageRef], Awaitable[Quote | None]],
        after: Callable[[], None],
        metrics: Metrics,
    ) -> None:
        self._registry = registry
        self._database = database
        self.config = config
        self._clock = clock
        self._reactions = reactions
        self._notices = notices
        self._read = read
        self._after = after
        self._metrics = metrics

    async def handle(self, event: Event) -> Answer:
        """Return the answer to the event; whatever goes wrong becomes a sentence for the person."""
        match event:
            case Called():
                return await self._called(event)
            case Reacted():
                return await self._reacted(event)
            case Completing():
                return await self._completing(event)
            case Noticed():
                return await self._noticed(event)

    async def _called(self, event: Called) -> Answer:
        began = time.perf_counter()
        path, outcome, confidential = "unknown", "done", False
        try:
            command = self._registry.command(event.call.path)
            path, confidential = command.path, command.confidential
            if event.form and command.asks:
                return await self._asked(event, command)
            return await self._run(event, command)
        except Problems as wrong:
            if not command.has_fields_for(wrong.by_param):
                outcome = "refused"
                return Reply(note(wrong.message))
            outcome = "asked"
            return command.ask(arguments.place(command, event.call), wrong.by_param)
        except UserError as refusal:
            outcome = "refused"
            return Reply(_refusal(refusal))
        except Exception as error:
            outcome = "failed"
            if confidential:  # what an exception says may quote what was said
                log.error("command failed", path=path, platform=event.by.platform, error=type(error).__name__)
            else:
                log.exception("command failed", path=path, platform=event.by.platform)
            return Reply(note(OUR_FAULT))
        finally:
            spent = time.perf_counter() - began
            self._metrics.command(path, outcome, spent)
            log.debug("command", path=path, outcome=outcome, ms=round(spent * 1000, 1))

    async def _run(self, event: Called, command: Command) -> Answer:
        later: list[Work] = []

        def work(db: Db) -> Answer:
            later.clear()  # a transaction that is tried again starts afresh
            if command.writes and not people.first_time(db, event.delivery, self._clock()):
                return None
            ctx = self._context(db, event, command, writes=command.writes)
            ctx.given = arguments.place(command, event.call)
            ctx.later = later
            return command.run(ctx, **arguments.bind(ctx, ctx.given))

        if not command.writes:
            return await self._database.read(work)
        answer = await self._database.write(work)
        for step in later:
            answer = await self._database.write(step)
        self._after()
        return answer

    async def _asked(self, event: Called, command: Command) -> Answer:
        """Return the form filled with what the call says; raises like binding for who may not at all."""

        def look(db: Db) -> Answer:
            ctx = self._context(db, event, command, writes=False)
            given = arguments.place(command, event.call)
            return command.ask(given, arguments.doubts(ctx, given))

        return await self._database.read(look)

    def _context(
        self, db: Db, event: Called | Reacted | Completing, command: Command, *, writes: bool
    ) -> Context:
        now = self._clock()
        at = event.on.at if isinstance(event, Reacted) else event.at
        person_id = people.known(db, event.by, now) if writes else people.recognise(db, event.by)
        return Context(
            db=db,
            now=now,
            config=self.config,
            registry=self._registry,
            command=command,
            actor=event.by,
            at=at,
            person_id=person_id,
            on=None if isinstance(event, Completing) else event.on,
        )

    async def _reacted(self, event: Reacted) -> Answer:
        if event.by.bot:
            return None
        try:
            action = await self._database.read(
                lambda db: self._reactions.wanted(self._context(db, event, _REACTION, writes=False), event)
            )
            if action is None:
                return None
            quote = await self._read(event.on) if self._reactions.needs_quote(action) else None

            def work(db: Db) -> Answer:
                if not people.first_time(db, event.delivery, self._clock()):
                    return None
                ctx = self._context(db, event, _REACTION, writes=True)
                return self._reactions.done(ctx, event, action, quote)

            answer = await self._database.write(work)
            self._after()
            return answer
        except UserError as refusal:
            # Nobody asked for words: a reaction that cannot be honoured stays without effect.
            log.info("reaction refused", reason=type(refusal).__name__)
            return None
        except Exception:
            log.exception("reaction failed", platform=event.by.platform)
            return Failed()

    async def _completing(self, event: Completing) -> Answer:
        try:
            command = self._registry.command(event.call.path)
            options = await self._database.read(
                lambda db: arguments.complete(
                    self._context(db, event, command, writes=False), event.param, event.typed
                )
            )
        except UserError:
            options = []
        except Exception:
            log.exception("completion failed", path=event.call.path)
            options = []
        return Suggest(options)

    async def _noticed(self, event: Noticed) -> Answer:
        try:
            # Most of what a large workspace tells of is about people and places unknown here.
            if not await self._database.read(lambda db: self._notices.concerns(db, event)):
                return None

            def work(db: Db) -> Answer:
                now = self._clock()
                if not people.first_time(db, event.delivery, now):
                    return None
                return self._notices.act(db, event, self.config, now)

            answer = await self._database.write(work)
            self._after()
            return answer
        except Exception:
            log.exception("notice failed", what=event.what, platform=event.at.platform)
            return Failed()


def _refusal(refusal: UserError) -> Card:
    card = note(refusal.message)
    if isinstance(refusal, NotAllowed) and refusal.remedy:
        card = replace(card, blocks=(*card.blocks, Buttons((Button(*refusal.remedy),))))
    return card


def _silent(ctx: Context) -> Answer:
    return None


def _pseudo() -> Command:
    """A command that stands for a reaction, so that a context is the same everywhere."""
    group = Group("reaction", "")
    group.command("A reaction", name="reaction", hidden=True)(_silent)
    return group.commands[0]


_REACTION = _pseudo()
