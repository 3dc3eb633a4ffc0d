"""What a person sees of a Slack payload, and what in it is alive: read as Slack reads it, not as we wrote it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alive:
    """Something that is more than its characters: a link, a moment, a mention, an emoji, a format."""

    kind: str
    value: str


def modelled(payload: Json) -> None:
    """Check the payload by slack_sdk's own models, which must make the same of it. Raises AssertionError."""
    if payload.get("type") in ("modal", "home"):
        assert View(**payload).to_dict() == payload
    else:
        assert [block.to_dict() for block in Block.parse_all(payload["blocks"])] == payload["blocks"]


def words(value: Any) -> str:
    """Return what is to be read, block by block on lines of their own, moments as their fallback."""
    return "\n".join(_block_words(block) for block in value)


def _block_words(block: Json) -> str:
    match block["type"]:
        case "rich_text":
            return "\n".join("".join(_piece_words(p) for p in part["elements"]) for part in block["elements"])
        case "actions":
            return "\n".join(_text(e["text"]) for e in block["elements"])
        case "context":
            return "\n".join(_text(e) for e in block["elements"])
        case "image":
            return str(block["alt_text"])
        case "divider":
            return ""
        case "input":
            inside = block["element"].get("initial_value", "")
            options = [_text(o["text"]) for o in block["element"].get("options", [])]
            return "\n".join([_text(block["label"]), *options, inside, _text(block.get("hint", {}))])
    return _text(block["text"])


def _piece_words(piece: Json) -> str:
    return str(piece["fallback"] if piece["type"] == "date" else piece["text"])


def _text(thing: Json) -> str:
    """Return the words of a text object, its entities decoded once, as Slack does."""
    return unescape(str(thing.get("text", "")).replace("\u2060", ""))


def alive(value: Any) -> Iterator[Alive]:
    """Yield all that Slack would make something of, anywhere in a payload."""
    match value:
        case list():
            for each in value:
                yield from alive(each)
        case {"type": "mrkdwn", "text": str(text)}:
            yield from in_mrkdwn(text)
        case {"type": "plain_text", "text": str(text)}:
            yield from _in_plain(text, emoji=value.get("emoji", True))
        case {"type": "rich_text_section", "elements": list(elements)}:
            yield from (_element(e) for e in elements if e["type"] != "text")
        case dict():
            for each in value.values():
                yield from alive(each)


def _element(element: Json) -> Alive:
    name = {"link": "url", "date": "timestamp", "user": "user_id", "broadcast": "range", "emoji": "name"}
    return Alive(element["type"], str(element[name.get(element["type"], "type")]))


_TOKEN = re.compile(r"<([^<>]*)>")
_ENTITY = re.compile(r"&(?!(amp|lt|gt);)")
_EMOJI = re.compile(r":[\w+'-]+:")
# A mark counts at the edge of a word: nothing that holds words together may stand before the first and
# behind the last of a pair, and no space inside.
_FORMATS = {
    c: re.compile(rf"(?<![\w\u2060]){re.escape(c)}(?![\s\u2060]).*?(?<!\s){re.escape(c)}(?![\w\u2060])")
    for c in "*_~`"
}
_ELSE = {
    "emoji": _EMOJI,
    "mention": re.compile(r"(?<!\w)@\w+"),
    "channel": re.compile(r"(?<!\w)#\w+"),
    "address": re.compile(r"\w+://\w|\bmailto:\w|\w\.\w"),
    "quote": re.compile(r"^\s*>", re.MULTILINE),
}


def in_mrkdwn(text: str) -> Iterator[Alive]:
    """Yield what is alive in mrkdwn: tokens in brackets, and whatever the rest of it formats or links."""
    for token in _TOKEN.finditer(text):
        yield Alive("token", token[1])
    rest = _TOKEN.sub("\u2060", text)
    assert not set("<>") & set(rest), rest
    assert not _ENTITY.search(rest), rest
    plain = unescape(rest)
    for kind, pattern in [*_FORMATS.items(), *_ELSE.items()]:
        yield from (Alive(kind, found[0]) for found in pattern.finditer(plain))


def _in_plain(text: str, *, emoji: bool) -> Iterator[Alive]:
    assert not set("<>") & set(text), text
    assert not _ENTITY.search(text), text
    if emoji:
        yield from (Alive("emoji", found[0]) for found in _EMOJI.finditer(text))
