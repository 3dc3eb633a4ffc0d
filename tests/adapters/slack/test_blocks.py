"""Cards as Slack messages: within every limit, nothing lost, nothing alive but what the card meant."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.slack.blocks import ADDRESSES, File, Message, read_button, render
from bot.ui import cards
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, Image, Rule, Text, note
from bot.ui.spans import Bold, Code, Link, Mention, Moment, Span
from tests.adapters.slack.reading import Alive, alive, in_mrkdwn, modelled, words
from tests.cards.test_sessions_and_resources import CARDS
from tests.fakes.slack import limits
from tests.program.nasty import OURS, packed, theirs

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 3, 3, 15, tzinfo=UTC)
GOING = Button("Going", Call("session rsvp", {"session": "S12", "answer": "yes"}), "primary")
EVERYTHING = Card(
    "Intro to RAG & <friends>",
    (
        Text(("Hello ", Bold("*you*"), ", see ", Link("https://example.org/?a=1&b=2", "the notes"), ".")),
        Facts(
            (
                ("When", (Moment(AT, "Europe/London"),)),
                ("Who", (Mention(7, "Ana", {"slack": "U7"}), " and more")),
            )
        ),
        Rule(),
        Text((Bold("Intro to RAG"), " (S12)\n", Code("/cop list"))),
        Buttons((GOING, Button("Can't", Call("session rsvp", {"session": "S12", "answer": "no"}), "danger"))),
        Image("https://example.org/chart.png", "A chart: 3 of 5"),
        Image("data:image/png;base64,iVBORw0KGgo=", "Bars"),
        cards.File("session.ics", "text/calendar", "BEGIN:VCALENDAR"),
    ),
)


def drawn(card: Card) -> Message:
    """The card, checked against every limit and model of Slack's."""
    message = render(card)
    payload = {"text": message.text, "blocks": message.blocks}
    limits.check_message(json.loads(json.dumps(payload)))
    modelled(payload)
    assert len(message.text) < 3_000
    return message


def meant(card: Card) -> list[str]:
    """What the card has that is more than characters, in order."""
    spans: list[Span] = []
    for block in card.blocks:
        match block:
            case Text(line):
                spans += line
            case Facts(pairs):
                spans += [span for _, value in pairs for span in value]
    return [
        span.url if isinstance(span, Link) else str(int(span.at.timestamp()))
        for span in spans
        if isinstance(span, Link | Moment)
    ]


def test_a_card_of_everything_looks_like_this() -> None:
    message = drawn(EVERYTHING)
    golden = json.loads((GOLDEN / "card.json").read_text("utf-8"))
    assert {"text": message.text, "blocks": message.blocks} == golden


def test_files_and_carried_pictures_go_along() -> None:
    assert drawn(EVERYTHING).files == (
        File("picture-1.png", "image/png", b"\x89PNG\r\n\x1a\n", "Bars"),
        File("session.ics", "text/calendar", b"BEGIN:VCALENDAR"),
    )


@pytest.mark.parametrize("url", ["data:image/png;base64,%%%", "data:nothing", "data:image/png;base64,€"])
def test_a_carried_picture_that_cannot_be_read_is_still_described(url: str) -> None:
    message = drawn(Card(blocks=(Image(url, "Bars"),)))
    assert words(message.blocks) == "Picture: Bars"
    assert message.files == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/x.png",
        "http://127.0.0.1/x.png",
        "http://10.0.0.7/x.png",
        "http://chat.local/x.png",
    ],
)
def test_a_picture_that_slack_could_not_fetch_is_linked(url: str) -> None:
    (block,) = drawn(Card(blocks=(Image(url, "A chart"),))).blocks
    assert block["type"] == "rich_text"
    assert list(alive(block)) == [Alive("link", url)]


@pytest.mark.parametrize(
    "card", [Card(), Card("  "), Card(blocks=(Text(()), Text(("\n ",)), Facts(()), Buttons(())))]
)
def test_a_card_of_nothing_says_so(card: Card) -> None:
    message = drawn(card)
    assert (message.text, words(message.blocks)) == ("Nothing to show.", "Nothing to show.")


def test_a_card_of_buttons_alone_is_called_by_their_labels() -> None:
    assert drawn(Card(blocks=(Buttons((GOING,)),))).text == "Going"


def test_a_button_gives_its_call_back() -> None:
    call = Call("session rsvp", {"session": "S12", "answer": 'a & "b" \\ c'})
    (block,) = drawn(Card(blocks=(Buttons((Button("Go", call),)),))).blocks
    assert read_button(block["elements"][0]) == call


@pytest.mark.parametrize(
    "action",
    [{}, {"type": "button"}, {"type": "button", "value": ""}, {"type": "static_select", "value": "x"}],
)
def test_what_is_no_button_of_ours_carries_no_call(action: dict[str, str]) -> None:
    assert read_button(action) is None


def test_buttons_of_one_label_are_told_apart_for_screen_readers() -> None:
    row = Buttons((GOING,))
    card = Card(
        "Next up", (row, Text((Bold("Intro"),)), row, Text(("no more",)), row, Text((Bold("Going"),)), row)
    )
    labels = [
        b["elements"][0].get("accessibility_label") for b in drawn(card).blocks if b["type"] == "actions"
    ]
    assert labels == ["Going: Next up", "Going: Intro", "Going: Intro", None]


def test_the_longest_label_is_shortened_in_sight() -> None:
    (block,) = drawn(Card(blocks=(Buttons((Button("&" * 75, Call("help")),)),))).blocks
    assert block["elements"][0]["text"]["text"] == "&amp;" * 14 + "…"


