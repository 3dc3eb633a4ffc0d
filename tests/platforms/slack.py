"""Slack, for dialogues: a loopback Slack that the real SDK talks to, and people with Slack open.

SQLite goes with Socket Mode and PostgreSQL with HTTP, so that every dialogue is held over both.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pytest

from adapters.emoji import name_of
from adapters.slack.adapter import SlackAdapter
from bot.app import Hearth
from bot.chat import Address, MessageRef
from bot.settings import SlackSettings
from tests.fakes.slack import BOT_USER, TEAM, Message, Person, Slack, View
from tests.fakes.slack import Channel as Place
from tests.fakes.slack.ledger import Effect, Json
from tests.fakes.slack.reading import Reader
from tests.platforms.slack_forms import bare, buttons, entry, inputs, known, problems

ADA = "slack:U0ADA"
"""The account of whoever is called Ada."""


Mode = Literal["socket", "http"]


class Workspace:
    """The loopback Slack and everybody in it."""

    def __init__(
        self,
        slack: Slack,
        adapter: SlackAdapter,
        mode: Mode,
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self.mode = mode
        self.adapter = adapter
        self.slack = slack
        self.settle = settle
        self._people: dict[str, Member] = {}

    def person(self, name: str, zone: str | None = None) -> "Member":
        user = self.slack.workspace.user(name, zone)
        return self._people.setdefault(user.id, Member(self, Person(self.slack, user)))

    def channel(self, name: str) -> "Channel":
        return Channel(self, self.slack.workspace.channel(name))

    async def catch_up(self) -> None:
        """Whatever is there is seen; what is still being answered is waited for."""
        await self.adapter.idle()

    @property
    def people(self) -> Mapping[str, str]:
        """The ids of everybody by their names."""
        return {u.name: u.id for u in self.slack.workspace.users.values()}

    def reader(self, zone: str | None) -> Reader:
        workspace = self.slack.workspace
        names = {u.id: u.shown for u in workspace.users.values()}
        return Reader(names | {c.id: c.name for c in workspace.channels.values()}, zone)

    def text(self, message: Message, zone: str | None) -> str:
        """Return what a message says, with the files that came with it or in its thread."""
        place = self.slack.workspace.channels[message.channel]
        under = [m for m in place.messages if m.thread == message.ts] if message.ts else []
        files = [file for m in (message, *under) for file in m.files]
        said = self.reader(zone).message(message.text, message.blocks) if not _bare(message) else ""
        return "\n".join([said, *map(self.file, files)]).strip()

    def file(self, file: Json) -> str:
        """Return a file with what is in it."""
        uploads = self.slack.workspace.uploads.values()
        content = next(u.content for u in uploads if u.id == file["id"]) or b""
        return f"File {file['title']}:\n{content.decode(errors='replace')}"


def _bare(message: Message) -> bool:
    return bool(message.files) and not message.text and not message.blocks


class Channel:
    """What everyone in a channel sees."""

    def __init__(self, at: Workspace, place: Place) -> None:
        self._at = at
        self._place = place

    @property
    def messages(self) -> list[str]:
        return [self._at.text(m, None) for m in self.shown()]

    @property
    def newest(self) -> MessageRef:
        return reference(self.shown()[-1])

    def shown(self) -> list[Message]:
        """Return the messages themselves."""
        return [m for m in self._place.messages if not (m.deleted or m.only or m.thread)]


class Member:
    """Somebody with Slack open."""

    def __init__(self, at: Workspace, person: Person) -> None:
        self._at = at
        self.person = person
        self._shown: Message | View | None = None
        self._files: list[str] = []
        self.mark = ""

    @property
    def sees(self) -> str:
        zone = self.person.user.zone
        match self._shown:
            case Message():
                seen = self._at.text(self._shown, zone)
            case View(body=body):
                seen = self._at.reader(zone).view(body)
            case None:
                seen = self.person.trouble
        return "\n".join([seen, *self._files]).strip()

    @property
    def everything(self) -> str:
        """All that is on their screen: every message, and the window in front."""
        zone = self.person.user.zone
        said = [self._at.text(m, zone) for m in self.person.screen]
        return "\n".join([*said, self._at.reader(zone).view(self._form.body) if self._form else ""])

    @property
    def problems(self) -> Mapping[str, str]:
        return problems(self._form) if self._form is not None else {}

    @property
    def known(self) -> Mapping[str, str]:
        return known(self._form) if self._form is not None else {}

    @property
    def _form(self) -> View | None:
        return self.person.modal

    @property
    def inbox(self) -> list[str]:
        there = self._at.slack.workspace.direct(self.person.id).messages
        sent = [m for m in there if m.user == BOT_USER and not (m.only or m.deleted or m.thread or _bare(m))]
        return [self._at.text(m, self.person.user.zone) for m in sent]

    async def says(self, text: str, in_: str = "#general") -> None:
        if self._at.mode == "http" and any("\ud800" <= c <= "\udfff" for c in text):
            pytest.skip("a form of HTTP carries no half characters")
        await self._leaves_form()
        place = self._enters(in_)
        await self._acts(self.person.command(text, place))

    async def writes(self, text: str, in_: str = "#general") -> MessageRef:
        return reference(self.person.write(self._enters(in_), text))

    async def presses(self, label: str, in_: str = "") -> None:
        await self.presses_on(*self._button(label, in_))

    async def presses_on(self, on: Message | View, element: Json) -> None:
        """Press this very button."""
        if isinstance(on, Message):
            await self._leaves_form()
        await self._acts(self.person.press(on, element))

    async def fills(self, **values: str) -> None:
        """Enter the values, page after page, and submit."""
        view = self._form
        if view is None or not inputs(view):
            raise LookupError(f"{self.person.user.name} has no form open")
        left = dict(values)
        pages: set[str] = set()
        while view is not None and view.hash not in pages:
            pages.add(view.hash)
            self.enters(**{name: left.pop(name) for name in values if name in left and name in inputs(view)})
            await self._acts(self.person.submit(view))
            view = self._form
            if not left or view is None or view.errors:
                break
        if left:
            raise LookupError(f"{self.person.user.name} was not asked for {', '.join(left)}")

    def enters(self, **values: str) -> None:
        """Enter values into the form without submitting it."""
        view = self._form
        assert view is not None, f"{self.person.user.name} has no form open"
        for name, value in values.items():
            self.person.enter(view, *entry(view, name, value, self._at.people))

    async def reacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        message = self._message(to, in_)
        await self._acts(self.person.react(message, name_of(character)))

    async def unreacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        message = self._message(to, in_)
        await self._acts(self.person.unreact(message, name_of(character)))

    # What only Slack has.

    @property
    def home(self) -> str:
        """The app's home as it was published for them."""
        view = self.person.home
        return self._at.reader(self.person.user.zone).view(view.body) if view is not None else ""

    async def opens_home(self) -> None:
        """Look at the app's home."""
        await self._leaves_form()
        await self._acts(self.person.open_home())

    async def presses_home(self, label: str) -> None:
        """Press a button of the home."""
        view = self.person.home
        assert view is not None, f"{self.person.user.name} never looked at the home"
        await self._leaves_form()
        found = next((e for text, e in buttons(view) if bare(text) == bare(label)), None)
        if found is None:
            raise LookupError(f"the home has no “{label}” but {[text for text, _ in buttons(view)]}")
        await self._acts(self.person.press(view, found))

    async def chooses(self, callback_id: str) -> None:
        """Choose a global shortcut."""
        await self._leaves_form()
        await self._acts(self.person.shortcut(callback_id))

    async def completes(self, text: str, param: str, typed: str = "", in_: str = "#general") -> list[str]:
        pytest.skip("Slack completes nothing of what is typed after a command")

    async def again(self) -> None:
        await self.person.again()
        await self._at.adapter.idle()
        await self._at.settle()

    async def _acts(self, act: Awaitable[Any]) -> None:
        ledger = self._at.slack.workspace.ledger
        before = len(ledger.effects)
        await act
        await self._at.adapter.idle()
        caused = ledger.effects[before:]
        await self._at.settle()
        self.mark = next((e.body["name"] for e in caused if e.kind == "reacted"), "")
        self._shown = self._answer(caused)
        self._files = [
            self._at.file({"id": e.id, "title": e.body["name"]})
            for e in caused
            if e.kind == "uploaded" and e.where == self._at.slack.workspace.direct(self.person.id).id
        ]
        if self._form is not None and self._form.errors:
            self._shown = self._form

    def _answer(self, caused: list[Effect]) -> Message | View | None:
        """Return what the last of these effects shows this person."""
        workspace = self._at.slack.workspace
        for effect in reversed(caused):
            match effect.kind:
                case "opened" | "updated" | "pushed" if effect.where == self.person.id:
                    return workspace.view(effect.id)
                case "whispered" if effect.body["user"] == self.person.id:
                    return workspace.find(effect.where, effect.id)
                case "posted" | "edited":
                    return workspace.find(effect.where, effect.id)
        return None

    def _enters(self, name: str) -> Place:
        place = self._at.slack.workspace.channel(name)
        self.person.joins(place)
        return place

    def _message(self, to: MessageRef | None, in_: str) -> Message:
        ref = to or self._at.channel(in_).newest
        message = self._at.slack.workspace.find(ref.at.channel, ref.id)
        assert message is not None, f"there is no message {ref.id}"
        self.person.joins(self._at.slack.workspace.channels[message.channel])
        return message

    async def _leaves_form(self) -> None:
        while self.person.modal is not None:
            await self.person.close()

    def _button(self, label: str, in_: str) -> tuple[Message | View, Json]:
        """Return the button of this label on the newest thing in sight that has one."""
        place = self._enters(in_).id if in_ else ""
        everywhere = self._at.slack.workspace.channels.values()
        for channel in everywhere:
            if not channel.private and not channel.direct:
                self.person.joins(channel)
        sights: list[Message | View] = [m for m in self.person.screen if place in ("", m.channel)]
        if self.person.modal is not None and not in_:
            sights.append(self.person.modal)
        there: list[list[str]] = []
        for sight in reversed(sights):
            found = buttons(sight)
            named = next((e for text, e in found if bare(text) == bare(label)), None)
            if named is not None:
                return sight, named
            there += [[text for text, _ in found]] if found else []
        raise LookupError(
            f"{self.person.user.name} sees no button “{label}”; the newest cards have {there[:3]}"
        )


