"""Whatever there is much of still fits a card: long names and texts, and more rows than anyone would expect."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.chat import Actor, Address
from bot.rules import communities, people, pulses, resources
from storage.database import Db
from storage.tables import Community, NamedAnswer, Person, Question
from tests.cast import DEFAULTS
from tests.program.conftest import Rehearse
from tests.program.stage import Stage, never_our_fault
from tests.program.village import FACILITATOR, MEMBER, NOW

MANY = 150
WIDE = "W" * 80


def crowd(db: Db, count: int) -> list[Person]:
    """People with the longest names there can be."""
    return [people.identify(db, Actor("memory", f"w{n}", f"{n:03}{WIDE}"[:80]), NOW) for n in range(count)]


def python(db: Db) -> Community:
    return db.exec(select(Community).where(Community.slug == "python")).one()


def known(db: Db, name: str) -> Person:
    return people.identify(db, Actor("memory", name, name.title()), NOW)


def founded(db: Db, founder: Person, number: int) -> Community:
    """A community with the longest slug, name and purpose."""
    return communities.create(
        db,
        founder,
        name=f"{number:03}{WIDE}"[:80],
        purpose="p" * 500,
        slug=f"{'s' * 37}{number:03}",
        visibility="request",
        zone="America/Argentina/Buenos_Aires",
        now=NOW,
        defaults=DEFAULTS,
    )


async def fits(stage: Stage, who: str, typed: str) -> str:
    heard = await stage.types(who, typed)
    never_our_fault(heard)
    assert heard.outcome == "done", heard.text
    return heard.text


async def test_a_portrait_of_a_crowded_community(rehearse: Rehearse) -> None:
    def work(db: Db) -> None:
        where = python(db)
        for someone in crowd(db, MANY):
            communities.admit(db, where, someone, NOW, role="facilitator")
        for number in range(MANY):
            communities.connect(db, where, Address("memory", f"c{number}", name=f"{number:03}{WIDE}"[:80]))

    with rehearse() as stage:
        await stage.hearth.database.write(work)
        said = await fits(stage, FACILITATOR, "about python")
        assert said.count(" more") == 2, "of facilitators and of channels"
        await fits(stage, FACILITATOR, "members python")
        await fits(stage, FACILITATOR, "members python page:2")


async def test_someone_who_is_everywhere(rehearse: Rehearse) -> None:
    def work(db: Db) -> None:
        fran = known(db, FACILITATOR)
        where = python(db)
        for number in range(MANY):
            founded(db, fran, number)
        for number in range(MANY):
            pulses.start(
                db,
                where,
                fran,
                question=f"{number:03}{'q' * 297}",
                given=("yes", "no"),
                anonymous=False,
                closes=timedelta(days=3),
                threshold=5,
                now=NOW,
            )

    with rehearse() as stage:
        await stage.hearth.database.write(work)
        for typed in ("me", "list", "list page:2", "help", "help cop", "pulse list", "erase"):
            await fits(stage, FACILITATOR, typed)
        await fits(stage, MEMBER, f"list '{' '.join('s' * 50)}'")


async def test_a_named_poll_that_a_crowd_has_answered(rehearse: Rehearse) -> None:
    def work(db: Db) -> None:
        pulse = pulses.start(
            db,
            python(db),
            known(db, FACILITATOR),
            question="q" * 300,
            given=[f"{n}{'o' * 99}" for n in range(10)],
            anonymous=False,
            closes=timedelta(days=3),
            threshold=5,
            now=NOW,
        )
        question = db.exec(select(Question).where(Question.pulse_id == pulse.id)).one()
        for number, someone in enumerate(crowd(db, MANY)):
            communities.admit(db, python(db), someone, NOW)
            db.add(
                NamedAnswer(
                    question_id=question.id or 0, person_id=someone.id or 0, value=str(number % 10 + 1)
                )
            )

    with rehearse() as stage:
        await stage.hearth.database.write(work)
        await fits(stage, FACILITATOR, "pulse close P4")
        said = await fits(stage, MEMBER, "pulse results P4")
        assert "more" in said
        await stage.settle()


async def test_resources_with_as_many_tags_as_can_be_configured(rehearse: Rehearse) -> None:
    def work(db: Db) -> None:
        where, (saver, author) = python(db), crowd(db, 2)
        for number in range(5):
            resources.save(
                db,
                where,
                saver.id or 0,
                f"https://example.org/{number}/{'u' * 1_900}",
                title="t" * 200,
                tags=[f"{n:02}{'t' * 28}" for n in range(20)],
                note="n" * 500,
                author_id=author.id,
                max_tags=20,
                now=NOW,
            )

    with rehearse() as stage:
        await stage.hearth.database.write(work)
        for typed in ("resource list", "resource find tttttttt", "resource show R4"):
            await fits(stage, MEMBER, typed)
        for typed in ("session list", "digest preview python", "resource remove R4"):
            await fits(stage, FACILITATOR, typed)


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("cop unlink", "unlink 2147483648"),
        ("cop voice", "voice 2147483648 in"),
        ("cop decide", "decide 2147483648 approve python"),
        ("digest drop", "digest drop python edition:2147483648"),
        ("digest note", "digest note python edition:2147483648 note:hello"),
    ],
)
async def test_numbers_past_what_the_database_counts(
    stage: Stage, village: object, path: str, typed: str
) -> None:
    for number in (2**31 - 1, 2**31):
        heard = await stage.types(FACILITATOR, typed.replace("2147483648", str(number)))
        never_our_fault(heard)
        assert heard.outcome in ("refused", "asked")
