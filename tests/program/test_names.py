"""Names and limits: what people type is what SPEC.md says, and fits every platform."""

import re
from collections import Counter

import pytest

from bot.app import registry
from bot.registry import Command
from bot.ui.forms import CHOICES_LIMIT, LABEL_LIMIT, TITLE_LIMIT

REGISTRY = registry()
COMMANDS = list(REGISTRY.commands.values())
DISCORD_NAME = re.compile(r"[a-z0-9_-]{1,32}")
DISCORD_ROOT = 8_000  # characters of names, descriptions and choices in one root command
DISCORD_OPTIONS = 25
DISCORD_DESCRIPTION = 100

# SPEC.md 3.1: the whole of `cop` and `help`, and of the other groups what is there so far; `?` is optional.
# `community` may always be left out where the place decides it. The names of `cop propose` are ours:
# SPEC.md gives its questions in words.
PROMISED = {
    "cop list": "search?",
    "cop about": "community?",
    "cop create": "name purpose slug? visibility?",
    "cop join": "community?",
    "cop leave": "community?",
    "cop members": "community?",
    "cop promote": "person community?",
    "cop demote": "person community?",
    "cop connect": "community?",
    "cop disconnect": "community?",
    "cop settings": "community?",
    "cop propose": "name problem audience question",
    "cop archive": "community?",
    "cop revive": "community?",
    "cop link": "code?",
    "cop me": "",
    "session schedule": "title when duration? repeat? where? capacity? description? community?",
    "session list": "community? when?",
    "session show": "session",
    "session rsvp": "session answer scope?",
    "session move": "session when scope?",
    "session cancel": "session reason? scope?",
    "session edit": "session",
    "session poll": "title options closes? community?",
    "session checkin": "session?",
    "session notes": "session notes",
    "session plan": "preset? community?",
    "session calendar": "community?",
    "resource save": "url title? tags? note? community?",
    "resource find": "query tag? community?",
    "resource list": "sort? tag? community?",
    "pulse poll": "question options anonymous? closes? community?",
    "pulse results": "pulse",
    "pulse close": "pulse",
    "digest preview": "community?",
    "digest send": "community?",
    "digest schedule": "day? time? timezone? approval? community?",
    "digest off": "community?",
    "digest on": "community?",
    "help": "topic?",
}
CHOICES = {
    ("cop create", "visibility"): ("open", "request", "private"),
    ("session rsvp", "answer"): ("yes", "maybe", "no"),
    ("digest schedule", "approval"): ("auto", "hold"),
}
# These open a form: its fields are no promise of SPEC.md 3.1.
MAY_TAKE_MORE = {"cop settings", "session edit"}

each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.path))


@pytest.mark.parametrize("path", PROMISED)
def test_what_the_specification_promises_is_there_in_that_order(path: str) -> None:
    command = REGISTRY.commands[path]
    assert not command.hidden
    said = [
        f"{p.name}{'' if needed(command, p.name) else '?'}" for p in command.parameters if not p.about.hidden
    ]
    promised = PROMISED[path].split()
    assert said[: len(promised)] == promised
    if path not in MAY_TAKE_MORE:
        assert said == promised


def needed(command: Command, name: str) -> bool:
    """Whether the parameter has to be given wherever it is typed; a community never has."""
    parameter = command.parameter(name)
    return parameter is not None and parameter.required and name != "community"


@pytest.mark.parametrize(("path", "name"), CHOICES)
def test_the_choices_are_those_of_the_specification(path: str, name: str) -> None:
    parameter = REGISTRY.commands[path].parameter(name)
    assert parameter is not None
    assert parameter.choices == CHOICES[path, name]


def test_nothing_is_shown_beyond_the_specification_but_inviting() -> None:
    """A private community has no other door."""
    more = {"cop invite", "resource show", "resource remove", "pulse list", "pulse show"}
    assert {command.path for command in REGISTRY.shown()} == {*PROMISED, *more}


@each_command
def test_a_path_is_one_or_two_words_that_discord_takes(command: Command) -> None:
    words = command.path.split(" ")
    assert len(words) <= 2
    assert all(DISCORD_NAME.fullmatch(word) for word in words)
    assert REGISTRY.parse(command.path).path == command.path


@each_command
def test_summaries_labels_and_titles_fit(command: Command) -> None:
    assert 0 < len(command.summary) <= DISCORD_DESCRIPTION
    assert not command.summary.endswith(".")
    for parameter in command.parameters:
        assert 0 < len(parameter.about.label) <= LABEL_LIMIT
        assert len(f"{parameter.about.label}: {parameter.about.hint}") <= DISCORD_DESCRIPTION
        assert len(parameter.choices) <= CHOICES_LIMIT
        assert all(0 < len(choice) <= 75 for choice in parameter.choices)
    if any(not p.about.hidden for p in command.parameters):
        assert 0 < len(command.form().title) <= TITLE_LIMIT


@each_command
def test_parameters_do_not_clash(command: Command) -> None:
    names = [parameter.name for parameter in command.parameters]
    assert len(names) == len(set(names)) <= DISCORD_OPTIONS
    assert all(DISCORD_NAME.fullmatch(name) for name in names)
    shown = [parameter.about.label for parameter in command.parameters if not parameter.about.hidden]
    assert len(shown) == len(set(shown)), "two fields of a form must not look the same"


@each_command
def test_an_example_says_what_it_is_an_example_of(command: Command) -> None:
    if command.example:
        call = REGISTRY.parse(command.example)
        assert call.path == command.path
        assert set(call.args) <= {parameter.name for parameter in command.parameters}


def test_a_command_that_needs_an_argument_shows_an_example() -> None:
    for command in REGISTRY.shown():
        if any(needed(command, parameter.name) for parameter in command.parameters):
            assert command.example, command.path


@pytest.mark.parametrize("group", REGISTRY.groups)
def test_a_group_fits_one_discord_root(group: str) -> None:
    members = [command for command in REGISTRY.shown() if command.group == group]
    assert 0 < len(members) <= DISCORD_OPTIONS
    assert 0 < len(REGISTRY.groups[group]) <= DISCORD_DESCRIPTION
    assert sum(map(weight, members)) + len(group) + len(REGISTRY.groups[group]) <= DISCORD_ROOT


def weight(command: Command) -> int:
    """How many characters Discord counts for the command: names, descriptions, and choices twice."""
    return (
        len(command.path.rpartition(" ")[2])
        + len(command.summary)
        + sum(
            len(p.name) + len(f"{p.about.label}: {p.about.hint}") + 2 * sum(map(len, p.choices))
            for p in command.parameters
            if not p.about.hidden
        )
    )


def test_paths_are_told_apart_however_they_are_typed() -> None:
    """`/cop join` and `/join` are the same, so no group may be called as a verb of `cop`, nor two verbs differ in case."""
    short = Counter(command.path.removeprefix("cop ").casefold() for command in COMMANDS)
    assert [path for path, count in short.items() if count > 1] == []
    verbs = {path for path in short if " " not in path}
    assert verbs & set(REGISTRY.groups) == {"help"}
