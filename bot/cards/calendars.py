"""Cards about calendars: the addresses to subscribe to."""

from collections.abc import Sequence
from datetime import datetime

from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, Text
from bot.ui.spans import Code, Line, Moment


def addresses(feeds: Sequence[tuple[str, str | datetime]], slug: str, zone: str) -> Card:
    """Return the addresses by what they are of: one that was just made, or when it was."""
    fresh = any(isinstance(made, str) for _, made in feeds)
    what = (
        "Add an address to your calendar app as a subscription, by URL. Whoever has it can read what it shows, so "
        "keep it to yourself. It is shown only now."
        if fresh
        else "Addresses are shown only when they are made."
    )
    return Card(
        "Sessions in your calendar",
        (
            Text((what,)),
            Facts(tuple((name, _fact(made, zone)) for name, made in feeds)),
            Text(("Rotate makes new addresses, and the ones before stop working.",)),
            Buttons((Button("Rotate", Call("session calendar", {"community": slug, "rotate": "yes"})),)),
        ),
    )


def _fact(made: str | datetime, zone: str) -> Line:
    return (Code(made),) if isinstance(made, str) else ("made ", Moment(made, zone))
