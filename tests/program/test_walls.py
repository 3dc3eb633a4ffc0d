"""What is private is not found by anyone outside, by whatever way they ask."""

import pytest

from bot.app import registry
from bot.registry import Command, Parameter, Role
from bot.rules.access import Occasion
from bot.ui.calls import Call
from storage.tables import Community, Occurrence, Pulse, Resource
from tests.program.conftest import Rehearse
from tests.program.plausible import arguments
from tests.program.stage import ADMIN, Heard, Stage
from tests.program.village import ELSEWHERE, FACILITATOR, INSIDER, MEMBER, SECRET, STRANGER, Village

OUTSIDERS = (STRANGER, MEMBER, FACILITATOR, ELSEWHERE)
HIDDEN = {Community: SECRET, Occasion: "S2", Occurrence: "S2", Resource: "R3", Pulse: "P3"}
ABSENT = {Community: "bassoon", Occasion: "S99", Occurrence: "S99", Resource: "R99", Pulse: "P99"}
NAMING = [
    (command, parameter)
    for command in registry().commands.values()
    for parameter in command.parameters
    if parameter.type in HIDDEN and command.role < Role.ADMIN
]
SEARCHES = (
    "list",
    f"list {SECRET}",
    "session list",
    "resource list",
    "resource list sort:top",
    f"resource list tag:{SECRET}",
    f"resource find {SECRET}",
    "resource find xylophon",  # also where the search forgives a typing error
    "pulse list",
    "me",
    "help",
)


async def named(
    stage: Stage, village: Village, who: str, command: Command, parameter: Parameter, value: str
) -> Heard:
    args = arguments(command, village) | {parameter.name: value}
    return await stage.calls(who, Call(command.path, args))


@pytest.mark.parametrize(
    ("command", "parameter"),
    NAMING,
    ids=[f"{command.path} {parameter.name}" for command, parameter in NAMING],
)
async def test_a_private_thing_is_answered_as_one_that_is_not_there(
    rehearse: Rehearse, remembered: Village, command: Command, parameter: Parameter
) -> None:
    hidden, absent = HIDDEN[parameter.type], ABSENT[parameter.type]
    for who in OUTSIDERS:
        with rehearse() as stage:
            one = await named(stage, remembered, who, command, parameter, hidden)
            other = await named(stage, remembered, who, command, parameter, absent)
        assert one.outcome == other.outcome == "refused"
        assert one.text == other.text.replace(absent, hidden)
    with rehearse() as stage:
        known = await named(stage, remembered, INSIDER, command, parameter, hidden)
        assert not known.text.startswith(one.text[:20])


@pytest.mark.parametrize("typed", SEARCHES)
async def test_searches_and_lists_do_not_show_it(rehearse: Rehearse, typed: str) -> None:
    """They answer as for a word that is nowhere, which they may say back."""
    word, nowhere = SECRET[:-1], "bassoon"
    for who in OUTSIDERS:
        with rehearse() as stage:
            heard = await stage.does(who, typed)
            other = await stage.does(who, typed.replace(word, nowhere))
        assert heard.text == other.text.replace(nowhere, word)
        assert nowhere in other.text or SECRET not in heard.text.casefold()


async def test_its_own_people_find_it_by_the_same_ways(rehearse: Rehearse) -> None:
    with rehearse() as stage:
        for typed in SEARCHES[:-1]:
            heard = await stage.does(INSIDER, typed)
            assert SECRET in heard.text.casefold(), typed


@pytest.mark.parametrize(
    ("command", "parameter"),
    NAMING,
    ids=[f"{command.path} {parameter.name}" for command, parameter in NAMING],
)
async def test_completion_does_not_offer_it(
    rehearse: Rehearse, command: Command, parameter: Parameter
) -> None:
    with rehearse() as stage:
        for typed in ("", HIDDEN[parameter.type], "xy"):
            for who in OUTSIDERS:
                offered = await stage.completes(who, command.path, parameter.name, typed)
                assert SECRET not in " ".join(offered).casefold()
        offered = await stage.completes(INSIDER, command.path, parameter.name)
        assert SECRET in " ".join(offered).casefold()


@pytest.mark.parametrize(
    "typed", ["about", "session list", "resource list", "pulse list", "members", "leave"]
)
async def test_its_channel_does_not_give_it_away(rehearse: Rehearse, typed: str) -> None:
    """An outsider who sees its channel still has to be let in."""
    with rehearse() as stage:
        for who in OUTSIDERS:
            heard = await stage.types(who, typed, in_="vault")
            assert SECRET not in heard.text.casefold()
        heard = await stage.types(INSIDER, typed, in_="vault")
        assert SECRET in heard.text.casefold()


async def test_what_is_inside_a_community_by_request_is_for_its_members(rehearse: Rehearse) -> None:
    """Its name and purpose are open: that is how one comes to ask."""
    with rehearse() as stage:
        for who in (STRANGER, MEMBER, ELSEWHERE):
            assert "Circle" in (await stage.does(who, "list")).text
            assert "Inner circle" not in (await stage.does(who, "session list")).text
            assert "Inner circle" not in (await stage.does(who, "about circle")).text
            assert "Inner circle" not in " ".join(await stage.completes(who, "session show", "session"))
            for typed in ("session list circle", "session show S3", "session rsvp S3 yes"):
                heard = await stage.types(who, typed)
                assert heard.outcome == "refused"
                assert heard.text == "That is for members of Circle."
        for who in (FACILITATOR, ADMIN):
            assert "Inner circle" in (await stage.does(who, "session show S3")).text


async def test_someone_invited_sees_the_door_and_not_the_room(rehearse: Rehearse) -> None:
    with rehearse() as stage:
        await stage.does(INSIDER, f"invite @{MEMBER} {SECRET}")
        assert SECRET in (await stage.does(MEMBER, f"about {SECRET}")).text.casefold()
        for typed in ("session show S2", "resource show R3", "pulse show P3", f"members {SECRET}"):
            heard = await stage.types(MEMBER, typed)
            assert heard.outcome == "refused"
            assert "night" not in heard.text
        assert "night" not in (await stage.does(MEMBER, f"about {SECRET}")).text
        await stage.does(MEMBER, f"join {SECRET}")
        assert "night" in (await stage.does(MEMBER, "session show S2")).text


async def test_who_has_left_is_an_outsider_again(rehearse: Rehearse) -> None:
    with rehearse() as stage:
        await stage.does(INSIDER, f"invite @{MEMBER} {SECRET}")
        await stage.does(MEMBER, f"join {SECRET}")
        await stage.does(MEMBER, f"leave {SECRET}")
        for typed in (
            "session show S2",
            "resource show R3",
            "pulse show P3",
            f"about {SECRET}",
            f"join {SECRET}",
        ):
            heard = await stage.types(MEMBER, typed)
            assert heard.outcome == "refused"
            assert heard.text.startswith("There is no")
