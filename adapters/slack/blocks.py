"""Cards as Slack messages: Block Kit blocks, a text that says the same, and files that go along."""

import base64
import binascii
import ipaddress
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from urllib.parse import unquote_to_bytes

from adapters.slack.text import SHORT, Json, host_of, inert, mrkdwn, piece, pieces, plain
from bot.text import shorten, showable
from bot.ui import cards
from bot.ui.calls import Call, split
from bot.ui.cards import Button, Buttons, Card, Facts, Image, Rule, Text
from bot.ui.spans import Bold, Line, Link

# docs.slack.dev, reference/block-kit, read in November 2026.
BLOCKS_LIMIT = 50
TITLE_LIMIT = 150
BUTTON_LIMIT = 75
ALT_LIMIT = 2_000
BLOCK_LIMIT = 3_000
"""Characters of one block of text."""
WEIGHT_LIMIT = 10_000
"""What the blocks of one message may weigh. Slack refuses more than about 13,200 characters and what holds them
(slackapi/bolt-js#2509); how it counts is not documented, so we stay well under it."""
PIECE_WEIGHT = 25
FALLBACK_LIMIT = 2_900

ADDRESSES = "addresses.txt"

_PRESSED = "call-"
_BIT = 300
_WEIGHING = ("text", "url", "fallback", "alt_text", "image_url")


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a message; `alt` says what a picture shows."""

    name: str
    media: str
    content: bytes
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What `chat.postMessage` takes, and the files to upload beside it."""

    text: str
    blocks: list[Json]
    files: tuple[File, ...] = ()


def render(card: Card) -> Message:
    """Return the card as a message within Slack's limits; nothing of it is lost.

    Addresses that make a message too heavy go along in a file of their own. Pictures that the card
    carries inside it are files, and so are its files.
    """
    drawn, addresses = _lightened(_every(card))
    return Message(fallback(card), _fewer(drawn, BLOCKS_LIMIT), (*_files(card), *addresses))


def blocks(card: Card, most: int) -> list[Json]:
    """Return the card as the blocks of a view, from one to `most` of them."""
    return _fewer(_every(card), most)


def _every(card: Card) -> list[Json]:
    found: list[Json] = []
    if card.title.strip():
        found.append({"type": "header", "text": plain(card.title, TITLE_LIMIT)})
    pressable = 0
    about = card.title
    for block in card.blocks:
        match block:
            case Text(spans):
                found += rich(list(pieces(spans)))
                about = _subject(spans) or about
            case Facts(pairs):
                found += rich(list(_facts(pairs)))
            case Image(url, alt) if _public(url):
                found.append(
                    {"type": "image", "image_url": url, "alt_text": showable(alt[:ALT_LIMIT]) or SHORT}
                )
                found += rich(list(piece(alt[ALT_LIMIT:])))
            case Image(url, alt):
                address = (Link(url, alt),) if host_of(url) else (alt,)
                found += rich(list(pieces(("Picture: ", *address))))
            case cards.File(name):
                found += rich(list(pieces(("File: ", name))))
            case Rule():
                found.append({"type": "divider"})
            case Buttons(row) if row:
                elements = [_button(button, pressable + n, about) for n, button in enumerate(row)]
                found.append({"type": "actions", "elements": elements})
                pressable += len(row)
            case Buttons():
                pass
    return found or rich(list(piece("Nothing to show.")))


def rich(elements: list[Json]) -> list[Json]:
    """Return rich text blocks that hold the elements, each block within the limit; none where there are no words."""
    if not any(_words(element).strip() for element in elements):
        return []
    held: list[list[Json]] = [[]]
    room = BLOCK_LIMIT
    for element in (part for whole in elements for part in _parts(whole)):
        if len(_words(element)) > room:
            held.append([])
            room = BLOCK_LIMIT
        held[-1].append(element)
        room -= len(_words(element))
    return [{"type": "rich_text", "elements": [_section(inside)]} for inside in held if inside]


def _section(elements: list[Json]) -> Json:
    return {"type": "rich_text_section", "elements": elements}


def _words(element: Json) -> str:
    return str(element["fallback"] if element["type"] == "date" else element["text"])


def _parts(element: Json) -> Iterator[Json]:
    """Yield a text element in pieces that fit a block."""
    words = _words(element)
    for start in range(0, len(words), BLOCK_LIMIT):
        yield element if len(words) <= BLOCK_LIMIT else element | {"text": words[start : start + BLOCK_LIMIT]}


def _facts(pairs: tuple[tuple[str, Line], ...]) -> Iterator[Json]:
    for number, (label, value) in enumerate(pairs):
        yield from piece("\n" if number else "")
        yield from piece(f"{label}: ", bold=True)
        yield from pieces(value)


def _subject(spans: Line) -> str:
    """Return what a paragraph is about, to tell buttons of one label apart: its first emphasised words."""
    return next((span.text for span in spans if isinstance(span, Bold | Link) and span.text.strip()), "")


def _button(button: Button, number: int, about: str) -> Json:
    made: Json = {
        "type": "button",
        "action_id": f"{_PRESSED}{number}",
        "text": plain(button.label, BUTTON_LIMIT),
        "value": button.call.payload(),
    }
    if button.style != "plain":
        made["style"] = button.style
    subject = " ".join(about.split())
    if subject and subject not in button.label:
        made["accessibility_label"] = shorten(showable(f"{button.label}: {subject}"), BUTTON_LIMIT)
    return made


