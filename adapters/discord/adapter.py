"""Discord as one of Hearth's platforms: the port the core posts through, and what it hears from there."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import discord
import structlog

from adapters import emoji
from adapters.discord import cards, client, drawn, events, inbound, marks
from adapters.discord.answers import Desk
from adapters.discord.budget import Identifies, Invalid
from adapters.discord.client import Gateway
from adapters.discord.happenings import INTERESTED, Calendar, named
from adapters.discord.publishing import publish
from adapters.discord.refusals import INVALID_FORM, UNKNOWN_MEMBER, UNKNOWN_MESSAGE, meaning
from adapters.discord.watch import Watch, attempt
from bot.chat import (
    Actor,
    Address,
    Completing,
    Event,
    Handle,
    Mark,
    MessageRef,
    Noticed,
    Quote,
    Reacted,
    Recount,
    Refused,
    RetryLater,
    Undeliverable,
)
from bot.registry import Registry
from bot.settings import DiscordSettings
from bot.ui.cards import Card

CALL = 8.0
"""Seconds a call of the port may take; shorter than delivery waits, so that we can say what became of it."""

FINISH = 1.2
"""Seconds that what is under way gets when told to stop; with the connection's farewell, less than two."""

LOOK_BACK = 300  # messages of a channel that are searched for a letter in doubt

