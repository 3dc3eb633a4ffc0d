"""What has been said where, newest last: how a platform without pictures finds a button by its label."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters import plain
from bot.chat import Actor, Address, MessageRef, Quote
from bot.ui.cards import Button, Card, Facts, Text, words
from bot.ui.spans import Link

KEPT = 1_000  # messages kept for buttons and reactions; older ones scroll away


@dataclass(slots=True)
class Entry:
    """One message. `only` is the id of the one person who sees it; `author` is None for the bot's own.

    `answer` tells what the bot said to a command from what it posted: nobody reacts to answers.
    """

    ref: MessageRef
    author: Actor | None = None
    text: str = ""
    card: Card | None = None
    only: str = ""
    answer: bool = False
    reactions: set[tuple[str, str]] = field(default_factory=set)  # (person's id, short name)

    def seen_by(self, person: str) -> bool:
        return self.only in ("", person)


class Scrollback:
    """The messages of one platform. `prefix` makes their ids differ from those of an earlier run."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._made = 0
        self._entries: list[Entry] = []

    def said(self, at: Address, author: Actor, text: str) -> Entry:
        """Keep what a person said."""
        return self._keep(Entry(self._ref(at), author, text))

    def shown(self, at: Address, card: Card, *, only: str = "", answer: bool = False) -> Entry:
        """Keep what the bot showed."""
        return self._keep(Entry(self._ref(at), card=card, only=only, answer=answer))

    def restored(self, ref: MessageRef, card: Card) -> Entry:
        """Keep a message of an earlier run that has come up again."""
        return self._keep(Entry(ref, card=card, only=ref.at.person))

    def _ref(self, at: Address) -> MessageRef:
        self._made += 1
        return MessageRef(at, f"{self._prefix}{self._made}")

    def _keep(self, entry: Entry) -> Entry:
        self._entries.append(entry)
        del self._entries[:-KEPT]
        return entry

    def entry(self, ref: MessageRef) -> Entry | None:
        # By id alone: an address that was stored in between may have lost its name.
        return next((e for e in self._newest_first() if e.ref.id == ref.id), None)

    def in_channel(self, channel: str) -> list[Entry]:
        """Return what everyone in the channel sees, oldest first."""
        return [e for e in self._entries if e.ref.at.channel == channel and not e.only]

    def _newest_first(self) -> Iterator[Entry]:
        return reversed(self._entries)

    def _cards(self, person: str, channel: str) -> Iterator[tuple[Entry, Card]]:
        for entry in self._newest_first():
            here = not channel or entry.ref.at.channel == channel
            if here and entry.seen_by(person) and entry.card is not None and any(entry.card.buttons()):
                yield entry, entry.card

    def button(self, person: str, label: str, channel: str = "") -> tuple[Entry, Button] | None:
        """Return the button with this label on the newest card that the person sees and that has one.

        A number counts on the newest card with buttons only. `channel` narrows it to one channel.
        """
        for place, (entry, card) in enumerate(self._cards(person, channel)):
            found = plain.press(card, label, by_number=place == 0)
            if found is not None:
                return entry, found
        return None

    def labels(self, person: str, channel: str = "") -> list[str]:
        """Return the labels on the newest card with buttons that the person sees."""
        return next(([b.label for b in card.buttons()] for _, card in self._cards(person, channel)), [])

    def reactable(self, channel: str) -> Iterator[Entry]:
        """Return what people may react to in the channel, newest first."""
        return (e for e in self._newest_first() if e.ref.at.channel == channel and not (e.only or e.answer))


_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


def quote(entry: Entry, bot: Actor) -> Quote:
    """Return the message as it reads, with the addresses in it."""
    text = words(entry.card) if entry.card is not None else entry.text
    links = [*(_card_links(entry.card) if entry.card else ()), *map(_trimmed, _ADDRESS.findall(text))]
    return Quote(entry.author or bot, text, tuple(links))


def _card_links(card: Card) -> Iterator[str]:
    for block in card.blocks:
        match block:
            case Text(spans):
                lines = [spans]
            case Facts(pairs):
                lines = [value for _, value in pairs]
            case _:
                lines = []
        yield from (span.url for spans in lines for span in spans if isinstance(span, Link))


def _trimmed(address: str) -> str:
    """Return an address without the punctuation of the sentence around it."""
    bare = address.rstrip(".,;:!?'")
    return bare if "(" in bare else bare.rstrip(")]}.,;:!?'")
