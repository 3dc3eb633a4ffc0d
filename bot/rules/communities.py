"""Communities: making, joining, leaving, tending and closing them."""

import re
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select

from bot.chat import Address
from bot.errors import BadValue, Conflict, NotFound
from bot.rules import access, digests, feeds, reminding, rsvps
from bot.text import label
from storage.database import Db, locked
from storage.tables import Channel, Community, Farewell, JoinRequest, Membership, Person

SLUG_LIMIT = 40
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def slug_from(name: str) -> str:
    """Return a slug made of the name. Raises BadValue when no Latin letter or digit is left."""
    latin = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", latin))[:SLUG_LIMIT].strip("-")
    if not slug:
        raise BadValue("Please give a slug: a short name of a–z, 0–9 and hyphens, such as data-viz.")
    return slug


def create(
    db: Db,
    founder: Person,
    *,
    name: str,
    purpose: str,
    slug: str,
    visibility: str,
    zone: str,
    now: datetime,
    defaults: "digests.Defaults",
) -> Community:
    """Make a community with `founder` as its facilitator. Raises BadValue for a bad slug, Conflict for a taken one."""
    slug = slug or slug_from(name)
    if len(slug) > SLUG_LIMIT or not _SLUG.fullmatch(slug):
        raise BadValue(
            f"A slug has only a–z, 0–9 and single hyphens, at most {SLUG_LIMIT}: such as data-viz."
        )
    taken = db.exec(select(Community).where(Community.slug == slug)).first()
    if taken is not None:
        raise Conflict(f"The name {slug} is taken. Please choose another slug.")
    community = Community(
        slug=slug,
        name=name,
        purpose=purpose,
        visibility=visibility,
        zone=zone,
        created_at=now,
        digest_day=defaults.day,
        digest_time=defaults.time,
        digest_approval=defaults.approval,
        reminders=defaults.reminders,
        quiet_hours=defaults.quiet_hours,
    )
    community.digest_next_at = digests.next_due(community, now)
    db.add(community)
    db.flush()
    admit(db, community, founder, now, role="facilitator")
    return community


def admit(db: Db, community: Community, person: Person, now: datetime, *, role: str = "member") -> None:
    """Make the person a member; anything they had asked or been invited to is settled."""
    db.add(Membership(community_id=community.id, person_id=person.id, role=role, joined_at=now))
    request = _request(db, community, person)
    if request is not None:
        db.delete(request)


def join(db: Db, community: Community, person: Person, now: datetime) -> JoinRequest | None:
    """Join at once, or return the open request where facilitators decide.

    Raises Conflict for someone who is a member or has asked already.
    """
    if access.role(db, community, person.id) is not None:
        raise Conflict(f"You are already a member of {community.name}.")
    request = _request(db, community, person)
    if community.visibility == "open" or (request is not None and request.outcome == "invited"):
        admit(db, community, person, now)
        return None
    if request is not None and request.outcome == "":
        raise Conflict(f"You have asked to join {community.name} already; its facilitators will answer you.")
    if request is None:
        request = JoinRequest(community_id=community.id, person_id=person.id, asked_at=now)
    request.asked_at, request.outcome, request.decided_by = now, "", None
    db.add(request)
    db.flush()
    return request


def decide(
    db: Db, community: Community, request_id: int, decider: Person, *, approve: bool, now: datetime
) -> JoinRequest:
    """Approve or decline a request. Raises NotFound, or Conflict when somebody else was faster."""
    request = locked(db, JoinRequest, request_id)
    if request is None or request.community_id != community.id:
        raise NotFound("That request is settled: it was answered, or withdrawn.")
    if request.outcome:
        raise Conflict(f"That request is answered already: they were {request.outcome}.")
    request.outcome = "approved" if approve else "declined"
    request.decided_by = decider.id
    db.add(request)
    if approve and db.get(Membership, (community.id, request.person_id)) is None:
        db.add(Membership(community_id=community.id, person_id=request.person_id, joined_at=now))
    return request


def request_view(db: Db, request_id: int) -> tuple[JoinRequest, Community] | None:
    """Return the request and its community, or None when it was settled by joining or leaving."""
    request = db.get(JoinRequest, request_id)
    return (request, access.community_by_id(db, request.community_id)) if request else None


def invite(db: Db, community: Community, person: Person, inviter: Person, now: datetime) -> None:
    """Let the person join whatever the visibility. Raises Conflict for a member."""
    asked = _request(db, community, person)
    if asked is not None:
        locked(db, JoinRequest, asked.id)  # somebody may be taking them in at this moment
    if access.role(db, community, person.id) is not None:
        raise Conflict(f"{person.name} is already a member of {community.name}.")
    request = asked or JoinRequest(community_id=community.id, person_id=person.id, asked_at=now)
    request.outcome, request.decided_by = "invited", inviter.id
    db.add(request)


def leave(db: Db, community: Community, person: Person, now: datetime) -> str:
    """End the membership, pass on any seats and close the calendar feed; return the key under which a reason may be left, joined to nobody.

    Raises Conflict for someone who is no member, or the last facilitator.
    """
    locked(db, Community, community.id)
    membership = _membership(db, community, person)
    if membership is None:
        raise Conflict(f"You are not a member of {community.name}.")
    if membership.role == "facilitator":
        _not_the_last(db, community, "leave")
    db.delete(membership)
    rsvps.withdraw_all(db, person.id, now, community.id)
    feeds.revoke(db, person.id, community.id)
    farewell = Farewell(id=secrets.token_hex(8), community_id=community.id, reason="", month=f"{now:%Y-%m}")
    db.add(farewell)
    return farewell.id


