"""How a pulse looks: open, closed, as a receipt for an answer, and in a list."""

from collections.abc import Sequence

from bot.cards import lists
from bot.rules.pulses import Tally, View
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import BUTTONS_PER_ROW, LABEL_LIMIT, TITLE_LIMIT, Block, Button, Buttons, Card, Text
from bot.ui.forms import Field, Form, Option
from bot.ui.spans import Bold, Code, Line, Moment, Span

BAR = 10
NAMES_LIMIT = 300
"""How many characters of names one option shows before it says how many more there are."""


def posted(view: View) -> Card:
    """The card that is posted to channels: to answer while it is open, with its results once it is closed."""
    return _closed(view) if view.closed_at else _open(view)


def results(view: View) -> Card:
    """The results of a closed pulse, for members: with names where it is a named one."""
    return _closed(view)


def _open(view: View) -> Card:
    numbered = "\n".join(f"{number}. {option}" for number, option in enumerate(view.options, 1))
    blocks: list[Block] = [
        *_question(view),
        Text((numbered,)),
        Text((promise(view),)),
        Text(
            ("Closes ", Moment(view.closes_at, view.zone), f". {view.code}, asked by ", view.opened_by, ".")
        ),
    ]
    buttons = [
        Button(shorten(option, LABEL_LIMIT), Call("pulse vote", {"pulse": view.code, "choice": str(number)}))
        for number, option in enumerate(view.options, 1)
    ]
    return Card(shorten(view.question, TITLE_LIMIT), (*blocks, *_rows(buttons)))


def promise(view: View) -> str:
    """One sentence on what is stored and who sees what."""
    if view.anonymous:
        return (
            "Anonymous: your choice is stored without your name or the time, and apart from it that you took part; "
            f"nobody sees any result before it closes, and then only the counts, if {view.threshold} or more "
            "answered (the chat platform itself could see what you press)."
        )
    return (
        "This poll is named: your choice is stored with your name, members will see who chose what with "
        f"/cop pulse results {view.code} once it closes, and this card will show the counts only."
    )


def _closed(view: View) -> Card:
    blocks: list[Block] = [*_question(view)]
    if view.tallies is None:
        blocks.append(Text((f"Closed: fewer than {view.threshold} answers, so nothing is shown.",)))
    else:
        total = sum(tally.count for tally in view.tallies)
        answers = "1 answer" if total == 1 else f"{total:,} answers"
        blocks.append(Text((f"Closed, with {answers}." if total else "Closed: nobody answered.",)))
        blocks += [Text(_bar(tally, total)) for tally in view.tallies if total]
    kind = "an anonymous" if view.anonymous else "a named"
    blocks.append(Text((f"{view.code}, {kind} poll of {view.community}, asked by ", view.opened_by, ".")))
    return Card(shorten(view.question, TITLE_LIMIT), tuple(blocks))


def _bar(tally: Tally, total: int) -> Line:
    """The words first, for those who listen; then the bar, for those who look."""
    share = tally.count / total
    full = round(share * BAR)
    counted = f": {tally.count:,} of {total:,} ({share:.0%})\n{'█' * full}{'░' * (BAR - full)}"
    who = ("\n", *lists.names(tally.people, NAMES_LIMIT)) if tally.people else ()
    return (Bold(tally.option), counted, *who)


def _question(view: View) -> list[Block]:
    return [Text((Bold(view.question),))] if len(view.question) > TITLE_LIMIT else []


def _rows(buttons: Sequence[Button]) -> list[Buttons]:
    return [
        Buttons(tuple(buttons[start : start + BUTTONS_PER_ROW]))
        for start in range(0, len(buttons), BUTTONS_PER_ROW)
    ]


def opened(view: View, channels: int) -> Card:
    """What the person who asked hears; without a channel, how members find the poll."""
    where: Line = {
        0: ("No channel is connected, so members find it with ", Code("/cop pulse list"), "."),
        1: ("It is posted in the community's channel.",),
    }.get(channels, (f"It is posted in the community's {channels} channels.",))
    return Card(
        blocks=(
            Text((Bold(f"{view.code} is open"), " until ", Moment(view.closes_at, view.zone), ". ", *where)),
            Buttons(
                (
                    Button("Show", Call("pulse show", {"pulse": view.code})),
                    Button("Close early", Call("pulse close", {"pulse": view.code})),
                )
            ),
        )
    )


def receipt(view: View, option: str, key: str) -> Card:
    """The private receipt for an anonymous answer: it alone carries the key of the answer."""
    return Card(
        blocks=(
            Text(("Your answer: ", Bold(option), ".")),
            Text(
                (
                    "Only this message can change it, until the poll closes: nobody, Hearth included, "
                    "can tell otherwise which answer is yours.",
                )
            ),
            Buttons((Button("Change", change_call(view.code, key)),)),
        )
    )


def change_call(code: str, key: str) -> Call:
    """The call that changes the anonymous answer of this key."""
    return Call("pulse change", {"pulse": code, "key": key})


def change_form(view: View, key: str) -> Form:
    """The form that asks for the new choice."""
    choices = tuple(
        Option(str(number), shorten(option, LABEL_LIMIT)) for number, option in enumerate(view.options, 1)
    )
    return Form(
        "Change your answer",
        change_call(view.code, key),
        (Field("choice", "Your answer", "choice", choices=choices),),
        intro="This receipt is the only way to your answer, which is kept without your name.",
    )


def named_receipt(option: str) -> Card:
    """The private receipt for a named answer."""
    return Card(
        blocks=(Text(("Your answer: ", Bold(option), ". Until it closes, press another to change it.")),)
    )


def too_small(community: str, threshold: int, named: Call) -> Card:
    """What is said before an anonymous poll is opened among too few, with the named one to offer."""
    return Card(
        blocks=(
            Text(
                (
                    f"{community} has fewer than {threshold} members, so an anonymous poll would never show a "
                    "result. Nothing was posted. You can ask openly instead: members then see who chose what.",
                )
            ),
            Buttons((Button("Start a named poll", named, "primary"),)),
        )
    )


def listing(rows: Sequence[tuple[View, bool]], waiting: frozenset[str], more: Call | None) -> Card:
    """Pulses with whether each is open; `waiting` are the codes of those the reader has not answered."""
    if not rows:
        return Card(
            "Pulses",
            (
                Text(
                    (
                        "There is no pulse yet. Any member can ask something with ",
                        Code("/cop pulse poll"),
                        ".",
                    )
                ),
            ),
        )
    blocks: list[Block] = []
    buttons: list[Button] = []
    for view, running in rows:
        spans: list[Span] = [Bold(view.code), f" {shorten(view.question, 200)}\n{view.community} · "]
        if running:
            spans += ["closes ", Moment(view.closes_at, view.zone)]
            spans.append(" · waiting for your answer" if view.code in waiting else " · answered")
            buttons.append(Button(f"Open {view.code}", Call("pulse show", {"pulse": view.code})))
        elif view.closed_at is None:
            spans.append("closing")
        else:
            spans.append("closed")
            buttons.append(Button(f"Results {view.code}", Call("pulse results", {"pulse": view.code})))
        blocks.append(Text(tuple(spans)))
    buttons += [Button("More", more)] if more else []
    return Card("Pulses", (*blocks, *_rows(buttons)))
