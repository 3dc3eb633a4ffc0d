"""Cards as Discord messages: within every limit, nothing lost, nothing alive but what the card meant."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.discord import text
from adapters.discord.cards import EPHEMERAL, FILES_LIMIT, NOTHING, Message, read_button, render, was_v2
from bot.app import registry
from bot.ui import cards
from bot.ui.calls import Call
from bot.ui.cards import Block, Button, Buttons, Card, Facts, Image, Rule, Text, note
from bot.ui.spans import Bold, Code, Link, Mention, Moment
from tests.adapters.discord.test_text import anything, spans, undirected
from tests.adapters.discord.tokens import read
from tests.cards.test_sessions_and_resources import CARDS
from tests.fakes.discord import components, schema
from tests.fakes.discord.call import Upload
from tests.fakes.discord.payloads import check_message
from tests.program.nasty import OURS, packed, theirs

Json = dict[str, Any]
PARSE = registry().parse
AT = datetime(2026, 3, 3, 15, tzinfo=UTC)
GOING = Button("Going", Call("session rsvp", {"session": "S12", "answer": "yes"}), "primary")
CANNOT = Button("Can't", Call("session rsvp", {"session": "S12", "answer": "no"}), "danger")
OURS_TO_SAY = "Thereismore:itdidnotfithereandisintheattachedfile."
DOT = "data:image/png;base64,iVBORw0KGgo="
EVERYTHING = Card(
    "Intro to RAG & *friends*",
    (
        Text(("Hello ", Bold("*you*"), ", see ", Link("https://example.org/?a=1&b=2", "the notes"), ".")),
        Facts(
            (
                ("When", (Moment(AT, "Europe/London"),)),
                ("Who_", (Mention(7, "Ana", {"discord": "7"}), " too")),
            )
        ),
        Rule(),
        Text((Bold("Intro to RAG"), " (S12)\n", Code("/cop list"))),
        Image("https://example.org/chart.png", "A chart: 3 of 5"),
        Image(DOT, "Bars"),
        cards.File("my session.ics", "text/calendar", "BEGIN:VCALENDAR"),
        Buttons((GOING, CANNOT)),
    ),
)


SCHEMAS = (
    "MessageCreateRequest",
    "IncomingWebhookInteractionRequest",
    "MessageEditRequestPartial",
    "IncomingWebhookUpdateForInteractionCallbackRequestPartial",
)


def drawn(card: Card, *, v2: bool = False) -> Message:
    """The card, checked against every limit of Discord's, in each way it is sent."""
    message = render(card, v2=v2)
    files = tuple(Upload(n, file.name, file.content, "text/plain") for n, file in enumerate(message.files))
    for private in (False, True):
        body = json.loads(json.dumps(message.payload(private=private)))
        check_message(body, files)
        assert body["allowed_mentions"] == {"parse": []}
        assert bool(body["flags"] & EPHEMERAL) is private
    check_message(message.payload(edit=True), files, had={"content": "before", "embeds": [], "flags": 0})
    return message


def described(card: Card, *, v2: bool = False) -> Message:
    """The card, checked also against Discord's own description of its API, where that is present."""
    message = drawn(card, v2=v2)
    for name in SCHEMAS:
        body = json.loads(json.dumps(message.payload(private="Webhook" in name, edit="Partial" in name)))
        assert schema.object_problem(name, body) == ""
    return message


def texts(message: Message) -> list[str]:
    """The markdown of the message, part by part."""
    found = [message.content, *(embed.get("description", "") for embed in message.embeds)]
    return found + [
        c["content"] for c in components.walk(list(message.components)) if c["type"] == components.TEXT
    ]


def attached(message: Message) -> str:
    return "\n".join(
        file.content.decode("utf-8", "replace") for file in message.files if file.name == "rest.md"
    )


def squeezed(words: str) -> str:
    """The words without white space, which may change where a card is cut."""
    return "".join(undirected(words).split())


def shown(message: Message) -> str:
    """What is there to be read, without the line that points to the file."""
    return squeezed("".join(read(part)[1] for part in (*texts(message), attached(message)))).replace(
        OURS_TO_SAY, ""
    )


def test_everything_a_card_can_have() -> None:
    message = described(EVERYTHING)
    assert message.content == (
        "### Intro to RAG & \\*friends\\*\n\n"
        "Hello **\\*you\\***, see [the notes](<https://example.org/?a=1&b=2>).\n\n"
        "**When:** <t:1772550000:F> (<t:1772550000:R>)\n**Who\\_:** @Ana too\n\n"
        "**Intro to RAG** (S12)\n`/cop list`"
    )
    assert message.embeds == (
        {"image": {"url": "https://example.org/chart.png", "description": "A chart: 3 of 5"}},
    )
    assert [(file.name, file.alt) for file in message.files] == [
        ("picture.png", "Bars"),
        ("my_session.ics", ""),
    ]
    payload = message.payload()
    assert payload["attachments"] == [
        {"id": "0", "filename": "picture.png", "description": "Bars"},
        {"id": "1", "filename": "my_session.ics"},
    ]
    assert payload["flags"] == 0, "its own embed is not suppressed"
    (row,) = message.components
    assert [(b["style"], b["label"], b["custom_id"]) for b in row["components"]] == [
        (1, "Going", "session rsvp session:S12 answer:yes"),
        (4, "Can't", "session rsvp session:S12 answer:no"),
    ]


