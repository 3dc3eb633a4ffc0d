"""Spans as Discord's markdown: what people typed is dead and whole, what the card meant is alive."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.discord import text
from bot.ui.spans import Bold, Code, Line, Link, Mention, Moment, Span
from tests.adapters.discord.tokens import Token, read, seen, tokens
from tests.program.nasty import OURS, theirs

AT = datetime(2026, 3, 3, 15, tzinfo=UTC)
UNIX = 1772550000
# What Discord reads, in pieces that make tokens when they meet.
PIECES = (
    *"\\*_~|`[]()<>@#:!-+./&\n ",
    *("**", "```", "||", "~~", "://", "https", "http", "discord", ".gg/abc", ".com", "@everyone", "here"),
    *(
        "<@1>",
        "<@&1>",
        "<#1>",
        "</cop help:1>",
        "<t:0:R>",
        "<id:guide>",
        "<:a:1>",
        ":tada:",
        "-#",
        "1.",
        "# ",
    ),
    *(
        "> ",
        ">>> ",
        "- ",
        "* ",
        "a",
        "é",
        "5",
        "\u200b",
        "\ufeff",
        "\u2028",
        "\r\n",
        "\t",
        "[a](https://b.c)",
    ),
)
pieces = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
anything = st.one_of(pieces, st.text(max_size=40), st.sampled_from((*OURS, *theirs())))
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def undirected(words: str) -> str:
    """The words without the marks of direction, of which some are added to end what others began."""
    return DIRECTIONS.sub("", words)


@given(anything)
@example("1. one\n2) two\n# three\n-# four\n> five\n>>> six\n- seven\n* eight\n+ nine\n--- ten")
@example("https://discord.gg/abc discord.gg/abc discordapp.com/invite/abc steam://run <https://a.b>")
@example("¯\\_(ツ)_/¯ a\\")
def test_whatever_a_person_types_is_dead_and_whole(typed: str) -> None:
    escaped = text.escape(typed)
    assert read(escaped) == ([], typed)
    assert text.literal(escaped) == typed


@given(anything, st.integers(0, 200))
def test_it_stays_dead_where_it_is_cut(typed: str, cut: int) -> None:
    words = list(text.words(typed))
    before, after = "".join(words[:cut]), "".join(words[cut:])
    assert tokens(before) == tokens(after) == []
    assert seen(before) + seen(after) == typed


@given(anything, anything)
def test_it_stays_dead_among_what_is_alive(one: str, other: str) -> None:
    line = (one, Code("x"), other, Moment(AT), one, Bold("b"), other, Link("https://example.org/a", "c"), one)
    stamp = [Token("moment", str(UNIX))] * 2
    alive = [Token("code", "x"), *stamp, Token("bold", "b"), Token("link", "https://example.org/a")]
    found, shown = read(text.markdown(line))
    assert found == alive
    moment = f"<t:{UNIX}:F> (<t:{UNIX}:R>)"
    assert undirected(shown) == undirected(f"{one}x{other}{moment}{one}b{other}c{one}")


spans: st.SearchStrategy[Span] = st.one_of(
    anything,
    anything.map(Bold),
    anything.map(Code),
    st.builds(
        Link, st.sampled_from(("https://example.org/a(b)*_", "http://x", "javascript:alert(1)")), anything
    ),
    st.builds(Link, anything, anything),
    st.builds(Mention, st.just(1), anything, st.just({"discord": "1", "slack": "U1"})),
    st.just(Moment(AT)),
)


@given(st.lists(spans, max_size=6).map(tuple))
def test_nothing_is_alive_but_what_the_line_means(line: Line) -> None:
    """Bold, code and links may come out plain; nothing comes out that is not among the spans."""
    found, shown = read(text.markdown(line))
    assert {t.kind for t in found} <= {"bold", "code", "link", "address", "moment"}
    moments = sum(isinstance(span, Moment) for span in line)
    assert sum(t.kind == "moment" for t in found) == moments + bool(moments)
    targets = {text.site(t.value) for t in found if t.kind in ("link", "address")}
    assert targets <= {text.site(span.url) for span in line if isinstance(span, Link)}
    for span in line:
        if isinstance(span, str):
            assert undirected(span) in undirected(shown)
        elif isinstance(span, Bold):
            assert undirected(span.text) in undirected(shown)
        elif isinstance(span, Code):
            assert undirected(span.text.removeprefix("/cop")) in undirected(shown)
        elif isinstance(span, Mention):
            assert undirected(f"@{span.name}") in undirected(shown)


@given(st.lists(spans, max_size=6).map(tuple))
def test_no_atom_is_longer_than_it_says(line: Line) -> None:
    assert max(map(len, text.atoms(line)), default=0) <= text.ATOM_LIMIT


@pytest.mark.parametrize("char", ["a", "*", " ", "\\"])
def test_very_long_words_come_in_atoms_that_can_be_told_apart(char: str) -> None:
    atoms = list(text.atoms((char * 3_000,)))
    assert max(map(len, atoms)) <= text.ATOM_LIMIT
    assert "".join(map(seen, atoms)) == char * 3_000


def test_ordinary_prose_is_hardly_touched() -> None:
    prose = "Hello, @ana: we meet at 15:00 (room B-2), 50% of us & more! C# isn't hard; see #general."
    assert text.escape(prose) == prose.replace("15:00", "15\\:00").replace("C# ", "C\\# ")


def test_bold_code_and_neighbours() -> None:
    assert text.markdown((Bold("a"), Bold("*b"))) == "**a\\*b**"
    assert text.markdown((Bold("one\n\n two"), "x")) == "**one**\n\n **two**x"
    assert text.markdown((Bold(" "), Bold(""))) == " "
    assert text.markdown((Code("/cop join"), Code("*"))) == "`/cop join*`"
    assert text.markdown((Code("a`b"),)) == "a\\`b"


def test_commands_are_named_as_they_are_typed_in_discord() -> None:
    line = (
        "See ",
        Code("/cop session list"),
        " or ",
        Code("/cop help"),
        ", once in ",
        Code("/cop join"),
        ".",
    )
    assert seen(text.markdown(line)) == "See /session list or /help, once in /cop join."
    for other in ("/cop helpers", "a/cop help", "/cop", "/cop sessions"):
        assert text.markdown((Code(other),)) == f"`{other}`"
    assert text.markdown(("/cop help",)) == "/cop help", "somebody may have written it"


def test_a_list_is_not_made_of_two_texts() -> None:
    assert tokens(text.markdown(("1", ". x"))) == []
    assert tokens(text.markdown(("#", " x", "\n-", "# y", "@", Mention(1, "everyone")))) == []


def test_a_person_is_named_and_not_notified() -> None:
    ana = Mention(7, "ana_b", {"discord": "42", "slack": "U7"})
    assert text.markdown(("by ", ana)) == "by @ana\\_b"
    assert tokens(text.markdown((Mention(0, "everyone"), " ", Mention(0, "&1> <@&1>")))) == []


def test_a_moment_is_told_whole_and_once_how_far_away() -> None:
    later = Moment(AT.replace(hour=16))
    assert text.markdown((Moment(AT), " to ", later)) == f"<t:{UNIX}:F> (<t:{UNIX}:R>) to <t:{UNIX + 3600}:F>"


@pytest.mark.parametrize(
    ("url", "label", "shown"),
    [
        ("https://example.org/a", "The notes", "[The notes](<https://example.org/a>)"),
        ("https://example.org/a", "", "<https://example.org/a>"),
        ("https://example.org/a", "https://example.org/a", "<https://example.org/a>"),
        ("https://example.org/abc", "https://example.org/a…", "<https://example.org/abc>"),
        (
            "https://www.example.org/",
            "Example.org: *all*",
            "[Example.org: \\*all\\*](<https://www.example.org/>)",
        ),
        ("https://example.org/a(b) <c>\"'*`", "x", "[x](<https://example.org/a%28b%29%20%3Cc%3E%22'%2A%60>)"),
        ("https://evil.example/", "bank.com", "bank.com <https://evil.example/>"),
        ("https://evil.example/", "bank．com", "bank．com <https://evil.example/>"),
        ("https://evil.example/", "https://bank.com/", "https\\://bank.com/ <https://evil.example/>"),
        ("https://example.org/", "a [draft]", "a \\[draft] <https://example.org/>"),
        ("https://example.org/", "two\nlines", "two\nlines <https://example.org/>"),
        ("https://bank.com@evil.example/", "bank", "bank https\\://bank.com@evil.example/"),
        ("javascript:alert(1)", "x", "x javascript\\:alert(1)"),
        ("https://[::1", "x", "x https\\://\\[\\:\\:1"),
        ("", "x", "x"),
    ],
)
def test_a_link_shows_where_it_leads_unless_its_words_are_harmless(url: str, label: str, shown: str) -> None:
    assert text.markdown((Link(url, label),)) == shown


def test_an_address_too_long_for_a_link_is_written_out() -> None:
    url = "https://example.org/" + "a" * 3_000
    found, shown = read(text.markdown((Link(url, "x"),)))
    assert (found, shown) == ([], f"x {url}")


def test_what_turns_the_direction_turns_it_back() -> None:
    turned = text.markdown(("\u202eabc\nnext \u2066\u202b", Bold("ours")))
    assert turned == "\u202eabc\u202c\nnext \u2066\u202b\u202c\u2069**ours**"
    assert text.markdown((Link("https://example.org/", "\u202eabc"),)).endswith(
        "\u202c <https://example.org/>"
    )
