"""The registry as Discord's application commands, and what Discord sends back as a call.

    tree = grown(client, registry)          # a CommandTree: one root per group, and the context menu SAVE
    if digest(tree) != published: await tree.sync(guild=…)
    call(interaction.data) -> Call          # what was typed, options by name
    focused(interaction.data) -> (param, typed) | None    # while typing

It is discord.py's own CommandTree, so that the library checks names and texts and does the publishing,
and a Translator may give localised names one day: names are the registry's, and `call` reads those.
The library's dispatch is not used: `interaction_check` ends it before it binds anything, because the
core binds, and the client takes every interaction itself.

No option is required, as far as Discord knows. Whatever the core needs it asks for in a form, filled with
what was given, and an option that Discord required would keep the form from ever opening: the bare
`/session schedule` is how most people will begin. Options that are needed come first. Nor are lengths
declared: the core names the limit and gives the text back, where Discord would only refuse it.

Commands work in servers, and in direct messages with the bot, where reminders and receipts are answered;
not in other people's direct messages, which the bot does not see.
"""

import hashlib
import inspect
import json
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.arguments import completable
from bot.registry import Command, Parameter, Registry
from bot.ui.calls import Call

SAVE = "Save to library"
"""The message context menu; it opens the form of `resource save`."""

DESCRIPTION_LIMIT = 100
ROOT_LIMIT = 8_000  # characters of a root's names, descriptions and values, as `weight` counts them

_NESTED = (discord.AppCommandOptionType.subcommand.value, discord.AppCommandOptionType.subcommand_group.value)
_USER = discord.AppCommandOptionType.user.value


class Tree(app_commands.CommandTree[discord.Client]):
    """The commands that are published; interactions are taken by the client."""

    async def interaction_check(self, interaction: discord.Interaction[discord.Client], /) -> bool:
        return False


def grown(client: discord.Client, registry: Registry) -> Tree:
    """Return the client's tree with every shown command of the registry.

    Raises ValueError or TypeError for a name that Discord does not take, and past 25 commands in a group.
    """
    tree = Tree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    groups: dict[str, app_commands.Group] = {}
    for command in registry.shown():
        name, _, verb = command.path.partition(" ")
        if not verb:
            tree.add_command(_command(name, command))
            continue
        if name not in groups:
            groups[name] = app_commands.Group(name=name, description=registry.groups[name])
            tree.add_command(groups[name])
        groups[name].add_command(_command(verb, command))
    tree.add_command(app_commands.ContextMenu(name=SAVE, callback=_save))
    return tree


def payload(tree: Tree) -> list[dict[str, Any]]:
    """Return the commands as they are published."""
    kinds = (discord.AppCommandType.chat_input, discord.AppCommandType.message)
    return [command.to_dict(tree) for kind in kinds for command in tree.get_commands(type=kind)]


def digest(tree: Tree) -> str:
    """Return a hash that changes when what is published would."""
    canonical = json.dumps(payload(tree), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def weight(node: Mapping[str, Any]) -> int:
    """Return the characters of a root as Discord counts them: names, descriptions and choices' values.

    Of each localised text the longest counts. Source: "Application command limits" in Discord's reference.
    """
    own = sum(_longest(node, key) for key in ("name", "description")) + len(str(node.get("value", "")))
    inner = (*(node.get("options") or ()), *(node.get("choices") or ()))
    return own + sum(weight(child) for child in inner)


def call(data: Mapping[str, Any]) -> Call:
    """Return the call that the data of a slash command or its completion makes."""
    path, options = _path(data)
    return Call(path, {option["name"]: _typed(option) for option in options})


def focused(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the parameter that is being typed and its text so far."""
    _, options = _path(data)
    return next(((o["name"], str(o["value"])) for o in options if o.get("focused")), None)


def _path(data: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    words, options = [data["name"]], list(data.get("options") or ())
    while options and options[0]["type"] in _NESTED:
        words.append(options[0]["name"])
        options = list(options[0].get("options") or ())
    return " ".join(words), options


def _typed(option: Mapping[str, Any]) -> str:
    """Return an option's value as a person would type it."""
    value = option["value"]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"@{value}" if option["type"] == _USER else str(value)


def _longest(node: Mapping[str, Any], key: str) -> int:
    texts = (node.get(key) or "", *(node.get(f"{key}_localizations") or {}).values())
    return max(len(text) for text in texts)


def _command(name: str, command: Command) -> app_commands.Command[Any, ..., None]:
    shown = [p for p in command.parameters if not p.about.hidden]
    options = sorted(shown, key=lambda p: not p.needed)

    async def declared(interaction: discord.Interaction, **options: object) -> None:
        """Stands for the command where discord.py reads its options; the core runs it."""

    begin = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    declared.__signature__ = inspect.Signature([begin, *map(_declared, options)])  # type: ignore[attr-defined]  # what inspect.signature looks for first
    app_commands.describe(**{p.name: _description(p) for p in options})(declared)
    return app_commands.Command(name=name, description=command.summary, callback=declared)


def _declared(parameter: Parameter) -> inspect.Parameter:
    # Only what is typed can be completed: people are picked from Discord's own list.
    typed = parameter.field().kind not in _TYPES
    option = (_Completed if typed and completable(parameter) else _Option)(parameter)
    return inspect.Parameter(parameter.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)


def _description(parameter: Parameter) -> str:
    label, hint = parameter.about.label, parameter.about.hint
    whole = f"{label} ({hint})" if hint else label
    return whole if len(whole) <= DESCRIPTION_LIMIT else label


class _Option(app_commands.Transformer):
    """A parameter's type and values in Discord's terms."""

    def __init__(self, parameter: Parameter) -> None:
        self._parameter = parameter
        self._field = parameter.field()

    @property
    def type(self) -> discord.AppCommandOptionType:
        return _TYPES.get(self._field.kind, discord.AppCommandOptionType.string)

    @property
    def min_value(self) -> int | None:
        return self._parameter.about.low if self._field.kind == "number" else None

    @property
    def max_value(self) -> int | None:
        return self._parameter.about.high if self._field.kind == "number" else None

    @property
    def choices(self) -> list[app_commands.Choice[str | int | float]] | None:
        return [app_commands.Choice(name=o.label, value=o.value) for o in self._field.choices] or None

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> Any:
        return value


class _Completed(_Option):
    """A parameter whose values the core offers while they are typed."""

    async def autocomplete(
        self, interaction: discord.Interaction, value: str | int | float, /
    ) -> list[app_commands.Choice[str | int | float]]:
        return []


_TYPES = {
    "number": discord.AppCommandOptionType.integer,
    "yesno": discord.AppCommandOptionType.boolean,
    "person": discord.AppCommandOptionType.user,
}


async def _save(interaction: discord.Interaction, message: discord.Message) -> None:
    """Stands for the context menu; the client takes its interactions."""
