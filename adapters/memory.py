"""A chat platform in memory: a ledger of every effect, faults on demand, and people who speak to the bot."""

import asyncio
import uuid
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from adapters import emoji, plain, scrollback
from adapters.ledger import Asked, Edited, Effect, Fault, Held, Late, Lost, Marked, Posted, Refused, Replied
from adapters.scrollback import Entry, Scrollback
from bot.chat import (
    Actor,
    Adapter,
    Address,
    Answer,
    Ask,
    Called,
    Completing,
    Event,
    Handle,
    Mark,
    MessageRef,
    Quote,
    Reacted,
    Reply,
    Suggest,
    Update,
)
from bot.ui.calls import Call
from bot.ui.cards import Card
from bot.ui.forms import Option

Method = Literal["post", "find", "edit", "read"]
T = TypeVar("T")


class Memory(Adapter):
    """The platform. `listen` or `run` gives it the bot; `parse` turns what people type into calls.

    `settle`, where given, is called after each act of a person and sends what has become due.
    """

    def __init__(
        self,
        parse: Callable[[str], Call],
        *,
        clock: Callable[[], datetime],
        name: str = "memory",
        quarantine: float = 0.0,
        settle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.quarantine = quarantine
        self.parse = parse
        self.clock = clock
        self.settle = settle
        self.ledger: list[Effect] = []
        self.back = Scrollback(f"{uuid.uuid4().hex[:12]}-")
        self._faults: defaultdict[Method, deque[Fault | None]] = defaultdict(deque)
        self._late: list[Callable[[], object]] = []
        self._posted: dict[str, MessageRef] = {}
        self._people: dict[str, Person] = {}
        self._handle: Handle | None = None

    # Driving it.

    def person(self, name: str, zone: str | None = None) -> "Person":
        """Return somebody on this platform; the same name is the same account."""
        known = self._people.setdefault(
            name.lower(), Person(self, Actor(self.name, name.lower(), name, zone))
        )
        if zone is not None:
            known.actor = replace(known.actor, zone=zone)
        return known

    def channel(self, name: str) -> "Channel":
        return Channel(self, self.address(name))

    def address(self, channel: str) -> Address:
        """Return the address of a channel, with or without its #."""
        bare = channel.removeprefix("#")
        return Address(self.name, channel=bare, name=bare)

    def fail(self, method: Method, *faults: Fault | None) -> None:
        """Give the next calls of `method` these faults, in order; None lets one through."""
        self._faults[method].extend(faults)

    def arrive(self) -> None:
        """Let everything that is late have its effect."""
        late, self._late = self._late, []
        for effect in late:
            effect()

    def posted(self, channel: str = "") -> list[Posted]:
        """Return the letters in the ledger, all or those to one channel."""
        bare = channel.removeprefix("#")
        return [e for e in self.ledger if isinstance(e, Posted) and bare in ("", e.to.channel)]

    def listen(self, handle: Handle) -> None:
        """Take events to this handle, without a task that runs."""
        self._handle = handle

    @property
    def handle(self) -> Handle:
        if self._handle is None:
            raise RuntimeError("nobody listens: call listen(handle) or run(handle) first")
        return self._handle

    def text(self, card: Card, zone: str | None = None) -> str:
        """Return the card as this platform shows it; without a zone, moments name their own."""
        return plain.render(card, zone=ZoneInfo(zone) if zone else None, now=self.clock())

    # The port.

    async def run(self, handle: Handle) -> None:
        self.listen(handle)
        await asyncio.Event().wait()

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        """Post. The same key again posts again: the ledger must show a double."""

        def effect() -> MessageRef:
            ref = self.back.shown(to, card, only=to.person).ref
            self.ledger.append(Posted(to, card, key, ref))
            self._posted.setdefault(key, ref)
            return ref

        return await self._with_faults("post", effect)

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        return await self._with_faults("find", lambda: self._posted.get(key))

    async def edit(self, message: MessageRef, card: Card) -> None:
        await self._with_faults("edit", lambda: self.redraw(message, card))

    async def read(self, message: MessageRef) -> Quote | None:
        def effect() -> Quote | None:
            entry = self.back.entry(message)
            return scrollback.quote(entry, Actor(self.name, "", "Hearth", bot=True)) if entry else None

        return await self._with_faults("read", effect)

    def redraw(self, message: MessageRef, card: Card) -> None:
        """Draw a message anew, and write it down."""
        entry = self.back.entry(message) or self.back.restored(message, card)
        entry.card = card
        self.ledger.append(Edited(message, card))

    async def _with_faults(self, method: Method, effect: Callable[[], T]) -> T:
        faults = self._faults[method]
        match faults.popleft() if faults else None:
            case Refused(error):
                raise error
            case Lost(error):
                effect()
                raise error
            case Late(error):
                self._late.append(effect)
                raise error
            case Held(gate):
                await gate.wait()
        return effect()


@dataclass(frozen=True, slots=True)
class Channel:
    """What everyone in a channel sees."""

    platform: Memory
    at: Address

    @property
    def messages(self) -> list[str]:
        """The messages as text, oldest first."""
        entries = self.platform.back.in_channel(self.at.channel)
        return [self.platform.text(e.card) if e.card else e.text for e in entries]

    @property
    def newest(self) -> MessageRef:
        """The newest message that people may react to. Raises LookupError in an empty channel."""
        entry = next(self.platform.back.reactable(self.at.channel), None)
        if entry is None:
            raise LookupError(f"nothing was said in #{self.at.channel}")
        return entry.ref


class Person:
    """Somebody who speaks to the bot, and what they see of its answers."""

    def __init__(self, platform: Memory, actor: Actor) -> None:
        self.platform = platform
        self.actor = actor
        self.card: Card | None = None
        self.asked: Ask | None = None
        self.mark = ""
        self.options: Sequence[Option] = ()
        self._form_at = Address(platform.name)
        self._form_on: MessageRef | None = None
        self._last: Event | None = None

    @property
    def sees(self) -> str:
        """The bot's last answer as text; a form as its title and questions; nothing for silence."""
        if self.card is not None:
            return self.platform.text(self.card, self.actor.zone)
        if self.asked is not None:
            form = self.asked.form
            return "\n".join([form.title, form.intro, *(f.label for f in form.fields)])
        return ""

    @property
    def problems(self) -> Mapping[str, str]:
        """What the open form says is wrong, by field."""
        return self.asked.problems if self.asked is not None else {}

    @property
    def known(self) -> Mapping[str, str]:
        """What stands in the open form already, by field."""
        return self.asked.known if self.asked is not None else {}

    @property
    def inbox(self) -> list[str]:
        """The direct messages the bot has sent them as they read now, oldest first."""
        sent = [e for e in self.platform.posted() if e.to.person == self.actor.id]
        kept = [(self.platform.back.entry(e.ref), e.card) for e in sent]
        return [
            self.platform.text(entry.card if entry and entry.card else card, self.actor.zone)
            for entry, card in kept
        ]

    async def says(self, text: str, in_: str = "#general") -> None:
        """Type a command, as after `/cop`."""
        call = self.platform.parse(text)
        await self._act(Called(call, self.actor, self.platform.address(in_), delivery=_fresh()))

    async def writes(self, text: str, in_: str = "#general") -> MessageRef:
        """Write an ordinary message; the bot hears of it only when somebody reacts to it."""
        return self.platform.back.said(self.platform.address(in_), self.actor, text).ref

    async def presses(self, label: str, in_: str = "") -> None:
        """Press the button on the newest card that has it. Raises LookupError when none has."""
        channel = in_.removeprefix("#")
        found = self.platform.back.button(self.actor.id, label, channel)
        if found is None:
            there = self.platform.back.labels(self.actor.id, channel)
            raise LookupError(f"{self.actor.name} sees no button “{label}”; the newest are {there}")
        entry, button = found
        await self._act(Called(button.call, self.actor, entry.ref.at, entry.ref, _fresh()))

    async def fills(self, **values: str) -> None:
        """Submit the form last asked: what it knows already, and these values over it.

        Raises LookupError when no form is open or it has no such field.
        """
        if self.asked is None:
            raise LookupError(f"{self.actor.name} has no form open")
        form = self.asked.form
        unknown = values.keys() - {f.name for f in form.fields}
        if unknown:
            raise LookupError(f"“{form.title}” has no field {', '.join(sorted(unknown))}")
        call = replace(form.call, args={**form.call.args, **self.asked.known, **values})
        await self._act(Called(call, self.actor, self._form_at, self._form_on, _fresh()))

    async def reacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        """React to a message, or to the channel's newest."""
        await self._reaction(character, to, in_, added=True)

    async def unreacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        """Take a reaction back."""
        await self._reaction(character, to, in_, added=False)

    async def _reaction(self, character: str, to: MessageRef | None, in_: str, *, added: bool) -> None:
        on = to or self.platform.channel(in_).newest
        await self._act(Reacted(emoji.name_of(character), added, on, self.actor, _fresh()))

    async def completes(self, text: str, param: str, typed: str = "", in_: str = "#general") -> list[str]:
        """Return what is offered for a parameter of the command typed so far."""
        call = self.platform.parse(text)
        await self._act(Completing(call, param, typed, self.actor, self.platform.address(in_)))
        return [option.value for option in self.options]

    async def again(self) -> None:
        """Have the platform deliver the last act once more, as platforms do when in doubt."""
        if self._last is None:
            raise LookupError(f"{self.actor.name} has done nothing yet")
        await self._act(self._last)

    async def _act(self, event: Event) -> None:
        self._last = event
        answer = await self.platform.handle(event)
        self.card, self.asked, self.mark, self.options = None, None, "", ()
        match event:
            case Called(at=at, on=on):
                self._take(answer, at, on)
            case Reacted(on=on):
                self._take(answer, on.at, on)
            case Completing(at=at):
                self._take(answer, at, None)
        if self.platform.settle is not None:
            await self.platform.settle()

    def _take(self, answer: Answer, at: Address, on: MessageRef | None) -> None:
        platform = self.platform
        match answer:
            case Reply(card, private):
                self.card = card
                hidden = private or at.direct
                platform.back.shown(at, card, only=self.actor.id if hidden else "", answer=True)
                platform.ledger.append(Replied(self.actor.id, at, card, hidden))
            case Update(card) if on is not None and _has_card(platform.back.entry(on)):
                self.card = card
                platform.redraw(on, card)
            case Update(card):
                self._take(Reply(card), at, None)
            case Ask():
                self.asked, self._form_at, self._form_on = answer, at, on
                platform.ledger.append(Asked(self.actor.id, answer))
            case Mark(name) if on is not None:
                self.mark = name
                platform.ledger.append(Marked(on, name))
            case Suggest(options):
                self.options = options
            case _:
                pass


def _has_card(entry: Entry | None) -> bool:
    return entry is not None and entry.card is not None


def _fresh() -> str:
    return uuid.uuid4().hex
