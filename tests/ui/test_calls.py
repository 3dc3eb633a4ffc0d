"""The grammar people type and buttons carry: words, quotes, names, and back."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.ui.calls import Call, Word, quote, split, written


def texts(typed: str) -> list[str]:
    return [word.text for _, word in split(typed)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("join python", ["join", "python"]),
        ('schedule "Intro to RAG" "tue 15:00"', ["schedule", "Intro to RAG", "tue 15:00"]),
        ("schedule 'Intro to RAG' 'tue 15:00'", ["schedule", "Intro to RAG", "tue 15:00"]),
        ("schedule “Intro to RAG” „tue 15:00“", ["schedule", "Intro to RAG", "tue 15:00"]),
        ("don't stop", ["don't", "stop"]),
        ("'tis here", ["'tis", "here"]),
        ("rock 'n' roll", ["rock", "n", "roll"]),
        ('say "it\'s \\"fine\\""', ["say", 'it\'s "fine"']),
        ('an "open quote', ["an", '"open', "quote"]),
        ("", []),
        ("   \t\n ", []),
    ],
)
def test_words_are_split_as_people_mean_them(typed: str, expected: list[str]) -> None:
    assert texts(typed) == expected


def test_a_name_and_its_quoted_value_stay_together() -> None:
    assert split('when:"tue 15:00" Title:x') == [("when", Word("tue 15:00", True)), ("Title", Word("x"))]


@pytest.mark.parametrize("typed", ["https://example.org/a:b", "15:00", "12:30pm"])
def test_addresses_and_times_are_no_names(typed: str) -> None:
    assert split(typed) == [("", Word(typed))]


@given(st.text())
def test_splitting_never_fails(typed: str) -> None:
    for name, word in split(typed):
        assert isinstance(word.text, str)
        assert " " not in name


@example("a “quoted” word, ” and “ alone")
@given(st.text(min_size=1))
def test_a_quoted_value_is_read_back_whole(value: str) -> None:
    found = split(f"name:{quote(value)}")
    assert found == [("name", Word(value, quoted=found[0][1].quoted))]


def test_a_button_carries_at_most_a_hundred_characters() -> None:
    call = Call("session rsvp", {"session": "S12", "answer": "yes"})
    assert call.payload() == "session rsvp session:S12 answer:yes" == written(call)
    with pytest.raises(ValueError, match="100 characters"):
        Call("resource find", {"query": "x" * 100}).payload()


@pytest.mark.parametrize("piece", ['"a ', "'a ", "«a ", 'name:"a ', '"a\\ ', "“a "])
def test_marks_that_are_never_closed_cost_no_more_than_letters(piece: str) -> None:
    began = time.process_time()
    found = split(piece * 40_000)
    assert len(found) == 40_000
    assert time.process_time() - began < 3  # where each mark was looked for to the end, hours
