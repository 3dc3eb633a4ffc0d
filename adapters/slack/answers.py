"""How the core's answers reach the person: in the acknowledgement where that is possible, else by a call.

An acknowledgement takes a message (commands) or a change of the form (submissions); a form opens by
the trigger, which lives three seconds. What cannot go the best way goes the next: response_url, an
ephemeral message, a direct message. Nothing that was to be said is lost for want of one of them.
"""

import time
from dataclasses import dataclass, field

import structlog

from adapters.slack import files, views
from adapters.slack.api import Api, Json, SlackError, Unclear
from adapters.slack.blocks import Message, render
from adapters.slack.events import OPEN_FORM, Way
from adapters.slack.homes import Homes
from adapters.slack.posting import Posting
from adapters.slack.text import inert, plain
from bot.chat import Address, Answer, Ask, Mark, MessageRef, Refused, Reply, RetryLater, Undeliverable, Update
from bot.errors import BadValue
from bot.ui.calls import Call, written
from bot.ui.cards import Card, note, on_request

TRIGGER_LIFE = 2.6  # seconds after which a trigger is not tried any more: it dies after three, Slack's time
VALUE_LIMIT = 2_000  # characters of a button's value

_FAILED = (SlackError, Unclear, RetryLater, Refused)
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Turn:
    """One act of a person on its way to an answer; `acknowledged` is set when the answer comes too late for that."""

    way: Way
    call: Call
    confidential: bool = False
    acknowledged: bool = False
    began: float = field(default_factory=time.monotonic)

    @property
    def triggers(self) -> bool:
        """Whether the trigger may still open a view."""
        return bool(self.way.trigger) and time.monotonic() - self.began < TRIGGER_LIFE


