"""`cop`: finding, making, joining and tending communities."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from bot.cards import communities as cards
from bot.chat import Answer, Reply, Update
from bot.errors import Conflict
from bot.registry import Context, Group, Param, Role
from bot.rules import access, communities, outbox, people, reminding, resources, sessions, settings
from bot.ui.cards import Card, note
from bot.ui.spans import Bold, Code, Moment
from commands.paging import following
from storage.database import Db
from storage.tables import Community, Person

group = Group("cop", "Communities: find, join, make and tend them")

NAME = Param("Name", "what people call it, for example Data visualisation", limit=80)
PURPOSE = Param("Purpose", "one sentence: what you learn from each other", limit=500)
COMMUNITY = Param("Community", "its short name, for example python", limit=100)
PERSON = Param("Person", "for example @ana", limit=100)
PAGE = Param("Page", low=1, high=10_000, hidden=True)
MEMBERS_PAGE = 20


@group.command("List the communities", name="list", writes=False, example="cop list")
def list_(
    ctx: Context,
    search: Annotated[str | None, Param("Search", "words in the name or purpose", limit=100)] = None,
    page: Annotated[int, PAGE] = 1,
) -> Answer:
    seen = access.visible_communities(ctx.db, ctx.person_id, everything=ctx.admin)
    words = (search or "").casefold().split()
    found = [c for c in seen if all(w in f"{c.slug} {c.name} {c.purpose}".casefold() for w in words)]
    found.sort(key=lambda c: (c.archived_at is not None, c.name.casefold()))
    more = following("cop list", {"search": search}, page)
    return Reply(cards.listing(_listed(ctx, found), search or "", page - 1, more))


def _listed(ctx: Context, found: list[Community]) -> list[cards.Listed]:
    ids = [c.id for c in found]
    sizes = communities.sizes(ctx.db, ids)
    mine = access.memberships(ctx.db, ctx.person_id)
    open_to_me = set(access.readable(ctx.db, ctx.person_id, everything=ctx.admin))
    upcoming = sessions.next_of(ctx.db, [i for i in ids if i in open_to_me], ctx.now)
    rows = []
    for c in found:
        following = upcoming.get(c.id)
        rows.append(
            cards.Listed(
                slug=c.slug,
                name=c.name,
                purpose=c.purpose,
                visibility=c.visibility,
                archived=c.archived_at is not None,
                size=sizes.get(c.id, 0),
                belongs=c.id in mine,
                next_title=following.title if following else "",
                next_at=following.starts_at if following else None,
                zone=c.zone,
            )
        )
    return rows


@group.command(
    "What a community is for, who tends it and what is next", writes=False, example="cop about python"
)
def about(ctx: Context, community: Annotated[Community, COMMUNITY]) -> Answer:
    inside = community.id in access.readable(ctx.db, ctx.person_id, everything=ctx.admin)
    led = access.facilitators(ctx.db, community.id)
    names = people.mentions(ctx.db, led)
    nearest = sessions.upcoming(ctx.db, [community.id], ctx.now, limit=3) if inside else []
    top = resources.top(ctx.db, community.id, limit=3) if inside else []
    view = cards.About(
        listed=_listed(ctx, [community])[0],
        facilitators=[names[i] for i in led],
        channels=[f"#{c.name or c.external_id}" for c in communities.channels(ctx.db, community)],
        rhythm=settings.rhythm(community),
        charter=community.charter,
        sessions=[(s.code, s.title, s.starts_at) for s in nearest],
        resources=[(r.code, r.title) for r in top],
        inside=inside,
    )
    return Reply(cards.about(view))


@group.command("Make a new community", example='cop create Python "We share what we learn about Python"')
def create(
    ctx: Context,
    name: Annotated[str, NAME],
    purpose: Annotated[str, PURPOSE],
    slug: Annotated[str, Param("Short name", "a–z, 0–9, hyphens; made from the name", limit=40)] = "",
    visibility: Annotated[Literal["open", "request", "private"], Param("Who may join")] = "open",
) -> Answer:
    if ctx.config.bot.create == "admins" and not ctx.admin:
        raise Conflict(
            "Here only association staff make communities. Anyone may suggest one with /cop propose."
        )
    community = communities.create(
        ctx.db,
        ctx.person,
        name=name,
        purpose=purpose,
        slug=slug,
        visibility=visibility,
        zone=ctx.zone.key,
        defaults=settings.digest_defaults(ctx.config),
        now=ctx.now,
    )
    try:
        communities.connect(ctx.db, community, ctx.at)
        place = "This channel is connected to it: what happens in it is announced here."
    except Conflict:
        place = "Connect a channel to it with /cop connect, so that its news has a place."
    return Reply(
        Card(
            f"{name[:120]} is open",
            note(
                f"You are its facilitator. {place} Its short name is ",
                Code(community.slug),
                ". Next: ",
                Code("/cop session schedule"),
                ", or ",
                Code("/cop settings"),
                ".",
            ).blocks,
        )
    )


@group.command("Join a community", example="cop join python")
def join(
    ctx: Context,
    community: Annotated[
        Community, Param("Community", "its short name, for example python", own=False, limit=100)
    ],
) -> Answer:
    request = communities.join(ctx.db, community, ctx.person, ctx.now)
    if request is None:
        return Reply(
            note(
                "Welcome to ",
                Bold(community.name),
                "! See what is next with ",
                Code(f"/cop about {community.slug}"),
                ".",
            )
        )
    for facilitator in access.facilitators(ctx.db, community.id):
        outbox.tell(
            ctx.db,
            facilitator,
            draw_request(ctx.db, request.id, ctx.now) or Card(),
            kind="request",
            key=f"request:{request.id}:{ctx.now:%Y%m%dT%H%M%S}:{facilitator}",
            subject=f"request:{request.id}",
            now=ctx.now,
        )
    return Reply(note(f"The facilitators of {community.name} are asked; you will hear from them here."))


def draw_request(db: Db, request_id: int, now: datetime) -> Card | None:
    """Return the request's card as it stands, or None when it is gone."""
    found = communities.request_view(db, request_id)
    if found is None:
        return None
    row, community = found
    names = people.mentions(db, [row.person_id, row.decided_by])
    by = names[row.decided_by] if row.decided_by else None
    return cards.join_request(
        community.name, community.slug, request_id, names[row.person_id], row.outcome, by
    )


