"""The whole loop through discord.py: in by the gateway, out by the interaction or by the bot's own token."""

import asyncio

from bot.chat import Actor, Address, Called, Reply, Update
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Text, note
from tests.adapters.discord.conftest import Stage
from tests.fakes.discord.people import buttons

ASKED = Card(
    "Coming?", (Text(("Tell us.",)), Buttons((Button("Going", Call("session rsvp", {"session": "S1"})),)))
)


async def test_a_typed_command_is_answered_to_the_person_alone(stage: Stage) -> None:
    stage.core.usual = Reply(note("Here is what you may do."))
    ana = stage.discord.person("Ana")
    act = ana.uses(["help"], {}, stage.general)
    async with asyncio.timeout(5):
        await act.done.wait()
    event = stage.core.heard[0]
    assert isinstance(event, Called)
    assert event.call == Call("help")
    assert event.by == Actor("discord", str(ana.user.id), "Ana")
    assert event.at == Address("discord", str(stage.general.id), str(stage.discord.guild.id), name="general")
    [message] = ana.sees(stage.general)
    assert message.content == "Here is what you may do."
    assert message.ephemeral
    assert stage.discord.person("Ben").sees(stage.general) == []


async def test_a_posted_card_is_pressed_and_redrawn(stage: Stage) -> None:
    to = Address("discord", str(stage.general.id), str(stage.discord.guild.id))
    ref = await stage.adapter.post(to, ASKED, key="session:1")
    [message] = stage.discord.person("Ana").sees(stage.general)
    assert str(message.id) == ref.id
    stage.core.usual = Update(note("You are going."))
    act = stage.discord.person("Ana").presses(message, next(buttons(message)))
    async with asyncio.timeout(5):
        await act.done.wait()
    assert message.content.startswith("You are going.")
    assert not message.components
    event = stage.core.heard[0]
    assert isinstance(event, Called)
    assert event.on is not None
    assert event.on.id == ref.id
    await stage.adapter.edit(ref, ASKED)
    assert "Tell us." in message.content