def read_button(action: Json) -> Call | None:
    """Return the call that a pressed button carries; None for a button that carries none.

    Calls of buttons name their arguments, so the words before the first name are the path.
    """
    value = action.get("value")
    if action.get("type") != "button" or not isinstance(value, str):
        return None
    words = split(value)
    path = " ".join(word.text for word in takewhile(lambda w: not w.quoted, (w for n, w in words if not n)))
    args = {name: word.text for name, word in words if name}
    rest = tuple(word for name, word in words if not name)[len(path.split()) :]
    return Call(path, args, rest) if path else None


# The text of a message.


def fallback(card: Card) -> str:
    """Return what the card says as mrkdwn, for notifications and screen readers: never empty, below 3,000 characters.

    The blocks have everything, so a text that would be longer ends with "…".
    """
    said = ""
    for bit in _said(card):
        if len(said) + len(bit) > FALLBACK_LIMIT:
            return said.rstrip() + SHORT
        said += bit
    return said.strip() or _labels(card)[:FALLBACK_LIMIT].strip() or "Nothing to show."


def _labels(card: Card) -> str:
    return " · ".join(inert(button.label) for button in card.buttons())


def _said(card: Card) -> Iterator[str]:
    """Yield what the card says in bits that may be left out, none of them half a token."""
    yield from _bits((card.title, "\n"))
    for block in card.blocks:
        match block:
            case Text(spans):
                yield from _bits((*spans, "\n"))
            case Facts(pairs):
                for label, value in pairs:
                    yield from _bits((f"{label}: ", *value, "\n"))
            case Image(_, alt):
                yield from _bits((alt, "\n"))
            case cards.File(name):
                yield from _bits((name, "\n"))
            case Rule() | Buttons():
                pass


def _bits(line: Line) -> Iterator[str]:
    for span in line:
        if isinstance(span, str):
            yield from (inert(span[at : at + _BIT]) for at in range(0, len(span), _BIT))
        else:
            yield mrkdwn((span,))


# Limits.


def _weight(value: object) -> int:
    """Return how much is to be read and followed in blocks, with something for each thing that holds it."""
    match value:
        case list():
            return sum(map(_weight, value))
        case dict():
            own = sum(len(word) for name in _WEIGHING if isinstance(word := value.get(name), str))
            return PIECE_WEIGHT + own + sum(map(_weight, value.values()))
    return 0


def _lightened(drawn: list[Json]) -> tuple[list[Json], tuple[File, ...]]:
    """Return the blocks and, where they were too heavy, a file of the addresses that they link to no more."""
    heavy: list[str] = []
    # A card's own words never weigh too much, so only addresses can.
    followed = sum(len(e["url"]) for e in _elements(drawn) if e["type"] == "link")
    while followed > WEIGHT_LIMIT / 4 and _weight(drawn) > WEIGHT_LIMIT:
        longest = max((e["url"] for e in _elements(drawn) if e["type"] == "link"), key=len, default="")
        if not longest:
            break
        heavy.append(longest)
        for element in _elements(drawn):
            if element.get("url") == longest:
                label = host_of(longest) if element["text"] == longest else element["text"]
                element |= {"type": "text", "text": f"{label} [{len(heavy)}]"}
                del element["url"]
    if not heavy:
        return drawn, ()
    listed = "".join(f"[{number}] {url}\n" for number, url in enumerate(heavy, 1))
    said = f"The address of each number in brackets, to [{len(heavy)}], is in the file {ADDRESSES}."
    return [*drawn, *rich(list(piece(said)))], (File(ADDRESSES, "text/plain", listed.encode()),)


def _elements(drawn: list[Json]) -> Iterator[Json]:
    for block in drawn:
        if block["type"] == "rich_text":
            for section in block["elements"]:
                yield from section["elements"]


def _fewer(drawn: list[Json], most: int) -> list[Json]:
    """Return at most so many blocks: where there are more, texts are joined, lines between left out, pictures linked."""
    if len(drawn) <= most:
        return drawn
    kept: list[Json] = []
    for block in drawn:
        if block["type"] == "divider":
            continue
        if block["type"] == "image":
            (block,) = rich(list(pieces(("Picture: ", Link(block["image_url"], block["alt_text"])))))
        if kept and block["type"] == kept[-1]["type"] == "rich_text":
            gap = _section([{"type": "text", "text": "\n"}])
            kept[-1] = block | {"elements": [*kept[-1]["elements"], gap, *block["elements"]]}
        else:
            kept.append(block)
    return kept


# Files.


def _files(card: Card) -> Iterator[File]:
    pictures = 0
    for block in card.blocks:
        match block:
            case Image(url, alt) if url.lower().startswith("data:"):
                pictures += 1
                found = _carried(url, alt, pictures)
                if found is not None:
                    yield found
            case cards.File(name, media, content):
                yield File(name, media, showable(content).encode())


def _carried(url: str, alt: str, number: int) -> File | None:
    """Return the picture that a data: address carries (RFC 2397); None where it carries nothing readable."""
    head, comma, data = url[len("data:") :].partition(",")
    media, *parameters = head.split(";")
    try:
        content = base64.b64decode(data, validate=True) if "base64" in parameters else unquote_to_bytes(data)
    except (binascii.Error, ValueError):
        return None
    suffix = mimetypes.guess_extension(media) or ".bin"
    return File(f"picture-{number}{suffix}", media, content, alt) if comma else None


def _public(url: str) -> bool:
    """Return whether Slack could fetch a picture from there: it refuses the whole message when it cannot."""
    host = host_of(url)
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".test"))
