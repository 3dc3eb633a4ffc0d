"""Sessions: planned, answered, never overbooked; a freed seat goes to the first who waits."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.cards import sessions as cards
from bot.cards.subjects import draw
from bot.chat import Address, MessageRef
from bot.errors import Conflict, NotFound, Problems
from bot.rules import outbox, rsvps, sessions
from bot.rules.sessions import AnswerWord, Standing
from bot.ui.cards import words
from bot.ui.codec import load_card
from storage.database import Database, Db
from storage.tables import Account, Channel, Community, Letter, Membership, Occurrence, Person, Rsvp

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def community(db: Db, slug: str = "python", visibility: str = "open") -> Community:
    found = Community(slug=slug, name=slug.title(), purpose="Snakes", visibility=visibility, created_at=NOW)
    db.add(found)
    db.flush()
    return found


def people(db: Db, place: Community, count: int) -> list[int]:
    ids = []
    for number in range(count):
        someone = Person(name=f"P{number}", created_at=NOW)
        db.add(someone)
        db.flush()
        assert someone.id is not None
        assert place.id is not None
        name = f"p{someone.id}"
        db.add(Account(person_id=someone.id, platform="web", external_id=name, name=name, seen_at=NOW))
        db.add(Membership(community_id=place.id, person_id=someone.id, joined_at=NOW))
        ids.append(someone.id)
    db.flush()
    return ids


def planned(
    db: Db,
    place: Community,
    *,
    when: datetime = NOW + DAY,
    duration: timedelta = HOUR,
    capacity: int | None = None,
    title: str = "Intro to RAG",
) -> Occurrence:
    host = Person(name="Fran", created_at=NOW)
    db.add(host)
    db.flush()
    return sessions.schedule(
        db,
        place,
        host,
        title=title,
        when=when,
        duration=duration,
        zone="Europe/Berlin",
        capacity=capacity,
        now=NOW,
    )


def say(db: Db, occurrence: Occurrence, person: int, answer: AnswerWord, now: datetime = NOW) -> Standing:
    assert occurrence.id is not None
    return rsvps.answer(db, occurrence.id, person, answer, now)


def told(db: Db) -> list[int | None]:
    """The people told that a seat is theirs, in order."""
    db.flush()
    return list(
        db.exec(select(Letter.person_id).where(Letter.kind == "notice").order_by(col(Letter.id))).all()
    )


def shown(db: Db, occurrence: Occurrence) -> sessions.View:
    found = sessions.view(db, occurrence.id or 0)
    assert found is not None
    return found


def test_a_scheduled_session_has_one_occurrence_with_its_end(db: Db) -> None:
    occurrence = planned(db, community(db), duration=timedelta(minutes=90))
    view = shown(db, occurrence)
    assert view.code == f"S{occurrence.session_id}"
    assert (view.title, view.community, view.host.name) == ("Intro to RAG", "Python", "Fran")
    assert (view.starts_at, view.ends_at) == (NOW + DAY, NOW + DAY + timedelta(minutes=90))
    assert (view.going, view.waiting, view.maybe) == (0, 0, 0)


@pytest.mark.parametrize(
    ("when", "duration", "problems"),
    [
        (NOW, HOUR, {"when"}),
        (NOW - DAY, timedelta(minutes=4), {"when", "duration"}),
        (NOW + timedelta(days=4000), HOUR, {"when"}),
        (NOW + DAY, timedelta(days=8), {"duration"}),
    ],
)
def test_an_impossible_plan_is_refused_with_every_problem(
    db: Db, when: datetime, duration: timedelta, problems: set[str]
) -> None:
    with pytest.raises(Problems) as refusal:
        planned(db, community(db), when=when, duration=duration)
    assert set(refusal.value.by_param) == problems
    assert db.exec(select(Occurrence)).all() == []


def test_answers_are_counted_from_the_rows(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place)
    a, b, c, d = people(db, place, 4)
    assert say(db, occurrence, a, "yes") == Standing("yes", 0, 1)
    assert say(db, occurrence, b, "yes") == Standing("yes", 0, 2)
    assert say(db, occurrence, c, "maybe") == Standing("maybe", 0, 2)
    assert say(db, occurrence, d, "no") == Standing("no", 0, 2)
    view = shown(db, occurrence)
    assert (view.going, view.waiting, view.maybe) == (2, 0, 1)
    roll = sessions.roll(db, view.occurrence_id, view.capacity)
    assert [[m.person for m in group] for group in (roll.going, roll.waiting, roll.maybe)] == [
        [a, b],
        [],
        [c],
    ]


def test_a_full_session_has_a_waitlist_and_a_freed_seat_goes_to_its_first(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place, capacity=2)
    a, b, c, d = people(db, place, 4)
    standings = [say(db, occurrence, person, "yes") for person in (a, b, c, d)]
    assert standings == [
        Standing("yes", 0, 1),
        Standing("yes", 0, 2),
        Standing("yes", 1, 2),
        Standing("yes", 2, 2),
    ]
    assert told(db) == []
    assert say(db, occurrence, a, "no") == Standing("no", 0, 2)
    assert told(db) == [c]
    view = sessions.view(db, occurrence.id or 0, reader=d)
    assert view is not None
    assert view.standing == Standing("yes", 1, 2)
    roll = sessions.roll(db, view.occurrence_id, view.capacity)
    assert [m.person for m in roll.going] == [b, c]
    assert [m.person for m in roll.waiting] == [d]


def test_the_letter_about_a_seat_names_the_session_and_can_be_declined(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place, capacity=1)
    a, b = people(db, place, 2)
    say(db, occurrence, a, "yes")
    say(db, occurrence, b, "yes")
    say(db, occurrence, a, "maybe")
    card = load_card(db.exec(select(Letter).where(Letter.kind == "notice")).one().card)
    assert "you're going to Intro to RAG" in words(card)
    assert [button.label for button in card.buttons()] == ["Can't", "Details"]


def test_saying_yes_again_keeps_the_place_and_coming_back_goes_to_the_end(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place, capacity=1)
    a, b = people(db, place, 2)
    say(db, occurrence, a, "yes")
    say(db, occurrence, b, "yes")
    assert say(db, occurrence, a, "yes") == Standing("yes", 0, 1)
    assert say(db, occurrence, b, "yes") == Standing("yes", 1, 1)
    say(db, occurrence, a, "no")
    assert say(db, occurrence, a, "yes") == Standing("yes", 1, 1)
    assert told(db) == [b]


def test_someone_who_only_waited_frees_no_seat(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place, capacity=1)
    a, b, c = people(db, place, 3)
    for person in (a, b, c):
        say(db, occurrence, person, "yes")
    say(db, occurrence, b, "no")
    assert told(db) == []
    assert say(db, occurrence, c, "yes") == Standing("yes", 1, 1)


def test_someone_promoted_twice_is_told_twice(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place, capacity=1)
    a, b, c = people(db, place, 3)
    say(db, occurrence, a, "yes")
    say(db, occurrence, b, "yes")
    say(db, occurrence, a, "no")
    say(db, occurrence, b, "no")
    say(db, occurrence, c, "yes")
    say(db, occurrence, b, "yes")
    say(db, occurrence, c, "no")
    assert told(db) == [b, b]


@pytest.mark.parametrize("minutes", [0, 30])
def test_it_can_be_answered_while_it_lasts_but_not_when_it_is_over(db: Db, minutes: int) -> None:
    place = community(db)
    occurrence = planned(db, place)
    (a,) = people(db, place, 1)
    assert say(db, occurrence, a, "yes", occurrence.ends_at - timedelta(seconds=1)).going == 1
    with pytest.raises(Conflict, match="over"):
        say(db, occurrence, a, "no", occurrence.ends_at + timedelta(minutes=minutes))
    assert shown(db, occurrence).going == 1


def test_a_cancelled_or_missing_session_takes_no_answer(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place)
    (a,) = people(db, place, 1)
    occurrence.cancelled_at = NOW
    db.add(occurrence)
    with pytest.raises(Conflict, match="cancelled"):
        say(db, occurrence, a, "yes")
    with pytest.raises(NotFound):
        rsvps.answer(db, 10_000_000, a, "yes", NOW)
    assert db.exec(select(Rsvp)).all() == []


def test_withdrawing_takes_back_that_answer_only(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place, capacity=1)
    a, b = people(db, place, 2)
    say(db, occurrence, a, "yes")
    say(db, occurrence, b, "yes")
    number = occurrence.id or 0
    assert not rsvps.withdraw(db, number, a, NOW, "maybe")
    assert shown(db, occurrence).going == 1
    assert rsvps.withdraw(db, number, a, NOW, "yes")
    assert not rsvps.withdraw(db, number, a, NOW, "yes")
    assert told(db) == [b]
    assert say(db, occurrence, b, "yes") == Standing("yes", 0, 1)


def test_nobody_is_promised_a_seat_in_a_cancelled_session(db: Db) -> None:
    place = community(db)
    occurrence = planned(db, place, capacity=1)
    a, b = people(db, place, 2)
    say(db, occurrence, a, "yes")
    say(db, occurrence, b, "yes")
    occurrence.cancelled_at = NOW
    db.add(occurrence)
    assert rsvps.withdraw(db, occurrence.id or 0, a, NOW)
    assert told(db) == []


def test_leaving_withdraws_from_that_community_alone(db: Db) -> None:
    here, elsewhere = community(db), community(db, "data")
    (a,) = people(db, here, 1)
    ahead, other = planned(db, here), planned(db, elsewhere)
    over = planned(db, here, when=NOW + HOUR)
    for occurrence in (ahead, other, over):
        say(db, occurrence, a, "yes")
    assert rsvps.withdraw_all(db, a, NOW + 2 * HOUR, here.id) == 1
    assert [shown(db, o).going for o in (ahead, other, over)] == [0, 1, 1]
    assert rsvps.withdraw_all(db, a, NOW + 2 * HOUR) == 1


def test_the_announcement_is_redrawn_when_what_it_shows_changes(db: Db) -> None:
    place = community(db)
    db.add(Channel(platform="web", external_id="general", community_id=place.id))
    occurrence = planned(db, place)
    (a,) = people(db, place, 1)
    card = cards.announcement(shown(db, occurrence), NOW)
    subject = f"session:{occurrence.id}"
    outbox.announce(db, place, card, kind="announcement", key="k", subject=subject, now=NOW)
    letter = db.exec(select(Letter).where(Letter.kind == "announcement")).one()
    letter.state, letter.message_id = "sent", "m1"
    db.add(letter)
    say(db, occurrence, a, "no")
    db.refresh(letter)
    assert letter.redraw_at is None
    say(db, occurrence, a, "yes")
    db.refresh(letter)
    assert letter.redraw_at == NOW
    redrawn = draw(db, subject, NOW)
    assert redrawn is not None
    assert "1 going" in words(redrawn)
    at = MessageRef(Address("web", "general"), "m1")
    assert sessions.announced(db, at) is occurrence
    assert sessions.announced(db, MessageRef(Address("web", "general"), "m2")) is None


def test_the_announcement_offers_answers_until_it_is_over(db: Db) -> None:
    view = shown(db, planned(db, community(db)))
    labels = [button.label for button in cards.announcement(view, NOW).buttons()]
    assert labels == ["Going", "Maybe", "Can't", "Details"]
    over = [button.label for button in cards.announcement(view, view.ends_at).buttons()]
    assert not set(over) & set(labels)


def test_a_subject_that_is_gone_or_unknown_draws_nothing(db: Db) -> None:
    assert [draw(db, subject, NOW) for subject in ("session:10000000", "session:x", "lunch:1", "")] == [
        None
    ] * 4


def test_queries_say_what_is_next_what_is_mine_and_what_was(db: Db) -> None:
    python, data = community(db), community(db, "data")
    (a,) = people(db, python, 1)
    first, second = planned(db, python, when=NOW + HOUR), planned(db, python, when=NOW + DAY)
    other = planned(db, data, when=NOW + 2 * HOUR)
    cancelled = planned(db, data, when=NOW + timedelta(minutes=5))
    cancelled.cancelled_at = NOW
    db.add(cancelled)
    say(db, second, a, "maybe")
    say(db, first, a, "no")
    both = [python.id or 0, data.id or 0]

    def codes(views: Sequence[sessions.View]) -> list[int]:
        return [v.occurrence_id for v in views]

    assert codes(sessions.upcoming(db, both, NOW)) == [first.id, other.id, second.id]
    assert codes(sessions.upcoming(db, both, NOW, offset=1, limit=1)) == [other.id]
    assert codes(sessions.upcoming(db, both, NOW, since=NOW + DAY, until=NOW + 2 * DAY)) == [second.id]
    assert codes(sessions.upcoming(db, [], NOW)) == []
    assert {k: v.occurrence_id for k, v in sessions.next_of(db, both, NOW).items()} == {
        python.id: first.id,
        data.id: other.id,
    }
    under_way = sessions.next_of(db, both, NOW + HOUR + timedelta(minutes=30))
    assert under_way[python.id or 0].occurrence_id == first.id
    (mine,) = sessions.mine(db, a, NOW)
    assert (mine.occurrence_id, mine.answer) == (second.id, "maybe")
    assert codes(sessions.held(db, python.id or 0, NOW, NOW + 2 * HOUR)) == []
    assert codes(sessions.held(db, python.id or 0, NOW, NOW + 2 * HOUR + timedelta(seconds=1))) == [first.id]


STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["yes", "maybe", "no", "withdraw"])), max_size=25
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(capacity=st.integers(1, 3), steps=STEPS)
def test_seats_never_exceed_the_capacity_and_the_order_is_kept(
    db: Db, capacity: int, steps: list[tuple[int, AnswerWord]]
) -> None:
    with db.begin_nested() as before:
        place = community(db)
        ids = people(db, place, 5)
        occurrence = planned(db, place, capacity=capacity)
        queue: list[int] = []  # the model: who said yes, in order
        expected: list[int] = []  # the model: who is told of a seat
        for who, answer in steps:
            person = ids[who]
            seated = queue[:capacity]
            if answer != "yes" and person in queue:
                queue.remove(person)
            elif answer == "yes" and person not in queue:
                queue.append(person)
            expected += [p for p in queue[:capacity] if p not in seated and p != person]
            if str(answer) == "withdraw":
                rsvps.withdraw(db, occurrence.id or 0, person, NOW)
            else:
                standing = say(db, occurrence, person, answer)
                place_in_line = queue.index(person) if answer == "yes" else -1
                assert standing.waiting == max(0, place_in_line + 1 - capacity)
                assert standing.going == min(len(queue), capacity)
        roll = sessions.roll(db, occurrence.id or 0, capacity)
        assert [m.person for m in roll.going] == queue[:capacity]
        assert [m.person for m in roll.waiting] == queue[capacity:]
        assert told(db) == expected
        before.rollback()
    db.expunge_all()


async def test_fifty_answers_at_once_fill_ten_seats(database: Database) -> None:
    def prepare(db: Db) -> tuple[int, list[int]]:
        place = community(db)
        return planned(db, place, capacity=10).id or 0, people(db, place, 50)

    number, ids = await database.write(prepare)

    async def press(person: int) -> Standing:
        return await database.write(lambda db: rsvps.answer(db, number, person, "yes", NOW))

    standings = await asyncio.gather(*(press(person) for person in ids))
    assert sorted(s.waiting for s in standings) == [0] * 10 + list(range(1, 41))
    roll = await database.read(lambda db: sessions.roll(db, number, 10))
    assert (len(roll.going), len(roll.waiting)) == (10, 40)
    first = {m.person for m in roll.going}
    assert first == {person for person, s in zip(ids, standings, strict=True) if s.waiting == 0}

    async def leave(person: int) -> Standing:
        return await database.write(lambda db: rsvps.answer(db, number, person, "no", NOW))

    await asyncio.gather(*(leave(person) for person in first))
    after = await database.read(lambda db: sessions.roll(db, number, 10))
    assert [m.person for m in after.going] == [m.person for m in roll.waiting][:10]
    notices = await database.read(told)
    assert sorted(i or 0 for i in notices) == sorted(m.person for m in after.going)