class Answers:
    """Gives answers. `give` returns what the acknowledgement is to carry, {} for nothing."""

    def __init__(self, api: Api, posting: Posting, homes: Homes) -> None:
        self._api = api
        self._posting = posting
        self._homes = homes

    async def give(self, turn: Turn, answer: Answer) -> Json:
        """Let the person have the answer. Raises nothing that Slack causes; logs what could not be said."""
        try:
            match answer:
                case Reply() | Update() if turn.way.surface == "submission":
                    return await self._after_submission(turn, answer)
                case Ask() if turn.way.surface == "submission":
                    return await self._ask_again(turn, answer)
                case Reply(card, private):
                    return await self._reply(turn, card, private=private)
                case Update(card):
                    return await self._update(turn, card)
                case Ask():
                    await self._ask(turn, answer)
                case Mark(emoji):
                    await self._mark(turn.way, emoji)
        except BadValue as refusal:  # what was understood does not fit into a form
            return await self._refuse(turn, refusal)
        except (*_FAILED, Undeliverable) as error:
            _log.warning("an answer could not be given", surface=turn.way.surface, reason=str(error))
        return {}

    async def _refuse(self, turn: Turn, refusal: BadValue) -> Json:
        inputs = [b["block_id"] for b in turn.way.view.get("blocks", ()) if b.get("type") == "input"]
        if turn.way.surface == "submission" and inputs and not turn.acknowledged:
            return {"response_action": "errors", "errors": {inputs[0]: refusal.message}}
        try:
            return await self._reply(turn, note(refusal.message), private=True)
        except (*_FAILED, Undeliverable) as error:
            _log.warning("an answer could not be given", surface=turn.way.surface, reason=str(error))
            return {}

    # Messages

    async def _reply(self, turn: Turn, card: Card, *, private: bool) -> Json:
        card = on_request(card) if private else card
        way, message = turn.way, render(card)
        if way.surface == "home":
            return await self._in_window(turn, card)
        if way.surface == "modal":
            return await self._in_modal(turn, card)
        if way.surface == "shortcut" and not way.url:
            return await self._in_window(turn, card)
        if way.surface == "command" and not turn.acknowledged and not message.files:
            told = _body(message, private=private)
            del told["replace_original"]
            return told
        if private:
            await self._privately(way, message)
        elif not await self._respond(way, _body(message, private=False)):
            await self._publicly(way, card)
        return {}

    async def _update(self, turn: Turn, card: Card) -> Json:
        way = turn.way
        if way.surface != "message" or not way.message:
            return await self._reply(turn, card, private=True)
        if not way.ephemeral and await self._redrawn(way, card):
            return {}
        message = render(card)
        replaced = {"replace_original": True, "text": message.text, "blocks": message.blocks}
        if await self._respond(way, replaced):
            await self._files_for(way, message)
        else:
            await self._privately(way, message)
        return {}

    async def _redrawn(self, way: Way, card: Card) -> bool:
        try:
            await self._posting.edit(MessageRef(_there(way), way.message), card)
        except (*_FAILED, Undeliverable) as error:
            _log.info("a pressed message was not redrawn", reason=str(error))
            return False
        return True

    async def _privately(self, way: Way, message: Message) -> None:
        """Say it to the person alone, with the files that belong to it."""
        await self._say(way, message)
        await self._files_for(way, message)

    async def _say(self, way: Way, message: Message) -> None:
        """Say it to the person alone, by whichever way is left."""
        if not await self._respond(way, _body(message, private=True)) and not await self._whisper(
            way, message
        ):
            await self._direct(way, message)

    async def _respond(self, way: Way, body: Json) -> bool:
        """Use the response_url: five times within half an hour. Returns whether it took the message."""
        if not way.url:
            return False
        try:
            status, text = await self._api.send(way.url, json=body)
        except Unclear:
            return False
        if status != 200:
            _log.info("an answer address is used up", status=status, answer=text[:80])
        return status == 200

    async def _whisper(self, way: Way, message: Message) -> bool:
        if not way.channel or way.channel.startswith("D"):
            return False
        said: Json = {"text": message.text, "blocks": message.blocks}
        try:
            await self._api("chat.postEphemeral", channel=way.channel, user=way.person, **said)
        except _FAILED as error:
            _log.info("an ephemeral message was not taken", reason=str(error))
            return False
        return True

    async def _direct(self, way: Way, message: Message) -> None:
        channel = await self._posting.channel(_alone(way))
        said: Json = {"text": message.text, "blocks": message.blocks}
        await self._api("chat.postMessage", channel=channel, unfurl_links=False, unfurl_media=False, **said)

    async def _publicly(self, way: Way, card: Card) -> None:
        message = render(card)
        channel = await self._posting.channel(_there(way))
        said: Json = {"text": message.text, "blocks": message.blocks}
        answer = await self._api(
            "chat.postMessage", channel=channel, unfurl_links=False, unfurl_media=False, **said
        )
        await files.show(self._api, channel, message.files, thread=str(answer["ts"]))

    async def _files_for(self, way: Way, message: Message) -> None:
        """Send what comes with a private answer where only this person sees it."""
        if message.files:
            await files.show(self._api, await self._posting.channel(_alone(way)), message.files)

    async def _mark(self, way: Way, emoji: str) -> None:
        try:
            await self._api("reactions.add", channel=way.channel, timestamp=way.message, name=emoji)
        except SlackError as error:
            if error.error != "already_reacted":
                raise

    # Windows

    async def _ask(self, turn: Turn, ask: Ask) -> None:
        way = turn.way
        view = views.modal(ask, _origin(way))
        if way.surface == "modal" and await self._changed(way.view.get("id", ""), view):
            return
        if turn.triggers and await self._opened(way.trigger, view):
            return
        await self._privately(way, _to_open(turn, ask))

    async def _opened(self, trigger: str, view: Json) -> bool:
        try:
            await self._api("views.open", trigger_id=trigger, view=view, patience=0.5)
        except SlackError as error:
            _log.info("a form did not open", error=error.error)
            return False
        except (Unclear, RetryLater) as error:
            _log.info("a form did not open", reason=str(error))
            return False
        return True

    async def _changed(self, view_id: str, view: Json) -> bool:
        try:
            await self._api("views.update", view_id=view_id, view=view)
        except _FAILED as error:
            _log.info("a window could not be changed", reason=str(error))
            return False
        return True

    async def _in_window(self, turn: Turn, card: Card) -> Json:
        """Show the card in a window of its own; on the home, draw that anew as well."""
        message = render(card)
        if not (
            turn.triggers and await self._opened(turn.way.trigger, views.notice(card, _origin(turn.way)))
        ):
            await self._privately(turn.way, message)
        else:
            await self._files_for(turn.way, message)
        if turn.way.surface == "home":
            await self._homes.draw(turn.way.person, turn.way.workspace)
        return {}

    async def _in_modal(self, turn: Turn, card: Card) -> Json:
        """Let the window whose button was pressed show the card."""
        message = render(card)
        if await self._changed(turn.way.view.get("id", ""), views.notice(card, _origin(turn.way))):
            await self._files_for(turn.way, message)
        else:
            await self._privately(turn.way, message)
        return {}

    # Submissions

    async def _after_submission(self, turn: Turn, answer: Reply | Update) -> Json:
        """Close the form where its answer shows elsewhere, else let the window become the answer."""
        way, card = turn.way, answer.card
        if isinstance(answer, Reply) and not answer.private:
            await self._publicly(way, card)
            return await self._close(turn)
        standing = isinstance(answer, Update) and way.message and not _origin(way).ephemeral
        if standing and await self._redrawn(way, card):
            return await self._close(turn)
        card = on_request(card)
        message, notice = render(card), views.notice(card, _origin(way))
        # The answer itself last: while the rest takes its time, the form may have to be acknowledged.
        await self._files_for(way, message)
        if not way.channel and not way.message:
            await self._homes.redraw(way.person, way.workspace)
        if not turn.acknowledged:
            return {"response_action": "update", "view": notice}
        if not await self._changed(way.view.get("id", ""), notice):
            await self._say(way, message)
        return {}

    async def _close(self, turn: Turn) -> Json:
        if turn.acknowledged:
            await self._changed(turn.way.view.get("id", ""), views.notice(note("Done."), _origin(turn.way)))
        return {} if turn.acknowledged else {"response_action": "clear"}

    async def _ask_again(self, turn: Turn, ask: Ask) -> Json:
        way = turn.way
        problems = views.errors(ask, way.view)
        if problems and not turn.acknowledged:
            return {"response_action": "errors", "errors": problems}
        view = views.modal(ask, _origin(way))
        if not turn.acknowledged:
            return {"response_action": "update", "view": view}
        if not await self._changed(way.view.get("id", ""), view):
            await self._privately(way, _to_open(turn, ask))
        return {}


