"""Slot polls: reading the times, voting, closing, and the session that the best of them becomes."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.cards import slots as cards
from bot.chat import Actor
from bot.errors import BadValue, Conflict, NotAllowed, Problems
from bot.rules import communities, hours, people, privacy, sessions, slots
from bot.ui.cards import words
from storage.database import Database, Db
from storage.tables import Community, Letter, Occurrence, Person, Rsvp, SlotPoll, SlotVote
from tests.cast import NOW, channel, community, person

LONDON = ZoneInfo("Europe/London")
THREE = ("2026-03-10 15:00", "2026-03-11 16:00", "2026-03-12 09:00")
LATER = NOW + timedelta(days=4)


def opened(db: Db, where: Community, by: Person, *given: str, closes: timedelta | None = None) -> SlotPoll:
    return slots.start(
        db,
        where,
        by,
        title="Reading group",
        given=given or THREE,
        closes=closes,
        usual=timedelta(days=3),
        duration=timedelta(minutes=60),
        zone=LONDON,
        now=NOW,
    )


def counts(db: Db, poll: SlotPoll) -> list[tuple[int, int, int]]:
    return [(len(o.yes), len(o.maybe), len(o.no)) for o in slots.view(db, poll).options]


def living(db: Db, name: str, zone: str) -> Person:
    return people.identify(db, Actor("memory", name.lower(), name, zone), NOW)


def test_times_are_read_in_the_speakers_zone_and_put_in_order() -> None:
    read = slots.read(["thu 9:00", "tomorrow noon", "2026-06-01 15:00"], now=NOW, zone=LONDON)
    assert read == [
        datetime(2026, 3, 4, 12, tzinfo=UTC),
        datetime(2026, 3, 5, 9, tzinfo=UTC),
        datetime(2026, 6, 1, 14, tzinfo=UTC),
    ]


def test_every_time_that_will_not_do_is_named_at_once() -> None:
    with pytest.raises(BadValue) as refused:
        slots.read(["thu 15:00", "blah", "2026-03-01 10:00", "thursday 3pm"], now=NOW, zone=LONDON)
    assert "“blah”" in refused.value.message
    assert "“2026-03-01 10:00”" in refused.value.message
    assert "has passed" in refused.value.message
    assert "“thursday 3pm” is the same time as “thu 15:00”" in refused.value.message


@pytest.mark.parametrize("given", [THREE[:1], [f"2026-03-{day} 15:00" for day in range(10, 21)]])
def test_there_are_two_to_ten_times(given: list[str]) -> None:
    with pytest.raises(BadValue, match="2 to 10 times"):
        slots.read(given, now=NOW, zone=LONDON)


def test_ten_times_are_fine() -> None:
    assert len(slots.read([f"2026-03-{day} 15:00" for day in range(10, 20)], now=NOW, zone=LONDON)) == 10


@pytest.mark.parametrize(
    ("closes", "because"),
    [
        (timedelta(seconds=5), "1 minute"),
        (timedelta(days=91), "90 days"),
        (timedelta(days=8), "before the first"),
    ],
)
def test_it_closes_in_time_or_does_not_open(db: Db, closes: timedelta, because: str) -> None:
    fran = person(db, "Fran")
    where = community(db, "python", fran)
    with pytest.raises(Problems, match=because) as refused:
        opened(db, where, fran, closes=closes)
    assert set(refused.value.by_param) == {"closes"}
    assert opened(db, where, fran, closes=timedelta(days=2)).closes_at == NOW + timedelta(days=2)
    assert opened(db, where, fran, "tomorrow 15:00", "fri 15:00").closes_at == NOW + timedelta(hours=27)


def test_a_vote_counts_once_and_can_be_changed_until_it_closes(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    poll = opened(db, community(db, "python", fran, mo), fran)
    slots.vote(db, poll.id, mo.id, 1, "yes", NOW)
    slots.vote(db, poll.id, mo.id, 1, "yes", NOW)
    slots.vote(db, poll.id, fran.id, 0, "no", NOW)
    assert counts(db, poll) == [(1, 0, 1), (0, 0, 1), (0, 0, 1)]
    slots.vote(db, poll.id, mo.id, 1, "maybe", NOW)
    assert counts(db, poll)[0] == (0, 1, 1)
    assert slots.view(db, poll, mo.id).own == {1: "maybe"}
    with pytest.raises(BadValue, match="1 to 3"):
        slots.vote(db, poll.id, mo.id, 4, "yes", NOW)
    with pytest.raises(Conflict, match="closed"):
        slots.vote(db, poll.id, mo.id, 1, "yes", poll.closes_at)
    assert counts(db, poll)[0] == (0, 1, 1)


def test_only_members_vote_and_only_their_votes_count(db: Db) -> None:
    fran, mo, eve = person(db, "Fran"), person(db, "Mo"), person(db, "Eve")
    where = community(db, "python", fran, mo)
    poll = opened(db, where, fran)
    with pytest.raises(NotAllowed, match="for members of Python"):
        slots.vote(db, poll.id, eve.id, 1, "yes", NOW)
    slots.vote(db, poll.id, mo.id, 1, "yes", NOW)
    communities.leave(db, where, mo, NOW)
    assert counts(db, poll)[0] == (0, 0, 0)
    communities.join(db, where, mo, NOW)
    assert counts(db, poll)[0] == (1, 0, 0)
    privacy.erase(db, mo, NOW)
    assert db.exec(select(SlotVote).where(SlotVote.poll_id == poll.id)).all() == []


def test_it_says_who_would_be_asleep_and_names_them_where_asked(db: Db) -> None:
    fran, kei, sol = (
        living(db, "Fran", "Europe/London"),
        living(db, "Kei", "Asia/Tokyo"),
        living(db, "Sol", "America/Los_Angeles"),
    )
    where = community(db, "python", fran, kei, sol, person(db, "Una"))
    poll = opened(db, where, fran)  # 15:00 in London is midnight in Tokyo, 16:00 9 in L. A., 9:00 2 there
    seen = slots.view(db, poll, names=True)
    assert seen.zoned == 3
    assert [[m.name for m in o.sleepers] for o in seen.options] == [["Kei"], ["Kei"], ["Sol"]]
    assert [o.asleep for o in slots.view(db, poll).options] == [1, 1, 1]
    assert slots.view(db, poll).options[0].sleepers == ()
    shown = words(cards.detail(seen, 1, NOW, facilitates=True))
    assert "Asleep: Kei" in shown
    assert "1 of 3 would be asleep" in shown
    assert "Asleep:" not in words(cards.posted(slots.view(db, poll), NOW))


@pytest.mark.parametrize(
    ("hour", "minutes", "expected"),
    [
        (7, 60, hours.EARLY_OR_LATE),
        (8, 60, 0),
        (19, 60, 0),
        (19, 61, hours.EARLY_OR_LATE),
        (22, 60, hours.EARLY_OR_LATE),
        (22, 61, hours.ASLEEP),
        (23, 30, hours.ASLEEP),
        (6, 30, hours.ASLEEP),
        (0, 60, hours.ASLEEP),
    ],
)
def test_an_hour_is_good_early_or_late_or_at_night(hour: int, minutes: int, expected: int) -> None:
    at = datetime(2026, 7, 1, hour, tzinfo=ZoneInfo("Asia/Kolkata"))
    assert hours.hardship("Asia/Kolkata", at.astimezone(UTC), minutes) == expected


def test_a_zone_of_the_platform_counts_before_the_persons_own(db: Db) -> None:
    fran = living(db, "Fran", "Europe/London")
    fran.zone = "Asia/Tokyo"
    mo = person(db, "Mo")
    mo.zone = "Europe/Paris"
    where = community(db, "python", fran, mo, person(db, "Una"))
    assert hours.zones(db, where.id) == {fran.id: "Europe/London", mo.id: "Europe/Paris"}


def test_the_best_suits_most_then_most_if_need_be_then_wakes_fewest(db: Db) -> None:
    fran, mo, ana = living(db, "Fran", "Europe/London"), person(db, "Mo"), living(db, "Ana", "Asia/Tokyo")
    poll = opened(db, community(db, "python", fran, mo, ana), fran)
    for who, number, said in [(mo, 1, "yes"), (ana, 3, "yes"), (fran, 2, "maybe")]:
        slots.vote(db, poll.id, who.id, number, said, NOW)  # type: ignore[arg-type]  # the words of this list
    seen = slots.view(db, poll)
    assert [o.number for o in seen.best(NOW)] == [3, 1, 2]
    assert [o.number for o in seen.tied(NOW)] == [3, 1]
    slots.vote(db, poll.id, mo.id, 2, "yes", NOW)
    assert [o.number for o in slots.view(db, poll).tied(NOW)] == [2]
    assert [o.number for o in slots.view(db, poll).best(seen.options[1].starts_at)] == [3]


def test_a_crowd_with_long_names_fits_every_card(db: Db) -> None:
    fran = person(db, "F" * 80)
    crowd = [living(db, f"{n:03}{'W' * 77}", "Asia/Tokyo") for n in range(60)]
    where = community(db, "python", fran, *crowd)
    poll = opened(db, where, fran, *(f"2026-03-{day} 15:00" for day in range(10, 20)))
    poll.title = "T" * 150
    for n, someone in enumerate(crowd):
        for number in range(1, 11):
            slots.vote(db, poll.id, someone.id, number, ("yes", "maybe", "no")[(n + number) % 3], NOW)
    seen = slots.view(db, poll, crowd[0].id, names=True)
    assert "more" in words(cards.posted(seen, NOW))
    for page in (1, 2):
        assert "Asleep: " in words(cards.detail(seen, page, NOW, facilitates=True))
    assert sum("✓" in b.label for page in (1, 2, 3) for b in cards.ballot(seen, page, NOW).buttons()) == 10
    assert "10. " in words(cards.opened(seen, 3))
    assert "suit equally many" in words(cards.closed(seen, NOW))


def test_closing_is_due_once(db: Db) -> None:
    fran = person(db, "Fran")
    poll = opened(db, community(db, "python", fran), fran)
    assert poll.id not in slots.due(db, poll.closes_at - timedelta(seconds=1))
    assert poll.id in slots.due(db, poll.closes_at)
    assert slots.close(db, poll.id, poll.closes_at) is not None
    assert slots.close(db, poll.id, poll.closes_at) is None
    assert poll.id not in slots.due(db, poll.closes_at)


@pytest.mark.parametrize(
    ("votes", "said"),
    [
        ({}, "Nobody voted"),
        ({1: "no"}, "None of its times suits anybody"),
        ({1: "yes", 2: "yes"}, "2 times suit equally many"),
        ({2: "yes", 3: "maybe"}, "The best time is"),
    ],
)
def test_the_facilitator_is_told_how_it_ended(db: Db, votes: dict[int, slots.Word], said: str) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    poll = opened(db, community(db, "python", fran, mo), fran)
    for number, word in votes.items():
        slots.vote(db, poll.id, mo.id, number, word, NOW)
    slots.close(db, poll.id, LATER)
    card = cards.closed(slots.view(db, poll), LATER)
    assert said in words(card)
    assert [b.label for b in card.buttons() if b.label.startswith("Pick")]


def test_a_pick_becomes_a_session_with_the_votes_as_answers(db: Db) -> None:
    fran, mo, ana, ben = (person(db, name) for name in ("Fran", "Mo", "Ana", "Ben"))
    where = community(db, "python", fran, mo, ana, ben)
    communities.connect(db, where, channel("python"))
    poll = opened(db, where, fran)
    slots.vote(db, poll.id, mo.id, 2, "yes", NOW)
    slots.vote(db, poll.id, ana.id, 2, "maybe", NOW)
    slots.vote(db, poll.id, ben.id, 2, "no", NOW)
    made = slots.pick(db, poll.id, 2, fran, NOW)
    answers = db.exec(select(Rsvp.person_id, Rsvp.answer).where(Rsvp.occurrence_id == made.id)).all()
    assert sorted(answers) == sorted([(mo.id, "yes"), (ana.id, "maybe")])
    assert made.starts_at == datetime(2026, 3, 11, 16, tzinfo=UTC)
    shown = sessions.view(db, made.id)
    assert shown is not None
    assert (shown.title, shown.going, shown.maybe, shown.zone) == ("Reading group", 1, 1, "Europe/London")
    letters = db.exec(select(Letter).where(Letter.subject == f"session:{made.id}")).all()
    assert [letter.kind for letter in letters] == ["announcement"]
    assert "1 going, 1 maybe" in str(letters[0].card)
    seen = slots.view(db, poll)
    assert (seen.picked, seen.session, seen.open(NOW)) == (2, shown.code, False)
    assert f"It is session {shown.code} now" in words(cards.posted(seen, NOW))


def test_a_second_pick_is_the_same_or_refused(db: Db) -> None:
    fran = person(db, "Fran")
    poll = opened(db, community(db, "python", fran), fran)
    with pytest.raises(BadValue, match="no such time"):
        slots.pick(db, poll.id, 7, fran, NOW)
    made = slots.pick(db, poll.id, 1, fran, NOW)
    assert slots.pick(db, poll.id, 1, fran, NOW).id == made.id
    with pytest.raises(Conflict, match="picked already"):
        slots.pick(db, poll.id, 2, fran, NOW)
    assert (
        len(db.exec(select(Occurrence).where(col(Occurrence.community_id) == poll.community_id)).all()) == 1
    )


def test_a_time_that_is_past_cannot_be_picked(db: Db) -> None:
    fran = person(db, "Fran")
    poll = opened(db, community(db, "python", fran), fran)
    past = datetime(2026, 3, 10, 15, tzinfo=UTC)
    with pytest.raises(Conflict, match="past"):
        slots.pick(db, poll.id, 1, fran, past)
    assert slots.pick(db, poll.id, 2, fran, past).starts_at > past


async def test_two_who_pick_at_once_make_one_session(database: Database) -> None:
    def begin(db: Db) -> tuple[int, int]:
        fran = person(db, "Fran")
        return opened(db, community(db, "python", fran), fran).id, fran.id

    poll_id, fran_id = await database.write(begin)

    def picked(number: int) -> Callable[[Db], int]:
        def work(db: Db) -> int:
            fran = db.get(Person, fran_id)
            assert fran is not None
            return slots.pick(db, poll_id, number, fran, NOW).id

        return work

    ended = await asyncio.gather(*(database.write(picked(n)) for n in (1, 2, 1, 2)), return_exceptions=True)
    made = await database.read(lambda db: db.exec(select(Occurrence.id)).all())
    assert len(made) == 1
    assert [one for one in ended if isinstance(one, int)] == [made[0]] * 2
    assert sum(isinstance(one, Conflict) for one in ended) == 2
