"""Marks by which one of our messages is found again: a nonce, and something in it that people do not see.

Discord makes a second message with the same nonce no second message, but only for some minutes, and does
not promise to tell nonces afterwards. So a message also carries its key's hash: as the number of its first
component where it has components, since Discord keeps the numbers it is given and shows them to nobody;
else as characters without width behind its last word.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import replace

import discord

from adapters.discord.cards import Message

NONCE_LIMIT = 25
_SIGNS = "\u2060\u2062\u2063\u2064"  # joiners and operators without width: two bits each
_LENGTH = 24  # signs: 48 bits; cards leave room for them
_FIRST = 2**30  # our numbers begin here, far above those that Discord gives by itself


def nonce(key: str) -> str:
    """Return the nonce of a letter's key: 25 characters, always the same."""
    return base64.b32encode(_hash(key)).decode()[:NONCE_LIMIT].lower()


def marked(message: Message, key: str) -> Message:
    """Return the message with the key's mark in it."""
    return _with(message, _number(key), _written(key))


def kept(message: Message, before: discord.Message) -> Message:
    """Return what `before` is redrawn as with the mark that `before` has, if it has one."""
    numbers = [n for n in _numbers(before.components) if n is not None and n >= _FIRST]
    end = before.content[-_LENGTH:]
    written = end if len(end) == _LENGTH and not end.strip(_SIGNS) else ""
    return _with(message, numbers[0] if numbers else None, written)


def carries(message: discord.Message, key: str) -> bool:
    """Return whether this message, one of ours, was sent under the key."""
    return (
        str(message.nonce or "") == nonce(key)
        or message.content.endswith(_written(key))
        or _number(key) in _numbers(message.components)
    )


def _with(message: Message, number: int | None, written: str) -> Message:
    if not message.components:
        return replace(message, content=message.content + written)
    first = {**message.components[0]} | ({"id": number} if number is not None else {})
    return replace(message, components=(first, *message.components[1:]))


def _numbers(components: Iterable[object]) -> set[int | None]:
    return {getattr(component, "id", None) for component in components}


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _number(key: str) -> int:
    return int.from_bytes(_hash(key)[:4]) % _FIRST + _FIRST


def _written(key: str) -> str:
    bits = int.from_bytes(_hash(key)[:6])
    return "".join(_SIGNS[bits >> shift & 3] for shift in range(0, 2 * _LENGTH, 2))
