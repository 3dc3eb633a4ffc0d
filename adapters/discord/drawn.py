"""Messages and modals as discord.py takes them: it wants objects of its own where we have drawn JSON already.

A view stands for components that need nobody in memory to answer them: their state is in the custom_id.
Both are finished from the start, so that the library stores nothing of them.
"""

import io
from collections.abc import Sequence
from typing import Any

import discord

from adapters.discord.cards import Message

Json = dict[str, Any]


class View(discord.ui.View):
    """Components as they were drawn."""

    def __init__(self, components: Sequence[Json], *, v2: bool) -> None:
        super().__init__(timeout=None)
        self._drawn = list(components)
        self._v2 = v2
        self.stop()

    def to_components(self) -> list[Json]:
        return self._drawn

    def has_components_v2(self) -> bool:
        return self._v2

    def is_dispatchable(self) -> bool:
        return False


class Modal(discord.ui.Modal):
    """A modal as it was drawn: {"custom_id", "title", "components"}."""

    def __init__(self, drawn: Json) -> None:
        super().__init__(title=drawn["title"], custom_id=drawn["custom_id"])
        self._drawn = drawn
        self.stop()

    def to_dict(self) -> Json:
        return self._drawn


def new(message: Message) -> Json:
    """Return the arguments with which discord.py sends this message."""
    made: Json = {}
    if message.content:
        made["content"] = message.content
    if message.embeds:
        made["embeds"] = _embeds(message)
    if message.components:
        made["view"] = View(message.components, v2=message.v2)
    if message.files:
        made["files"] = _files(message)
    return made


def anew(message: Message) -> Json:
    """Return the arguments with which discord.py redraws a message: what is not there now goes."""
    return {
        "content": message.content or None,
        "embeds": _embeds(message),
        "view": View(message.components, v2=message.v2) if message.components else None,
        "attachments": _files(message),
    }


def _embeds(message: Message) -> list[discord.Embed]:
    return [discord.Embed.from_dict(embed) for embed in message.embeds]


def _files(message: Message) -> list[discord.File]:
    return [
        discord.File(io.BytesIO(file.content), filename=file.name, description=file.alt or None)
        for file in message.files
    ]
