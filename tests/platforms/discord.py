"""Discord, for dialogues: the loopback Discord, the real library, and people at Discord's client.

A client offers commands and typed options. What a person would type elsewhere is mapped onto them; what
no option takes, the person enters in the form that opens. What is not offered at all can still come from
an old button, so such words are pressed on one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import SecretStr

from adapters.emoji import name_of
from adapters.plain import press
from bot import arguments
from bot.app import Hearth
from bot.chat import Adapter, Address, MessageRef
from bot.settings import DiscordSettings
from bot.ui.calls import Call, written
from bot.ui.cards import Button, Buttons, Card
from bot.ui.forms import Field
from tests.fakes.discord import FakeDiscord, components, reading, trees
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.people import ClientRefuses, Person, buttons
from tests.fakes.discord.snowflakes import of_name
from tests.fakes.discord.state import Channel, Event, Json, Message
from tests.platforms.discord_forms import entered, inputs, wrong_in, wrong_said

ADA = f"discord:{of_name('Ada')}"
"""The account of whoever is called Ada."""

FIX, NEXT, REST = "Fix it", "Continue", "Leave the rest as it is"
"""How the buttons begin that open a form again, or its next page, and that do without more pages."""


class Server:
    """The loopback Discord with everybody in it."""

    def __init__(
        self, hearth: Hearth, fake: FakeDiscord, adapter: Adapter, settle: Callable[[], Awaitable[None]]
    ) -> None:
        self.adapter = adapter
        self.fake = fake
        self.registry = hearth.registry
        self.settle = settle
        self._people: dict[int, Member] = {}

    def person(self, name: str, zone: str | None = None) -> "Member":
        person = self.fake.person(name)
        return self._people.setdefault(person.user.id, Member(self, person))

    def knows(self, name: str) -> bool:
        """Return whether somebody of that name is in the server, to be chosen in an option."""
        return of_name(name.lstrip("@")) in self.fake.guild.members

    def channel(self, name: str) -> "Place":
        return Place(self, self.at(name))

    def at(self, name: str) -> Channel:
        return self.fake.places.channel(self.fake.guild, name.removeprefix("#").lower())

    def text(self, message: Message) -> str:
        return reading.shown(message, self.fake.state.users)

    async def catch_up(self) -> None:
        """Let the bot see through whatever it has heard of."""
        await self.fake.gateway.heard()
        while waiting := [t for t in asyncio.all_tasks() if t.get_name().startswith("discord.py: on_")]:
            await asyncio.wait(waiting)


@dataclass(frozen=True, slots=True)
class Place:
    """What everyone in a channel sees."""

    server: Server
    channel: Channel

    @property
    def messages(self) -> list[str]:
        return [self.server.text(m) for m in self._shown()]

    @property
    def newest(self) -> MessageRef:
        return ref(self._shown()[-1], self.channel)

    def _shown(self) -> list[Message]:
        return list(self.server.fake.state.in_channel(self.channel.id))


class Member:
    """Somebody at Discord's client. Discord tells of nobody's time zone."""

    def __init__(self, server: Server, person: Person) -> None:
        self._server = server
        self._person = person
        self._answer: Message | None = None
        self._opened: Interaction | None = None
        self._wrong: dict[str, str] = {}
        self._meant: dict[str, str] = {}  # what they would have typed where no option takes it
        self._asked_by: Callable[[], Interaction] | None = None
        self._last: Callable[[], object] | None = None
        self.mark = ""

    @property
    def sees(self) -> str:
        seen = [self._server.text(self._answer)] if self._answer is not None else []
        if self._opened is not None and self._opened.modal is not None:
            seen.append(reading.asked(self._opened.modal, self._server.fake.state.users))
        return "\n".join(seen)

    @property
    def problems(self) -> Mapping[str, str]:
        return self._wrong

    @property
    def known(self) -> Mapping[str, str]:
        if self._opened is None or self._opened.modal is None:
            return {}
        return reading.filled(self._opened.modal)

    @property
    def inbox(self) -> list[str]:
        return [self._server.text(m) for m in self._person.inbox()]

    async def says(self, text: str, in_: str = "#general") -> None:
        channel = self._server.at(in_)
        call = self._server.registry.parse(text)
        path, options, left = self._typed(call)
        if not path:
            await self._presses_old(call, channel)
            return
        self._asked_by = partial(self._person.uses, path, options, channel)
        await self._does(self._asked_by)
        if left and self._opened is None:
            raise LookupError(f"no option of /{call.path} takes {left}")
        self._meant = left

    def _typed(self, call: Call) -> tuple[list[str], dict[str, Any], dict[str, str]]:
        """Return the command's path, the options that take what was typed, and what none takes."""
        command = self._server.registry.commands.get(call.path)
        path = call.path.split(" ")
        try:
            _, _, declared = self._person.find(path)
        except ClientRefuses:
            return [], {}, {}
        assert command is not None
        types = {option["name"]: option for option in declared}
        options: dict[str, Any] = {}
        left: dict[str, str] = {}
        for name, typed in arguments.place(command, call).items():
            if name not in types:
                return [], {}, {}
            if types[name]["type"] == trees.USER_OPTION and not self._server.knows(typed):
                return [], {}, {}
            value = self._value(types[name], typed)
            if value is None:
                left[name] = typed
            else:
                options[name] = value
        return path, options, left

    def _value(self, option: Json, typed: str) -> Any:
        """Return what the client makes of words typed into an option, None where it takes none."""
        if option.get("choices"):
            names = {c["name"].casefold(): c["value"] for c in option["choices"]}
            values = {str(c["value"]): c["value"] for c in option["choices"]}
            return values.get(typed, names.get(typed.casefold()))
        match option["type"]:
            case trees.INTEGER:
                return int(typed) if typed.isdecimal() else None
            case trees.BOOLEAN:
                return {"yes": True, "no": False}.get(typed)
            case trees.USER_OPTION:
                return str(self._server.fake.person(typed.lstrip("@")).user.id)
        return typed

    async def _presses_old(self, call: Call, channel: Channel) -> None:
        """Press a button that an earlier version of the bot left behind."""
        fake = self._server.fake
        words = written(call)
        button = {"type": components.BUTTON, "style": 2, "label": "Old", "custom_id": words[:100]}
        row = {"type": components.ROW, "components": [button]}
        old = fake.core.compose(channel, fake.state.bot, {"content": "Old", "components": [row]})
        old.only = self._person.user.id
        old.flags = 64
        fake.core.send(old)
        await self._does(lambda: self._person.presses(old, next(buttons(old))))

    async def writes(self, text: str, in_: str = "#general") -> MessageRef:
        """Write a message that mentions the bot: only of such a one may it read the words."""
        channel = self._server.at(in_)
        return ref(self._person.writes(f"{text} <@{self._server.fake.state.bot.id}>", channel), channel)

    async def presses(self, label: str, in_: str = "") -> None:
        message, button = self._button(label, in_)
        self._asked_by = partial(self._person.presses, message, button)
        await self._does(self._asked_by)

    async def uses_menu(self, name: str, message: Message) -> None:
        """Use a command of a message's menu."""
        await self._does(partial(self._person.uses_menu, name, message))

    async def is_interested(self, event: Event, *, no_more: bool = False) -> None:
        """Mark a native event, or take the mark back."""
        self._person.is_interested(event, no_more=no_more)
        await self._sees_through()

    def _button(self, label: str, in_: str) -> tuple[Message, Json]:
        sight = self._person.sees(self._server.at(in_) if in_ else None)
        there: list[list[str]] = []
        for message in reversed(sight):
            found = list(buttons(message))
            named = next((b for b in found if _is_called(b, label)), None)
            if named is not None:
                return message, named
            there += [[b.get("label", "") for b in found]] if found else []
        name = self._person.user.name
        raise LookupError(f"{name} sees no button “{label}”; the newest messages have {there[:3]}")

    async def fills(self, **values: str) -> None:
        """Enter the values, on whichever page asks for them, and submit; what a problem leaves unsaid is kept in mind."""
        if self._opened is None or self._opened.modal is None:
            raise LookupError(f"{self._person.user.name} has no form open")
        names = inputs(self._opened.modal).keys()
        names |= {field.name for field in self._fields(self._opened.modal["custom_id"])}
        if values.keys() - names:
            raise LookupError(f"{self._person.user.name} is not asked for {sorted(values.keys() - names)}")
        left = {**self._meant, **values}
        self._meant = {}
        while True:
            await self._turns_to(left)
            await self._submits(left)
            if self._wrong:
                self._meant = left
                return
            on = self._beside(NEXT) if left else self._beside(REST) or self._beside(NEXT)
            if on is not None:
                await self._does(partial(self._person.presses, *on))
            elif left and self._asked_by is not None:
                await self._does(self._asked_by)  # the page was sent by itself: the others are opened anew
            if self._opened is None:
                return

    async def _turns_to(self, values: Mapping[str, str]) -> None:
        """Turn to the page that asks for any of the values, where a choice of pages is offered."""
        opened = self._opened
        assert opened is not None
        assert opened.modal is not None
        if self._answer is None or not values or inputs(opened.modal).keys() & values.keys():
            return
        labels = [field.label for field in self._fields(opened.modal["custom_id"]) if field.name in values]
        for button in buttons(self._answer):
            if set(button["label"].split(", ")) & set(labels):
                answer = self._answer
                await self._does(partial(self._person.presses, answer, button))
                self._answer = answer

    async def _submits(self, values: dict[str, str]) -> None:
        """Submit the open page with those of the values that it asks for, and take them out."""
        opened = self._opened
        assert opened is not None
        assert opened.modal is not None
        asked = inputs(opened.modal)
        page = {name: entered(asked[name], values.pop(name)) for name in list(values) if name in asked}
        await self._does(partial(self._person.submits, opened, page))

    def _beside(self, label: str) -> tuple[Message, Json] | None:
        """Return the button of the answer whose label begins so."""
        if self._answer is None:
            return None
        found = (b for b in buttons(self._answer) if b.get("label", "").startswith(label))
        return next(((self._answer, b) for b in found), None)

    def _page(self) -> tuple[Message, Json] | None:
        """Return the answer's first button that opens a form, where that is all the answer is for."""
        if self._answer is None or self._beside(NEXT):
            return None
        found = (b for b in buttons(self._answer) if b.get("custom_id", "").startswith("?"))
        return next(((self._answer, b) for b in found), None)

    async def reacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        message = self._message(to, in_)
        self._person.reacts(character, message)
        await self._sees_through()
        self._last = lambda: self._server.fake.core.tell_reaction(
            message, self._person.user, character, added=True
        )

    async def unreacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        message = self._message(to, in_)
        self._person.unreacts(character, message)
        await self._sees_through()
        self._last = lambda: self._server.fake.core.tell_reaction(
            message, self._person.user, character, added=False
        )

    def _message(self, to: MessageRef | None, in_: str) -> Message:
        found = to or self._server.channel(in_).newest
        return self._server.fake.state.messages[int(found.id)]

    async def completes(self, text: str, param: str, typed: str = "", in_: str = "#general") -> list[str]:
        path, options, _ = self._typed(self._server.registry.parse(text))
        made = self._person.completes(path, options, param, typed, self._server.at(in_))
        await self._server.catch_up()
        return [choice["value"] for choice in made.choices]

    async def again(self) -> None:
        assert self._last is not None, f"{self._person.user.name} has done nothing yet"
        self._last()
        await self._sees_through()

    async def _does(self, act: Callable[[], Interaction]) -> None:
        """Act, and take in the answer."""
        self._wrong = {}
        made = act()
        self._last = lambda: self._person.again(made)
        await self._sees_through()
        assert made.answer, "the bot answered within its time"
        assert not made.loading, "the bot kept its promise of an answer"
        if made.modal is not None:
            self._opened = made
            self._wrong = wrong_in(made.modal, self._fields(made.modal["custom_id"]))
            return
        self._answer = made.followed[-1] if made.followed else made.original
        said = self._server.text(self._answer) if self._answer is not None else ""
        on = self._beside(FIX) or self._page()
        if on is not None:
            answer, wrong = self._answer, wrong_said(said, self._fields(on[1]["custom_id"]))
            await self._does(partial(self._person.presses, *on))
            self._answer, self._wrong = answer, wrong

    def _fields(self, custom_id: str) -> Sequence[Field]:
        """Return the fields of the form that a modal, or a button that opens one, is about; none of one of its own."""
        call = self._server.registry.parse(custom_id.partition(" ")[2])
        command = self._server.registry.commands[call.path]
        return command.form().fields if command.asks else ()

    async def _sees_through(self) -> None:
        effects = self._server.fake.ledger.effects
        before = len(effects)
        await self._server.catch_up()
        marks = [e.data for e in effects[before:] if e.verb == "react"]
        self.mark = name_of(marks[-1]) if marks else ""
        self._answer, self._opened = None, None
        await self._server.settle()
        await self._server.catch_up()


