"""Full-text search over resources: FTS5 on SQLite, tsvector on PostgreSQL, one manner of asking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, bindparam, text
from sqlmodel import col, select

from storage.database import Db
from storage.tables import Person, Resource, ResourceNote, ResourceTag
from storage.words import Query, Term, excerpt, read_query, words

CANDIDATES = 2000  # the newest matches, which alone are ranked: all of a common word's would cost 250 ms
INDEXED = 20_000  # characters of each field; a tsvector holds 1 MB


@dataclass(frozen=True, slots=True)
class Hit:
    """A resource that was found. The higher the score, the better, within one search only."""

    resource_id: int
    score: float
    snippet: str


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits, best first, and how many there are in all (counted up to CANDIDATES)."""

    hits: list[Hit]
    total: int


def index(db: Db, resource_id: int) -> None:
    """Enter a resource as it is now, in place of what was entered before; nothing if there is none."""
    forget(db, resource_id)
    resource = db.get(Resource, resource_id)
    if resource is None:
        return
    saver = None if resource.saver_id is None else db.get(Person, resource.saver_id)
    tags = db.exec(select(ResourceTag.tag).where(ResourceTag.resource_id == resource_id)).all()
    notes = db.exec(select(ResourceNote.note).where(ResourceNote.resource_id == resource_id)).all()
    entry = {
        "title": resource.title or resource.url,
        "tags": " ".join(tags),
        "note": " ".join(notes),
        "description": f"{resource.description} {resource.site}",
        "saver": "" if saver is None else saver.name,
    }
    folded = {field: " ".join(words(value[:INDEXED])) for field, value in entry.items()}
    db.connection().execute(_dialect(db).enter, {"id": resource_id, **folded})


def forget(db: Db, resource_id: int) -> None:
    """Take a resource out of the index. Deleting its row does that too."""
    # The savepoint makes FTS5 write the deletion down: in SQLite 3.40 a deletion that still waits in
    # memory, a search by prefix, then an entry of the same number corrupt the index.
    with db.begin_nested():
        db.connection().execute(_dialect(db).forget, {"id": resource_id})


def rebuild(db: Db) -> None:
    """Enter every resource anew."""
    for resource_id in db.exec(select(Resource.id)).all():
        index(db, resource_id)


def purge(db: Db) -> None:
    """Remove the last traces of forgotten entries, as erasing a person promises.

    Deleting an FTS5 entry leaves its words in the index until that is merged; this merges it,
    which takes some seconds per million resources. PostgreSQL's vacuum does it by itself.
    """
    if _dialect(db) is SQLITE:
        db.connection().execute(text("INSERT INTO resource_search (resource_search) VALUES ('optimize')"))


def search(
    db: Db,
    query: str,
    *,
    communities: Sequence[int],
    tag: str | None = None,
    limit: int = 10,
    offset: int = 0,
) -> Found:
    """Find resources of these communities, which are those the reader may see.

    Any text is a query, in the language of storage.words.read_query. When nothing has all the words,
    what has any of them is found.
    """
    asked = read_query(query)
    if not asked.wanted or not communities:
        return Found([], 0)
    dialect = _dialect(db)

    def page(wanted: str, limit: int, offset: int) -> tuple[list[tuple[int, float]], int]:
        values = {
            "query": dialect.without(wanted, asked.unwanted),
            "communities": list(communities),
            "tag": tag,
            "candidates": CANDIDATES,
            "limit": limit,
            "offset": offset,
        }
        rows = db.connection().execute(dialect.search, values).all()
        return [(row.id, row.score) for row in rows], rows[0].total if rows else 0

    db.flush()
    for joined in (dialect.all, dialect.any):
        wanted = joined.join(dialect.phrase(term) for term in asked.wanted)
        ranked, total = page(wanted, limit, offset)
        if not ranked and offset:  # past the last page: the first one knows the total
            _, total = page(wanted, 1, 0)
        if total:
            return Found(_hits(db, asked, ranked), total)
    return Found([], 0)


