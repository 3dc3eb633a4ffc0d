"""Every parameter's text: refused past its limit and where it is no text, cleaned otherwise."""

import unicodedata

import pytest

from bot.app import registry
from bot.chat import Ask
from bot.registry import Command, Parameter, Role
from bot.ui.calls import Call
from tests.program.conftest import Rehearse
from tests.program.plausible import arguments
from tests.program.stage import ADMIN, Heard, Stage, never_our_fault
from tests.program.village import FACILITATOR, Village

PARAMETERS = [
    (command, parameter) for command in registry().commands.values() for parameter in command.parameters
]
FREE = [(command, parameter) for command, parameter in PARAMETERS if not parameter.choices]

each_parameter = pytest.mark.parametrize(
    ("command", "parameter"), PARAMETERS, ids=[f"{c.path} {p.name}" for c, p in PARAMETERS]
)


async def given(stage: Stage, village: Village, command: Command, parameter: Parameter, value: str) -> Heard:
    """The answer when this one value is given among plausible others, by someone who may."""
    who = ADMIN if command.role is Role.ADMIN else FACILITATOR
    args = arguments(command, village) | {parameter.name: value}
    heard = await stage.calls(who, Call(command.path, args))
    never_our_fault(heard)
    return heard


def complaint(heard: Heard, parameter: Parameter) -> str:
    """What the answer says is wrong with the parameter, beside its field where there is a form."""
    assert heard.outcome in ("asked", "refused"), heard.text
    if isinstance(heard.answer, Ask):
        assert set(heard.answer.problems) == {parameter.name}
        return heard.answer.problems[parameter.name]
    return heard.text


@each_parameter
async def test_text_past_the_limit_is_refused_with_the_limit_named(
    rehearse: Rehearse, remembered: Village, command: Command, parameter: Parameter
) -> None:
    limit = parameter.about.limit
    with rehearse() as stage:
        before = await stage.rows()
        for text in ("x" * (limit + 1), "𝔛" * 5_000):
            said = complaint(await given(stage, remembered, command, parameter, text), parameter)
            assert f"at most {limit:,} characters" in said
            assert parameter.about.label in said
        assert await stage.rows() == before


@each_parameter
async def test_what_is_no_text_is_refused(
    rehearse: Rehearse, remembered: Village, command: Command, parameter: Parameter
) -> None:
    with rehearse() as stage:
        before = await stage.rows()
        for text, why in (("a\0b", "a NUL character"), ("a\ud800b", "half a character"), ("\udfff", "half")):
            said = complaint(await given(stage, remembered, command, parameter, text), parameter)
            assert why in said
            assert parameter.about.label in said
        assert await stage.rows() == before


@pytest.mark.parametrize(
    ("path", "name", "then"),
    [
        ("cop create", "name", "about a-few-words"),
        ("cop create", "purpose", "about a-few-words"),
        ("session schedule", "title", "session show S4"),
        ("session schedule", "where", "session show S4"),
        ("session schedule", "description", "session show S4"),
        ("resource save", "title", "resource show R4"),
        ("resource save", "note", "resource show R4"),
        ("pulse poll", "question", "pulse show P4"),
        ("resource find", "query", ""),
        ("cop list", "search", ""),
        ("help", "topic", ""),
    ],
)
async def test_text_comes_out_in_one_normal_form_without_controls(
    rehearse: Rehearse, remembered: Village, path: str, name: str, then: str
) -> None:
    typed = "  \x07Cafe\u0301 \x1b[31mzu\u0308rich\u009b\x7f  "
    wanted = "Caf\u00e9 [31mz\u00fcrich"
    command = registry().commands[path]
    parameter = command.parameter(name)
    assert parameter is not None
    with rehearse() as stage:
        heard = await given(stage, remembered, command, parameter, typed)
        if then:
            assert heard.outcome == "done"
            heard = await stage.does(FACILITATOR, then)
        assert wanted in heard.text
        assert unicodedata.is_normalized("NFC", heard.text)