def ref(message: Message, channel: Channel) -> MessageRef:
    """Return how the core refers to the message."""
    at = Address("discord", channel=str(channel.id), workspace=str(channel.guild), name=channel.name)
    return MessageRef(at, str(message.id))


def _is_called(button: Json, label: str) -> bool:
    """Whether people call the button so, whatever its case and decoration."""
    card = Card(blocks=(Buttons((Button(button.get("label", ""), Call("x")),)),))
    return press(card, label, by_number=False) is not None


@asynccontextmanager
async def opened(
    hearth: Hearth, settle: Callable[[], Awaitable[None]], *, members: bool = False
) -> AsyncIterator[Server]:
    """Serve Discord, and run the real adapter against it until the end; `members` is the setting of that name."""
    from adapters.discord.adapter import DiscordAdapter

    with TemporaryDirectory() as folder:
        async with FakeDiscord.open(clock=hearth.clock) as fake:
            settings = DiscordSettings(
                enabled=True, token=SecretStr(fake.token), api_url=fake.api_url, members=members
            )
            adapter = DiscordAdapter(
                settings,
                registry=hearth.registry,
                clock=hearth.clock,
                data_dir=Path(folder),
                bot_name=hearth.config.bot.name,
            )
            running = asyncio.create_task(adapter.run(hearth.dispatcher.handle))
            await fake.gateway.connects()
            server = Server(hearth, fake, adapter, settle)
            await server.catch_up()
            yield server
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert not fake.ledger.complaints, "\n".join(fake.ledger.complaints)
