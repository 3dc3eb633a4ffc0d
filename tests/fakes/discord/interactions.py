"""Interactions: what a person set off, and how the bot may answer it, once and in time."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.discord import drawing, payloads, permissions
from tests.fakes.discord.call import Call, Json, Routes
from tests.fakes.discord.channels import Channels
from tests.fakes.discord.core import Core
from tests.fakes.discord.refusals import (
    Refusal,
    answered_already,
    invalid_form,
    invalid_webhook_token,
    unknown,
)
from tests.fakes.discord.state import EPHEMERAL, LOADING, Channel, Message, User

COMMAND, COMPONENT, AUTOCOMPLETE, SUBMIT = 2, 3, 4, 5
SAY, DEFER, DEFER_UPDATE, UPDATE, SUGGEST, MODAL = 4, 5, 6, 7, 8, 9

ALLOWED = {
    COMMAND: {SAY, DEFER, MODAL},
    COMPONENT: {SAY, DEFER, DEFER_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {SUGGEST},
    SUBMIT: {SAY, DEFER, DEFER_UPDATE, UPDATE},
}

FIRST, LAST = timedelta(seconds=3), timedelta(minutes=15)

HOOK = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = HOOK + "/messages/@original"
FOLLOWED = HOOK + "/messages/{message_id}"


@dataclass(slots=True)
class Interaction:
    """One act of a person. `answer` is the kind of the first answer, 0 while there is none."""

    id: int
    token: str
    kind: int
    at: datetime
    by: User
    channel: Channel
    data: Json
    on: Message | None = None
    opened_by: "Interaction | None" = None
    answer: int = 0
    original: Message | None = None
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    followed: list[Message] = field(default_factory=list)
    loading: bool = False
    late: bool = False
    first: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is answered by more than the promise of an answer."""


