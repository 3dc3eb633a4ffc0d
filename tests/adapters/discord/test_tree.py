"""The registry as application commands: within Discord's limits, typed, and read back as calls."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import discord
import pytest

from adapters.discord import text, tree
from bot.app import registry
from bot.chat import Answer
from bot.registry import Context, Group, Param, Registry
from bot.ui.calls import Call
from storage.tables import Community, Person
from tests.fakes.discord import schema
from tests.fakes.discord.trees import check_all, weight

Json = dict[str, Any]
REGISTRY = registry()
SUB, STRING, INTEGER, BOOLEAN, USER = 1, 3, 4, 5, 6


def payload(commands: Registry) -> list[Json]:
    return tree.payload(tree.grown(discord.Client(intents=discord.Intents(guilds=True)), commands))


def leaves(roots: list[Json]) -> Iterator[tuple[str, list[Json]]]:
    """Yield each command's path and options."""
    for root in roots:
        inner = root.get("options", [])
        if inner and inner[0]["type"] == SUB:
            yield from ((f"{root['name']} {one['name']}", one["options"]) for one in inner)
        elif root["type"] == 1:
            yield root["name"], inner


def small(hidden: bool = False, summary: str = "Try it", **described: str) -> Registry:
    """A registry of one command with a parameter of each type."""
    group = Group("try", "Trying")
    about = Param("Words", described.get("hint", "a hint"), limit=20)

    @group.command(summary, hidden=hidden)
    def it(
        ctx: Context,
        words: Annotated[str, about],
        when: Annotated[datetime, Param("When", "for example: tue 15:00")],
        person: Annotated[Person, Param("Person")],
        often: Annotated[int, Param("How often", low=2, high=9)] = 3,
        loud: Annotated[bool, Param("Loud")] = True,
        page: Annotated[int, Param("Page", hidden=True)] = 1,
        sort: Annotated[Literal["best_first", "new"] | None, Param("Order")] = None,
        *,
        community: Annotated[Community, Param("Community")],
    ) -> Answer:
        return None

    return Registry([group])


def test_every_command_is_within_discords_limits() -> None:
    commands = payload(REGISTRY)
    check_all(commands)
    for command in commands:
        assert schema.object_problem("ApplicationCommandUpdateRequest", command) == ""
        assert schema.object_problem("ApplicationCommandCreateRequest", command) == ""


def test_every_root_weighs_less_than_discord_allows() -> None:
    for command in payload(REGISTRY):
        assert tree.weight(command) == weight(command) < tree.ROOT_LIMIT


def test_the_weight_is_of_names_texts_and_values_and_of_the_longest_translation() -> None:
    option = {"name": "abc", "description": "12345", "choices": [{"name": "x", "value": "yz"}]}
    root = {
        "name": "ab",
        "description": "1234",
        "options": [{"name": "c", "description": "d", "options": [option]}],
    }
    assert tree.weight(root) == 6 + 2 + 8 + 3
    assert tree.weight({**root, "name_localizations": {"de": "abcd", "fr": "a"}}) == 21


def test_there_is_one_root_per_group_and_help_is_a_root() -> None:
    roots = payload(REGISTRY)
    shown = {command.path for command in REGISTRY.shown()}
    assert {path for path, _ in leaves(roots)} == shown
    assert [root["name"] for root in roots] == [*REGISTRY.groups, tree.SAVE]
    assert REGISTRY.groups.keys() - {"cop"} == set(text.ROOTS)
    assert roots[-1]["type"] == 3
    assert "description" not in roots[-1]


def test_commands_are_for_servers_and_the_bots_direct_messages() -> None:
    for root in payload(REGISTRY):
        assert root["contexts"] == [0, 1]
        assert root["integration_types"] == [0]
        assert root["default_member_permissions"] is None


