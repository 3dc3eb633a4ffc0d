"""Cards about communities, their members and proposals for new ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.cards import lists
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, Rule, Style, Text
from bot.ui.spans import Bold, Code, Line, Mention, Moment, Span, line

PAGE = 10
NAMES = 800
"""How many characters of names a list of them may have."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One community as a list shows it."""

    slug: str
    name: str
    purpose: str
    visibility: str
    archived: bool
    size: int
    belongs: bool
    next_title: str = ""
    next_at: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class About:
    """Everything `cop about` says."""

    listed: Listed
    facilitators: Sequence[Mention]
    channels: Sequence[str]
    rhythm: str
    charter: str
    sessions: Sequence[tuple[str, str, datetime]]
    resources: Sequence[tuple[str, str]]
    inside: bool


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a newcomer to a community's channel is told; `session` is the next one's title and start."""

    slug: str
    name: str
    purpose: str
    visibility: str
    facilitators: Sequence[Mention]
    belongs: bool
    session: tuple[str, datetime] | None
    zone: str


def people(count: int) -> str:
    """Return "1 member", "12 members"."""
    return "1 member" if count == 1 else f"{count:,} members"


def listing(rows: Sequence[Listed], search: str, page: int, more: Call | None) -> Card:
    """Return one page of communities, each with a Join button where that makes sense.

    `more` calls the next page; None where no button can carry the search.
    """
    if not rows:
        empty = f"No community matches “{search}”." if search else "There is no community yet."
        return Card(
            "Communities",
            (Text((f"{empty} Start one with ", Code("/cop create"), " or ", Code("/cop propose"), ".")),),
        )
    shown = rows[page * PAGE : (page + 1) * PAGE]
    blocks: list[Text | Buttons] = []
    joinable: list[Button] = []
    for row in shown:
        blocks.append(Text(_entry(row)))
        if not row.belongs and not row.archived and len(joinable) < 20:
            joinable.append(
                Button(shorten(f"Join {row.slug}", 75), Call("cop join", {"community": row.slug}))
            )
    left = len(rows) - (page + 1) * PAGE
    if left > 0 and more is not None:
        joinable.append(Button("More", more))
    elif left > 0:
        blocks.append(Text((f"{left:,} more fit. Please search for fewer words to page through them.",)))
    blocks += rows_of(joinable)
    return Card("Communities", tuple(blocks))


def _entry(row: Listed) -> Line:
    spans: list[Span] = [Bold(row.name), f" ({row.slug}): {shorten(row.purpose, 200)}\n{people(row.size)}"]
    if row.belongs:
        spans.append(", you among them")
    if row.visibility != "open":
        spans.append(", by request" if row.visibility == "request" else ", private")
    if row.archived:
        spans.append(", archived")
    if row.next_at is not None:
        spans += [". Next: ", shorten(row.next_title, 80), ", ", Moment(row.next_at, row.zone)]
    return line(*spans)


def _page_button(path: str, page: int, args: dict[str, str]) -> Button:
    return Button("More", Call(path, {**args, "page": str(page + 1)}))


def rows_of(buttons: Sequence[Button]) -> list[Buttons]:
    """Return the buttons in rows of five."""
    return [Buttons(tuple(buttons[i : i + 5])) for i in range(0, len(buttons), 5)]


def about(view: About) -> Card:
    """Return the portrait of one community."""
    row = view.listed
    facts: list[tuple[str, Line]] = [
        ("Members", (people(row.size),)),
        ("Facilitators", lists.names(view.facilitators, NAMES) or ("none at present",)),
        ("Channels", _channels(view.channels)),
        ("Rhythm", (view.rhythm,)),
    ]
    if row.visibility != "open":
        facts.append(
            ("Joining", ("facilitators answer requests" if row.visibility == "request" else "by invitation",))
        )
    blocks: list[Text | Facts | Rule | Buttons] = [Text((row.purpose,)), Facts(tuple(facts))]
    if row.archived:
        blocks.insert(0, Text((Bold("Archived"), ": kept to read, nothing new happens here.")))
    if view.charter:
        blocks.append(Text((Bold("Charter"), f"\n{shorten(view.charter, 800)}")))
    if view.sessions:
        spans: list[Span] = [Bold("Next sessions")]
        for code, title, at in view.sessions:
            spans += [f"\n{code} {shorten(title, 100)}, ", Moment(at, row.zone)]
        blocks.append(Text(tuple(spans)))
    if view.resources:
        spans = [Bold("Top resources")]
        spans += [f"\n{code} {shorten(title, 120)}" for code, title in view.resources]
        blocks.append(Text(tuple(spans)))
    if not view.inside:
        blocks.append(Text(("Its sessions and resources are for members.",)))
    blocks += rows_of(_about_buttons(row))
    return Card(shorten(row.name, 150), tuple(blocks))


def _about_buttons(row: Listed) -> list[Button]:
    here = {"community": row.slug}
    if row.archived:
        return []
    if not row.belongs:
        label = "Join" if row.visibility == "open" else "Ask to join"
        return [Button(label, Call("cop join", here), "primary")]
    return [
        Button("Members", Call("cop members", here)),
        Button("Sessions", Call("session list", here)),
        Button("Resources", Call("resource list", here)),
    ]


def _channels(names: Sequence[str]) -> Line:
    shown = lists.joined([(name,) for name in names], len(names), NAMES, ", ", " and {} more")
    return shown or ("none yet: /cop connect in a channel",)


def members(
    name: str, slug: str, total: int, rows: Sequence[tuple[Mention, str]], page: int, size: int
) -> Card:
    """Return one page of members, facilitators first."""
    spans: list[Span] = []
    for person, role in rows:
        spans += ["\n" if spans else "", person, " (facilitator)" if role == "facilitator" else ""]
    blocks: list[Text | Buttons] = [Text(line(*spans) or ("Nobody on this page.",))]
    if total > (page + 1) * size:
        blocks.append(Buttons((_page_button("cop members", page + 1, {"community": slug}),)))
    return Card(shorten(f"{name}: {people(total)}", 150), tuple(blocks))


def join_request(name: str, slug: str, request: int, who: Mention, outcome: str, by: Mention | None) -> Card:
    """Return the card facilitators answer a request with; decided, it says how and by whom."""
    head = Text((who, f" would like to join {name}."))
    if outcome:
        return Card(
            "A request to join", (head, Text(line(outcome.capitalize(), " by ", by or "someone", ".")))
        )
    args = {"community": slug, "request": str(request)}
    return Card(
        "A request to join",
        (
            head,
            Buttons(
                (
                    Button("Approve", Call("cop decide", {**args, "decision": "approve"}), "primary"),
                    Button("Decline", Call("cop decide", {**args, "decision": "decline"})),
                )
            ),
        ),
    )


def invitation(name: str, slug: str, purpose: str, inviter: Mention) -> Card:
    """Return what an invited person gets."""
    return Card(
        "An invitation",
        (
            Text((inviter, " invites you to ", Bold(name), f": {shorten(purpose, 300)}")),
            Buttons((Button("Join", Call("cop join", {"community": slug}), "primary"),)),
        ),
    )


def welcome(view: Welcome) -> Card:
    """Return what a newcomer sees, alone, on coming into a channel of the community."""
    spans: list[Span] = [view.purpose]
    if view.facilitators:
        are = "is" if len(view.facilitators) == 1 else "are"
        spans += ["\nIt is tended by ", *lists.names(view.facilitators, NAMES), f", who {are} glad to help."]
    if view.session is not None:
        title, at = view.session
        spans += ["\nNext: ", shorten(title, 100), ", ", Moment(at, view.zone), "."]
    here = {"community": view.slug}
    row = [Button("About", Call("cop about", here)), Button("Help", Call("help"))]
    if not view.belongs:
        spans.append("\nBy joining you can answer its invitations and polls and save to its library.")
        label = "Ask to join" if view.visibility == "request" else "Join"
        row.insert(0, Button(label, Call("cop join", here), "primary"))
    quiet = ("Only you see this, and only once. What is kept about you: ", Code("/cop me"), ".")
    return Card(
        shorten(f"Welcome to {view.name}", 150), (Text(line(*spans)), Text(quiet), Buttons(tuple(row)))
    )


def settings(name: str, values: Mapping[str, str], next_digest: Moment | None) -> Card:
    """Return the settings as they stand."""
    facts = tuple(
        (label.replace("_", " ").capitalize(), (value or "as usual",)) for label, value in values.items()
    )
    blocks: list[Text | Facts] = [Facts(facts)]
    if next_digest is not None:
        blocks.append(Text(("The next digest goes out ", next_digest, ".")))
    return Card(shorten(f"Settings of {name}", 150), tuple(blocks))


def left(name: str, key: str) -> Card:
    """Return the quiet goodbye, with the one optional question."""
    return Card(
        blocks=(
            Text(
                (
                    f"You have left {name}. Nobody is told. If you like, say why in a line: it is kept without your name.",
                )
            ),
            Buttons((Button("Say why", Call("cop farewell", {"key": key})),)),
        )
    )


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal as its card shows it."""

    id: int
    name: str
    problem: str
    audience: str
    question: str
    author: Mention
    state: str
    deadline: datetime
    zone: str
    people: int
    leaders: int
    questions: int
    need_people: int
    need_leaders: int
    need_questions: int
    endorsers: int
    founded_slug: str = ""


