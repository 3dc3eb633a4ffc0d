"""The web chat, for dialogues: its real server on a loopback port, and a window for each person.

A window does what the page does: it acts by POST, shows the private answers it gets, and hears of
everything else through its WebSocket.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from adapters import plain
from adapters.emoji import name_of
from adapters.web import WebAdapter, WebChat, WebServer
from adapters.web.catalogue import catalogue
from bot.app import Hearth
from bot.chat import Address, MessageRef
from bot.ui.cards import Card
from bot.ui.codec import dump, load, load_card
from bot.ui.forms import Form

Json = dict[str, Any]


@dataclass(slots=True)
class Shown:
    """One message in a window: of a channel, or, without a number, a private answer that lives in it alone."""

    channel: str
    number: int | None
    author: str
    text: str
    card: Card | None
    marks: frozenset[str] = frozenset()


class Browser:
    """All the windows that are open on the chat."""

    def __init__(self, hearth: Hearth, adapter: WebAdapter, settle: Callable[[], Awaitable[None]]) -> None:
        self.adapter = adapter
        self.settle = settle
        self.clock = hearth.clock
        self.session: ClientSession
        self.url = ""
        self.messages: dict[int, Shown] = {}
        self._windows: dict[str, Window] = {}

    def person(self, name: str, zone: str | None = None) -> "Window":
        return self._windows.setdefault(name.lower(), Window(self, name, zone))

    def channel(self, name: str) -> "Channel":
        return Channel(self, name.removeprefix("#").lower())

    async def catch_up(self) -> None:
        await asyncio.gather(*(window.catch_up() for window in self._windows.values()))

    async def close(self) -> None:
        await asyncio.gather(*(window.close() for window in self._windows.values()))

    async def post(self, path: str, body: Json) -> Json:
        """Return the answer; a refusal has only its sentence, under "problem"."""
        async with self.session.post(f"{self.url}{path}", json=body) as response:
            answer: Json = await response.json()
            assert response.status == 200, answer
            return answer

    def hear(self, thing: Json) -> tuple[Shown, bool]:
        """Take in a message as it is now; return it, and whether it is new here."""
        card = load_card(thing["card"]) if thing["card"] else None
        marks = frozenset(r["emoji"] for r in thing["reactions"] if "" in r["people"])
        shown = Shown(thing["channel"], thing["id"], thing["author"], thing["text"], card, marks)
        known = self.messages.setdefault(thing["id"], shown)
        known.card, known.marks = shown.card, shown.marks
        return known, known is shown

    def draw(self, shown: Shown, zone: str | None) -> str:
        return self.text(shown.card, zone) if shown.card is not None else shown.text

    def text(self, card: Card, zone: str | None) -> str:
        """Return the words a page shows for the card."""
        return plain.render(card, zone=ZoneInfo(zone) if zone else None, now=self.clock())


@dataclass(frozen=True, slots=True)
class Channel:
    """What everyone in a channel sees."""

    browser: Browser
    id: str

    @property
    def messages(self) -> list[str]:
        return [self.browser.draw(shown, None) for shown in self._shown()]

    @property
    def newest(self) -> MessageRef:
        return _ref(self._shown()[-1])

    def _shown(self) -> list[Shown]:
        return [m for _, m in sorted(self.browser.messages.items()) if m.channel == self.id]


class Window:
    """One person's window, opened with their first act."""

    def __init__(self, browser: Browser, name: str, zone: str | None) -> None:
        self._browser = browser
        self._name = name
        self._zone = zone
        self._id = ""
        self._socket: ClientWebSocketResponse | None = None
        self._window = uuid.uuid4().hex[:12]
        self._acts = 0
        self._shown: list[Shown] = []
        self._answer: Shown | None = None
        self._form: Json | None = None
        self._source: Shown | None = None
        self._refusal = ""
        self._last: tuple[str, Json] | None = None
        self.mark = ""

    @property
    def sees(self) -> str:
        if self._answer is not None:
            return self._browser.draw(self._answer, self._zone)
        if self._form is not None:
            form = self._fields
            return "\n".join([form.title, form.intro, *(f.label for f in form.fields)])
        return self._refusal

    @property
    def problems(self) -> Mapping[str, str]:
        return self._form["problems"] if self._form is not None else {}

    @property
    def known(self) -> Mapping[str, str]:
        names = {f.name for f in self._fields.fields} if self._form is not None else set()
        return {n: v for n, v in self._form["known"].items() if n in names} if self._form else {}

    @property
    def inbox(self) -> list[str]:
        mine = f"@{self._id}"
        there = [m for _, m in sorted(self._browser.messages.items()) if m.channel == mine and not m.author]
        return [self._browser.draw(m, self._zone) for m in there]

    @property
    def _fields(self) -> Form:
        assert self._form is not None
        form = load(self._form["form"])
        assert isinstance(form, Form)
        return form

    async def says(self, text: str, in_: str = "#general") -> None:
        await self._do("/chat/say", await self._place(in_), {"text": f"/cop {text}"})

    async def writes(self, text: str, in_: str = "#general") -> MessageRef:
        await self._do("/chat/say", await self._place(in_), {"text": text})
        return _ref(self._shown[-1])

    async def presses(self, label: str, in_: str = "") -> None:
        await self._enter()
        place = in_.removeprefix("#")
        cards = [m for m in reversed(self._shown) if m.card is not None and place in ("", m.channel)]
        found = ((m, plain.press(m.card, label, by_number=False)) for m in cards if m.card is not None)
        source, button = next(((m, b) for m, b in found if b is not None), (None, None))
        if source is None or button is None:
            there = [[b.label for b in m.card.buttons()] for m in cards if m.card is not None]
            raise LookupError(f"{self._name} sees no button “{label}”; the newest cards have {there[:3]}")
        body = {"call": dump(button.call), "message": source.number}
        await self._do("/chat/press", source.channel, body, source)

    async def fills(self, **values: str) -> None:
        """Send what stands in the form's fields, as the page does: nothing that has no field."""
        if self._form is None:
            raise LookupError(f"{self._name} has no form open")
        unknown = values.keys() - {f.name for f in self._fields.fields}
        if unknown:
            raise LookupError(f"“{self._fields.title}” has no field {', '.join(sorted(unknown))}")
        source = self._source
        filled = {name: value for name, value in {**self.known, **values}.items() if value.strip()}
        body = {"call": self._form["form"]["call"], "values": filled, "message": source and source.number}
        await self._do("/chat/submit", self._form["channel"], body, source)

    async def reacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        await self._reacts(character, to, in_, added=True)

    async def unreacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        await self._reacts(character, to, in_, added=False)

    async def _reacts(self, character: str, to: MessageRef | None, in_: str, *, added: bool) -> None:
        await self._enter()
        number = int((to or self._browser.channel(in_).newest).id)
        message = self._browser.messages[number]
        before = message.marks
        body = {"emoji": name_of(character), "added": added, "message": number}
        await self._do("/chat/react", message.channel, body)
        self.mark = "".join(message.marks - before)

    async def completes(self, text: str, param: str, typed: str = "", in_: str = "#general") -> list[str]:
        place = await self._place(in_)
        body = {"as": self._id, "channel": place, "text": f"/{text} {param}:{typed}"}
        return [option["value"] for option in (await self._browser.post("/chat/complete", body))["options"]]

    async def again(self) -> None:
        assert self._last is not None, f"{self._name} has done nothing yet"
        await self._browser.post(*self._last)
        await self._browser.settle()
        await self._browser.catch_up()

    async def _do(self, path: str, channel: str, about: Json, source: Shown | None = None) -> None:
        await self._enter()
        self._acts += 1
        body = {
            "id": f"{self._window}.{self._acts}",
            "as": self._id,
            "channel": channel,
            "zone": self._zone or "",
        }
        self._last = path, body | about
        answer = await self._browser.post(*self._last)
        self._answer, self._form, self._refusal, self.mark = None, None, answer.get("problem", ""), ""
        match answer:
            case {"kind": "ask"}:
                self._form, self._source = answer | {"channel": channel}, source
            case {"kind": "redraw", "card": card} if source is not None and source.number is None:
                source.card = load_card(card)
                self._answer = source
            case {"kind": "private" | "redraw", "card": card}:
                self._answer = Shown(channel, None, "", "", load_card(card))
                self._shown.append(self._answer)
            case {"kind": "edited"}:
                self._answer = source
            case {"kind": "posted", "message": message}:
                self._answer, _ = self._browser.hear(message)
        await self._browser.settle()
        await self._browser.catch_up()

    async def _place(self, channel: str) -> str:
        """Return the channel's id; it is made if there is none."""
        await self._enter()
        bare = channel.removeprefix("#").lower()
        if bare != "general":
            await self._browser.post("/chat/channels", {"name": bare})
        return bare

    async def _enter(self) -> None:
        if self._socket is not None:
            return
        self._id = (await self._browser.post("/chat/people", {"name": self._name}))["person"]["id"]
        address = f"{self._browser.url}/chat/live?as={self._id}&since=0"
        self._socket = await self._browser.session.ws_connect(address, autoping=False)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Take in every frame up to the server's answer to a ping, which comes after those sent before it."""
        if self._socket is None:
            return
        await self._socket.ping()
        while (frame := await self._socket.receive()).type is not WSMsgType.PONG:
            assert frame.type is WSMsgType.TEXT, frame
            change = frame.json()
            if change["kind"] == "message":
                shown, _ = self._browser.hear(change["thing"])
                if not any(m is shown for m in self._shown):
                    self._shown.append(shown)

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()


def _ref(shown: Shown) -> MessageRef:
    return MessageRef(Address("web", shown.channel), str(shown.number))


@asynccontextmanager
async def opened(hearth: Hearth, settle: Callable[[], Awaitable[None]]) -> AsyncIterator[Browser]:
    """Serve the chat on a free port, and end every window's connection at the end."""
    chat = WebChat()
    adapter = WebAdapter(
        chat,
        bot_name=hearth.config.bot.name,
        parse=hearth.registry.parse,
        catalogue=lambda: catalogue(hearth.registry.catalogue()),
        base_url=lambda: server.url,
        clock=hearth.clock,
    )
    server = WebServer(port=0, routes=adapter.routes())
    await server.start()
    running = asyncio.create_task(adapter.run(hearth.dispatcher.handle))
    browser = Browser(hearth, adapter, settle)
    browser.url = server.url
    async with ClientSession() as browser.session:
        yield browser
        await browser.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await server.stop()
    chat.close()
