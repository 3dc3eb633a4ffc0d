"""How a session looks: announced, in detail, in a list, and the sentences around an answer to it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.cards import lists
from bot.rules.sessions import Roll, Standing, View
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import TITLE_LIMIT, Block, Button, Buttons, Card, Facts, Text, note
from bot.ui.spans import Bold, Line, Moment, Span

ASK_AGAIN = timedelta(hours=2)
"""Those who come are asked again when a session moves by more than this (SPEC.md 3.1)."""

NAMES_LIMIT = 800
"""How many characters of names a list holds before it says how many more there are."""

_ANSWERS = (("yes", "Going"), ("maybe", "Maybe"), ("no", "Can't"))


def announcement(view: View, now: datetime) -> Card:
    """The card that is posted to channels, redrawn when its counts change, and stays when it is over."""
    blocks: list[Block] = []
    if view.cancelled:
        blocks.append(Text((Bold("Cancelled."), f" {view.reason}" if view.reason else "")))
    elif now >= view.ends_at:
        blocks.append(Text(("This session is over.",)))
    blocks.append(Facts((*_facts(view), ("Coming", counts(view)))))
    if view.description:
        blocks.append(Text((view.description,)))
    row = (*answers(view), details(view)) if view.open(now) else ()
    if view.takes_checkins(now):
        row = (*row, here(view))
    if not view.cancelled and now >= view.ends_at:
        row = (*row, send_notes(view))
    if row:
        blocks.append(Buttons(row))
    return Card(view.title, tuple(blocks))


def detail(view: View, roll: Roll, now: datetime, after: Sequence[Block] = ()) -> Card:
    """The whole session for one reader: who is coming, what the reader has said, and what came `after` it began.

    Of `roll`, the first `lists.MOST_NAMES` of each kind are enough.
    """
    blocks: list[Block] = []
    if view.cancelled:
        blocks.append(Text((Bold("Cancelled."), f" {view.reason}" if view.reason else "")))
    elif now >= view.ends_at:
        blocks.append(Text(("This session is over.",)))
    blocks.append(
        Facts(
            (
                *_facts(view),
                ("Community", (view.community,)),
                ("Hosted by", (view.host,)),
                ("Coming", counts(view)),
            )
        )
    )
    if view.description:
        blocks.append(Text((view.description,)))
    groups = (
        ("Going", roll.going, view.going),
        ("Waitlist", roll.waiting, view.waiting),
        ("Maybe", roll.maybe, view.maybe),
    )
    for label, names, total in groups:
        if names:
            blocks.append(Text((Bold(f"{label}: "), *lists.names(names, NAMES_LIMIT, total))))
    if view.standing is not None:
        blocks.append(Text((answered(view.standing),)))
    if view.open(now):
        blocks.append(Buttons(answers(view)))
    return Card(view.title, (*blocks, *after))


def agenda(
    title: str, views: Sequence[View], *, empty: str, more: Call | None = None, rest: str = ""
) -> Card:
    """A page of sessions, at most five. `more` is the next page; `rest` is said where no button can hold it."""
    if not views:
        return note(empty)
    blocks: list[Block] = [Text(row(view)) for view in views]
    blocks.append(Buttons(tuple(details(view, f"Details {view.code}") for view in views)))
    if more is not None:
        blocks.append(Buttons((Button("More", more),)))
    elif rest:
        blocks.append(Text((rest,)))
    return Card(shorten(title, TITLE_LIMIT), tuple(blocks))


def row(view: View) -> Line:
    """One session in a line or two: what, when, where it belongs, how many come."""
    own: tuple[Span, ...] = (f" · {_own(view.standing)}",) if view.standing else ()
    return (
        Bold(view.title),
        f" ({view.code})\n",
        Moment(view.starts_at, view.zone),
        f" · {view.community} · ",
        *counts(view),
        *own,
    )


def scheduled(view: View, told: int, understood: str, repeats: str = "") -> Card:
    """What the facilitator hears after scheduling.

    `understood` is the time in words, `repeats` how often, `told` counts channels.
    """
    often = f" It repeats {repeats}; each is announced a week before." if repeats else ""
    where = {
        0: "No channel is connected, so nobody was told: use /cop connect in one.",
        1: "It is announced.",
    }
    return Card(
        blocks=(
            Text(
                (
                    Bold(view.title),
                    f" is scheduled as {view.code}: {understood}.{often} ",
                    where.get(told, f"It is announced in {told} channels."),
                )
            ),
            Buttons((details(view),)),
        )
    )


def moved(view: View, before: datetime | None, others: int) -> Card:
    """What someone who comes is told of a session's new time; they are asked again when it moved far."""
    far = before is None or abs(view.starts_at - before) > ASK_AGAIN
    was: Line = (" (it was ", Moment(before, view.zone), ")") if before is not None else ()
    rest = f" {_more(others)} moved with it." if others else ""
    ask = " Can you still come?" if far else " You need not answer again."
    buttons = answers(view) if far else (Button("Can't", answer_call(view, "no")),)
    said: Line = (Bold(view.title), " moved to ", Moment(view.starts_at, view.zone), *was, f".{rest}{ask}")
    return Card(blocks=(Text(said), Buttons((*buttons, details(view)))))


