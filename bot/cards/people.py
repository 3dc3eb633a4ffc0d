"""Cards about oneself: what is mine, what is stored, linking and erasing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.cards import lists
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, File, Text
from bot.ui.spans import Bold, Code, Line, Moment, Span

ROOM = 1_000
"""How many characters a list of one's own things may have."""

_ROWS = {
    "account": ("account on a chat platform", "accounts on chat platforms"),
    "accountlink": ("link between your accounts", "links between your accounts"),
    "checkin": ("session you checked in to", "sessions you checked in to"),
    "draft": ("draft of sessions", "drafts of sessions"),
    "edition": ("digest you released", "digests you released"),
    "endorsement": ("endorsed resource", "endorsed resources"),
    "feedback": ("feedback on a session", "feedback on sessions"),
    "feed": ("calendar address", "calendar addresses"),
    "greeting": ("welcome to a community you were shown", "welcomes to communities you were shown"),
    "joinrequest": ("request to join", "requests to join"),
    "letter": ("message sent to you", "messages sent to you"),
    "linkcode": ("code to link an account", "codes to link an account"),
    "membership": ("membership", "memberships"),
    "namedanswer": ("answer in a named pulse", "answers in named pulses"),
    "notes": ("notes of a session you wrote", "notes of sessions you wrote"),
    "noteswanted": ("session whose notes you asked for", "sessions whose notes you asked for"),
    "participation": (
        "pulse you took part in (not what you answered)",
        "pulses you took part in (not what you answered)",
    ),
    "proposal": ("proposal", "proposals"),
    "proposalvoice": ("answer to a proposal", "answers to proposals"),
    "pulse": ("pulse you opened", "pulses you opened"),
    "resource": ("resource you saved or wrote", "resources you saved or wrote"),
    "resourcenote": ("note on a resource", "notes on resources"),
    "rsvp": ("answer to a session", "answers to sessions"),
    "session": ("session you host", "sessions you host"),
    "slotpoll": ("slot poll you opened", "slot polls you opened"),
    "slotvote": ("vote on a time", "votes on times"),
}


def _held(table: str, count: int) -> str:
    one, many = _ROWS[table]
    return f"{count:,} {one if count == 1 else many}"


def me(
    name: str,
    communities: Sequence[tuple[str, str, str]],
    sessions: Sequence[tuple[str, str, datetime, str]],
    pulses: Sequence[tuple[str, str]],
    preferences: Mapping[str, str],
    stored: Mapping[str, int],
    accounts: Sequence[str],
    link: int | None,
    zone: str,
) -> Card:
    """Return the person's own page. Session rows are (code, title, start, my answer)."""
    blocks: list[Text | Facts | Buttons] = []
    mine: Line = ("\nNone yet: ", Code("/cop list"))
    if communities:
        named = [
            (f"{name} ({slug})" + (", facilitator" if role == "facilitator" else ""),)
            for slug, name, role in communities
        ]
        mine = lists.rows(named, ROOM)
    blocks.append(Text((Bold("My communities"), *mine)))
    if sessions:
        spans: list[Span] = [Bold("My sessions")]
        for code, title, at, answer in sessions:
            spans += [f"\n{code} {shorten(title, 100)}, ", Moment(at, zone), f": {answer}"]
        blocks.append(Text(tuple(spans)))
    if pulses:
        waiting = lists.rows([(f"{code} {shorten(text, 150)}",) for code, text in pulses], ROOM)
        blocks.append(Text((Bold("Waiting for my answer"), *waiting)))
    blocks.append(Facts(tuple((label, (value,)) for label, value in preferences.items())))
    blocks.append(
        Text(
            (
                Bold("What is stored about me"),
                *(f"\n{_held(table, count)}" for table, count in stored.items()),
                f"\nAccounts: {', '.join(accounts) or 'none yet'}",
            )
        )
    )
    row = [
        Button("Preferences", Call("cop preferences")),
        Button("Export", Call("cop export")),
        Button("Erase", Call("cop erase"), "danger"),
    ]
    if link is not None:
        row.append(Button("Undo linking", Call("cop unlink", {"link": str(link)})))
    blocks.append(Buttons(tuple(row)))
    return Card(shorten(name, 150), tuple(blocks))


def code(value: str) -> Card:
    """Return a fresh linking code."""
    return Card(
        "Link your other account",
        (
            Text(
                (
                    "On the other platform, type ",
                    Code(f"/cop link {value}"),
                    ". The code works once, for ten minutes. Do not give it to anyone: it joins their account to you.",
                )
            ),
        ),
    )


def confirm_link(code: str, keeper: str, platforms: str) -> Card:
    """Return the question before two accounts become one person."""
    return Card(
        "Link these accounts?",
        (
            Text(
                (
                    f"This account becomes one person with {keeper} ({platforms}): memberships, answers and saved "
                    "resources are joined. It can be undone for 30 days.",
                )
            ),
            Buttons((Button("Link them", Call("cop link", {"code": code, "confirm": "yes"}), "primary"),)),
        ),
    )


def linked(keeper: str, link: int) -> Card:
    """Return the confirmation, with the way back."""
    return Card(
        "Linked",
        (
            Text((f"Your accounts are one person now: {keeper}.",)),
            Buttons((Button("Undo", Call("cop unlink", {"link": str(link)})),)),
        ),
    )


def export(content: str) -> Card:
    """Return the file with everything stored about the person."""
    return Card("Everything stored about you", (File("hearth-export.json", "application/json", content),))


def confirm_erase(orphaned: Sequence[str]) -> Card:
    """Return the question before erasing, naming communities that would lose their last facilitator."""
    led = lists.joined([(name,) for name in orphaned], len(orphaned), ROOM, ", ", " and {} more")
    warning = (" You are the last facilitator of ", *led, ": consider naming another first.")
    return Card(
        "Erase everything about me?",
        (
            Text(
                (
                    "Your memberships, answers, notes and accounts go; what you saved for others stays without your "
                    "name. Anonymous answers stay, as nobody can tell which are yours. This cannot be undone.",
                    *(warning if orphaned else ()),
                )
            ),
            Buttons((Button("Erase everything", Call("cop erase", {"confirm": "yes"}), "danger"),)),
        ),
    )
