"""Reminders: in time, once, out of quiet hours, never after the start, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.rules import announcing, letters, outbox, reminders, reminding, rsvps, series, sessions
from bot.rules import settings as rules_of
from bot.rules.reminding import Quiet
from bot.ui.cards import words
from bot.ui.codec import load_card
from storage.database import Db
from storage.tables import Community, Letter, Occurrence, Person, Rsvp
from tests import cast
from tests.cast import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
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

    def runs(self, since: datetime, until: datetime, step: timedelta = timedelta(minutes=1)) -> None:
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
    desk.runs(NOW, THURSDAY + 4 * HOUR, timedelta(minutes=5))
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
    desk.runs(THURSDAY - 19 * HOUR, THURSDAY + 4 * HOUR, timedelta(minutes=15))
    assert len(desk.letters()) == 2


def test_nothing_of_what_is_cancelled(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    desk.ticks(NOW)
    series.cancel(desk.db, desk.session, "", "this", NOW + HOUR)
    desk.runs(NOW + HOUR, THURSDAY + 4 * HOUR, timedelta(minutes=15))
    assert desk.letters() == []
    assert desk.db.exec(select(Rsvp.remind_at)).all() == [None]


def test_what_was_due_before_somebody_answered_is_not_made_up_for(desk: Desk) -> None:
    desk.says(desk.mo, "yes", THURSDAY - 5 * HOUR)
    desk.runs(THURSDAY - 5 * HOUR, THURSDAY + 4 * HOUR, timedelta(minutes=5))
    assert desk.letters() == [("Mo", "Thu 14:45")]


def test_a_session_that_moves_reminds_anew_and_of_the_new_start_only(desk: Desk) -> None:
    desk.says(desk.mo, "yes")
    desk.runs(NOW, THURSDAY - 20 * HOUR, timedelta(minutes=30))
    series.move(desk.db, desk.session, THURSDAY + DAY, "this", THURSDAY - 20 * HOUR)
    desk.runs(THURSDAY - 20 * HOUR, THURSDAY + DAY + 4 * HOUR, timedelta(minutes=5))
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
    desk.runs(NOW + HOUR, THURSDAY + 4 * HOUR, timedelta(minutes=30))
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
