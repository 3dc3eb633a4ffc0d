"""An idea gathers people and becomes a community, or is parked kindly."""

from datetime import timedelta

import pytest

from bot.errors import Conflict, NotFound
from bot.rules import access, communities, proposals
from bot.settings import ProposalSettings
from storage.database import Db
from storage.tables import Community, Person, Proposal
from tests.cast import DEFAULTS, NOW, channel, community, person

RULES = ProposalSettings(endorsers=2, commitments=4, leaders=2, questions=2)


def propose(db: Db, author: Person, name: str = "Rural practice") -> Proposal:
    return proposals.propose(
        db,
        author,
        channel("general"),
        name=name,
        problem="We are far apart.",
        audience="Rural nurses",
        question="How do you cover leave?",
        rules=RULES,
        now=NOW,
    )


def speak(db: Db, proposal: Proposal, who: Person, stance: str, question: str = "") -> Proposal:
    return proposals.speak(
        db, proposal.id or 0, who, stance, question, rules=RULES, defaults=DEFAULTS, zone="UTC", now=NOW
    )


def test_enough_people_leaders_and_questions_make_it_a_community(db: Db) -> None:
    ana, ben, chi, dan = (person(db, name) for name in ("Ana", "Ben", "Chi", "Dan"))
    proposal = propose(db, ana)
    assert speak(db, proposal, ben, "in").state == "proposed"
    assert speak(db, proposal, chi, "lead", "What works?").state == "gauging"
    assert speak(db, proposal, dan, "in").state == "gauging"
    assert speak(db, proposal, dan, "lead").state == "founded"
    made = db.get(Community, proposal.community_id)
    assert made is not None
    assert made.slug == "rural-practice"
    assert set(access.facilitators(db, made.id)) == {chi.id, dan.id}
    assert access.role(db, made, ana.id or 0) == "member"
    with pytest.raises(Conflict, match="decided"):
        speak(db, proposal, ana, "no")


def test_a_slug_that_is_taken_by_what_nobody_sees_stops_no_proposal(db: Db) -> None:
    """Every cut of the name ends well, and the number after it may be taken too."""
    name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbb ccc"  # a hyphen where the slug is cut
    ana, ben, chi = (person(db, name) for name in ("Ana", "Ben", "Chi"))
    proposal = propose(db, ana, name)
    taken = communities.slug_from(name)
    community(db, taken, ana, visibility="private")
    community(db, f"{'a' * 28}-{proposal.id}", ana, visibility="private")
    speak(db, proposal, ben, "lead", "What works?")
    speak(db, proposal, chi, "lead")
    speak(db, proposal, person(db, "Dan"), "in")
    assert proposal.state == "founded"


def test_the_author_alone_does_not_take_it_further(db: Db) -> None:
    ana = person(db, "Ana")
    proposal = propose(db, ana)
    assert speak(db, proposal, ana, "lead").state == "proposed"
    assert speak(db, proposal, person(db, "Ben"), "no").state == "proposed"
    assert proposals.tally(db, proposal) == proposals.Tally(people=1, leaders=1, questions=1)


def test_without_backers_it_is_parked_and_with_people_it_gets_time_once(db: Db) -> None:
    lonely, liked = propose(db, person(db, "Ana")), propose(db, person(db, "Ben"), "Second idea")
    for name in ("Chi", "Dan"):
        speak(db, liked, person(db, name), "in")
    late = NOW + timedelta(days=365)
    assert set(proposals.due(db, late)) >= {lonely.id, liked.id}
    for proposal, states in ((lonely, ["parked"]), (liked, ["gauging", "parked"])):
        for years, state in enumerate(states):
            moved = proposals.expire(
                db, proposal.id or 0, rules=RULES, now=late + timedelta(days=365 * years)
            )
            assert moved is not None
            assert moved.state == state
    assert proposals.expire(db, lonely.id or 0, rules=RULES, now=late) is None


def test_it_is_not_expired_before_its_time(db: Db) -> None:
    proposal = propose(db, person(db, "Ana"))
    assert proposals.expire(db, proposal.id or 0, rules=RULES, now=NOW) is None
    assert proposal.state == "proposed"


def test_a_name_in_use_or_a_private_place_is_refused(db: Db) -> None:
    ana = person(db, "Ana")
    community(db, "python", ana)
    propose(db, ana)
    for name, words in (("Python", "already"), ("RURAL PRACTICE", "proposed already")):
        with pytest.raises(Conflict, match=words):
            propose(db, ana, name)
    direct = channel("")
    with pytest.raises(Conflict, match="in a channel"):
        proposals.propose(
            db, ana, direct, name="X", problem="p", audience="a", question="q", rules=RULES, now=NOW
        )


def test_a_proposal_that_is_gone(db: Db) -> None:
    with pytest.raises(NotFound):
        proposals.speak(
            db, 999_999, person(db, "Ana"), "in", "", rules=RULES, defaults=DEFAULTS, zone="UTC", now=NOW
        )
