"""One registry of commands; each is declared once by its signature, and every surface is derived from it."""

import enum
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from bot.chat import Actor, Address, Answer, Ask, MessageRef
from bot.config import Config
from bot.errors import NotFound
from bot.rules import access
from bot.rules.access import Occasion
from bot.text import showable
from bot.ui.calls import Call, Word, split
from bot.ui.forms import TITLE_LIMIT, Field, Form, Option
from storage.database import Db
from storage.tables import Channel, Community, Draft, Occurrence, Person, Pulse, Resource, SlotPoll

SUMMARY_LIMIT = 100


class Role(enum.IntEnum):
    """Who may run a command; each role may do what those before it may."""

    ANYONE = 0
    MEMBER = 1
    FACILITATOR = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Param:
    """What a signature's annotation says of one parameter.

    `limit` is in characters; `low` and `high` bound a number; `own` lets a missing community be
    the only one the person belongs to; `hidden` keeps it out of forms and help.
    """

    label: str
    hint: str = ""
    limit: int = 300
    low: int = 0
    high: int = 1_000_000
    own: bool = True
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command: its name, its type, and what to show for it."""

    name: str
    type: Any
    required: bool
    about: Param
    choices: tuple[str, ...] = ()
    usual: str = ""

    @property
    def needed(self) -> bool:
        """Whether people have to say it: a community they may leave out, where the place or being in only one decides it."""
        return self.required and self.type is not Community

    @property
    def takes_rest(self) -> bool:
        """Whether unquoted words that follow one another belong to it together."""
        return not self.choices and self.type in (str, datetime, timedelta, tuple[str, ...])

    def field(self) -> Field:
        """Return the form input that asks for it."""
        return Field(
            name=self.name,
            label=self.about.label,
            kind=self._kind(),
            required=self.needed,
            hint=self.about.hint,
            limit=self.about.limit,
            choices=tuple(Option(choice, choice.replace("_", " ")) for choice in self.choices),
            usual=self.usual,
        )

    def _kind(self) -> Any:
        if self.choices:
            return "choice"
        kinds = {bool: "yesno", int: "number", datetime: "moment", Person: "person"}
        return kinds.get(self.type, "paragraph" if self.about.limit > 300 else "line")


@dataclass(frozen=True, slots=True)
class Command:
    """One thing people can say. `writes` is whether it may change anything.

    What a `confidential` one is told is nobody's to keep: no log, journal or record of a delivery holds it.
    """

    path: str
    summary: str
    role: Role
    run: Callable[..., Answer]
    parameters: tuple[Parameter, ...]
    writes: bool
    hidden: bool
    example: str
    frozen_too: bool
    confidential: bool = False

    @property
    def group(self) -> str:
        return self.path.partition(" ")[0]

    def parameter(self, name: str) -> Parameter | None:
        return next((p for p in self.parameters if p.name == name), None)

    def form(self, call: Call | None = None) -> Form:
        """Return the form that asks for every shown parameter, completing `call`."""
        shown = tuple(p.field() for p in self.parameters if not p.about.hidden)
        words = self.path.removeprefix("cop ")
        title = words if len(words) <= TITLE_LIMIT else words.rpartition(" ")[2]
        return Form(title.capitalize(), call or Call(self.path), shown, intro=self.summary)

    @property
    def asks(self) -> bool:
        """Whether it has a form: a parameter that people are shown."""
        return any(not p.about.hidden for p in self.parameters)

    def has_fields_for(self, names: Iterable[str]) -> bool:
        """Return whether the form asks for every one of these parameters; a value that it hides it cannot mend."""
        return set(names) <= {p.name for p in self.parameters if not p.about.hidden}

    def ask(self, known: Mapping[str, str], problems: Mapping[str, str]) -> Ask:
        """Return the form with these values and problems; its call carries the values that have no field."""
        shown = {name: showable(value) for name, value in known.items()}
        fieldless = {p.name: shown[p.name] for p in self.parameters if p.about.hidden and p.name in shown}
        return Ask(self.form(Call(self.path, fieldless)), shown, dict(problems))

    def usage(self) -> str:
        """Return how it is typed: `session rsvp session answer [scope]`."""
        words = [p.name if p.needed else f"[{p.name}]" for p in self.parameters if not p.about.hidden]
        return " ".join([self.path, *words])


Work = Callable[[Db], Answer]


@dataclass(slots=True)
class Context:
    """Everything a command may use: the transaction, the time, who speaks and where."""

    db: Db
    now: datetime
    config: Config
    registry: "Registry"
    command: Command
    actor: Actor
    at: Address
    person_id: int
    on: MessageRef | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    later: list[Work] = field(default_factory=list)
    community_zone: str = ""
    _person: Person | None = None

    @property
    def person(self) -> Person:
        """The speaker; someone not known yet is a person without an id, whose person_id is 0, which nobody has."""
        if self._person is None:
            self._person = self.db.get(Person, self.person_id) or Person(
                name=self.actor.name, created_at=self.now
            )
        return self._person

    @property
    def channel(self) -> Channel | None:
        """What is known of the channel this was said in; None in direct messages."""
        return None if self.at.direct else access.channel(self.db, self.at.platform, self.at.channel)

    @property
    def admin(self) -> bool:
        """Whether the speaker is association staff, by the configuration."""
        return f"{self.actor.platform}:{self.actor.id}" in self.config.bot.admins

    @property
    def zone(self) -> ZoneInfo:
        """The zone the speaker means: their profile's, else their preference, else the place's."""
        name = self.actor.zone or self.person.zone or self.community_zone or self.config.bot.timezone
        return ZoneInfo(name)

    def then(self, work: Work) -> None:
        """Run `work` in a transaction of its own after this one is committed; its answer is the answer."""
        self.later.append(work)

    def ask(self, known: Mapping[str, str], problems: Mapping[str, str] | None = None) -> Ask:
        """Return this command's own form, filled with `known`."""
        return self.command.ask(known, problems or {})


