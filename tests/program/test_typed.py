"""Whatever is typed is answered with a card or a form, and never with a fault of ours."""

import json
import unicodedata

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.app import registry
from bot.arguments import place
from bot.chat import Ask, Reply, Update
from bot.ui.calls import Call, quote, written
from bot.ui.codec import dump, load
from tests.program.conftest import Rehearse
from tests.program.stage import Stage, never_our_fault
from tests.program.village import FACILITATOR, STRANGER

REGISTRY = registry()
COMMANDS = list(REGISTRY.commands.values())
NAMES = sorted({parameter.name for command in COMMANDS for parameter in command.parameters})

anything = st.text(max_size=40)
VALUES = """
python circle vault attic S1 s01.1 S2 R1 P1 P2 @mo @fran yes no 1 0 -1 99999999999999999999 tuesday 15:00
thursday-15:00 60m 3d Europe/London https://example.org/x rag,llm a,b open hold default none
"""
values = st.sampled_from(VALUES.split()) | anything
words = st.tuples(st.sampled_from(NAMES), values).map(
    lambda pair: f"{pair[0]}:{quote(pair[1])}"
) | values.map(quote)
lines = st.tuples(
    st.sampled_from([command.path for command in COMMANDS]) | anything, st.lists(words | anything, max_size=6)
).map(lambda parts: " ".join([parts[0], *parts[1]]))


@given(line=lines | st.text())
@example("")
@example("\ud800")
@example("\0")
@example("erase confirm:\ud800")
@example("list " + "x" * 100)
@example("show \ud800")
@example("session schedule \ud800")
@example("about \N{ARABIC LETTER YEH}\N{COMBINING ACUTE ACCENT}" * 20)
@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_any_line_is_answered(rehearse: Rehearse, line: str) -> None:
    with rehearse() as stage:
        for who in (STRANGER, FACILITATOR):
            heard = await stage.types(who, line, in_="python")
            never_our_fault(heard)
            assert isinstance(heard.answer, Reply | Update | Ask)
            shown(stage, heard.answer)
        await stage.settle()


def shown(stage: Stage, answer: Reply | Update | Ask) -> None:
    """Every platform can show the answer: it survives JSON and UTF-8, and lines of text stay lines."""
    if isinstance(answer, Ask):
        assert load(dump(answer.form)) == answer.form
        as_json(answer.form).encode()
        as_json(answer.known).encode()
        return
    assert load(dump(answer.card)) == answer.card
    as_json(answer.card).encode()
    text = stage.memory.text(answer.card)
    assert not [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]


def as_json(value: object) -> str:
    return json.dumps(dump(value), ensure_ascii=False)


@given(line=lines | st.text())
@settings(max_examples=300, deadline=None)
def test_what_was_understood_can_be_written_down_and_read_again(line: str) -> None:
    """A button may carry anything that can be typed."""
    call = REGISTRY.parse(line)
    command = REGISTRY.commands.get(call.path)
    if command is not None:
        understood = Call(call.path, place(command, call))
        assert REGISTRY.parse(written(understood)) == understood
