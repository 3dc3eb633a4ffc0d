"""The largest session and the largest resource fit every platform, and every button calls a command."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.app import registry
from bot.cards import resources, sessions
from bot.rules.resources import Saved
from bot.rules.resources import View as ResourceView
from bot.rules.sessions import Roll, Standing
from bot.rules.sessions import View as SessionView
from bot.ui.cards import Card, words
from bot.ui.spans import Mention
from storage.tables import Resource

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
NAME = Mention(1, "N" * 80)
SESSION = SessionView(
    occurrence_id=1,
    community_id=1,
    code="S123456789.123456",
    title="T" * 150,
    community="C" * 80,
    slug="c" * 40,
    host=NAME,
    starts_at=NOW + timedelta(days=1),
    ends_at=NOW + timedelta(days=8),
    zone="America/Argentina/ComodRivadavia",
    place="P" * 200,
    description="D" * 1_500,
    capacity=10_000,
    cancelled=False,
    going=10_000,
    waiting=500,
    maybe=500,
    standing=Standing("yes", 500, 10_000),
)
ROLL = Roll((NAME,) * 10_000, (NAME,) * 500, (NAME,) * 500)
RESOURCE = ResourceView(
    id=123456789,
    url="https://example.org/" + "u" * 1_980,
    title="T" * 200,
    site="s" * 250,
    description="D" * 3_000,
    community_id=1,
    community="C" * 80,
    slug="c" * 40,
    saver=NAME,
    saver_id=1,
    author=NAME,
    saved_at=NOW,
    tags=tuple(letter * 30 for letter in "abcde"),
    notes=((NAME, "n" * 500),) * 40,
    endorsements=1_000,
    snippet="s" * 160,
)
SAVED = Saved(Resource(community_id=1, url="", saved_at=NOW), new=False, noted=True)
CARDS = {
    "announcement": sessions.announcement(SESSION, NOW),
    "session": sessions.detail(SESSION, ROLL, NOW),
    "agenda": sessions.agenda("A" * 200, [SESSION] * 5, empty="", rest="r" * 100),
    "scheduled": sessions.scheduled(SESSION, 3, "Wednesday 4 March 2026, 10:00 (UTC), in a day"),
    "seat": sessions.seat_free(SESSION),
    "resource": resources.detail(RESOURCE, removable=True, zone="UTC"),
    "shelf": resources.shelf("A" * 200, [RESOURCE] * 5, query="s " * 100, rest="r" * 100),
    "saved": resources.saved(RESOURCE, SAVED, 2, NOW, ZoneInfo("UTC")),
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_the_largest_card_fits_and_its_buttons_call_commands(card: Card) -> None:
    commands = registry()
    assert words(card)
    for button in card.buttons():
        call = commands.parse(button.call.payload())
        command = commands.command(call.path)
        assert set(call.args) <= {parameter.name for parameter in command.parameters}


def test_a_long_list_of_names_says_how_many_more_there_are() -> None:
    text = words(CARDS["session"])
    assert f"and {10_000 - 9} more" in text
    few = Roll((Mention(1, "Ana"), Mention(2, "Ben")), (), ())
    assert "Going: Ana, Ben" in words(sessions.detail(SESSION, few, NOW))


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        (SESSION, "10000 of 10000 seats taken, 500 maybe, 500 on the waitlist"),
        (replace(SESSION, capacity=None, going=3, waiting=0, maybe=0), "3 going"),
        (replace(SESSION, cancelled=True), "Cancelled."),
        (replace(SESSION, starts_at=NOW - timedelta(hours=2), ends_at=NOW), "This session is over."),
    ],
)
def test_an_announcement_says_how_it_stands(view: SessionView, sentence: str) -> None:
    card = sessions.announcement(view, NOW)
    assert sentence in words(card)
    answers = any(button.call.path == "session rsvp" for button in card.buttons())
    assert answers == view.open(NOW)


@pytest.mark.parametrize(
    ("standing", "sentence"),
    [
        (Standing("yes", 0, 1), "You're going, and the only one so far."),
        (Standing("yes", 0, 3), "You're going, 3 people are."),
        (Standing("yes", 2, 3), "It is full: you are number 2 on the waitlist."),
        (Standing("maybe", 0, 0), "You're a maybe; nobody is going yet."),
        (Standing("maybe", 0, 1), "You're a maybe; 1 person is going."),
        (Standing("no", 0, 1), "You're not coming. Thank you for saying so."),
    ],
)
def test_an_answer_is_answered_in_a_sentence(standing: Standing, sentence: str) -> None:
    assert sessions.answered(standing) == sentence
