"""What a letter's subject looks like now: cards that are redrawn in place after they were posted."""

from collections.abc import Callable
from datetime import datetime

from bot.cards import pulses as pulse_cards
from bot.cards import sessions as session_cards
from bot.rules import attendance, digests, pulses, sessions
from bot.ui.cards import Card
from storage.database import Db
from storage.tables import Pulse

Drawer = Callable[[Db, int, datetime], Card | None]
"""From the number in a subject to its card now; None when the thing is gone."""


def draw(db: Db, subject: str, now: datetime) -> Card | None:
    """Return the card for a subject such as "session:12"; None when nothing can be drawn for it."""
    prefix, _, number = subject.partition(":")
    drawer = DRAWERS.get(prefix)
    return drawer(db, int(number), now) if drawer is not None and number.isdecimal() else None


def _session(db: Db, occurrence_id: int, now: datetime) -> Card | None:
    shown = sessions.view(db, occurrence_id)
    return session_cards.announcement(shown, now) if shown is not None else None


def _pulse(db: Db, pulse_id: int, now: datetime) -> Card | None:
    found = db.get(Pulse, pulse_id)
    return pulse_cards.posted(pulses.view(db, found)) if found is not None else None


DRAWERS: dict[str, Drawer] = {
    "edition": digests.drawn,
    "notes": attendance.drawn,
    "pulse": _pulse,
    "session": _session,
}
