"""How a digest looks: as an edition, as a preview with its reasons, and as a draft to release."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.rules.news import Draft, Item, Section
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import TITLE_LIMIT, Block, Button, Buttons, Card, Rule, Text
from bot.ui.spans import Bold, Code, Mention, Moment, Span, plain

CHARACTERS = 2_800
"""At most so many characters in an edition's items, so that a preview's reasons fit beside them."""

NOTE_WORDS = 50
NOTE_LIMIT = 300
NOTE_HEAD = Bold("From the facilitators")


def compose(draft: Draft, *, rhythm: str) -> Card:
    """Return the edition; the draft has been cut to fit. `rhythm` says when digests come."""
    blocks: list[Block] = []
    for section in draft.sections:
        blocks += _section(section)
    blocks += [
        Rule(),
        Text(
            (
                f"You see this because the channel is connected to {shorten(draft.community, 60)}. {rhythm} "
                "Its facilitators decide that and can change it with ",
                Code("/cop settings"),
                ".",
            )
        ),
    ]
    day = day_of(draft.window_to, draft.zone)
    return Card(f"{shorten(draft.community, 100)}: digest of {day}", tuple(blocks))


def _section(section: Section) -> list[Block]:
    if section.inline:
        names: list[Span] = []
        for item in section.items:
            names += [", " if names else " ", *item.line]
        return [Text((Bold(section.title), *names, "."))]
    with_rows = [item for item in section.items if len(item.buttons) > 1]
    if with_rows:  # a row of buttons has to stand right under what it is about
        return _interleaved(section)
    spans: list[Span] = [Bold(section.title)]
    for item in section.items:
        spans += ["\n• ", *item.line]
    row = tuple(button for item in section.items for button in item.buttons)
    return [Text(tuple(spans)), *([Buttons(row)] if row else [])]


def _interleaved(section: Section) -> list[Block]:
    blocks: list[Block] = []
    for number, item in enumerate(section.items):
        head: tuple[Span, ...] = () if number else (Bold(section.title), "\n")
        blocks.append(Text((*head, "• ", *item.line)))
        if item.buttons:
            blocks.append(Buttons(item.buttons))
    return blocks


def _silent(card: Card) -> tuple[Block, ...]:
    """The card's blocks without buttons, for those who look it over."""
    return tuple(block for block in card.blocks if not isinstance(block, Buttons))


def preview(card: Card, items: Sequence[Item], left_out: int, minimum: int, next_at: Moment | None) -> Card:
    """Return the next edition as it would look now, then why each item is in."""
    spans: list[Span] = [Bold("Why each is in")]
    for item in items:
        spans.append(f"\n• {shorten(plain(item.line), 30)}: {item.reason}")
    if not items:
        spans.append("\nThere is nothing to tell yet.")
    if left_out:
        spans.append(f"\n{left_out} more left out to keep it short.")
    if len(items) < minimum:
        spans.append(f"\nIt needs {minimum} items to go out by itself; with fewer, nothing is posted.")
    if next_at is not None:
        spans += ["\nThe next one is due ", next_at, "."]
    else:
        spans += ["\nThe digest is off: ", Code("/cop digest on"), "."]
    return Card(shorten(f"Preview. {card.title}", TITLE_LIMIT), (*_silent(card), Rule(), Text(tuple(spans))))


def draft(edition: int, slug: str, card: Card, until: Moment) -> Card:
    """Return a held edition for the facilitators to release, drop or add a note to."""
    here = {"edition": str(edition), "community": slug}
    return Card(
        shorten(f"Draft. {card.title}", TITLE_LIMIT),
        (
            *_silent(card),
            Rule(),
            Text(("It goes out when one of you sends it. Otherwise it is dropped ", until, ".")),
            Buttons(
                (
                    Button("Send", Call("digest release", here), "primary"),
                    Button("Add note", Call("digest note", here)),
                    Button("Drop", Call("digest drop", here)),
                )
            ),
        ),
    )


def settled(title: str, state: str, by: Mention | None) -> Card:
    """Return what a draft's card becomes once it was sent or dropped."""
    who: tuple[Span, ...] = (" by ", by) if by else ()
    return Card(shorten(f"Draft. {title}", TITLE_LIMIT), (Text((f"This edition was {state}", *who, ".")),))


def with_note(card: Card, note: str) -> Card:
    """Return the edition with a note of the facilitators at its head, instead of an earlier one."""
    first = card.blocks[0] if card.blocks else None
    noted = isinstance(first, Text) and first.spans[:1] == (NOTE_HEAD,)
    return Card(card.title, (Text((NOTE_HEAD, f"\n{note}")), *card.blocks[noted:]))


def quiet(community: str, minimum: int) -> Card:
    """Return what facilitators are told, once, when there was too little for a digest."""
    return Card(
        blocks=(
            Text(
                (
                    f"There was no digest for {community} this time: fewer than {minimum} things to tell. "
                    "They wait for the next one. A session, a poll or a good link gets it going again; ",
                    Code("/cop digest preview"),
                    " shows what is there.",
                )
            ),
        )
    )


def nowhere(community: str) -> Card:
    """Return what facilitators are told, once, when a digest had no channel to go to."""
    return Card(
        blocks=(
            Text(
                (
                    f"The digest of {community} has no channel to go to. Type ",
                    Code("/cop connect"),
                    " in one, or ",
                    Code("/cop digest off"),
                    ".",
                )
            ),
        )
    )


def scheduled(community: str, rhythm: str, next_at: Moment | None, approval: str) -> Card:
    """Return the answer to a change of schedule."""
    spans: list[Span] = [f"{community}: {rhythm}"]
    if next_at is None:
        spans += [" It is off at present: ", Code("/cop digest on"), "."]
    elif approval == "hold":
        spans += [" The next is due ", next_at, "; you get the draft a day before."]
    else:
        spans += [" The next goes out ", next_at, "."]
    return Card(blocks=(Text(tuple(spans)),))


def sent(channels: int) -> Card:
    """Return the answer to sending."""
    return Card(
        blocks=(Text((f"On its way to {'1 channel' if channels == 1 else f'{channels} channels'}.",)),)
    )


def day_of(moment: datetime, zone: str) -> str:
    """Return a date as people say it: "10 March"."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%B}"
