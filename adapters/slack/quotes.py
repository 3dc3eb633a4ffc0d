"""A message as Slack gives it back: its words, and the addresses in it."""

import re
from html import unescape
from typing import Any

from adapters.slack import text

_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")

Json = dict[str, Any]


def words(message: Json) -> str:
    """Return what the message says, as a person would have typed it."""
    return text.read(str(message.get("text") or ""))


def links(message: Json) -> tuple[str, ...]:
    """Return the web addresses in the message in order, each once."""
    found = [unescape(match) for match in _LINK.findall(str(message.get("text") or ""))]
    return tuple(dict.fromkeys(found))
