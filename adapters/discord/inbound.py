"""Interactions as core events: typed commands, completions, buttons, forms and the message menu."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord import cards, forms, tree
from adapters.discord.events import NAME, actor, place
from bot import saving
from bot.chat import Actor, Called, Completing, MessageRef, Quote
from bot.registry import Registry
from bot.ui.calls import Call
from bot.ui.cards import Card, note

Json = Mapping[str, Any]

GONE = note("That is from an earlier version and does nothing any more. Try /help.")

_MESSAGE_MENU = discord.AppCommandType.message.value
_LINK = re.compile(r"https?://[^\s<>\"“”]+", re.IGNORECASE)
_AFTER = ".,;:!?'’*_~…"


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody called, and how a form that the core answers with is shown.

    `page` and `last` are the pages to show, as `forms` counts them; `modal` is whether Discord opens a modal
    now; `listed` whether the message that was pressed lists what was filled in, to be replaced by what
    follows.
    """

    event: Called
    page: int = 0
    last: int = 0
    modal: bool = True
    listed: bool = False


def read(interaction: discord.Interaction, registry: Registry) -> Heard | Completing | Card | None:
    """Return what the interaction means: a call, a completion, or what to say where it means nothing any more."""
    data: Any = interaction.data or {}
    match interaction.type:
        case discord.InteractionType.application_command if data.get("type") == _MESSAGE_MENU:
            return _saved(interaction, data)
        case discord.InteractionType.application_command:
            return Heard(_called(interaction, tree.call(data)))
        case discord.InteractionType.autocomplete:
            return _completing(interaction, data)
        case discord.InteractionType.component:
            return _pressed(interaction, data, registry)
        case discord.InteractionType.modal_submit:
            return _submitted(interaction, data, registry)
    return None


def _pressed(interaction: discord.Interaction, data: Json, registry: Registry) -> Heard | Card:
    custom_id = str(data["custom_id"])
    step = forms.step(custom_id, _listing(interaction), registry.parse)
    if step is not None:
        event = _called(interaction, step.call, form=step.page > 0, listed=True)
        return Heard(event, step.page, step.last, modal=step.page > 0, listed=True)
    call = cards.read_button(custom_id, registry.parse)
    return Heard(_called(interaction, call)) if call is not None else GONE


def _submitted(interaction: discord.Interaction, data: Json, registry: Registry) -> Heard | Card:
    message = _listing(interaction)
    listed = forms.is_between(message)
    try:
        sent = forms.submission(dict(data), message, registry.parse)
    except ValueError:
        return GONE
    event = _called(interaction, sent.call, form=sent.more, listed=listed)
    return Heard(event, sent.page + 1 if sent.more else 0, sent.last, modal=False, listed=listed)


def _listing(interaction: discord.Interaction) -> dict[str, Any] | None:
    """Return the message that was pressed as JSON, as far as a list of what was filled in is read from it."""
    message = interaction.message
    if message is None:
        return None
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return {
        "embeds": [{"description": embed.description} for embed in message.embeds],
        "components": [
            {"components": [{"custom_id": getattr(child, "custom_id", None)} for child in row.children]}
            for row in rows
        ],
    }


def _called(
    interaction: discord.Interaction, call: Call, *, form: bool = False, listed: bool = False
) -> Called:
    """Return the call as made by this interaction, whose id tells a second delivery from a second act.

    What lists a form's values is no card that could be redrawn.
    """
    at, message = place(interaction), interaction.message
    on = MessageRef(at, str(message.id)) if message is not None and not listed else None
    return Called(call, actor(interaction.user), at, on, delivery=f"{NAME}:{interaction.id}", form=form)


def _completing(interaction: discord.Interaction, data: Json) -> Completing | None:
    asked = tree.focused(data)
    if asked is None:
        return None
    call = tree.call(data)
    others = {name: value for name, value in call.args.items() if name != asked[0]}
    return Completing(Call(call.path, others), *asked, actor(interaction.user), place(interaction))


def _saved(interaction: discord.Interaction, data: Json) -> Heard | Card:
    """Return the form that saves the message the menu was opened on; Discord hands that one message over whole."""
    message = next(iter(data.get("resolved", {}).get("messages", {}).values()), None)
    if message is None:
        return note("That message is gone.")
    user = message["author"]
    name = user.get("global_name") or user["username"]
    author = Actor(NAME, str(user["id"]), name, bot=bool(user.get("bot")))
    embeds = [embed.get("description") or "" for embed in message.get("embeds") or ()]
    on = MessageRef(place(interaction), str(message["id"]))
    kept = _quoted(author, [message.get("content") or "", *embeds], on)
    return Heard(_called(interaction, saving.call(kept), form=True))


def quote(message: discord.Message, asked: MessageRef) -> Quote:
    """Return the message as read back. Without the right to read other people's words they come as ""."""
    embeds = [embed.description or "" for embed in message.embeds]
    return _quoted(actor(message.author), [message.content, *embeds], asked)


def _quoted(author: Actor, words: list[str], on: MessageRef) -> Quote:
    text = "\n".join(word for word in words if word)
    at = on.at
    permalink = "" if at.direct else f"https://discord.com/channels/{at.workspace}/{at.channel}/{on.id}"
    return Quote(author, text, tuple(dict.fromkeys(_links(text))), permalink)


def _links(text: str) -> Iterator[str]:
    """Yield the web addresses in the text, without the punctuation after them."""
    for match in _LINK.finditer(text):
        link = match.group().rstrip(_AFTER)
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(_AFTER)
        yield link
