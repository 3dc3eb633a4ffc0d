"""Application commands within Discord's limits, and the store that keeps them."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.fakes.discord.refusals import Refusal, invalid_form, unknown
from tests.fakes.discord.snowflakes import Snowflakes

Json = dict[str, Any]
Problems = dict[str, str]

CHAT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER_OPTION, CHANNEL_OPTION = 1, 2, 3, 4, 5, 6, 7
NUMBER = 10

MOST = {CHAT: 100, USER: 5, MESSAGE: 5}
WEIGHT, CREATES_A_DAY = 8_000, 200

# Letters and digits of any script, as `\w` reads them, without upper case.
_NAME = re.compile(r"[-'\w]{1,32}")


class Commands:
    """The commands of the application, for everywhere (scope 0) and for single guilds."""

    def __init__(self, ids: Snowflakes, application: int) -> None:
        self._ids = ids
        self._application = application
        self._kept: dict[int, dict[int, Json]] = {}
        self.created: Counter[int] = Counter()

    def all(self, scope: int = 0) -> list[Json]:
        return list(self._kept.get(scope, {}).values())

    def get(self, scope: int, id_: int) -> Json:
        """Return the command. Raises Refusal."""
        found = self._kept.get(scope, {}).get(id_)
        if found is None:
            raise unknown("application command")
        return found

    def offered(self, guild: int) -> list[Json]:
        """Return what a client in the guild offers; the guild's own stand before those for everywhere."""
        return self.all(guild) + (self.all(0) if guild else [])

    def replace(self, scope: int, bodies: list[Json]) -> list[Json]:
        """Put these in the place of all; one of the same name and type keeps its id. Raises Refusal."""
        check_all(bodies)
        before = {_key(c): c["id"] for c in self.all(scope)}
        new = [body for body in bodies if _key(body) not in before]
        self._count(scope, len(new))
        made = [self._made(scope, body, before.get(_key(body))) for body in bodies]
        self._kept[scope] = {int(command["id"]): command for command in made}
        return made

    def add(self, scope: int, body: Json) -> tuple[int, Json]:
        """Add one, or put it in the place of that of the same name; return 201 or 200, and it. Raises Refusal."""
        others = [c for c in self.all(scope) if _key(c) != _key(body)]
        check_all([*others, body])
        known = next((c["id"] for c in self.all(scope) if _key(c) == _key(body)), None)
        self._count(scope, known is None)
        made = self._made(scope, body, known)
        self._kept.setdefault(scope, {})[int(made["id"])] = made
        return 200 if known else 201, made

    def change(self, scope: int, id_: int, body: Json) -> Json:
        """Change one. Raises Refusal."""
        before = self.get(scope, id_)
        made = self._made(scope, {**before, **body}, before["id"])
        check_all([c if c is not before else made for c in self.all(scope)])
        self._kept[scope][id_] = made
        return made

    def remove(self, scope: int, id_: int) -> None:
        """Remove one. Raises Refusal."""
        self.get(scope, id_)
        del self._kept[scope][id_]

    def _count(self, scope: int, new: int) -> None:
        self.created[scope] += new
        if self.created[scope] > CREATES_A_DAY:
            raise Refusal(
                400, 30034, "Max number of daily application command creates has been reached (200)"
            )

    def _made(self, scope: int, body: Json, id_: str | None) -> Json:
        usual: Json = {"type": CHAT, "default_member_permissions": None, "nsfw": False, "description": ""}
        usual |= {"dm_permission": True} if not scope else {"guild_id": str(scope)}
        usual |= {"integration_types": [0], "contexts": None, "options": []}
        given = {name: value for name, value in body.items() if value is not None}
        made = {**usual, **given, "id": id_ or str(self._ids.new()), "version": str(self._ids.new())}
        made["application_id"] = str(self._application)
        return made


def check_all(commands: list[Json]) -> None:
    """Check the commands of one scope. Raises Refusal."""
    found: Problems = {}
    keys = [_key(command) for command in commands]
    for kind, most in MOST.items():
        if sum(k == kind for _, k in keys) > most:
            raise Refusal(400, 30032, f"Maximum number of application commands reached ({most})")
    for index, command in enumerate(commands):
        if keys.count(keys[index]) > 1:
            found[f"{index}.name"] = f"Application command names must be unique: {command['name']}"
        for problem in _command(command):
            found[f"{index}"] = f"{command['name']}: {problem}"
    if found:
        raise invalid_form(found)


def weight(command: Json) -> int:
    """Return the characters that count towards the limit of a command: names, descriptions and choices."""
    own = len(command["name"]) + len(command.get("description") or "")
    own += sum(len(c["name"]) + len(str(c["value"])) for c in command.get("choices") or [])
    return own + sum(weight(option) for option in command.get("options") or [])


def _key(command: Json) -> tuple[str, int]:
    return command["name"], command.get("type") or CHAT


def _command(command: Json) -> Iterator[str]:
    if _key(command)[1] != CHAT:
        if not 1 <= len(command["name"]) <= 32 or command.get("description") or command.get("options"):
            yield "a menu command has a name of at most 32 characters and nothing else"
        return
    yield from _named(command)
    yield from _options(command)
    if weight(command) > WEIGHT:
        yield f"the command exceeds {WEIGHT} characters: {weight(command)}"


def _options(command: Json) -> Iterator[str]:
    options = command.get("options") or []
    if len(options) > 25:
        yield "Must be 25 or fewer in length."
    names = [option["name"] for option in options]
    if len(set(names)) < len(names):
        yield f"option names are not unique: {names}"
    nested = [option["type"] in (SUBCOMMAND, GROUP) for option in options]
    if any(nested) and not all(nested):
        yield "subcommands and other options do not mix"
    wanted = [bool(option.get("required")) for option in options]
    if sorted(wanted, reverse=True) != wanted:
        yield "required options must stand before those that are not"
    for option in options:
        yield from (f"{option['name']}: {problem}" for problem in _option(option))


def _option(option: Json) -> Iterator[str]:
    yield from _named(option)
    choices = option.get("choices") or []
    if len(choices) > 25:
        yield "Must be 25 or fewer in length."
    if choices and option.get("autocomplete"):
        yield "choices and autocompletion exclude each other"
    for choice in choices:
        if not 1 <= len(choice["name"]) <= 100 or len(str(choice["value"])) > 100:
            yield f"choice {choice['name']!r} is too long"
    if option["type"] in (SUBCOMMAND, GROUP):
        if option["type"] == GROUP and any(o["type"] != SUBCOMMAND for o in option.get("options") or []):
            yield "a group has subcommands only"
        yield from _options(option)


def _named(one: Json) -> Iterator[str]:
    if not _NAME.fullmatch(one["name"]) or one["name"] != one["name"].lower():
        yield f"{one['name']!r} is no name"
    if not 1 <= len(one.get("description") or "") <= 100:
        yield "a description has 1 to 100 characters"
