"""Pulses: answered once, seen only afterwards, and never by whom."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import col, select

from bot.cards import pulses as cards
from bot.cards.subjects import draw
from bot.errors import BadValue, Conflict, NotAllowed, Problems
from bot.rules import communities, outbox, pulses
from bot.ui.cards import words
from bot.ui.codec import dump
from storage.database import Database, Db
from storage.tables import Ballot, Community, Letter, NamedAnswer, Participation, Person, Pulse, Question
from tests.cast import NOW, channel, community, person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def members(db: Db, count: int) -> list[Person]:
    return [person(db, f"Member{number}") for number in range(count)]


def place(db: Db, size: int = 6) -> tuple[Community, list[Person]]:
    """Return a community with so many members beside its founder."""
    belonging = members(db, size)
    return community(db, "python", person(db, "Founder"), *belonging), belonging


def opened(
    db: Db,
    where: Community,
    opener: Person,
    *,
    options: Sequence[str] = ("Yes", "No", "Later"),
    anonymous: bool = True,
    closes: timedelta = DAY,
) -> Pulse:
    return pulses.start(
        db,
        where,
        opener,
        question="Shall we meet weekly?",
        given=options,
        anonymous=anonymous,
        closes=closes,
        threshold=5,
        now=NOW,
    )


def voted(db: Db, pulse: Pulse, who: Person, choice: int) -> str:
    """Answer anonymously, as the command does in its transactions; return the key."""
    assert pulse.id is not None
    assert who.id is not None
    pulses.check(db, pulse, who.id, choice, NOW)
    key = pulses.cast(db, pulse.id, choice, NOW)
    assert pulses.mark(db, pulse.id, who.id, key)
    db.flush()
    return key


def said(db: Db, pulse: Pulse, *, names: bool = False) -> str:
    return words(cards.posted(pulses.view(db, pulse, names=names)))


def number(row: Pulse | Person) -> int:
    assert row.id is not None
    return row.id


def test_results_are_shown_only_after_closing_and_only_as_counts(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0])
    for who, choice in zip(people, (1, 1, 1, 1, 2, 1), strict=True):
        voted(db, pulse, who, choice)

    before = said(db, pulse)
    assert "1. Yes\n2. No\n3. Later" in before
    assert "5 of 6" not in before
    assert "answers" not in before
    assert pulses.view(db, pulse).tallies is None

    pulses.close(db, number(pulse), NOW + DAY)
    after = said(db, pulse)
    assert "Closed, with 6 answers." in after
    assert "Yes: 5 of 6 (83%)\n████████░░" in after
    assert "Later: 0 of 6 (0%)\n░░░░░░░░░░" in after
    assert not any(who.name in after.replace(people[0].name, "", 1) for who in people)


def test_fewer_answers_than_the_threshold_show_nothing_not_even_how_many(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0])
    for who in people[:4]:
        voted(db, pulse, who, 1)
    pulses.close(db, number(pulse), NOW + DAY)
    assert "fewer than 5 answers, so nothing is shown" in said(db, pulse)
    assert "4" not in said(db, pulse).replace(pulses.code(pulse.id), "")
    assert pulses.view(db, pulse, names=True).tallies is None


def test_the_threshold_of_an_open_pulse_stays_what_it_was(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0])
    assert (pulse.threshold, pulse.anonymous) == (5, True)
    assert "if 5 or more answered" in said(db, pulse)


def test_a_second_anonymous_answer_is_refused(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0])
    voted(db, pulse, people[0], 1)
    with pytest.raises(Conflict, match="only be changed from the receipt"):
        pulses.check(db, pulse, number(people[0]), 2, NOW)
    pulses.check(db, pulse, number(people[1]), 2, NOW)


def test_of_two_answers_at_once_the_later_one_is_taken_back(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0])
    who = number(people[0])
    first = pulses.cast(db, number(pulse), 1, NOW)
    second = pulses.cast(db, number(pulse), 2, NOW)
    assert pulses.mark(db, number(pulse), who, first)
    assert not pulses.mark(db, number(pulse), who, second)
    db.flush()
    assert [ballot.value for ballot in db.exec(select(Ballot)).all()] == ["1"]


def test_an_answer_is_changed_by_its_key_and_by_no_other(db: Db) -> None:
    where, people = place(db)
    pulse, other = opened(db, where, people[0]), opened(db, where, people[0])
    key = voted(db, pulse, people[0], 1)
    assert pulses.change(db, number(pulse), key, 2, NOW) == "No"
    db.flush()
    assert [ballot.value for ballot in db.exec(select(Ballot)).all()] == ["2"]
    for wrong in ("0" * 32, ""):
        with pytest.raises(Conflict, match="belongs to no answer"):
            pulses.change(db, number(pulse), wrong, 1, NOW)
    with pytest.raises(Conflict, match="belongs to no answer"):
        pulses.change(db, number(other), key, 1, NOW)
    with pytest.raises(BadValue, match="1 to 3"):
        pulses.change(db, number(pulse), key, 4, NOW)


def test_nothing_is_answered_after_the_time_or_after_closing(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0], closes=HOUR)
    key = voted(db, pulse, people[0], 1)
    for early in (False, True):
        if early:
            pulses.close(db, number(pulse), NOW)
        moment = NOW if early else NOW + HOUR
        with pytest.raises(Conflict, match="closed"):
            pulses.check(db, pulse, number(people[1]), 1, moment)
        with pytest.raises(Conflict, match="closed"):
            pulses.cast(db, number(pulse), 1, moment)
        with pytest.raises(Conflict, match="closed"):
            pulses.change(db, number(pulse), key, 2, moment)


def test_only_members_answer(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0])
    with pytest.raises(NotAllowed, match="for members of"):
        pulses.check(db, pulse, number(person(db, "Stranger")), 1, NOW)
    assert pulses.check(db, pulse, number(people[0]), 1, NOW) == "Yes"
    with pytest.raises(BadValue, match="1 to 3"):
        pulses.check(db, pulse, number(people[0]), 0, NOW)


def test_a_named_answer_can_be_changed_and_only_members_see_names(db: Db) -> None:
    where, people = place(db, 2)
    pulse = opened(db, where, people[0], anonymous=False)
    assert "This poll is named" in said(db, pulse)
    assert pulses.answer(db, pulse, number(people[1]), 1, NOW) == "Yes"
    assert pulses.answer(db, pulse, number(people[1]), 2, NOW) == "No"
    db.flush()
    assert pulses.took_part(db, pulse, number(people[1]))
    assert not pulses.took_part(db, pulse, number(people[0]))
    pulses.close(db, number(pulse), NOW)
    assert "No: 1 of 1 (100%)" in said(db, pulse)
    assert people[1].name not in said(db, pulse)
    assert people[1].name in said(db, pulse, names=True)
    assert len(db.exec(select(NamedAnswer)).all()) == 1
    assert db.exec(select(Ballot)).all() == []


def test_an_anonymous_poll_never_keeps_a_named_answer(db: Db) -> None:
    where, people = place(db)
    pulse = opened(db, where, people[0])
    with pytest.raises(AssertionError):
        pulses.answer(db, pulse, number(people[0]), 1, NOW)
    voted(db, pulse, people[0], 1)
    assert db.exec(select(NamedAnswer)).all() == []


def test_among_too_few_only_a_named_poll_opens(db: Db) -> None:
    where, people = place(db, 3)  # four with its founder
    assert pulses.too_small(db, where, 5)
    assert not pulses.too_small(db, where, 4)
    with pytest.raises(Conflict, match="too small"):
        opened(db, where, people[0])
    assert db.exec(select(Pulse)).all() == []
    assert opened(db, where, people[0], anonymous=False).id is not None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["One"], "2 to 10"),
        ([], "2 to 10"),
        ([str(n) for n in range(11)], "2 to 10"),
        (["Yes", "no", "YES"], "“YES” is there twice"),
        (["Straße", "STRASSE"], "twice"),
        (["a", "b" * 101], "at most 100"),
    ],
)
def test_unfit_options_are_refused_beside_their_field(db: Db, options: list[str], complaint: str) -> None:
    where, people = place(db)
    with pytest.raises(Problems) as refusal:
        opened(db, where, people[0], options=options, closes=timedelta(0))
    assert complaint in refusal.value.by_param["options"]
    assert "1 minute" in refusal.value.by_param["closes"]
    assert db.exec(select(Question)).all() == []
    assert opened(db, where, people[0], options=[f"{n}," for n in range(10)]).id is not None


def test_the_clock_closes_what_is_due_and_the_posted_card_follows(db: Db) -> None:
    where, people = place(db)
    communities.connect(db, where, channel("general"))
    pulse, later = opened(db, where, people[0]), opened(db, where, people[0], closes=2 * DAY)
    subject = f"pulse:{pulse.id}"
    card = cards.posted(pulses.view(db, pulse))
    assert outbox.announce(db, where, card, kind="pulse", key=subject, subject=subject, now=NOW) == 1
    for who in people[:5]:
        voted(db, pulse, who, 3)
    assert pulses.due(db, NOW + DAY - HOUR) == []
    assert pulses.due(db, NOW + DAY) == [pulse.id]

    pulses.close(db, number(pulse), NOW + DAY)
    pulses.close(db, number(pulse), NOW + DAY + HOUR)
    assert pulse.closed_at == NOW + DAY
    assert pulses.due(db, NOW + DAY) == []
    assert pulses.due(db, NOW + 3 * DAY) == [later.id]
    letter = db.exec(select(Letter).where(Letter.subject == subject)).one()
    assert letter.redraw_at is not None
    redrawn = draw(db, subject, NOW + DAY)
    assert redrawn is not None
    assert "Later: 5 of 5 (100%)" in words(redrawn)
    assert list(redrawn.buttons()) == []


def test_who_took_part_is_forgotten_a_week_after_closing(db: Db) -> None:
    where, people = place(db)
    pulse, open_one = opened(db, where, people[0]), opened(db, where, people[0], closes=20 * DAY)
    voted(db, pulse, people[0], 1)
    voted(db, open_one, people[0], 1)
    pulses.close(db, number(pulse), NOW)
    early, late = NOW + 7 * DAY - HOUR, NOW + 7 * DAY
    assert pulses.forgettable(db, early) == []
    pulses.forget_participation(db, number(pulse), early)
    assert len(db.exec(select(Participation)).all()) == 2
    assert pulses.forgettable(db, late) == [pulse.id]
    pulses.forget_participation(db, number(pulse), late)
    assert pulses.forgettable(db, late) == []
    assert [row.pulse_id for row in db.exec(select(Participation)).all()] == [open_one.id]
    assert len(db.exec(select(Ballot)).all()) == 2


def test_what_waits_for_my_answer(db: Db) -> None:
    where, people = place(db)
    me = number(people[0])
    pulse, named = opened(db, where, people[0]), opened(db, where, people[0], anonymous=False)
    assert {code for code, _ in pulses.waiting(db, me, NOW)} == {f"P{pulse.id}", f"P{named.id}"}
    voted(db, pulse, people[0], 1)
    pulses.answer(db, named, me, 1, NOW)
    db.flush()
    assert pulses.waiting(db, me, NOW) == []
    assert len(pulses.waiting(db, number(people[1]), NOW)) == 2
    assert pulses.waiting(db, number(people[1]), NOW + DAY) == []
    assert pulses.waiting(db, number(person(db, "Stranger")), NOW) == []


def test_no_row_but_participation_names_those_who_answered(db: Db) -> None:
    """What is on its way to channels tells nothing of who chose what, and a ballot has no person and no time."""
    where, people = place(db)
    communities.connect(db, where, channel("general"))
    pulse = opened(db, where, people[0])
    outbox.announce(db, where, cards.posted(pulses.view(db, pulse)), kind="pulse", key="p", now=NOW)
    key = voted(db, pulse, people[3], 2)
    assert set(Ballot.model_fields) == {"key", "question_id", "value"}
    assert set(Participation.model_fields) == {"pulse_id", "person_id"}
    for letter in db.exec(select(Letter)).all():
        assert people[3].name not in str(letter.card)
        assert key not in str(letter.card)


def test_long_options_and_questions_fit_the_card(db: Db) -> None:
    where, people = place(db)
    options = [f"{n}{'W' * 99}" for n in range(10)]
    pulse = pulses.start(
        db, where, people[0], question="Q" * 300, given=options, anonymous=False, closes=DAY, threshold=5, now=NOW
    )  # fmt: skip
    card = cards.posted(pulses.view(db, pulse))
    assert all(option in words(card) for option in options)
    assert "Q" * 300 in words(card)
    assert len(list(card.buttons())) == 10
    for who in people:
        pulses.answer(db, pulse, number(who), 1, NOW)
    db.flush()
    pulses.close(db, number(pulse), NOW)
    assert dump(cards.results(pulses.view(db, pulse, names=True)))


VOTERS = 30


async def test_after_closing_nothing_in_the_rows_says_which_answer_came_when(database: Database) -> None:
    """Not their keys, not their order, not PostgreSQL's row versions; SQLite has no row numbers to tell."""

    def prepare(db: Db) -> tuple[Pulse, list[Person]]:
        where, people = place(db, VOTERS)
        return opened(db, where, people[0], options=[str(n) for n in range(1, 11)]), people

    pulse, people = await database.write(prepare)
    cast: list[tuple[str, str]] = []
    for turn, who in enumerate(people):
        choice = turn % 10 + 1
        key = await database.write(lambda db, c=choice: pulses.cast(db, number(pulse), c, NOW))  # type: ignore[misc]  # a lambda's default has no type
        await database.write(lambda db, w=who, k=key: pulses.mark(db, number(pulse), number(w), k))  # type: ignore[misc]  # as above
        cast.append((key, str(choice)))
    await database.write(lambda db: pulses.close(db, number(pulse), NOW))

    def look(db: Db) -> None:
        ballots = db.exec(select(Ballot)).all()
        assert sorted(b.value for b in ballots) == sorted(value for _, value in cast)
        assert not {b.key for b in ballots} & {key for key, _ in cast}
        taking_part = db.exec(select(Participation.person_id)).all()
        assert sorted(taking_part) == sorted(number(who) for who in people)

    await database.read(look)
    hidden = _postgres_order if database.dialect == "postgresql" else _sqlite_has_no_rowid
    await database.read(lambda db: hidden(db, people, [value for _, value in cast]))


