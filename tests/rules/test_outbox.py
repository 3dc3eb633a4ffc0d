"""Letters: written once whatever is repeated, settled once whatever crashes, and always accounted for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from bot.chat import Address
from bot.rules import letters, outbox
from bot.rules.balance import STATES, balance, counts, lag
from bot.rules.letters import Parcel
from bot.ui.cards import note, words
from bot.ui.codec import load_card
from storage.database import Db
from storage.tables import Account, Channel, Community, Letter, Mailing, Membership, Person

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
LEASE = timedelta(seconds=30)
CARD = note("The digest")


def second(n: float) -> datetime:
    return NOW + timedelta(seconds=n)


@pytest.fixture
def community(db: Db) -> Community:
    """A community with two channels on `slack` and one on `web`."""
    community = Community(slug="python", name="Python", purpose="Snakes", created_at=NOW)
    db.add(community)
    db.flush()
    for platform, external_id in (("slack", "C1"), ("slack", "C2"), ("web", "general")):
        channel = Channel(platform=platform, external_id=external_id, workspace="T1", name=external_id)
        channel.community_id = community.id
        db.add(channel)
    db.flush()
    return community


def person(db: Db, name: str, *accounts: tuple[str, str, datetime], messages: bool = True) -> int:
    someone = Person(name=name, created_at=NOW, direct_messages=messages)
    db.add(someone)
    db.flush()
    assert someone.id is not None
    for platform, external_id, seen_at in accounts:
        account = Account(platform=platform, external_id=external_id, name=name, seen_at=seen_at, person_id=0)
        account.person_id = someone.id
        db.add(account)
    db.flush()
    return someone.id


def announce(db: Db, community: Community, key: str = "digest:1", **more: datetime | str) -> int:
    return outbox.announce(db, community, CARD, kind="digest", key=key, now=NOW, **more)  # type: ignore[arg-type]  # a test's shorthand


def claim(db: Db, now: datetime, platform: str = "slack", limit: int = 10) -> list[Parcel]:
    return letters.claim(db, now, platform=platform, limit=limit, lease=LEASE)


def take_stale(db: Db, now: datetime, platform: str = "slack") -> list[letters.Stale]:
    return letters.take_stale(db, now, platform=platform, limit=10, lease=LEASE)


def letter(db: Db, key: str) -> Letter:
    return db.exec(select(Letter).where(Letter.key == key)).one()


def in_doubt(db: Db, now: datetime) -> tuple[letters.Claim, ...]:
    return letters.agenda(db, now, platforms=("slack", "web"), lease=LEASE).doubts


# Writing


def test_an_announcement_is_one_letter_per_connected_channel(db: Db, community: Community) -> None:
    assert announce(db, community) == 3
    keys = set(db.exec(select(Letter.key)).all())
    assert keys == {"digest:1:slack:C1", "digest:1:slack:C2", "digest:1:web:general"}
    assert db.exec(select(Mailing.addressed)).one() == 3
    assert balance(db).ok


def test_the_same_key_again_writes_nothing(db: Db, community: Community) -> None:
    assert announce(db, community) == 3
    assert announce(db, community) == 0
    assert announce(db, community, key="digest:2") == 3
    assert len(db.exec(select(Letter)).all()) == 6
    assert balance(db).ok


def test_a_paused_channel_is_accounted_for_but_not_written_to(db: Db, community: Community) -> None:
    paused = db.exec(select(Channel).where(Channel.external_id == "C2")).one()
    paused.paused = "is_archived"
    db.add(paused)
    assert announce(db, community) == 2
    skipped = letter(db, "digest:1:slack:C2")
    assert (skipped.state, skipped.reason) == ("skipped", "channel paused: is_archived")
    assert [p.claim.to.channel for p in claim(db, NOW)] == ["C1"]
    assert balance(db).kinds["digest"].addressed == 3
    assert balance(db).ok


def test_one_channel_alone_can_be_written_to(db: Db, community: Community) -> None:
    def post(channel: str, key: str) -> bool:
        return outbox.post(db, Address("slack", channel, "T1"), CARD, kind="proposal", key=key, now=NOW)

    assert post("C9", "proposal:1")
    assert not post("C9", "proposal:1")
    paused = db.exec(select(Channel).where(Channel.external_id == "C2")).one()
    paused.paused = "is_archived"
    db.add(paused)
    assert not post("C2", "proposal:2")
    assert post("C1", "proposal:3")
    assert [p.claim.to for p in claim(db, NOW)] == [
        Address("slack", "C9", "T1"),
        Address("slack", "C1", "T1"),
    ]
    assert balance(db).ok


def test_a_direct_message_goes_where_the_person_was_seen_last(db: Db) -> None:
    mo = person(db, "Mo", ("slack", "U1", second(-60)), ("web", "mo", second(-5)))
    assert outbox.tell(db, mo, CARD, kind="notice", key="hello", now=NOW)
    assert not outbox.tell(db, mo, CARD, kind="notice", key="hello", now=NOW)
    (parcel,) = claim(db, NOW, platform="web")
    assert parcel.claim.to == Address("web", person="mo")
    assert parcel.card == CARD


def test_who_wants_no_direct_messages_gets_none(db: Db) -> None:
    shy = person(db, "Shy", ("slack", "U2", NOW), messages=False)
    ghost = person(db, "Ghost")
    assert not outbox.tell(db, shy, CARD, kind="notice", key="a", now=NOW)
    assert not outbox.tell(db, ghost, CARD, kind="notice", key="b", now=NOW)
    assert letter(db, "a:direct").reason == "wants no direct messages"
    assert letter(db, "b:direct").reason == "no account to write to"
    assert claim(db, NOW) == []
    assert balance(db).ok


def test_erasing_a_person_stops_what_is_on_its_way_and_forgets_what_was_said(db: Db) -> None:
    mo = person(db, "Mo", ("slack", "U1", NOW))
    eve = person(db, "Eve", ("slack", "U2", NOW))
    outbox.tell(db, mo, CARD, kind="notice", key="first", now=NOW)
    (first,) = claim(db, NOW)
    assert letters.sent(db, first.claim, "1.0", NOW)
    outbox.tell(db, mo, CARD, kind="notice", key="second", now=NOW)
    (second_,) = claim(db, NOW)
    outbox.tell(db, mo, CARD, kind="notice", key="third", now=NOW)
    outbox.tell(db, eve, CARD, kind="notice", key="for eve", now=NOW)
    assert outbox.cancel_to(db, mo, "the person was erased") == 2
    assert not letters.sent(db, second_.claim, "2.0", NOW)
    assert [p.claim.key for p in claim(db, second(900))] == ["for eve:direct"]
    mine = db.exec(select(Letter).where(Letter.person_id == mo).order_by(col(Letter.id))).all()
    assert [m.state for m in mine] == ["sent", "skipped", "skipped"]
    assert all(m.card == {} and m.person_account == "" for m in mine)
    assert balance(db).ok


# Claiming


def test_a_claim_is_for_one_attempt_and_a_while(db: Db, community: Community) -> None:
    announce(db, community)
    first = claim(db, NOW, limit=1)
    assert [p.claim.key for p in first] == ["digest:1:slack:C1"]
    assert letter(db, "digest:1:slack:C1").state == "sending"
    assert letter(db, "digest:1:slack:C1").lease_until == NOW + LEASE
    assert [p.claim.key for p in claim(db, NOW)] == ["digest:1:slack:C2"]
    assert claim(db, NOW) == []


def test_letters_to_one_destination_leave_in_order_and_one_at_a_time(db: Db, community: Community) -> None:
    announce(db, community, key="one")
    announce(db, community, key="two")
    first = claim(db, NOW)
    assert [p.claim.key for p in first] == ["one:slack:C1", "one:slack:C2"]
    letters.sent(db, first[0].claim, "1.0", NOW)
    letters.later(db, first[1].claim, 60, NOW)
    # The platform asked C2 to wait: what was written there later does not overtake.
    assert [p.claim.key for p in claim(db, second(1))] == ["two:slack:C1"]
    assert [p.claim.key for p in claim(db, second(61))] == ["one:slack:C2"]


def test_what_may_not_go_yet_is_passed_over(db: Db, community: Community) -> None:
    announce(db, community)
    parcels = letters.claim(
        db, NOW, platform="slack", limit=1, lease=LEASE, ready=lambda to: to.channel == "C2"
    )
    assert [p.claim.to.channel for p in parcels] == ["C2"]
    assert letter(db, "digest:1:slack:C1").state == "pending"


def test_what_is_too_late_expires(db: Db, community: Community) -> None:
    announce(db, community, expires_at=second(10))
    announce(db, community, key="patient")
    agenda = letters.agenda(db, second(10), platforms=(), lease=LEASE)
    assert agenda.due, "a letter expires even when nobody serves its platform"
    assert [p.claim.key for p in claim(db, second(10))] == ["patient:slack:C1", "patient:slack:C2"]
    assert counts(db) == dict.fromkeys(STATES, 0) | {"expired": 3, "sending": 2, "pending": 1}
    assert claim(db, NOW + outbox.PATIENCE, platform="web") == []
    assert letter(db, "patient:web:general").state == "expired"
    assert balance(db).ok


def test_an_unreadable_card_holds_its_own_letter_only(db: Db, community: Community) -> None:
    announce(db, community)
    broken = letter(db, "digest:1:slack:C1")
    broken.card = {"t": "hologram"}
    db.add(broken)
    assert [p.claim.to.channel for p in claim(db, NOW)] == ["C2"]
    assert letter(db, "digest:1:slack:C1").state == "held"
    assert balance(db).ok


# Settling


def test_a_sent_letter_has_its_message_and_no_card(db: Db, community: Community) -> None:
    announce(db, community)
    parcel = claim(db, NOW)[0]
    assert letters.sent(db, parcel.claim, "1.0", second(1))
    done = letter(db, "digest:1:slack:C1")
    assert (done.state, done.message_id, done.sent_at, done.card) == ("sent", "1.0", second(1), {})
    assert not letters.sent(db, parcel.claim, "1.1", second(2)), "a second message is reported"
    assert letter(db, "digest:1:slack:C1").message_id == "1.0"


def test_come_back_later_is_no_attempt(db: Db, community: Community) -> None:
    announce(db, community)
    for round_ in range(letters.ATTEMPTS + 2):
        parcel = claim(db, second(100 * round_), limit=1)[0]
        assert parcel.claim.attempts == 1
        letters.later(db, parcel.claim, 30, second(100 * round_))
        assert letter(db, parcel.claim.key).due_at == second(100 * round_ + 30)


def test_after_some_attempts_a_letter_is_held_until_released(db: Db, community: Community) -> None:
    announce(db, community)
    at = NOW
    for attempt in range(1, letters.ATTEMPTS + 1):
        (parcel,) = letters.claim(
            db, at, platform="slack", limit=1, lease=LEASE, ready=lambda to: to.channel == "C1"
        )
        assert parcel.claim.attempts == attempt
        letters.unknown(db, parcel.claim, "no answer in time")
        letters.retry(db, parcel.claim, 60, at)
        at += timedelta(seconds=60)
    held = letter(db, "digest:1:slack:C1")
    assert (held.state, held.reason) == ("held", "not delivered in 5 attempts: no answer in time")
    assert balance(db).ok
    assert outbox.release(db) == 1
    # Held letters may have arrived: they are looked for, not sent.
    assert [c.key for c in in_doubt(db, at)] == ["digest:1:slack:C1"]
    letters.retry(db, in_doubt(db, at)[0], 0, at)
    assert letter(db, "digest:1:slack:C1").state == "pending"


def test_waits_grow_to_a_limit_and_are_spread(db: Db) -> None:
    assert [letters.backoff(n, 0) for n in (1, 2, 3, 9)] == [2, 4, 8, 300]
    assert letters.backoff(3, 0.5) == 6


def test_an_undeliverable_letter_pauses_its_channel_and_is_told_once(db: Db, community: Community) -> None:
    fran = person(db, "Fran", ("slack", "U1", NOW))
    member = person(db, "Mo", ("slack", "U2", NOW))
    for who, role in ((fran, "facilitator"), (member, "member")):
        db.add(Membership(community_id=community.id or 0, person_id=who, role=role, joined_at=NOW))
    announce(db, community, key="one")
    announce(db, community, key="two")
    first = claim(db, NOW)[0]
    letters.undeliverable(db, first.claim, "is_archived", NOW)
    letters.undeliverable(db, first.claim, "is_archived", NOW)
    channel = db.exec(select(Channel).where(Channel.external_id == "C1")).one()
    assert channel.paused == "is_archived"
    assert letter(db, "one:slack:C1").reason == "is_archived"
    assert letter(db, "two:slack:C1").reason == "channel paused: is_archived"
    assert letter(db, "two:slack:C2").state == "pending"
    (notice,) = db.exec(select(Letter).where(Letter.kind == "notice")).all()
    assert notice.person_id == fran
    assert "can no longer post in C1: is_archived" in words(load_card(notice.card))
    assert balance(db).ok


def test_a_person_who_cannot_be_reached_pauses_nothing(db: Db, community: Community) -> None:
    mo = person(db, "Mo", ("slack", "U1", NOW))
    outbox.tell(db, mo, CARD, kind="notice", key="hello", now=NOW)
    letters.undeliverable(db, claim(db, NOW)[0].claim, "cannot_dm_bot", NOW)
    assert letter(db, "hello:direct").state == "skipped"
    assert db.exec(select(Channel).where(Channel.paused != "")).all() == []
    assert len(db.exec(select(Letter)).all()) == 1


# Doubt


def test_a_lost_sender_leaves_a_letter_in_doubt(db: Db, community: Community) -> None:
    announce(db, community)
    mine, theirs = claim(db, NOW)
    assert letters.stuck(db, second(29), lease=LEASE) == 0
    assert letters.stuck(db, second(31), lease=LEASE, ours=[mine.claim.letter_id]) == 1
    assert [c.letter_id for c in in_doubt(db, second(31))] == [theirs.claim.letter_id]
    assert letter(db, mine.claim.key).state == "sending"
    assert balance(db).ok


def test_a_lease_from_a_clock_since_set_back_has_run_out(db: Db, community: Community) -> None:
    announce(db, community)
    claim(db, NOW + timedelta(hours=2), limit=1)
    assert letters.agenda(db, NOW, platforms=("slack",), lease=LEASE).stuck
    assert letters.stuck(db, NOW, lease=LEASE) == 1


def test_an_older_attempt_cannot_settle_a_newer_one(db: Db, community: Community) -> None:
    announce(db, community)
    (old, _) = claim(db, NOW)
    letters.stuck(db, second(31), lease=LEASE)
    doubt = next(c for c in in_doubt(db, second(31)) if c.letter_id == old.claim.letter_id)
    letters.retry(db, doubt, 0, second(40))
    (new,) = claim(db, second(40))
    letters.later(db, old.claim, 5, second(41))
    letters.retry(db, old.claim, 5, second(41))
    letters.unknown(db, old.claim, "late")
    letters.undeliverable(db, old.claim, "late", second(41))
    assert not letters.sent(db, old.claim, "1.0", second(41)), "two messages exist"
    assert letter(db, old.claim.key).state == "sending"
    assert letters.sent(db, new.claim, "1.1", second(42))


def test_a_message_that_exists_is_believed_however_late(db: Db, community: Community) -> None:
    announce(db, community)
    (old, _) = claim(db, NOW)
    letters.stuck(db, second(31), lease=LEASE)
    doubt = next(c for c in in_doubt(db, second(31)) if c.letter_id == old.claim.letter_id)
    letters.retry(db, doubt, 60, second(40))
    assert letters.sent(db, old.claim, "1.0", second(41))
    assert claim(db, second(120)) == [], "so it is not sent again"


def test_a_restored_backup_sends_nothing_without_consent(db: Db, community: Community) -> None:
    announce(db, community)
    claim(db, NOW, limit=1)
    db.exec(update(Letter).values(state="held", reason="restored from a backup", lease_until=None))
    assert claim(db, second(60)) == []
    assert letters.stuck(db, second(60), lease=LEASE) == 0
    assert balance(db).ok
    assert outbox.release(db) == 3
    assert len(in_doubt(db, second(60))) == 3


# Redrawing


def test_redraw_marks_what_shows_the_subject(db: Db, community: Community) -> None:
    announce(db, community, key="one", subject="session:1")
    announce(db, community, key="two", subject="session:2")
    for parcel in claim(db, NOW):
        letters.sent(db, parcel.claim, "1.0", NOW)
    outbox.redraw(db, "session:1", second(5))

    assert letters.agenda(db, second(5), platforms=("slack",), lease=LEASE).stale
    assert not letters.agenda(db, second(5), platforms=("web",), lease=LEASE).stale
    taken = take_stale(db, second(5))
    assert [f"{stale.subject} {stale.message.at.channel}" for stale in taken] == [
        "session:1 C1",
        "session:1 C2",
    ]
    # A card not sent yet is edited once it is.
    (web,) = claim(db, second(5), platform="web")
    letters.sent(db, web.claim, "2.0", second(6))
    assert len(take_stale(db, second(6), platform="web")) == 1


def test_a_change_during_the_edit_is_not_lost(db: Db, community: Community) -> None:
    announce(db, community, subject="session:1")
    letters.sent(db, claim(db, NOW)[0].claim, "1.0", NOW)
    outbox.redraw(db, "session:1", NOW)
    outbox.redraw(db, "session:1", NOW)
    (before,) = take_stale(db, NOW)
    outbox.redraw(db, "session:1", NOW)  # at the very same moment
    assert take_stale(db, NOW) == [], "it is being edited"
    letters.redrawn(db, before, NOW)
    (again,) = take_stale(db, NOW)
    letters.redrawn(db, again, NOW, again_at=second(30))
    assert take_stale(db, second(29)) == []
    (last,) = take_stale(db, second(30))
    letters.redrawn(db, last, second(30))
    assert take_stale(db, second(90)) == []


def test_an_edit_whose_process_died_is_taken_up(db: Db, community: Community) -> None:
    announce(db, community, subject="session:1")
    letters.sent(db, claim(db, NOW)[0].claim, "1.0", NOW)
    outbox.redraw(db, "session:1", NOW)
    assert len(take_stale(db, NOW)) == 1
    assert take_stale(db, second(29)) == []
    assert len(take_stale(db, second(30))) == 1


# The books


def test_the_books_show_what_is_wrong(db: Db, community: Community) -> None:
    announce(db, community)
    announce(db, community, key="digest:2")
    assert balance(db).ok
    db.delete(letter(db, "digest:1:slack:C1"))
    lost = letter(db, "digest:2:slack:C1")
    lost.state = "sent"
    odd = letter(db, "digest:2:slack:C2")
    odd.state = "misplaced"
    db.add_all([lost, odd])
    db.flush()
    assert balance(db).differences == (
        "digest: 6 addressed, but 5 letters",
        "mailing digest:1: 3 addressed, but 2 letters",
        "letter digest:2:slack:C1: sent, but without its message",
        "letter digest:2:slack:C2: unknown state misplaced",
    )


def test_two_errors_that_cancel_out_are_still_seen(db: Db, community: Community) -> None:
    announce(db, community)
    announce(db, community, key="digest:2")
    moved = letter(db, "digest:1:slack:C1")
    moved.mailing = "digest:2"
    db.add(moved)
    db.flush()
    assert balance(db).differences == (
        "mailing digest:1: 3 addressed, but 2 letters",
        "mailing digest:2: 3 addressed, but 4 letters",
    )


def test_lag_is_how_long_the_oldest_due_letter_waits(db: Db, community: Community) -> None:
    assert lag(db, NOW) == 0
    announce(db, community)
    assert lag(db, second(12)) == 12
    for parcel in claim(db, second(12)) + claim(db, second(12), platform="web"):
        letters.later(db, parcel.claim, 60, second(12))
    assert lag(db, second(13)) == 0
    assert lag(db, second(80)) == 8
