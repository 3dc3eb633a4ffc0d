"""Digests: due on the wall clock, within their limits, and no day told twice or never."""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from itertools import count, pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.cards import digests as cards
from bot.cards.subjects import draw
from bot.config import Config
from bot.errors import Conflict, NotFound
from bot.rules import communities, digests, pulses, sessions
from bot.rules.news import MOMENT_WORDS, gather
from bot.ui.cards import Card, words
from bot.ui.codec import load_card
from bot.ui.spans import Link, Moment
from storage.database import Db
from storage.tables import (
    Community,
    Edition,
    Endorsement,
    Letter,
    Mailing,
    Membership,
    Occurrence,
    Person,
    Resource,
    ResourceNote,
)
from tests.cast import NOW, channel, community, person

CONFIG = Config()
LIMITS = CONFIG.digest
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
DUE = datetime(2026, 3, 10, 10, tzinfo=UTC)  # the Tuesday after NOW, at ten in London
ZONES = sorted(available_timezones())
slugs = (f"place-{n}" for n in count())


def number(row: Community | Person | Edition | Resource) -> int:
    assert row.id is not None
    return row.id


def place(
    db: Db, *names: str, connected: bool = True, slug: str = "python"
) -> tuple[Community, list[Person]]:
    """Return a community with Fran as its facilitator, and these members."""
    people = [person(db, name) for name in ("Fran", *names)]
    made = community(db, slug, *people)
    if connected:
        communities.connect(db, made, channel(slug))
    return made, people


def saved(db: Db, where: Community, who: Person | None, title: str, at: datetime = NOW + DAY) -> Resource:
    row = Resource(
        community_id=number(where), url=f"https://example.org/{where.slug}/{title.replace(' ', '-')}",
        title=title, saver_id=who.id if who else None, saved_at=at,
    )  # fmt: skip
    db.add(row)
    db.flush()
    return row


def endorsed(db: Db, resource: Resource, *by: Person) -> None:
    for who in by:
        db.add(Endorsement(resource_id=number(resource), person_id=number(who), endorsed_at=NOW))
    db.flush()


def session(db: Db, where: Community, host: Person, title: str, at: datetime) -> Occurrence:
    return sessions.schedule(
        db, where, host, title=title, when=at, duration=HOUR, zone=where.zone, now=at - 30 * DAY
    )  # fmt: skip


def poll(db: Db, where: Community, opener: Person, question: str, closes: timedelta) -> None:
    pulses.start(
        db, where, opener, question=question, given=["Yes", "No"], anonymous=False,
        closes=closes, threshold=5, now=NOW,
    )  # fmt: skip


def lively(db: Db, where: Community, who: Person, at: datetime = NOW + DAY) -> None:
    for title in ("One", "Two", "Three"):
        saved(db, where, who, f"{title} {at:%d%H%M}", at)


def editions(db: Db, where: Community) -> list[Edition]:
    return list(db.exec(select(Edition).where(Edition.community_id == where.id).order_by(col(Edition.id))))


def states(db: Db, where: Community) -> list[str]:
    return [edition.state for edition in editions(db, where)]


def posted(db: Db, where: Community) -> list[Card]:
    return [load_card(e.card) for e in editions(db, where) if e.state == "sent"]


def tick(db: Db, where: Community, now: datetime) -> bool:
    """Do what the clock does; return whether there was anything to do."""
    acted = 0
    while number(where) in digests.due(db, now):
        digests.act(db, number(where), now, CONFIG)
        db.flush()
        acted += 1
        assert acted <= 2, "one that is late, and the draft of the next, at most"
    return acted > 0


def told(db: Db, kind: str) -> list[str]:
    letters = db.exec(select(Letter).where(Letter.kind == kind, Letter.person_account != "")).all()
    return [words(load_card(letter.card)) for letter in letters]


# When


def first_reached(wall: datetime, zone: ZoneInfo) -> datetime:
    """Step through the minutes until the zone's clock shows `wall` or later, as one who watches it would."""
    moment = wall.replace(tzinfo=UTC) - timedelta(hours=27)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += timedelta(minutes=1)
    return moment