def proposal(view: Proposed) -> Card:
    """Return the proposal with how far it is; open ones have the three buttons."""
    blocks: list[Text | Facts | Buttons] = [
        Text((view.author, " proposes a community.")),
        Facts(
            (
                ("The problem we share", (view.problem,)),
                ("Who for", (view.audience,)),
                ("A question to begin with", (view.question,)),
            )
        ),
    ]
    until: tuple[Span, ...] = (Moment(view.deadline, view.zone),)
    progress = (
        f"{view.people} of {view.need_people} are in, {view.leaders} of {view.need_leaders} would help lead, "
        f"{view.questions} of {view.need_questions} brought a question"
    )
    match view.state:
        case "proposed":
            blocks.append(
                Text(
                    (
                        f"{view.endorsers} others who are in take it further, by ",
                        *until,
                        f". So far: {progress}.",
                    )
                )
            )
        case "gauging":
            blocks.append(Text(("Gathering people until ", *until, f": {progress}.")))
        case "founded":
            blocks.append(Text(("It has become a community: ", Code(f"/cop join {view.founded_slug}"), ".")))
        case _:
            blocks.append(
                Text(("Parked for now, with thanks: it can be proposed again when the time is right.",))
            )
    if view.state in ("proposed", "gauging"):
        blocks.append(
            Buttons(
                tuple(
                    Button(label, Call("cop voice", {"proposal": str(view.id), "stance": stance}), style)
                    for label, stance, style in _STANCES
                )
            )
        )
    return Card(shorten(f"Proposal: {view.name}", 150), tuple(blocks))


_STANCES: tuple[tuple[str, str, Style], ...] = (
    ("I'm in", "in", "primary"),
    ("I'd help lead", "lead", "plain"),
    ("Not for me", "no", "plain"),
)
