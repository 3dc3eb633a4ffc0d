"""`digest`: the weekly edition of a community; seeing it, sending it, and when it comes."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from bot.cards import digests as cards
from bot.chat import Answer, Reply, Update
from bot.registry import Context, Group, Param, Role
from bot.rules import digests, settings
from bot.ui.cards import Card, note
from bot.ui.spans import Code, Moment
from storage.tables import Community

group = Group("digest", "The weekly digest: seeing it, sending it, and when it goes out")

COMMUNITY = Param("Community", "its short name, for example python", limit=100)
EDITION = Param("Edition", low=1, high=2**31 - 1, hidden=True)


@group.command(
    "The next digest as it would look now", role=Role.FACILITATOR, writes=False, example="digest preview"
)
def preview(ctx: Context, *, community: Annotated[Community, COMMUNITY]) -> Answer:
    """Show the draft that waits, else the next edition with the reason each item is in."""
    draft_id = digests.waiting(ctx.db, community)
    if draft_id is not None:
        return Reply(_drawn(ctx, draft_id))
    limits = ctx.config.digest
    draft, card = digests.upcoming(ctx.db, community, ctx.now, limits)
    shown = digests.fitted(draft, community, limits).items
    left_out = len(draft.items) - len(shown)
    return Reply(cards.preview(card, shown, left_out, limits.minimum_items, _next(community)))


@group.command("Send a digest now", role=Role.FACILITATOR, example="digest send")
def send(ctx: Context, *, community: Annotated[Community, COMMUNITY]) -> Answer:
    """Send the draft that waits, or a new edition."""
    return Reply(cards.sent(digests.send(ctx.db, community, ctx.person, ctx.now, ctx.config)))


@group.command("When the digest goes out", role=Role.FACILITATOR, example="digest schedule wednesday 14:05")
def schedule(
    ctx: Context,
    day: Annotated[settings.Day | None, Param("Day")] = None,
    time: Annotated[str | None, Param("Time", "for example 10:00", limit=20)] = None,
    timezone: Annotated[ZoneInfo | None, Param("Time zone", "for example Europe/London", limit=60)] = None,
    approval: Annotated[
        Literal["auto", "hold"] | None, Param("Approval", "hold: you get a draft first")
    ] = None,
    *,
    community: Annotated[Community, COMMUNITY],
) -> Answer:
    """Change what is given; without anything, ask with the present values."""
    if not set(ctx.given) - {"community"}:
        present = settings.described(community, ctx.config)
        known = {name: present[name] for name in ("day", "time", "timezone", "approval")}
        return ctx.ask({**known, "community": community.slug})
    zone = timezone.key if timezone else None
    _change(ctx, community, day=day, time=time, timezone=zone, approval=approval)
    return Reply(
        cards.scheduled(
            community.name, digests.describe(community), _next(community), community.digest_approval
        )
    )


@group.command("Stop the weekly digest", role=Role.FACILITATOR, example="digest off")
def off(ctx: Context, *, community: Annotated[Community, COMMUNITY]) -> Answer:
    """Post no digests until it is on again."""
    _change(ctx, community, digest="off")
    return Reply(
        note(
            f"{community.name} has no digest now. What happens meanwhile is in the first one after ",
            Code("/cop digest on"),
            ".",
        )
    )


@group.command("Start the weekly digest again", role=Role.FACILITATOR, example="digest on")
def on(ctx: Context, *, community: Annotated[Community, COMMUNITY]) -> Answer:
    """Post digests as scheduled."""
    _change(ctx, community, digest="on")
    return Reply(
        cards.scheduled(
            community.name, digests.describe(community), _next(community), community.digest_approval
        )
    )


@group.command("Send a digest's draft", role=Role.FACILITATOR, hidden=True)
def release(
    ctx: Context, edition: Annotated[int, EDITION], *, community: Annotated[Community, COMMUNITY]
) -> Answer:
    """Send the draft as it is."""
    digests.release(ctx.db, community, edition, ctx.person, ctx.now)
    return Update(_drawn(ctx, edition))


@group.command("Drop a digest's draft", role=Role.FACILITATOR, hidden=True)
def drop(
    ctx: Context, edition: Annotated[int, EDITION], *, community: Annotated[Community, COMMUNITY]
) -> Answer:
    """Give the draft up; its items wait for the next one."""
    digests.drop(ctx.db, community, edition, ctx.person, ctx.now)
    return Update(_drawn(ctx, edition))


@group.command("Add a note to a digest's draft", name="note", role=Role.FACILITATOR, hidden=True)
def note_(
    ctx: Context,
    edition: Annotated[int, EDITION],
    note: Annotated[
        str, Param("Note", "a line or two at its head, at most 50 words", limit=cards.NOTE_LIMIT)
    ],
    *,
    community: Annotated[Community, COMMUNITY],
) -> Answer:
    """Put a note at the draft's head."""
    digests.add_note(ctx.db, community, edition, note, ctx.now)
    return Update(_drawn(ctx, edition))


def _change(ctx: Context, community: Community, **changes: str | None) -> None:
    settings.change(community, changes, ctx.now)
    ctx.db.add(community)


def _next(community: Community) -> Moment | None:
    at = community.digest_next_at
    return Moment(at, community.zone) if at else None


def _drawn(ctx: Context, edition: int) -> Card:
    return digests.drawn(ctx.db, edition, ctx.now) or note("That draft is gone.")
