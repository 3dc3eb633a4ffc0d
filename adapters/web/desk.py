"""What the browser may ask of the web chat over HTTP, each request turned into an event or a change."""

import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from aiohttp import web

from adapters.emoji import EMOJI
from adapters.web.assets import Assets
from adapters.web.completing import bare, place
from adapters.web.live import Live
from adapters.web.names import is_id
from adapters.web.once import Once
from adapters.web.room import Room
from adapters.web.store import BOT, Channel, Message, Person, WebChat, direct
from adapters.web.wire import TEXT_LIMIT, Body, Json, channel_json, message_json, person_json, problem
from bot.chat import (
    Actor,
    Address,
    Answer,
    Ask,
    Called,
    Completing,
    Event,
    Handle,
    Mark,
    MessageRef,
    Reacted,
    Reply,
    Suggest,
    Update,
)
from bot.errors import BadValue, UserError
from bot.text import clean
from bot.ui.calls import Call, quote
from bot.ui.cards import Card, note
from bot.ui.codec import dump

log = structlog.get_logger()

PLATFORM = "web"
OUR_FAULT = "Something went wrong on our side. Please try that again in a moment."
_PAGE = 50
# The picker's first row.
_COMMON = ("bookmark", "white_check_mark", "question", "x", "star", "thumbsup", "heart", "tada")

Work = Callable[[], Coroutine[Any, Any, Json]]


