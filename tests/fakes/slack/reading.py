"""What a person reads: messages and views as lines of text, with Slack's tokens and marks resolved."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import unescape
from zoneinfo import ZoneInfo

from tests.fakes.slack.ledger import Json

_TOKEN = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")
_DRAWN = "\u2060"
"""Word joiners are drawn as nothing."""


class Reader:
    """Somebody who reads: `names` are what people and channels are called by their ids, `zone` is theirs."""

    def __init__(self, names: Mapping[str, str], zone: str | None) -> None:
        self._names = names
        self._zone = ZoneInfo(zone) if zone else UTC

    def message(self, text: str, blocks: list[Json]) -> str:
        """Return a message: its blocks, or its text where there are none."""
        return self.blocks(blocks) if blocks else self._marked(text)

    def view(self, body: Json) -> str:
        """Return a view with its title and what its buttons say."""
        title = self._text(body["title"]) if body.get("title") else ""
        return "\n".join(part for part in (title, self.blocks(body["blocks"])) if part)

    def blocks(self, blocks: list[Json]) -> str:
        return "\n".join(line for block in blocks for line in self._block(block) if line)

    def _block(self, block: Json) -> Iterator[str]:
        match block["type"]:
            case "header":
                yield self._text(block["text"])
            case "section":
                if "text" in block:
                    yield self._text(block["text"])
                for field in block.get("fields", ()):
                    yield self._text(field).replace("\n", ": ", 1)
                if "accessory" in block:
                    yield self._element(block["accessory"])
            case "context":
                yield " ".join(self._element(e) for e in block["elements"])
            case "actions":
                yield "  ".join(self._element(e) for e in block["elements"])
            case "rich_text":
                for element in block["elements"]:
                    yield from self._rich(element)
            case "image":
                yield f"Picture: {block['alt_text']}"
            case "input":
                yield self._text(block["label"])
                if "hint" in block:
                    yield self._text(block["hint"])
            case "divider":
                yield "-" * 8
            case "markdown":
                yield str(block["text"])

    def _element(self, element: Json) -> str:
        match element["type"]:
            case "plain_text" | "mrkdwn":
                return self._text(element)
            case "button":
                return f"[{self._text(element['text'])}]"
            case "image":
                return str(element["alt_text"])
        options = element.get("options", ())
        return "  ".join(f"[{self._text(option['text'])}]" for option in options)

    def _rich(self, element: Json) -> Iterator[str]:
        if element["type"] == "rich_text_list":
            for item in element["elements"]:
                yield "• " + "".join(map(self._piece, item["elements"]))
        else:
            yield "".join(map(self._piece, element["elements"]))

    def _piece(self, piece: Json) -> str:
        match piece["type"]:
            case "text":
                mark = "`" if piece.get("style", {}).get("code") else ""
                return f"{mark}{piece['text']}{mark}"
            case "link":
                label, url = piece.get("text", ""), str(piece["url"])
                return url if label in ("", url) else f"{label} <{url}>"
            case "user":
                return f"@{self._names[piece['user_id']]}"
            case "channel":
                return f"#{self._names[piece['channel_id']]}"
            case "broadcast":
                return f"@{piece['range']}"
            case "emoji":
                return f":{piece['name']}:"
            case "date":
                return self._moment(int(piece["timestamp"]))
        raise ValueError(f"nobody can read a {piece['type']}")

    def _text(self, text: Json) -> str:
        written = str(text["text"])
        return unescape(written) if text["type"] == "plain_text" else self._marked(written)

    def _marked(self, text: str) -> str:
        return unescape(_TOKEN.sub(self._token, text).replace(_DRAWN, ""))

    def _token(self, token: re.Match[str]) -> str:
        target, label = token["target"], token["label"]
        match target[0]:
            case "@" | "#":
                return target[0] + (label or self._names[target[1:]])
            case "!":
                kind, *rest = target[1:].split("^")
                return self._moment(int(rest[0])) if kind == "date" else f"@{kind}"
        return target if label in (None, "", target) else f"{label} <{target}>"

    def _moment(self, timestamp: int) -> str:
        local = datetime.fromtimestamp(timestamp, self._zone)
        return f"{local:%A}, {local:%B} {local.day}, {local.year} at {local:%H:%M}"
