"""How a slot poll looks: posted, as somebody's ballot, in detail, and when it has closed."""

from collections.abc import Sequence
from datetime import datetime

from bot.cards import lists
from bot.rules.slots import Option, View
from bot.ui.calls import Call
from bot.ui.cards import BUTTONS_PER_ROW, Block, Button, Buttons, Card, Text
from bot.ui.spans import Bold, Line, Mention, Moment, Span

WORDS = {"yes": "yes", "maybe": "if need be", "no": "no"}
PER_PAGE = 4
"""Times on one page of a ballot: each has a row of buttons, and a card has five rows."""

ROOM = 90
"""Characters of names after each of three answers to one of ten times; a card holds 5,500."""

DETAILS, DETAILS_ROOM = 5, 160
"""Times on one page in detail, and the characters of names after each of four answers to one."""


def posted(view: View, now: datetime) -> Card:
    """The card in the channels: every time with who said what; it says in the end which was picked."""
    blocks: list[Block] = [Text(_status(view, now))]
    blocks += [Text(_row(view, option)) for option in view.options]
    blocks.append(Buttons((*[_vote(view)] * view.open(now), _details(view), *_show(view))))
    return Card(view.title, tuple(blocks))


def ballot(view: View, page: int, now: datetime) -> Card:
    """One person's votes, to give and to change, a page of times after the other, from 1."""
    pages = -(-len(view.options) // PER_PAGE)
    size = -(-len(view.options) // pages)
    page = min(page, pages)
    blocks: list[Block] = [
        Text(
            (
                "Which of these times suit you? Everybody sees your votes, and you can change them until the poll "
                "closes, ",
                Moment(view.closes_at, view.zone),
                ". If a time is picked, your yes is your answer to the session.",
            )
        )
    ]
    for option in view.options[(page - 1) * size : page * size]:
        said = WORDS.get(view.own.get(option.number, ""), "not said yet")
        blocks.append(Text((*_time(view, option), f"\nYou: {said} · {_tally(option)}")))
        blocks.append(Buttons(tuple(_choice(view, option.number, word, page) for word in WORDS)))
    none = {"poll": view.code, "option": "0", "answer": "no", "page": str(page)}
    more = [Button("None suits me", Call("session vote", none))]
    if page > 1:
        more.append(Button("Earlier times", _page(view, page - 1)))
    if page < pages:
        more.append(Button("Later times", _page(view, page + 1)))
    blocks.append(Buttons(tuple(more)))
    return Card(view.title, tuple(blocks))


def detail(view: View, page: int, now: datetime, *, facilitates: bool) -> Card:
    """A page of who said what, from 1; for facilitators also who would be asleep, and what to do about it."""
    options = view.options[(page - 1) * DETAILS : page * DETAILS]
    blocks: list[Block] = [Text(_status(view, now))]
    blocks += [Text(_row(view, option, DETAILS_ROOM)) for option in options]
    buttons: list[Button] = []
    if facilitates and not view.session:
        blocks += _picks(view, [option for option in options if option.starts_at > now])
        if view.open(now):
            buttons.append(Button("Close now", Call("session endpoll", {"poll": view.code})))
    if page * DETAILS < len(view.options):
        more = Call("session slots", {"poll": view.code, "page": str(page + 1)})
        buttons.append(Button("Later times", more))
    if view.open(now):
        buttons.insert(0, _vote(view))
    return Card(view.title, (*blocks, *([Buttons(tuple(buttons))] if buttons else [])))


def opened(view: View, told: int) -> Card:
    """What the facilitator hears who opened it, with every time as it was understood."""
    where = {
        0: "No channel is connected, so nobody was told: use /cop connect in one.",
        1: "It is posted in the community's channel.",
    }.get(told, f"It is posted in the community's {told} channels.")
    rows: list[Line] = [_time(view, option) for option in view.options]
    return Card(
        blocks=(
            Text(
                (
                    Bold(view.title),
                    " is open until ",
                    Moment(view.closes_at, view.zone),
                    f". {where} You will be told when it closes. The times are:",
                    *lists.rows(rows, 2_000),
                )
            ),
            Buttons((_details(view),)),
        )
    )


def closed(view: View, now: datetime) -> Card:
    """What facilitators are told when it has closed: the best time, a tie, or that nobody voted."""
    best, tied = view.best(now), view.tied(now)
    if not best:
        said: Line = ("All of its times are past, so none can be picked. A new poll may find another.",)
    elif not view.voters:
        said = ("Nobody voted. Pick a time yourself, or ask again with others.",)
    elif not tied:
        said = ("None of its times suits anybody. Pick one all the same, or ask again with others.",)
    elif len(tied) > 1:
        said = (f"{len(tied)} times suit equally many. Which shall it be?",)
    else:
        said = ("The best time is ", Moment(best[0].starts_at, view.zone), f": {_tally(best[0])}.")
    shown = (tied if len(tied) > 1 else best)[:BUTTONS_PER_ROW]
    blocks: list[Block] = [Text((Bold(view.title), " has closed. ", *said))]
    blocks += [Text((*_time(view, option), f"\n{_tally(option)}{_sleep(view, option)}")) for option in shown]
    return Card(blocks=(*blocks, *_picks(view, shown), Buttons((_details(view),))))


def picked(view: View, code: str, starts_at: datetime, told: int, coming: Sequence[int]) -> Card:
    """What the facilitator hears who picked; `coming` counts those who said yes and those who said if need be."""
    where = "It is announced." if told else "No channel is connected, so it was not announced."
    yes, maybe = coming
    return Card(
        blocks=(
            Text(
                (
                    Bold(view.title),
                    f" is scheduled as {code}: ",
                    Moment(starts_at, view.zone),
                    f". {where} {yes} going and {maybe} maybe, as they voted.",
                )
            ),
            Buttons((Button("Details", Call("session show", {"session": code})),)),
        )
    )


def _status(view: View, now: datetime) -> Line:
    chosen = next((option for option in view.options if option.number == view.picked), None)
    if chosen is not None:
        return (Bold("Picked: "), Moment(chosen.starts_at, view.zone), f". It is session {view.session} now.")
    voters = "1 person has voted" if view.voters == 1 else f"{view.voters} people have voted"
    tail: Line = (f" {voters}. {view.code}, asked by ", view.opened_by, ".")
    if not view.open(now):
        return ("Closed: a facilitator picks the time.", *tail)
    return (
        f"Which times suit you, for {view.minutes} minutes? Closes ",
        Moment(view.closes_at, view.zone),
        ". Everybody sees who said what; a yes counts as your answer once a time is picked.",
        *tail,
    )


def _row(view: View, option: Option, room: int = ROOM) -> Line:
    mark = "✓ " if option.number == view.picked else ""
    spans: list[Span] = [mark, *_time(view, option), f"\n{_tally(option)}{_sleep(view, option)}"]
    spans += _named("Yes", option.yes, room)
    spans += _named("If need be", option.maybe, room)
    spans += _named("No", option.no, room)
    spans += _named("Asleep", option.sleepers, room)
    return tuple(span for span in spans if span != "")


def _named(label: str, people: Sequence[Mention], room: int) -> Line:
    return (f"\n{label}: ", *lists.names(people, room)) if people else ()


def _time(view: View, option: Option) -> Line:
    return (Bold(f"{option.number}."), " ", Moment(option.starts_at, view.zone))


def _tally(option: Option) -> str:
    return f"{len(option.yes)} yes, {len(option.maybe)} if need be, {len(option.no)} no"


def _sleep(view: View, option: Option) -> str:
    return f" · {option.asleep} of {view.zoned} would be asleep" if option.asleep else ""


def _choice(view: View, number: int, word: str, page: int) -> Button:
    call = Call("session vote", {"poll": view.code, "option": str(number), "answer": word, "page": str(page)})
    chosen = view.own.get(number) == word
    return Button(f"{number}: {WORDS[word]}{' ✓' if chosen else ''}", call, "primary" if chosen else "plain")


def _page(view: View, page: int) -> Call:
    return Call("session vote", {"poll": view.code, "page": str(page)})


def _picks(view: View, options: Sequence[Option]) -> list[Buttons]:
    buttons = [
        Button(
            f"Pick {option.number}", Call("session pick", {"poll": view.code, "option": str(option.number)})
        )
        for option in options
    ]
    return [
        Buttons(tuple(buttons[start : start + BUTTONS_PER_ROW]))
        for start in range(0, len(buttons), BUTTONS_PER_ROW)
    ]


def _vote(view: View) -> Button:
    return Button("Vote", Call("session vote", {"poll": view.code}), "primary")


def _details(view: View) -> Button:
    return Button("Who said what", Call("session slots", {"poll": view.code}))


def _show(view: View) -> list[Button]:
    shown = bool(view.session)
    return [Button(f"Session {view.session}", Call("session show", {"session": view.session}))] * shown
