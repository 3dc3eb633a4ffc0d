"""Every button of every card: what it carries resolves and binds, and pressing it is never our fault."""

from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush

from bot import sample
from bot.app import registry
from bot.chat import Actor, Address, Ask, Called, MessageRef, Reply, Update
from bot.registry import Command
from bot.ui.calls import PAYLOAD_LIMIT, Call
from bot.ui.cards import Button, Card
from tests.program.plausible import arguments
from tests.program.stage import ADMIN, NOW, Heard, Stage, never_our_fault, staged
from tests.program.village import FACILITATOR, MEMBER, Village

PEOPLE = (MEMBER, FACILITATOR, ADMIN)
MOST = 2_000  # presses: the walk ends long before, unless something makes new buttons for ever
# What takes things away from the others is said and pressed when all else is done.
LAST = (
    "pulse close",
    "resource remove",
    "digest drop",
    "digest release",
    "digest send",
    "cop archive",
    "cop demote",
    "cop disconnect",
    "cop leave",
    "cop erase",
)
# Platforms ask for somebody's home themselves; undoing a link takes a second platform: see below.
# Nor has a file that comes at once: `session file` is for where it cannot.
NOT_IN_SIGHT = {"cop home", "cop unlink", "session file"}
# What comes as a session draws near, runs and is over: see tests/talks/test_around_sessions.py.
LATER = {f"session {verb}" for verb in ("keep", "thread", "step_in", "feedback", "send_notes", "attendance")}


class Walk:
    """People press every button they come to see, each once, and submit every form that opens."""

    def __init__(self, stage: Stage, village: Village) -> None:
        self.stage = stage
        self.village = village
        self.pressed: set[str] = set()
        self._met: set[tuple[str, str]] = set()
        self._ahead: list[tuple[int, int, str, Button]] = []  # by rank, then in the order they were seen

    async def go(self) -> None:
        """Say every command, bare and with arguments, and press all there is to press."""
        first = [command for command in self.stage.registry.shown() if rank(command.path) == 0]
        first.append(self.stage.registry.commands["cop home"])
        await self._round(first, bare=True)
        await self._round(first, bare=False)
        for path in LAST:
            await self._round([self.stage.registry.commands[path]], bare=False)

    async def _round(self, commands: Sequence[Command], *, bare: bool) -> None:
        for command in commands:
            for who in PEOPLE:
                args = {} if bare else arguments(command, self.village)
                await self._take(who, await self.stage.calls(who, Call(command.path, args), "python"))
        await self._look()
        highest = max(rank(command.path) for command in commands)
        while self._ahead and self._ahead[0][0] <= highest:
            assert len(self._met) < MOST, "the walk has an end"
            _, _, who, button = heappop(self._ahead)
            await self._take(who, await self.stage.calls(who, self._read(button), "python"))
            if not self._ahead or self._ahead[0][0] > highest:
                await self._look()

    def _read(self, button: Button) -> Call:
        """What the platform gives back: the call as it was written on the button."""
        payload = button.call.payload()
        assert len(payload) <= PAYLOAD_LIMIT
        call = self.stage.registry.parse(payload)
        assert call == button.call
        command = self.stage.registry.command(call.path)
        assert set(call.args) <= {parameter.name for parameter in command.parameters}
        self.pressed.add(call.path)
        return call

    async def _look(self) -> None:
        """Notice the buttons of what was posted, as it looks now, where each person sees it."""
        await self.stage.settle()
        for letter in self.stage.memory.posted():
            entry = self.stage.memory.back.entry(letter.ref)
            for who in PEOPLE:
                if entry is not None and entry.card is not None and entry.seen_by(self.stage.actor(who).id):
                    self._notice(who, entry.card)

    async def _take(self, who: str, heard: Heard) -> None:
        never_our_fault(heard)
        self._notice(who, heard.card)
        if isinstance(heard.answer, Ask):
            await self._submit(who, heard.answer)

    async def _submit(self, who: str, asked: Ask) -> None:
        """Fill the form sensibly. One that asks again is left alone."""
        command = self.stage.registry.command(asked.form.call.path)
        plausible = arguments(command, self.village)
        values = {field.name: plausible[field.name] for field in asked.form.fields if field.name in plausible}
        call = replace(asked.form.call, args={**asked.form.call.args, **asked.known, **values})
        heard = await self.stage.calls(who, call, "python")
        never_our_fault(heard)
        self._notice(who, heard.card)

    def _notice(self, who: str, card: Card) -> None:
        for button in card.buttons():
            if (who, button.call.payload()) not in self._met:
                self._met.add((who, button.call.payload()))
                heappush(self._ahead, (rank(button.call.path), len(self._met), who, button))


def rank(path: str) -> int:
    """How late the command is said and its buttons pressed."""
    return LAST.index(path) + 1 if path in LAST else 0


async def test_every_button_in_the_village(stage: Stage, village: Village) -> None:
    walk = Walk(stage, village)
    await walk.go()
    for_buttons = {command.path for command in registry().commands.values() if command.hidden}
    assert for_buttons - walk.pressed == NOT_IN_SIGHT | LATER


class Onlookers:
    """The chat of the sample, played on the platform in memory."""

    def __init__(self, stage: Stage) -> None:
        self._memory = stage.memory

    async def enter(self, by: Actor) -> None:
        self._memory.person(by.name)

    async def write(self, by: Actor, at: Address, text: str) -> MessageRef:
        return await self._memory.person(by.name).writes(text, at.channel)

    async def react(self, by: Actor, emoji: str, on: MessageRef) -> None:
        """Nobody looks at it here."""


async def test_every_button_of_the_demo(sqlite_url: str) -> None:
    async with staged(sqlite_url, platform=sample.PLATFORM) as stage:
        handle = stage.hearth.dispatcher.handle
        onlookers = Onlookers(stage)
        problems = await sample.play(
            onlookers, handle, stage.registry, stage.clock.stand_at, NOW, stage.settle
        )
        assert problems == []
        walk = Walk(stage, Village())
        await walk.go()
        assert {"cop join", "session rsvp", "resource endorse", "pulse vote", "help"} <= walk.pressed


async def test_the_buttons_of_linking_two_accounts(stage: Stage, village: Village) -> None:
    async def elsewhere(call: Call) -> Card:
        event = Called(
            call, Actor("other", "mo-too", "Mo"), replace(stage.memory.address("x"), platform="other")
        )
        answer = await stage.memory.handle(event)
        assert isinstance(answer, Reply | Update)
        return answer.card

    def button(card: Card) -> Call:
        (only,) = card.buttons()
        call = stage.registry.parse(only.call.payload())
        assert call == only.call
        return call

    code = (await stage.does(MEMBER, "link")).text.partition("/cop link ")[2].partition(".")[0]
    asked = await elsewhere(Call("cop link", {"code": code}))
    linked = await elsewhere(button(asked))
    undone = await elsewhere(button(linked))
    assert [asked.title, linked.title] == ["Link these accounts?", "Linked"]
    assert not list(undone.buttons())
