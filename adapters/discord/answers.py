"""Answering an interaction within Discord's budget: three seconds for the first answer, fifteen minutes in all.

Two processes with one token both hear of every interaction. Discord takes the first answer and refuses
the second (40060, or 10062 once it is too late), and the database lets a command that writes have its
effect once: so both may run, and the one that comes second falls silent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
import discord
import structlog

from adapters.discord import cards, drawn, forms, marks
from adapters.discord.events import NAME
from adapters.discord.inbound import Heard
from adapters.discord.refusals import (
    ALREADY_ACKNOWLEDGED,
    OLD_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_WEBHOOK,
    described,
)
from bot.chat import (
    Address,
    Answer,
    Ask,
    Called,
    Completing,
    Handle,
    MessageRef,
    Refused,
    Reply,
    RetryLater,
    Suggest,
    Undeliverable,
    Update,
)
from bot.ui.cards import Card, note, on_request

BUDGET = 1.5
"""Seconds the core has before we promise an answer for later; Discord waits three, half is for the way."""

SUGGEST_WITHIN = 2.3
"""Seconds for completions: there is no promising, and late ones are lost."""

SUGGESTIONS = 25
SUGGESTION_LIMIT = 100  # characters of a suggestion's words, and of its value

# The answer has no one left to go to, or somebody else has given it.
_MISSED = frozenset({ALREADY_ACKNOWLEDGED, UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, OLD_TOKEN})

OUR_FAULT = "That was done, but I could not show it to you."
ALREADY_DONE = note("That was done already.")
IN_CHANNEL = note("Done: it is in the channel.")
NOT_IN_CHANNEL = "I could not write in this channel: {reason}."

Post = Callable[[Address, Card, str], Awaitable[MessageRef]]
Edit = Callable[[MessageRef, Card], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Desk:
    """Gives the core's answers. `post` and `edit` are the port's, for what has to last."""

    def __init__(self, post: Post, edit: Edit) -> None:
        self._post = post
        self._edit = edit

    async def suggest(self, interaction: discord.Interaction, event: Completing, handle: Handle) -> None:
        """Answer with completions, none when the core is late."""
        options: list[discord.app_commands.Choice[str]] = []
        try:
            async with asyncio.timeout(SUGGEST_WITHIN):
                answer = await handle(event)
            if isinstance(answer, Suggest):
                options = [
                    discord.app_commands.Choice(
                        name=_within(option.label or option.value), value=option.value
                    )
                    for option in answer.options
                    if 0 < len(option.value) <= SUGGESTION_LIMIT
                ]
        except TimeoutError:
            _log.info("completion came too late", path=event.call.path)
        await _said(interaction.response.autocomplete(options[:SUGGESTIONS]))

    async def answer(self, interaction: discord.Interaction, heard: Heard, handle: Handle) -> None:
        """Answer with what the core says, now or, where that takes longer, by a promise kept later."""
        working = asyncio.ensure_future(handle(heard.event))
        await asyncio.wait({working}, timeout=BUDGET)
        turn = _Turn(interaction, replaces=heard.listed)
        if not working.done():
            await _said(turn.promise())
        answer = await working
        try:
            await _said(self._give(turn, heard, answer))
        except Exception as error:  # a card that cannot be drawn: the person must not wait for ever
            path = heard.event.call.path
            _log.error("an answer could not be given", platform=NAME, path=path, error=described(error))
            await _said(turn.say(note(OUR_FAULT)))

    async def say(self, interaction: discord.Interaction, card: Card) -> None:
        """Say something privately without asking the core."""
        await _said(_Turn(interaction).say(card))

    async def _give(self, turn: "_Turn", heard: Heard, answer: Answer) -> None:
        event = heard.event
        match answer:
            case Reply(card, private=False) if not event.at.direct:
                await turn.say(await self._publish(event, card))
            case Reply(card):
                await turn.say(card)
            case Update(card) if event.on is not None:
                await self._redraw(turn, event.on, card)
            case Update(card):
                await turn.say(card)
            case Ask():
                await turn.ask(answer, heard)
            case None:
                await turn.nothing()
            case _:
                _log.error("no answer to an interaction", answer=type(answer).__name__)

    async def _publish(self, event: Called, card: Card) -> Card:
        """Post what is for everyone under the bot's own token: it must outlast the interaction's."""
        try:
            await self._post(event.at, card, f"reply:{event.delivery}")
        except Undeliverable as error:
            return note(NOT_IN_CHANNEL.format(reason=error.reason))
        except RetryLater:
            return note("Discord takes no messages from me just now. Please try again in a moment.")
        return IN_CHANNEL

    async def _redraw(self, turn: "_Turn", on: MessageRef, card: Card) -> None:
        try:
            await turn.redraw(card)
        except discord.HTTPException as error:
            if error.code not in (OLD_TOKEN, UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION) or turn.private_message:
                raise
            await self._edit(on, card)  # the card stands for everyone; the interaction's time is over


class _Turn:
    """One interaction, and how it has been answered so far.

    With `replaces` the message that was pressed is private and has done its work: what is said takes its place.
    """

    def __init__(self, interaction: discord.Interaction, *, replaces: bool = False) -> None:
        self._interaction = interaction
        self._replaces = replaces
        self._promised = False
        self._on_message = interaction.message is not None

    @property
    def private_message(self) -> bool:
        """Whether what was pressed is seen by the person alone, so that only the interaction can redraw it."""
        message = self._interaction.message
        return message is not None and message.flags.ephemeral

    @property
    def _private(self) -> bool:
        """Whether an answer has to be marked as private: where nobody else is, it may stay."""
        return self._interaction.guild_id is not None

    async def promise(self) -> None:
        """Promise an answer: of a button's, that its message will change; else a private message to come."""
        self._promised = True
        response = self._interaction.response
        if self._on_message:
            await self._first(response.defer)
        else:
            await self._first(partial(response.defer, ephemeral=self._private, thinking=True))

    async def say(self, card: Card) -> None:
        """Say it to the person alone, its files on request: attached, they cost a quarter of a whole press."""
        await self._show(cards.render(on_request(card)))

    async def redraw(self, card: Card) -> None:
        """Redraw the card that was pressed."""
        pressed = self._interaction.message
        assert pressed is not None, "only a card that was pressed is redrawn"
        message = cards.render(card, v2=cards.was_v2(pressed.flags.value))
        await self._replace(marks.kept(message, pressed))

    async def ask(self, ask: Ask, heard: Heard) -> None:
        """Open the form. After a form, or late, Discord opens none: then by a message with a button that does."""
        opened: drawn.Json | None = None
        if heard.modal and not self._promised:
            opened = forms.modal(ask, heard.page, last=heard.last, kept=heard.listed)
        if opened is not None:
            await self._first(partial(self._interaction.response.send_modal, drawn.Modal(opened)))
        else:
            await self._show(forms.between(ask, heard.page))

    async def nothing(self) -> None:
        """Acknowledge; an interaction that came a second time is told so."""
        if not self._on_message:
            await self.say(ALREADY_DONE)
        elif not self._promised:
            await self._first(self._interaction.response.defer)

    async def _show(self, message: cards.Message) -> None:
        if self._replaces:
            await self._replace(message)
        elif not self._promised:
            response = self._interaction.response
            await self._first(lambda: response.send_message(**drawn.new(message), ephemeral=self._private))
        elif self._on_message:
            await self._interaction.followup.send(**drawn.new(message), ephemeral=self._private)
        else:
            await self._interaction.edit_original_response(**drawn.anew(message))

    async def _replace(self, message: cards.Message) -> None:
        if self._promised:
            await self._interaction.edit_original_response(**drawn.anew(message))
        else:
            response = self._interaction.response
            await self._first(lambda: response.edit_message(**drawn.anew(message)))

    async def _first(self, answer: Callable[[], Awaitable[object]]) -> None:
        """Give the first answer. Over a line that breaks it is given twice: one that was taken is not taken again."""
        try:
            await answer()
        except (aiohttp.ClientError, OSError):
            await answer()


async def _said(saying: Awaitable[object]) -> None:
    """Let it be said; what nobody can hear any more is no error."""
    try:
        await saying
    except discord.HTTPException as error:
        if error.code in _MISSED:
            _log.info("an answer was not taken", platform=NAME, code=error.code)
        else:
            _log.warning("an answer was refused", platform=NAME, status=error.status, code=error.code)
    except discord.InteractionResponded:
        _log.info("an answer was not taken", platform=NAME)
    except (RetryLater, Refused, aiohttp.ClientError, OSError) as error:
        _log.warning("an answer was not given", platform=NAME, error=type(error).__name__)


def _within(words: str) -> str:
    return words if len(words) <= SUGGESTION_LIMIT else words[: SUGGESTION_LIMIT - 1] + "…"
