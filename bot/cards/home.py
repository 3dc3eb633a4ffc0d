"""A person's home: their communities, what is next, what waits for them, what is new, and the way to everything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards import lists, resources, sessions
from bot.rules.resources import View as Resource
from bot.rules.sessions import View as Session
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import BUTTONS_PER_ROW, Block, Button, Buttons, Card, Rule, Text
from bot.ui.spans import Bold, Line, Span

ROOM = 700
"""How many characters the communities, and the pulses, may take."""

SESSIONS = 2
PULSES = 5
RESOURCES = 5
"""How many of each are shown; the buttons below lead to the rest. A card has five rows of buttons."""


@dataclass(frozen=True, slots=True)
class Home:
    """What somebody's home shows.

    Communities are (slug, name, role); `joinable` the slugs of open ones, for who is in none yet;
    pulses (code, question) of those waiting for an answer. Sessions are the next ones of the person's communities.
    """

    name: str
    communities: Sequence[tuple[str, str, str]]
    joinable: Sequence[str]
    sessions: Sequence[Session]
    pulses: Sequence[tuple[str, str]]
    resources: Sequence[Resource]
    schedules: bool


def home(view: Home, now: datetime) -> Card:
    """Return the home as one card."""
    blocks: list[Block] = [*_communities(view)]
    if view.communities:
        blocks += [Rule(), Text((Bold("My next sessions"), *_none(view.sessions, "\nNone is planned.")))]
        for session in view.sessions[:SESSIONS]:
            blocks.append(Text(sessions.row(session)))
            if session.open(now):
                blocks.append(Buttons((*sessions.answers(session), sessions.details(session))))
        blocks += [Rule(), *_pulses(view), Rule()]
        blocks.append(Text((Bold("New resources"), *_none(view.resources, "\nNone yet. Save the first?"))))
        blocks += [Text(resources.entry(found)) for found in view.resources[:RESOURCES]]
    return Card(shorten(f"Hello, {view.name}", 150), (*blocks, Rule(), *_ways(view)))


def _communities(view: Home) -> list[Block]:
    if view.communities:
        named: list[Line] = [
            (f"{name} ({slug})" + (", facilitator" if role == "facilitator" else ""),)
            for slug, name, role in view.communities
        ]
        return [Text((Bold("My communities"), *lists.rows(named, ROOM)))]
    words = (
        "You belong to no community yet. Join one, and its sessions, polls and resources are shown here."
        if view.joinable
        else "You belong to no community yet. See which there are, or propose one with /cop propose."
    )
    joins = [
        Button(shorten(f"Join {slug}", 75), Call("cop join", {"community": slug}))
        for slug in view.joinable[:BUTTONS_PER_ROW]
    ]
    return [Text((words,)), *([Buttons(tuple(joins))] if joins else [])]


def _pulses(view: Home) -> list[Block]:
    if not view.pulses:
        return [Text((Bold("Waiting for my answer"), "\nNothing."))]
    questions: list[Line] = [(f"{code} {shorten(text, 100)}",) for code, text in view.pulses]
    answers = [Button(f"Answer {code}", Call("pulse show", {"pulse": code})) for code, _ in view.pulses]
    return [
        Text((Bold("Waiting for my answer"), *lists.rows(questions, ROOM))),
        Buttons(tuple(answers[:PULSES])),
    ]


def _ways(view: Home) -> list[Block]:
    """The way to everything: what there is, and what one may do."""
    every = (
        Button("All communities", Call("cop list")),
        Button("All sessions", Call("session list")),
        Button("All polls", Call("pulse list")),
        Button("All resources", Call("resource list")),
    )
    acts = [Button("Schedule a session", Call("session schedule"), "primary")] if view.schedules else []
    if view.communities:
        acts += [Button("Save a link", Call("resource save")), Button("Start a poll", Call("pulse poll"))]
    acts += [Button("About me", Call("cop me")), Button("Help", Call("help"))]
    return [Buttons(every), Buttons(tuple(acts))]


def _none(things: Sequence[object], words: str) -> tuple[Span, ...]:
    return () if things else (words,)
