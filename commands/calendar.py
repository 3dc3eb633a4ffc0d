"""`session calendar`: the secret addresses at which calendar apps read sessions."""

from datetime import datetime
from typing import Annotated, Literal

from bot.cards import calendars as cards
from bot.chat import Answer, Reply, Update
from bot.registry import Context, Group, Param, Role
from bot.rules import access, feeds
from bot.text import shorten
from storage.tables import Community

group = Group("session")


@group.command("Addresses for my calendar app", role=Role.MEMBER, example="session calendar")
def calendar(
    ctx: Context,
    rotate: Annotated[Literal["yes"] | None, Param("Make new ones", hidden=True)] = None,
    *,
    community: Annotated[Community, Param("Community", "its short name, for example python", limit=100)],
) -> Answer:
    """Show the addresses of one's own sessions and of the community's, once, or make new ones."""
    if (
        access.role(ctx.db, community, ctx.person_id) is None
    ):  # staff may do much, but belong where they belong
        raise access.members_only(community)
    make = feeds.rotate if rotate else feeds.offer
    of = {"My sessions": None, f"All of {shorten(community.name, 60)}": community.id}
    shown: list[tuple[str, str | datetime]] = []
    for name, community_id in of.items():
        made = make(ctx.db, ctx.person_id, community_id, ctx.now)
        shown.append((name, feeds.address(ctx.config, made) if isinstance(made, str) else made))
    card = cards.addresses(shown, community.slug, ctx.zone.key)
    return Update(card) if rotate else Reply(card)
