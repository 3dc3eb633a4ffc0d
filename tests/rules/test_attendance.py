"""Around a session: the host's own letters, check-ins and their window, notes, feedback that is counted once, the table."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot import sheets
from bot.cards import attendance as cards
from bot.cards import sessions as session_cards
from bot.cards.subjects import draw
from bot.errors import Conflict
from bot.rules import attendance, hosting, letters, news, privacy, rsvps, series, sessions
from bot.rules import settings as rules_of
from bot.ui.cards import Card, File, words
from storage.database import Db
from storage.tables import CheckIn, Feedback, Letter, Occurrence, Person
from tests import cast
from tests.cast import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 5, 15, tzinfo=UTC)
END = START + HOUR
K = 5


class Desk:
    """A community of eight with a session that Fran hosts."""

    def __init__(self, db: Db, *, capacity: int | None = None, when: datetime = START) -> None:
        self.db = db
        self.now = NOW
        self.heard: list[tuple[str, int | None, str]] = []
        self.fran, *self.members = (cast.person(db, name) for name in NAMES)
        slug = f"python-{when:%d}"
        self.place = cast.community(db, slug, self.fran, *self.members)
        self.session = sessions.schedule(
            db,
            self.place,
            self.fran,
            title="Intro",
            when=when,
            duration=HOUR,
            zone="UTC",
            capacity=capacity,
            now=NOW,
        )

    @property
    def view(self) -> sessions.View:
        found = sessions.view(self.db, self.session.id)
        assert found is not None
        return found

    def says(self, who: Person, word: sessions.AnswerWord) -> None:
        rsvps.answer(self.db, self.session.id, who.id, word, NOW)

    def comes(self, *people: Person, now: datetime = START) -> None:
        for who in people:
            assert attendance.check_in(self.db, self.session.id, who.id, now)

    def tends(self, *moments: datetime) -> None:
        """Let the clock stand at each moment in turn: do what is due, and deliver."""
        for self.now in moments:
            for found in hosting.due(self.db, self.now):
                hosting.act(self.db, found, self.now, K)
            self._deliver()

    def _deliver(self) -> None:
        while parcels := letters.claim(self.db, self.now, platform="memory", limit=100, lease=HOUR):
            for parcel in parcels:
                letter = self.db.get(Letter, parcel.claim.letter_id)
                assert letter is not None
                self.heard.append((letter.kind, letter.person_id, words(parcel.card)))
                letters.sent(self.db, parcel.claim, f"m{letter.id}", self.now)
        self.db.flush()

    def told(self, kind: str) -> list[tuple[int | None, str]]:
        """Who was told what of this kind, in order."""
        self._deliver()
        return [(who, said) for about, who, said in self.heard if about == kind]


NAMES = ("Fran", "Mo", "Ana", "Ben", "Cy", "Di", "Ed", "Flo")


@pytest.fixture
def desk(db: Db) -> Desk:
    return Desk(db)


def test_the_host_hears_who_comes_a_day_before_and_to_check_in_just_before(desk: Desk) -> None:
    desk.says(desk.members[0], "yes")
    desk.tends(NOW, START - DAY - MINUTE)
    assert desk.told("agenda") == []
    desk.tends(START - DAY, START - DAY + MINUTE)
    [(who, said)] = desk.told("agenda")
    assert who == desk.fran.id
    assert "Coming: 1 going" in said
    desk.tends(START - 15 * MINUTE, START - 14 * MINUTE)
    [(who, said)] = desk.told("starting")
    assert (who, "Please check in" in said) == (desk.fran.id, True)


def test_the_host_is_asked_what_to_do_when_nobody_said_yes(desk: Desk) -> None:
    desk.says(desk.members[0], "maybe")
    desk.tends(NOW, START - DAY)
    [(_, said)] = desk.told("agenda")
    assert (
        "Nobody has said yes so far (1 may come). Run it anyway, move it, or turn it into a thread?" in said
    )


def test_the_agenda_keeps_out_of_the_hosts_quiet_hours(db: Db) -> None:
    desk = Desk(db)
    rules_of.prefer(desk.fran, {"quiet_hours": "14:00-14:59"})
    db.add(desk.fran)
    desk.tends(NOW, START - DAY + MINUTE)
    assert len(desk.told("agenda")) == 1
    late = Desk(db, when=START + 7 * DAY)
    rules_of.prefer(late.fran, {"quiet_hours": "16:00-20:00"})
    db.add(late.fran)
    start = late.session.starts_at
    late.tends(NOW, start - 22 * HOUR)  # asleep at its time, awake in quiet hours
    assert late.told("agenda") == []
    late.tends(start - 19 * HOUR)
    assert len(late.told("agenda")) == 1


def test_those_who_come_are_asked_to_host_when_the_host_is_absent(desk: Desk) -> None:
    mo, ana, ben, cy, *_ = desk.members
    for who in (mo, ana, desk.fran):
        desk.says(who, "yes")
    desk.says(ben, "maybe")
    desk.tends(NOW, START - DAY, START - 15 * MINUTE)
    desk.comes(cy)
    desk.tends(START + 4 * MINUTE)
    assert desk.told("absent") == []
    desk.tends(START + 5 * MINUTE, START + 6 * MINUTE)
    assert sorted(str(who) for who, _ in desk.told("absent")) == sorted(str(p.id) for p in (mo, ana, cy))
    desk.now = START + 7 * MINUTE
    attendance.step_in(desk.db, desk.session.id, ana.id, desk.now)
    assert {who for who, _ in desk.told("notice")} == {desk.fran.id, mo.id, cy.id}
    with pytest.raises(Conflict, match="hosts it already"):
        attendance.step_in(desk.db, desk.session.id, mo.id, START + 8 * MINUTE)
    attendance.step_in(desk.db, desk.session.id, ana.id, START + 8 * MINUTE)
    assert len(desk.told("notice")) == 3


@pytest.mark.parametrize("why", ["host is there", "somebody hosts", "cancelled", "too late"])
def test_nobody_is_asked_to_host_without_need(desk: Desk, why: str) -> None:
    mo = desk.members[0]
    desk.says(mo, "yes")
    desk.tends(NOW, START - DAY)
    now = START + 5 * MINUTE
    match why:
        case "host is there":
            desk.comes(desk.fran)
        case "somebody hosts":
            attendance.step_in(desk.db, desk.session.id, mo.id, START)
        case "cancelled":
            series.cancel(desk.db, desk.session, "", "this", START - HOUR)
        case "too late":
            now = START + 31 * MINUTE
    desk.tends(START, now, END + 2 * HOUR)
    assert desk.told("absent") == []


def test_a_moved_session_is_tended_anew(desk: Desk) -> None:
    desk.tends(NOW, START - DAY)
    series.move(desk.db, desk.session, START + DAY, "this", START - HOUR)
    desk.tends(START - HOUR, START, START + 5 * MINUTE, START + DAY - 15 * MINUTE)
    assert len(desk.told("agenda")) == 2
    assert len(desk.told("starting")) == 1


def test_checking_in_is_from_a_quarter_of_an_hour_before_to_an_hour_after(desk: Desk) -> None:
    mo, ana, *_ = desk.members
    for now, reason in ((START - 15 * MINUTE - MINUTE, "too early"), (END + HOUR, "is over")):
        with pytest.raises(Conflict, match=reason):
            attendance.check_in(desk.db, desk.session.id, mo.id, now)
    assert attendance.running(desk.db, [desk.place.id], START - 16 * MINUTE) == []
    assert desk.db.exec(select(CheckIn)).all() == []
    desk.comes(mo, now=START - 15 * MINUTE)
    desk.comes(ana, now=END + HOUR - MINUTE)
    assert not attendance.check_in(desk.db, desk.session.id, mo.id, START)
    assert [one.code for one in attendance.running(desk.db, [desk.place.id], END + 59 * MINUTE)] == [
        desk.view.code
    ]
    assert attendance.running(desk.db, [desk.place.id], END + HOUR) == []
    series.cancel(desk.db, desk.session, "", "this", START)
    with pytest.raises(Conflict, match="cancelled"):
        attendance.check_in(desk.db, desk.session.id, desk.fran.id, START)


def test_the_announcement_has_the_button_in_that_time_only(desk: Desk) -> None:
    def labels(now: datetime) -> list[str]:
        card = session_cards.announcement(desk.view, now)
        return [button.label for button in card.buttons()]

    answers = ["Going", "Maybe", "Can't", "Details"]
    assert labels(START - 16 * MINUTE) == answers
    assert labels(START - 15 * MINUTE) == [*answers, "I'm here"]
    assert labels(END) == ["I'm here", "Send me the notes"]
    assert labels(END + HOUR) == ["Send me the notes"]


def test_the_announcement_is_redrawn_when_that_time_begins_and_ends(desk: Desk) -> None:
    letter = Letter(
        key="x", mailing="m", kind="announcement", subject=f"session:{desk.session.id}", platform="memory",
        state="sent", created_at=NOW, due_at=NOW,
    )  # fmt: skip
    from storage.tables import Mailing

    desk.db.add(Mailing(key="m", kind="announcement", addressed=1, created_at=NOW))
    desk.db.flush()
    desk.db.add(letter)
    desk.db.flush()
    for now, stale in (
        (NOW, False),
        (START - 15 * MINUTE, True),
        (START + MINUTE, False),
        (END, True),
        (END + HOUR, True),
    ):
        desk.tends(now)
        desk.db.refresh(letter)
        assert (letter.redraw_at == now) is stale, now
        letter.redraw_at = None
        desk.db.add(letter)
        desk.db.flush()


def test_notes_go_to_those_who_came_or_asked_once_and_change_in_place(desk: Desk) -> None:
    mo, ana, ben, *_ = desk.members
    desk.says(ben, "yes")
    desk.comes(mo)
    assert attendance.want_notes(desk.db, desk.session.id, ana.id, START) is None
    with pytest.raises(Conflict, match="not begun"):
        attendance.write_notes(desk.db, desk.session.id, desk.fran.id, "early", START - MINUTE)
    desk.now = END
    assert attendance.write_notes(desk.db, desk.session.id, desk.fran.id, "We met.", END) == 2
    assert {who for who, _ in desk.told("notes")} == {mo.id, ana.id}
    assert attendance.write_notes(desk.db, desk.session.id, desk.fran.id, "https://example.org/n", END) == 0
    assert attendance.want_notes(desk.db, desk.session.id, ben.id, END) == "https://example.org/n"
    redrawn = draw(desk.db, f"notes:{desk.session.id}", END)
    assert redrawn is not None
    assert "https://example.org/n" in words(redrawn)
    happened = news.gather(desk.db, desk.place, START, END + DAY, END + DAY)
    [section] = [one for one in happened.sections if one.title == "Happened"]
    assert section.items[0].links == 1


def test_feedback_is_for_those_who_came_and_counted_once_from_enough_answers(desk: Desk) -> None:
    mo, ana, *others = desk.members
    desk.comes(mo, ana, *others)
    desk.tends(NOW, START - DAY, START, END)
    assert len(desk.told("feedback")) == len(desk.members)
    give, one = attendance.give, desk.session.id
    with pytest.raises(Conflict, match="those who came"):
        give(desk.db, one, desk.fran.id, END, worth=5)
    with pytest.raises(Conflict, match="first"):
        give(desk.db, one, mo.id, END, use="try")
    assert give(desk.db, one, mo.id, END) is None
    for who, worth in zip((mo, ana, *others), (1, 5, 4, 4, 4, 4, 4), strict=True):
        give(desk.db, one, who.id, END, worth=worth)
    give(desk.db, one, mo.id, END, worth=2)
    for who in (mo, ana, *others[:2]):
        give(desk.db, one, who.id, END, use="share")
    assert attendance.outcome(desk.db, one) is None
    desk.tends(END + HOUR, END + attendance.FEEDBACK)
    assert len(desk.told("feedback")) == len(desk.members)
    found = attendance.outcome(desk.db, one)
    assert found is not None
    assert found.worth == {"2": 1, "4": 5, "5": 1}
    assert found.use == {}, "four said what they will do with it, which is under five"
    assert desk.db.exec(select(Feedback)).all() == []
    with pytest.raises(Conflict, match="closed"):
        give(desk.db, one, mo.id, END + attendance.FEEDBACK, worth=5)


def test_too_little_feedback_is_forgotten_uncounted(desk: Desk) -> None:
    few = desk.members[: K - 1]
    desk.comes(*few)
    for who in few:
        attendance.give(desk.db, desk.session.id, who.id, END, worth=3, use="try" if who is few[0] else None)
    desk.tends(END + attendance.FEEDBACK)
    assert attendance.outcome(desk.db, desk.session.id) is None
    assert desk.db.exec(select(Feedback)).all() == []


def test_who_checks_in_late_is_asked_too_and_nobody_twice(desk: Desk) -> None:
    mo, ana, *_ = desk.members
    desk.comes(mo)
    desk.tends(NOW, START - DAY, START, END)
    desk.comes(ana, now=END + MINUTE)
    desk.tends(END + HOUR)
    assert [who for who, _ in desk.told("feedback")] == [mo.id, ana.id]


def test_the_table_counts_seats_kept_and_is_safe_to_open(db: Db) -> None:
    desk = Desk(db, capacity=2)
    mo, ana, ben, cy, *_ = desk.members
    mo.name = "=HYPERLINK(1)"
    db.add(mo)
    for who in (mo, ana, ben):
        desk.says(who, "yes")
    desk.says(cy, "no")
    desk.comes(mo, cy, ben)
    found = attendance.attendance(db, desk.view)
    assert (found.seated, found.kept, found.others, found.no_shows) == (2, 1, 2, 0.5)
    card = cards.table(desk.view, found, None)
    assert "1 of 2 who had a seat, 2 others" in words(card)
    [file] = [block for block in card.blocks if isinstance(block, File)]
    rows = list(csv.DictReader(io.StringIO(file.content)))
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert [row["seat"] for row in rows] == ["yes", "yes", "no", "no"]
    assert [bool(row["checked in (UTC)"]) for row in rows] == [True, False, True, True]
    empty = attendance.attendance(db, Desk(db, when=START + DAY).view)
    assert empty.no_shows is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "  =1", "\n-1"])
def test_no_cell_is_a_formula(text: str) -> None:
    _, row = csv.reader(io.StringIO(sheets.table(("said",), [(text,)]), newline=""))
    assert row == [f"'{text}"]
    assert sheets.inert('1-1 = 0, "said" Ana') == '1-1 = 0, "said" Ana'


def test_who_is_erased_leaves_nothing_but_the_notes_they_wrote(desk: Desk) -> None:
    mo, ana, *_ = desk.members
    desk.says(mo, "yes")
    desk.comes(mo, ana)
    attendance.give(desk.db, desk.session.id, mo.id, START, worth=5)
    attendance.want_notes(desk.db, desk.session.id, mo.id, START)
    attendance.write_notes(desk.db, desk.session.id, mo.id, "We met.", END)
    kept = privacy.export(desk.db, mo)
    assert {"checkin", "feedback", "notes", "noteswanted"} <= kept.keys()
    privacy.erase(desk.db, mo, END)
    assert desk.db.exec(select(CheckIn.person_id)).all() == [ana.id]
    assert desk.db.exec(select(Feedback)).all() == []
    assert attendance.notes_of(desk.db, [desk.session.id]) == {desk.session.id: "We met."}


def test_cards_hold_the_longest_there_is(desk: Desk) -> None:
    occurrence = desk.db.get(Occurrence, desk.session.id)
    assert occurrence is not None
    occurrence.title, occurrence.place, occurrence.description = "W" * 150, "W" * 200, "W" * 1_500
    desk.db.add(occurrence)
    desk.db.flush()
    desk.comes(*desk.members)
    found = attendance.attendance(desk.db, desk.view)
    roll = sessions.roll(desk.db, desk.session.id, None)
    notes = "W" * cards.NOTES_LIMIT
    card: Card = session_cards.detail(desk.view, roll, END, cards.after(desk.view, END, notes, found, None))
    assert "Whole notes" in [button.label for button in card.buttons()]
    assert notes in words(cards.notes(desk.view, notes))
    assert cards.thread(desk.view).title == "W" * 150
