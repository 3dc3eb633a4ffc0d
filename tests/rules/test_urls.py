"""One page has one address: what is brought together, what is kept apart, what is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import BadValue
from bot.rules import urls

SAME = [
    ("HTTPS://Example.ORG/Page", "https://example.org/Page"),
    ("https://example.org", "https://example.org"),
    ("https://example.org/", "https://example.org"),
    ("https://example.org/a/", "https://example.org/a"),
    ("https://example.org:443/a", "https://example.org/a"),
    ("http://example.org:80/a", "http://example.org/a"),
    ("https://example.org:8443/a", "https://example.org:8443/a"),
    ("example.org/x", "https://example.org/x"),
    ("example.org:8080/x", "https://example.org:8080/x"),
    ("//example.org/x", "https://example.org/x"),
    ("  <https://example.org/x|the label>  ", "https://example.org/x"),
    ("<https://example.org/x>", "https://example.org/x"),
    ("https://ana:secret@example.org/x", "https://example.org/x"),
    ("https://example.org/x#section", "https://example.org/x"),
    ("https://example.org/#!/x", "https://example.org#!/x"),
    ("https://app.example.org/#/page/3", "https://app.example.org#/page/3"),
    ("https://example.org/a/./b/../c", "https://example.org/a/c"),
    ("https://example.org/%7eana/%c3%a9t%C3%A9", "https://example.org/~ana/%C3%A9t%C3%A9"),
    ("https://example.org/été", "https://example.org/%C3%A9t%C3%A9"),
    ("https://example.org/100%", "https://example.org/100%25"),
    ("https://MÜNCHEN.de/x", "https://xn--mnchen-3ya.de/x"),
    ("https://xn--mnchen-3ya.de/x", "https://xn--mnchen-3ya.de/x"),
    ("https://faß.de", "https://xn--fa-hia.de"),
    ("https://example.org./x", "https://example.org/x"),
    ("https://[0:0:0:0:0:0:0:1]/x", "https://[::1]/x"),
    ("https://example.org/?", "https://example.org"),
]

QUERIES = [
    ("https://example.org/x?id=5", "https://example.org/x?id=5"),
    ("https://example.org/x?q=1", "https://example.org/x?q=1"),
    ("https://example.org/x?b=2&a=1", "https://example.org/x?b=2&a=1"),
    ("https://example.org/x?utm_source=n&id=5&UTM_Medium=m", "https://example.org/x?id=5"),
    ("https://example.org/x?fbclid=1&gclid=2&mc_cid=3&mc_eid=4&igshid=5&ref_src=6", "https://example.org/x"),
    ("https://example.org/x?pk=7&page=2", "https://example.org/x?pk=7&page=2"),
    ("https://youtu.be/abc?si=xyz&t=30", "https://youtu.be/abc?t=30"),
    ("https://www.youtube.com/watch?v=abc&si=xyz", "https://www.youtube.com/watch?v=abc"),
    ("https://example.org/x?si=kept", "https://example.org/x?si=kept"),
    ("https://notyoutube.com/x?si=kept", "https://notyoutube.com/x?si=kept"),
]


@pytest.mark.parametrize(("given_as", "kept"), SAME + QUERIES)
def test_an_address_has_one_form(given_as: str, kept: str) -> None:
    assert urls.canonical(given_as) == kept
    assert urls.canonical(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "hello",
        "/page",
        "https://",
        "https:///page",
        "https:example.org",
        "javascript:alert(1)",
        "JavaScript:alert(1)//example.org",
        "data:text/html,x",
        "file:///etc/passwd",
        "mailto:ana@example.org",
        "ftp://example.org/x",
        "https://good.example\\@evil.example/x",
        "https://exa mple.org",
        "https://example.org/a b",
        "https://example.org/a\nhttps://example.org/b",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://exa\u200bmple.org",
        "https://-example-.org",
        "https://a..b",
        "https://[::1",
        "https://" + "a" * 64 + ".org",
        "https://example.org/\ud800",
        "https://example.org/" + "a" * 2_000,
        "https://example.org/" + "é" * 500,
    ],
)
def test_what_is_no_web_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadValue) as refusal:
        urls.canonical(text)
    assert refusal.value.message.endswith(".")


def test_the_longest_address_is_kept() -> None:
    longest = "https://example.org/" + "a" * (urls.LIMIT - 20)
    assert urls.canonical(longest) == longest


# fmt: off
PIECES = st.sampled_from([
    "https", "http", ":", "//", "/", "?", "#", "&", "=", "%", "%2e", "%41", "..", ".", "@", "\\", "[", "]", "<",
    ">", "|", "!", " ", "example.org", "münchen.de", "::1", "utm_source", "id", "é", "\u200b", "\u2100", "Å", "İ", "0",
])
# fmt: on


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=60).map("https://example.org/{}".format))
@example("https://example.org/%252e%252e/a")
@example("https://example.org//a//../b//")
@example("https://example.org/a/.//")
def test_canonical_is_idempotent_and_refuses_only_with_bad_value(text: str) -> None:
    try:
        once = urls.canonical(text)
    except BadValue:
        return
    assert urls.canonical(once) == once
    assert once.isascii()
    assert once.startswith(("https://", "http://"))
    urls.title(once)


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_bad_value(text: str) -> None:
    try:
        assert urls.site(urls.canonical(text))
    except BadValue:
        return


def test_twins_differ_in_scheme_alone() -> None:
    assert urls.twins("https://example.org/x") == ("https://example.org/x", "http://example.org/x")
    assert urls.twins("http://example.org/x") == ("http://example.org/x", "https://example.org/x")
    assert urls.twins("http://example.org:8080") == ("http://example.org:8080",)


@pytest.mark.parametrize(
    ("url", "title"),
    [
        ("https://www.example.org", "example.org"),
        ("https://www.example.org/docs/intro-to_RAG.html", "example.org: intro to RAG"),
        ("https://example.org/%C3%A9t%C3%A9", "example.org: été"),
        ("https://example.org/%00%ff", "example.org: \ufffd"),
    ],
)
def test_a_page_without_a_title_is_called_by_its_address(url: str, title: str) -> None:
    assert urls.title(url) == title
