"""What Hearth asks of a Discord server, each with what needs it, and the address that invites the bot with exactly that."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

AUTHORIZE = "https://discord.com/oauth2/authorize"


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission: its name in Discord's settings, its bit, and the feature that needs it.

    Without an optional one everything but `lost` works.
    """

    name: str
    bit: int
    feature: str
    lost: str = ""

    @property
    def value(self) -> int:
        return 1 << self.bit

    @property
    def optional(self) -> bool:
        return bool(self.lost)


# The bits as https://discord.com/developers/docs/topics/permissions has them.
CREATE_EVENTS = Permission(
    "Create Events",
    44,
    "sessions in the server's own calendar: made, changed and removed with them",
    lost="sessions are announced, and not in the server's calendar",
)
PERMISSIONS: Sequence[Permission] = (
    Permission("View Channels", 10, "seeing the channels it is to post in, and reactions there"),
    Permission("Send Messages", 11, "announcements, digests and polls"),
    Permission("Send Messages in Threads", 38, "the same in a thread that is connected"),
    Permission("Embed Links", 14, "the cards that messages are drawn as"),
    Permission("Attach Files", 15, "calendar files, charts and exports"),
    Permission(
        "Read Message History",
        16,
        "reading a message that somebody saves by a reaction, and looking whether a message arrived after all",
    ),
    Permission("Add Reactions", 6, "confirming a reaction with one of its own"),
    CREATE_EVENTS,
)

SCOPES = (
    ("bot", "being in the server and writing there"),
    ("applications.commands", "the slash commands, and “Save to library” on a message"),
)

INTENTS = (
    ("guilds", "the servers and channels it is in: renamed, deleted, left"),
    ("guild_reactions", "answering a session, saving and endorsing by a reaction"),
    ("guild_scheduled_events", "whoever marks interest in a session in the server's calendar"),
)
"""What it asks the gateway for, none of it privileged: no messages, no presence, no list of members."""

MEMBERS = (
    "members",
    "whoever leaves the server gives their seat to the next at once, and a new name is taken over at once",
)
"""What it asks for besides where `discord.members` is on: a privileged intent, allowed in the Developer Portal."""


def wanted(*, native_events: bool) -> Iterator[Permission]:
    """Yield the permissions to ask for; those of calendar entries only where these are on."""
    return (p for p in PERMISSIONS if native_events or p is not CREATE_EVENTS)


def value(*, native_events: bool) -> int:
    """Return the permissions as one number, as invitations carry them."""
    return sum(permission.value for permission in wanted(native_events=native_events))


def url(application: str, *, native_events: bool) -> str:
    """Return the address at which somebody who manages a server lets the application's bot in."""
    asked = {
        "client_id": application,
        "scope": " ".join(name for name, _ in SCOPES),
        "permissions": str(value(native_events=native_events)),
        "integration_type": "0",  # into a server, not for one person
    }
    return f"{AUTHORIZE}?{urlencode(asked)}"


def application(token: str) -> str | None:
    """Return the id of the bot's application, which a token begins with, in base64; None where it does not."""
    first = token.partition(".")[0]
    try:
        found = base64.b64decode(first + "=" * (-len(first) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return found if found.isdigit() and len(found) <= 20 else None
