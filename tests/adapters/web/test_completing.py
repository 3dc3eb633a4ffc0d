"""Which parameter the cursor is in."""

import pytest

from adapters.web.completing import bare, place
from tests.adapters.web.scripted import CATALOGUE


@pytest.mark.parametrize(
    ("typed", "param", "value", "before"),
    [
        ("/cop join ", "community", "", "/cop join "),
        ("/cop join py", "community", "py", "/cop join "),
        ("/join py", "community", "py", "/join "),
        ("/cop join community:py", "community", "py", "/cop join community:"),
        ("/session schedule ", "title", "", "/session schedule "),
        ('/cop session schedule "Intro to R', "title", "Intro to R", "/cop session schedule "),
        ("/cop session schedule “Intro to R", "title", "Intro to R", "/cop session schedule "),
        ('/cop session schedule "Intro" ', "when", "", '/cop session schedule "Intro" '),
        ("/cop session schedule when:tue ", "title", "", "/cop session schedule when:tue "),
        ('/cop session schedule "Intro" tue 15:', "when", "15:", '/cop session schedule "Intro" tue '),
        ('/cop session schedule "Intro" community:', "community", "", '/cop session schedule "Intro" community:'),
        ("/cop session rsvp S12 m", "answer", "m", "/cop session rsvp S12 "),
        ("/help ", "topic", "", "/help "),
    ],
)  # fmt: skip
def test_the_parameter_at_the_cursor(typed, param, value, before):
    here = place(typed, CATALOGUE)
    assert here is not None
    assert (here.field["name"], here.typed, here.before) == (param, value, before)


@pytest.mark.parametrize(
    "typed", ["/", "/cop", "/cop ", "/cop join", "/cop nonsense x", "/cop join python more", "/session"]
)
def test_no_parameter_while_the_command_is_typed_or_nothing_more_fits(typed):
    assert place(typed, CATALOGUE) is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [("/", ""), ("/cop", ""), ("/cop list", "list"), ("/COP  list", "list"), ("/session list", "session list"),
     ("/copy that", "copy that"), ("/cop cop list", "cop list")],
)  # fmt: skip
def test_the_slash_and_the_cop_after_it_are_left_out(typed, said):
    assert bare(typed) == said
