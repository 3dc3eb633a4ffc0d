"""A form that is asked for before anything is missing, and what is said in confidence."""

import pytest
from structlog.testing import capture_logs

from bot.app import registry
from bot.chat import Answer, Ask, Called, Reply
from bot.rules import pulses
from bot.ui.calls import Call
from storage.tables import Person, Resource
from tests.commands.desk import GENERAL, LOBBY, World, actor, said


async def asked(world: World, who: str, typed: str, at: object = GENERAL) -> Answer:
    place = LOBBY if at is LOBBY else GENERAL
    return await world.dispatcher.handle(Called(world.registry.parse(typed), actor(who), place, form=True))


async def test_a_form_is_filled_with_what_the_call_says_and_nothing_happens_yet(world: World) -> None:
    answer = await asked(world, "ana", 'resource save https://example.org title:"A page"')
    assert isinstance(answer, Ask)
    assert answer.known == {"url": "https://example.org", "title": "A page"}
    assert answer.problems == {}
    assert await world.count(Resource) == [0]
    empty = await asked(world, "ana", "resource save")
    assert isinstance(empty, Ask)
    assert empty.problems == {}


async def test_what_is_wrong_already_is_said_beside_its_field(world: World) -> None:
    answer = await asked(world, "fran", 'session schedule "Intro" when:gibberish')
    assert isinstance(answer, Ask)
    assert answer.known == {"title": "Intro", "when": "gibberish"}
    assert set(answer.problems) == {"when"}


async def test_outside_a_channel_the_form_says_which_communities_there_are(world: World) -> None:
    answer = await asked(world, "fran", "session schedule", LOBBY)
    assert isinstance(answer, Ask)
    assert "board, python" in answer.problems["community"]
    one = await asked(world, "ana", "resource save", LOBBY)
    assert isinstance(one, Ask)
    assert one.problems == {}


async def test_who_may_not_at_all_is_refused_instead_of_asked(world: World) -> None:
    assert "Only facilitators of Python" in said(await asked(world, "ana", "session schedule"))
    assert "Only facilitators" in said(await asked(world, "eve", "session schedule", LOBBY))
    refused = await asked(world, "eve", "resource save")
    assert "members of Python" in said(refused)
    assert isinstance(refused, Reply)
    assert [b.label for b in refused.card.buttons()] == ["Join"]
    assert "Only association staff" in said(await asked(world, "fran", "archive python"))
    assert await world.count(Person) == [3]


async def test_a_command_without_a_form_is_simply_run(world: World) -> None:
    assert "My communities" in said(await asked(world, "ana", "me"))


async def test_a_receipt_asks_with_the_options_and_never_for_a_number(world: World) -> None:
    await world.say("fran", 'pulse poll "Which day?" "Tue, Thu" anonymous:no')
    key = "0" * 32
    answer = await asked(world, "ana", f"pulse change pulse:P1 key:{key}")
    assert isinstance(answer, Ask)
    assert [option.label for option in answer.form.fields[0].choices] == ["Tue", "Thu"]
    assert answer.form.call == Call("pulse change", {"pulse": "P1", "key": key})
    wrong = await asked(world, "ana", f"pulse change pulse:P1 key:{key} choice:third")
    assert "choice" in said(wrong).casefold()


def test_the_commands_that_carry_what_is_nobodys_to_keep_say_so() -> None:
    commands = registry()
    named = {path for path, command in commands.commands.items() if command.confidential}
    assert named == {"pulse vote", "pulse change", "cop farewell", "session feedback"}
    assert commands.confidential(Call("pulse vote", {"pulse": "P1", "choice": "2"}))
    assert not commands.confidential(Call("session rsvp"))
    assert not commands.confidential(Call("no such thing"))


async def test_when_a_confidential_call_fails_the_log_does_not_quote_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("they chose number 2")

    await world.say("fran", 'pulse poll "Which day?" "Tue, Thu" anonymous:no')
    monkeypatch.setattr(pulses, "answer", fail)
    with capture_logs() as log:
        answer = await world.say("ana", "pulse vote P1 2")
    assert "went wrong on our side" in said(answer)
    (entry,) = [entry for entry in log if entry["log_level"] == "error"]
    assert entry["path"] == "pulse vote"
    assert entry["error"] == "RuntimeError"
    assert "number 2" not in repr(log)
