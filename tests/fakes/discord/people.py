"""A person at Discord's client: what they do there, what it lets them do, and what they see."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.discord import components, drawing, trees
from tests.fakes.discord.core import Core
from tests.fakes.discord.gateway import SCHEDULED_EVENTS
from tests.fakes.discord.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    SUBMIT,
    Interaction,
    Interactions,
)
from tests.fakes.discord.state import Channel, Event, Guild, Json, Message, User


class ClientRefuses(LookupError):
    """Discord's client does not let a person do that, so the bot never hears of it."""


class Person:
    """Somebody in the guild. Acts return at once; the interaction tells when the bot has answered."""

    def __init__(self, core: Core, interactions: Interactions, guild: Guild, user: User) -> None:
        self._core = core
        self._state = core.state
        self._interactions = interactions
        self.guild = guild
        self.user = user

    # What they see.

    def sees(self, channel: Channel | None = None) -> list[Message]:
        """Return the messages in sight, oldest first: of the channel, or of every place of theirs."""
        places = [channel.id] if channel else [*self.guild.channels, self._state.directly(self.user).id]
        return [
            m
            for m in sorted(self._state.messages.values(), key=lambda m: m.id)
            if m.channel in places and m.only in (0, self.user.id)
        ]

    def inbox(self) -> list[Message]:
        """Return what the bot wrote to them directly, oldest first, without its answers to what they did there."""
        channel = self._state.directly(self.user)
        mine = (m for m in self._state.in_channel(channel.id) if m.author is self._state.bot)
        return [m for m in mine if m.interaction is None]

    # What they do.

    def uses(self, path: list[str], options: Mapping[str, Any], channel: Channel) -> Interaction:
        """Use a slash command, its options by name. Raises ClientRefuses."""
        command, chain, declared = self.find(path)
        given = {option["name"]: option for option in declared}
        for name in options.keys() - given.keys():
            raise ClientRefuses(f"/{' '.join(path)} has no option {name}")
        for option in declared:
            if option.get("required") and option["name"] not in options:
                raise ClientRefuses(f"/{' '.join(path)} needs {option['name']}")
        typed = [
            {"name": n, "type": given[n]["type"], "value": _typed(given[n], v)} for n, v in options.items()
        ]
        data = self._command(command, chain, typed)
        resolved = self._resolved(typed)
        if resolved:
            data["resolved"] = resolved
        return self._interactions.begin(COMMAND, self.user, channel, data, None)

    def completes(
        self, path: list[str], options: Mapping[str, Any], focused: str, typed: str, channel: Channel
    ) -> Interaction:
        """Type into an option that completes. Raises ClientRefuses."""
        command, chain, declared = self.find(path)
        given = {option["name"]: option for option in declared}
        if focused not in given or not given[focused].get("autocomplete"):
            raise ClientRefuses(f"{focused} of /{' '.join(path)} does not complete")
        told = [{"name": n, "type": given[n]["type"], "value": v} for n, v in options.items() if n != focused]
        told.append({"name": focused, "type": given[focused]["type"], "value": typed, "focused": True})
        data = self._command(command, chain, told)
        return self._interactions.begin(AUTOCOMPLETE, self.user, channel, data, None)

    def presses(self, message: Message, button: Json) -> Interaction:
        """Press a button of a message in sight. Raises ClientRefuses."""
        if button.get("disabled") or "custom_id" not in button:
            raise ClientRefuses(f"{button.get('label')!r} cannot be pressed")
        return self._component(message, button, {})

    def chooses(self, message: Message, select: Json, values: list[str]) -> Interaction:
        """Choose in a select of a message in sight. Raises ClientRefuses."""
        _chosen(select, values)
        return self._component(message, select, {"values": values})

    def submits(self, opened: Interaction, values: Mapping[str, Any]) -> Interaction:
        """Submit the modal that the interaction opened, with these values by the custom_id of their inputs.

        What is not given stays as the modal had it. Raises ClientRefuses for what its client refuses.
        """
        if opened.modal is None:
            raise ClientRefuses("no modal is open")
        inputs = {c["custom_id"] for c in components.walk(opened.modal["components"]) if "custom_id" in c}
        for name in values.keys() - inputs:
            raise ClientRefuses(f"the modal asks for no {name}; it has {sorted(inputs)}")
        filled = [_submitted(one, values) for one in opened.modal["components"]]
        data: Json = {"custom_id": opened.modal["custom_id"], "components": filled}
        chosen = [v for c in components.walk(filled) if c["type"] == 5 for v in c.get("values", [])]
        resolved = self._resolved([{"type": trees.USER_OPTION, "value": v} for v in chosen])
        if resolved:
            data["resolved"] = resolved
        return self._interactions.begin(SUBMIT, self.user, opened.channel, data, opened.on, opened)

    def uses_menu(self, name: str, message: Message) -> Interaction:
        """Use a command of a message's menu. Raises ClientRefuses."""
        channel = self._state.channel(message.channel)
        menu = [c for c in self._core.commands.offered(channel.guild) if c["type"] == trees.MESSAGE]
        command = next((c for c in menu if c["name"] == name), None)
        if command is None:
            raise ClientRefuses(f"no menu command is called {name!r}")
        drawn = drawing.message(message, self._state, self._core.cdn)
        data = {
            "id": command["id"],
            "name": name,
            "type": trees.MESSAGE,
            "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): drawn}},
        }
        return self._interactions.begin(COMMAND, self.user, channel, data, None)

    def writes(self, text: str, channel: Channel) -> Message:
        """Write an ordinary message."""
        message = self._core.compose(channel, self.user, {"content": text})
        self._core.send(message)
        return message

    def reacts(self, emoji: str, message: Message) -> bool:
        """React to a message; return whether the reaction is new."""
        return self._core.react(message, self.user, emoji, added=True)

    def unreacts(self, emoji: str, message: Message) -> bool:
        """Take a reaction back; return whether there was one."""
        return self._core.react(message, self.user, emoji, added=False)

    def is_interested(self, event: Event, *, no_more: bool = False) -> None:
        """Mark a native event as of interest, or take the mark back."""
        if no_more:
            event.interested.remove(self.user.id)
        else:
            event.interested.append(self.user.id)
        told = {
            "guild_scheduled_event_id": str(event.id),
            "user_id": str(self.user.id),
            "guild_id": str(event.guild),
        }
        what = f"GUILD_SCHEDULED_EVENT_USER_{'REMOVE' if no_more else 'ADD'}"
        self._core.gateway.dispatch(what, told, guild=event.guild, intent=SCHEDULED_EVENTS)

    def again(self, interaction: Interaction) -> None:
        """Have Discord tell the bot of an act a second time."""
        self._interactions.deliver(interaction)

    # What the client knows.

    def find(self, path: list[str]) -> tuple[Json, list[Json], list[Json]]:
        """Return the command, the subcommands on the way, and its options. Raises ClientRefuses."""
        offered = [c for c in self._core.commands.offered(self.guild.id) if c["type"] == trees.CHAT]
        command = next((c for c in offered if c["name"] == path[0]), None)
        if command is None:
            raise ClientRefuses(f"there is no /{path[0]}; there are {[c['name'] for c in offered]}")
        chain: list[Json] = []
        at = command
        for name in path[1:]:
            at = next((o for o in at.get("options") or [] if o["name"] == name and o["type"] <= 2), {})
            if not at:
                raise ClientRefuses(f"there is no /{' '.join(path)}")
            chain.append(at)
        options: list[Json] = at.get("options") or []
        if any(option["type"] <= 2 for option in options):
            raise ClientRefuses(f"/{' '.join(path)} needs a subcommand")
        return command, chain, options

    def _command(self, command: Json, chain: list[Json], options: list[Json]) -> Json:
        for step in reversed(chain):
            options = [{"name": step["name"], "type": step["type"], "options": options}]
        data = {"id": command["id"], "name": command["name"], "type": trees.CHAT, "options": options}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        return data

    def _component(self, message: Message, one: Json, more: Json) -> Interaction:
        if message.only not in (0, self.user.id) or message.id not in self._state.messages:
            raise ClientRefuses("that message is not in sight")
        data = {"custom_id": one["custom_id"], "component_type": one["type"], "id": one["id"], **more}
        resolved = self._resolved([{"type": trees.USER_OPTION, "value": v} for v in more.get("values", [])])
        if resolved and one["type"] == 5:
            data["resolved"] = resolved
        channel = self._state.channel(message.channel)
        return self._interactions.begin(COMPONENT, self.user, channel, data, message)

    def _resolved(self, options: list[Json]) -> Json:
        users, members, channels = {}, {}, {}
        for option in options:
            value = str(option.get("value"))
            if option["type"] == trees.USER_OPTION and value.isdecimal() and int(value) in self._state.users:
                users[value] = drawing.user(self._state.users[int(value)])
                if int(value) in self.guild.members:
                    member = drawing.member(self.guild.members[int(value)]) | {"permissions": "0"}
                    members[value] = {n: v for n, v in member.items() if n not in ("user", "deaf", "mute")}
            if option["type"] == trees.CHANNEL_OPTION:
                channel = drawing.channel(self.guild.channels[int(value)])
                channels[value] = channel | {"permissions": "0"}
        found = {"users": users, "members": members, "channels": channels}
        return {name: value for name, value in found.items() if value}


