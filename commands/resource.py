"""`resource`: links worth keeping, saved and found again."""

from typing import Annotated

from bot import saving
from bot.cards import resources as cards
from bot.chat import Answer, Reply, Update
from bot.errors import BadValue, Problems
from bot.registry import Context, Group, Param, Role
from bot.rules import access, people, resources, urls
from bot.rules.resources import Sort
from bot.ui.cards import Card
from bot.ui.cards import note as sentence
from bot.ui.spans import Code
from commands.paging import PAGE, SIZE, following
from storage.tables import Community, Resource

group = Group("resource", "Resources: links worth keeping, saved and found again")

COMMUNITY = Param("Community", "its short name, for example python", limit=100)
RESOURCE = Param("Resource", "for example R34", limit=100)
TAG = Param("Tag", "for example rag", limit=60)


@group.command(
    "Save a link to the community's library",
    role=Role.MEMBER,
    example='resource save https://example.org/rag "Intro to RAG" tags:rag,llm',
)
def save(
    ctx: Context,
    url: Annotated[str, Param("Link", "https://example.org/page", limit=2_000)],
    title: Annotated[str | None, Param("Title", "empty: taken from the page", limit=200)] = None,
    tags: Annotated[tuple[str, ...] | None, Param("Tags", "up to five, with commas", limit=200)] = None,
    note: Annotated[str | None, Param("Note", "why it is useful", limit=500)] = None,
    author: Annotated[str | None, Param("Author", limit=saving.AUTHOR_LIMIT, hidden=True)] = None,
    *,
    community: Annotated[Community, COMMUNITY],
) -> Answer:
    """Save a link, or add a note and tags to one that is known.

    `author` is whose message is saved, as a platform's form carries it. Anyone could type it, so it gives
    credit and nothing else: nobody who is known is called otherwise for it.
    """
    link, _, words = url.partition(" ")
    if title is None:  # words typed after the link without quotes are its title
        url, title = link, words.strip()
    most = ctx.config.resource.max_tags
    problems = {}
    for name, check in (
        ("url", lambda: urls.canonical(url)),
        ("tags", lambda: resources.read_tags(tags or (), most)),
    ):
        try:
            check()
        except BadValue as bad:
            problems[name] = bad.message
    if problems:
        raise Problems(problems)
    outcome = resources.save(
        ctx.db,
        community,
        ctx.person_id,
        url,
        title=title,
        tags=tags or (),
        note=note or "",
        author_id=people.credited(ctx.db, saving.read(author, ctx.actor.platform), ctx.now)
        if author
        else None,
        max_tags=most,
        now=ctx.now,
    )
    shown = resources.view(ctx.db, outcome.resource.id, ctx.person_id)
    return Reply(cards.saved(shown, outcome, ctx.person_id, ctx.now, ctx.zone))


@group.command("Search the libraries", writes=False, example="resource find prompt caching")
def find(
    ctx: Context,
    query: Annotated[str, Param("Words", "what it is about", limit=200)],
    tag: Annotated[str | None, TAG] = None,
    community: Annotated[Community | None, COMMUNITY] = None,
    page: Annotated[int, PAGE] = 1,
) -> Answer:
    """Search what the reader may see, best first."""
    found, total = resources.find(
        ctx.db,
        query,
        _places(ctx, community),
        tag=_tag(tag),
        offset=(page - 1) * SIZE,
        limit=SIZE,
        reader=ctx.person_id,
    )
    if not found:
        return _page(ctx, sentence(f"Nothing here fits “{query}”. Try fewer or other words."))
    left = total - (page - 1) * SIZE - len(found)
    filters = {"query": query, "tag": tag, "community": community.slug if community else None}
    more = following("resource find", filters, page) if left > 0 else None
    rest = f"{left:,} more fit. Please ask with fewer words to page through them." if left > 0 else ""
    count = "1 resource" if total == 1 else f"{total:,} resources"
    return _page(ctx, cards.shelf(f"{count} for “{query}”", found, query=query, more=more, rest=rest))


@group.command("Browse the libraries", name="list", writes=False, example="resource list sort:top tag:rag")
def list_(
    ctx: Context,
    sort: Annotated[Sort, Param("Order", "new or top")] = "new",
    tag: Annotated[str | None, TAG] = None,
    community: Annotated[Community | None, COMMUNITY] = None,
    page: Annotated[int, PAGE] = 1,
) -> Answer:
    """Browse what the reader may see."""
    found = resources.listing(
        ctx.db,
        _places(ctx, community),
        sort=sort,
        tag=_tag(tag),
        offset=(page - 1) * SIZE,
        limit=SIZE + 1,
        reader=ctx.person_id,
    )
    place = f" of {community.name}" if community else ""
    about = f" about {tag}" if tag else ""
    if not found:
        if page > 1:
            return _page(ctx, sentence("No more resources."))
        none = f"No resources{place}{about} yet. Save one with "
        return _page(ctx, sentence(none, Code("/cop resource save"), "."))
    filters = {"sort": sort, "tag": tag, "community": community.slug if community else None}
    more = following("resource list", filters, page) if len(found) > SIZE else None
    rest = "There are more. Please leave something out to page through them." if len(found) > SIZE else ""
    title = f"{'Most endorsed' if sort == 'top' else 'New'} resources{place}{about}"
    return _page(ctx, cards.shelf(title, found[:SIZE], more=more, rest=rest))


@group.command(
    "One resource and what members say of it", role=Role.MEMBER, writes=False, example="resource show R34"
)
def show(ctx: Context, resource: Annotated[Resource, RESOURCE]) -> Answer:
    """Show a resource whole."""
    shown = resources.view(ctx.db, resource.id, ctx.person_id)
    removable = resource.saver_id == ctx.person_id or _tends(ctx, resource)
    return Reply(cards.detail(shown, removable=removable, zone=ctx.zone.key))


@group.command("Remove a resource you saved", role=Role.MEMBER, example="resource remove R34")
def remove(ctx: Context, resource: Annotated[Resource, RESOURCE]) -> Answer:
    """Remove a resource; facilitators may remove any."""
    title = resources.view(ctx.db, resource.id).title
    resources.remove(ctx.db, resource, ctx.person_id, tends=_tends(ctx, resource))
    return Reply(sentence(f"“{title}” is removed, with its notes and tags."))


@group.command("Endorse a resource, or take that back", role=Role.MEMBER, hidden=True)
def endorse(ctx: Context, resource: Annotated[Resource, RESOURCE]) -> Answer:
    """Endorse, or stop endorsing."""
    resources.endorse(ctx.db, resource.id, ctx.person_id, ctx.now)
    return Reply(sentence(cards.endorsed(resources.view(ctx.db, resource.id, ctx.person_id))))


def _places(ctx: Context, community: Community | None) -> list[int]:
    return access.readable(ctx.db, ctx.person_id, everything=ctx.admin, within=community)


def _tends(ctx: Context, resource: Resource) -> bool:
    place = access.community_by_id(ctx.db, resource.community_id)
    return ctx.admin or access.role(ctx.db, place, ctx.person_id) == "facilitator"


def _tag(typed: str | None) -> str:
    try:
        return "".join(resources.read_tags([typed or ""], 1))
    except BadValue as bad:
        raise Problems({"tag": bad.message}) from None


def _page(ctx: Context, card: Card) -> Answer:
    return Update(card) if "page" in ctx.given else Reply(card)
