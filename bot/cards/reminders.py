"""What people hear around a session without asking: that it is soon, for its host what to know, and how it was."""

from datetime import timedelta

from bot.cards import lists, sessions
from bot.rules.sessions import Roll, View
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Text
from bot.ui.spans import Bold, Line, Moment, Span

STILL = timedelta(hours=12)
"""A reminder at least this long before asks whether the person still comes: somebody else can have the seat."""


def reminder(view: View, offset: timedelta) -> Card:
    """What someone who said yes or maybe is told `offset` before the start."""
    where: Line = (f"\nWhere: {view.place}",) if view.place else ()
    waiting = view.standing.waiting if view.standing is not None else 0
    said: list[Span] = [Bold(view.title), " begins ", Moment(view.starts_at, view.zone), ".", *where]
    buttons: tuple[Button, ...]
    if waiting:
        said.append(f"\nYou are number {waiting} on the waitlist, and hear when a seat becomes free.")
        buttons = (_answer(view, "no", "Can't"), sessions.details(view))
    elif offset >= STILL:
        said.append("\nStill coming?")
        buttons = (_answer(view, "yes", "Going"), _answer(view, "no", "Can't"), sessions.details(view))
    elif offset > timedelta(minutes=15):
        buttons = (_answer(view, "no", "Can't"), sessions.details(view))
    else:
        buttons = (sessions.here(view), sessions.details(view))
    return Card(blocks=(Text(tuple(said)), Buttons(buttons)))


def _answer(view: View, word: str, label: str) -> Button:
    return Button(label, sessions.answer_call(view, word), "primary" if word == "yes" else "plain")


def agenda(view: View, roll: Roll) -> Card:
    """What the host hears a day before: who comes, or what to do when nobody does."""
    said: list[Span] = ["You host ", Bold(view.title), " ", Moment(view.starts_at, view.zone), ". "]
    if not view.going:
        maybe = f" ({view.maybe} may come)" if view.maybe else ""
        said.append(f"Nobody has said yes so far{maybe}. Run it anyway, move it, or turn it into a thread?")
        choices = (
            Button("Run it", Call("session keep", {"session": view.code}), "primary"),
            Button("Move it", Call("session move", {"session": view.code})),
            Button("Turn into a thread", Call("session thread", {"session": view.code})),
        )
        return Card(blocks=(Text(tuple(said)), Buttons((*choices, sessions.details(view)))))
    blocks = [Text((*said, "Coming: ", *sessions.counts(view), "."))]
    groups = (("Going", roll.going, view.going), ("Maybe", roll.maybe, view.maybe))
    blocks += [
        Text((Bold(f"{label}: "), *lists.names(names, sessions.NAMES_LIMIT, total)))
        for label, names, total in groups
        if names
    ]
    if view.place:
        blocks.append(Text((f"Where: {view.place}",)))
    if view.description:
        blocks.append(Text((Bold("Agenda: "), view.description)))
    return Card(blocks=(*blocks, Buttons((sessions.details(view),))))


def starting(view: View) -> Card:
    """What the host hears just before: to check in, so that those who come know they are there."""
    said: Line = (
        "You host ",
        Bold(view.title),
        " ",
        Moment(view.starts_at, view.zone),
        ". Please check in when you are there; otherwise those who come are asked whether somebody else can host.",
    )
    return Card(blocks=(Text(said), Buttons((sessions.here(view), sessions.details(view)))))


def absent(view: View) -> Card:
    """What those who come are asked when the host has not checked in."""
    said: Line = (Bold(view.title), " has begun and its host is not here yet. Is anyone able to host?")
    step_in = Button("I can host", Call("session step_in", {"session": view.code}), "primary")
    return Card(blocks=(Text(said), Buttons((step_in, sessions.here(view), sessions.details(view)))))
