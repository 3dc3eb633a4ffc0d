"""Series: a year of rows ahead; one, some or all of them moved, cancelled and changed, answers kept."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.errors import Conflict, Problems
from bot.rules import announcing, rsvps, series, sessions
from bot.rules.series import Scope
from storage.database import Database, Db
from storage.tables import Account, Channel, Community, Letter, Membership, Occurrence, Person, Plan

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 3, 3, 18, tzinfo=BERLIN)
WEEK = timedelta(weeks=1)


def begin(db: Db, rule: str = "FREQ=WEEKLY;BYDAY=TU", when: datetime = TUESDAY) -> list[Occurrence]:
    """Plan a series in a community of Fran and Mo, and return its occurrences."""
    place = Community(slug="py", name="Python", purpose="Snakes", created_at=NOW)
    fran, mo = Person(name="Fran", created_at=NOW), Person(name="Mo", created_at=NOW)
    db.add_all([place, fran, mo])
    db.flush()
    for who in (fran, mo):
        db.add(Account(platform="web", external_id=who.name, name=who.name, seen_at=NOW, person_id=who.id))
        db.add(Membership(community_id=place.id, person_id=who.id, joined_at=NOW))
    db.add(Channel(platform="web", external_id="py", community_id=place.id))
    sessions.schedule(
        db,
        place,
        fran,
        title="Circle",
        when=when,
        duration=timedelta(hours=1),
        zone="Europe/Berlin",
        repeat=rule,
        now=NOW,
    )
    return all_of(db)


def all_of(db: Db) -> list[Occurrence]:
    return list(db.exec(select(Occurrence).order_by(col(Occurrence.number))).all())


def walls(found: list[Occurrence]) -> list[str]:
    return [f"{one.starts_at.astimezone(BERLIN):%a %m-%d %H:%M}" for one in found]


def mo(db: Db) -> int:
    return db.exec(select(Person.id).where(Person.name == "Mo")).one()


async def test_a_series_has_rows_for_a_year_and_keeps_its_wall_clock(database: Database) -> None:
    found = await database.write(begin)
    assert len(found) == 52
    assert {one.starts_at.astimezone(BERLIN).hour for one in found} == {18}
    assert {one.starts_at.hour for one in found} == {16, 17}
    assert [one.number for one in found] == list(range(1, 53))


async def test_rows_are_added_as_time_goes_on_and_only_once(database: Database) -> None:
    await database.write(begin)
    later = NOW + 10 * WEEK
    assert await database.read(lambda db: series.unextended(db, NOW)) == []
    (plan,) = await database.read(lambda db: series.unextended(db, later))
    for _ in range(2):
        await database.write(lambda db: series.extend(db, plan, later))
    found = await database.read(all_of)
    assert len(found) == 62
    assert len({one.starts_at for one in found}) == 62


@pytest.mark.parametrize(
    ("rule", "count"),
    [("FREQ=WEEKLY;COUNT=6", 6), ("FREQ=WEEKLY;UNTIL=20260331", 5), ("FREQ=MONTHLY;COUNT=24", 12)],
)
async def test_a_series_with_an_end_has_it(database: Database, rule: str, count: int) -> None:
    found = await database.write(lambda db: begin(db, rule))
    assert len(found) == count
    plan = await database.read(lambda db: db.exec(select(Plan)).one())
    assert (plan.planned_to is None) == (count < 12)


@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY;BYDAY=TH", "FREQ=HOURLY", "nonsense", "FREQ=MONTHLY;BYMONTH=1"]
)
async def test_a_rule_that_does_not_fit_is_refused_and_leaves_nothing(database: Database, rule: str) -> None:
    with pytest.raises(Problems) as refused:
        await database.write(lambda db: begin(db, rule))
    assert list(refused.value.by_param) == ["repeat"]
    assert await database.read(all_of) == []


async def test_one_occurrence_moves_alone(database: Database) -> None:
    def act(db: Db) -> list[Occurrence]:
        third = begin(db)[2]
        moved = series.move(db, third, TUESDAY + 2 * WEEK + timedelta(days=1), "this", NOW)
        assert moved.ids == (third.id,)
        return all_of(db)

    found = await database.write(act)
    assert walls(found[:4]) == ["Tue 03-03 18:00", "Tue 03-10 18:00", "Wed 03-18 18:00", "Tue 03-24 18:00"]
    assert found[2].planned_at == (TUESDAY + 2 * WEEK).astimezone(UTC)
    assert [one.sequence for one in found[:4]] == [0, 0, 1, 0]


async def test_this_and_the_following_move_by_the_wall_clock_and_keep_numbers_and_answers(
    database: Database,
) -> None:
    def act(db: Db) -> list[Occurrence]:
        found = begin(db)
        rsvps.answer(db, found[4].id, mo(db), "yes", NOW)
        # The clocks change between the third and the fourth week.
        moved = series.move(db, found[2], datetime(2026, 3, 19, 19, 30, tzinfo=BERLIN), "following", NOW)
        assert len(moved.ids) == 50
        later = NOW + 10 * WEEK
        for plan in series.unextended(db, later):
            series.extend(db, plan, later)
        return all_of(db)

    found = await database.write(act)
    assert walls(found[:6]) == [
        "Tue 03-03 18:00",
        "Tue 03-10 18:00",
        "Thu 03-19 19:30",
        "Thu 03-26 19:30",
        "Thu 04-02 19:30",
        "Thu 04-09 19:30",
    ]
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert {one.session_id for one in found} == {found[0].session_id}
    assert {f"{one.starts_at.astimezone(BERLIN):%a %H:%M}" for one in found[2:]} == {"Thu 19:30"}
    assert len(found) == 62

    def answered(db: Db) -> int:
        view = sessions.view(db, found[4].id)
        assert view is not None
        return view.going

    assert await database.read(answered) == 1


async def test_all_means_all_that_is_still_to_come(database: Database) -> None:
    now = NOW + 3 * WEEK

    def act(db: Db) -> list[Occurrence]:
        found = begin(db)
        series.move(db, found[10], TUESDAY + 10 * WEEK - timedelta(hours=2), "all", now)
        return all_of(db)

    found = await database.write(act)
    assert walls(found[2:4]) == ["Tue 03-17 18:00", "Tue 03-24 16:00"]


async def test_what_was_moved_by_itself_stays_when_the_others_move(database: Database) -> None:
    def act(db: Db) -> list[Occurrence]:
        found = begin(db)
        series.move(db, found[5], found[5].starts_at + timedelta(days=2), "this", NOW)
        series.move(db, found[1], found[1].starts_at + timedelta(hours=1), "following", NOW)
        return all_of(db)

    found = await database.write(act)
    assert walls(found[4:7]) == ["Tue 03-31 19:00", "Thu 04-09 18:00", "Tue 04-14 19:00"]


@pytest.mark.parametrize(
    ("rule", "first", "to", "then"),
    [
        ("FREQ=MONTHLY;BYDAY=1TU", TUESDAY, datetime(2026, 3, 12, 18, tzinfo=BERLIN), "Thu 04-09"),
        ("FREQ=MONTHLY;BYMONTHDAY=3", TUESDAY, datetime(2026, 3, 5, 18, tzinfo=BERLIN), "Sun 04-05"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", TUESDAY, datetime(2026, 3, 4, 18, tzinfo=BERLIN), "Fri 03-06"),
        ("FREQ=DAILY", TUESDAY, datetime(2026, 3, 5, 18, tzinfo=BERLIN), "Fri 03-06"),
    ],
)
async def test_the_rule_moves_with_its_first_day(
    database: Database, rule: str, first: datetime, to: datetime, then: str
) -> None:
    def act(db: Db) -> list[Occurrence]:
        found = begin(db, rule, first)
        series.move(db, found[0], to, "all", NOW)
        return all_of(db)

    found = await database.write(act)
    assert walls(found[:2])[1].startswith(then)
    assert found[0].starts_at == to


@pytest.mark.parametrize("scope", ["this", "following", "all"])
async def test_cancelling_says_which_and_ends_the_series(database: Database, scope: Scope) -> None:
    now = NOW + 3 * WEEK

    def act(db: Db) -> tuple[int, list[Occurrence]]:
        found = begin(db)
        gone = series.cancel(db, found[10], "no room", scope, now)
        later = NOW + 20 * WEEK
        for plan in series.unextended(db, later):
            series.extend(db, plan, later)
        return len(gone), all_of(db)

    gone, found = await database.write(act)
    cancelled = [one.number for one in found if one.cancelled_at is not None]
    assert cancelled == {"this": [11], "following": list(range(11, 53)), "all": list(range(4, 53))}[scope]
    assert gone == len(cancelled)
    assert len(found) == (72 if scope == "this" else 52)


async def test_changing_some_leaves_the_rest_and_reaches_those_to_come(database: Database) -> None:
    def act(db: Db) -> list[str]:
        found = begin(db)
        series.change(db, found[1], {"title": "Once"}, None, "this", NOW)
        series.change(db, found[3], {"title": "Guild", "capacity": 5}, 90, "following", NOW)
        later = NOW + 10 * WEEK
        for plan in series.unextended(db, later):
            series.extend(db, plan, later)
        shown = [sessions.view(db, one.id) for one in all_of(db)]
        return [
            f"{v.title} {v.capacity} {(v.ends_at - v.starts_at) // timedelta(minutes=1)}" for v in shown if v
        ]

    found = await database.write(act)
    assert found[:4] == ["Circle None 60", "Once None 60", "Circle None 60", "Guild 5 90"]
    assert set(found[3:]) == {"Guild 5 90"}
    assert len(found) == 62


async def test_what_is_over_or_cancelled_or_to_be_in_the_past_is_refused(database: Database) -> None:
    found = await database.write(begin)

    def again(db: Db, number: int) -> Occurrence:
        return db.exec(select(Occurrence).where(Occurrence.number == number)).one()

    await database.write(lambda db: series.cancel(db, again(db, 2), "", "this", NOW))
    with pytest.raises(Conflict, match="cancelled"):
        await database.write(lambda db: series.move(db, again(db, 2), TUESDAY + WEEK, "this", NOW))
    with pytest.raises(Conflict, match="over"):
        await database.write(lambda db: series.cancel(db, again(db, 1), "", "this", NOW + WEEK))
    with pytest.raises(Problems, match="past"):
        await database.write(lambda db: series.move(db, again(db, 3), NOW, "all", NOW))
    with pytest.raises(Problems, match="already"):
        await database.write(lambda db: series.move(db, again(db, 3), TUESDAY + 2 * WEEK, "all", NOW))
    after = await database.read(all_of)
    assert walls(after) == walls(found)


async def test_each_is_announced_a_week_before_once(database: Database) -> None:
    await database.write(begin)
    now = NOW + 2 * WEEK
    due = await database.read(lambda db: series.unannounced(db, now))
    assert len(due) == 1
    for _ in range(2):
        assert await database.write(lambda db: announcing.announce(db, due[0], now)) in (0, 1)
    assert await database.read(lambda db: series.unannounced(db, now)) == []
    keys = await database.read(lambda db: db.exec(select(Letter.key)).all())
    assert list(keys) == ["session:1.3:web:py"]


async def test_those_who_come_are_told_once_however_many_of_theirs_move(database: Database) -> None:
    from bot.cards import sessions as cards

    def act(db: Db) -> tuple[int, str]:
        found = begin(db)
        for one in found[:3]:
            rsvps.answer(db, one.id, mo(db), "yes", NOW)
        before = found[0].starts_at
        moved = series.move(db, found[0], before + timedelta(hours=3), "all", NOW)
        changed = [one for one in all_of(db) if one.id in moved.ids]
        told = announcing.tell_coming(db, changed, "moved", lambda v, n: cards.moved(v, before, n), NOW)
        card = db.exec(select(Letter.card).where(Letter.kind == "moved")).one()
        return told, str(card)

    told, card = await database.write(act)
    assert told == 1
    assert "2 more moved with it" in card
    assert "Can you still come?" in card
