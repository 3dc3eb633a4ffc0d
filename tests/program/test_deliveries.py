"""A platform may deliver the same act again, later or at the same moment: it has its effect once."""

import asyncio

import pytest

from bot.app import registry
from bot.chat import Called, Event, Reacted, Reply
from bot.registry import Command, Role
from bot.ui.calls import Call
from bot.ui.cards import words
from tests.program.conftest import Rehearse
from tests.program.plausible import arguments
from tests.program.stage import ADMIN, Stage
from tests.program.village import FACILITATOR, MEMBER, STRANGER, Village

WRITING = [command for command in registry().commands.values() if command.writes]
TOGETHER = 6
# Who says what, and which table gains how many rows by it.
ACTS = [
    (STRANGER, "join python", "membership", 1),
    ("newcomer", 'create "Tea" "We drink tea."', "community", 1),
    ("another", 'propose "Scones" "Hard scones" "bakers" "Why are mine hard?"', "proposal", 1),
    (FACILITATOR, "session rsvp S1 yes", "rsvp", 1),
    (FACILITATOR, 'session schedule "Typing" "thursday 15:00" community:python', "session", 1),
    (MEMBER, "resource save https://example.org/new community:python", "resource", 1),
    (MEMBER, 'pulse poll "Tea or coffee?" "tea, coffee" community:python', "pulse", 1),
    (FACILITATOR, "pulse vote pulse:P1 choice:1", "ballot", 1),
    (FACILITATOR, "digest send python", "mailing", 1),
    (MEMBER, "leave python", "membership", -1),
]


def act(stage: Stage, who: str, call: Call, delivery: str) -> Event:
    return Called(call, stage.actor(who), stage.memory.address("general"), delivery=delivery)


@pytest.mark.parametrize("command", WRITING, ids=lambda command: str(command.path))
async def test_the_same_delivery_again_changes_nothing(
    rehearse: Rehearse, remembered: Village, command: Command
) -> None:
    who = ADMIN if command.role is Role.ADMIN else FACILITATOR
    with rehearse() as stage:
        event = act(stage, who, Call(command.path, arguments(command, remembered)), "delivery-1")
        await stage.memory.handle(event)
        after = await stage.rows()
        again = await stage.memory.handle(event)
        assert await stage.rows() == after
        if "delivery-1" in str(after["delivery"]):  # else it was refused the first time, as it is again
            assert again is None


async def test_another_delivery_of_the_same_words_is_another_act(rehearse: Rehearse) -> None:
    with rehearse() as stage:
        call = stage.registry.parse('session schedule "Typing" "thursday 15:00" community:python')
        before = len((await stage.rows())["session"])
        for number in range(2):
            await stage.memory.handle(act(stage, FACILITATOR, call, f"delivery-{number}"))
        assert len((await stage.rows())["session"]) == before + 2


async def test_a_refused_delivery_may_be_tried_again(rehearse: Rehearse) -> None:
    """What was refused had no effect, so its delivery is not used up."""
    with rehearse() as stage:
        event = act(stage, STRANGER, Call("session rsvp", {"session": "S1", "answer": "yes"}), "delivery-1")
        refused = await stage.memory.handle(event)
        await stage.does(STRANGER, "join python")
        accepted = await stage.memory.handle(event)
        assert refused != accepted
        assert len((await stage.rows())["rsvp"]) == 2


async def test_at_the_same_moment_it_has_one_effect(stage: Stage, village: Village) -> None:
    for number, (who, typed, table, growth) in enumerate(ACTS):
        before = len((await stage.rows())[table])
        event = act(stage, who, stage.registry.parse(typed), f"delivery-{number}")
        answers = await asyncio.gather(*(stage.memory.handle(event) for _ in range(TOGETHER)))
        said = [answer for answer in answers if answer is not None]
        assert len(said) == 1, f"{typed}: {said}"
        assert len((await stage.rows())[table]) == before + growth, typed


async def test_a_newcomer_who_says_several_things_at_once_is_one_person(
    stage: Stage, village: Village
) -> None:
    calls = [Call("cop preferences", {"be_welcomed": "yes"}) for _ in range(TOGETHER)]
    events = [act(stage, STRANGER, call, f"delivery-{n}") for n, call in enumerate(calls)]
    before = await stage.rows()
    answers = await asyncio.gather(*map(stage.memory.handle, events))
    assert all(
        isinstance(answer, Reply) and words(answer.card) == "Your preferences are saved."
        for answer in answers
    )
    after = await stage.rows()
    assert [len(after[table]) - len(before[table]) for table in ("person", "account")] == [1, 1]


async def test_a_reaction_delivered_again_changes_nothing(stage: Stage, village: Village) -> None:
    session = next(e.ref for e in stage.memory.posted("python") if "Intro to RAG" in words(e.card))
    for emoji, ref, table in (("white_check_mark", session, "rsvp"), ("bookmark", None, "resource")):
        on = ref or await stage.memory.person(FACILITATOR).writes("See https://example.org/reacted", "python")
        event = Reacted(emoji, True, on, stage.actor(FACILITATOR), f"delivery-{emoji}")
        before = len((await stage.rows())[table])
        answers = await asyncio.gather(*(stage.memory.handle(event) for _ in range(TOGETHER)))
        assert len([answer for answer in answers if answer is not None]) == 1
        assert len((await stage.rows())[table]) == before + 1
        after = await stage.rows()
        assert await stage.memory.handle(event) is None
        assert await stage.rows() == after
