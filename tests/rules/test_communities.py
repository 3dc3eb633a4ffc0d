"""Making, joining, leaving and tending communities; each refusal beside its success."""

import pytest

from bot.errors import BadValue, Conflict, NotFound
from bot.rules import access, communities
from storage.database import Db
from tests.cast import DEFAULTS, NOW, channel, community, person


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Data Visualisation", "data-visualisation"),
        ("C++ & friends", "c-friends"),
        ("Éducation", "education"),
    ],
)
def test_a_slug_is_made_of_the_name(name: str, slug: str) -> None:
    assert communities.slug_from(name) == slug


def test_a_name_without_latin_letters_needs_a_slug() -> None:
    with pytest.raises(BadValue, match="give a slug"):
        communities.slug_from("データ")


def test_the_founder_facilitates_and_the_first_digest_is_due(db: Db) -> None:
    fran = person(db, "Fran")
    python = community(db, "python", fran)
    assert access.role(db, python, fran.id or 0) == "facilitator"
    assert python.digest_next_at is not None
    assert python.digest_next_at > NOW


@pytest.mark.parametrize("slug", ["Python", "a--b", "-a", "a b", "x" * 41, "ü"])
def test_a_bad_slug_is_refused(db: Db, slug: str) -> None:
    with pytest.raises(BadValue, match="slug"):
        communities.create(
            db,
            person(db, "Fran"),
            name="X",
            purpose="Y",
            slug=slug,
            visibility="open",
            zone="UTC",
            now=NOW,
            defaults=DEFAULTS,
        )


def test_a_taken_slug_is_refused(db: Db) -> None:
    fran = person(db, "Fran")
    community(db, "python", fran)
    with pytest.raises(Conflict, match="taken"):
        community(db, "python", fran)


def test_anyone_joins_an_open_community_once(db: Db) -> None:
    python, mo = community(db, "python", person(db, "Fran")), person(db, "Mo")
    assert communities.join(db, python, mo, NOW) is None
    assert access.role(db, python, mo.id or 0) == "member"
    with pytest.raises(Conflict, match="already a member"):
        communities.join(db, python, mo, NOW)


