"""The border between the core and any chat platform: events in, answers out, and the adapter's port."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from bot.text import label
from bot.ui.calls import Call
from bot.ui.cards import Card
from bot.ui.forms import Form, Option


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the platform knows them. `zone` is the IANA zone of their profile, if it has one.

    Platforms let people call themselves anything, so the name is made fit to keep, and a zone that
    this machine does not know is none.
    """

    platform: str
    id: str
    name: str
    zone: str | None = None
    bot: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", label(self.name) or self.id)
        if self.zone is not None and not _known(self.zone):
            object.__setattr__(self, "zone", None)


@dataclass(frozen=True, slots=True)
class Address:
    """A place a message can go: a channel, or a person's direct messages when `person` is set.

    `workspace` is the Slack team or Discord server whose rate limits apply.
    """

    platform: str
    channel: str = ""
    workspace: str = ""
    person: str = ""
    name: str = ""

    @property
    def direct(self) -> bool:
        return bool(self.person)


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message on a platform: enough to read it, edit it or react to it."""

    at: Address
    id: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A message as read back: who wrote it, its words, the addresses in it, and its own permalink."""

    author: Actor
    text: str
    links: tuple[str, ...] = ()
    permalink: str = ""


@dataclass(frozen=True, slots=True)
class Called:
    """A command was typed, a button pressed or a form submitted.

    `delivery` identifies this delivery: the same one again has no further effect. `form` asks for
    the command's form, filled with what the call says, even where nothing is missing.
    """

    call: Call
    by: Actor
    at: Address
    on: MessageRef | None = None
    delivery: str = ""
    form: bool = False


@dataclass(frozen=True, slots=True)
class Reacted:
    """A reaction was added to or removed from a message. `emoji` is its short name ("bookmark").

    `found` is for one that was found standing there by a `Recount`: nobody knows since when, so it
    changes nothing that the person has answered meanwhile.
    """

    emoji: str
    added: bool
    on: MessageRef
    by: Actor
    delivery: str = ""
    found: bool = False


@dataclass(frozen=True, slots=True)
class Completing:
    """Someone is typing the value of `param`; `typed` is what stands there so far."""

    call: Call
    param: str
    typed: str
    by: Actor
    at: Address


Notice = Literal["arrived", "left", "profile", "renamed", "closed", "opened", "removed", "missed"]


@dataclass(frozen=True, slots=True)
class Noticed:
    """The platform tells of a change that nobody asked for.

    "arrived" and "left": `by` came into or left the channel, or with no channel the workspace.
    "profile": `by` is called otherwise or lives in another zone. "renamed", "closed" and "opened":
    the channel has another name, can no longer be posted to (`reason`), or can again. "removed": the
    bot is no longer in the workspace. "missed": for a while the platform's events of the workspace did
    not reach us; answered by a `Recount`. `since` is when it happened, where the platform says: notices may
    come late and in any order.
    """

    what: Notice
    at: Address
    by: Actor | None = None
    reason: str = ""
    delivery: str = ""
    since: datetime | None = None


Event = Called | Reacted | Completing | Noticed


@dataclass(frozen=True, slots=True)
class Reply:
    """Say this to the person alone, or to everyone in the channel."""

    card: Card
    private: bool = True


@dataclass(frozen=True, slots=True)
class Update:
    """Redraw the card whose button was pressed; where none was, say it privately."""

    card: Card


@dataclass(frozen=True, slots=True)
class Ask:
    """Open the form with the values already known and the problems beside their fields."""

    form: Form
    known: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggest:
    """Offer these completions."""

    options: Sequence[Option]


@dataclass(frozen=True, slots=True)
class Mark:
    """React to the message that was reacted to, as the bot's whole answer."""

    emoji: str


@dataclass(frozen=True, slots=True)
class Recount:
    """Look at these messages, and tell of the reactions that stand there as `found`.

    Where departures are told of at all, look also whether these accounts are still in the workspace, and
    tell of each that is not as "left".
    """

    messages: Sequence[MessageRef]
    people: Sequence[Actor] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """A reaction or a notice could not be dealt with and had no effect: delivered again, it may have."""


Answer = Reply | Update | Ask | Suggest | Mark | Recount | Failed | None
Handle = Callable[[Event], Awaitable[Answer]]


def _known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, LookupError):
        return False
    return True


class RetryLater(Exception):
    """The platform did not take the message and said when to come back.

    `everywhere` says that it takes nothing for this workspace until then, not only this message.
    """

    def __init__(self, seconds: float, *, everywhere: bool = False) -> None:
        super().__init__(f"retry in {seconds:g} s")
        self.seconds = seconds
        self.everywhere = everywhere


class Undeliverable(Exception):
    """The platform will never take this message; `reason` is for the operator and the facilitators.

    `place` says whether its place takes no message any more, or only this one is refused.
    """

    def __init__(self, reason: str, *, place: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


class Refused(Exception):
    """The platform does not accept our credentials; nothing goes there until an operator mends it."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A session as a platform's own calendar shows it. `key` is what people type for it ("S12.3")."""

    key: str
    title: str
    community: str
    starts_at: datetime
    ends_at: datetime
    place: str = ""
    description: str = ""


class Calendar(Protocol):
    """A platform's own calendar, one per workspace. Raises RetryLater, Undeliverable or Refused.

    Someone marking an entry as interesting is a Reacted with the emoji "interested", on a
    MessageRef of the workspace's address and the entry's id.
    """

    async def put(self, workspace: str, happening: Happening, entry: str) -> str:
        """Show it, changing `entry` where it is known; return the entry's id.

        Without a known entry, one of ours that carries the same key is taken over, so that a try
        whose answer was lost makes no second one.
        """

    async def take_down(self, workspace: str, entry: str) -> None:
        """Remove an entry; one that is gone already is well."""


class Adapter(Protocol):
    """One platform. Any other exception from `post` leaves it unknown whether the message arrived.

    Every method raises Refused when the platform does not accept our credentials.
    """

    name: str
    quarantine: float
    """Seconds after which a message that `find` does not see can no longer appear."""

    async def run(self, handle: Handle) -> None:
        """Translate the platform's events until cancelled; returns having closed its connections."""

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        """Post the card, marked with `key`. Raises RetryLater or Undeliverable."""

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        """Return the message that carries `key`, if it arrived after all."""

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Redraw a message in place. Raises RetryLater, or Undeliverable when it is gone."""

    async def read(self, message: MessageRef) -> Quote | None:
        """Return what the message says, or None when it cannot be read."""
