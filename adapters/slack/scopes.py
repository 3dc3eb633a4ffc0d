"""The scopes Hearth asks Slack for, each with what needs it: the manifest, the guide and `hearth check` follow this table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission: the feature that needs it, and the methods, events and surfaces that Slack gives for it.

    Without an optional one everything but `lost` works.
    """

    name: str
    feature: str
    methods: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    lost: str = ""

    @property
    def optional(self) -> bool:
        return bool(self.lost)


def _channel_events(sort: str) -> tuple[str, ...]:
    return tuple(f"{sort}_{change}" for change in ("archive", "deleted", "left", "rename", "unarchive"))


_MOVES = ("member_joined_channel", "member_left_channel")
_READS = ("conversations.history", "conversations.replies")
_LOST = "reactions save and endorse nothing, and after a fault of the network a message may be posted twice"

# Each as https://docs.slack.dev/reference/scopes has it.
BOT: Sequence[Scope] = (
    Scope(
        "commands",
        "the slash command, the shortcuts, and “Save to library” on a message",
        surfaces=("slash command", "shortcuts"),
    ),
    Scope(
        "chat:write",
        "announcements, digests, polls and answers, and keeping them current",
        methods=("chat.postMessage", "chat.postEphemeral", "chat.update", "chat.delete"),
    ),
    Scope(
        "im:write",
        "reminders, invitations and other news for one person, as a direct message",
        methods=("conversations.open",),
    ),
    Scope(
        "files:write",
        "calendar files, charts and exports",
        methods=("files.getUploadURLExternal", "files.completeUploadExternal"),
    ),
    Scope(
        "reactions:read",
        "answering a session, saving and endorsing by a reaction",
        methods=("reactions.get",),
        events=("reaction_added", "reaction_removed"),
    ),
    Scope("reactions:write", "confirming such a reaction with one of its own", methods=("reactions.add",)),
    Scope(
        "users:read",
        "people's names and time zones, and when they change",
        methods=("users.info",),
        events=("user_change",),
    ),
    Scope(
        "channels:read",
        "following public channels: renamed, archived, who comes and is welcomed",
        methods=("conversations.info",),
        events=(*_channel_events("channel"), *_MOVES),
    ),
    Scope(
        "groups:read",
        "the same for private channels the bot was invited to",
        methods=("conversations.info",),
        events=(*_channel_events("group"), *_MOVES),
    ),
    Scope(
        "channels:history",
        "reading a message in a public channel that somebody saves by a reaction; "
        "looking whether a message arrived after all",
        methods=_READS,
        lost=f"in public channels {_LOST}",
    ),
    Scope(
        "groups:history",
        "the same in private channels the bot was invited to",
        methods=_READS,
        lost=f"in private channels {_LOST}",
    ),
    Scope(
        "im:history",
        "looking whether a direct message of its own arrived after all",
        methods=("conversations.history",),
        lost="after a fault of the network a direct message may be posted twice",
    ),
)

APP = Scope(
    "connections:write",
    "receiving through Socket Mode, by the app-level token",
    methods=("apps.connections.open",),
)

FREE_METHODS = (
    "auth.test",
    "chat.getPermalink",
    "views.open",
    "views.update",
    "views.publish",
)
"""Methods that any bot may call."""

FREE_EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
"""Events that any app may hear."""


def needed() -> Iterator[Scope]:
    """Yield the bot scopes nothing works without."""
    return (scope for scope in BOT if not scope.optional)


def optional() -> Iterator[Scope]:
    """Yield the bot scopes that may be left out."""
    return (scope for scope in BOT if scope.optional)


def events() -> list[str]:
    """Return every event Hearth subscribes to, by name."""
    return sorted({*FREE_EVENTS, *(event for scope in BOT for event in scope.events)})


def methods() -> set[str]:
    """Return every method Hearth may call."""
    return {*FREE_METHODS, *APP.methods, *(method for scope in BOT for method in scope.methods)}