def test_the_longest_text_is_whole() -> None:
    text = ("& <b> *c* " * 300)[:3_000]
    message = drawn(Card("&" * 150, (Text((text,)), Text((Bold("x" * 2_345),)))))
    assert text in words(message.blocks)
    assert "x" * 2_345 in words(message.blocks)


def test_a_paragraph_over_a_blocks_limit_is_several_blocks() -> None:
    line = tuple(Link(f"https://example-{n}.org/", "label " * 10) for n in range(45))
    message = drawn(Card(blocks=(Text(line),)))
    assert [b["type"] for b in message.blocks] == ["rich_text", "rich_text"]
    assert [found.value for found in alive(message.blocks)] == [link.url for link in line]


def test_long_addresses_go_in_a_file_and_keep_their_host_and_number() -> None:
    urls = [f"https://example-{n}.org/{'u' * 1_900}" for n in range(10)]
    message = drawn(Card("Digest", (Text(tuple(Link(url, f"Resource {n}") for n, url in enumerate(urls))),)))
    linked = [found.value for found in alive(message.blocks)]
    (file,) = message.files
    listed = dict(line.split(" ", 1) for line in file.content.decode().splitlines())
    assert file.name == ADDRESSES
    assert sorted([*linked, *listed.values()]) == urls
    seen = words(message.blocks)
    for number, url in listed.items():
        at = urls.index(url)
        assert f"Resource {at} {number} (example-{at}.org)" in seen
    assert f"in the file {ADDRESSES}" in seen
    assert len(linked) >= 4, "no more than necessary"


def test_more_blocks_than_slack_takes_are_joined() -> None:
    between: list[cards.Block] = [Text(("A line.",)), Rule()]
    message = drawn(
        Card(
            blocks=(
                *between * 100,
                Buttons((GOING,)),
                *[Image("https://example.org/x.png", "A picture")] * 60,
            )
        )
    )
    assert words(message.blocks).count("A line.") == 100
    assert words(message.blocks).count("A picture") == 60


def test_the_text_is_short_and_whole_words_of_ours() -> None:
    card = Card("T", (Text(("a" * 2_850, Link("https://example.org/", "b" * 100), "end")),))
    text = drawn(card).text
    assert text.endswith("a…"), "a link is left out whole"
    assert list(in_mrkdwn(text)) == []


@pytest.mark.parametrize("name", sorted(CARDS))
def test_the_largest_cards_there_are(name: str) -> None:
    message = drawn(CARDS[name])
    listed = [f.content.decode() for f in message.files if f.name == ADDRESSES]
    linked = [found.value for found in alive(message.blocks)]
    assert set(linked) == {one for one in meant(CARDS[name]) if one not in "".join(listed)}


def nasty() -> list[str]:
    return list(packed([*OURS, *theirs()], 1_000))


@pytest.mark.parametrize("text", nasty())
def test_nasty_strings_are_literal_everywhere(text: str) -> None:
    label = text[:70].strip() or "x"
    card = Card(
        text[:150],
        (
            Text((text, Bold(text[:300]), Code(text[:300]), Mention(1, text[:80]))),
            Facts(((text[:75], (text,)),)),
            Image("https://example.org/x.png", text),
            cards.File(text[:80], "text/plain", text),
            Buttons((Button(label, Call("help", {"topic": "x"})),)),
        ),
    )
    message = drawn(card)
    assert list(alive(message.blocks)) == []
    assert list(in_mrkdwn(message.text)) == []
    seen = words(message.blocks)
    assert all(line in seen for line in text.split("\n"))


literal = st.text(st.characters(codec="utf-8"), max_size=60) | st.text("<>&!@#*_~`:|^.\n a", max_size=60)
calls = st.builds(
    Call,
    st.sampled_from(["help", "session rsvp"]),
    st.dictionaries(
        st.sampled_from(["a", "note"]),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    ),
)
spans = (
    literal
    | st.builds(Bold, literal)
    | st.builds(Code, literal)
    | st.builds(Link, st.builds("https://example.org/{}".format, literal) | literal, literal)
    | st.builds(Mention, st.integers(0, 9), literal)
    | st.builds(
        Moment, st.datetimes(timezones=st.just(UTC)), st.sampled_from(["UTC", "Asia/Tokyo", "nowhere"])
    )
)
lines = st.lists(spans, max_size=6).map(tuple)
card_blocks = (
    st.builds(Text, lines)
    | st.builds(Facts, st.lists(st.tuples(literal, lines), max_size=4).map(tuple))
    | st.builds(Image, st.sampled_from(["https://example.org/x.png", "data:image/png,x"]) | literal, literal)
    | st.builds(cards.File, literal, st.just("text/plain"), literal)
    | st.just(Rule())
)
rows = st.builds(
    Buttons,
    st.lists(
        st.builds(Button, literal, calls, st.sampled_from(["plain", "primary", "danger"])), max_size=5
    ).map(tuple),
)
some_cards = st.builds(
    lambda title, body, row: Card(title, (*body, row)), literal, st.lists(card_blocks, max_size=8), rows
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(some_cards)
@example(note("<!channel>"))
def test_any_card_is_a_message_slack_takes(card: Card) -> None:
    message = drawn(card)
    list(in_mrkdwn(message.text))
    pictures = {block.url for block in card.blocks if isinstance(block, Image)}
    for found in alive(message.blocks):
        assert found.kind in ("link", "date")
        assert found.value in {*meant(card), *pictures}
    buttons = [e for block in message.blocks if block["type"] == "actions" for e in block["elements"]]
    assert [read_button(button) for button in buttons] == [button.call for button in card.buttons()]