@group.command("Approve or decline a request to join", role=Role.FACILITATOR, hidden=True)
def decide(
    ctx: Context,
    request: Annotated[int, Param("Request", low=1, high=2**31 - 1)],
    decision: Annotated[Literal["approve", "decline"], Param("Decision")],
    *,
    community: Annotated[Community, COMMUNITY],
) -> Answer:
    approve = decision == "approve"
    row = communities.decide(ctx.db, community, request, ctx.person, approve=approve, now=ctx.now)
    ctx.db.flush()
    words = (
        f"Welcome to {community.name}: your request was approved."
        if approve
        else f"The facilitators of {community.name} cannot take you in at present."
    )
    outbox.tell(
        ctx.db,
        row.person_id,
        note(words),
        kind="notice",
        key=f"decided:{request}:{ctx.now:%Y%m%dT%H%M%S}",
        now=ctx.now,
    )
    outbox.redraw(ctx.db, f"request:{request}", ctx.now)
    return Update(draw_request(ctx.db, request, ctx.now) or Card())


@group.command("Invite someone to a community", role=Role.FACILITATOR, example="cop invite @ana python")
def invite(
    ctx: Context, person: Annotated[Person, PERSON], *, community: Annotated[Community, COMMUNITY]
) -> Answer:
    communities.invite(ctx.db, community, person, ctx.person, ctx.now)
    inviter = people.mentions(ctx.db, [ctx.person_id])[ctx.person_id]
    outbox.tell(
        ctx.db,
        person.id,
        cards.invitation(community.name, community.slug, community.purpose, inviter),
        kind="notice",
        key=f"invite:{community.id}:{person.id}:{ctx.now:%Y%m%dT%H%M%S}",
        now=ctx.now,
    )
    return Reply(note(f"{person.name} is invited to {community.name} and may join by a button."))


@group.command("Leave a community; others are not told", example="cop leave python", frozen_too=True)
def leave(ctx: Context, community: Annotated[Community, COMMUNITY]) -> Answer:
    key = communities.leave(ctx.db, community, ctx.person, ctx.now)
    return Reply(cards.left(community.name, key))


@group.command("Say why you left, without your name", hidden=True, confidential=True)
def farewell(
    ctx: Context,
    key: Annotated[str, Param("Key", hidden=True, limit=40)],
    reason: Annotated[str, Param("Why did you leave?", "kept without your name", limit=500)],
) -> Answer:
    communities.give_reason(ctx.db, key, reason)
    return Reply(note("Thank you. It is kept without your name."))


@group.command("Who belongs, facilitators first", role=Role.MEMBER, writes=False, example="cop members")
def members(
    ctx: Context, community: Annotated[Community, COMMUNITY], page: Annotated[int, PAGE] = 1
) -> Answer:
    rows = communities.members(ctx.db, community, offset=(page - 1) * MEMBERS_PAGE, limit=MEMBERS_PAGE)
    names = people.mentions(ctx.db, [row.person_id for row in rows])
    shown = [(names[row.person_id], row.role) for row in rows]
    total = communities.size(ctx.db, community)
    return Reply(cards.members(community.name, community.slug, total, shown, page - 1, MEMBERS_PAGE))


