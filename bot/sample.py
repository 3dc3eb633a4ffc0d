"""A small sample community for the demo, made by what its people would have typed, said and reacted."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from bot.chat import Actor, Address, Answer, Called, Handle, Mark, MessageRef, Reacted, Reply, Update
from bot.registry import Registry

PLATFORM = "web"
ZONES = {"fran": "Europe/London", "ana": "America/Sao_Paulo", "kofi": "Africa/Accra", "hana": "Asia/Tokyo"}


class Stage(Protocol):
    """The chat the sample is played in."""

    async def enter(self, by: Actor) -> None:
        """Let the person be known there."""

    async def write(self, by: Actor, at: Address, text: str) -> MessageRef:
        """Say the text there as that person."""

    async def react(self, by: Actor, emoji: str, on: MessageRef) -> None:
        """Put the reaction on the message as that person, or as the bot."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one person typed after a slash, or said, so many days before the demo starts, by UTC's clock.

    {soon} and {later} are the dates of working days to come. Of `reactions`, each is "Name emoji".
    """

    days_ago: int
    clock: str
    who: str
    channel: str
    text: str
    reactions: tuple[str, ...] = ()


def _each(days_ago: int, clock: str, channel: str, text: str, *people: str) -> list[Line]:
    return [Line(days_ago, clock, who, channel, text) for who in people]


SCRIPT: list[Line] = [
    Line(60, "09:00", "Fran", "python", '/create "Python at work" "We share what we learn from building things with Python." slug:python'),
    Line(58, "09:00", "Ines", "data-viz", '/create "Data visualisation" "Charts that help people decide, and how we make them." slug:data-viz'),
    Line(50, "09:00", "Kofi", "circle", '/create "Facilitators\' circle" "We help each other run good communities." slug:circle visibility:request'),
    Line(50, "09:10", "Kofi", "circle", "A place to ask each other what nobody tells you about facilitating."),
    *_each(45, "10:00", "python", "/join python", "Mo", "Ana", "Ben", "Chidi", "Dara", "Elif", "Ines"),
    *_each(40, "10:00", "data-viz", "/join data-viz", "Ana", "Goran", "Hana", "Jonas", "Fran"),
    Line(30, "10:00", "Fran", "circle", "/join circle"),
    Line(29, "08:30", "Kofi", "circle", "/cop decide community:circle request:1 decision:approve"),
    Line(28, "11:00", "Fran", "python", "/promote @dara python"),
    Line(21, "09:15", "Dara", "python", '/session schedule "Packaging without tears" "in 3 days at 15:00" duration:45m description:"Bring the setup that hurts most."'),
    *_each(20, "12:00", "python", "/session rsvp S1 yes", "Ana", "Ben", "Chidi"),
    Line(19, "13:00", "Ana", "python", '/resource save https://packaging.python.org/en/latest/tutorials/packaging-projects/ title:"Packaging Python projects" tags:packaging,tutorial note:"The one to read before asking."'),
    Line(18, "16:30", "Chidi", "python", '/resource save https://docs.python.org/3/library/tomllib.html title:"tomllib: parse TOML files" tags:stdlib note:"No dependency needed any more."'),
    Line(16, "09:00", "Elif", "python", "/preferences be_welcomed:yes"),
    Line(15, "09:05", "Ben", "python", '/pulse poll "Which topic next?" "Typing, Testing, Async, Packaging" closes:3d'),
    *_each(14, "10:00", "python", "/pulse vote pulse:P1 choice:2", "Mo", "Ana", "Dara"),
    *_each(14, "11:00", "python", "/pulse vote pulse:P1 choice:1", "Fran", "Chidi"),
    *_each(14, "12:00", "python", "/pulse vote pulse:P1 choice:3", "Elif", "Ben"),
    Line(12, "09:05", "Ben", "python", "/pulse close P1"),
    Line(8, "10:00", "Fran", "python", "/digest send"),
    Line(6, "15:20", "Dara", "python", '/resource save https://hypothesis.readthedocs.io/en/latest/ title:"Hypothesis: property-based testing" tags:testing note:"Found a bug in my date code in five minutes."'),
    *_each(5, "09:00", "python", "/resource endorse R3", "Mo", "Ana"),
    Line(5, "09:30", "Mo", "python", '/resource save https://docs.pytest.org/en/stable/how-to/fixtures.html title:"How to use fixtures" tags:testing,pytest'),
    Line(4, "09:40", "Fran", "python", '/session schedule "Property-based testing, hands on" "{soon} 14:00" duration:60m where:"Room 3 and the usual call" capacity:6 description:"We test a small scheduler together. Bring a laptop."'),
    *_each(3, "11:00", "python", "/session rsvp S2 yes", "Mo", "Dara", "Chidi"),
    Line(3, "11:30", "Ana", "python", "/session rsvp S2 maybe"),
    Line(3, "13:00", "Ines", "data-viz", '/session schedule "Chart clinic" "{later} 16:00" duration:30m description:"Show a chart that is not working yet."'),
    *_each(2, "09:00", "data-viz", "/session rsvp S3 yes", "Goran", "Hana"),
    Line(2, "10:05", "Chidi", "python", "What is a good first property to test? Mine only ever test my own tests."),
    Line(2, "10:12", "Dara", "python", "Round trips: write, read back, compare. This got me going: https://hypothesis.readthedocs.io/en/latest/quickstart.html", ("Ana bookmark", "Chidi raised_hands", "Mo raised_hands")),
    Line(2, "15:00", "Hana", "data-viz", '/resource save https://clauswilke.com/dataviz/ title:"Fundamentals of Data Visualization" tags:book,basics note:"Free to read, clear on colour."'),
    Line(2, "15:05", "Goran", "data-viz", "I bring the chart with the two axes, you have been warned.", ("Ines joy",)),
    Line(1, "09:30", "Ben", "python", '/pulse poll "Should sessions be recorded?" "Yes, No, Only the talk" closes:4d'),
    Line(1, "14:45", "Ada", "general", "New here? Type /cop list to see the communities, or /cop help to see what you can do.", ("Elif wave",)),
    Line(1, "16:10", "Mo", "python", "Looking forward to the hands-on. I bring the date bug from last week.", ("Fran tada", "Dara tada", "Elif eyes")),
]  # fmt: skip

At = Callable[[datetime], None]
Settle = Callable[[], Awaitable[None]]


async def play(
    stage: Stage, handle: Handle, registry: Registry, set_clock: At, now: datetime, settle: Settle
) -> list[str]:
    """Let the people of the sample act, as of the days before `now`, an aware moment in UTC.

    `settle` sends what was set in motion. Returns what went wrong, which should be nothing.
    """
    for name in dict.fromkeys(line.who for line in SCRIPT):
        await stage.enter(_actor(name))
    problems: list[str] = []
    moment = now
    for line in SCRIPT:
        at = datetime.combine(_day(now, -line.days_ago), time.fromisoformat(line.clock), now.tzinfo)
        if at != moment:  # what was said at one moment is sent at that moment, and cards are redrawn once
            await settle()
            set_clock(moment := at)
        answer = await _act(stage, handle, registry, line, now)
        if not isinstance(answer, Reply | Update | None):
            problems.append(f"{line.who}: {line.text}: {answer!r}"[:500])
    await settle()
    set_clock(now)
    return problems


async def _act(stage: Stage, handle: Handle, registry: Registry, line: Line, now: datetime) -> Answer:
    by, at = _actor(line.who), Address(PLATFORM, line.channel, name=line.channel)
    text = line.text.format(soon=_working(now, 2), later=_working(now, 5))
    if text.startswith("/"):
        return await handle(Called(registry.parse(text.removeprefix("/")), by, at))
    said = await stage.write(by, at, text)
    for who, emoji in (reaction.split() for reaction in line.reactions):
        await stage.react(_actor(who), emoji, said)
        answer = await handle(Reacted(emoji, True, said, _actor(who)))
        if isinstance(answer, Mark):
            await stage.react(Actor(PLATFORM, "", "", bot=True), answer.emoji, said)
    return None


def _actor(name: str) -> Actor:
    return Actor(PLATFORM, name.lower(), name, ZONES.get(name.lower(), "UTC"))


def _day(now: datetime, days: int) -> date:
    return (now + timedelta(days=days)).date()


def _working(now: datetime, days: int) -> date:
    """Return the first day from Monday to Friday that is at least so many days ahead."""
    return next(day for day in (_day(now, days + n) for n in range(3)) if day.weekday() < 5)
