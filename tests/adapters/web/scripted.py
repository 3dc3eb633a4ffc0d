"""A small bot of the tests' own behind the web chat: sessions, a long form, completions and mishaps."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.chat import (
    Answer,
    Ask,
    Called,
    Completing,
    Event,
    Mark,
    Reacted,
    Reply,
    Suggest,
    Update,
)
from bot.ui.calls import Call, split
from bot.ui.cards import Button, Buttons, Card, Facts, File, Rule, Text, note
from bot.ui.forms import Field, Form, Option
from bot.ui.spans import Bold, Code, Line, Link, Mention, Moment

WHEN = datetime(2030, 5, 14, 13, 0, tzinfo=UTC)
COMMUNITIES = {"python": "Python at work", "data-viz": "Data visualisation", "writing": "Clear writing"}

CATALOGUE: list[Mapping[str, Any]] = [
    {
        "path": path,
        "summary": summary,
        "fields": [
            {
                "name": name,
                "label": label,
                "hint": hint,
                "kind": kind,
                "required": required,
                "choices": choices,
            }
            for name, label, hint, kind, required, choices in fields
        ],
    }
    for path, summary, fields in (
        ("cop list", "Communities you can join", [("search", "Search", "a word", "line", False, [])]),
        ("cop join", "Join a community", [("community", "Community", "its name", "line", False, [])]),
        (
            "session schedule",
            "Schedule a session",
            [
                ("title", "Title", "", "line", True, []),
                ("when", "When", "for example: tue 15:00", "moment", True, []),
                ("community", "Community", "", "line", False, []),
            ],
        ),
        (
            "session rsvp",
            "Answer an invitation",
            [
                ("session", "Session", "", "line", True, []),
                (
                    "answer",
                    "Answer",
                    "",
                    "choice",
                    True,
                    [{"value": v, "label": v} for v in ("yes", "maybe", "no")],
                ),
            ],
        ),
        ("pulse start", "Ask the community a few questions", []),
        ("help", "What you can do here", [("topic", "Topic", "", "line", False, [])]),
    )
]

SCHEDULE = Form(
    "Schedule a session",
    Call("session schedule"),
    (
        Field("title", "Title", limit=80),
        Field("when", "When", kind="moment", hint="For example: tue 15:00"),
        Field("community", "Community", required=False),
        Field("place", "Where", kind="choice", required=False,
              choices=(Option("online", "Online"), Option("room", "In a room"))),
        Field("about", "Description", kind="paragraph", required=False),
    ),
    intro="It is announced in this channel, with buttons to answer.",
)  # fmt: skip

QUESTIONS = Form(
    "How is it going",
    Call("pulse answer", {"pulse": "P5"}),
    tuple(Field(f"q{n}", f"Question {n}", kind="paragraph" if n == 7 else "line") for n in range(1, 13)),
    intro="Anonymous: answers are kept apart from names.",
)


def parse(text: str) -> Call:
    """Read typed text; the first two words are the path where that is a command, else the first."""
    tokens = split(text)
    heads = [word.text for name, word in tokens[:2] if not name]
    paths = {entry["path"]: entry for entry in CATALOGUE}
    for path, used in ((" ".join(heads), 2), (f"cop {''.join(heads[:1])}", 1)):
        if path in paths:
            fields = [field["name"] for field in paths[path]["fields"]]
            loose = [word.text for name, word in tokens[used:] if not name]
            named = {name: word.text for name, word in tokens[used:] if name}
            return Call(path, {**dict(zip(fields, loose, strict=False)), **named})
    return Call(text or "help")


def session(title: str, going: Sequence[str] = (), where: str = "Online") -> Card:
    """The announcement of a session."""
    rsvp = {"session": "S12"}
    people: Line = tuple(Mention(n, name, {"web": name.lower()}) for n, name in enumerate(going))
    return Card(
        title,
        (
            Text(("Bring a question you could not answer last month. ", Bold("Everyone is welcome"), ".")),
            Facts(
                (
                    ("When", (Moment(WHEN),)),
                    ("Where", (where,)),
                    ("Host", (Mention(1, "Fran", {"web": "fran"}),)),
                    ("Going", (f"{len(going)}", *((" · ", *people) if people else ()))),
                )
            ),
            Buttons(
                (
                    Button("Going", Call("session rsvp", rsvp | {"answer": "yes"}), "primary"),
                    Button("Maybe", Call("session rsvp", rsvp | {"answer": "maybe"})),
                    Button("Can't make it", Call("session rsvp", rsvp | {"answer": "no"})),
                )
            ),
        ),
    )


def listing(joined: Sequence[str] = ()) -> Card:
    blocks: list[Any] = []
    for slug, name in COMMUNITIES.items():
        join = Button("Leave" if slug in joined else "Join", Call("cop join", {"community": slug}))
        blocks += [
            Text((Bold(name), f" · {len(name)} members\nType ", Code(f"/cop about {slug}"), " for more.")),
            Buttons((join,)),
            Rule(),
        ]
    return Card("Communities", tuple(blocks[:-1]))


class Scripted:
    """Keeps every event it was given, and the state its cards show."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.going: list[str] = []
        self.joined: list[str] = []

    async def handle(self, event: Event) -> Answer:
        self.events.append(event)
        match event:
            case Completing(param="community", typed=typed):
                found = [s for s in COMMUNITIES if s.startswith(typed.lower())]
                return Suggest([Option(slug, COMMUNITIES[slug]) for slug in found])
            case Completing():
                return Suggest([])
            case Reacted("bookmark", True):
                return Mark("pushpin")
            case Reacted():
                return None
        return self._called(event)

    def _called(self, event: Called) -> Answer:
        args = event.call.args
        match event.call.path:
            case "cop list":
                return Reply(listing(self.joined))
            case "cop join":
                self.joined.append(args["community"])
                return Update(listing(self.joined))
            case "session schedule":
                return self._schedule(args)
            case "session rsvp":
                self.going.append(event.by.name)
                return Update(session("Intro to RAG", self.going))
            case "pulse start":
                return Ask(QUESTIONS, {"token": "t1"})
            case "pulse answer":
                return Reply(note(f"Thank you: {sum(name[0] == 'q' for name in args)} answers are in."))
            case path if path.startswith("boom"):
                raise RuntimeError(f"broken by {path}")
            case "export":
                return Reply(Card(blocks=(Text(("Here it is.",)), File("me.json", "application/json", "{}"))))
            case "links":
                return Reply(Card(blocks=(Text((Link("https://evil.test/", "bank.example"),)),)))
        return Reply(note("There is no such command here. Try ", Code("/cop list"), "."))

    def _schedule(self, args: Mapping[str, str]) -> Answer:
        problems = {}
        if "title" not in args:
            problems["title"] = "Give it a title."
        if args.get("when", "").endswith("nonsense"):
            problems["when"] = "That is no time. Try “tue 15:00”."
        elif "when" not in args:
            problems["when"] = "Say when it is."
        if problems:
            return Ask(SCHEDULE, dict(args), problems)
        return Reply(session(args["title"], where=args.get("place", "Online")), private=False)