def _postgres_order(db: Db, people: Sequence[Person], values: Sequence[str]) -> None:
    for table in ("ballot", "participation"):
        versions = db.execute(text(f"SELECT DISTINCT xmin::text FROM {table}")).all()
        assert len(versions) == 1, "all rows were written by one transaction"
    stored = db.execute(text("SELECT value FROM ballot ORDER BY ctid")).scalars().all()
    who = db.execute(text("SELECT person_id FROM participation ORDER BY ctid")).scalars().all()
    # In 30! and more orders, the one of arrival does not come by chance; nor its reverse.
    for ordered, arrival in ((stored, list(values)), (who, [number(one) for one in people])):
        assert list(ordered) not in (arrival, arrival[::-1])
        assert list(ordered) != sorted(ordered)


def _sqlite_has_no_rowid(db: Db, people: Sequence[Person], values: Sequence[str]) -> None:
    for table in ("ballot", "participation"):
        with pytest.raises(OperationalError, match="no such column"):
            db.execute(text(f"SELECT rowid FROM {table}"))
    stored = db.exec(select(Ballot.value).order_by(col(Ballot.key))).all()
    assert list(stored) not in (list(values), list(values)[::-1])


async def test_a_failing_statement_tells_the_log_nothing_of_the_answer(database: Database) -> None:
    def twice(db: Db) -> None:
        where, people = place(db)
        pulse = opened(db, where, people[0], anonymous=False)
        question = db.exec(select(Question.id).where(Question.pulse_id == pulse.id)).one()
        for _ in range(2):
            db.execute(insert(NamedAnswer), [{"question_id": question, "person_id": 1, "value": "CANARY"}])

    with pytest.raises(IntegrityError) as failure:
        await database.write(twice)
    assert "CANARY" not in str(failure.value)
