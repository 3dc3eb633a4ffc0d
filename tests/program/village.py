"""A village of four communities in the middle of things, so that every command has something to act on.

`python` is open and lively, `circle` takes requests, `garden` is somebody else's, `vault` is private and
everything in it says Xylophone, `attic` is archived.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import select

from storage.tables import Edition
from tests.program.stage import Heard, Stage

BEGIN = datetime(2026, 3, 3, 12, tzinfo=UTC)  # a Tuesday
NOW = datetime(2026, 3, 9, 11, tzinfo=UTC)  # the Monday after, when the drafts of digests are out
SECRET = "xylophone"

FACILITATOR, SECOND, MEMBER, LEFT, STRANGER = "fran", "flo", "mo", "eve", "sam"
ELSEWHERE = "gus"  # facilitates garden, and belongs nowhere else
INSIDER = "val"  # facilitates vault

_SCRIPT: list[tuple[str, str, str]] = [
    ("fran", "python", 'create "Python at work" "We share what we learn." slug:python'),
    ("gus", "garden", 'create "Garden" "We grow things." slug:garden'),
    ("fran", "circle", 'create "Circle" "We help each other." slug:circle visibility:request'),
    ("ada", "attic", 'create "Attic" "We kept things." slug:attic'),
    ("val", "vault", 'create "Xylophone vault" "Xylophone players only." slug:xylophone visibility:private'),
    *((who, "python", "join python") for who in ("flo", "mo", "ben", "ana", "eve")),
    ("fran", "python", "promote @flo python"),
    ("rae", "circle", "join circle"),
    ("ada", "attic", "archive attic"),
    ("mo", "general", 'propose "Baking" "Our bread is flat" "home bakers" "Why is mine flat?"'),
    ("fran", "python", 'session schedule "Intro to RAG" "2026-03-12 15:00" capacity:10 community:python'),
    ("mo", "python", "session rsvp S1 yes"),
    ("mo", "python", 'resource save https://example.org/rag "Retrieval" tags:rag note:"Start here." community:python'),
    ("ana", "python", 'resource save https://example.org/typing "Typing" tags:types community:python'),
    ("mo", "python", 'pulse poll "Which topic next?" "Typing, Testing" closes:14d community:python'),
    ("mo", "python", 'pulse poll "Record sessions?" "Yes, No" closes:1d community:python anonymous:no'),
    ("ana", "python", "pulse vote pulse:P2 choice:1"),
    ("val", "vault", 'session schedule "Xylophone night" "2026-03-12 18:00" community:xylophone'),
    ("val", "vault", 'resource save https://xylophone.example/notes "Xylophone notes" tags:xylophone community:xylophone'),
    ("val", "vault", 'pulse poll "Which xylophone?" "Xylophone A, Xylophone B" anonymous:no community:xylophone closes:14d'),
    ("fran", "circle", 'session schedule "Inner circle" "2026-03-13 18:00" community:circle'),
    ("fran", "python", 'session poll "Reading group" "2026-03-18 15:00, 2026-03-19 15:00" closes:8d community:python'),
    ("fran", "python", "session plan light community:python"),
    ("fran", "python", "digest schedule tuesday 10:00 approval:hold community:python"),
]  # fmt: skip


@dataclass
class Village:
    """What the script left behind that cannot be known beforehand."""

    receipt: str = ""  # the key of mo's anonymous answer to P1
    farewell: str = ""  # the key under which eve may say why she left
    edition: str = ""  # the draft of python's digest


async def settled(stage: Stage) -> Village:
    """Play the script on an empty database; the clock stands at NOW afterwards."""
    stage.clock.stand_at(BEGIN)
    for number, (who, channel, typed) in enumerate(_SCRIPT):
        stage.clock.stand_at(BEGIN + timedelta(minutes=number))
        await stage.does(who, typed, channel)
    await stage.settle()
    voted = await stage.does(MEMBER, "pulse vote pulse:P1 choice:2", "python")
    left = await stage.does(LEFT, "leave python", "python")
    stage.clock.stand_at(NOW)
    await stage.settle()
    editions = await stage.hearth.database.read(
        lambda db: db.exec(select(Edition.id).where(Edition.state == "held")).all()
    )
    assert len(editions) == 1, "python's draft is held"
    return Village(_carried(voted, "key"), _carried(left, "key"), str(editions[0]))


def _carried(heard: Heard, name: str) -> str:
    """What the answer's button carries under this name."""
    return next(button.call.args[name] for button in heard.card.buttons() if name in button.call.args)
