"""`cop home`: where somebody stands and what they can do, as platforms with a page for each person show it."""

from bot.cards import home as cards
from bot.chat import Answer, Reply
from bot.registry import Context, Group
from bot.rules import access, communities, pulses, resources, sessions
from bot.ui.cards import BUTTONS_PER_ROW

group = Group("cop")


@group.command("My communities, what is next and what waits for me", hidden=True, writes=False)
def home(ctx: Context) -> Answer:
    """Show the whole home; nothing of a community the person does not belong to, beyond that it can be joined."""
    mine = access.own_communities(ctx.db, ctx.person_id)
    ids = [c.id for c in mine]
    view = cards.Home(
        name=ctx.actor.name,
        communities=[(c.slug, c.name, c.role or "") for c in mine],
        joinable=[] if mine else _joinable(ctx),
        sessions=sessions.upcoming(ctx.db, ids, ctx.now, limit=cards.SESSIONS, reader=ctx.person_id),
        pulses=pulses.waiting(ctx.db, ctx.person_id, ctx.now),
        resources=resources.listing(ctx.db, ids, limit=cards.RESOURCES, reader=ctx.person_id),
        schedules=ctx.admin or "facilitator" in {c.role for c in mine},
    )
    return Reply(cards.home(view, ctx.now))


def _joinable(ctx: Context) -> list[str]:
    """The slugs of the largest communities that anybody may join at once."""
    found = access.visible_communities(ctx.db, ctx.person_id, everything=False)
    free = [c for c in found if c.visibility == "open" and c.archived_at is None]
    sizes = communities.sizes(ctx.db, [c.id for c in free])
    free.sort(key=lambda c: -sizes.get(c.id, 0))
    return [c.slug for c in free[:BUTTONS_PER_ROW]]
