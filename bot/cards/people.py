"""Cards about oneself: what is mine, what is stored, linking and erasing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, File, Text
from bot.ui.spans import Bold, Code, Moment, Span

_ROWS = {
    "account": "accounts on chat platforms",
    "accountlink": "links between your accounts",
    "endorsement": "endorsed resources",
    "membership": "memberships",
    "namedanswer": "answers in named pulses",
    "participation": "pulses you took part in (not what you answered)",
    "resource": "resources you saved or wrote",
    "resourcenote": "notes on resources",
    "rsvp": "answers to sessions",
    "session": "sessions you host",
    "letter": "messages sent to you",
}


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
    mine: list[Span] = [Bold("My communities")]
    mine += [
        f"\n{name} ({slug})" + (", facilitator" if role == "facilitator" else "")
        for slug, name, role in communities
    ]
    blocks.append(
        Text((*mine, "" if communities else "\nNone yet: ", *(() if communities else (Code("/cop list"),))))
    )
    if sessions:
        spans: list[Span] = [Bold("My sessions")]
        for code, title, at, answer in sessions:
            spans += [f"\n{code} {shorten(title, 100)}, ", Moment(at, zone), f": {answer}"]
        blocks.append(Text(tuple(spans)))
    if pulses:
        blocks.append(
            Text(
                (Bold("Waiting for my answer"), *(f"\n{code} {shorten(text, 150)}" for code, text in pulses))
            )
        )
    blocks.append(Facts(tuple((label, (value,)) for label, value in preferences.items())))
    blocks.append(
        Text(
            (
                Bold("What is stored about me"),
                *(f"\n{n} {_ROWS.get(t, t)}" for t, n in stored.items()),
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
    warning = (
        f" You are the last facilitator of {', '.join(orphaned)}: consider naming another first."
        if orphaned
        else ""
    )
    return Card(
        "Erase everything about me?",
        (
            Text(
                (
                    f"Your memberships, answers, notes and accounts go; what you saved for others stays without your "
                    f"name. Anonymous answers stay, as nobody can tell which are yours. This cannot be undone.{warning}",
                )
            ),
            Buttons((Button("Erase everything", Call("cop erase", {"confirm": "yes"}), "danger"),)),
        ),
    )