def reference(message: Message) -> MessageRef:
    """Return how the core refers to a message."""
    return MessageRef(Address("slack", message.channel, TEAM), message.ts)


def installed(hearth: Hearth, slack: Slack, mode: Mode, folder: Path) -> SlackAdapter:
    """Return the adapter of a bot that is installed in this workspace."""
    app = slack.workspace.app
    settings = {
        "enabled": True,
        "mode": mode,
        "bot_token": app.bot_token,
        "app_token": app.app_token,
        "signing_secret": app.signing_secret,
        "api_url": slack.api_url,
    }
    adapter = SlackAdapter(
        SlackSettings.model_validate(settings),
        parse=hearth.registry.parse,
        confidential=hearth.registry.confidential,
        clock=hearth.clock,
        data_dir=folder,
        bot_name=hearth.config.bot.name,
    )
    if mode == "http":
        slack.serve_to(adapter.receive)
    return adapter


@asynccontextmanager
async def opened(hearth: Hearth, settle: Callable[[], Awaitable[None]]) -> AsyncIterator[Workspace]:
    """Open a workspace with the app installed, and wait until the bot answers there."""
    mode: Mode = "socket" if hearth.database.dialect == "sqlite" else "http"
    with TemporaryDirectory() as folder:
        async with Slack(clock=hearth.clock) as slack:
            adapter = installed(hearth, slack, mode, Path(folder))
            running = asyncio.create_task(adapter.run(hearth.dispatcher.handle))
            await slack.listening()
            yield Workspace(slack, adapter, mode, settle)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert slack.workspace.ledger.wrong() == []
