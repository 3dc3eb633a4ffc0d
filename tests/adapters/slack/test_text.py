"""Slack text: nothing that people write is more than its characters, and what Slack made of typed text is undone."""

from datetime import UTC, datetime, timedelta, timezone
from html import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.slack.text import contained, escape, fit, host_of, mrkdwn, pieces, plain, read, written
from bot.ui.spans import Bold, Code, Link, Mention, Moment
from tests.adapters.slack.reading import Alive, alive, in_mrkdwn
from tests.program.nasty import NO_TEXT, OURS, theirs

AT = datetime(2026, 3, 3, 15, tzinfo=UTC)
MEANT = [
    "<!channel>",
    "<!here|here>",
    "<@U123>",
    "<#C123|general>",
    "<!subteam^S1>",
    "<!date^0^{date}|x>",
    "<https://evil.example|https://good.example>",
    "&lt;!channel&gt;",
    "@here @channel @everyone @ana #general",
    "*bold* _italic_ ~struck~ `code` ```block```",
    "(*bold*) *a* b*c* **x** *x*\n*y*",
    "> quote",
    "  > quote\n> two",
    ":tada: :+1: :skin-tone-2:",
    "https://example.org www.example.org example.org ana@example.org mailto:ana@example.org tel:+44",
    "slack://open ftp://x.y/z",
]
words = st.text(st.characters(codec="utf-8")) | st.text("<>&!@#*_~`:|^ab.\n") | st.sampled_from(MEANT)


def said(text: str) -> str:
    """The characters that are seen of mrkdwn without tokens: the joiner has no width."""
    return unescape(text).replace("\u2060", "")


@pytest.mark.parametrize("text", [*MEANT, *OURS])
def test_what_people_write_is_only_its_characters_in_mrkdwn(text: str) -> None:
    for span in (text, Bold(text), Code(text)):
        made = mrkdwn((span,))
        assert list(in_mrkdwn(made)) == []
        assert said(made) == text.replace("\u2060", "")


@settings(deadline=None)
@given(words)
def test_any_text_is_only_its_characters_in_mrkdwn(text: str) -> None:
    made = mrkdwn((text, Mention(1, text)))
    assert list(in_mrkdwn(made)) == []
    assert said(made) == f"{text}@{text}".replace("\u2060", "").replace("\0", "\ufffd")


def test_the_long_list_of_naughty_strings_in_mrkdwn() -> None:
    for text in theirs():
        assert list(in_mrkdwn(mrkdwn((text,)))) == [], text


def test_the_reader_of_these_tests_sees_what_is_alive() -> None:
    merely_escaped = [text for text in MEANT if not text.startswith(("<", "&"))]
    assert all(list(in_mrkdwn(escape(text))) for text in merely_escaped)
    assert list(in_mrkdwn("<!channel>")) == [Alive("token", "!channel")]


def test_mrkdwn_has_the_moments_and_links_of_its_maker() -> None:
    moment, link = Moment(AT, "Europe/Berlin"), Link("https://example.org/?a=1&b=2|3", "A & *B*")
    (token,) = in_mrkdwn(mrkdwn((moment,)))
    assert token == Alive(
        "token",
        f"!date^{int(AT.timestamp())}^{{date_long_pretty}} {{time}}|Tue 3 Mar 2026 16:00 Europe/Berlin",
    )
    (token,) = in_mrkdwn(mrkdwn((link,)))
    assert token.kind == "token"
    assert token.value.startswith("https://example.org/?a=1&amp;b=2%7C3|A &amp; ")
    assert said(mrkdwn((link,))).endswith(" (example.org)")


def test_pieces_are_literal_and_styled() -> None:
    line = ("a <b> & *c*", Bold("bold"), Code("code"), Mention(1, "Ana", {"slack": "U1"}), "")
    assert list(pieces(line)) == [
        {"type": "text", "text": "a <b> & *c*"},
        {"type": "text", "text": "bold", "style": {"bold": True}},
        {"type": "text", "text": "code", "style": {"code": True}},
        {"type": "text", "text": "@Ana"},
    ]


def test_a_mention_notifies_nobody() -> None:
    line = (Mention(1, "Ana", {"slack": "U1"}),)
    assert list(alive([{"type": "rich_text_section", "elements": list(pieces(line))}])) == []
    assert list(in_mrkdwn(mrkdwn(line))) == []


def test_a_moment_is_shown_in_the_zone_of_its_reader() -> None:
    assert list(pieces((Moment(AT, "Europe/London"),))) == [
        {
            "type": "date",
            "timestamp": int(AT.timestamp()),
            "format": "{date_long_pretty} {time}",
            "fallback": "Tue 3 Mar 2026 15:00 Europe/London",
        }
    ]


