"""How a draft of twelve weeks of sessions looks, and when it has been scheduled."""

from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from bot.cards import lists
from bot.rules.breaks import Away
from bot.rules.fairness import Ledger
from bot.rules.planner import Item, View
from bot.ui.calls import Call
from bot.ui.cards import BUTTONS_PER_ROW, Block, Button, Buttons, Card, Text
from bot.ui.spans import Bold, Line
from bot.when.words import WEEKDAYS

ROOM = 700
"""Characters of breaks, and of the ledger."""

NAMES_ROOM = 120

_RHYTHMS = {
    "light": "Light: once a month",
    "standard": "Standard: lunch every other week, a monthly speaker, a working session each quarter",
    "sprint": "Sprint: six weeks on end",
}


def draft(view: View) -> Card:
    """The draft for its facilitator: what it would schedule, around what, at whose cost, and how to change it."""
    if view.scheduled:
        return _scheduled(view)
    count = len(view.kept)
    sessions = "1 session" if count == 1 else f"{count} sessions"
    blocks: list[Block] = [
        Text((f"{_rhythm(view)}. {sessions}; nothing is scheduled yet. Times are those of {view.zone}.",)),
        *(Text(_row(view, item)) for item in view.items),
        *_around(view),
        Text(_ledger(view.ledger)),
    ]
    main = [
        Button(f"Schedule {sessions}", Call("session confirm", {"draft": view.code}), "primary"),
        Button("Change the rhythm", Call("session rhythm", {"draft": view.code})),
    ]
    blocks.append(Buttons(tuple(main)))
    blocks += _changes(view)
    return Card(f"Twelve weeks of {view.community}", tuple(blocks))


def _scheduled(view: View) -> Card:
    count = len(view.kept)
    many = "1 session is scheduled" if count == 1 else f"{count} sessions are scheduled"
    said = f"{many}; each is announced a week before it begins. Times are those of {view.zone}."
    return Card(
        f"Twelve weeks of {view.community}",
        (Text((said,)), *(Text(_row(view, item)) for item in view.kept)),
    )


def _rhythm(view: View) -> str:
    made = view.pattern
    own = f"Every {made.every} weeks" if made.every > 1 else "Every week"
    assert made.first is not None, "a draft begins on a day"
    usually = f"usually on {WEEKDAYS[made.day]} at {made.clock:%H:%M}"
    said = f"{_RHYTHMS.get(made.rhythm, own)}; from the week of {_day(made.first)}, {usually}"
    zone = ZoneInfo(view.zone)
    if made.rotate and any(item.starts_at.astimezone(zone).time() != made.clock for item in view.kept):
        said += ", at other hours where that shares the bad ones"
    return said


def _row(view: View, item: Item) -> Line:
    at = item.starts_at.astimezone(ZoneInfo(view.zone))
    notes = [f"{item.minutes} min"]
    notes += [item.code] * bool(item.code)
    notes += [f"{item.clash} is on that day too"] * bool(item.clash)
    notes += ["dropped"] * item.dropped
    return (
        f"{item.number}. ",
        Bold(f"{at:%a} {at.day} {at:%b %Y}, {at:%H:%M}"),
        f" {item.title} · {' · '.join(notes)}",
    )


def _around(view: View) -> Iterator[Text]:
    if view.away:
        rows: list[Line] = [(_days(away),) for away in view.away]
        yield Text(("Planned around:", *lists.rows(rows, ROOM)))


def _days(away: Away) -> str:
    days = _day(away.first) + (f" to {_day(away.last)}" if away.last > away.first else "")
    return f"{days}, {away.name}" if away.name else days


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _ledger(ledger: Ledger) -> Line:
    rest = f" The zone of {ledger.unknown} more is not known." if ledger.unknown else ""
    if not ledger.shares:
        return ("No member's time zone is known yet, so whose hours are bad cannot be told.",)
    if ledger.even:
        return (f"With these, and those of the last half year, nobody has a bad hour.{rest}",)
    rows: list[Line] = [
        (
            f"{share.zone} (",
            *lists.names(share.people, NAMES_ROOM),
            f"): {share.early_or_late} early or late, {share.asleep} at night",
        )
        for share in ledger.shares
        if share.early_or_late or share.asleep
    ]
    return (
        f"Bad hours, of {ledger.sessions} sessions with those of the last half year:",
        *lists.rows(rows, ROOM),
        rest,
    )


def _changes(view: View) -> list[Buttons]:
    buttons = [
        Button(
            f"Change {item.number}", Call("session redraft", {"draft": view.code, "item": str(item.number)})
        )
        for item in view.items
    ]
    return [
        Buttons(tuple(buttons[start : start + BUTTONS_PER_ROW]))
        for start in range(0, len(buttons), BUTTONS_PER_ROW)
    ]
