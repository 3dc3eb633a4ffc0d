"""Who may see what: every look-up of a thing by a person goes through here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, or_, true
from sqlalchemy import select as select_columns
from sqlmodel import col, func, select

from bot.errors import BadValue, NotAllowed, NotFound
from bot.ui.calls import Call
from storage import prepared
from storage.database import Db
from storage.tables import (
    Account,
    Channel,
    Community,
    Draft,
    JoinRequest,
    Membership,
    Occurrence,
    Person,
    Pulse,
    Question,
    Resource,
    Session,
    SlotPoll,
)

NEAR = 25


@dataclass(frozen=True, slots=True)
class Standing:
    """What has to be known of a community to say what someone may do there.

    `role` is what they are in it: "member", "facilitator", or None for who does not belong.
    """

    id: int
    slug: str
    name: str
    visibility: str
    zone: str
    archived_at: datetime | None
    role: str | None


@dataclass(frozen=True, slots=True)
class Occasion:
    """An occurrence that someone may know of, and how they stand in its community."""

    id: int
    where: Standing


# Asked by nearly every command, so built once.
_MINE = and_(col(Membership.community_id) == Community.id, col(Membership.person_id) == bindparam("person"))
_STANDINGS = (
    select_columns(
        col(Community.id),
        col(Community.slug),
        col(Community.name),
        col(Community.visibility),
        col(Community.zone),
        col(Community.archived_at),
        col(Membership.role),
    )
    .select_from(Community)
    .outerjoin(Membership, _MINE)
)
_STANDING = _STANDINGS.where(col(Community.id) == bindparam("community"))
_OCCASION = (
    _STANDINGS.add_columns(col(Occurrence.id))
    .join(Occurrence, col(Occurrence.community_id) == Community.id)
    .where(col(Occurrence.session_id) == bindparam("session"), col(Occurrence.number) == bindparam("number"))
)
_ROLE = select_columns(col(Membership.role)).where(
    col(Membership.community_id) == bindparam("community"), col(Membership.person_id) == bindparam("person")
)
_ROLES = select_columns(col(Membership.community_id), col(Membership.role)).where(
    col(Membership.person_id) == bindparam("person")
)
_OWN = _STANDINGS.where(col(Membership.role).is_not(None), col(Community.archived_at).is_(None)).order_by(
    col(Community.name)
)
_ALL = select_columns(col(Community.id))
_READABLE = _ALL.where(
    or_(
        col(Community.visibility) == "open",
        col(Community.id).in_(
            select_columns(col(Membership.community_id)).where(
                col(Membership.person_id) == bindparam("person")
            )
        ),
    )
)
_BY_SLUG = (
    select(Community, Membership.role)
    .outerjoin(Membership, _MINE)
    .where(col(Community.slug) == bindparam("slug"))
)
_CHANNEL = select(Channel).where(
    col(Channel.platform) == bindparam("platform"), col(Channel.external_id) == bindparam("external_id")
)


def standing(db: Db, community_id: int, person_id: int) -> Standing:
    """Return how the person stands in the community behind a foreign key."""
    return Standing(*prepared.row(db, _STANDING, community=community_id, person=person_id))


def _standing(community: Community, role: str | None) -> Standing:
    c = community
    return Standing(c.id, c.slug, c.name, c.visibility, c.zone, c.archived_at, role)


def standing_in(db: Db, community: Community, person_id: int) -> Standing:
    """Return how the person stands in a community that has been read."""
    return _standing(community, role(db, community, person_id))


def role(db: Db, community: Community, person_id: int) -> str | None:
    """Return "member", "facilitator", or None for someone who does not belong."""
    found = prepared.row(db, _ROLE, community=community.id, person=person_id)
    return found.role if found is not None else None


def may_see(db: Db, where: Standing, person_id: int, *, everything: bool) -> bool:
    """Return whether the person may know of the community.

    A private one is known only to its members and to those invited.
    """
    if everything or where.visibility != "private" or where.role is not None:
        return True
    return invited(db, where.id, person_id)


def members_only(community: Community | Standing) -> NotAllowed:
    """Return the refusal for someone who does not belong, with the way in."""
    join = ("Join", Call("cop join", {"community": community.slug}))
    return NotAllowed(f"That is for members of {community.name}.", join)


def invited(db: Db, community_id: int, person_id: int) -> bool:
    """Return whether a facilitator has invited the person and they have not answered yet."""
    return (
        db.exec(
            select(JoinRequest.id).where(
                JoinRequest.community_id == community_id,
                JoinRequest.person_id == person_id,
                JoinRequest.outcome == "invited",
            )
        ).first()
        is not None
    )


def visible_communities(db: Db, person_id: int, *, everything: bool) -> Sequence[Community]:
    """Return the communities the person may read, by name."""
    return db.exec(select(Community).where(_visible(person_id, everything)).order_by(Community.name)).all()


def _visible(person_id: int, everything: bool) -> ColumnElement[bool]:
    if everything:
        return true()
    mine = select(Membership.community_id).where(Membership.person_id == person_id)
    return or_(col(Community.visibility) != "private", col(Community.id).in_(mine))


def readable(db: Db, person_id: int, *, everything: bool, within: Community | None = None) -> list[int]:
    """Return the ids of the communities whose sessions, resources and pulses the person may read.

    Those of a community by request are for its members, as its walls would otherwise be of glass:
    its name and purpose are open, what is inside is not. Where only those `within` one are asked for,
    raises NotAllowed as `enter` does.
    """
    if within is not None:
        enter(standing_in(db, within, person_id), everything=everything)
        return [within.id]
    found = prepared.rows(db, _ALL) if everything else prepared.rows(db, _READABLE, person=person_id)
    return [row.id for row in found]


def enter(where: Standing, *, everything: bool) -> None:
    """Raise NotAllowed, naming the way in, for who may not read what is inside the community."""
    if not everything and where.visibility != "open" and where.role is None:
        raise members_only(where)


def memberships(db: Db, person_id: int) -> dict[int, str]:
    """Return the person's role in each community they belong to."""
    rows = prepared.rows(db, _ROLES, person=person_id)
    return {row.community_id: row.role for row in rows}


