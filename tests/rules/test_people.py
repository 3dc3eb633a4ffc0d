"""Who somebody is, whatever a platform says of their name and zone."""

import pytest

from bot.chat import Actor, Address
from bot.errors import NotFound
from bot.rules import access, communities, people
from bot.text import NAME_LIMIT
from storage.database import Db
from tests.cast import NOW, community, person


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ana\0 Li\ud800ma", "Ana Lima"),
        ("Ana\n\tLima\x1b[31m", "Ana Lima[31m"),
        ("  Zoe\u0308 ", "Zoë"),
        ("", "u1"),
        (" \0\n", "u1"),
        ("W" * 5_000, "W" * (NAME_LIMIT - 1) + "…"),
    ],
)
def test_a_name_is_made_fit_to_keep(db: Db, given: str, kept: str) -> None:
    someone = people.identify(db, Actor("memory", "u1", given), NOW)
    db.flush()
    assert someone.name == kept
    assert people.known(db, Actor("memory", "u1", given), NOW) == someone.id


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "x" * 300, "a\0b"])
def test_a_zone_nobody_knows_counts_as_none(zone: str) -> None:
    assert Actor("memory", "ana", "Ana", zone).zone is None
    assert Actor("memory", "ana", "Ana", "Europe/Lisbon").zone == "Europe/Lisbon"


def test_who_is_called_otherwise_is_called_so_everywhere(db: Db) -> None:
    before = people.identify(db, Actor("memory", "ana", "Ana Lima"), NOW)
    assert people.known(db, Actor("memory", "ana", "Ana Silva"), NOW) == before.id
    assert people.mentions(db, [before.id])[before.id].name == "Ana Silva"


def test_who_is_named_by_id_only_keeps_their_name(db: Db) -> None:
    ana = people.identify(db, Actor("discord", "42", "Ana Lima"), NOW)
    assert people.known(db, Actor("discord", "42", ""), NOW) == ana.id
    assert people.mentions(db, [ana.id])[ana.id].name == "Ana Lima"


def test_a_name_in_any_script_is_found_as_it_stands(db: Db) -> None:
    for name in ("Éric", "Ольга", "Ana"):
        made = people.identify(db, Actor("memory", f"id-{name}", name), NOW)
        assert access.person(db, f"@{name}", "memory").id == made.id
    assert access.person(db, "ANA", "memory").name == "Ana"
    with pytest.raises(NotFound):
        access.person(db, "Zoë", "memory")


def test_a_channels_name_is_made_fit_to_keep(db: Db) -> None:
    python = community(db, "python", person(db, "Fran"))
    made = communities.connect(db, python, Address("memory", "c1", name="py\0thon\ud800\n"))
    db.flush()
    assert made.name == "python"
