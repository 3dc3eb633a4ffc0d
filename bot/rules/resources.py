"""Saved links: one per page and community, with what members say of it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlmodel import col, func, select

from bot.errors import BadValue, NotAllowed, NotFound, Problems
from bot.rules import people, urls
from bot.ui.spans import Mention
from storage import search
from storage.database import Db, locked
from storage.tables import Community, Endorsement, Resource, ResourceNote, ResourceTag

TAG_LIMIT = 30
_TAG = re.compile(r"[\w\-+#.]+")
Sort = Literal["new", "top"]


@dataclass(frozen=True, slots=True)
class View:
    """One resource with everything a card may show of it; `title` is never empty.

    `endorsed` is whether the reader is among the `endorsements`; `snippet` is where a search found its words.
    """

    id: int
    url: str
    title: str
    site: str
    description: str
    community_id: int
    community: str
    slug: str
    saver: Mention
    saver_id: int | None
    author: Mention | None
    saved_at: datetime
    tags: tuple[str, ...]
    notes: tuple[tuple[Mention, str], ...]
    endorsements: int
    endorsed: bool = False
    snippet: str = ""

    @property
    def code(self) -> str:
        return f"R{self.id}"


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving came to: `new` is False when the link was known; `noted` when a note was kept."""

    resource: Resource
    new: bool
    noted: bool


def save(
    db: Db,
    community: Community,
    person_id: int,
    url: str,
    *,
    title: str = "",
    tags: Sequence[str] = (),
    note: str = "",
    author_id: int | None = None,
    max_tags: int = 5,
    now: datetime,
) -> Saved:
    """Keep a link, or add to the one that is known: the note, which replaces one's own, and the tags.

    The first saver stays the saver. http and https of one page are one resource, kept as https once
    that has been seen. `author_id` is who posted the link, when that was someone else. Raises BadValue
    for what is no link or tag, Problems when the tags do not fit beside those it has. The caller has
    checked membership.
    """
    address = urls.canonical(url)
    wanted = read_tags(tags, max_tags)
    # Two people may save one page at the same moment, one as http and one as https.
    locked(db, Community, community.id)
    resource = known(db, community.id, address)
    new = resource is None
    if resource is None:
        resource = Resource(
            community_id=community.id,
            url=address,
            saver_id=person_id,
            author_id=author_id if author_id != person_id else None,
            saved_at=now,
        )
    if address.startswith("https:"):
        resource.url = address
    resource.title = resource.title or title
    db.add(resource)
    db.flush()
    resource_id = resource.id
    _tag(db, resource_id, wanted, max_tags)
    if note:
        _note(db, resource_id, person_id, note, now)
    search.index(db, resource_id)
    return Saved(resource, new, bool(note))


def known(db: Db, community_id: int, url: str) -> Resource | None:
    """Return the community's resource at this canonical address, be it saved as http or https."""
    return db.exec(
        select(Resource).where(Resource.community_id == community_id, col(Resource.url).in_(urls.twins(url)))
    ).first()


def read_tags(values: Iterable[str], most: int) -> tuple[str, ...]:
    """Return tags as kept: lower case, NFC, hyphens for spaces, each once.

    Raises BadValue for other characters than letters, digits and - + # . _, or too long or too many tags.
    """
    found: dict[str, None] = {}
    for value in values:
        tag = "-".join(unicodedata.normalize("NFC", value.lower()).strip().lstrip("#").split())
        if not tag:
            continue
        if len(tag) > TAG_LIMIT or not _TAG.fullmatch(tag):
            raise BadValue(
                f"A tag has letters, digits and - + # . only, at most {TAG_LIMIT} characters: such as data-viz."
            )
        found[tag] = None
    if len(found) > most:
        raise BadValue(f"A resource has at most {most} tags; these are {len(found)}.")
    return tuple(found)


def endorse(db: Db, resource_id: int, person_id: int, now: datetime, *, on: bool | None = None) -> bool:
    """Endorse the resource or take that back; `on` None is whichever changes something. Return how it stands.

    Raises NotFound when it was removed meanwhile.
    """
    if locked(db, Resource, resource_id) is None:
        raise NotFound(f"There is no resource R{resource_id} any more.")
    present = db.get(Endorsement, (resource_id, person_id))
    wanted = present is None if on is None else on
    if wanted and present is None:
        db.add(Endorsement(resource_id=resource_id, person_id=person_id, endorsed_at=now))
    elif present is not None and not wanted:
        db.delete(present)
    db.flush()
    return wanted


def remove(db: Db, resource: Resource, person_id: int, *, tends: bool) -> None:
    """Remove a resource with all that was said of it.

    Raises NotAllowed unless the person saved it or `tends` it, NotFound when somebody was faster.
    """
    if locked(db, Resource, resource.id) is None:
        raise NotFound(f"There is no resource R{resource.id} any more.")
    if resource.saver_id != person_id and not tends:
        raise NotAllowed("Only the person who saved it, or a facilitator, may remove it.")
    search.forget(db, resource.id)
    for part in (ResourceTag, ResourceNote, Endorsement):
        for row in db.exec(select(part).where(part.resource_id == resource.id)).all():
            db.delete(row)
    db.flush()
    db.delete(resource)
    db.flush()


def view(db: Db, resource_id: int, reader: int = 0) -> View:
    """Return the resource as cards show it. Raises NotFound when there is none."""
    found = _views(db, [resource_id], reader)
    if not found:
        raise NotFound(f"There is no resource R{resource_id} any more.")
    return found[0]