def test_options_are_typed_and_those_needed_come_first() -> None:
    ((path, options),) = leaves(payload(small()))
    assert path == "try it"
    assert [(o["name"], o["type"]) for o in options] == [
        ("words", STRING),
        ("when", STRING),
        ("person", USER),
        ("often", INTEGER),
        ("loud", BOOLEAN),
        ("sort", STRING),
        ("community", STRING),
    ]
    by_name = {option["name"]: option for option in options}
    assert by_name["words"]["description"] == "Words (a hint)"
    assert (by_name["often"]["min_value"], by_name["often"]["max_value"]) == (2, 9)
    assert by_name["sort"]["choices"] == [
        {"name": "best first", "value": "best_first"},
        {"name": "new", "value": "new"},
    ]
    assert [o["name"] for o in options if o.get("autocomplete")] == ["community"]


def test_no_option_is_required_so_that_a_form_can_always_open() -> None:
    for _, options in leaves(payload(REGISTRY)):
        assert not any(option.get("required") for option in options)


def test_a_hint_that_does_not_fit_is_left_to_the_form() -> None:
    ((_, options),) = leaves(payload(small(hint="h" * 100)))
    assert options[0]["description"] == "Words"


def test_hidden_commands_are_not_published() -> None:
    assert list(leaves(payload(small(hidden=True)))) == []


def test_more_commands_in_a_group_than_discord_takes_are_refused() -> None:
    group = Group("try", "Trying")
    for number in range(26):
        group.command("Try it", name=f"it{number}")(lambda ctx: None)
    with pytest.raises(ValueError, match="maximum number of child commands"):
        payload(Registry([group]))


def test_the_digest_changes_with_what_is_published_and_only_then() -> None:
    def digest(commands: Registry) -> str:
        return tree.digest(tree.grown(discord.Client(intents=discord.Intents(guilds=True)), commands))

    assert digest(small()) == digest(small())
    assert (
        len({digest(small()), digest(small(summary="Try")), digest(small(hint="b")), digest(REGISTRY)}) == 4
    )


async def test_the_library_leaves_interactions_to_the_client() -> None:
    grown = tree.grown(discord.Client(intents=discord.Intents(guilds=True)), small())
    # It looks at nothing, so that anything may stand for the interaction.
    assert await grown.interaction_check(object()) is False  # type: ignore[arg-type]  # nothing of it is read


def option(name: str, kind: int, value: object, **more: object) -> Json:
    return {"name": name, "type": kind, "value": value, **more}


def test_what_was_typed_is_read_back() -> None:
    options = [
        option("words", STRING, "Intro: to “RAG”"),
        option("often", INTEGER, 3),
        option("loud", BOOLEAN, False),
        option("person", USER, "42"),
    ]
    data = {"name": "try", "type": 1, "options": [{"name": "it", "type": SUB, "options": options}]}
    said = {"words": "Intro: to “RAG”", "often": "3", "loud": "no", "person": "@42"}
    assert tree.call(data) == Call("try it", said)
    assert tree.focused(data) is None


def test_a_bare_command_and_one_without_a_group() -> None:
    assert tree.call({"name": "cop", "options": [{"name": "me", "type": SUB}]}) == Call("cop me")
    assert tree.call({"name": "help"}) == Call("help")
    assert tree.call({"name": "help", "options": [option("topic", STRING, "cop")]}) == Call(
        "help", {"topic": "cop"}
    )


def test_what_is_being_typed_is_told() -> None:
    options = [option("community", STRING, "py", focused=True), option("when", STRING, "tue")]
    data = {"name": "session", "options": [{"name": "list", "type": SUB, "options": options}]}
    assert tree.focused(data) == ("community", "py")
    assert tree.call(data).args["when"] == "tue"


def test_every_command_reads_back_every_option() -> None:
    """What a client sends for a published command is a call that the registry knows."""
    values: dict[int, object] = {STRING: "x", INTEGER: 2, BOOLEAN: True, USER: "42"}
    for path, options in leaves(payload(REGISTRY)):
        name, _, verb = path.partition(" ")
        sent = [option(o["name"], o["type"], values[o["type"]]) for o in options]
        data = {"name": name, "options": [{"name": verb, "type": SUB, "options": sent}] if verb else sent}
        call = tree.call(data)
        command = REGISTRY.command(call.path)
        assert command.path == path
        assert set(call.args) == {p.name for p in command.parameters if not p.about.hidden}