def waiting(turn: Turn) -> Json:
    """Return how a submission is acknowledged whose answer takes longer."""
    if turn.way.surface != "submission":
        return {}
    card = note("One moment: this takes a little longer. What came of it will show here.")
    return {"response_action": "update", "view": views.notice(card, _origin(turn.way))}


def _body(message: Message, *, private: bool) -> Json:
    return {
        "response_type": "ephemeral" if private else "in_channel",
        "replace_original": False,
        "text": message.text,
        "blocks": message.blocks,
    }


def _to_open(turn: Turn, ask: Ask) -> Message:
    """Return a message whose button opens the form, with what was understood as far as it fits."""
    known = {} if turn.confidential else dict(ask.known)
    value = written(Call(ask.form.call.path, {**ask.form.call.args, **known}))
    while len(value) > VALUE_LIMIT and known:
        del known[max(known, key=lambda name: len(known[name]))]
        value = written(Call(ask.form.call.path, {**ask.form.call.args, **known}))
    words = f"{ask.form.title}: this took a little longer. The form is ready."
    button = {
        "type": "button",
        "action_id": OPEN_FORM,
        "text": plain("Open the form", 75),
        "accessibility_label": f"Open the form “{ask.form.title}”",
        "style": "primary",
        "value": value,
    }
    section = {"type": "section", "text": plain(words, 3_000)}
    return Message(inert(words), [section, {"type": "actions", "elements": [button]}], ())


def _origin(way: Way) -> views.Origin:
    if way.origin is not None:
        return way.origin
    return views.Origin(
        channel=way.channel, workspace=way.workspace, message=way.message, ephemeral=way.ephemeral
    )


def _alone(way: Way) -> Address:
    return Address("slack", workspace=way.workspace, person=way.person)


def _there(way: Way) -> Address:
    """The place where it happened, as it is: direct messages go by their own channel."""
    return Address("slack", way.channel, way.workspace) if way.channel else _alone(way)