def listing(
    db: Db,
    community_ids: Sequence[int],
    *,
    sort: Sort = "new",
    tag: str = "",
    offset: int = 0,
    limit: int = 10,
    reader: int = 0,
) -> list[View]:
    """Return the communities' resources, newest or most endorsed first, of those with the tag if one is given."""
    chosen = select(Resource.id).where(col(Resource.community_id).in_(community_ids))
    if tag:
        tagged = select(ResourceTag.resource_id).where(ResourceTag.tag == tag)
        chosen = chosen.where(col(Resource.id).in_(tagged))
    ids = db.exec(_ranked(chosen, sort).offset(offset).limit(limit)).all()
    return _views(db, ids, reader)


def find(
    db: Db,
    query: str,
    community_ids: Sequence[int],
    *,
    tag: str = "",
    offset: int = 0,
    limit: int = 10,
    reader: int = 0,
) -> tuple[list[View], int]:
    """Return one page of what the words find in these communities, best first, and how many there are."""
    found = search.search(db, query, communities=community_ids, tag=tag or None, limit=limit, offset=offset)
    snippets = {hit.resource_id: hit.snippet for hit in found.hits}
    views = _views(db, list(snippets), reader)
    return [replace(v, snippet=snippets[v.id]) for v in views], found.total


def top(db: Db, community_id: int, limit: int) -> list[View]:
    """Return the community's most endorsed resources, newer ones first among equals."""
    return listing(db, [community_id], sort="top", limit=limit)


def between(db: Db, community_id: int, since: datetime, until: datetime) -> list[View]:
    """Return what was saved in [since, until), fairly: everybody's best before anybody's second best.

    Best is most endorsed, then newest (SPEC.md 8). What counts as somebody's is what they posted, else saved.
    """
    chosen = select(Resource.id).where(
        Resource.community_id == community_id,
        col(Resource.saved_at) >= since,
        col(Resource.saved_at) < until,
    )
    ranked = _views(db, db.exec(_ranked(chosen, "top")).all())
    turns: dict[object, int] = {}
    order: list[tuple[int, View]] = []
    for found in ranked:
        whose: object = found.author.person if found.author else found.saver_id or f"nobody's {found.id}"
        turns[whose] = turns.get(whose, 0) + 1
        order.append((turns[whose], found))
    return [found for _, found in sorted(order, key=lambda pair: pair[0])]


def _ranked(chosen: Any, sort: Sort) -> Any:
    if sort == "new":
        return chosen.order_by(col(Resource.saved_at).desc(), col(Resource.id).desc())
    endorsed = (
        select(func.count())
        .select_from(Endorsement)
        .where(Endorsement.resource_id == Resource.id)
        .correlate(Resource)
        .scalar_subquery()
    )
    return chosen.order_by(endorsed.desc(), col(Resource.saved_at).desc(), col(Resource.id).desc())


def _tag(db: Db, resource_id: int, wanted: Sequence[str], most: int) -> None:
    present = set(db.exec(select(ResourceTag.tag).where(ResourceTag.resource_id == resource_id)).all())
    added = [tag for tag in wanted if tag not in present]
    if added and len(present) + len(added) > most:
        listed = ", ".join(sorted(present))
        raise Problems(
            {
                "tags": f"It is saved already, with the tags {listed}. At most {most} fit: please leave some out."
            }
        )
    for tag in added:
        db.add(ResourceTag(resource_id=resource_id, tag=tag))


def _note(db: Db, resource_id: int, person_id: int, note: str, now: datetime) -> None:
    kept = db.get(ResourceNote, (resource_id, person_id)) or ResourceNote(
        resource_id=resource_id, person_id=person_id, note="", written_at=now
    )
    kept.note, kept.written_at = note, now
    db.add(kept)


def _views(db: Db, ids: Sequence[int | None], reader: int = 0) -> list[View]:
    """Return the resources in the order of `ids`, in a fixed number of statements."""
    if not ids:
        return []
    rows = db.exec(
        select(Resource, Community.name, Community.slug).where(
            Resource.community_id == Community.id, col(Resource.id).in_(ids)
        )
    ).all()
    tags: dict[int, list[str]] = {}
    for tagged in db.exec(
        select(ResourceTag).where(col(ResourceTag.resource_id).in_(ids)).order_by(col(ResourceTag.tag))
    ):
        tags.setdefault(tagged.resource_id, []).append(tagged.tag)
    notes = db.exec(
        select(ResourceNote)
        .where(col(ResourceNote.resource_id).in_(ids))
        .order_by(col(ResourceNote.written_at).desc(), col(ResourceNote.person_id))
    ).all()
    likes = dict(
        db.exec(
            select(Endorsement.resource_id, func.count())
            .where(col(Endorsement.resource_id).in_(ids))
            .group_by(col(Endorsement.resource_id))
        ).all()
    )
    own = set(
        db.exec(
            select(Endorsement.resource_id).where(
                col(Endorsement.resource_id).in_(ids), Endorsement.person_id == reader
            )
        ).all()
    )
    named = people.mentions(
        db, [i for r, *_ in rows for i in (r.saver_id, r.author_id)] + [n.person_id for n in notes]
    )
    found = {}
    for resource, community, slug in rows:
        key = resource.id
        found[key] = View(
            id=key,
            url=resource.url,
            title=resource.title or urls.title(resource.url),
            site=resource.site or urls.site(resource.url),
            description=resource.description,
            community_id=resource.community_id,
            community=community,
            slug=slug,
            saver=named[resource.saver_id],
            saver_id=resource.saver_id,
            author=named[resource.author_id] if resource.author_id else None,
            saved_at=resource.saved_at,
            tags=tuple(tags.get(key, ())),
            notes=tuple((named[n.person_id], n.note) for n in notes if n.resource_id == key),
            endorsements=likes.get(key, 0),
            endorsed=key in own,
        )
    return [found[i] for i in ids if i in found]