def _hits(db: Db, query: Query, ranked: Sequence[tuple[int, float]]) -> list[Hit]:
    ids = [resource_id for resource_id, _ in ranked]
    described = dict(
        db.exec(select(Resource.id, Resource.description).where(col(Resource.id).in_(ids))).all()
    )
    notes: dict[int, list[str]] = {}
    for note in db.exec(select(ResourceNote).where(col(ResourceNote.resource_id).in_(ids))):
        notes.setdefault(note.resource_id, []).append(note.note)
    return [Hit(id_, score, excerpt([*notes.get(id_, ()), described[id_]], query)) for id_, score in ranked]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one database is asked. Words are letters, digits and marks, so queries need no escaping."""

    phrase: Callable[[Term], str]
    all: str
    any: str
    but: str
    enter: TextClause
    forget: TextClause
    search: TextClause

    def without(self, wanted: str, unwanted: Sequence[Term]) -> str:
        """The query for what has the wanted and none of the unwanted."""
        if not unwanted:
            return wanted
        return f"({wanted}) {self.but} ({self.any.join(map(self.phrase, unwanted))})"


def _dialect(db: Db) -> Dialect:
    return SQLITE if db.get_bind().dialect.name == "sqlite" else POSTGRESQL


def _fts_phrase(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + ("*" if term.prefix else "")


def _ts_phrase(term: Term) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in term.words) + (":*)" if term.prefix else ")")


def _search(found: str, newest: str) -> TextClause:
    """The statement for one page of `found`, the matches with their scores, in the order `newest`."""
    return text(
        f"""
        WITH found AS (
            {found}
            AND resource.community_id IN :communities
            AND (CAST(:tag AS varchar) IS NULL OR EXISTS (
                SELECT 1 FROM resourcetag WHERE resource_id = resource.id AND tag = :tag))
            ORDER BY {newest} LIMIT :candidates
        )
        SELECT id, score, count(*) OVER () AS total FROM found
        ORDER BY score DESC, id DESC LIMIT :limit OFFSET :offset
        """  # noqa: S608  # put together from the two constants below
    ).bindparams(bindparam("communities", expanding=True))


# Weights say how much a word counts by where it stands: title, tags, note, description, saver.
# CROSS JOIN makes SQLite look into the index first, newest entry first.
SQLITE = Dialect(
    phrase=_fts_phrase,
    all=" AND ",
    any=" OR ",
    but="NOT",
    enter=text(
        "INSERT INTO resource_search (rowid, title, tags, note, description, saver) "
        "VALUES (:id, :title, :tags, :note, :description, :saver)"
    ),
    forget=text("DELETE FROM resource_search WHERE rowid = :id"),
    search=_search(
        """
        SELECT resource.id AS id, -bm25(resource_search, 10.0, 6.0, 4.0, 2.0, 1.0) AS score
        FROM resource_search CROSS JOIN resource ON resource.id = resource_search.rowid
        WHERE resource_search MATCH :query
        """,
        newest="resource_search.rowid DESC",
    ),
)

# PostgreSQL has four weights, so description and saver share the last.
POSTGRESQL = Dialect(
    phrase=_ts_phrase,
    all=" & ",
    any=" | ",
    but="& !",
    enter=text(
        "INSERT INTO resource_search (resource_id, words) VALUES (:id, "
        "setweight(to_tsvector('hearth', :title), 'A') || setweight(to_tsvector('hearth', :tags), 'B') || "
        "setweight(to_tsvector('hearth', :note), 'C') || "
        "setweight(to_tsvector('hearth', :description || ' ' || :saver), 'D'))"
    ),
    forget=text("DELETE FROM resource_search WHERE resource_id = :id"),
    search=_search(
        """
        SELECT resource.id AS id, ts_rank('{0.15, 0.4, 0.6, 1.0}', words, query) AS score
        FROM to_tsquery('hearth', :query) AS query, resource_search
        JOIN resource ON resource.id = resource_search.resource_id
        WHERE words @@ query
        """,
        newest="resource.id DESC",
    ),
)