def own_communities(db: Db, person_id: int) -> list[Standing]:
    """Return how the person stands in those they belong to and that are not archived, by name."""
    return [Standing(*row) for row in prepared.rows(db, _OWN, person=person_id)]


def community_by_id(db: Db, community_id: int) -> Community:
    """Return the community behind a foreign key."""
    found = db.get(Community, community_id)
    assert found is not None, "a foreign key points at it"
    return found


def community(db: Db, text: str, person_id: int, *, everything: bool) -> tuple[Community, Standing]:
    """Return the visible community of this slug or name, or the only one that begins so, and how they stand in it.

    Raises NotFound, the same whether there is none or it is private; BadValue when several fit.
    """
    wanted = text.strip().strip("#").casefold()
    exact = db.execute(_BY_SLUG, {"slug": wanted, "person": person_id}).first()
    if exact is not None:
        found, where = exact[0], _standing(*exact)
        if may_see(db, where, person_id, everything=everything):
            return found, where
    seen = visible_communities(db, person_id, everything=everything)
    named = [c for c in seen if c.name.casefold() == wanted]
    near = named or [
        c for c in seen if wanted and (c.slug.startswith(wanted) or c.name.casefold().startswith(wanted))
    ]
    if len(near) == 1:
        return near[0], standing_in(db, near[0], person_id)
    if near:
        slugs = tuple(c.slug for c in near[:NEAR])
        raise BadValue(f"Several communities begin so: {', '.join(slugs)}. Which one?", slugs)
    from rapidfuzz import process  # imported when someone mistypes, not at start

    guess = process.extractOne(wanted, [c.slug for c in seen], score_cutoff=75)
    hint = f"Did you mean {guess[0]}?" if guess else "See them with /cop list."
    raise NotFound(f"There is no community “{text[:60]}” that you can see. {hint}")


def person(db: Db, text: str, platform: str) -> Person:
    """Return the person of this account id or name on the platform ("@ana", "Ana", "<@U1>").

    Raises NotFound, or BadValue when several people have the name.
    """
    wanted = text.strip().removeprefix("<").removesuffix(">").partition("|")[0].lstrip("@!")
    here = select(Account).where(Account.platform == platform)
    found = db.exec(here.where(func.lower(Account.external_id) == wanted.lower())).first()
    if found is None:
        # SQLite's lower() knows ASCII only, so a name as it stands counts too.
        same = or_(col(Account.name) == wanted, func.lower(Account.name) == wanted.lower())
        named = db.exec(here.where(same).limit(NEAR)).all()
        if len(named) > 1:
            raise BadValue(
                f"Several people here are called {wanted}. Name them by @account.",
                tuple(f"@{a.external_id}" for a in named),
            )
        found = named[0] if named else None
    owner = db.get(Person, found.person_id) if found else None
    if owner is None:
        raise NotFound(f"I do not know “{text[:60]}” here. They become known once they use Hearth.")
    return owner


def accounts(db: Db, platform: str) -> Sequence[Account]:
    """Return the accounts known on the platform, by name, at most a thousand."""
    return db.exec(
        select(Account).where(Account.platform == platform).order_by(Account.name).limit(1_000)
    ).all()


def channel(db: Db, platform: str, external_id: str) -> Channel | None:
    """Return what is known of a platform's channel."""
    values = {"platform": platform, "external_id": external_id}
    found: Channel | None = db.execute(_CHANNEL, values).scalars().first()
    return found


_CODE = re.compile(r"\s*([a-z])?\s*0*(\d{1,9})(?:\.0*(\d{1,6}))?\s*", re.IGNORECASE)


def _code(text: str, letter: str, what: str) -> tuple[int, int | None]:
    found = _CODE.fullmatch(text)
    if not found or (found[1] or letter).upper() != letter:
        raise BadValue(f"A {what} is named like {letter}12.")
    return int(found[2]), int(found[3]) if found[3] else None


