"""How a session looks once it has begun: checking in, its notes, what it was worth, and who came."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from bot import sheets
from bot.cards import sessions
from bot.rules.sessions import View
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Block, Button, Buttons, Card, Facts, File, Text, note
from bot.ui.spans import Bold, Line, Link, Mention, Moment

if TYPE_CHECKING:  # the rules draw their letters with this module
    from bot.rules.attendance import Attendance
    from storage.tables import Outcome

ROOM = 300
"""How many characters of notes the details of a session hold."""

NOTES_LIMIT = 2_500
"""The longest notes, in characters: what a paragraph holds beside the title. Longer ones are better linked to."""

Use = Literal["try", "share", "more", "nothing"]
USES: Mapping[str, str] = {
    "try": "Try something",
    "share": "Share it",
    "more": "Need more",
    "nothing": "Nothing yet",
}
"""What people may do with what they heard (DOMAIN.md 7.7)."""

MARKS = range(1, 6)
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)

assert set(USES) == set(get_args(Use))


def checked_in(view: View, *, new: bool) -> Card:
    """What somebody hears who checked in."""
    return note("You're checked in to " if new else "You had checked in already to ", Bold(view.title), ".")


def hosted(view: View, host: Mention) -> Card:
    """What those who come hear when somebody steps in."""
    return note(host, " hosts ", Bold(view.title), " today.")


def stepped_in(view: View) -> Card:
    """What somebody hears who steps in."""
    return note("Thank you! You host ", Bold(view.title), ", and those who come are told.")


def kept(view: View) -> Card:
    """What the host hears who runs a session that nobody had said yes to."""
    return note(Bold(view.title), " stays as planned: ", Moment(view.starts_at, view.zone), ".")


IN_WRITING = "It becomes a thread instead."
"""Why a session that is turned into a thread is cancelled."""


def in_writing(view: View, others: int) -> Card:
    """What somebody hears who would have come to a session that becomes a thread."""
    return note(
        Bold(view.title), " becomes a thread in its channel instead of a session. Please bring it there."
    )


def thread(view: View) -> Card:
    """What is posted instead of the session."""
    said: Line = ("Instead of a session, let us have this one in writing: please answer in a thread below.",)
    about = (Text((view.description,)),) if view.description else ()
    return Card(view.title, (Text(said), *about))


def is_thread(view: View, told: int) -> Card:
    """What the host hears who turned a session into a thread."""
    where = (
        "It is posted."
        if told
        else "No channel is connected, so it is posted nowhere: use /cop connect in one."
    )
    return note(Bold(view.title), f" ({view.code}) is a thread instead of a session. {where}")


def notes(view: View, text: str) -> Card:
    """The notes, as those who came or asked get them."""
    head: Line = ("Notes of ", Bold(view.title), ", ", Moment(view.starts_at, view.zone))
    return Card(blocks=(Text(head), Text(noted(text)), Buttons((sessions.details(view),))))


def noted(text: str) -> Line:
    """Notes as a line: a link where they are one."""
    return (Link(text, text),) if _LINK.fullmatch(text) else (text,)


def noted_briefly(text: str) -> Line:
    """Notes where there is little room, such as in a digest."""
    return (Link(text, "notes"),) if _LINK.fullmatch(text) else (f"notes: {shorten(text, 100)}",)


def notes_kept(view: View, told: int) -> Card:
    """What whoever wrote the notes hears."""
    people = {0: "Nobody checked in or asked for them yet", 1: "They go to one person"}
    who = people.get(told, f"They go to {told} people")
    return note("The notes of ", Bold(view.title), f" are kept. {who}.")


def how_was_it(view: View) -> Card:
    """The first of two taps, for those who came."""
    said: Line = (
        Bold(view.title),
        ": was it worth your time? 1 is not at all, 5 is very much. Facilitators see how many gave each mark, "
        "once enough have; never who.",
    )
    return Card(blocks=(Text(said), Buttons(tuple(_mark(view, mark) for mark in MARKS))))


def what_next(view: View, worth: int) -> Card:
    """The second tap."""
    said: Line = (f"Thank you for {worth} of 5. What will you do with ", Bold(view.title), "?")
    uses = tuple(Button(label, _feedback(view, "use", use)) for use, label in USES.items())
    return Card(blocks=(Text(said), Buttons(uses)))


def thanks(view: View) -> Card:
    """After the second tap."""
    return note("Thank you, that helps to make the next one better than ", Bold(view.title), ".")


def after(
    view: View,
    now: datetime,
    notes: str | None,
    attendance: "Attendance | None",
    outcome: "Outcome | None",
) -> list[Block]:
    """What follows the details of a session once it has begun; attendance and outcome are for facilitators."""
    blocks: list[Block] = []
    if notes is not None:
        blocks.append(Text((Bold("Notes: "), *noted_shortly(notes))))
    if attendance is not None:
        blocks.append(Facts(_figures(attendance, outcome)))
    row = [sessions.here(view)] if view.takes_checkins(now) else []
    if notes is not None and len(notes) > ROOM:
        row.append(sessions.send_notes(view, "Whole notes"))
    elif notes is None and now >= view.ends_at:
        row.append(sessions.send_notes(view))
    if attendance is not None:
        row.append(Button("Attendance", Call("session attendance", {"session": view.code})))
        row.append(Button("Write notes", Call("session notes", {"session": view.code})))
    return [*blocks, Buttons(tuple(row))] if row else blocks


def noted_shortly(text: str) -> Line:
    """Notes beside other things: a link, or as much of them as there is room for."""
    return noted(text) if len(text) <= ROOM else (f"{text[:ROOM].rstrip()}…",)


def wanted(view: View) -> Card:
    """What somebody hears who asked for notes that are not written yet."""
    return note("You get the notes of ", Bold(view.title), " as soon as there are some.")


def table(view: View, attendance: "Attendance", outcome: "Outcome | None") -> Card:
    """Who came, for facilitators: the figures, and a table to keep."""
    rows = [
        (
            one.person.name,
            one.answer or "no answer",
            "yes" if one.seat else "no",
            one.at.isoformat(timespec="minutes") if one.at is not None else "",
        )
        for one in attendance.people
    ]
    content = sheets.table(("name", "answer", "seat", "checked in (UTC)"), rows)
    file = File(f"attendance-{view.code}.csv", "text/csv", content)
    return Card(shorten(f"Attendance of {view.title}", 150), (Facts(_figures(attendance, outcome)), file))


def _figures(attendance: "Attendance", outcome: "Outcome | None") -> tuple[tuple[str, Line], ...]:
    figures: list[tuple[str, Line]] = [
        ("Came", (f"{attendance.kept} of {attendance.seated} who had a seat, {attendance.others} others",))
    ]
    if attendance.no_shows is not None:
        figures.append(("No-shows", (f"{attendance.no_shows:.0%}",)))
    if outcome is not None:
        marks = {int(mark): number for mark, number in outcome.worth.items()}
        people = sum(marks.values())
        mean = sum(mark * number for mark, number in marks.items()) / people
        spread = ", ".join(f"{mark}: {marks.get(mark, 0)}" for mark in MARKS)
        figures.append(("Worth their time", (f"{mean:.1f} of 5 ({people} people; {spread})",)))
        if outcome.use:
            uses = ", ".join(f"{label.lower()} {outcome.use.get(use, 0)}" for use, label in USES.items())
            figures.append(("What they will do", (uses,)))
    return tuple(figures)


def _mark(view: View, mark: int) -> Button:
    return Button(str(mark), _feedback(view, "worth", str(mark)))


def _feedback(view: View, name: str, value: str) -> Call:
    return Call("session feedback", {"session": view.code, name: value})
