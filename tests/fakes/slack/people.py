"""The people of the workspace: what they do in their Slack, and what they see there."""

import re
from collections.abc import Mapping
from typing import Any

from tests.fakes.slack import checks, payloads, view_methods
from tests.fakes.slack.deliveries import Ack, Delivery
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.server import Slack
from tests.fakes.slack.state import BOT_USER, Channel, Message, User, View

TROUBLE = "We had some trouble connecting. Try again?"
TIMED_OUT = "failed with the error “operation_timeout”"


class Person:
    """One person with Slack open. Each act returns when it was acknowledged or has failed."""

    def __init__(self, slack: Slack, user: User) -> None:
        self.slack = slack
        self.workspace = slack.workspace
        self.user = user
        self.trouble = ""
        """What Slack itself says went wrong with the last act."""
        self.last: Delivery | None = None

    @property
    def id(self) -> str:
        return self.user.id

    # What they see.

    @property
    def modal(self) -> View | None:
        """The modal in front of them."""
        stack = self.workspace.stacks.get(self.id)
        return stack[-1] if stack else None

    @property
    def home(self) -> View | None:
        """The app's home as it was published for them last."""
        return self.workspace.homes.get(self.id)

    @property
    def screen(self) -> list[Message]:
        """Every message they can see, oldest first: of their channels, direct ones, and those to them alone."""
        seen = [
            message
            for channel in self.workspace.channels.values()
            if not channel.deleted and self.id in channel.members
            for message in channel.messages
            if not message.deleted and message.only in ("", self.id)
        ]
        return sorted(seen, key=lambda m: tuple(map(int, m.ts.split("."))))

    # What they do.

    def joins(self, channel: Channel) -> None:
        """Be in a channel without anyone being told: the state a test begins with."""
        channel.members.add(self.id)

    async def command(self, text: str, channel: Channel, name: str = "") -> Ack | None:
        """Type a slash command into a channel."""
        told = payloads.command(
            self.workspace, self.user, channel, name or self.workspace.app.command, self._typed(text)
        )
        ack = await self._act(told)
        if ack is None:
            self.trouble = f"{told.payload['command']} {TIMED_OUT}"
        elif ack.payload:
            self.slack.say(channel.id, self.id, ack.payload)
        return ack

    async def press(self, on: Message | View, element: Json) -> Ack | None:
        """Press a button, or make a choice, that stands on a message or in a view."""
        block_id = next(
            block.get("block_id", "")
            for block in (on.blocks if isinstance(on, Message) else on.body["blocks"])
            if element in (*block.get("elements", ()), block.get("accessory"), block.get("element"))
        )
        ack = await self._act(payloads.press(self.workspace, self.user, on, block_id, element))
        if ack is None:
            self.trouble = TROUBLE
        return ack

    def enter(self, view: View, block_id: str, value: Any) -> None:
        """Put a value into the input of a block: text, an option's value, a date, a person's id."""
        block = next(b for b in view.body["blocks"] if b.get("block_id") == block_id)
        element = block["element"]
        view.values[block_id] = {element["action_id"]: view_methods.entered(element, value)}

    async def submit(self, view: View | None = None) -> Ack | None:
        """Submit the modal in front. What Slack itself finds wrong is shown without asking the app."""
        view = view or self.modal
        assert view is not None, f"{self.user.name} has no modal open"
        view.errors = view_methods.refused(view)
        if view.errors:
            return None
        ack = await self._act(payloads.submission(self.workspace, self.user, view))
        if ack is None:
            self.trouble = TROUBLE
        else:
            self._take(view, ack.payload or {})
        return ack

    def _take(self, view: View, answer: Json) -> None:
        stack = self.workspace.stacks[self.id]
        match answer.get("response_action"):
            case None:
                if view in stack:
                    stack.remove(view)
            case "clear":
                stack.clear()
            case "errors":
                view.errors = checks.errors(answer["errors"], view.body)
            case "update":
                body = checks.view(answer["view"], "modal")
                view_methods.redraw(self.workspace, view, body)
                self.workspace.note("updated", self.id, view.id, body)
            case "push":
                body = checks.view(answer["view"], "modal")
                pushed = view_methods.push_onto(self.workspace, self.id, body)
                self.workspace.note("pushed", self.id, pushed.id, body)
            case other:
                raise ValueError(f"no response_action is called {other}")

    async def close(self) -> Ack | None:
        """Close the modal in front, unsubmitted."""
        stack = self.workspace.stacks[self.id]
        view = stack.pop()
        if view.body.get("clear_on_close"):
            stack.clear()
        if not view.body.get("notify_on_close"):
            return None
        return await self._act(payloads.closed(self.workspace, self.user, view, cleared=not stack))

    async def shortcut(self, callback_id: str) -> Ack | None:
        """Choose a global shortcut."""
        return await self._act(payloads.shortcut(self.workspace, self.user, callback_id))

    async def message_shortcut(self, callback_id: str, on: Message) -> Ack | None:
        """Choose a shortcut from a message's menu."""
        return await self._act(payloads.message_shortcut(self.workspace, self.user, callback_id, on))

    async def open_home(self) -> Ack | None:
        """Open the app's home."""
        opened = {"type": "app_home_opened", "user": self.id, "tab": "home", "channel": ""}
        opened["channel"] = self.workspace.direct(self.id).id
        return await self._tell(opened)

    def write(self, channel: Channel, text: str) -> Message:
        """Write an ordinary message; the app is not told."""
        made = Message(self.workspace.ts(), channel.id, self.id, text)
        channel.messages.append(made)
        return made

    async def react(self, message: Message, name: str) -> Ack | None:
        """Add a reaction; one that is there already happens no second time."""
        who = message.reactions.setdefault(name, [])
        if self.id in who:
            return None
        who.append(self.id)
        return await self._feels("reaction_added", message, name)

    async def unreact(self, message: Message, name: str) -> Ack | None:
        """Take a reaction back that is there."""
        who = message.reactions.get(name, [])
        if self.id not in who:
            return None
        who.remove(self.id)
        return await self._feels("reaction_removed", message, name)

    async def _feels(self, kind: str, message: Message, name: str) -> Ack | None:
        if BOT_USER not in self.workspace.channels[message.channel].members:
            return None  # of what happens elsewhere the app is not told
        reaction = {
            "type": kind,
            "user": self.id,
            "reaction": name,
            "item_user": message.user,
            "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        }
        return await self._tell(reaction)

    async def join(self, channel: Channel) -> Ack | None:
        """Join a channel."""
        channel.members.add(self.id)
        return await self._tell(self._membership("member_joined_channel", channel))

    async def leave(self, channel: Channel) -> Ack | None:
        """Leave a channel."""
        channel.members.discard(self.id)
        return await self._tell(self._membership("member_left_channel", channel))

    def _membership(self, kind: str, channel: Channel) -> Json:
        letter = "G" if channel.private else "C"
        return {"type": kind, "user": self.id, "channel": channel.id, "channel_type": letter}

    async def again(self) -> Ack | None:
        """Have the last act delivered once more."""
        assert self.last is not None, f"{self.user.name} has done nothing yet"
        return await self.slack.deliveries.once_more(self.last)

    async def _tell(self, event: Json) -> Ack | None:
        return await self._act(payloads.event(self.workspace, event))

    async def _act(self, told: Delivery) -> Ack | None:
        self.last, self.trouble = told, ""
        return await self.slack.deliveries.deliver(told)

    def _typed(self, text: str) -> str:
        """Return the text of a command as Slack passes it on."""
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if not self.workspace.app.escapes:
            return escaped
        people = {u.name: f"<@{u.id}|{u.name}>" for u in self.workspace.users.values()}
        places = {c.name: f"<#{c.id}|{c.name}>" for c in self.workspace.channels.values() if c.name}
        return _tokens(_tokens(escaped, "@", people), "#", places)


def _tokens(text: str, sign: str, known: Mapping[str, str]) -> str:
    def token(found: re.Match[str]) -> str:
        return known.get(found[1].lower(), found[0])

    return re.sub(rf"(?<![\w/]){sign}([\w.-]+)", token, text)
