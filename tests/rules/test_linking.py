"""Two accounts become one person, and two again."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.chat import Actor
from bot.errors import Conflict, NotFound
from bot.rules import access, communities, linking, people
from storage.database import Db
from storage.tables import Account, Membership, Person
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
