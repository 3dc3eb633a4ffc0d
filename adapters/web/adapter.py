"""The web chat as one of Hearth's platforms: the port the core posts through."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from adapters.web.desk import PLATFORM, Desk, address
from adapters.web.names import is_id
from adapters.web.room import Room
from adapters.web.store import BOT, Channel, Message, WebChat, direct
from bot.chat import Actor, Address, Handle, MessageRef, Quote, Undeliverable
from bot.ui.calls import Call
from bot.ui.cards import Card, Facts, Text, words
from bot.ui.spans import Link

_LINK = re.compile(r"https?://[^\s<>\"“”]+", re.IGNORECASE)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WebAdapter:
    """Implements `bot.chat.Adapter` over a `WebChat`, which stays its maker's to close.

    `parse` reads what was typed after the slash (and after `cop`, where that was typed) and never
    raises; "" is a slash alone. `catalogue` lists the commands to offer, JSON-ready: {"path", "summary",
    "fields": [{"name", "label", "hint", "kind", "required", "choices": [{"value", "label"}]}]}.
    `base_url` is asked when a permalink is made.
    """

    name = PLATFORM
    quarantine = 0.0  # posting is one local transaction under a unique key

    def __init__(
        self,
        chat: WebChat,
        *,
        bot_name: str,
        parse: Callable[[str], Call],
        catalogue: Callable[[], Sequence[Mapping[str, Any]]],
        base_url: Callable[[], str] = str,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._room = Room(chat)
        self._desk = Desk(self._room, bot_name=bot_name, parse=parse, catalogue=catalogue, clock=clock)
        self._bot_name = bot_name
        self._base_url = base_url
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Return the chat's routes, for the `WebServer`."""
        return list(self._desk.routes())

    async def run(self, handle: Handle) -> None:
        """Pass what people do to `handle` until cancelled; then end all windows' connections."""
        self._desk.handle = handle
        try:
            await asyncio.Event().wait()
        finally:
            self._desk.handle = None
            self._room.close()

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        """Post the card once under `key`; the channel or person is made if there is none yet.

        Raises Undeliverable for an address that names neither.
        """
        where = to.person or to.channel
        if not is_id(where) or "@" in where:
            raise Undeliverable("the web chat has no such place")

        def work(chat: WebChat) -> Message:
            return chat.post(_place(chat, to).id, card, key=key, now=self._clock())

        return MessageRef(to, str((await self._room.change(work)).id))

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        """Return the message posted there under `key`, exactly."""
        where = direct(to.person) if to.person else to.channel
        message = await self._room.look(lambda chat: chat.find(where, key))
        return MessageRef(to, str(message.id)) if message else None

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Redraw one of the bot's messages for everyone. Raises Undeliverable when it is not there."""
        number = _number(message)
        if await self._room.change(lambda chat: chat.edit(number, card)) is None:
            raise Undeliverable("that message is not in the web chat")

    async def read(self, message: MessageRef) -> Quote | None:
        """Return what the message says and the web addresses in it, or None when it is not there."""
        number = _number(message)
        found = await self._room.look(lambda chat: chat.message(number))
        if found is None:
            return None
        channel = await self._room.look(lambda chat: chat.channel(found.channel))
        person = await self._room.look(lambda chat: chat.person(found.author))
        if person is None:
            author = Actor(PLATFORM, BOT, self._bot_name, bot=True)
        else:
            author = Actor(PLATFORM, person.id, person.name)
        if found.card is None:
            return Quote(author, found.text, links(found.text), self._permalink(found, channel))
        return Quote(author, words(found.card), _card_links(found.card), self._permalink(found, channel))

    # What the sample of the demo is played with

    async def enter(self, by: Actor) -> None:
        """Let that person be one of those who are here."""
        await self._room.change(lambda chat: chat.ensure_person(by.id, by.name))

    async def write(self, by: Actor, at: Address, text: str) -> MessageRef:
        """Say the text as that person in a channel, made if there is none yet."""

        def work(chat: WebChat) -> Message:
            key = f"written:{chat.clock()[1]}"
            return chat.say(_place(chat, at).id, by.id, text, key=key, now=self._clock())

        return MessageRef(at, str((await self._room.change(work)).id))

    async def react(self, by: Actor, emoji: str, on: MessageRef) -> None:
        """Put the reaction on as that person, or as the bot; the bot is not told of it."""
        number, who = _number(on), BOT if by.bot else by.id
        await self._room.change(lambda chat: chat.react(number, who, emoji, added=True))

    def _permalink(self, message: Message, channel: Channel | None) -> str:
        if channel is None or address(channel).direct:
            return ""  # a conversation with the bot is nobody else's to open
        return f"{self._base_url()}/?{urlencode({'channel': channel.id, 'message': message.id})}"


def links(text: str) -> tuple[str, ...]:
    """Return the http(s) addresses in `text` in order, each once, without the punctuation after them."""
    found: list[str] = []
    for match in _LINK.finditer(text):
        link = match.group().rstrip(".,;:!?'’*_~…")
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(".,;:!?")
        if link not in found:
            found.append(link)
    return tuple(found)


def _card_links(card: Card) -> tuple[str, ...]:
    found: list[str] = []
    for block in card.blocks:
        match block:
            case Text(spans):
                found += [span.url for span in spans if isinstance(span, Link)]
            case Facts(pairs):
                found += [span.url for _, value in pairs for span in value if isinstance(span, Link)]
    return tuple(dict.fromkeys(found))


def _place(chat: WebChat, to: Address) -> Channel:
    if not to.person:
        return chat.ensure_channel(to.channel, to.name)
    chat.ensure_person(to.person, to.name)
    return chat.ensure_channel(direct(to.person))


def _number(message: MessageRef) -> int:
    """Return the message's number in the store, 0 (which none has) when it is not one."""
    id_ = message.id
    return int(id_) if id_.isascii() and id_.isdigit() and len(id_) < 19 else 0
