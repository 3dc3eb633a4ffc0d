"""What a platform in memory did, and what can be made to go wrong with it: the oracle of tests."""

import asyncio
from dataclasses import dataclass

from bot.chat import Address, Ask, MessageRef
from bot.ui.cards import Card

# What the ledger records, in the order in which it happened.


@dataclass(frozen=True, slots=True)
class Posted:
    to: Address
    card: Card
    key: str
    ref: MessageRef


@dataclass(frozen=True, slots=True)
class Edited:
    ref: MessageRef
    card: Card


@dataclass(frozen=True, slots=True)
class Replied:
    """An answer to `person`, in private or to everyone at `at`."""

    person: str
    at: Address
    card: Card
    private: bool


@dataclass(frozen=True, slots=True)
class Asked:
    person: str
    asked: Ask


@dataclass(frozen=True, slots=True)
class Marked:
    ref: MessageRef
    emoji: str


Effect = Posted | Edited | Replied | Asked | Marked

# What can go wrong with one call to the platform.


@dataclass(frozen=True, slots=True)
class Refused:
    """The call raises and has no effect."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Lost:
    """The call has its effect and raises: the reply got lost."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Late:
    """The call raises, and has its effect when `Memory.arrive` is called."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Held:
    """The call waits, without effect, until the gate is set."""

    gate: asyncio.Event


Fault = Refused | Lost | Late | Held