class Group:
    """Commands that share the first word of their path. A group may be declared in several modules."""

    def __init__(self, name: str, summary: str = "") -> None:
        self.name = name
        self.summary = summary
        self.commands: list[Command] = []

    def command(
        self,
        summary: str,
        *,
        role: Role = Role.ANYONE,
        name: str = "",
        writes: bool = True,
        hidden: bool = False,
        frozen_too: bool = False,
        confidential: bool = False,
        example: str = "",
    ) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
        """Declare the decorated function as a command; its signature says what it takes.

        `frozen_too` allows it in an archived community; `confidential` is for what carries somebody's
        anonymous answer. Raises TypeError for a parameter type that text cannot be read into, ValueError
        for a summary over 100 characters.
        """
        if len(summary) > SUMMARY_LIMIT:
            raise ValueError(f"summary over {SUMMARY_LIMIT} characters: {summary}")

        def declare(run: Callable[..., Answer]) -> Callable[..., Answer]:
            verb = name or run.__name__.rstrip("_")
            path = f"{self.name} {verb}" if verb != self.name else verb
            self.commands.append(
                Command(
                    path,
                    summary,
                    role,
                    run,
                    tuple(_parameters(run)),
                    writes,
                    hidden,
                    example,
                    frozen_too,
                    confidential,
                )
            )
            return run

        return declare