def _gone(what: str, code: str) -> NotFound:
    return NotFound(f"There is no {what} {code} that you can see. It may have been removed.")


Thing = TypeVar("Thing", Resource, Pulse, SlotPoll, Draft)


def _within(
    db: Db, found: Thing | None, gone: NotFound, person_id: int, everything: bool
) -> tuple[Thing, Standing]:
    if found is None:
        raise gone
    where = standing(db, found.community_id, person_id)
    if not may_see(db, where, person_id, everything=everything):
        raise gone
    return found, where


def occasion(db: Db, text: str, person_id: int, *, everything: bool) -> Occasion:
    """Return the occurrence named "S12.3"; "S12" is the session's first. Raises BadValue, NotFound."""
    session_id, number = _code(text, "S", "session")
    row = prepared.row(db, _OCCASION, session=session_id, number=number or 1, person=person_id)
    if row is not None:
        *place, occurrence_id = row
        found = Occasion(occurrence_id, Standing(*place))
        if may_see(db, found.where, person_id, everything=everything):
            return found
    raise _gone("session", f"S{session_id}" + (f".{number}" if number else ""))


def whole(db: Db, found: Occasion) -> Occurrence:
    """Return the occurrence itself."""
    occurrence = db.get(Occurrence, found.id)
    assert occurrence is not None, "it was found in this transaction"
    return occurrence


def resource(db: Db, text: str, person_id: int, *, everything: bool) -> tuple[Resource, Standing]:
    """Return the resource named "R34" and where it is. Raises BadValue, NotFound."""
    number, _ = _code(text, "R", "resource")
    return _within(db, db.get(Resource, number), _gone("resource", f"R{number}"), person_id, everything)


def pulse(db: Db, text: str, person_id: int, *, everything: bool) -> tuple[Pulse, Standing]:
    """Return the pulse named "P5" and where it is. Raises BadValue, NotFound."""
    number, _ = _code(text, "P", "pulse")
    return _within(db, db.get(Pulse, number), _gone("pulse", f"P{number}"), person_id, everything)


def slot_poll(db: Db, text: str, person_id: int, *, everything: bool) -> tuple[SlotPoll, Standing]:
    """Return the slot poll named "T5" and where it is. Raises BadValue, NotFound."""
    number, _ = _code(text, "T", "slot poll")
    return _within(db, db.get(SlotPoll, number), _gone("slot poll", f"T{number}"), person_id, everything)


def draft(db: Db, text: str, person_id: int, *, everything: bool) -> tuple[Draft, Standing]:
    """Return the draft named "D3" and where it is. Raises BadValue, NotFound."""
    number, _ = _code(text, "D", "draft")
    return _within(db, db.get(Draft, number), _gone("draft", f"D{number}"), person_id, everything)


def upcoming(db: Db, person_id: int, now: datetime, *, everything: bool) -> list[tuple[str, str]]:
    """Return the code and title of the next sessions the person may see."""
    rows = db.exec(
        select(Session.id, Occurrence.number, func.coalesce(Occurrence.title, Session.title))
        .where(
            Occurrence.session_id == Session.id,
            col(Occurrence.community_id).in_(readable(db, person_id, everything=everything)),
            Occurrence.ends_at > now,
            col(Occurrence.cancelled_at).is_(None),
        )
        .order_by(col(Occurrence.starts_at))
        .limit(NEAR)
    ).all()
    return [(f"S{i}" if number == 1 else f"S{i}.{number}", title) for i, number, title in rows]


def recent_pulses(db: Db, person_id: int, *, everything: bool) -> list[tuple[str, str]]:
    """Return the code and question of the newest pulses the person may see."""
    rows = db.exec(
        select(Pulse.id, Question.text)
        .where(
            Question.pulse_id == Pulse.id,
            Question.position == 0,
            col(Pulse.community_id).in_(readable(db, person_id, everything=everything)),
        )
        .order_by(col(Pulse.id).desc())
        .limit(NEAR)
    ).all()
    return [(f"P{i}", text) for i, text in rows]


def recent_resources(db: Db, person_id: int, *, everything: bool) -> list[tuple[str, str]]:
    """Return the code and title of the newest resources the person may see."""
    rows = db.exec(
        select(Resource.id, Resource.title, Resource.url)
        .where(col(Resource.community_id).in_(readable(db, person_id, everything=everything)))
        .order_by(col(Resource.id).desc())
        .limit(NEAR)
    ).all()
    return [(f"R{i}", title or url) for i, title, url in rows]


def facilitators(db: Db, community_id: int) -> Sequence[int]:
    """Return the ids of the people who facilitate the community, longest first."""
    return db.exec(
        select(Membership.person_id)
        .where(Membership.community_id == community_id, Membership.role == "facilitator")
        .order_by(col(Membership.joined_at), col(Membership.person_id))
    ).all()