def buttons(message: Message) -> Iterator[Json]:
    """Yield the buttons of a message."""
    return (c for c in components.walk(message.components) if c["type"] == components.BUTTON)


def selects(message: Message) -> Iterator[Json]:
    """Yield the selects of a message."""
    return (c for c in components.walk(message.components) if c["type"] in components.SELECTS)


def _typed(option: Json, value: Any) -> Any:
    """Return the value as the option's type has it. Raises ClientRefuses for what cannot be typed there."""
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise ClientRefuses(f"{option['name']} is one of {choices}, not {value!r}")
    kinds: dict[int, type] = {3: str, 4: int, 5: bool, 6: str, 7: str, 10: float}
    if type(value) is not kinds[option["type"]]:
        raise ClientRefuses(f"{option['name']} takes no {value!r}")
    if (
        isinstance(value, str)
        and option["type"] == trees.STRING
        and not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000)
    ):
        raise ClientRefuses(f"{option['name']} takes no text of {len(value)}")
    if option["type"] == trees.INTEGER:
        low, high = option.get("min_value", -(2**53)), option.get("max_value", 2**53)
        if not low <= value <= high:
            raise ClientRefuses(f"{option['name']} is from {low} to {high}, not {value}")
    return value


def _chosen(select: Json, values: list[str]) -> None:
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if not least <= len(values) <= most:
        raise ClientRefuses(f"{least} to {most} are to be chosen, not {values}")
    offered = [option["value"] for option in select.get("options", [])]
    if select["type"] == components.STRING_SELECT and not set(values) <= set(offered):
        raise ClientRefuses(f"{values} are not among {offered}")