class Registry:
    """All groups, and how typed text finds its command."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups: dict[str, str] = {}  # summary by name
        self.commands: dict[str, Command] = {}
        for group in groups:
            self.groups.setdefault(group.name, group.summary)
            for command in group.commands:
                if command.path in self.commands:
                    raise ValueError(f"two commands are named {command.path}")
                self.commands[command.path] = command

    def shown(self) -> Iterator[Command]:
        """Yield the commands people are shown, in the order of help."""
        return (command for command in self.commands.values() if not command.hidden)

    def parse(self, text: str) -> Call:
        """Return what the typed text calls; never raises. The group `cop` may be left out; "" is help.

        A path that is no command keeps the words as they were typed.
        """
        tokens = split(text)
        heads = [word.text.lower() for name, word in tokens[:2] if not name and not word.quoted]
        for path, used in _paths(heads):
            command = self.commands.get(path)
            if command is not None:
                return _named(command, tokens[used:])
        if not heads and not tokens:
            return Call("help")
        if len(tokens) == 1 and heads and heads[0] in self.groups:
            return Call("help", {"topic": heads[0]})
        return Call(" ".join(text.split()))

    def command(self, path: str) -> Command:
        """Return the command. Raises NotFound naming the nearest three."""
        found = self.commands.get(path)
        if found is not None:
            return found
        from rapidfuzz import fuzz, process  # imported when someone mistypes, not at start

        typed = showable(" ".join(path.split()[:2])[:60])
        names = [c.path.removeprefix("cop ") for c in self.shown()]
        near = [name for name, _, _ in process.extract(typed, names, scorer=fuzz.WRatio, limit=3)]
        raise NotFound(f"There is no command “{typed}”. The nearest are: {', '.join(near)}.")

    def confidential(self, call: Call) -> bool:
        """Return whether what this call says is nobody's to keep."""
        found = self.commands.get(call.path)
        return found is not None and found.confidential

    def catalogue(self) -> list[Command]:
        """Return the commands people are shown, in the order of help."""
        return list(self.shown())


def _paths(heads: list[str]) -> Iterator[tuple[str, int]]:
    if len(heads) == 2:
        yield f"{heads[0]} {heads[1]}", 2
    if heads:
        yield f"cop {heads[0]}", 1
        yield heads[0], 1


def _named(command: Command, tokens: list[tuple[str, Word]]) -> Call:
    args: dict[str, str] = {}
    rest: list[Word] = []
    after = ""  # the named parameter that unquoted words still belong to
    for name, word in tokens:
        parameter = command.parameter(name.lower()) if name else None
        if parameter is not None:
            args[parameter.name] = word.text
            after = parameter.name if parameter.takes_rest and not word.quoted else ""
        elif name:
            rest.append(Word(f"{name}:{word.text}", word.quoted))
        elif after and not word.quoted:
            args[after] += f" {word.text}"
        else:
            rest.append(word)
            after = ""
    return Call(command.path, args, tuple(rest))


TYPES = (
    str,
    int,
    bool,
    datetime,
    timedelta,
    ZoneInfo,
    tuple[str, ...],
    Community,
    Occasion,
    Occurrence,
    Resource,
    Pulse,
    SlotPoll,
    Draft,
    Person,
)


def _parameters(run: Callable[..., Answer]) -> Iterator[Parameter]:
    hints = typing.get_type_hints(run, include_extras=True)
    for name, declared in list(inspect.signature(run).parameters.items())[1:]:
        annotation = hints[name]
        if typing.get_origin(annotation) is not Annotated:
            raise TypeError(f"{run.__name__}: {name} has no Param")
        inner, about = typing.get_args(annotation)[:2]
        required = declared.default is inspect.Parameter.empty
        if typing.get_origin(inner) in (typing.Union, types.UnionType):
            inner = next(arg for arg in typing.get_args(inner) if arg is not type(None))
        choices: tuple[str, ...] = ()
        if typing.get_origin(inner) is Literal:
            choices, inner = typing.get_args(inner), str
        if inner not in TYPES:
            raise TypeError(f"{run.__name__}: {name} is of a type that text cannot be read into")
        usual = "" if required else _typed(declared.default)
        yield Parameter(name, inner, required, about, choices, usual)


def _typed(default: object) -> str:
    """Return a default as a person would type it; "" where there is none."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "" if default is None else str(default)
