"""`help`: what the speaker may do here, by group, with examples."""

from typing import Annotated

from bot.chat import Answer, Reply
from bot.errors import NotFound
from bot.reference import typed
from bot.registry import Command, Context, Group, Param, Role
from bot.rules import access
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Text
from bot.ui.spans import Bold, Code, Span

group = Group("help", "What you may do here")

_FIRST = ("cop list", "cop about", "session list", "resource find", "cop me")


@group.command("What you may do here, with examples", name="help", writes=False, example="help session")
def help_(
    ctx: Context,
    topic: Annotated[str | None, Param("Topic", "session, or session schedule", limit=60)] = None,
) -> Answer:
    role = _role(ctx)
    allowed = [c for c in ctx.registry.shown() if c.role <= role]
    if topic is None:
        return Reply(_overview(ctx, allowed))
    wanted = " ".join(topic.casefold().split()).removeprefix("/cop ")
    exact = ctx.registry.commands.get(wanted) or ctx.registry.commands.get(f"cop {wanted}")
    if wanted in ctx.registry.groups and wanted != "help":
        summary = ctx.registry.groups[wanted]
        return Reply(_group(wanted, summary, [c for c in allowed if c.group == wanted]))
    if exact is not None and not exact.hidden:
        return Reply(_one(exact))
    groups = ", ".join(name for name in ctx.registry.groups if name != "help")
    raise NotFound(f"There is no help on “{topic}”. Topics are: {groups}, or any command.")


def _role(ctx: Context) -> Role:
    if ctx.admin:
        return Role.ADMIN
    roles = access.memberships(ctx.db, ctx.person_id).values()
    if "facilitator" in roles:
        return Role.FACILITATOR
    return Role.MEMBER if roles else Role.ANYONE


def _overview(ctx: Context, allowed: list[Command]) -> Card:
    blocks: list[Text | Buttons] = [
        Text(
            (
                "Type a command, or press a button wherever you see one. Leave out what you do not know: you will be asked.",
            )
        )
    ]
    topics: list[Button] = []
    for name, summary in ctx.registry.groups.items():
        commands = [c for c in allowed if c.group == name]
        if name == "help" or not commands:
            continue
        verbs = ", ".join(c.path.removeprefix(f"{name} ") for c in commands)
        blocks.append(Text((Bold(name), f": {summary}\n{verbs}")))
        topics.append(Button(f"More on {name}", Call("help", {"topic": name})))
    examples: list[Span] = [Bold("Try")]
    for path in _FIRST:
        command = ctx.registry.commands.get(path)
        if command is not None and command in allowed:
            examples += ["\n", Code(typed_example(command)), f" {command.summary}"]
    return Card(
        "What you may do here",
        (*blocks, Text(tuple(examples)), Buttons(tuple(topics[:5]))),
    )


def typed_example(command: Command) -> str:
    """Return an example as it is typed in chat."""
    return "/cop " + (command.example or command.usage()).removeprefix("cop ")


def _group(name: str, summary: str, commands: list[Command]) -> Card:
    spans: list[Span] = []
    for command in commands:
        spans += ["\n" if spans else "", Code(typed(command)), f"\n{command.summary}"]
    return Card(
        shorten(f"{name}: {summary}", 150),
        (Text(tuple(spans) or ("Nothing you may do yet: join a community first.",)),),
    )


def _one(command: Command) -> Card:
    spans: list[Span] = [Code(typed(command)), f"\n{command.summary}."]
    spans += [
        f"\n{p.name}: {p.about.label}"
        + (f", {p.about.hint}" if p.about.hint else "")
        + ("" if p.needed else " (optional)")
        for p in command.parameters
        if not p.about.hidden
    ]
    spans += ["\nFor example: ", Code(typed_example(command))]
    return Card(command.path, (Text(tuple(spans)),))