class Interactions:
    """All interactions, and the routes that answer them."""

    def __init__(self, core: Core, channels: Channels) -> None:
        self._core = core
        self._state = core.state
        self._channels = channels
        self.all: dict[int, Interaction] = {}
        self.tokens: dict[str, Interaction] = {}

    def routes(self) -> Routes:
        return [
            ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", self.callback),
            ("POST", HOOK, self.follow),
            ("GET", ORIGINAL, self.get),
            ("PATCH", ORIGINAL, self.edit),
            ("DELETE", ORIGINAL, self.delete),
            ("GET", FOLLOWED, self.get),
            ("PATCH", FOLLOWED, self.edit),
            ("DELETE", FOLLOWED, self.delete),
        ]

    # What a person sets off.

    def begin(
        self,
        kind: int,
        by: User,
        channel: Channel,
        data: Json,
        on: Message | None,
        opened_by: Interaction | None = None,
    ) -> Interaction:
        """Make an interaction and tell the bot of it. A modal's submit was `opened_by` another."""
        token = "fake." + secrets.token_urlsafe(60)
        id_, now = self._state.ids.new(), self._core.clock()
        made = Interaction(id_, token, kind, now, by, channel, data, on, opened_by)
        self.all[made.id] = self.tokens[made.token] = made
        self.deliver(made)
        return made

    def deliver(self, made: Interaction) -> None:
        """Tell the bot of the interaction, the first time or again."""
        state, channel = self._state, made.channel
        drawn = drawing.channel(channel)
        payload: Json = {
            "id": str(made.id),
            "application_id": str(state.application),
            "type": made.kind,
            "data": made.data,
            "channel_id": str(channel.id),
            "token": made.token,
            "version": 1,
            "locale": "en-GB",
            "entitlements": [],
            "attachment_size_limit": payloads.FILE_BYTES,
        }
        guild = state.guilds.get(channel.guild)
        if guild is None:
            payload |= {"channel": drawn, "user": drawing.user(made.by), "context": 1}
            payload |= {
                "authorizing_integration_owners": {"0": "0"},
                "app_permissions": str(permissions.USUAL),
            }
        else:
            held = permissions.of(made.by.id, guild, channel)
            member = drawing.member(guild.members[made.by.id]) | {"permissions": str(held)}
            payload |= {
                "channel": drawn | {"permissions": str(held)},
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
                "guild_locale": "en-US",
                "member": member,
                "context": 0,
                "authorizing_integration_owners": {"0": str(guild.id)},
                "app_permissions": str(permissions.of(state.bot.id, guild, channel)),
            }
        if made.on is not None:
            payload["message"] = drawing.message(made.on, state, self._core.cdn)
        self._core.gateway.dispatch("INTERACTION_CREATE", payload, guild=channel.guild)

    # How the bot answers.

    async def callback(self, call: Call) -> tuple[int, Json | None]:
        made = self.all.get(call.id("interaction_id"))
        if made is None or made.token != call.parameters["interaction_token"]:
            raise unknown("interaction")
        if made.answer:
            raise answered_already()
        if self._core.clock() - made.at > FIRST:
            made.late = True
            raise unknown("interaction")
        kind, data = call.body["type"], call.body.get("data") or {}
        if kind not in ALLOWED[made.kind] or (kind in (DEFER_UPDATE, UPDATE) and made.on is None):
            raise invalid_form({"type": f"A callback of type {kind} does not answer type {made.kind}."})
        self._answer(made, kind, data, call)
        made.answer = kind
        self._core.wrote("answer", made.id, made.channel.id, {"type": kind, "data": data})
        made.first.set()
        if not made.loading:
            made.done.set()
        if call.query.get("with_response", "").lower() not in ("1", "true"):
            return 204, None
        return 200, self._told(made)

    def _answer(self, made: Interaction, kind: int, data: Json, call: Call) -> None:
        match kind:
            case 4:
                self._mentions(data)
                payloads.check_message(data, call.files)
                made.original = self._say(made, data, call)
            case 5:
                flags = (data.get("flags") or 0) & EPHEMERAL
                made.original = self._say(made, {"flags": flags | LOADING}, call)
                made.loading = True
            case 6:
                made.original = made.on
            case 7:
                self._mentions(data)
                assert made.on is not None
                self._rewrite(made.on, Call(call.method, call.path, {}, {}, data, call.files))
                made.original = made.on
            case 8:
                made.choices = self._choices(data)
            case 9:
                payloads.check_modal(data)
                made.modal = data

    def _choices(self, data: Json) -> list[Json]:
        choices: list[Json] = data.get("choices") or []
        if len(choices) > 25:
            raise invalid_form({"data.choices": "Must be 25 or fewer in length."})
        for number, choice in enumerate(choices):
            if not 1 <= len(choice["name"]) <= 100 or len(str(choice["value"])) > 100:
                raise invalid_form({f"data.choices.{number}": "Must be between 1 and 100 in length."})
        return choices

    def _told(self, made: Interaction) -> Json:
        told: Json = {"interaction": {"id": str(made.id), "type": made.kind}}
        if made.original is not None:
            told["interaction"] |= {
                "response_message_id": str(made.original.id),
                "response_message_loading": made.loading,
                "response_message_ephemeral": made.original.ephemeral,
            }
        if made.original is not None and made.answer in (SAY, UPDATE):
            told["resource"] = {"type": made.answer, "message": self._core.draw(made.original)}
        return told

    async def follow(self, call: Call) -> Json | None:
        made = self._by_token(call)
        self._mentions(call.body)
        payloads.check_message(call.body, call.files)
        if made.loading and made.original is not None:
            self._load(made, call)
            said = made.original
        else:
            said = self._say(made, call.body, call)
        made.followed.append(said)
        self._core.wrote("create", said.id, made.channel.id, call.body)
        made.done.set()
        return self._core.draw(said) if call.query.get("wait", "").lower() in ("1", "true") else None

    async def get(self, call: Call) -> Json:
        return self._core.draw(self._of(call))

    async def edit(self, call: Call) -> Json:
        made, message = self._by_token(call), self._of(call)
        self._mentions(call.body)
        if message is made.original and made.loading:
            payloads.check_message(call.body, call.files)
            self._load(made, call)
            self._core.wrote("edit", message.id, message.channel, call.body)
        else:
            self._rewrite(message, call)
        made.done.set()
        return self._core.draw(message)

    async def delete(self, call: Call) -> None:
        made, message = self._by_token(call), self._of(call)
        self._core.erase(message)
        self._core.wrote("delete", message.id, message.channel)
        made.done.set()

    def _of(self, call: Call) -> Message:
        made = self._by_token(call)
        if "message_id" in call.parameters:
            mine = [m for m in made.followed if m.id == call.id("message_id")]
            if not mine or mine[0].id not in self._state.messages:
                raise unknown("Message")
            return mine[0]
        if made.original is None or made.original.id not in self._state.messages:
            raise unknown("Message")
        return made.original

    def _by_token(self, call: Call) -> Interaction:
        made = self.tokens.get(call.parameters["webhook_token"])
        if made is None or call.parameters["webhook_id"] != str(self._state.application):
            raise Refusal(404, 10015, "Unknown Webhook")
        if self._core.clock() - made.at > LAST:
            raise invalid_webhook_token()
        if not made.answer:
            raise Refusal(404, 10015, "Unknown Webhook")
        return made

    def _load(self, made: Interaction, call: Call) -> None:
        """Put what was promised in the place of the promise, whose privacy stays."""
        assert made.original is not None
        message = made.original
        body = {**call.body, "flags": (call.body.get("flags") or 0) & ~EPHEMERAL}
        self._core.write_into(message, body, call.files)
        message.flags &= ~LOADING
        made.loading = False
        if not message.ephemeral:
            self._core.tell(message, "MESSAGE_UPDATE")

    def _rewrite(self, message: Message, call: Call) -> None:
        self._channels.rewrite(message, call)

    def _say(self, made: Interaction, body: Json, call: Call) -> Message:
        private = bool((body.get("flags") or 0) & EPHEMERAL)
        message = self._core.compose(
            made.channel,
            self._state.bot,
            body,
            call.files,
            interaction=_metadata(made),
            only=made.by.id if private else 0,
        )
        self._core.send(message)
        return message

    def _mentions(self, body: Json) -> None:
        complaint = payloads.mention_complaint(body)
        if complaint:
            self._core.ledger.complaints.append(f"interaction: {complaint}")


def _metadata(made: Interaction) -> Json:
    """Return what a message tells of the interaction it answers."""
    told: Json = {"id": str(made.id), "type": made.kind, "user": drawing.user(made.by)}
    told["authorizing_integration_owners"] = {"0": str(made.channel.guild)}
    if made.kind == COMPONENT and made.on is not None:
        told["interacted_message_id"] = str(made.on.id)
    if made.opened_by is not None:
        told["triggering_interaction_metadata"] = _metadata(made.opened_by)
    return told
