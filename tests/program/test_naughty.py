"""Nasty strings through every field, on both databases: they come out as they went in, or are refused kindly."""

import itertools
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from adapters import plain
from bot.app import registry
from bot.chat import Ask
from bot.registry import Command, Role
from bot.ui.calls import Call
from bot.ui.cards import Card, words
from bot.ui.codec import dump, load_card
from tests.program.conftest import Place
from tests.program.nasty import NO_TEXT, OURS, literal, packed, theirs
from tests.program.plausible import arguments
from tests.program.stage import ADMIN, Heard, Stage, never_our_fault, rehearsed
from tests.program.village import FACILITATOR, NOW

STRINGS = (*OURS, *theirs())
COMMANDS = registry().commands
UNSEEN = ("Cc", "Cs", "Zl", "Zp")
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Story:
    """Where the free text of a command goes: what finds it in the database, and what shows it.

    `stored` is a query by parameter; in `fixed`, {n} is a fresh number and {key} that of a fresh farewell.
    `shown` is the newest "letter", what is typed to see it, or nothing.
    """

    path: str
    stored: Mapping[str, str]
    fixed: Mapping[str, str] = field(default_factory=dict)
    shown: str = "letter"


def newest(column: str, table: str, order: str = "id") -> str:
    return f"SELECT {column} FROM {table} ORDER BY {order} DESC LIMIT 1"


VOICE = "SELECT question FROM proposalvoice WHERE proposal_id = 1 ORDER BY said_at DESC LIMIT 1"
STORIES = (
    Story(
        "cop create",
        {"name": newest("name", "community"), "purpose": newest("purpose", "community")},
        {"slug": "fresh-{n}"},
        "about fresh-{n}",
    ),
    Story(
        "session schedule",
        {
            "title": newest("title", "session"),
            "where": newest("place", "session"),
            "description": newest("description", "session"),
        },
        {"when": "thursday 15:00", "community": "python"},
    ),
    Story(
        "resource save",
        {"title": newest("title", "resource"), "note": newest("note", "resourcenote", "resource_id")},
        {"url": "https://example.org/{n}", "community": "python"},
        "resource show R{row}",
    ),
    Story("pulse poll", {"question": newest("text", "question")}, {"options": "a, b", "community": "python"}),
    Story(
        "cop propose",
        {name: newest(name, "proposal") for name in ("name", "problem", "audience", "question")},
    ),
    Story("cop farewell", {"reason": "SELECT reason FROM farewell WHERE id = '{key}'"}, {"key": "{key}"}, ""),
    Story("cop voice", {"question": VOICE}, {"proposal": "1", "stance": "in"}, ""),
    Story("cop bring", {"question": VOICE}, {"proposal": "1", "stance": "lead"}, ""),
)
FREE = {(story.path, name) for story in STORIES for name in story.stored} | {
    ("pulse poll", "options"),
    ("digest note", "note"),
}
READ = [
    (command, parameter)
    for command in COMMANDS.values()
    for parameter in command.parameters
    if (command.path, parameter.name) not in FREE
]
STRIDE = 60  # each field that is read, not kept, gets every so-manieth string; all of them come up


@pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story.path))
async def test_what_is_kept_comes_out_literally(place: Place, story: Story) -> None:
    command = COMMANDS[story.path]
    texts = {name: list(packed(STRINGS, limit_of(command, name))) for name in story.stored}
    with rehearsed(place[0], NOW) as stage:
        for n in range(max(map(len, texts.values()))):
            typed = {name: given[n % len(given)] for name, given in texts.items()}
            blanks = {"n": str(n), "key": await farewell(stage) if "{key}" in story.fixed.values() else ""}
            args = {name: value.format(**blanks) for name, value in story.fixed.items()} | typed
            heard = await stage.calls(FACILITATOR, Call(story.path, args))
            assert heard.outcome == "done", heard.text
            inert(stage, heard)
            for name, query in story.stored.items():
                assert await scalar(stage, query.format(**blanks)) == literal(typed[name])
            if story.shown:
                card = await seen(stage, story.shown, blanks)
                for said in typed.values():
                    shown_literally(stage, card, said)