class Desk:
    """The chat's routes; `handle` is None until the bot is running, and actions are then put off."""

    def __init__(
        self,
        room: Room,
        *,
        bot_name: str,
        parse: Callable[[str], Call],
        catalogue: Callable[[], Sequence[Mapping[str, Any]]],
        clock: Callable[[], datetime],
    ) -> None:
        self.handle: Handle | None = None
        self._room = room
        self._bot_name = bot_name
        self._parse = parse
        self._catalogue = catalogue
        self._clock = clock
        self._once: Once[Json] = Once()
        self._assets = Assets()
        self._live = Live(room, self._assets.version)

    def routes(self) -> Iterator[web.RouteDef]:
        yield from self._assets.routes()
        yield web.get("/chat/state", self._state)
        yield web.get("/chat/messages", self._messages)
        yield web.get("/chat/live", self._live.serve)
        yield web.post("/chat/people", self._add_person)
        yield web.post("/chat/channels", self._add_channel)
        yield web.post("/chat/say", self._say)
        yield web.post("/chat/press", self._press)
        yield web.post("/chat/submit", self._submit)
        yield web.post("/chat/react", self._react)
        yield web.post("/chat/complete", self._complete)

    # Looking

    async def _state(self, request: web.Request) -> web.Response:
        """Everything a window starts from. Without `as`, only who there is to be."""
        who = request.query.get("as", "")

        def work(chat: WebChat) -> tuple[Person | None, list[Person], list[Channel], tuple[str, int]]:
            known = chat.person(who) if is_id(who) else None
            return known, chat.people(), chat.channels(known.id) if known else [], chat.clock()

        # In one look: the change number must be that of what is told with it.
        known, people, channels, (store, seq) = await self._room.look(work)
        return web.json_response(
            {
                "bot": self._bot_name,
                "me": known and person_json(known),
                "people": [person_json(person) for person in people],
                "channels": [channel_json(channel) for channel in channels],
                "commands": list(self._catalogue()),
                "emoji": dict(EMOJI),
                "picker": list(dict.fromkeys((*_COMMON, *EMOJI))),
                "limit": TEXT_LIMIT,
                "store": store,
                "seq": seq,
                "version": self._assets.version,
            }
        )

    async def _messages(self, request: web.Request) -> web.Response:
        """A page of a channel, oldest first: the newest, those `before` an id, or those `around` one."""
        who, where = request.query.get("as", ""), request.query.get("channel", "")
        channel = await self._channel(who, where)
        try:
            before, around = (int(request.query.get(name, "0")) for name in ("before", "around"))
        except ValueError:
            raise problem(web.HTTPBadRequest, "That is not a message.") from None
        if not (0 <= before < 2**63 and 0 <= around < 2**63):
            raise problem(web.HTTPBadRequest, "That is not a message.")
        page = await self._room.look(
            lambda chat: chat.page(channel.id, before=before, around=around, limit=_PAGE)
        )
        first = page[0].id if page else 0
        older = (
            await self._room.look(lambda chat: chat.page(channel.id, before=first, limit=1)) if first else []
        )
        return web.json_response({"messages": [message_json(m) for m in page], "more": bool(older)})

    # Doing

    async def _add_person(self, request: web.Request) -> web.Response:
        name = (await Body.of(request)).text("name")
        return await _kindly(lambda: self._new_person(name))

    async def _add_channel(self, request: web.Request) -> web.Response:
        name = (await Body.of(request)).text("name")
        return await _kindly(lambda: self._new_channel(name))

    async def _say(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        by, at, channel = await self._who_where(body)
        delivery = body.delivery()
        text = body.text("text")

        async def work() -> Json:
            said = clean(text, limit=TEXT_LIMIT, what="A message")
            if not said:
                raise BadValue("There is nothing to send yet. Type something first.")
            if said.startswith("/"):
                return await self._call(Called(self._parse(bare(said)), by, at, delivery=delivery), None)
            message = await self._room.change(
                lambda chat: chat.say(channel.id, by.id, said, key=delivery, now=self._clock())
            )
            return {"kind": "said", "message": message_json(message)}

        return await self._act(delivery, work, needs_bot=text.lstrip().startswith("/"))

    async def _press(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        by, at, _ = await self._who_where(body)
        delivery, call = body.delivery(), body.call()
        on, ref = await self._message(by, body.message())
        event = Called(call, by, at, on=ref, delivery=delivery)
        return await self._act(delivery, lambda: self._call(event, on))

    async def _submit(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        by, at, _ = await self._who_where(body)
        delivery, call = body.delivery(), body.call()
        call = replace(call, args={**call.args, **body.values()})
        on, ref = await self._message(by, body.message())
        event = Called(call, by, at, on=ref, delivery=delivery)
        return await self._act(delivery, lambda: self._call(event, on))

    async def _react(self, request: web.Request) -> web.Response:
        body = await Body.of(request)
        by, at, _ = await self._who_where(body)
        delivery, emoji, added = body.delivery(), body.text("emoji"), body.flag("added")
        message, ref = await self._message(by, body.message())
        if emoji not in EMOJI or message is None or ref is None:
            raise problem(web.HTTPBadRequest, "That reaction cannot be put there.")

        async def work() -> Json:
            await self._room.change(lambda chat: chat.react(message.id, by.id, emoji, added=added))
            answer = await self._ask(Reacted(emoji, added, ref, by, delivery))
            return await self._shown(answer, at, message, delivery)

        return await self._act(delivery, work)

    async def _complete(self, request: web.Request) -> web.Response:
        """Completions for the end of a typed command ("text"), or for one field of a form ("call", "param")."""
        body = await Body.of(request)
        by, at, _ = await self._who_where(body)
        text, typed = body.text("text"), body.text("typed")
        if len(text) > TEXT_LIMIT or len(typed) > TEXT_LIMIT:
            return web.json_response({"options": []})
        if not text:
            found = await self._ask(Completing(body.call(), body.text("param"), typed, by, at))
            return web.json_response({"options": _options(found)})
        here = place(text, self._catalogue())
        if here is None:
            return web.json_response({"options": []})
        call = self._parse(bare(here.before))
        options = _fixed(here.field, here.typed)
        if not options:
            options = _options(await self._ask(Completing(call, here.field["name"], here.typed, by, at)))
        return web.json_response(
            {
                "path": here.command["path"],
                "param": here.field["name"],
                "before": here.before,
                "options": options,
            }
        )

    # Inside

    async def _act(self, delivery: str, work: Work, *, needs_bot: bool = True) -> web.Response:
        if needs_bot and self.handle is None:
            raise problem(web.HTTPServiceUnavailable, f"{self._bot_name} is just starting. One moment.")
        return await _kindly(lambda: self._once.do(delivery, work))

    async def _call(self, event: Called, on: Message | None) -> Json:
        return await self._shown(await self._ask(event), event.at, on, event.delivery)

    async def _ask(self, event: Event) -> Answer:
        if self.handle is None:
            return None
        try:
            return await self.handle(event)
        except UserError as refusal:
            return Reply(note(refusal.message))
        except Exception as failure:
            # Where it failed, not what it said: an exception's words may quote what a person wrote.
            log.error(
                "web event failed",
                kind=type(event).__name__,
                failure=type(failure).__name__,
                where=traceback.format_tb(failure.__traceback__),
            )
            return Reply(note(OUR_FAULT))

    async def _shown(self, answer: Answer, at: Address, on: Message | None, delivery: str) -> Json:
        """Carry the answer out, and return what the acting window has to show of it."""
        match answer:
            case Reply(card, private=False):
                where = _channel_id(at)
                message = await self._room.change(
                    lambda chat: chat.post(where, card, key=f"reply:{delivery}", now=self._clock())
                )
                return {"kind": "posted", "message": message_json(message)}
            case Reply(card):
                return self._private("private", card)
            case Update(card) if on is not None and on.author == BOT:
                await self._room.change(lambda chat: chat.edit(on.id, card))
                return {"kind": "edited"}
            case Update(card):
                return self._private("redraw", card)
            case Ask(form, known, problems):
                # What is known beyond the fields stays with the call, or it would be gone on sending.
                fields = {field.name for field in form.fields}
                carried = {name: value for name, value in known.items() if name not in fields}
                form = replace(form, call=replace(form.call, args=carried | dict(form.call.args)))
                return {"kind": "ask", "form": dump(form), "known": dict(known), "problems": dict(problems)}
            case Mark(emoji) if on is not None:
                await self._room.change(lambda chat: chat.react(on.id, BOT, emoji, added=True))
        return {"kind": "none"}

    def _private(self, kind: str, card: Card) -> Json:
        return {"kind": kind, "card": dump(card), "at": self._clock().isoformat()}

    async def _new_person(self, name: str) -> Json:
        return {"person": person_json(await self._room.change(lambda chat: chat.add_person(name)))}

    async def _new_channel(self, name: str) -> Json:
        return {"channel": channel_json(await self._room.change(lambda chat: chat.add_channel(name)))}

    async def _who_where(self, body: Body) -> tuple[Actor, Address, Channel]:
        who = await self._person(body.id("as"))
        channel = await self._channel(who.id, body.id("channel"))
        return Actor(PLATFORM, who.id, who.name, body.zone()), address(channel), channel

    async def _person(self, person_id: str) -> Person:
        person = await self._room.look(lambda chat: chat.person(person_id))
        if person is None:
            raise problem(web.HTTPNotFound, "Nobody here has that name yet. Choose who you are first.")
        return person

    async def _channel(self, who: str, channel_id: str) -> Channel:
        channel = await self._room.look(lambda chat: chat.channel(channel_id)) if is_id(channel_id) else None
        if channel is None or channel.person not in ("", who):
            raise problem(web.HTTPNotFound, "There is no such channel. Choose one from the list.")
        return channel

    async def _message(
        self, by: Actor, message_id: int | None
    ) -> tuple[Message, MessageRef] | tuple[None, None]:
        """Return the message acted on and how the core names it; nothing for a private one."""
        if message_id is None:
            return None, None
        message = await self._room.look(lambda chat: chat.message(message_id))
        if message is None:
            raise problem(web.HTTPNotFound, "That message is no longer here.")
        channel = await self._channel(by.id, message.channel)
        return message, MessageRef(address(channel), str(message.id))


async def _kindly(work: Callable[[], Awaitable[Json]]) -> web.Response:
    """Answer with what `work` returns, or with the sentence of a refusal.

    With status 200, since browsers report every other one as an error of the page.
    """
    try:
        return web.json_response(await work())
    except UserError as refusal:
        return web.json_response({"problem": refusal.message})


def address(channel: Channel) -> Address:
    """Return where a channel is, in the core's words."""
    if channel.person:
        return Address(PLATFORM, person=channel.person)
    return Address(PLATFORM, channel.id, name=channel.name)


def _channel_id(at: Address) -> str:
    return direct(at.person) if at.person else at.channel


def _options(answer: Answer) -> list[Json]:
    if not isinstance(answer, Suggest):
        return []
    return [{"value": o.value, "label": o.label, "insert": quote(o.value)} for o in answer.options]


def _fixed(field: Mapping[str, Any], typed: str) -> list[Json]:
    """Completions that need nobody's help: the field's own choices, or yes and no."""
    choices = [(c["value"], c["label"]) for c in field.get("choices") or ()]
    if field["kind"] == "yesno":
        choices = [("yes", "Yes"), ("no", "No")]
    start = typed.casefold()
    return [
        {"value": value, "label": label, "insert": quote(value)}
        for value, label in choices
        if value.casefold().startswith(start) or label.casefold().startswith(start)
    ]
