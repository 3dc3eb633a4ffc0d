"""Every command for every role: done or refused as declared, and a refusal leaves no row."""

import re

import pytest

from bot.app import registry
from bot.registry import Command, Role
from bot.ui.calls import Call
from tests.program.conftest import Rehearse
from tests.program.plausible import arguments, channel
from tests.program.stage import ADMIN, Heard, Stage, never_our_fault, staged
from tests.program.village import ELSEWHERE, FACILITATOR, LEFT, MEMBER, STRANGER, Village

COMMANDS = list(registry().commands.values())
PEOPLE = {
    STRANGER: Role.ANYONE,
    ELSEWHERE: Role.ANYONE,
    LEFT: Role.ANYONE,
    MEMBER: Role.MEMBER,
    FACILITATOR: Role.FACILITATOR,
    ADMIN: Role.ADMIN,
}
# Anyone may say it, and only members are answered: of no community it lists one's own.
FOR_MEMBERS = {"pulse list"}
# Staff tend communities; what one thinks, and where one subscribes, is for its own members.
NOT_FOR_STAFF = {"pulse vote", "session calendar", "session vote"}
# Members who host a session may too; in the village facilitators host them.
FOR_HOSTS = {"session notes"}
# What the role allows and the state of things does not: who cannot join, leave, undo, export or answer anything.
IN_VAIN = {
    "cop join": {MEMBER, FACILITATOR},
    "cop leave": {STRANGER, ELSEWHERE, LEFT, ADMIN},
    "cop unlink": set(PEOPLE),
    "cop export": {STRANGER},
    "pulse vote": {MEMBER},
    "session attendance": set(PEOPLE),
    "session checkin": set(PEOPLE),
    "session feedback": set(PEOPLE),
    "session notes": set(PEOPLE),
    "session step_in": set(PEOPLE),
}
NOT_YOURS = re.compile(r"Only facilitators|Only association staff|That is for members")
INTERNAL = re.compile(
    r"Traceback|Error\b|Exception|\bid\b|person_id|\bNone\b|<[a-z]|sqlalchemy|psycopg", re.I
)


def allowed(command: Command, who: str) -> bool:
    role = Role.MEMBER if command.path in FOR_MEMBERS else command.role
    role = Role.FACILITATOR if command.path in FOR_HOSTS else role
    return PEOPLE[who] >= role and not (who == ADMIN and command.path in NOT_FOR_STAFF)


def kind(sentence: str) -> None:
    """One or two sentences for a person, with nothing of our insides."""
    assert sentence.endswith((".", "?")), sentence
    assert 10 < len(sentence) < 300, sentence
    assert not INTERNAL.search(sentence), sentence


async def does(stage: Stage, village: Village, command: Command, who: str) -> Heard:
    heard = await stage.calls(who, Call(command.path, arguments(command, village)), channel(command))
    never_our_fault(heard)
    return heard


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.path))
async def test_whoever_has_the_role_may(rehearse: Rehearse, remembered: Village, command: Command) -> None:
    for who in filter(lambda who: allowed(command, who), PEOPLE):
        with rehearse() as stage:
            heard = await does(stage, remembered, command, who)
            if who in IN_VAIN.get(command.path, ()):
                assert heard.outcome == "refused", f"{who}: {heard.text}"
                assert not NOT_YOURS.search(heard.text)
                kind(heard.text)
            else:
                assert heard.outcome == "done", f"{who}: {heard.text}"
            await stage.settle()


async def test_whoever_has_not_is_refused_and_leaves_no_row(stage: Stage, village: Village) -> None:
    before = await stage.rows()
    tried = 0
    for command in COMMANDS:
        for who in PEOPLE:
            if allowed(command, who):
                continue
            heard = await does(stage, village, command, who)
            assert heard.outcome == "refused", f"{who}: {command.path}: {heard.text}"
            assert NOT_YOURS.search(heard.text), f"{who}: {command.path}: {heard.text}"
            kind(heard.text)
            tried += 1
    assert tried > 100
    assert await stage.rows() == before


async def test_only_staff_create_where_the_configuration_says_so(sqlite_url: str) -> None:
    async with staged(sqlite_url, create="admins") as stage:
        before = await stage.rows()
        heard = await stage.types(MEMBER, 'create "Tea" "We drink tea."')
        assert heard.outcome == "refused"
        assert "association staff" in heard.text
        assert await stage.rows() == before
        await stage.does(ADMIN, 'create "Tea" "We drink tea."')
