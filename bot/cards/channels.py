"""What facilitators and staff are told of places that cannot be reached any more."""

from collections.abc import Sequence

from bot.text import shorten
from bot.ui.cards import Card, note
from bot.ui.spans import Bold, Code

NAMED = 10
"""How many channels one message names before it says how many more there are."""


def paused(name: str, reason: str) -> Card:
    """What the facilitators are told of a channel that nothing is sent to any more."""
    return note(
        "I can no longer post in ",
        Bold(name),
        f": {reason}. Nothing is sent there until it is mended and connected again with ",
        Code("/cop connect"),
        ".",
    )


def lost(platform: str, names: Sequence[str]) -> Card:
    """What is told elsewhere once the bot was removed from a workspace of these channels."""
    listed = ", ".join(shorten(name, 40) for name in names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return note(
        f"I was removed from a workspace on {platform.capitalize()}, so nothing is sent any more to ",
        Bold(listed),
        f"{more}. Once I am installed there again, ",
        Code("/cop connect"),
        " in each channel sends to it again.",
    )


def no_events(community: str, reason: str) -> Card:
    """What the facilitators are told when sessions cannot be shown in a platform's own calendar."""
    return note(
        f"Sessions of {community} are not among the server's events: {reason}. "
        "Everything else works; hearth check tells whoever runs me what to change."
    )