REACTORS = 200  # people per emoji whose reactions are recounted

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class DiscordAdapter:
    """Implements `bot.chat.Adapter`. Requests are made only while `run` is connected.

    `bot_name` goes unused: on Discord the bot is called what its application is.
    """

    name = events.NAME
    quarantine = 15.0
    """Short, because a second message with the same nonce is none for several minutes anyhow."""

    def __init__(
        self,
        settings: DiscordSettings,
        *,
        registry: Registry,
        clock: Callable[[], datetime],
        data_dir: Path,
        bot_name: str,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._data_dir = data_dir
        self._identifies = Identifies(data_dir, clock)
        self._watch = Watch(Invalid(), clock)
        self._desk = Desk(self._post, self.edit)
        self.calendar = Calendar(self._call) if settings.native_events else None
        """The servers' own events, where they are wanted."""
        self._gateway: Gateway | None = None
        self._handle: Handle | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._direct: dict[str, int] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, handle: Handle) -> None:
        """Be connected until cancelled.

        Raises Refused, or what ended the connection, which the caller mends by running again.
        """
        self._handle = handle
        self._watch.refusal.clear()
        try:
            async with client.connected(self, self._settings, self._identifies, self._watch) as (
                gateway,
                life,
            ):
                self._gateway = gateway
                try:
                    await self._watch.over(life)
                finally:
                    await self._finish()
                    self._gateway = None
        except Exception as error:
            ended = client.ending(error)
            raise ended from (error if ended is not error else None)

    # The port.

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        """Post the card under `key`: the same key again within minutes makes no second message."""
        return await self._post(to, card, key)

    async def _post(self, to: Address, card: Card, key: str) -> MessageRef:
        arguments = drawn.new(marks.marked(cards.render(card), key))

        async def send(gateway: Gateway) -> MessageRef:
            where = await self._place(gateway, to)
            try:
                sent = await where.send(**arguments, nonce=marks.nonce(key))
            except discord.NotFound as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                # Only a message with this nonce can be meant: it arrived, and was deleted since.
                _log.info("delivered, and deleted since", platform=self.name, letter=key)
                return MessageRef(to, "")
            return MessageRef(to, str(sent.id))

        return await self._call(send)

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        """Return the message that carries `key`, among the newest few hundred of its place."""

        async def look(gateway: Gateway) -> MessageRef | None:
            where = await self._place(gateway, to)
            own = gateway.user
            async for message in where.history(limit=LOOK_BACK):
                if own is not None and message.author.id == own.id and marks.carries(message, key):
                    return MessageRef(to, str(message.id))
            return None

        return await self._call(look)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Redraw one of our messages in place."""

        async def redraw(gateway: Gateway) -> None:
            where = await self._place(gateway, message.at)
            shown = where.get_partial_message(_number(message.id, place=False))
            try:
                await shown.edit(**drawn.anew(cards.render(card)))
            except discord.HTTPException as error:
                if error.code != INVALID_FORM:
                    raise
                # A message of components stays one, and only it knows that it is.
                await shown.edit(**drawn.anew(cards.render(card, v2=True)))

        await self._call(redraw)

    async def read(self, message: MessageRef) -> Quote | None:
        """Return what the message says, None when it cannot be read.

        Discord leaves other people's words out for whoever did not ask to read them: then only the
        permalink is left.
        """

        async def fetch(gateway: Gateway) -> Quote | None:
            where = await self._place(gateway, message.at)
            return inbound.quote(await where.fetch_message(_number(message.id, place=False)), message)

        try:
            return await self._call(fetch)
        except Undeliverable:
            return None

    async def _place(self, gateway: Gateway, to: Address) -> discord.PartialMessageable:
        if to.person and to.person not in self._direct:
            opened = await gateway.create_dm(_Recipient(str(_number(to.person))))  # type: ignore[arg-type]  # see there
            self._direct[to.person] = opened.id
        id_ = self._direct[to.person] if to.person else _number(to.channel)
        return gateway.get_partial_messageable(id_)

    async def _call(self, work: Callable[[Gateway], Awaitable[T]]) -> T:
        """Do the work and say what went wrong in the core's terms."""
        gateway = self._gateway
        if self._watch.refusal.is_set():
            raise Refused("Discord does not accept the bot token")
        if gateway is None:
            raise RetryLater(5.0, everywhere=True)
        with attempt() as made:
            try:
                async with asyncio.timeout(CALL):
                    return await work(gateway)
            except Exception as error:
                meant = meaning(error, made)
                raise meant from (error if meant is not error else None)

    # What happens there.

    async def begin(self, gateway: Gateway) -> None:
        """Publish the commands where they changed."""
        await publish(gateway, self._registry, self._settings.guild_ids, self._data_dir)

    async def interact(self, interaction: discord.Interaction) -> None:
        """Answer what somebody typed, pressed or sent; see it through even while the connection ends."""
        await self._see_through(self._interact(interaction))

    async def _interact(self, interaction: discord.Interaction) -> None:
        assert self._handle is not None, "there is a connection only while running"
        match inbound.read(interaction, self._registry):
            case Completing() as event:
                await self._desk.suggest(interaction, event, self._handle)
            case inbound.Heard() as heard:
                await self._desk.answer(interaction, heard, self._handle)
            case Card() as card:
                await self._desk.say(interaction, card)

    async def take(self, event: Event) -> None:
        """Pass on what happened, what one person does to reactions in the order they did it."""
        if not isinstance(event, Reacted):
            await self._see_through(self._take(event))
            return
        turn = self._turns.setdefault(event.by.id, asyncio.Lock())  # locks are fair: first come, first served
        await self._see_through(self._take(event, turn))

    async def _take(self, event: Event, turn: asyncio.Lock | None = None) -> None:
        async with turn or contextlib.nullcontext():
            await self._pass_on(event)

    async def _pass_on(self, event: Event) -> None:
        assert self._handle is not None, "there is a connection only while running"
        if isinstance(event, Reacted) and event.emoji == INTERESTED and self._gateway is not None:
            event = await named(self._gateway, event)
        answer = await self._handle(event)
        match answer:
            case Mark(name):
                await self._mark(event, name)
            case Recount(messages, people) if isinstance(event, Noticed):
                for message in messages:
                    await self._recount(message)
                if self._settings.members:
                    for person in people:
                        await self._look_for(person, event.at)

    async def _mark(self, event: Event, name: str) -> None:
        on = getattr(event, "on", None)
        if not isinstance(on, MessageRef):
            return

        async def react(gateway: Gateway) -> None:
            where = await self._place(gateway, on.at)
            await where.get_partial_message(_number(on.id)).add_reaction(emoji.drawn(name))

        try:
            await self._call(react)
        except (Undeliverable, RetryLater) as error:
            _log.info("a reaction was not confirmed", platform=self.name, reason=str(error))

    async def gap(self, shard: int) -> None:
        """Look for what came while nobody listened: Discord tells nothing of it afterwards."""
        gateway = self._gateway
        for guild in gateway.guilds if gateway is not None else ():
            if guild.shard_id == shard:
                await self.take(Noticed("missed", Address(self.name, workspace=str(guild.id))))

    async def _recount(self, on: MessageRef) -> None:
        """Tell of the reactions that stand on the message, one person's after another's."""

        async def standing(gateway: Gateway) -> list[Reacted]:
            where = await self._place(gateway, on.at)
            message = await where.fetch_message(_number(on.id, place=False))
            return [
                events.found(reaction, user, on)
                for reaction in message.reactions
                async for user in reaction.users(limit=REACTORS)
                if not user.bot
            ]

        try:
            found = await self._call(standing)
        except (Undeliverable, RetryLater) as error:
            _log.info("reactions were not recounted", platform=self.name, reason=str(error))
            return
        for event in found:
            await self._pass_on(event)

    async def _look_for(self, person: Actor, at: Address) -> None:
        """Tell that the person left, where the server no longer has them."""

        async def gone(gateway: Gateway) -> bool:
            guild = gateway.get_guild(_number(at.workspace))
            if guild is None:
                return False
            try:
                await guild.fetch_member(_number(person.id))
            except discord.NotFound as error:
                return error.code == UNKNOWN_MEMBER
            return False

        try:
            left = await self._call(gone)
        except (Undeliverable, RetryLater) as error:
            _log.info("a member was not looked for", platform=self.name, reason=str(error))
            return
        if left:
            await self._pass_on(Noticed("left", at, by=person))

    async def _see_through(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await asyncio.shield(task)

    async def _finish(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FINISH)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Recipient:
    """Somebody by id. The library passes the id on as it is, and Discord describes ids as text, not numbers."""

    id: str


def _number(id_: str, *, place: bool = True) -> int:
    """Return an id as Discord counts. Raises Undeliverable for what is none."""
    if not (id_.isascii() and id_.isdigit() and len(id_) <= 20):
        raise Undeliverable(f"Discord has no such {'place' if place else 'message'}", place=place)
    return int(id_)