def test_a_moment_in_a_zone_that_is_none_is_said_in_utc() -> None:
    at = AT.astimezone(timezone(timedelta(hours=2)))
    assert written(Moment(at, "Nowhere/Land")) == "Tue 3 Mar 2026 15:00 UTC"
    assert (
        written(Moment(datetime(9999, 12, 31, 23, tzinfo=UTC), "Asia/Tokyo")) == "Fri 31 Dec 9999 23:00 UTC"
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.org/a?b=c#d", "example.org"),
        ("http://EXAMPLE.org:8080", "example.org"),
        ("https://good.example@evil.example/", "evil.example"),
        ("https://user:pass@evil.example/", "evil.example"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
        # Read differently by different readers, or no address at all.
        ("https://evil.example\\@good.example/", ""),
        ("https://exa mple.org", ""),
        ("https://example.org/\u202egro.elpmaxe", ""),
        ("https://example.org/\nx", ""),
        ("https://[broken", ""),
        ("https://", ""),
        ("https:///path", ""),
        ("https://" + "ü" * 70 + ".example", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("mailto:ana@example.org", ""),
        ("https://example.org/" + "a" * 3_000, ""),
        ("https://example.org/\ud800", ""),
    ],
)
def test_where_a_link_goes(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "label", ["good.example", "https://good.example", "good．example", "Intro", "*x*", "@here"]
)
def test_a_label_never_hides_the_host(label: str) -> None:
    link, rest = pieces((Link("https://evil.example/x", label),))
    assert link == {"type": "link", "url": "https://evil.example/x", "text": label}
    assert rest == {"type": "text", "text": " (evil.example)"}


@pytest.mark.parametrize("label", ["", "https://evil.example/x", " \n"])
def test_a_link_without_a_label_of_its_own_shows_its_address(label: str) -> None:
    assert list(pieces((Link("https://evil.example/x", label),))) == [
        {"type": "link", "url": "https://evil.example/x", "text": "https://evil.example/x"}
    ]


def test_what_is_no_address_is_shown_and_not_linked() -> None:
    assert list(pieces((Link("javascript:alert(1)", "Click"),))) == [
        {"type": "text", "text": "Click (javascript:alert(1))"}
    ]
    assert list(in_mrkdwn(mrkdwn((Link("javascript:alert(1)", "Click"),)))) == []


@settings(deadline=None)
@given(words, words)
def test_any_link_goes_where_it_says(url: str, label: str) -> None:
    line = (Link(f"https://{url}", label),)
    targets = [e["url"] for e in pieces(line) if e["type"] == "link"]
    assert targets == ([f"https://{url}"] if host_of(f"https://{url}") else [])
    assert len(list(in_mrkdwn(mrkdwn(line)))) == len(targets)


@pytest.mark.parametrize("text", NO_TEXT)
def test_what_is_no_text_is_replaced(text: str) -> None:
    made = f"{mrkdwn((text,))}{list(pieces((text,)))}{plain(text, 75)}"
    assert "\0" not in made
    made.encode()


def test_direction_ends_with_the_text_that_turned_it() -> None:
    assert contained("\u202eabc") == "\u202eabc\u202c"
    assert contained("\u2067a\u202eb\nc\u2069") == "\u2067a\u202eb\u202c\u2069\nc\u2069"
    assert contained("\u202eabc\u202c \u200fx") == "\u202eabc\u202c \u200fx"


def test_text_is_escaped_once() -> None:
    assert escape("<a> & &amp;") == "&lt;a&gt; &amp; &amp;amp;"
    assert plain("R&D <x> :tada:", 75) == {
        "type": "plain_text",
        "text": "R&amp;D &lt;x&gt; :tada:",
        "emoji": False,
    }


@settings(deadline=None)
@given(words, st.integers(1, 200))
@example("&" * 75, 75)
def test_plain_text_fits_and_says_when_it_was_longer(text: str, limit: int) -> None:
    made = fit(text, limit)
    line = " ".join(text.replace("\0", "\ufffd").split())
    assert 0 < len(made) <= limit
    if not made.endswith("…"):
        assert unescape(made).startswith(line)
    assert list(alive({"type": "plain_text", "text": made, "emoji": False})) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("rsvp S12 yes", "rsvp S12 yes"),
        ("promote <@U1|ana>", "promote @U1"),
        ("promote <@U1>", "promote @U1"),
        ("connect <#C1|general>", "connect #C1"),
        ("save <https://example.org/?a=1&amp;b=2>", "save https://example.org/?a=1&b=2"),
        ("save <http://example.org|example.org>", "save http://example.org"),
        ("by <mailto:ana@example.org|ana@example.org> or <tel:123|123>", "by ana@example.org or 123"),
        ("<!here> <!channel|channel> <!subteam^S1|@devs> <!everyone>", "@here channel @devs @everyone"),
        ("at <!date^1^{date}|3 March>", "at 3 March"),
        ("a &lt;b&gt; &amp;lt; &amp;", "a <b> &lt; &"),
        ("1 < 2 and 3 > 2 &copy; <b>", "1 < 2 and 3 > 2 &copy; <b>"),
        ("“curly” 'quoted' it's", "“curly” 'quoted' it's"),
        ("<> <|> <@> <https:> <!>", "<> <|> @ https: @"),
    ],
)
def test_what_slack_made_of_typed_text_is_undone(typed: str, meant: str) -> None:
    assert read(typed) == meant


@settings(deadline=None)
@given(words)
def test_typed_text_without_tokens_comes_back_whole(text: str) -> None:
    assert read(escape(text)) == text
