"""A small sample community for the demo, made by the commands its people would have typed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat import Actor, Address, Answer, Called, Reply, Update
from bot.registry import Registry

PLATFORM = "web"
ZONES = {"fran": "Europe/London", "ana": "America/Sao_Paulo", "kofi": "Africa/Accra", "hana": "Asia/Tokyo"}


@dataclass(frozen=True, slots=True)
class Said:
    """What one person typed, how many days before the demo starts, in which channel."""

    days_ago: float
    who: str
    channel: str
    text: str


def _by(days_ago: float, channel: str, text: str, *people: str) -> list[Said]:
    return [Said(days_ago, who, channel, text) for who in people]


SCRIPT: list[Said] = [
    Said(60, "Fran", "python", 'create "Python at work" "We share what we learn from building things with Python." slug:python'),
    Said(58, "Ines", "data-viz", 'create "Data visualisation" "Charts that help people decide, and how we make them." slug:data-viz'),
    Said(50, "Kofi", "circle", 'create "Facilitators\' circle" "We help each other run good communities." slug:circle visibility:request'),
    *_by(45, "python", "join python", "Mo", "Ana", "Ben", "Chidi", "Dara", "Elif", "Ines"),
    *_by(40, "data-viz", "join data-viz", "Ana", "Goran", "Hana", "Jonas", "Fran"),
    Said(30, "Fran", "circle", "join circle"),
    Said(29, "Kofi", "circle", "cop decide community:circle request:1 decision:approve"),
    Said(28, "Fran", "python", "promote @mo python"),
    Said(21, "Mo", "python", 'session schedule "Packaging without tears" "in 3 days at 15:00" duration:45m description:"Bring the setup that hurts most."'),
    *_by(20, "python", "session rsvp S1 yes", "Ana", "Ben", "Chidi"),
    Said(19, "Ana", "python", 'resource save https://packaging.python.org/en/latest/tutorials/packaging-projects/ title:"Packaging Python projects" tags:packaging,tutorial note:"The one to read before asking."'),
    Said(18, "Chidi", "python", 'resource save https://docs.python.org/3/library/tomllib.html title:"tomllib: parse TOML files" tags:stdlib note:"No dependency needed any more."'),
    Said(16, "Elif", "python", "preferences be_welcomed:yes"),
    Said(15, "Ben", "python", 'pulse poll "Which topic next?" "Typing, Testing, Async, Packaging" closes:3d'),
    *_by(14.9, "python", "pulse vote pulse:P1 choice:2", "Mo", "Ana", "Dara"),
    *_by(14.8, "python", "pulse vote pulse:P1 choice:1", "Fran", "Chidi"),
    *_by(14.7, "python", "pulse vote pulse:P1 choice:3", "Elif", "Ben"),
    Said(11, "Ben", "python", "pulse close P1"),
    Said(8, "Fran", "python", "digest send"),
    Said(6, "Dara", "python", 'resource save https://hypothesis.readthedocs.io/en/latest/ title:"Hypothesis: property-based testing" tags:testing note:"Found a bug in my date code in five minutes."'),
    *_by(5, "python", "resource endorse R3", "Mo", "Ana"),
    Said(5, "Mo", "python", 'resource save https://docs.pytest.org/en/stable/how-to/fixtures.html title:"How to use fixtures" tags:testing,pytest'),
    Said(4, "Fran", "python", 'session schedule "Property-based testing, hands on" "in 7 days at 14:00" duration:60m capacity:6 description:"We test a small scheduler together."'),
    *_by(3, "python", "session rsvp S2 yes", "Mo", "Dara", "Chidi"),
    Said(3, "Ana", "python", "session rsvp S2 maybe"),
    Said(3, "Ines", "data-viz", 'session schedule "Chart clinic" "in 6 days at 16:00" duration:30m description:"Show a chart that is not working yet."'),
    *_by(2, "data-viz", "session rsvp S3 yes", "Goran", "Hana"),
    Said(2, "Hana", "data-viz", 'resource save https://clauswilke.com/dataviz/ title:"Fundamentals of Data Visualization" tags:book,basics note:"Free to read, clear on colour."'),
    Said(1, "Ben", "python", 'pulse poll "Should sessions be recorded?" "Yes, No, Only the talk" closes:4d'),
]  # fmt: skip

GREETINGS = (
    ("python", "Fran", "Hello all! The next session is hands on, so bring a laptop."),
    (
        "python",
        "Mo",
        "Looking forward to it. https://hypothesis.readthedocs.io/en/latest/quickstart.html helped me.",
    ),
    ("general", "Ana", "Anyone new here: type /cop list to see the communities."),
)

Handle = Callable[[Called], Awaitable[Answer]]
At = Callable[[datetime], None]
Settle = Callable[[], Awaitable[None]]


async def play(handle: Handle, registry: Registry, set_clock: At, now: datetime, settle: Settle) -> list[str]:
    """Let the people of the sample say their lines, as of the days before `now`.

    `settle` sends what each line set in motion. Returns what went wrong, which should be nothing.
    """
    problems: list[str] = []
    for said in SCRIPT:
        set_clock(now - timedelta(days=said.days_ago))
        actor = Actor(PLATFORM, said.who.lower(), said.who, ZONES.get(said.who.lower(), "UTC"))
        at = Address(PLATFORM, said.channel, name=said.channel)
        answer = await handle(Called(registry.parse(said.text), actor, at))
        if not isinstance(answer, Reply | Update):
            problems.append(f"{said.who}: {said.text}: {answer!r}"[:500])
        await settle()
    set_clock(now)
    return problems