def cancelled(view: View, others: int) -> Card:
    """What someone who comes is told when a session is cancelled."""
    rest = f" {_more(others)} of the series are cancelled too." if others else ""
    why: Line = ("\n", view.reason) if view.reason else ()
    return note(Bold(view.title), ", ", Moment(view.starts_at, view.zone), f", is cancelled.{rest}", *why)


def has_moved(view: View, count: int, told: int, understood: str) -> Card:
    """What the facilitator hears after moving; `count` occurrences moved, `told` people know."""
    many = f" {_more(count - 1)} moved with it." if count > 1 else ""
    said: Line = (Bold(view.title), f" ({view.code}) is now {understood}.{many} {_told(told)}")
    return Card(blocks=(Text(said), Buttons((details(view),))))


def is_cancelled(view: View, count: int, told: int) -> Card:
    """What the facilitator hears after cancelling."""
    many = f", and {_more(count - 1)} of the series" if count > 1 else ""
    return note(Bold(view.title), f" ({view.code}) is cancelled{many}. {_told(told)}")


def changed(view: View, count: int) -> Card:
    """What the facilitator hears after changing what a session says."""
    many = f" So did {_more(count - 1)} of the series." if count > 1 else ""
    return Card(
        blocks=(Text((Bold(view.title), f" ({view.code}) changed.{many}")), Buttons((details(view),)))
    )


def answered_series(standing: Standing, answer: str, others: int, waiting: int) -> str:
    """One sentence on what an answer to a whole series means."""
    full = f" {waiting} of them are full: you are on their waitlist." if waiting else ""
    return f"{answered(standing)} The same goes for the {others} others to come.{full}"


def _more(count: int) -> str:
    return "1 more" if count == 1 else f"{count} more"


def _told(told: int) -> str:
    people = "The one person who comes is" if told == 1 else f"The {told} people who come are"
    return f"{people} told." if told else "Nobody had said they would come."


def seat_free(view: View) -> Card:
    """What someone on the waitlist is told when they move up."""
    return Card(
        blocks=(
            Text(
                (
                    "A seat became free and it is yours: you're going to ",
                    Bold(view.title),
                    ", ",
                    Moment(view.starts_at, view.zone),
                    ". If you can't come any more, please say so, and it goes to the next person.",
                )
            ),
            Buttons((Button("Can't", answer_call(view, "no")), details(view))),
        )
    )


def answered(standing: Standing) -> str:
    """One sentence on what somebody's answer means."""
    if standing.waiting:
        return f"It is full: you are number {standing.waiting} on the waitlist."
    people = "1 person is" if standing.going == 1 else f"{standing.going} people are"
    match standing.answer:
        case "yes":
            return (
                "You're going, and the only one so far."
                if standing.going == 1
                else f"You're going, {people}."
            )
        case "maybe":
            return "You're a maybe; " + (f"{people} going." if standing.going else "nobody is going yet.")
    return "You're not coming. Thank you for saying so."


def counts(view: View) -> Line:
    """How many come, may come and wait: "3 of 12 going, 1 maybe, 2 waiting"."""
    going = f"{view.going} going" if view.capacity is None else f"{view.going} of {view.capacity} seats taken"
    parts = [going]
    if view.maybe:
        parts.append(f"{view.maybe} maybe")
    if view.waiting:
        parts.append(f"{view.waiting} on the waitlist")
    return (", ".join(parts),)


def answers(view: View) -> tuple[Button, ...]:
    """The three RSVP buttons."""
    return tuple(
        Button(label, answer_call(view, word), "primary" if word == "yes" else "plain")
        for word, label in _ANSWERS
    )


def answer_call(view: View, word: str) -> Call:
    return Call("session rsvp", {"session": view.code, "answer": word})


def here(view: View) -> Button:
    """The button to check in with."""
    return Button("I'm here", Call("session checkin", {"session": view.code}), "primary")


def send_notes(view: View, label: str = "Send me the notes") -> Button:
    """The button to get the notes with, now or once there are some."""
    return Button(label, Call("session send_notes", {"session": view.code}))


def details(view: View, label: str = "Details") -> Button:
    """The button that shows the session whole."""
    return Button(label, Call("session show", {"session": view.code}))


def _facts(view: View) -> tuple[tuple[str, Line], ...]:
    facts: list[tuple[str, Line]] = [
        ("When", (Moment(view.starts_at, view.zone), f", {_length(view.ends_at - view.starts_at)}"))
    ]
    if view.place:
        facts.append(("Where", (view.place,)))
    facts.append(("Session", (view.code,)))
    return tuple(facts)


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    days, over = divmod(hours, 24)
    parts = [f"{days} d"] * bool(days) + [f"{over} h"] * bool(over) + [f"{rest} min"] * bool(rest)
    return " ".join(parts)


def _own(standing: Standing) -> str:
    if standing.waiting:
        return f"you are number {standing.waiting} on the waitlist"
    return {"yes": "you're going", "maybe": "you're a maybe"}.get(standing.answer, "you're not coming")