def test_a_request_waits_for_a_facilitator_and_is_decided_once(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    circle = community(db, "circle", fran, visibility="request")
    request = communities.join(db, circle, mo, NOW)
    assert request is not None
    assert access.role(db, circle, mo.id or 0) is None
    with pytest.raises(Conflict, match="asked"):
        communities.join(db, circle, mo, NOW)
    communities.decide(db, circle, request.id or 0, fran, approve=True, now=NOW)
    db.flush()
    assert access.role(db, circle, mo.id or 0) == "member"
    with pytest.raises(Conflict, match="they were approved"):
        communities.decide(db, circle, request.id or 0, fran, approve=False, now=NOW)


def test_a_declined_request_may_be_made_again(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    circle = community(db, "circle", fran, visibility="request")
    request = communities.join(db, circle, mo, NOW)
    assert request is not None
    communities.decide(db, circle, request.id or 0, fran, approve=False, now=NOW)
    again = communities.join(db, circle, mo, NOW)
    assert again is not None
    assert again.outcome == ""


def test_a_request_of_another_community_cannot_be_decided(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    circle = community(db, "circle", person(db, "Kofi"), visibility="request")
    python = community(db, "python", fran)
    request = communities.join(db, circle, mo, NOW)
    assert request is not None
    with pytest.raises(NotFound):
        communities.decide(db, python, request.id or 0, fran, approve=True, now=NOW)


def test_a_private_community_is_known_to_members_and_the_invited_only(db: Db) -> None:
    fran, mo, ana = person(db, "Fran"), person(db, "Mo"), person(db, "Ana")
    secret = community(db, "secret", fran, visibility="private")
    for stranger in (mo, ana):
        with pytest.raises(NotFound):
            access.community(db, "secret", stranger.id or 0, everything=False)
    communities.invite(db, secret, mo, fran, NOW)
    db.flush()
    assert access.community(db, "secret", mo.id or 0, everything=False)[0] == secret
    assert communities.join(db, secret, mo, NOW) is None
    with pytest.raises(NotFound):
        access.community(db, "secret", ana.id or 0, everything=False)


def test_a_community_is_found_by_slug_name_or_unique_beginning(db: Db) -> None:
    fran = person(db, "Fran")
    viz, vis = community(db, "data-viz", fran), community(db, "data-vision", fran)
    me = fran.id or 0
    assert access.community(db, "DATA VIZ", me, everything=False)[0] == viz
    assert access.community(db, "#data-viz", me, everything=False)[0] == viz
    assert access.community(db, "data-vis", me, everything=False)[0] == vis
    with pytest.raises(BadValue, match="Several"):
        access.community(db, "data", me, everything=False)
    with pytest.raises(NotFound, match="Did you mean data-viz"):
        access.community(db, "dta-viz", me, everything=False)


def test_the_last_facilitator_can_neither_leave_nor_be_demoted(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    python = community(db, "python", fran, mo)
    for act in (
        lambda: communities.leave(db, python, fran, NOW),
        lambda: communities.demote(db, python, fran),
    ):
        with pytest.raises(Conflict, match="last facilitator"):
            act()
    communities.promote(db, python, mo)
    db.flush()
    communities.leave(db, python, fran, NOW)
    db.flush()
    assert access.role(db, python, fran.id or 0) is None
    assert list(access.facilitators(db, python.id)) == [mo.id]


def test_only_a_member_is_promoted_and_only_a_facilitator_demoted(db: Db) -> None:
    fran, mo, ana = person(db, "Fran"), person(db, "Mo"), person(db, "Ana")
    python = community(db, "python", fran, mo)
    with pytest.raises(Conflict, match="not a member"):
        communities.promote(db, python, ana)
    with pytest.raises(Conflict, match="not a facilitator"):
        communities.demote(db, python, mo)


def test_a_reason_for_leaving_is_kept_once_and_names_nobody(db: Db) -> None:
    fran, mo = person(db, "Fran"), person(db, "Mo")
    python = community(db, "python", fran, mo)
    key = communities.leave(db, python, mo, NOW)
    communities.give_reason(db, key, "No time")
    with pytest.raises(Conflict):
        communities.give_reason(db, key, "again")
    with pytest.raises(Conflict):
        communities.give_reason(db, "guessed", "x")
    with pytest.raises(Conflict, match="not a member"):
        communities.leave(db, python, mo, NOW)


def test_a_channel_belongs_to_at_most_one_community(db: Db) -> None:
    fran = person(db, "Fran")
    python, viz = community(db, "python", fran), community(db, "data-viz", fran)
    communities.connect(db, python, channel("c1"))
    for other, words in ((python, "already"), (viz, "belongs to")):
        with pytest.raises(Conflict, match=words):
            communities.connect(db, other, channel("c1"))
    with pytest.raises(Conflict, match="not connected"):
        communities.disconnect(db, viz, channel("c1"))
    communities.disconnect(db, python, channel("c1"))
    db.flush()
    communities.connect(db, viz, channel("c1"))
    assert [c.external_id for c in communities.channels(db, viz)] == ["c1"]


def test_archiving_stops_the_digest_and_reviving_starts_it(db: Db) -> None:
    python = community(db, "python", person(db, "Fran"))
    communities.archive(db, python, NOW)
    assert python.digest_next_at is None
    with pytest.raises(Conflict):
        communities.archive(db, python, NOW)
    communities.revive(db, python, NOW)
    assert python.digest_next_at is not None
    with pytest.raises(Conflict):
        communities.revive(db, python, NOW)


def test_members_come_facilitators_first_in_pages(db: Db) -> None:
    fran = person(db, "Fran")
    others = [person(db, f"P{i}") for i in range(5)]
    python = community(db, "python", others[0], fran, *others[1:])
    first = communities.members(db, python, limit=3)
    assert first[0].person_id == others[0].id
    assert len(first) == 3
    assert len(communities.members(db, python, offset=3)) == 3
    assert communities.size(db, python) == 6