def _submitted(one: Json, values: Mapping[str, Any]) -> Json:
    """Return a component of a modal as it is submitted. Raises ClientRefuses."""
    told: Json = {"type": one["type"], "id": one.get("id", 0)}
    if "components" in one:
        return told | {"components": [_submitted(inner, values) for inner in one["components"]]}
    if "component" in one:
        return told | {"component": _submitted(one["component"], values)}
    if "custom_id" not in one:
        return told
    told["custom_id"] = one["custom_id"]
    given = values.get(one["custom_id"])
    if one["type"] == components.INPUT:
        return told | {"value": _written(one, one.get("value") or "" if given is None else given)}
    if one["type"] == components.CHECKBOX:
        return told | {"value": bool(one.get("default") if given is None else given)}
    before = [option["value"] for option in one.get("options", []) if option.get("default")]
    before += [v["id"] for v in one.get("default_values", [])]
    chosen = before if given is None else [given] if isinstance(given, str) else list(given)
    if chosen or one.get("required", True):
        _chosen(one, chosen)
    if one["type"] == components.RADIOS:
        return told | {"value": chosen[0] if chosen else None}
    return told | {"values": chosen}


def _written(field: Json, text: str) -> str:
    if not text and field.get("required", True):
        raise ClientRefuses(f"{field['custom_id']} must be filled in")
    least, most = field.get("min_length") or 0, field.get("max_length") or 4_000
    if text and not least <= len(text) <= most:
        raise ClientRefuses(f"{field['custom_id']} takes {least} to {most} characters, not {len(text)}")
    if field["style"] == 1 and "\n" in text:
        raise ClientRefuses(f"{field['custom_id']} is one line")
    return text
