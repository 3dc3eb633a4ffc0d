"""`session poll`: which of several times suits the members, and the session it becomes."""

from datetime import datetime, timedelta
from typing import Annotated

from bot import when as times
from bot.cards import slots as cards
from bot.chat import Answer, Reply, Update
from bot.registry import Context, Group, Param, Role
from bot.rules import access, communities, outbox, sessions, slots
from bot.ui.cards import Card
from storage.database import Db
from storage.tables import Community, SlotPoll

group = Group("session")

POLL = Param("Slot poll", "for example T5", limit=20)
PAGE = Param("Page", low=1, high=slots.MOST, hidden=True)
NUMBER = Param("Time", "its number", low=0, high=slots.MOST)


@group.command(
    "Ask which of several times suits",
    role=Role.FACILITATOR,
    example='session poll "Reading group" "tue 15:00, wed 16:00, thu noon"',
)
def poll(
    ctx: Context,
    title: Annotated[str, Param("Title", limit=150)],
    options: Annotated[
        tuple[str, ...], Param("Times", "2 to 10 with commas between: tue 15:00, wed 16:00", limit=1_200)
    ],
    closes: Annotated[timedelta | None, Param("Closes in", "3d", limit=40)] = None,
    *,
    community: Annotated[Community, Param("Community", "its short name, for example python", limit=100)],
) -> Answer:
    """Open a slot poll and post it in every connected channel."""
    row = slots.start(
        ctx.db,
        community,
        ctx.person,
        title=title,
        given=options,
        closes=closes,
        usual=timedelta(days=ctx.config.pulse.poll_days),
        duration=times.duration(ctx.config.session.duration),
        zone=ctx.zone,
        now=ctx.now,
    )
    view = slots.view(ctx.db, row)
    told = outbox.announce(
        ctx.db,
        community,
        cards.posted(view, ctx.now),
        kind="slots",
        key=slots.subject(row.id),
        subject=slots.subject(row.id),
        expires_at=row.closes_at,
        now=ctx.now,
    )
    return Reply(cards.opened(view, told))


@group.command("Say which times suit you", role=Role.MEMBER, hidden=True)
def vote(
    ctx: Context,
    poll: Annotated[SlotPoll, POLL],
    option: Annotated[int | None, NUMBER] = None,
    answer: Annotated[slots.Word | None, Param("Answer", "yes, maybe (if need be) or no")] = None,
    page: Annotated[int, PAGE] = 1,
) -> Answer:
    """Show the ballot, or take a vote and show it again; option 0 is all of them."""
    if option is not None and answer is not None:
        slots.vote(ctx.db, poll.id, ctx.person_id, option, answer, ctx.now)
    else:
        slots.check(ctx.db, poll, ctx.person_id, ctx.now)
    card = cards.ballot(slots.view(ctx.db, poll, ctx.person_id), page, ctx.now)
    return Update(card) if set(ctx.given) - {"poll"} else Reply(card)


@group.command("Who said what in a slot poll", role=Role.MEMBER, writes=False, hidden=True, name="slots")
def show(ctx: Context, poll: Annotated[SlotPoll, POLL], page: Annotated[int, PAGE] = 1) -> Answer:
    """Show the poll in full; to facilitators also who would be asleep."""
    facilitates = ctx.admin or _facilitates(ctx, poll)
    view = slots.view(ctx.db, poll, ctx.person_id, names=facilitates)
    card = cards.detail(view, page, ctx.now, facilitates=facilitates)
    return Update(card) if "page" in ctx.given else Reply(card)


@group.command("Make the session at one of the times", role=Role.FACILITATOR, hidden=True)
def pick(ctx: Context, poll: Annotated[SlotPoll, POLL], option: Annotated[int, NUMBER]) -> Answer:
    """Schedule and announce it, its answers filled in."""
    occurrence = slots.pick(ctx.db, poll.id, option, ctx.person, ctx.now)
    shown = sessions.view(ctx.db, occurrence.id)
    assert shown is not None, "it was just made"
    view = slots.view(ctx.db, poll)
    told = len(communities.channels(ctx.db, access.community_by_id(ctx.db, poll.community_id)))
    return Reply(cards.picked(view, shown.code, shown.starts_at, told, (shown.going, shown.maybe)))


@group.command("Close a slot poll early", role=Role.FACILITATOR, hidden=True)
def endpoll(ctx: Context, poll: Annotated[SlotPoll, POLL]) -> Answer:
    """Close it and show what to pick from; closed already, it shows that again."""
    slots.close(ctx.db, poll.id, ctx.now)
    return Reply(cards.closed(slots.view(ctx.db, poll, names=True), ctx.now))


def draw(db: Db, poll_id: int, now: datetime) -> Card | None:
    """Return the poll's card as it stands, or None when it is gone."""
    row = db.get(SlotPoll, poll_id)
    return cards.posted(slots.view(db, row), now) if row is not None else None


def close(db: Db, poll_id: int, now: datetime) -> None:
    """Close a poll whose time has come; whoever opened it, or else every facilitator, is told. For the scheduler."""
    row = slots.close(db, poll_id, now)
    if row is None:
        return
    community = access.community_by_id(db, row.community_id)
    facilitators = access.facilitators(db, community.id)
    card = cards.closed(slots.view(db, row), now)
    for person_id in [row.opened_by] if row.opened_by in facilitators else facilitators:
        assert person_id is not None, "facilitators are people"
        key = f"{slots.subject(poll_id)}:closed:{person_id}"
        outbox.tell(db, person_id, card, kind="notice", key=key, now=now)


def _facilitates(ctx: Context, poll: SlotPoll) -> bool:
    community = access.community_by_id(ctx.db, poll.community_id)
    return access.role(ctx.db, community, ctx.person_id) == "facilitator"
