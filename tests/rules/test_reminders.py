"""Reminders: in time, once, out of quiet hours, never after the start, whatever the clock does."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.rules import communities, letters, reminders, reminding, rsvps, series, sessions
from bot.rules import settings as rules_of
from bot.rules.reminding import Quiet
from bot.ui.cards import words
from bot.ui.codec import load_card
from storage.database import Db
from storage.tables import Letter, Person, Rsvp
from tests import cast
from tests.cast import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONDON, BERLIN = ZoneInfo("Europe/London"), ZoneInfo("Europe/Berlin")
THURSDAY = datetime(2026, 3, 5, 15, tzinfo=UTC)


class Desk:
    """A community with a session on Thursday at 15:00, and a clock that can go anywhere."""

    def __init__(self, db: Db, *, when: datetime = THURSDAY, capacity: int | None = None) -> None:
        self.db = db
        self.fran, self.mo, self.ana = (cast.person(db, name) for name in ("Fran", "Mo", "Ana"))
        self.place = cast.community(db, "python", self.fran, self.mo, self.ana)
        self.session = sessions.schedule(
            db, self.place, self.fran, title="Intro", when=when, duration=HOUR, zone="UTC", capacity=capacity, now=NOW
        )  # fmt: skip

    def says(self, who: Person, word: sessions.AnswerWord, now: datetime = NOW) -> None:
        rsvps.answer(self.db, self.session.id, who.id, word, now)

    def ticks(self, now: datetime) -> None:
        """Do what a tick and the delivery after it do."""
        for found in reminders.due(self.db, now):
            reminders.act(self.db, found, now)
        while parcels := letters.claim(self.db, now, platform="memory", limit=100, lease=HOUR):
            for parcel in parcels:
                letters.sent(self.db, parcel.claim, f"m{parcel.claim.letter_id}", now)
        self.db.flush()

    def goes(self, *moments: datetime) -> None:
        """Let the clock stand at each moment in turn."""
        for moment in moments:
            self.ticks(moment)

    def runs(self, since: datetime, until: datetime, step: timedelta = 15 * MINUTE) -> None:
        """Let the clock go from one moment to another."""
        while since <= until:
            self.ticks(since)
            since += step

    def letters(self, *states: str) -> list[tuple[str, str]]:
        """The name of each person and when the reminder reached them, or its state, in the order they were written."""
        found = self.db.exec(
            select(Person.name, Letter)
            .where(Letter.person_id == Person.id, Letter.kind == "reminder")
            .order_by(col(Letter.id))
        ).all()
        chosen = [(name, one) for name, one in found if not states or one.state in states]
        return [(name, f"{one.sent_at:%a %H:%M}" if one.sent_at else one.state) for name, one in chosen]


@pytest.fixture
def desk(db: Db) -> Desk:
    return Desk(db)


def test_who_said_yes_or_maybe_is_reminded_a_day_and_a_quarter_of_an_hour_before(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    desk.says(desk.ana, "maybe")
    desk.says(desk.fran, "no")
    desk.goes(NOW, THURSDAY - DAY - MINUTE)
    assert desk.letters() == []
    desk.goes(THURSDAY - DAY, THURSDAY - 15 * MINUTE, THURSDAY, THURSDAY + 4 * HOUR)
    assert sorted(desk.letters()) == [
        ("Ana", "Thu 14:45"),
        ("Ana", "Wed 15:00"),
        ("Mo", "Thu 14:45"),
        ("Mo", "Wed 15:00"),
    ]
    assert desk.db.exec(select(Rsvp.remind_at)).all() == [None, None, None]


def test_the_first_one_asks_whether_they_still_come_and_the_last_one_is_to_check_in_with(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    found = []
    for now in (THURSDAY - DAY, THURSDAY - timedelta(minutes=15)):
        desk.ticks(NOW)
        for one in reminders.due(desk.db, now):
            reminders.act(desk.db, one, now)
        letter = desk.db.exec(
            select(Letter).where(Letter.state == "pending", Letter.kind == "reminder")
        ).one()
        card = load_card(letter.card)
        found.append((words(card), [button.label for button in card.buttons()]))
        desk.ticks(now)
    assert "Still coming?" in found[0][0]
    assert found[0][1] == ["Going", "Can't", "Details"]
    assert "Still coming?" not in found[1][0]
    assert found[1][1] == ["I'm here", "Details"]


def test_who_changes_to_no_or_takes_the_answer_back_hears_nothing_more(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    desk.says(desk.ana, "yes")
    desk.runs(NOW, THURSDAY - DAY, HOUR)
    assert len(desk.letters("sent")) == 2
    desk.says(desk.mo, "no", THURSDAY - 20 * HOUR)
    rsvps.withdraw(desk.db, desk.session.id, desk.ana.id, THURSDAY - 20 * HOUR)
    desk.runs(THURSDAY - 19 * HOUR, THURSDAY + 4 * HOUR, HOUR)
    assert len(desk.letters()) == 2


def test_nothing_of_what_is_cancelled(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    desk.ticks(NOW)
    series.cancel(desk.db, desk.session, "", "this", NOW + HOUR)
    desk.runs(NOW + HOUR, THURSDAY + 4 * HOUR, HOUR)
    assert desk.letters() == []
    assert desk.db.exec(select(Rsvp.remind_at)).all() == [None]


def test_what_was_due_before_somebody_answered_is_not_made_up_for(desk: Desk) -> None:
    desk.says(desk.mo, "yes", THURSDAY - 5 * HOUR)
    desk.runs(THURSDAY - 5 * HOUR, THURSDAY + 4 * HOUR)
    assert desk.letters() == [("Mo", "Thu 14:45")]


def test_a_session_that_moves_reminds_anew_and_of_the_new_start_only(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    desk.runs(NOW, THURSDAY - 20 * HOUR, HOUR)
    series.move(desk.db, desk.session, THURSDAY + DAY, "this", THURSDAY - 20 * HOUR)
    desk.runs(THURSDAY - 20 * HOUR, THURSDAY + DAY + 4 * HOUR)
    assert desk.letters() == [("Mo", "Wed 15:00"), ("Mo", "Thu 15:00"), ("Mo", "Fri 14:45")]


def test_everybody_is_reminded_as_they_chose(desk: Desk) -> None:
    for who in (desk.mo, desk.ana, desk.fran):
        desk.says(who, "yes")
    desk.ticks(NOW)
    rules_of.prefer(desk.mo, {"reminders": "2h"})
    rules_of.prefer(desk.ana, {"reminders": "none"})
    rules_of.change(desk.place, {"reminders": "3h, 24h"}, NOW)
    desk.db.add_all([desk.mo, desk.ana, desk.place])
    reminding.look_again(desk.db, NOW + HOUR, community_id=desk.place.id)
    desk.runs(NOW + HOUR, THURSDAY + 4 * HOUR, HOUR)
    # Fran hosts it: a day before she gets its agenda instead.
    assert desk.letters() == [("Fran", "Thu 12:00"), ("Mo", "Thu 13:00")]


def test_who_wants_no_messages_has_that_recorded(desk: Desk) -> None:
    rules_of.prefer(desk.mo, {"direct_messages": False})
    desk.db.add(desk.mo)
    desk.says(desk.mo, "yes")
    desk.runs(NOW, THURSDAY, HOUR)
    assert {state for _, state in desk.letters()} == {"skipped"}


def test_who_waits_for_a_seat_is_told_so(db: Db) -> None:
    desk = Desk(db, capacity=1)
    desk.says(desk.ana, "yes")
    desk.says(desk.mo, "yes")
    now = THURSDAY - DAY
    for _ in range(2):
        for one in reminders.due(db, now):
            reminders.act(db, one, now)
        found = db.exec(select(Letter.person_id, Letter.card).where(Letter.kind == "reminder")).all()
    texts = {person: words(load_card(card)) for person, card in found}
    assert "number 1 on the waitlist" in texts[desk.mo.id]
    assert "waitlist" not in texts[desk.ana.id]


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


NIGHT = Quiet(time(18), time(8), BERLIN)


@pytest.mark.parametrize(
    ("start", "offset", "hours", "expected"),
    [
        # In quiet hours: when they end, which is before the start; else before they begin.
        ("2026-03-05 10:00", 12 * HOUR, NIGHT, "2026-03-05 08:00"),
        ("2026-03-05 08:05", timedelta(minutes=15), NIGHT, "2026-03-05 08:00"),
        ("2026-03-05 08:00", timedelta(minutes=15), NIGHT, "2026-03-04 17:55"),
        # Not in them: as it is. What begins within them is what the person said yes to.
        ("2026-03-05 10:00", timedelta(minutes=15), NIGHT, "2026-03-05 09:45"),
        ("2026-03-05 08:15", timedelta(minutes=15), NIGHT, "2026-03-05 08:00"),
        ("2026-03-05 18:15", timedelta(minutes=15), NIGHT, "2026-03-05 18:00"),
        ("2026-03-05 20:00", DAY, NIGHT, "2026-03-04 20:00"),
        ("2026-03-05 18:00", timedelta(minutes=15), NIGHT, "2026-03-05 17:45"),
        # Within a day, and nearly all day long: then there is no room before them.
        ("2026-03-05 16:30", HOUR, Quiet(time(15), time(16), BERLIN), "2026-03-05 16:00"),
        ("2026-03-05 08:00", HOUR, Quiet(time(8, 2), time(8), BERLIN), "2026-03-04 08:00"),
        # The night the clocks go forward, 02:30 is not; the night they go back, 02:30 is twice.
        ("2026-03-29 10:00", 7 * HOUR, Quiet(time(22), time(2, 30), BERLIN), "2026-03-29 03:00"),
        ("2026-03-29 10:00", 8 * HOUR, Quiet(time(22), time(2, 30), BERLIN), "2026-03-29 03:00"),
        ("2026-10-25 10:00", 8 * HOUR + 45 * MINUTE, Quiet(time(22), time(2, 30), BERLIN), "2026-10-25 02:30 late"),
        ("2026-10-25 10:00", 9 * HOUR + 15 * MINUTE, Quiet(time(22), time(2, 30), BERLIN), "2026-10-25 02:30 late"),
        ("2026-10-25 10:00", DAY, None, "2026-10-24 11:00"),
        ("2026-03-29 10:00", DAY, None, "2026-03-28 09:00"),
    ],
)  # fmt: skip
def test_what_falls_into_quiet_hours_goes_after_or_before_them(
    start: str, offset: timedelta, hours: Quiet | None, expected: str
) -> None:
    found = reminding.planned(at(start).astimezone(UTC), (offset,), hours)
    clock = at(expected.removesuffix(" late")).replace(fold=expected.endswith("late"))
    assert found == [(offset, clock.astimezone(UTC))]


ZONES = st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
CLOCKS = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(
    start=st.integers(0, 366 * 24 * 60).map(lambda n: NOW + n * MINUTE),
    offset=st.integers(1, 14 * 24 * 60).map(lambda n: timedelta(minutes=n)),
    begin=CLOCKS,
    end=CLOCKS,
    zone=ZONES,
)
def test_no_reminder_is_in_quiet_hours_or_after_the_start(
    start: datetime, offset: timedelta, begin: time, end: time, zone: str
) -> None:
    hours = reminding.quiet(f"{begin:%H:%M}-{end:%H:%M}", zone)
    ((_, moment),) = reminding.planned(start, (offset,), hours)
    assert moment < start
    if hours is None:
        assert begin == end
        return
    within = hours.around(start) is not None
    assert moment == start - offset if within else hours.around(moment) is None
    # By the wall clock as well, except in the hour of a change.
    wall = moment.astimezone(hours.zone).time()
    quiet = begin <= wall < end if begin < end else wall >= begin or wall < end
    changes = {(moment + n * HOUR).astimezone(hours.zone).utcoffset() for n in range(-3, 4)}
    assert within or not quiet or len(changes) > 1


def test_it_is_the_persons_own_zone_and_quiet_hours(db: Db) -> None:
    desk = Desk(db, when=datetime(2026, 3, 5, 9, tzinfo=UTC))
    rules_of.prefer(desk.mo, {"zone": "America/New_York", "quiet_hours": "21:00-03:30", "reminders": "15m"})
    rules_of.prefer(desk.ana, {"quiet_hours": "21:00-08:50", "reminders": "15m"})
    db.add_all([desk.mo, desk.ana])
    for who in (desk.mo, desk.ana):
        desk.says(who, "yes")
    desk.ticks(NOW)
    desk.runs(desk.session.starts_at - 30 * MINUTE, desk.session.starts_at, 5 * MINUTE)
    # In New York it begins at 04:00, and 03:45 is not quiet any more; in London it is 08:45, which is.
    assert desk.letters() == [("Mo", "Thu 08:45"), ("Ana", "Thu 08:50")]


class TestClock:
    """Whatever the clock does: nothing early, nothing twice, nothing lost without a record."""

    DAY_BEFORE, SOON = THURSDAY - DAY, THURSDAY - timedelta(minutes=15)

    @pytest.mark.parametrize("jump", [-2 * HOUR, 2 * HOUR])
    @pytest.mark.parametrize("when", [DAY_BEFORE - 30 * MINUTE, SOON - 30 * MINUTE, SOON + MINUTE])
    def test_a_clock_that_is_wrong_for_a_while_and_set_right(
        self, desk: Desk, when: datetime, jump: timedelta
    ) -> None:
        desk.says(desk.mo, "yes")
        desk.goes(NOW, *(moment for moment in (self.DAY_BEFORE, self.SOON) if moment < when))
        desk.runs(when + jump, when + jump + 20 * MINUTE, 10 * MINUTE)
        desk.runs(when + 20 * MINUTE, when + HOUR, 10 * MINUTE)
        desk.goes(self.SOON, THURSDAY + 4 * HOUR) if when < self.SOON else desk.goes(THURSDAY + 4 * HOUR)
        # One of each kind, sent, and none before its time by the clock as it was.
        found = desk.db.exec(select(Letter).where(Letter.kind == "reminder").order_by(col(Letter.id))).all()
        assert len({one.key for one in found}) == len(found) == 2
        for one, planned in zip(found, (self.DAY_BEFORE, self.SOON), strict=True):
            assert one.sent_at is not None, f"lost: {one.reason}"
            assert planned <= one.sent_at < THURSDAY

    def test_a_day_asleep_sends_what_still_helps_and_records_what_does_not(self, desk: Desk) -> None:
        desk.says(desk.mo, "yes")
        desk.goes(NOW, self.DAY_BEFORE - HOUR)
        desk.runs(THURSDAY - 10 * MINUTE, THURSDAY + 4 * HOUR, HOUR)
        assert desk.letters() == [("Mo", "expired"), ("Mo", "Thu 14:50")]

    def test_asleep_over_the_start_sends_nothing_and_records_both(self, desk: Desk) -> None:
        desk.says(desk.mo, "yes")
        desk.goes(NOW, self.DAY_BEFORE - HOUR)
        desk.runs(THURSDAY + MINUTE, THURSDAY + 4 * HOUR, HOUR)
        assert desk.letters() == [("Mo", "expired"), ("Mo", "expired")]
        assert desk.db.exec(select(Rsvp.remind_at)).all() == [None]

    def test_awake_in_quiet_hours_it_waits_for_their_end(self, desk: Desk) -> None:
        desk.says(desk.mo, "yes")
        desk.goes(NOW, self.DAY_BEFORE - HOUR)
        desk.runs(self.DAY_BEFORE + 6 * HOUR, THURSDAY - HOUR, HOUR)
        assert desk.letters() == [("Mo", "Thu 08:00")]

    @pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
    @pytest.mark.parametrize("start", [time(0, 30), time(1, 30), time(12)])
    def test_the_clocks_change(self, db: Db, day: date, start: time) -> None:
        when = datetime.combine(day, start, LONDON).astimezone(UTC)
        desk = Desk(db, when=when)
        rules_of.prefer(desk.mo, {"quiet_hours": "none"})
        db.add(desk.mo)
        desk.says(desk.mo, "yes")
        desk.ticks(NOW)
        for planned in (when - DAY, when - 15 * MINUTE):
            desk.goes(planned - MINUTE, planned, planned + MINUTE)
        desk.ticks(when + 4 * HOUR)
        sent = db.exec(select(Letter.sent_at).where(Letter.kind == "reminder").order_by(col(Letter.id))).all()
        assert sent == [when - DAY, when - 15 * MINUTE]

    def test_two_processes_remind_once(self, desk: Desk) -> None:
        desk.says(desk.mo, "yes")
        now = self.DAY_BEFORE
        desk.ticks(NOW)
        twice = [*reminders.due(desk.db, now), *reminders.due(desk.db, now)]
        assert len(twice) == 2
        for found in twice:
            reminders.act(desk.db, found, now)
        desk.ticks(now)
        assert desk.letters() == [("Mo", "Wed 15:00")]


def test_a_crowd_is_reminded_in_batches(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "BATCH", 2)
    desk = Desk(db)
    crowd = [desk.mo, desk.ana, *(cast.person(db, f"P{n}") for n in range(3))]
    for who in crowd:
        desk.says(who, "yes")
    assert len(reminders.due(db, NOW)) == 3
    desk.ticks(NOW)
    desk.ticks(THURSDAY - DAY)
    assert len(desk.letters("sent")) == len(crowd)


def test_an_archived_community_reminds_again_once_it_is_revived(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    desk.ticks(NOW)
    communities.archive(desk.db, desk.place, NOW)
    desk.runs(NOW, THURSDAY - 20 * HOUR, HOUR)
    assert desk.letters() == []
    communities.revive(desk.db, desk.place, THURSDAY - 20 * HOUR)
    desk.runs(THURSDAY - 20 * HOUR, THURSDAY, 15 * MINUTE)
    assert desk.letters() == [("Mo", "Thu 14:45")]