@settings(max_examples=100, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    after=st.integers(0, 37 * 365 * 24 * 60).map(
        lambda m: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=m)
    ),
    day=st.integers(0, 6),
    minutes=st.integers(0, 24 * 60 - 1),
)
@example("Europe/London", datetime(2026, 3, 28, 12, tzinfo=UTC), 6, 90)  # 01:30 is skipped
@example("Europe/London", datetime(2026, 10, 24, 12, tzinfo=UTC), 6, 90)  # 01:30 comes twice
@example("Europe/London", datetime(2026, 10, 25, 0, 45, tzinfo=UTC), 6, 90)  # between the two
@example("Australia/Lord_Howe", datetime(2026, 10, 3, 0, tzinfo=UTC), 6, 135)  # by half an hour
@example("Pacific/Apia", datetime(2011, 12, 29, 12, tzinfo=UTC), 4, 600)  # a Friday that never was
@example("America/Sao_Paulo", datetime(2017, 10, 14, 12, tzinfo=UTC), 6, 0)  # midnight is skipped
@example("Asia/Beirut", datetime(2026, 3, 28, 12, tzinfo=UTC), 6, 0)
def test_it_is_due_when_the_clock_on_the_wall_first_shows_it(
    zone: str, after: datetime, day: int, minutes: int
) -> None:
    at = time(minutes // 60, minutes % 60)
    place = Community(
        slug="x", name="X", purpose="", zone=zone, created_at=NOW, digest_day=day, digest_time=f"{at:%H:%M}"
    )
    here = ZoneInfo(zone)
    found = digests.next_due(place, after)
    assert found is not None
    assert found > after
    today = after.astimezone(here).date()
    days = [today + timedelta(days=n) for n in range(-2, 10)]
    watched = [first_reached(datetime.combine(d, at), here) for d in days if d.weekday() == day]
    assert found == min(moment for moment in watched if moment > after)


def test_a_digest_that_is_off_is_never_due(db: Db) -> None:
    where, _ = place(db)
    assert digests.next_due(where, NOW) == DUE
    assert digests.next_due(where, DUE) == DUE + WEEK
    assert digests.describe(where) == "A digest every Tuesday at 10:00 (Europe/London)."
    where.digest_on = False
    assert digests.next_due(where, NOW) is None
    assert digests.describe(where) == "No digest."


def test_defaults_come_from_the_configuration() -> None:
    assert digests.defaults(LIMITS) == digests.Defaults(day=1, time="10:00", approval="auto")


# What


def test_everything_that_happened_is_told_in_order_with_its_reason(db: Db) -> None:
    where, (fran, mo, ana) = place(db, "Mo", "Ana")
    ana.be_welcomed = True
    db.add(ana)
    session(db, where, fran, "Coming", DUE + 2 * DAY)
    session(db, where, fran, "Far away", DUE + 15 * DAY)
    session(db, where, mo, "Been", DUE - 2 * DAY)
    poll(db, where, fran, "Which day?", 20 * DAY)
    poll(db, where, fran, "Over?", DAY)
    note = saved(db, where, mo, "A guide")
    db.add(
        ResourceNote(resource_id=number(note), person_id=number(mo), note="short and clear", written_at=NOW)
    )
    db.flush()

    draft = gather(db, where, where.created_at, DUE, DUE)
    assert [section.title for section in draft.sections] == [
        "Next up", "Could you help?", "Made and found by members", "Happened", "Welcome",
    ]  # fmt: skip
    assert all(item.reason for item in draft.items)
    _, card = digests.upcoming(db, where, DUE, LIMITS)
    text = words(card)
    for told_of in (
        "Coming",
        "Which day?",
        "A guide from Mo: short and clear",
        "Been",
        "with Mo",
        "Welcome Ana.",
    ):
        assert told_of in text
    for left_out in ("Far away", "Over?", "Fran,"):
        assert left_out not in text
    assert "/cop settings" in text
    assert "because the channel is connected to Python" in text
    assert card.title == "Python: digest of 10 March"
    paths = [button.call.path for button in card.buttons()]
    assert paths == ["session rsvp", "session rsvp", "session rsvp", "pulse show"]


def test_nobodys_second_resource_comes_before_everybodys_first(db: Db) -> None:
    where, (fran, mo, ana) = place(db, "Mo", "Ana")
    for title in ("Fran one", "Fran two", "Fran three"):
        endorsed(db, saved(db, where, fran, title), mo, ana)
    endorsed(db, saved(db, where, mo, "Mo one"), ana)
    saved(db, where, ana, "Ana one")
    saved(db, where, None, "Nobody one")
    saved(db, where, None, "Nobody two")
    lines = [
        next(span.text for span in item.line if isinstance(span, Link))
        for item in gather(db, where, NOW, DUE, DUE).items
    ]
    assert len(lines) == 5
    assert lines[0].startswith("Fran")
    assert lines[1] == "Mo one"
    assert set(lines[2:]) == {"Ana one", "Nobody one", "Nobody two"}


def test_nothing_of_another_community_and_no_unwilling_name_is_in(db: Db) -> None:
    where, (fran, mo) = place(db, "Mo")
    other, _ = place(db, slug="secret")
    session(db, other, fran, "Hidden session", DUE + DAY)
    session(db, other, fran, "Hidden past", DUE - DAY)
    poll(db, other, fran, "Hidden poll?", 20 * DAY)
    saved(db, other, mo, "Hidden link")
    assert gather(db, where, where.created_at, DUE, DUE).items == []
    assert len(gather(db, other, other.created_at, DUE, DUE).items) == 4
    mo.be_welcomed = True
    db.add(mo)
    db.flush()
    assert [section.title for section in gather(db, where, where.created_at, DUE, DUE).sections] == [
        "Welcome"
    ]


def test_a_cancelled_session_is_neither_ahead_nor_held(db: Db) -> None:
    where, (fran,) = place(db)
    for at in (DUE + DAY, DUE - DAY):
        gone = session(db, where, fran, "Off", at)
        gone.cancelled_at = NOW
        db.add(gone)
    db.flush()
    assert gather(db, where, where.created_at, DUE, DUE).items == []


def test_an_item_belongs_to_the_window_it_begins_in(db: Db) -> None:
    where, (fran,) = place(db)
    saved(db, where, fran, "On the border", DUE)
    assert gather(db, where, NOW, DUE, DUE).items == []
    assert len(gather(db, where, DUE, DUE + WEEK, DUE + WEEK).items) == 1


def spoken(card: Card) -> int:
    """Count words as read, a moment as the longest that a platform makes of it."""
    moments = str(card).count("Moment(at=")
    return len(words(card).split()) + moments * (MOMENT_WORDS - 1)


@pytest.mark.parametrize("approval", ["auto", "hold"])
def test_a_crowded_week_keeps_the_limits_and_the_best_of_each_section(db: Db, approval: str) -> None:
    where, people = place(db, *(f"Person {'x' * 60} {n}" for n in range(9)))
    where.digest_approval = approval
    for who in people:
        who.be_welcomed = True
        db.add(who)
        kept = saved(db, where, who, "find " * 19 + who.name[-1])
        db.add(
            ResourceNote(resource_id=number(kept), person_id=number(who), note="note " * 20, written_at=NOW)
        )
        session(db, where, who, "next " * 20, DUE + DAY)
        session(db, where, who, "past " * 20, DUE - DAY)
        poll(db, where, who, "poll " * 60, 20 * DAY)
    db.flush()
    draft, card = digests.upcoming(db, where, DUE, LIMITS)
    room = cards.NOTE_WORDS if approval == "hold" else 0
    assert spoken(card) <= LIMITS.max_words - room
    assert str(card).count("Link(url=") <= LIMITS.max_links
    kept_items = digests.fitted(draft, where, LIMITS)
    assert [section.title for section in kept_items.sections][:4] == [s.title for s in draft.sections][:4]
    assert len(kept_items.items) < len(draft.items)
    until = Moment(DUE, where.zone)
    assert cards.draft(1, where.slug, cards.with_note(card, "n" * cards.NOTE_LIMIT), until)
    assert cards.preview(card, kept_items.items, 3, 3, until)


def test_few_links_are_allowed_where_the_configuration_says_so(db: Db) -> None:
    where, people = place(db, "Mo", "Ana")
    for who in people:
        saved(db, where, who, who.name)
    few = LIMITS.model_copy(update={"max_links": 2})
    assert str(digests.upcoming(db, where, DUE, few)[1]).count("Link(url=") == 2


def test_the_preview_says_why_and_what_is_missing(db: Db) -> None:
    where, (fran,) = place(db)
    saved(db, where, fran, "A guide")
    draft, card = digests.upcoming(db, where, DUE, LIMITS)
    text = words(cards.preview(card, draft.items, 0, 3, None))
    assert "A guide from Fran: saved since the last digest" in text
    assert "It needs 3 items" in text
    assert "The digest is off" in text


# Sending


def test_the_clock_sends_it_once_to_every_channel(db: Db) -> None:
    where, (fran,) = place(db)
    communities.connect(db, where, channel("second", "web"))
    lively(db, where, fran)
    assert not tick(db, where, DUE - HOUR)
    assert tick(db, where, DUE)
    assert not tick(db, where, DUE + HOUR)
    digests.act(db, number(where), DUE + HOUR, CONFIG)
    letters = db.exec(select(Letter).where(Letter.kind == "digest")).all()
    assert sorted(letter.key for letter in letters) == [
        "digest:python:2026-03-10T10:00:memory:python",
        "digest:python:2026-03-10T10:00:web:second",
    ]
    (edition,) = editions(db, where)
    assert edition.state == "sent"
    assert (edition.window_from, edition.window_to) == (where.created_at, DUE)
    assert all(letter.card == edition.card and letter.subject == "" for letter in letters)
    assert where.digest_next_at == DUE + WEEK


def test_a_shortened_schedule_is_kept_by_the_clock(db: Db) -> None:
    from bot.rules import settings as changes

    where, (fran,) = place(db)
    lively(db, where, fran, NOW)
    wednesday = NOW + DAY
    changes.change(where, {"day": "wednesday", "time": "14:05"}, wednesday)
    assert where.digest_next_at == datetime(2026, 3, 4, 14, 5, tzinfo=UTC)
    assert not tick(db, where, wednesday + 2 * HOUR)
    assert tick(db, where, wednesday + 3 * HOUR)
    assert states(db, where) == ["sent"]


def test_a_thin_week_is_folded_and_said_once(db: Db) -> None:
    where, (fran, _mo) = place(db, "Mo")
    saved(db, where, fran, "First")
    tick(db, where, DUE)
    saved(db, where, fran, "Second", DUE + DAY)
    tick(db, where, DUE + WEEK)
    assert states(db, where) == ["thin", "thin"]
    assert db.exec(select(Mailing).where(Mailing.kind == "digest")).all() == []
    (notice,) = told(db, "notice")
    assert "There was no digest for Python" in notice
    saved(db, where, fran, "Third", DUE + 8 * DAY)
    tick(db, where, DUE + 2 * WEEK)
    assert states(db, where) == ["thin", "thin", "sent"]
    (card,) = posted(db, where)
    assert all(title in words(card) for title in ("First", "Second", "Third"))


def test_over_twelve_hours_late_it_is_skipped_and_folded(db: Db) -> None:
    where, (fran,) = place(db)
    other, _ = place(db, slug="other")
    lively(db, where, fran)
    lively(db, other, fran)
    assert tick(db, other, DUE + 12 * HOUR)
    assert states(db, other) == ["sent"]
    assert tick(db, where, DUE + 12 * HOUR + timedelta(seconds=1))
    assert states(db, where) == ["late"]
    tick(db, where, DUE + WEEK)
    assert states(db, where) == ["late", "sent"]
    assert editions(db, where)[1].window_from == where.created_at
    assert "One" in words(posted(db, where)[0])


def test_weeks_of_silence_leave_one_late_edition_and_the_next_is_ahead(db: Db) -> None:
    where, (fran,) = place(db)
    lively(db, where, fran)
    tick(db, where, DUE + 3 * WEEK + DAY)
    assert states(db, where) == ["late"]
    assert where.digest_next_at == DUE + 4 * WEEK - HOUR  # by the summer's clock


def test_sent_by_hand_the_regular_one_is_skipped_if_it_is_near(db: Db) -> None:
    where, (fran,) = place(db)
    lively(db, where, fran)
    assert digests.send(db, where, fran, DUE - 11 * HOUR, CONFIG) == 1
    lively(db, where, fran, DUE - HOUR)
    tick(db, where, DUE)
    assert states(db, where) == ["sent", "recent"]
    tick(db, where, DUE + WEEK)
    assert states(db, where) == ["sent", "recent", "sent"]
    assert editions(db, where)[2].window_from == DUE - 11 * HOUR
    assert editions(db, where)[0].released_by == fran.id

    saved(db, where, fran, "Something", DUE + WEEK + DAY)
    digests.send(db, where, fran, DUE + 2 * WEEK - 12 * HOUR, CONFIG)
    tick(db, where, DUE + 2 * WEEK)  # long enough ago, but nothing is left to tell
    assert states(db, where)[-2:] == ["sent", "thin"]


def test_by_hand_it_goes_out_even_when_thin_but_not_empty_or_nowhere(db: Db) -> None:
    where, (fran,) = place(db)
    with pytest.raises(Conflict, match="nothing to tell"):
        digests.send(db, where, fran, NOW + HOUR, CONFIG)
    saved(db, where, fran, "One thing", NOW)
    assert digests.send(db, where, fran, NOW + HOUR, CONFIG) == 1
    saved(db, where, fran, "Another thing", NOW + HOUR)
    with pytest.raises(Conflict, match="this very minute"):
        digests.send(db, where, fran, NOW + HOUR + timedelta(seconds=30), CONFIG)
    assert states(db, where) == ["sent"]

    lonely, _ = place(db, slug="lonely", connected=False)
    saved(db, lonely, fran, "Unheard", NOW)
    with pytest.raises(Conflict, match="no channel"):
        digests.send(db, lonely, fran, NOW + HOUR, CONFIG)
    assert editions(db, lonely) == []


def test_without_a_channel_nothing_is_lost(db: Db) -> None:
    where, (fran,) = place(db, connected=False)
    lively(db, where, fran)
    tick(db, where, DUE)
    tick(db, where, DUE + WEEK)
    assert states(db, where) == ["nowhere", "nowhere"]
    assert len([notice for notice in told(db, "notice") if "no channel" in notice]) == 1
    communities.connect(db, where, channel("at-last"))
    tick(db, where, DUE + 2 * WEEK)
    assert states(db, where)[-1] == "sent"


def test_an_archived_or_silenced_community_is_never_due(db: Db) -> None:
    where, (fran,) = place(db)
    lively(db, where, fran)
    communities.archive(db, where, NOW)
    db.flush()
    assert not tick(db, where, DUE)
    digests.act(db, number(where), DUE, CONFIG)
    other, _ = place(db, slug="other")
    other.digest_on = False
    db.add(other)
    db.flush()
    assert not tick(db, other, DUE)
    assert editions(db, where) == editions(db, other) == []


# Drafts


def held(db: Db) -> tuple[Community, Person, Edition]:
    where, (fran, _mo) = place(db, "Mo")
    where.digest_approval = "hold"
    db.add(where)
    lively(db, where, fran, NOW)
    assert not tick(db, where, DUE - DAY - HOUR)
    assert tick(db, where, DUE - DAY)
    assert not tick(db, where, DUE - HOUR)
    assert not tick(db, where, DUE)
    (edition,) = editions(db, where)
    return where, fran, edition


def test_a_draft_waits_for_its_facilitators_a_day_ahead(db: Db) -> None:
    where, fran, edition = held(db)
    assert edition.state == "held"
    (draft,) = told(db, "draft")
    assert "Draft. Python: digest of 9 March" in draft
    assert posted(db, where) == []
    shown = draw(db, f"edition:{edition.id}", DUE)
    assert shown is not None
    assert [button.label for button in shown.buttons()] == ["Send", "Add note", "Drop"]
    assert digests.waiting(db, where) == edition.id

    assert digests.release(db, where, number(edition), fran, DUE - HOUR) == 1
    assert states(db, where) == ["sent"]
    assert digests.waiting(db, where) is None
    settled = draw(db, f"edition:{edition.id}", DUE)
    assert settled is not None
    assert "was sent by Fran" in words(settled)
    assert list(settled.buttons()) == []
    with pytest.raises(Conflict, match="sent already"):
        digests.release(db, where, number(edition), fran, DUE)
    assert where.digest_next_at == DUE + WEEK


def test_a_note_stands_at_the_head_and_a_newer_one_replaces_it(db: Db) -> None:
    where, fran, edition = held(db)
    digests.add_note(db, where, number(edition), "Old words", DUE - HOUR)
    digests.add_note(db, where, number(edition), "Bring cake", DUE - HOUR)
    with pytest.raises(Conflict, match="at most 50 words"):
        digests.add_note(db, where, number(edition), "w " * 51, DUE - HOUR)
    digests.release(db, where, number(edition), fran, DUE)
    (card,) = posted(db, where)
    assert words(card).splitlines()[1:3] == ["From the facilitators", "Bring cake"]
    assert "Old words" not in words(card)


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_dropped_draft_is_told_next_time(db: Db, by_hand: bool) -> None:
    where, fran, edition = held(db)
    if by_hand:
        digests.drop(db, where, number(edition), fran, DUE)
    else:
        assert not tick(db, where, DUE + DAY - HOUR)
        assert tick(db, where, DUE + DAY)
    assert states(db, where) == ["dropped"]
    assert edition.card == {}
    for act in (digests.release, digests.drop):
        with pytest.raises(Conflict, match="dropped already"):
            act(db, where, number(edition), fran, DUE + DAY)
    tick(db, where, DUE + WEEK - DAY)
    again = editions(db, where)[1]
    assert (again.state, again.window_from) == ("held", where.created_at)
    assert "One" in words(load_card(again.card))


def test_a_draft_is_released_by_its_own_facilitators_and_not_too_late(db: Db) -> None:
    where, fran, edition = held(db)
    other, _ = place(db, slug="other")
    with pytest.raises(NotFound):
        digests.release(db, other, number(edition), fran, DUE)
    with pytest.raises(Conflict, match="too old"):
        digests.release(db, where, number(edition), fran, DUE + DAY)
    assert edition.state == "held"


def test_sending_by_hand_sends_the_draft(db: Db) -> None:
    where, fran, edition = held(db)
    digests.add_note(db, where, number(edition), "Bring cake", DUE - HOUR)
    assert digests.send(db, where, fran, DUE - HOUR, CONFIG) == 1
    assert states(db, where) == ["sent"]
    assert "Bring cake" in words(posted(db, where)[0])


def test_a_draft_for_a_time_that_is_given_up_is_told_by_the_next_edition(db: Db) -> None:
    from bot.rules import settings as changes

    where, fran, _ = held(db)
    lively(db, where, fran, DUE - HOUR)
    changes.change(where, {"time": "14:00", "approval": None}, DUE - HOUR)
    where.digest_approval = "auto"
    db.add(where)
    tick(db, where, DUE + 4 * HOUR)
    assert states(db, where) == ["dropped", "sent"]
    assert editions(db, where)[1].window_from == where.created_at


def test_a_digest_by_hand_at_the_very_moment_of_one_by_the_clock(db: Db) -> None:
    where, (fran, *_) = place(db)
    saved(db, where, fran, "Only one", NOW)
    tick(db, where, DUE)
    assert states(db, where) == ["thin"]
    assert digests.send(db, where, fran, DUE, CONFIG) == 1
    assert states(db, where) == ["thin", "sent"]


# Always


class Story:
    """A community that lives through anything, hour by hour."""

    def __init__(self, db: Db, zone: str) -> None:
        self.db, self.now = db, NOW
        self.titles = count()
        self.where, (self.fran,) = place(db, slug=next(slugs))
        self.where.zone = zone
        self.where.digest_next_at = digests.next_due(self.where, NOW)
        db.add(self.where)
        db.flush()

    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        tick(self.db, self.where, self.now)

    def watch(self, hours: int) -> None:
        for _ in range(hours):
            self.wait(1)

    def save(self, number: int) -> None:
        for _ in range(number):
            saved(self.db, self.where, self.fran, f"R{next(self.titles)}", self.now)

    def send(self) -> None:
        with suppress(Conflict):
            digests.send(self.db, self.where, self.fran, self.now, CONFIG)
        self.db.flush()

    def settle(self, act: str) -> None:
        for edition in editions(self.db, self.where):
            if edition.state == "held":
                try:
                    getattr(digests, act)(self.db, self.where, edition.id, self.fran, self.now)
                except Conflict:
                    assert self.now >= edition.due_at + DAY
                self.db.flush()

    def plan(self, change: tuple[int, str, str, bool, str]) -> None:
        day, at, approval, on, zone = change
        self.where.digest_day, self.where.digest_time, self.where.digest_on = day, at, on
        self.where.digest_approval, self.where.zone = approval, zone
        self.where.digest_next_at = digests.next_due(self.where, self.now)
        self.db.add(self.where)
        self.db.flush()


steps = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 24, 100, 168, 400])),
    st.tuples(st.just("watch"), st.integers(1, 26)),
    st.tuples(st.just("save"), st.integers(1, 5)),
    st.tuples(st.just("send")),
    st.tuples(st.just("settle"), st.sampled_from(["release", "drop"])),
    st.tuples(
        st.just("plan"),
        st.tuples(
            st.integers(0, 6),
            st.sampled_from(["00:00", "01:30", "02:30", "10:00", "23:59"]),
            st.sampled_from(["auto", "hold"]),
            st.sampled_from([True, True, True, False]),
            st.sampled_from(ZONES),
        ),
    ),
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(zone=st.sampled_from(ZONES), story=st.lists(steps, min_size=5, max_size=15))
def test_windows_chain_and_no_news_is_told_twice_or_lost(db: Db, zone: str, story: list[tuple]) -> None:  # type: ignore[type-arg]  # steps differ in what they carry
    life = Story(db, zone)
    for name, *values in story:
        getattr(life, name)(*values)
    kept = [e for e in editions(db, life.where) if e.state in ("sent", "held")]
    assume(kept)
    assert kept[0].window_from == life.where.created_at
    for earlier, later in pairwise(kept):
        assert earlier.window_to == later.window_from
    for edition in editions(db, life.where):
        if edition.state not in ("sent", "held"):
            assert edition.window_from == edition.window_to
    assert [e.state for e in kept[:-1]] == ["sent"] * (len(kept) - 1)
    assert digests.window_start(db, life.where) == kept[-1].window_to
    resources = db.exec(select(Resource).where(Resource.community_id == life.where.id)).all()
    for resource in resources:
        windows = [e for e in kept if e.window_from <= resource.saved_at < e.window_to]
        assert len(windows) == (resource.saved_at < kept[-1].window_to)
    sent = [e for e in kept if e.state == "sent"]
    mailings = db.exec(
        select(Mailing.key).where(col(Mailing.key).startswith(f"digest:{life.where.slug}:"))
    ).all()
    assert sorted(mailings) == sorted(f"digest:{life.where.slug}:{e.due_at:%Y-%m-%dT%H:%M}" for e in sent)


def test_a_member_who_left_is_not_welcomed(db: Db) -> None:
    where, (_fran, mo) = place(db, "Mo")
    mo.be_welcomed = True
    membership = db.get(Membership, (where.id, mo.id))
    assert membership is not None
    db.add(mo)
    db.flush()
    assert len(gather(db, where, NOW, DUE, DUE).items) == 1
    db.delete(membership)
    db.flush()
    assert gather(db, where, NOW, DUE, DUE).items == []
