"""Text from people, made safe to keep: one normal form, stated limits, nothing cut silently."""

import re
import unicodedata

from bot.errors import BadValue

NAME_LIMIT = 80
"""The longest name of a person or a channel, in characters."""

_KEPT_CONTROLS = "\n\t"
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def clean(text: str, *, limit: int, what: str) -> str:
    """Return `text` in Unicode NFC without control characters and outer white space.

    Raises BadValue naming `what` for NUL, lone surrogates, or more than `limit` characters.
    """
    if text.isascii() and text.isprintable():  # nothing to mend, as in most of what is typed
        return _within(text.strip(), limit, what)
    if "\x00" in text:
        raise BadValue(f"{what} contains a NUL character. Please remove it and send it again.")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise BadValue(f"{what} contains half a character. Please type it again.")
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(c for c in normal if c in _KEPT_CONTROLS or unicodedata.category(c) != "Cc").strip()
    return _within(kept, limit, what)


def _within(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise BadValue(f"{what} may have at most {limit:,} characters; this has {len(text):,}.")
    return text


def showable(text: str) -> str:
    """Return text that may have been refused so that it can be shown back: what is no text as �."""
    return _NO_TEXT.sub("\ufffd", text)


def label(text: str, limit: int = NAME_LIMIT) -> str:
    """Return text that a platform gives, such as a person's name, as it can be kept: on one line and cut.

    Nobody can be asked to mend it, so what `clean` would refuse is left out.
    """
    if text.isascii() and text.isprintable():
        return shorten(text, limit)
    normal = unicodedata.normalize("NFC", text)
    return shorten(
        "".join(c for c in normal if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs")), limit
    )


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, at most `limit` characters, marked with … where it was longer.

    For labels drawn from longer text that is kept whole elsewhere.
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
