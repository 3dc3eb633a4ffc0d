"""Every card that a whole village gets to see, and every form it fills in, as Discord is sent them."""

import json
from pathlib import Path

from adapters.discord.cards import read_button
from adapters.discord.forms import step, submission
from bot.chat import Ask
from bot.registry import Command
from bot.ui.calls import Call
from bot.ui.cards import Card, words
from bot.ui.codec import dump
from storage import migrate
from tests.adapters.discord.test_cards import PARSE, described, drawn, texts
from tests.adapters.discord.test_forms import buttons, opened, sent, shown
from tests.adapters.discord.tokens import read
from tests.fakes.discord import components
from tests.program.plausible import arguments
from tests.program.stage import ADMIN, Stage, staged
from tests.program.test_buttons import LAST
from tests.program.village import FACILITATOR, MEMBER, STRANGER, Village, settled


class Seen:
    """What people see when they say everything there is to say, and press each button that this brings."""

    def __init__(self, stage: Stage) -> None:
        self.cards: dict[str, Card] = {}
        self.asks: list[Ask] = []
        self._stage = stage

    async def all(self, village: Village) -> None:
        """Say every command, bare and with arguments, then look at what was posted, and press."""
        for args in ((lambda c: {}), (lambda c: arguments(c, village))):
            for command in sorted(self._stage.registry.shown(), key=lambda c: c.path in LAST):
                await self._call(Call(command.path, args(command)))
        await self._stage.settle()
        for letter in self._stage.memory.posted():
            entry = self._stage.memory.back.entry(letter.ref)
            if entry is not None and entry.card is not None:
                self.cards[json.dumps(dump(entry.card))] = entry.card
        for call in {
            b.call.payload(): b.call for card in list(self.cards.values()) for b in card.buttons()
        }.values():
            if call.path not in LAST:
                await self._call(call)

    async def _call(self, call: Call) -> None:
        for who in (STRANGER, MEMBER, FACILITATOR, ADMIN):
            heard = await self._stage.calls(who, call, "python")
            if isinstance(heard.answer, Ask):
                self.asks.append(heard.answer)
            self.cards[json.dumps(dump(heard.card))] = heard.card


async def test_everything_the_village_sees_fits_discord(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'hearth.db'}"
    migrate.upgrade(url)
    async with staged(url) as stage:
        seen = Seen(stage)
        await seen.all(await settled(stage))
    assert len(seen.cards) > 100
    assert len(seen.asks) > 20
    for card in seen.cards.values():
        card_fits(card)
    for asked in seen.asks:
        form_fits(asked, stage.registry.command(asked.form.call.path))


def card_fits(card: Card) -> None:
    message = described(card)
    assert [file.name for file in message.files] == [
        block.name for block in card.blocks if hasattr(block, "content")
    ]
    alive = {token.kind for part in texts(message) for token in read(part)[0]}
    assert alive <= {"block", "bold", "code", "link", "address", "moment"}
    buttons = [c for c in components.walk(list(message.components)) if "custom_id" in c]
    assert [b["label"] for b in buttons] == [b.label for b in card.buttons()]
    assert [read_button(b["custom_id"], PARSE) for b in buttons] == [b.call for b in card.buttons()]
    if not message.v2:
        labels = [b["label"] for b in buttons]
        assert len(set(labels)) == len(labels), f"buttons that stand together are told apart: {words(card)}"
    drawn(card, v2=True)


def form_fits(asked: Ask, command: Command) -> None:
    """The form opens, and sent as it stands it says what was known and what is usual."""
    message = shown(asked)
    found, on = opened(asked), None
    if found is None:  # more is known than a modal carries
        pressed = step(next(iter(buttons(message).values())), message, PARSE)
        assert pressed is not None
        found, on = opened(asked, pressed.page, last=pressed.last, kept=True), message
    assert found is not None
    usual = {field.name: field.usual for field in asked.form.fields}
    got = submission(sent(found), on, PARSE).call
    assert got.path == command.path
    assert {n: v for n, v in got.args.items() if v != usual.get(n)} == {
        n: v for n, v in asked.known.items() if v and v != usual.get(n)
    }
