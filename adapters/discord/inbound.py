"""Interactions as core events: typed commands, completions, buttons, forms and the message menu."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import discord

from adapters.discord import cards, tree
from adapters.discord.events import NAME, actor, place
from bot.chat import Actor, Called, Completing, MessageRef, Quote
from bot.registry import Registry
from bot.ui.calls import Call
from bot.ui.cards import Card, note

Json = Mapping[str, Any]

SAVE = "resource save"
GONE = note("This button is from an earlier version and does nothing any more. Try /help.")

_MESSAGE_MENU = discord.AppCommandType.message.value
_LINK = re.compile(r"https?://[^\s<>\"“”]+", re.IGNORECASE)


def read(interaction: discord.Interaction, registry: Registry) -> Called | Completing | Card | None:
    """Return what the interaction means: an event, or what to say where it means nothing any more."""
    data: Any = interaction.data or {}
    match interaction.type:
        case discord.InteractionType.application_command if data.get("type") == _MESSAGE_MENU:
            return _saved(interaction, data)
        case discord.InteractionType.application_command:
            return called(interaction, tree.call(data))
        case discord.InteractionType.autocomplete:
            return _completing(interaction, data)
        case discord.InteractionType.component:
            call = cards.read_button(data["custom_id"], registry.parse)
            return called(interaction, call) if call is not None else GONE
    return None


def called(interaction: discord.Interaction, call: Call, *, form: bool = False) -> Called:
    """Return the call as made by this interaction, whose id tells a second delivery from a second act."""
    at = place(interaction)
    on = MessageRef(at, str(interaction.message.id)) if interaction.message is not None else None
    return Called(call, actor(interaction.user), at, on, delivery=f"{NAME}:{interaction.id}", form=form)


def _completing(interaction: discord.Interaction, data: Json) -> Completing | None:
    asked = tree.focused(data)
    if asked is None:
        return None
    call = tree.call(data)
    others = {name: value for name, value in call.args.items() if name != asked[0]}
    return Completing(Call(call.path, others), *asked, actor(interaction.user), place(interaction))


def _saved(interaction: discord.Interaction, data: Json) -> Called | Card:
    message = next(iter(data.get("resolved", {}).get("messages", {}).values()), None)
    if message is None:
        return note("That message is gone.")
    links = tuple(_links(str(message.get("content", ""))))
    where = f"{interaction.guild_id or '@me'}/{interaction.channel_id}/{message['id']}"
    url = links[0] if links else f"https://discord.com/channels/{where}"
    return called(interaction, Call(SAVE, {"url": url}), form=True)


def quote(message: discord.Message, asked: MessageRef) -> Quote:
    """Return the message as read back. Without the right to read other people's words they come as ""."""
    at = asked.at
    permalink = "" if at.direct else f"https://discord.com/channels/{at.workspace}/{at.channel}/{message.id}"
    words = [message.content, *(embed.description or "" for embed in message.embeds)]
    text = "\n".join(word for word in words if word)
    return Quote(_author(message), text, tuple(_links(text)), permalink)


def _author(message: discord.Message) -> Actor:
    return actor(message.author)


def _links(text: str) -> Iterator[str]:
    seen = set()
    for match in _LINK.finditer(text):
        link = match.group().rstrip(".,;:!?'’*_~…)>")
        if link not in seen:
            seen.add(link)
            yield link
