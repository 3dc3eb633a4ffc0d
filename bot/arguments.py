"""Text to typed values: an entity is handed out only to a person who may act on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot import text, when
from bot.errors import BadValue, Conflict, NotAllowed, Problems
from bot.registry import Command, Context, Parameter, Role
from bot.rules import access
from bot.rules.access import Occasion
from bot.ui.calls import Call
from bot.ui.forms import Option
from storage.tables import Community, Draft, Occurrence, Person, Pulse, Resource, SlotPoll

Values = dict[str, Any]
_ENTITIES = (Occasion, Occurrence, Resource, Pulse, SlotPoll, Draft, Community)
_YES = frozenset({"yes", "y", "true", "on", "1"})
_NO = frozenset({"no", "n", "false", "off", "0"})
COMPLETIONS = 25


def place(command: Command, call: Call) -> dict[str, str]:
    """Return the call's arguments by name, its loose words given to parameters in order.

    A run of unquoted words goes to one parameter when it takes text and no required one is
    still to come; the last parameter takes whatever is left.
    """
    args = dict(call.args)
    words = list(call.rest)
    free = [p for p in command.parameters if p.name not in args and not p.about.hidden]
    for index, parameter in enumerate(free):
        if not words:
            break
        last = index == len(free) - 1
        # A community is never asked for where the place decides it, so no word is kept back for it.
        more_required = any(p.required and p.type is not Community for p in free[index + 1 :])
        taken = [words.pop(0)]
        if last:
            taken += words
            words = []
        elif parameter.takes_rest and not taken[0].quoted and not more_required:
            while words and not words[0].quoted:
                taken.append(words.pop(0))
        args[parameter.name] = " ".join(word.text for word in taken)
    return args


def bind(ctx: Context, args: Mapping[str, str]) -> Values:
    """Return the command's typed values.

    Raises Problems for what is missing or unreadable, and NotAllowed, NotFound or Conflict
    when the person may not act on what they named: those come first, so that a form is
    never opened to someone whose answer would be refused.
    """
    command = ctx.command
    if command.role is Role.ADMIN and not ctx.admin:
        raise NotAllowed("Only association staff may do that. They are named in Hearth's configuration.")
    problems: dict[str, str] = {}
    values: Values = {}
    entities = [p for p in command.parameters if p.type in _ENTITIES]
    others = [p for p in command.parameters if p.type not in _ENTITIES]
    for parameter in [*entities, *others]:
        raw = args.get(parameter.name, "").strip()
        try:
            if raw:
                values[parameter.name] = _read(ctx, parameter, raw)
            elif parameter.required:
                values[parameter.name] = _missing(ctx, parameter)
        except BadValue as bad:
            problems[parameter.name] = bad.message
    if problems:
        raise Problems(problems)
    return values


def doubts(ctx: Context, args: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with the values that are there, by parameter; one still to be given is not wrong.

    Only a community is never asked for, so that it cannot be told is said too. Raises as `bind` does
    when the person may not do this at all.
    """
    try:
        bind(ctx, args)
    except Problems as wrong:
        named = {p.name for p in ctx.command.parameters if p.type is Community} | args.keys()
        return {name: message for name, message in wrong.by_param.items() if name in named}
    return {}


def complete(ctx: Context, param: str, typed: str) -> list[Option]:
    """Return at most 25 values of the parameter that begin with or contain what is typed."""
    parameter = ctx.command.parameter(param)
    if parameter is None:
        return []
    wanted = typed.casefold().lstrip("@#")
    completer = _COMPLETERS.get(parameter.type)
    options = [Option(choice, choice) for choice in parameter.choices]
    options = options or (completer(ctx) if completer else [])
    starts = [
        o for o in options if o.value.casefold().startswith(wanted) or o.label.casefold().startswith(wanted)
    ]
    inside = [o for o in options if o not in starts and wanted in o.label.casefold()]
    return (starts + inside)[:COMPLETIONS]


def completable(parameter: Parameter) -> bool:
    """Return whether `complete` has values to offer for the parameter besides its choices."""
    return parameter.type in _COMPLETERS


def _read(ctx: Context, parameter: Parameter, raw: str) -> Any:
    about = parameter.about
    clean = text.clean(raw, limit=about.limit, what=about.label)
    if parameter.choices:
        return _choice(parameter, clean)
    return _READERS[parameter.type](_Reading(ctx, parameter, clean))


@dataclass(frozen=True, slots=True)
class _Reading:
    ctx: Context
    parameter: Parameter
    text: str


def _choice(parameter: Parameter, typed: str) -> str:
    wanted = typed.casefold().replace(" ", "_")
    exact = [c for c in parameter.choices if c == wanted]
    near = exact or [c for c in parameter.choices if c.startswith(wanted)]
    if len(near) == 1:
        return near[0]
    raise BadValue(f"{parameter.about.label} is one of: {', '.join(parameter.choices)}.", parameter.choices)


def _int(r: _Reading) -> int:
    about = r.parameter.about
    try:
        number = int(r.text)
    except ValueError:
        raise BadValue(f"{about.label} is a whole number, for example {max(about.low, 10)}.") from None
    if not about.low <= number <= about.high:
        raise BadValue(f"{about.label} is between {about.low:,} and {about.high:,}.")
    return number


def _bool(r: _Reading) -> bool:
    word = r.text.casefold()
    if word in _YES | _NO:
        return word in _YES
    raise BadValue(f"{r.parameter.about.label} is yes or no.", ("yes", "no"))


def _list(r: _Reading) -> tuple[str, ...]:
    parts = r.text.split("\n") if "\n" in r.text else r.text.split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _community(r: _Reading) -> Community:
    found, where = access.community(r.ctx.db, r.text, r.ctx.person_id, everything=r.ctx.admin)
    permitted(r.ctx, where)
    return found