def test_a_row_stands_where_it_belongs_when_words_follow_it() -> None:
    again = Buttons((CANNOT,))
    digest = Card(
        "Digest", (Text(("One",)), Buttons((GOING,)), Text(("Two",)), again, Rule(), Image(DOT, "Bars"))
    )
    message = described(digest)
    assert message.v2
    assert [c["type"] for c in message.components] == [10, 1, 10, 1, 14, 12]
    assert message.components[0]["content"] == "### Digest\n\nOne"
    assert message.components[5]["items"] == [
        {"media": {"url": "attachment://picture.png"}, "description": "Bars"}
    ]
    assert was_v2(message.payload()["flags"])
    assert not message.content
    assert not message.embeds


def test_an_ordinary_card_can_be_told_to_stay_components() -> None:
    message = described(EVERYTHING, v2=True)
    assert [c["type"] for c in message.components] == [10, 14, 10, 12, 1, 13]
    assert message.payload(edit=True)["content"] is None
    gallery = message.components[3]["items"]
    assert [item["description"] for item in gallery] == ["A chart: 3 of 5", "Bars"]


def test_an_address_never_unfurls() -> None:
    assert drawn(note("x")).payload()["flags"] == 1 << 2
    assert drawn(note("x")).payload(edit=True)["attachments"] == []


def test_a_long_card_goes_on_in_embeds() -> None:
    words = " ".join(f"word{n}" for n in range(360))[:2_700]
    message = described(Card("Long", (Text((words,)), Text((words,)), Buttons((GOING,)))))
    assert not message.files
    assert [len(part) for part in texts(message)] > [0]
    assert len(message.embeds) == 1
    assert shown(message) == squeezed(f"Long{words}{words}")


@pytest.mark.parametrize("v2", [False, True])
def test_what_fits_nowhere_is_attached_whole(v2: bool) -> None:
    links = tuple(Link(f"https://example.org/{'a' * 1_400}{n}", f"[{n}]") for n in range(9))
    message = described(Card("Many", (Text(links), Buttons((GOING,)))), v2=v2)
    assert [file.name for file in message.files] == ["rest.md"]
    assert "attached file" in "".join(texts(message))
    for link in links:
        assert link.url in "".join((*texts(message), attached(message)))


@pytest.mark.parametrize("v2", [False, True])
def test_a_longest_card_of_the_worst_characters(v2: bool) -> None:
    card = Card("*" * 100, (Text(("*_" * 1_350,)), Text(("~ " * 1_300,)), Buttons((GOING,))))
    message = described(card, v2=v2)
    assert shown(message).startswith(squeezed(f"{'*' * 100}{'*_' * 1_350}"))


@settings(deadline=None)
@given(st.integers(1, 6_000), st.sampled_from(("a ", "* ", "**", "word ", "\n", "a")), st.booleans())
@example(2_000, "a", False)
@example(2_001, "a", False)
@example(4_000, "a", True)
@example(4_001, "a", True)
def test_no_length_is_over_or_cut(length: int, piece: str, v2: bool) -> None:
    words = (piece * length)[: min(length, 5_490)]
    message = drawn(Card(blocks=(Text((words[:2_900],)), Text((words[2_900:],)))), v2=v2)
    assert shown(message) == squeezed(words) or not words.strip()


def test_nothing_at_all_is_still_a_message() -> None:
    for card in (Card(), note(""), note(" \n"), Card(blocks=(Rule(),))):
        assert texts(described(card)) == [NOTHING]
    assert described(Card(), v2=True).components == ({"type": 10, "content": NOTHING},)


def test_buttons_with_the_same_call_are_told_apart_and_read_alike() -> None:
    call = Call("session show", {"session": "S1"})
    card = Card(blocks=tuple(Buttons(tuple(Button(f"{n}", call) for _ in range(5))) for n in range(5)))
    message = drawn(card)
    ids = [c["custom_id"] for c in components.walk(list(message.components)) if "custom_id" in c]
    assert len(set(ids)) == 25
    assert all(read_button(i, PARSE) == call for i in ids)


def test_a_full_payload_and_a_label_without_words() -> None:
    call = Call("session show", {"session": "S" * (100 - len("session show session:"))})
    message = described(Card(blocks=(Buttons((Button(" ", call), Button("x" * 75, call))),)))
    first, second = message.components[0]["components"]
    assert first["label"] == "session show"
    assert len(second["custom_id"]) == 100
    assert read_button(second["custom_id"], PARSE) == call