def give_reason(db: Db, key: str, reason: str) -> None:
    """Keep why someone left. Raises Conflict when a reason was given or the key is unknown."""
    farewell = db.get(Farewell, key)
    if farewell is None or farewell.reason:
        raise Conflict("Thank you, a reason was given already.")
    farewell.reason = reason
    db.add(farewell)


def promote(db: Db, community: Community, person: Person) -> None:
    """Make a member a facilitator. Raises Conflict for others."""
    membership = _membership(db, community, person)
    if membership is None:
        raise Conflict(f"{person.name} is not a member of {community.name}. They need to join first.")
    if membership.role == "facilitator":
        raise Conflict(f"{person.name} is already a facilitator of {community.name}.")
    membership.role = "facilitator"
    db.add(membership)


def demote(db: Db, community: Community, person: Person) -> None:
    """Make a facilitator a member again. Raises Conflict for others, and for the last one."""
    locked(db, Community, community.id)
    membership = _membership(db, community, person)
    if membership is None or membership.role != "facilitator":
        raise Conflict(f"{person.name} is not a facilitator of {community.name}.")
    _not_the_last(db, community, "be demoted")
    membership.role = "member"
    db.add(membership)


def _not_the_last(db: Db, community: Community, what: str) -> None:
    if len(access.facilitators(db, community.id)) == 1:
        raise Conflict(
            f"The last facilitator of {community.name} cannot {what}. Name another first with /cop promote."
        )


def members(db: Db, community: Community, *, offset: int = 0, limit: int = 1_000_000) -> Sequence[Membership]:
    """Return memberships, facilitators first, then by when they joined."""
    return db.exec(
        select(Membership)
        .where(Membership.community_id == community.id)
        .order_by(col(Membership.role), col(Membership.joined_at), col(Membership.person_id))
        .offset(offset)
        .limit(limit)
    ).all()


def size(db: Db, community: Community) -> int:
    """Return how many belong."""
    return db.exec(
        select(func.count()).select_from(Membership).where(Membership.community_id == community.id)
    ).one()


def sizes(db: Db, ids: Sequence[int]) -> dict[int, int]:
    """Return how many belong to each of the communities that have anyone."""
    rows = db.exec(
        select(Membership.community_id, func.count())
        .where(col(Membership.community_id).in_(ids))
        .group_by(col(Membership.community_id))
    ).all()
    return dict(rows)


def connect(db: Db, community: Community, at: Address) -> Channel:
    """Tie the channel to the community. Raises Conflict in direct messages or when it is tied elsewhere."""
    if at.direct or not at.channel:
        raise Conflict("Please do that in the channel you want to connect.")
    known = access.channel(db, at.platform, at.channel)
    channel = (locked(db, Channel, known.id) if known else None) or Channel(
        platform=at.platform, external_id=at.channel
    )
    if channel.community_id == community.id and not channel.paused:
        raise Conflict(f"This channel is connected to {community.name} already.")
    if channel.community_id not in (None, community.id):
        other = access.community_by_id(db, channel.community_id or 0)
        raise Conflict(
            f"This channel belongs to {other.name}. Its facilitators can /cop disconnect it first."
        )
    channel.community_id, channel.paused = community.id, ""
    channel.workspace, channel.name = at.workspace, label(at.name) or channel.name
    db.add(channel)
    db.flush()
    return channel


def disconnect(db: Db, community: Community, at: Address) -> None:
    """Untie the channel. Raises Conflict when it is not tied to this community."""
    channel = access.channel(db, at.platform, at.channel)
    if channel is None or channel.community_id != community.id:
        raise Conflict(f"This channel is not connected to {community.name}.")
    channel.community_id = None
    db.add(channel)


def channels(db: Db, community: Community) -> Sequence[Channel]:
    """Return the connected channels, in the order they were connected."""
    return db.exec(
        select(Channel).where(Channel.community_id == community.id).order_by(col(Channel.id))
    ).all()


def archive(db: Db, community: Community, now: datetime) -> None:
    """Make the community read-only. Raises Conflict when it is already."""
    if community.archived_at:
        raise Conflict(f"{community.name} is archived already.")
    community.archived_at, community.digest_next_at = now, None
    db.add(community)


def revive(db: Db, community: Community, now: datetime) -> None:
    """Undo archiving. Raises Conflict when it is not archived."""
    if not community.archived_at:
        raise Conflict(f"{community.name} is not archived.")
    community.archived_at = None
    community.digest_next_at = digests.next_due(community, now)
    db.add(community)
    reminding.look_again(db, now, community_id=community.id)


def _membership(db: Db, community: Community, person: Person) -> Membership | None:
    return db.get(Membership, (community.id, person.id))


def _request(db: Db, community: Community, person: Person) -> JoinRequest | None:
    return db.exec(
        select(JoinRequest).where(
            JoinRequest.community_id == community.id, JoinRequest.person_id == person.id
        )
    ).first()
