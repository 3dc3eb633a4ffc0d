"""Marks by which one of our messages is found again: a nonce, and something in it that people do not see.

Discord makes a second message with the same nonce no second message, but only for some minutes, and does
not promise to tell nonces afterwards. So a message also carries 30 bits of its key's hash: as the number of
its first component where it has components, since Discord keeps the numbers it is given and shows them to
nobody; else as characters without width behind its last word.
"""

import base64
import hashlib
from dataclasses import replace

import discord

from adapters.discord.cards import Message

NONCE_LIMIT = 25
_SIGNS = "\u2060\u2062\u2063\u2064"  # joiners and operators without width: two bits each
_LENGTH = 15  # signs, for which cards leave room
_FIRST = 1 << 2 * _LENGTH  # our numbers begin here, far above those that Discord gives by itself


def nonce(key: str) -> str:
    """Return the nonce of a letter's key: 25 characters, always the same."""
    return base64.b32encode(_hash(key)).decode()[:NONCE_LIMIT].lower()


def marked(message: Message, key: str) -> Message:
    """Return the message with the key's mark in it."""
    return _with(message, _mark(key))


def kept(message: Message, before: discord.Message) -> Message:
    """Return what `before` is redrawn as, with the mark that `before` has, if it has one."""
    mark = _found(before)
    return message if mark is None else _with(message, mark)


def carries(message: discord.Message, key: str) -> bool:
    """Return whether this message, one of ours, was sent under the key."""
    return str(message.nonce or "") == nonce(key) or _found(message) == _mark(key)


def _with(message: Message, mark: int) -> Message:
    if not message.components:
        written = "".join(_SIGNS[mark >> 2 * place & 3] for place in range(_LENGTH))
        return replace(message, content=message.content + written)
    return replace(
        message, components=({**message.components[0], "id": _FIRST + mark}, *message.components[1:])
    )


def _found(message: discord.Message) -> int | None:
    """Return the mark of a message, None where it has none."""
    number: int | None = getattr(message.components[0], "id", None) if message.components else None
    if number is not None:
        return number - _FIRST if number >= _FIRST else None
    end = message.content[-_LENGTH:]
    if len(end) < _LENGTH or end.strip(_SIGNS):
        return None
    return sum(_SIGNS.index(sign) << 2 * place for place, sign in enumerate(end))


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _mark(key: str) -> int:
    return int.from_bytes(_hash(key)[:4]) % _FIRST
