"""Deliveries from Slack that come late, more than once, or in one attempt not at all."""

import asyncio
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from adapters.emoji import name_of
from scheduler.rates import Rates
from storage.database import Db, open_database
from storage.tables import (
    Letter,
    Membership,
    NamedAnswer,
    Person,
    Resource,
    Rsvp,
)
from tests.fakes.slack import Message, Trouble
from tests.fakes.slack.ledger import Json
from tests.faults.slack_stage import Stage, stage
from tests.platforms.slack import Member, Mode, reference
from tests.platforms.slack_forms import bare, buttons

ROUNDS = int(os.environ.get("HEARTH_FAULT_ROUNDS", "6"))
SEED = int(os.environ.get("HEARTH_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
MONDAY = datetime(2026, 3, 2, 10, tzinfo=UTC)


def since_monday() -> Callable[[], datetime]:
    """Return a clock that shows that Monday now and goes on from there."""
    began = time.monotonic()
    return lambda: MONDAY + timedelta(seconds=time.monotonic() - began)


async def community(stage: Stage, founder: Member, *members: Member, name: str = "Python") -> None:
    """Make a community in the channel of its name, with these members."""
    await founder.says(f"create {name} 'We learn from each other'", in_=name.lower())
    assert f"{name} is open" in founder.sees
    for member in members:
        await member.says(f"join {name.lower()}")
        assert f"Welcome to {name}" in member.sees


ANSWERS = ("Going", "Maybe", "Can't")
CHOICES = ("Cake", "Pie", "Fruit")
Act = tuple[str, str]


def button(on: Message, label: str) -> Json:
    """Return the button of this label."""
    return next(element for text, element in buttons(on) if bare(text) == bare(label))


def acts(chance: random.Random, number: int) -> list[Act]:
    """Return what one person does, one thing after another."""
    done: list[Act] = []
    for step in range(number):
        match chance.randrange(8):
            case 0 | 1:
                done.append(("press", chance.choice(ANSWERS)))
            case 2:
                done.append(("press", chance.choice(CHOICES)))
            case 3:
                done.append(("say", f"session rsvp S1 {chance.choice(('yes', 'maybe', 'no'))}"))
            case 4:
                done.append(("save", str(step)))
            case 5:
                emoji = chance.choice("✅❓❌")
                done += [("react", emoji), ("unreact", emoji)][: chance.choice((1, 2))]
            case 6:
                done.append(("flick", chance.choice("✅❓❌")))
            case 7 if step % 4 == 0:  # Slack opens a hundred views a minute
                done.append(("fill", str(step)))
    return done


async def play(stage: Stage, scripts: dict[str, list[Act]], trouble: Trouble | None) -> dict[str, Any]:
    """Let everybody act at once, each one thing after another; return how everything stands at the end."""
    fran, *others = stage.people("Fran", *scripts)
    await community(stage, fran, *others)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    await fran.says(f"pulse poll 'What first?' '{', '.join(CHOICES)}' anonymous:no", in_="python")
    await stage.delivered()
    session, poll = stage.posted("python")
    stage.slack.deliveries.trouble = trouble

    async def live(member: Member, name: str) -> None:
        for kind, what in scripts[name]:
            if kind == "press":
                on = poll if what in CHOICES else session
                await member.presses_on(on, button(on, what))
            elif kind == "say":
                await member.person.command(what, stage.channel("python"))
            elif kind == "save":
                url = f"https://example.org/{name.lower()}/{what}"
                await member.person.command(f"resource save {url} 'About {what}'", stage.channel("python"))
            elif kind == "react":
                await member.reacts(what, reference(session))
            elif kind == "unreact":
                await member.unreacts(what, reference(session))
            elif kind == "flick":
                emoji = name_of(what)
                await asyncio.gather(
                    member.person.react(session, emoji), member.person.unreact(session, emoji)
                )
            elif kind == "fill":
                await member.person.command("resource save", stage.channel("python"))
                await stage.adapter.idle()
                if member.person.modal is None:  # on a busy machine its trigger may have died
                    await member.presses("Open the form")
                await member.fills(url=f"https://example.org/{name.lower()}/form/{what}")

    await asyncio.gather(*(live(member, name) for member, name in zip(others, scripts, strict=True)))
    await stage.slack.deliveries.settled()
    assert stage.slack.deliveries.missed == []
    await stage.delivered(120)  # a busy card is redrawn no more than fifty times a minute
    return await stage.hearth.database.read(standing) | {
        "messages": [stage.workspace.text(m, "UTC") for m in stage.posted("python")],
    }


def standing(db: Db) -> dict[str, Any]:
    """Return what is so, by names."""
    name = col(Person.name)
    return {
        "people": sorted(db.exec(select(name))),
        "members": sorted(db.exec(select(name, Membership.role).join(Membership))),
        "rsvps": sorted(db.exec(select(name, Rsvp.answer).join(Rsvp))),
        "answers": sorted(db.exec(select(name, NamedAnswer.value).join(NamedAnswer))),
        "saved": sorted(
            db.exec(select(name, Resource.url).join(Resource, col(Resource.saver_id) == Person.id))
        ),
        "letters": sorted(db.exec(select(Letter.key, Letter.state))),
    }


@pytest.mark.timeout(400 + 10 * ROUNDS)
@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_deliveries_doubled_late_and_lost_leave_what_one_clean_run_leaves(
    sqlite_url: str, tmp_path: Any, sqlite_template: Any, mode: Mode
) -> None:
    print(f"HEARTH_FAULT_SEED={SEED} HEARTH_FAULT_ROUNDS={ROUNDS}")  # noqa: T201  # to repeat a failure
    chance = random.Random(SEED)
    people = 10
    scripts = {f"P{n}": acts(chance, 2 * ROUNDS) for n in range(people)}
    trouble = Trouble(random.Random(SEED), doubled=0.3, late=0.5, lost=0.2, unheard=0.2)
    ends: list[dict[str, Any]] = []
    for run in (None, trouble):
        url = f"sqlite:///{tmp_path / f'{len(ends)}.db'}"
        (tmp_path / f"{len(ends)}.db").write_bytes(sqlite_template.read_bytes())
        database = open_database(url)
        async with stage(database, mode=mode, clock=since_monday(), rates=Rates()) as on:
            ends.append(await play(on, scripts, run))
            attempts, meant = on.slack.deliveries.attempts, len(on.slack.deliveries.made)
        await database.close()
    clean, troubled = ends
    assert troubled == clean
    assert clean["rsvps"]
    assert clean["saved"]
    assert attempts > 1.3 * meant
    print(f"{meant} deliveries made {attempts} attempts")  # noqa: T201  # for the record
