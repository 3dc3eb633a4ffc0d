"""One declaration by signature gives grammar, form and names; wrong declarations are refused at once."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import pytest

from bot.arguments import place
from bot.chat import Answer
from bot.errors import NotFound
from bot.registry import Context, Group, Param, Registry
from bot.ui.calls import Call, Word
from storage.tables import Community

group = Group("session", "Gatherings")
cop = Group("cop", "Communities")


@group.command("Schedule a session")
def schedule(
    ctx: Context,
    title: Annotated[str, Param("Title", limit=150)],
    when: Annotated[datetime, Param("When")],
    duration: Annotated[timedelta | None, Param("Duration")] = None,
    where: Annotated[str, Param("Where")] = "",
    *,
    community: Annotated[Community, Param("Community")],
) -> Answer: ...


@group.command("Answer")
def rsvp(
    ctx: Context,
    session: Annotated[str, Param("Session")],
    answer: Annotated[Literal["yes", "maybe", "no"], Param("Answer")],
    scope: Annotated[Literal["this", "series"], Param("Scope")] = "this",
) -> Answer: ...


@cop.command("Join")
def join(ctx: Context, community: Annotated[Community, Param("Community")]) -> Answer: ...


registry = Registry([cop, group])


def args(typed: str) -> dict[str, str]:
    call = registry.parse(typed)
    return place(registry.command(call.path), call)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ('session schedule "Intro to RAG" "tue 15:00"', {"title": "Intro to RAG", "when": "tue 15:00"}),
        ("session schedule Intro tue 15:00", {"title": "Intro", "when": "tue 15:00"}),
        (
            'session schedule "Intro" "tue 15:00" 90m',
            {"title": "Intro", "when": "tue 15:00", "duration": "90m"},
        ),
        ("session schedule when:tue 15:00 title:Intro", {"title": "Intro", "when": "tue 15:00"}),
        ('session schedule Intro when:"tue 15:00" python', {"title": "Intro python", "when": "tue 15:00"}),
        ("session rsvp S12 yes", {"session": "S12", "answer": "yes"}),
        ("SESSION RSVP S12 yes series", {"session": "S12", "answer": "yes", "scope": "series"}),
        ("join data viz", {"community": "data viz"}),
        ("cop join data-viz", {"community": "data-viz"}),
        ("session schedule Re: plans", {"title": "Re:", "when": "plans"}),
    ],
)
def test_positional_and_named_arguments_mix(typed: str, expected: dict[str, str]) -> None:
    assert args(typed) == expected


def test_nothing_is_help_and_a_group_alone_is_its_help() -> None:
    assert registry.parse("") == Call("help")
    assert registry.parse("session") == Call("help", {"topic": "session"})


def test_what_a_button_carries_is_read_as_it_was_meant() -> None:
    call = Call("session rsvp", {"session": "S1", "answer": "yes"})
    assert registry.parse(call.payload()) == call


def test_an_unknown_command_names_the_nearest_three() -> None:
    with pytest.raises(NotFound, match=r"session schedule|join"):
        registry.command(registry.parse("sesion shedule x").path)


def test_the_form_has_every_parameter() -> None:
    form = registry.command("session rsvp").form()
    assert [(f.name, f.kind, f.required) for f in form.fields] == [
        ("session", "line", True),
        ("answer", "choice", True),
        ("scope", "choice", False),
    ]


def test_a_parameter_without_param_or_of_a_strange_type_is_refused() -> None:
    bad = Group("bad", "")

    def bare(ctx: Context, x: str) -> Answer: ...

    def strange(ctx: Context, x: Annotated[bytes, Param("X")]) -> Answer: ...

    for run, words in ((bare, "has no Param"), (strange, "cannot be read into")):
        with pytest.raises(TypeError, match=words):
            bad.command("x")(run)


def test_two_commands_of_one_name_are_refused() -> None:
    twin = Group("cop", "")
    twin.command("Join", name="join")(join)
    with pytest.raises(ValueError, match="two commands"):
        Registry([cop, twin])


def test_a_long_summary_is_refused() -> None:
    with pytest.raises(ValueError, match="summary over 100"):
        Group("x", "").command("x" * 101)


def test_loose_words_keep_whether_they_were_quoted() -> None:
    assert registry.parse('session rsvp "S1"').rest == (Word("S1", quoted=True),)
