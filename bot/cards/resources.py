"""How a resource looks: in a list, among search results, whole, and the sentences after saving it."""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.rules.resources import Saved, View
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Block, Button, Buttons, Card, Facts, Text
from bot.ui.spans import Bold, Line, Link, Moment, Span, line
from storage.words import read_query, words

NOTES_SHOWN = 5
TITLE_SHOWN = 120
NOTE_SHOWN = 200
TAGS_SHOWN = 160


def saved(shown: View, outcome: Saved, reader: int, now: datetime, zone: ZoneInfo) -> Card:
    """What the person hears after saving; a known link says who saved it and when."""
    if outcome.new:
        spans: Line = ("Saved as ", Bold(shown.code), ": ", Link(shown.url, shown.title))
    else:
        at = shown.saved_at.astimezone(zone)
        month = f"{at:%B}" if at.year == now.astimezone(zone).year else f"{at:%B %Y}"
        who: Span = "You saved it" if shown.saver_id == reader else shown.saver
        already = f" in {month} already" if shown.saver_id == reader else f" saved it in {month}"
        rest = "; your note is added." if outcome.noted else ", so it stays one entry."
        spans = (who, already, rest, " It is ", Bold(shown.code), ": ", Link(shown.url, shown.title))
    return Card(blocks=(Text(spans), Buttons((_details(shown), endorsement(shown)))))


def shelf(
    title: str, views: Sequence[View], *, query: str = "", more: Call | None = None, rest: str = ""
) -> Card:
    """A page of resources, at most five. `more` is the next page; `rest` is said where no button can hold it."""
    blocks: list[Block] = [Text(entry(shown, query)) for shown in views]
    blocks.append(Buttons(tuple(endorsement(shown, code=True) for shown in views)))
    if more is not None:
        blocks.append(Buttons((Button("More", more),)))
    elif rest:
        blocks.append(Text((rest,)))
    return Card(shorten(title, 150), tuple(blocks))


def entry(shown: View, query: str = "") -> Line:
    """One resource in a few lines: its link, why it is useful, who saved it; words of the query in bold."""
    why = shown.snippet or (shown.notes[0][1] if shown.notes else shown.description)
    spans: list[Span] = [Link(shown.url, shorten(shown.title, TITLE_SHOWN)), f" ({shown.code})\n"]
    if why:
        spans += [*marked(shorten(why, NOTE_SHOWN), query), "\n"]
    spans += ["Saved by ", shown.saver]
    if shown.author is not None:
        spans += [", posted by ", shown.author]
    if shown.endorsements:
        spans.append(f" · {_endorsed(shown.endorsements)}")
    if shown.tags:
        spans.append(" · " + shorten(", ".join(shown.tags), TAGS_SHOWN))
    return tuple(spans)


def detail(shown: View, *, removable: bool, zone: str) -> Card:
    """The whole resource, with the newest notes."""
    facts: list[tuple[str, Line]] = [
        ("Link", (Link(shown.url, shorten(shown.url, 200)),)),
        ("Saved", (shown.saver, ", ", Moment(shown.saved_at, zone))),
        ("Community", (shown.community,)),
    ]
    if shown.author is not None:
        facts.append(("Posted by", (shown.author,)))
    if shown.tags:
        facts.append(("Tags", (", ".join(shown.tags),)))
    if shown.endorsements:
        facts.append(("Endorsed", (_endorsed(shown.endorsements),)))
    blocks: list[Block] = [Facts(tuple(facts))]
    if shown.description:
        blocks.append(Text((shorten(shown.description, 500),)))
    blocks += [Text((who, ": ", words_)) for who, words_ in shown.notes[:NOTES_SHOWN]]
    if len(shown.notes) > NOTES_SHOWN:
        blocks.append(Text((f"and {len(shown.notes) - NOTES_SHOWN} more notes",)))
    buttons = [endorsement(shown)]
    if removable:
        buttons.append(Button("Remove", Call("resource remove", {"resource": shown.code}), "danger"))
    blocks.append(Buttons(tuple(buttons)))
    return Card(shorten(f"{shown.code}: {shown.title}", 150), tuple(blocks))


def endorsed(shown: View) -> str:
    """One sentence after endorsing, or taking that back."""
    title = shorten(shown.title, TITLE_SHOWN)
    if shown.endorsed:
        others = shown.endorsements - 1
        if others == 0:
            return f"You endorse “{title}”, the first to do so."
        return f"You endorse “{title}”, with {others} {'other' if others == 1 else 'others'}."
    return f"You no longer endorse “{title}”."


def endorsement(shown: View, *, code: bool = False) -> Button:
    """The button that endorses, or takes that back; with the code where several stand in one card."""
    label = "Endorsed" if shown.endorsed else "Endorse"
    return Button(
        f"{label} {shown.code}" if code else label, Call("resource endorse", {"resource": shown.code})
    )


def marked(text: str, query: str) -> Line:
    """Return the text with the words that the query is about in bold."""
    # As in storage.words.excerpt: both databases match stems, and the first letters point at them.
    stems = tuple(w[: max(4, len(w) - 3)] for term in read_query(query).wanted for w in term.words)
    spans: list[Span] = []
    for piece in re.split(r"(\s+)", text):
        if stems and any(word.startswith(stems) for word in words(piece)):
            spans.append(Bold(piece))
        elif spans and isinstance(spans[-1], str):
            spans[-1] += piece
        else:
            spans.append(piece)
    return line(*spans)


def _details(shown: View) -> Button:
    return Button("Details", Call("resource show", {"resource": shown.code}))


def _endorsed(count: int) -> str:
    return "1 person endorses it" if count == 1 else f"{count} people endorse it"