async def test_the_options_of_a_poll_come_out_literally(place: Place) -> None:
    with rehearsed(place[0], NOW) as stage:
        for batch in batches(dict.fromkeys(" ".join(literal(s).split()) for s in STRINGS), 9):
            options = [f"{n} {option}".strip() for n, option in enumerate(batch) if len(option) < 98]
            args = {"question": "Which?", "options": "\n".join(options) + "\nnone", "community": "python"}
            heard = await stage.calls(FACILITATOR, Call("pulse poll", args))
            if sum(map(len, options)) + len(options) > 1_190:
                assert heard.outcome == "asked"
                continue
            assert heard.outcome == "done", heard.text
            assert json.loads(await scalar(stage, newest("CAST(options AS TEXT)", "question"))) == [
                *options,
                "none",
            ]
            card = await seen(stage, "letter", {})
            for option in options:
                shown_literally(stage, card, option)


async def test_the_note_of_a_digest_comes_out_literally(place: Place) -> None:
    with rehearsed(place[0], NOW) as stage:
        for note in packed(STRINGS, 300):
            heard = await stage.calls(
                FACILITATOR,
                Call("digest note", {"edition": place[1].edition, "note": note, "community": "python"}),
            )
            inert(stage, heard)
            if len(literal(note).split()) > 50:
                assert heard.outcome == "refused"
                assert "at most 50 words" in heard.text
            else:
                shown_literally(stage, heard.card, note)


@pytest.mark.parametrize("group", sorted({command.group for command, _ in READ}))
async def test_what_is_read_is_understood_or_refused_kindly(place: Place, group: str) -> None:
    connection, village = place
    for number, (command, parameter) in enumerate(READ):
        if command.group != group:
            continue
        with rehearsed(connection, NOW) as stage:
            who = ADMIN if command.role is Role.ADMIN else FACILITATOR
            for string in STRINGS[number % STRIDE :: STRIDE]:
                args = arguments(command, village) | {parameter.name: string}
                inert(stage, await stage.calls(who, Call(command.path, args)))


@pytest.mark.parametrize(("path", "name"), sorted(FREE))
async def test_what_is_no_text_is_kept_nowhere(place: Place, path: str, name: str) -> None:
    connection, village = place
    with rehearsed(connection, NOW) as stage:
        before = await stage.rows()
        for string in NO_TEXT:
            args = arguments(COMMANDS[path], village) | {name: string}
            heard = await stage.calls(FACILITATOR, Call(path, args))
            assert heard.outcome == "asked"
            inert(stage, heard)
        assert await stage.rows() == before


def limit_of(command: Command, name: str) -> int:
    parameter = command.parameter(name)
    assert parameter is not None
    return parameter.about.limit


def batches(strings: Iterable[str], size: int) -> Iterator[list[str]]:
    left = iter(strings)
    while batch := list(itertools.islice(left, size)):
        yield batch


async def farewell(stage: Stage) -> str:
    """The key under which somebody who just left may say why."""
    await stage.does("newcomer", "join python")
    left = await stage.does("newcomer", "leave python")
    return next(button.call.args["key"] for button in left.card.buttons())


async def scalar(stage: Stage, query: str) -> str:
    return await stage.hearth.database.read(lambda db: str(db.connection().scalar(text(query))))


async def seen(stage: Stage, shown: str, blanks: Mapping[str, str]) -> Card:
    """The card that shows what was kept."""
    if shown == "letter":
        return load_card(json.loads(await scalar(stage, newest("CAST(card AS TEXT)", "letter"))))
    row = await scalar(stage, newest("id", "resource"))
    heard = await stage.does(FACILITATOR, shown.format(**blanks, row=row))
    inert(stage, heard)
    return heard.card


def shown_literally(stage: Stage, card: Card, typed: str) -> None:
    """The card says what was typed, through JSON and as plain text too; a label may be cut, and says so."""
    assert load_card(json.loads(json.dumps(dump(card)))) == card
    wanted = literal(typed)
    for said, shown in ((wanted, words(card)), (plain.inert(wanted), stage.memory.text(card))):
        whole, there = squeezed(said), squeezed(shown)
        assert whole in there or (whole[:100] in there and "…" in there)


def squeezed(said: str) -> str:
    """The words of a text, whatever white space parts them; plain text writes two of those out."""
    return " ".join(said.replace("\\u2028", " ").replace("\\u2029", " ").split())


def inert(stage: Stage, heard: Heard) -> None:
    """The answer is no fault of ours, and any platform can show it without being moved by it."""
    never_our_fault(heard)
    if isinstance(heard.answer, Ask):
        said = json.dumps(dump([heard.answer.form, heard.answer.known]), ensure_ascii=False)
    else:
        said = json.dumps(dump(heard.card), ensure_ascii=False)
        lines = stage.memory.text(heard.card)
        assert not [c for c in lines if c != "\n" and (unicodedata.category(c) in UNSEEN or c in BIDI)]
    said.encode()
