"""Two accounts become one person, and two again."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.chat import Actor
from bot.errors import Conflict, NotFound
from bot.rules import access, communities, linking, people, privacy, resources
from storage.database import Db
from storage.tables import Account, Endorsement, JoinRequest, Membership, Person
from tests.cast import NOW, community, person


def test_everything_of_the_second_account_moves_to_the_first_and_back(db: Db) -> None:
    fran = person(db, "Fran")
    here, there = person(db, "Mo"), person(db, "Mo", platform="discord")
    python, viz = community(db, "python", fran, here, there), community(db, "data-viz", fran, there)
    former = there.id
    record = linking.link(db, linking.offer(db, here, NOW), there, NOW)
    assert {a.platform for a in people.accounts_of(db, here.id or 0)} == {"memory", "discord"}
    assert access.role(db, viz, here.id or 0) == "member"
    assert communities.size(db, python) == 2
    assert db.get(Person, former) is None
    assert people.identify(db, Actor("discord", "mo", "Mo"), NOW).id == here.id

    linking.undo(db, record.id or 0, here, NOW)
    back = people.identify(db, Actor("discord", "mo", "Mo"), NOW)
    assert back.id == former
    assert access.role(db, viz, former or 0) == "member"
    assert access.role(db, viz, here.id or 0) is None
    assert communities.size(db, python) == 3


def test_the_higher_role_is_kept(db: Db) -> None:
    here, there = person(db, "Mo"), person(db, "Mo", platform="discord")
    python = community(db, "python", there, here)
    linking.link(db, linking.offer(db, here, NOW), there, NOW)
    assert access.role(db, python, here.id or 0) == "facilitator"


def test_a_code_works_once_for_ten_minutes_and_not_for_its_owner(db: Db) -> None:
    here, there, other = person(db, "Mo"), person(db, "Mo", platform="discord"), person(db, "Ana")
    code = linking.offer(db, here, NOW)
    with pytest.raises(Conflict, match="own code"):
        linking.owner(db, code, here, NOW)
    with pytest.raises(NotFound):
        linking.owner(db, code, there, NOW + timedelta(minutes=10))
    with pytest.raises(NotFound):
        linking.owner(db, "WRONG234", there, NOW)
    linking.link(db, code.lower(), there, NOW)
    with pytest.raises(NotFound):
        linking.link(db, code, other, NOW)


def test_a_new_code_ends_the_one_before(db: Db) -> None:
    here, there = person(db, "Mo"), person(db, "Mo", platform="discord")
    first = linking.offer(db, here, NOW)
    linking.offer(db, here, NOW)
    with pytest.raises(NotFound):
        linking.owner(db, first, there, NOW)


def test_nobody_undoes_anothers_link_or_an_old_one(db: Db) -> None:
    here, there, other = person(db, "Mo"), person(db, "Mo", platform="discord"), person(db, "Ana")
    record = linking.link(db, linking.offer(db, here, NOW), there, NOW)
    for who, when in ((other, NOW), (here, NOW + timedelta(days=31))):
        with pytest.raises(NotFound):
            linking.undo(db, record.id or 0, who, when)
    assert linking.latest(db, here, NOW) == record
    assert linking.latest(db, other, NOW) is None


def test_what_the_person_left_meanwhile_stays_left(db: Db) -> None:
    fran, here, there = person(db, "Fran"), person(db, "Mo"), person(db, "Mo", platform="discord")
    viz = community(db, "data-viz", fran, there)
    record = linking.link(db, linking.offer(db, here, NOW), there, NOW)
    communities.leave(db, viz, here, NOW)
    db.flush()
    linking.undo(db, record.id or 0, here, NOW)
    assert list(db.exec(select(Membership.person_id).where(Membership.community_id == viz.id))) == [fran.id]
    assert len(db.exec(select(Account).where(Account.name == "Mo")).all()) == 2


def test_parting_again_takes_back_what_the_link_gave(db: Db) -> None:
    """Or a facilitator who was made to link would leave a second one behind."""
    here, there = person(db, "Mo"), person(db, "Fran", platform="discord")
    python = community(db, "python", there, here)
    record = linking.link(db, linking.offer(db, here, NOW), there, NOW)
    assert access.role(db, python, here.id) == "facilitator"
    linking.undo(db, record.id, here, NOW)
    assert access.role(db, python, here.id) == "member"
    assert access.role(db, python, record.former_person) == "facilitator"


@pytest.mark.parametrize("lost", ["role", "membership"])
def test_parting_again_brings_no_role_back_that_was_lost_meanwhile(db: Db, lost: str) -> None:
    here, there = person(db, "Mo"), person(db, "Mo", platform="discord")
    python = community(db, "python", person(db, "Fran"), here)
    communities.admit(db, python, there, NOW, role="facilitator")
    db.flush()
    record = linking.link(db, linking.offer(db, here, NOW), there, NOW)
    if lost == "role":
        communities.demote(db, python, here)
    else:
        communities.leave(db, python, here, NOW)
    db.flush()
    linking.undo(db, record.id, here, NOW)
    kept = "member" if lost == "role" else None
    assert access.role(db, python, here.id) == kept
    assert access.role(db, python, record.former_person) == kept


def test_what_was_said_of_things_removed_since_does_not_return(db: Db) -> None:
    fran, here, there = person(db, "Fran"), person(db, "Mo"), person(db, "Mo", platform="discord")
    python = community(db, "python", fran, here, there)
    saved = resources.save(db, python, fran.id, "https://example.org", now=NOW).resource
    circle = community(db, "circle", fran, visibility="request")
    for someone in (here, there):
        resources.endorse(db, saved.id, someone.id, NOW)
        request = communities.join(db, circle, someone, NOW)
        assert request is not None
        communities.decide(db, circle, request.id, fran, approve=False, now=NOW)
    db.flush()
    record = linking.link(db, linking.offer(db, here, NOW), there, NOW)
    resources.remove(db, saved, fran.id, tends=True)
    privacy.erase(db, fran, NOW)
    linking.undo(db, record.id, here, NOW)
    back = db.exec(select(JoinRequest).where(JoinRequest.person_id == record.former_person)).one()
    assert (back.outcome, back.decided_by) == ("declined", None)
    assert db.exec(select(Endorsement)).all() == []


def test_a_request_of_someone_who_has_become_a_member_by_linking(db: Db) -> None:
    fran, here, there = person(db, "Fran"), person(db, "Mo"), person(db, "Mo", platform="discord")
    circle = community(db, "circle", fran, here, visibility="request")
    request = communities.join(db, circle, there, NOW)
    assert request is not None
    linking.link(db, linking.offer(db, here, NOW), there, NOW)
    db.refresh(request)
    communities.decide(db, circle, request.id, fran, approve=True, now=NOW)
    db.flush()
    assert communities.size(db, circle) == 2