def test_only_buttons_of_cards_are_read() -> None:
    assert read_button("?1/2 session schedule", PARSE) is None
    assert read_button("", PARSE) is None


def test_pictures_that_cannot_be_shown_are_told_in_words() -> None:
    bad = Card(
        blocks=(
            Image("data:image/png;base64,???", "Broken"),
            Image("javascript:alert(1)", "Script"),
            Image("https://example.org/" + "a" * 3_000, "Far"),
            Image("", "None"),
            Image(DOT, "Long " * 300),
        )
    )
    message = described(bad)
    for word in ("Broken", "Script", "Far", "None", "Long " * 300):
        assert squeezed(word) in shown(message)
    assert not any("image" in embed for embed in message.embeds)
    assert len(message.files[0].alt) <= 1_024
    many = described(
        Card(blocks=tuple(Image(f"https://example.org/{n}.png", f"Picture {n}") for n in range(12)))
    )
    assert len(many.embeds) == 8
    assert "Picture 11" in many.content


def test_files_keep_names_that_discord_keeps() -> None:
    names = ("a b.ics", "a_b.ics", "../../etc/passwd", "é\u202e.csv", "", "x" * 300)
    files = tuple(cards.File(name, "text/plain", "") for name in names)
    message = described(Card(blocks=files), v2=True)
    kept = [file.name for file in message.files]
    assert kept[:3] == ["a_b.ics", "1-a_b.ics", "etc_passwd"]
    assert len(set(kept)) == len(kept)
    with pytest.raises(ValueError, match="at most 7 files"):
        render(Card(blocks=(cards.File("x", "text/plain", ""),) * (FILES_LIMIT + 1)))


def test_forty_components_are_never_passed() -> None:
    row = Buttons(tuple(Button(f"{n}", Call("session show", {"session": f"S{n}"})) for n in range(5)))
    parts: list[Block] = []
    for n in range(5):
        parts += [Text((f"Part {n}",)), row, Rule(), Image(f"https://example.org/{n}", f"{n}")]
    parts += [cards.File(f"{n}.csv", "text/csv", "x") for n in range(FILES_LIMIT)]
    message = described(Card("Full", (*parts, Text(("End",)))))
    assert message.v2
    assert shown(message) == "FullPart0Part1Part2Part3Part4End"
    assert len(message.files) == FILES_LIMIT


blocks = st.one_of(
    st.lists(spans, max_size=5).map(lambda line: Text(tuple(line))),
    st.lists(st.tuples(anything, st.lists(spans, max_size=2).map(tuple)), max_size=4).map(
        lambda p: Facts(tuple(p))
    ),
    st.builds(Image, st.sampled_from((DOT, "https://example.org/a.png", "x")), anything),
    st.just(Rule()),
    st.builds(lambda label: Buttons((Button(label[:75], GOING.call),)), anything),
    st.builds(cards.File, anything, st.just("text/plain"), anything),
)


@settings(deadline=None)
@given(anything.map(lambda t: t[:150]), st.lists(blocks, max_size=5), st.booleans())
def test_any_card_is_a_message_and_alive_only_where_it_means_it(
    title: str, parts: list[Block], v2: bool
) -> None:
    message = drawn(Card(title, tuple(parts)), v2=v2)
    found = [token for part in texts(message) for token in read(part)[0]]
    assert {t.kind for t in found} <= {"block", "bold", "code", "link", "address", "moment"}
    assert [t.value for t in found if t.kind == "block"] == (["###"] if title.strip() else [])
    assert squeezed(title) in shown(message)


@pytest.mark.parametrize("v2", [False, True])
def test_all_nasty_strings_in_every_place(v2: bool) -> None:
    for several in packed([*OURS, *theirs()], 60):
        card = Card(
            several[:150],
            (
                Text((several, Bold(several), Code(several), Link(several, several), Mention(1, several))),
                Facts(((several, (several,)),)),
                Image(several, several),
                Buttons((Button(several[:75], GOING.call),)),
            ),
        )
        message = drawn(card, v2=v2)
        found = [token for part in texts(message) for token in read(part)[0]]
        assert {t.kind for t in found} <= {"block", "bold", "code", "link", "address"}
        assert sum(t.kind == "block" for t in found) == bool(several.strip())
        assert all(text.site(t.value) for t in found if t.kind in ("link", "address"))


@pytest.mark.parametrize("name", CARDS)
def test_cards_of_the_house(name: str) -> None:
    message = described(CARDS[name])
    # Five addresses of two thousand characters each are more than any message holds.
    assert [file.name for file in message.files] == (["rest.md"] if name == "shelf" else [])
    described(CARDS[name], v2=True)