@group.command("Make a member a facilitator", role=Role.FACILITATOR, example="cop promote @ana")
def promote(
    ctx: Context, person: Annotated[Person, PERSON], *, community: Annotated[Community, COMMUNITY]
) -> Answer:
    communities.promote(ctx.db, community, person)
    _tell_role(
        ctx,
        community,
        person,
        f"You are now a facilitator of {community.name}. See /cop help for what you may do.",
    )
    return Reply(note(f"{person.name} is now a facilitator of {community.name}."))


@group.command("Make a facilitator a member again", role=Role.FACILITATOR, example="cop demote @ana")
def demote(
    ctx: Context, person: Annotated[Person, PERSON], *, community: Annotated[Community, COMMUNITY]
) -> Answer:
    communities.demote(ctx.db, community, person)
    if person.id != ctx.person.id:
        _tell_role(
            ctx,
            community,
            person,
            f"You are no longer a facilitator of {community.name}; you remain a member.",
        )
    return Reply(note(f"{person.name} is a member of {community.name} again."))


def _tell_role(ctx: Context, community: Community, person: Person, words: str) -> None:
    key = f"role:{community.id}:{person.id}:{ctx.now:%Y%m%dT%H%M%S%f}"
    outbox.tell(ctx.db, person.id, note(words), kind="notice", key=key, now=ctx.now)


@group.command("Connect this channel to a community", role=Role.FACILITATOR, example="cop connect python")
def connect(ctx: Context, community: Annotated[Community, COMMUNITY]) -> Answer:
    communities.connect(ctx.db, community, ctx.at)
    return Reply(
        note(
            f"This channel is connected to {community.name}. Its sessions, pulses and digests are posted here."
        )
    )


@group.command("Disconnect this channel from its community", role=Role.FACILITATOR, frozen_too=True)
def disconnect(ctx: Context, community: Annotated[Community, COMMUNITY]) -> Answer:
    communities.disconnect(ctx.db, community, ctx.at)
    return Reply(note(f"This channel is no longer connected to {community.name}. Nothing was deleted."))


@group.command("Change a community's settings", role=Role.FACILITATOR, example="cop settings")
def settings_(
    ctx: Context,
    community: Annotated[Community, COMMUNITY],
    timezone: Annotated[ZoneInfo | None, Param("Time zone", "for example Europe/London", limit=60)] = None,
    digest: Annotated[Literal["on", "off"] | None, Param("Weekly digest")] = None,
    day: Annotated[settings.Day | None, Param("Digest day")] = None,
    time: Annotated[str | None, Param("Digest time", "for example 10:00", limit=20)] = None,
    approval: Annotated[
        Literal["auto", "hold"] | None, Param("Digest approval", "hold: you get a draft first")
    ] = None,
    reminders: Annotated[str | None, Param("Session reminders", "24h, 15m or none", limit=60)] = None,
    quiet_hours: Annotated[str | None, Param("Quiet hours", "18:00-08:00 or none", limit=40)] = None,
    reactions: Annotated[
        str | None,
        Param("Reactions", "save=bookmark, yes=white_check_mark; default for the usual", limit=300),
    ] = None,
    welcome: Annotated[
        Literal["on", "off"] | None, Param("Welcome", "newcomers to its channels on Slack, privately, once")
    ] = None,
) -> Answer:
    if not set(ctx.given) - {"community"}:
        return ctx.ask({"community": community.slug, **settings.described(community, ctx.config)})
    changes: Mapping[str, str | None] = {
        "timezone": timezone.key if timezone else None,
        "digest": digest,
        "day": day,
        "time": time,
        "approval": approval,
        "reminders": reminders,
        "quiet_hours": quiet_hours,
        "reactions": reactions,
        "welcome": welcome,
    }
    settings.change(community, changes, ctx.now)
    ctx.db.add(community)
    reminding.look_again(ctx.db, ctx.now, community_id=community.id)
    return Reply(
        cards.settings(community.name, settings.described(community, ctx.config), _next_digest(community))
    )


def _next_digest(community: Community) -> Moment | None:
    at = community.digest_next_at
    return Moment(at, community.zone) if at else None


@group.command("Make a community read-only", role=Role.ADMIN, example="cop archive python")
def archive(ctx: Context, community: Annotated[Community, COMMUNITY]) -> Answer:
    communities.archive(ctx.db, community, ctx.now)
    return Reply(
        note(
            f"{community.name} is archived: it can be read, nothing new happens in it. /cop revive undoes this."
        )
    )


@group.command(
    "Bring an archived community back", role=Role.ADMIN, frozen_too=True, example="cop revive python"
)
def revive(ctx: Context, community: Annotated[Community, COMMUNITY]) -> Answer:
    communities.revive(ctx.db, community, ctx.now)
    return Reply(note(f"{community.name} is alive again."))
