"""What a dialogue needs of a platform, so that one script reads the same on every one of them."""

from collections.abc import Mapping
from typing import Protocol

from bot.chat import MessageRef


class Speaker(Protocol):
    """Somebody who speaks to the bot through a platform, and what they see there.

    Each act returns when the bot has answered. Text is as the platform shows it: look for words in
    it, not for whole lines, and not for moments, which every platform draws in its own way.
    """

    @property
    def sees(self) -> str:
        """The last answer as text: a card, a form with its questions, or "" for silence."""

    @property
    def problems(self) -> Mapping[str, str]:
        """What the open form says is wrong, by field name."""

    @property
    def inbox(self) -> list[str]:
        """The direct messages from the bot, oldest first."""

    async def says(self, text: str, in_: str = "#general") -> None:
        """Type a command, without the slash and without `cop`."""

    async def writes(self, text: str, in_: str = "#general") -> MessageRef:
        """Write an ordinary message."""

    async def presses(self, label: str, in_: str = "") -> None:
        """Press the button of this label on the newest card in sight that has one."""

    async def fills(self, **values: str) -> None:
        """Submit the form last asked: what it already knows, with these values over it."""

    async def reacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        """React to a message, or to the newest of the channel."""

    async def unreacts(self, character: str, to: MessageRef | None = None, in_: str = "#general") -> None:
        """Take a reaction back."""

    async def completes(self, text: str, param: str, typed: str = "", in_: str = "#general") -> list[str]:
        """Return the values offered for a parameter."""

    async def again(self) -> None:
        """Have the platform deliver the last act a second time."""


class Place(Protocol):
    """A channel as everyone in it sees it."""

    @property
    def messages(self) -> list[str]:
        """Messages as text, oldest first; of a redrawn one, what it says now."""

    @property
    def newest(self) -> MessageRef:
        """The newest message that people may react to."""


class Platform(Protocol):
    """A platform that people can be met on."""

    def person(self, name: str, zone: str | None = None) -> Speaker:
        """Return somebody; the same name is the same account. `zone` is their profile's."""

    def channel(self, name: str) -> Place:
        """Return a channel, named with or without its #."""