def _occasion(r: _Reading) -> Occasion:
    found = access.occasion(r.ctx.db, r.text, r.ctx.person_id, everything=r.ctx.admin)
    permitted(r.ctx, found.where)
    return found


def _occurrence(r: _Reading) -> Occurrence:
    return access.whole(r.ctx.db, _occasion(r))


def _resource(r: _Reading) -> Resource:
    found, where = access.resource(r.ctx.db, r.text, r.ctx.person_id, everything=r.ctx.admin)
    permitted(r.ctx, where)
    return found


def _pulse(r: _Reading) -> Pulse:
    found, where = access.pulse(r.ctx.db, r.text, r.ctx.person_id, everything=r.ctx.admin)
    permitted(r.ctx, where)
    return found


def _slot_poll(r: _Reading) -> SlotPoll:
    found, where = access.slot_poll(r.ctx.db, r.text, r.ctx.person_id, everything=r.ctx.admin)
    permitted(r.ctx, where)
    return found


def _draft(r: _Reading) -> Draft:
    found, where = access.draft(r.ctx.db, r.text, r.ctx.person_id, everything=r.ctx.admin)
    permitted(r.ctx, where)
    return found


_READERS: dict[Any, Callable[[_Reading], Any]] = {
    str: lambda r: r.text,
    int: _int,
    bool: _bool,
    datetime: lambda r: when.moment(r.text, now=r.ctx.now, zone=r.ctx.zone),
    timedelta: lambda r: when.duration(r.text),
    ZoneInfo: lambda r: when.zone(r.text),
    tuple[str, ...]: _list,
    Community: _community,
    Occasion: _occasion,
    Occurrence: _occurrence,
    Resource: _resource,
    Pulse: _pulse,
    SlotPoll: _slot_poll,
    Draft: _draft,
    Person: lambda r: access.person(r.ctx.db, r.text, r.ctx.actor.platform),
}


def permitted(ctx: Context, where: access.Standing) -> None:
    """Raise NotAllowed unless the speaker has the command's role there.

    Raises Conflict when the community is archived and the command would change it.
    """
    ctx.community_zone = where.zone
    needed = ctx.command.role
    if needed >= Role.MEMBER and not ctx.admin:
        if needed is Role.FACILITATOR and where.role != "facilitator":
            raise NotAllowed(
                f"Only facilitators of {where.name} may do that. They are listed in /cop members."
            )
        if where.role is None:
            raise access.members_only(where)
    if where.archived_at and ctx.command.writes and not ctx.command.frozen_too:
        raise Conflict(f"{where.name} is archived: it can be read but not changed. Staff can revive it.")


def _missing(ctx: Context, parameter: Parameter) -> Any:
    """Return the community that is meant without being named, or raise BadValue."""
    if parameter.type is not Community:
        raise BadValue(f"{parameter.about.label} is missing.")
    channel = ctx.channel
    if channel is not None and channel.community_id is not None:
        here = access.standing(ctx.db, channel.community_id, ctx.person_id)
        if access.may_see(ctx.db, here, ctx.person_id, everything=ctx.admin):
            return _meant(ctx, here)
    own = access.own_communities(ctx.db, ctx.person_id)
    if ctx.command.role is Role.FACILITATOR and not ctx.admin:
        own = [c for c in own if c.role == "facilitator"]
        if not own:
            raise NotAllowed("Only facilitators may do that, and you facilitate no community here.")
    if parameter.about.own and len(own) == 1:
        return _meant(ctx, own[0])
    if parameter.about.own and own:
        names = ", ".join(c.slug for c in own[:COMPLETIONS])
        raise BadValue(f"Which community? Yours are: {names}.", tuple(c.slug for c in own[:COMPLETIONS]))
    raise BadValue("Which community? See them with /cop list.")


def _meant(ctx: Context, where: access.Standing) -> Community:
    permitted(ctx, where)
    return access.community_by_id(ctx.db, where.id)


def _complete_communities(ctx: Context) -> list[Option]:
    found = access.visible_communities(ctx.db, ctx.person_id, everything=ctx.admin)
    return [Option(c.slug, f"{c.slug}: {text.shorten(c.name, 60)}") for c in found]


def _complete_people(ctx: Context) -> list[Option]:
    return [Option(f"@{a.external_id}", f"@{a.name}") for a in access.accounts(ctx.db, ctx.actor.platform)]


def _complete_zones(ctx: Context) -> list[Option]:
    from zoneinfo import available_timezones  # reads the whole zone directory; only on completion

    return [Option(name, name) for name in sorted(available_timezones())]


def _complete_occurrences(ctx: Context) -> list[Option]:
    rows = access.upcoming(ctx.db, ctx.person_id, ctx.now, everything=ctx.admin)
    return [Option(code, text.shorten(f"{code}: {title}", 75)) for code, title in rows]


def _complete_pulses(ctx: Context) -> list[Option]:
    rows = access.recent_pulses(ctx.db, ctx.person_id, everything=ctx.admin)
    return [Option(code, text.shorten(f"{code}: {title}", 75)) for code, title in rows]


def _complete_resources(ctx: Context) -> list[Option]:
    rows = access.recent_resources(ctx.db, ctx.person_id, everything=ctx.admin)
    return [Option(code, text.shorten(f"{code}: {title}", 75)) for code, title in rows]


_COMPLETERS: dict[Any, Callable[[Context], list[Option]]] = {
    Community: _complete_communities,
    Person: _complete_people,
    ZoneInfo: _complete_zones,
    Occasion: _complete_occurrences,
    Occurrence: _complete_occurrences,
    Pulse: _complete_pulses,
    Resource: _complete_resources,
}
