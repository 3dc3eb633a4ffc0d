"""Search finds what was meant, on both databases alike, and never stumbles over what was typed."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from storage.database import Db
from storage.search import forget, index, purge, rebuild, search
from storage.tables import Community, Person, Resource, ResourceNote, ResourceTag
from storage.words import excerpt, read_query, words

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
Save = Callable[..., int]


@pytest.fixture
def communities(db: Db) -> tuple[int, int]:
    rows = [Community(slug=slug, name=slug, purpose="", created_at=NOW) for slug in ("python", "private")]
    db.add_all(rows)
    db.flush()
    return rows[0].id or 0, rows[1].id or 0


@pytest.fixture
def save(db: Db, communities: tuple[int, int]) -> Save:
    saver = Person(name="Zoë O'Brien", created_at=NOW)
    db.add(saver)
    db.flush()

    def save(
        title: str = "",
        *,
        tags: str = "",
        note: str = "",
        description: str = "",
        community: int | None = None,
    ) -> int:
        resource = Resource(
            community_id=community or communities[0],
            url=f"https://example.org/{title}{tags}{note}{description}",
            title=title,
            description=description,
            saver_id=saver.id,
            saved_at=NOW,
        )
        db.add(resource)
        db.flush()
        assert resource.id is not None
        assert saver.id is not None
        db.add_all(ResourceTag(resource_id=resource.id, tag=tag) for tag in tags.split())
        if note:
            db.add(ResourceNote(resource_id=resource.id, person_id=saver.id, note=note, written_at=NOW))
        index(db, resource.id)
        return resource.id

    return save


@pytest.fixture
def find(db: Db, communities: tuple[int, int]) -> Callable[..., list[int]]:
    def find(query: str, tag: str | None = None) -> list[int]:
        return [hit.resource_id for hit in search(db, query, communities=communities[:1], tag=tag).hits]

    return find


def test_every_field_is_searched(save: Save, find: Callable[..., list[int]]) -> None:
    one = save("Vector stores compared", tags="retrieval", note="Saved us a week", description="Benchmarks")
    for query in ("vector", "retrieval", "week", "benchmark", "zoe"):
        assert find(query) == [one]
    assert find("gardening") == []


def test_a_word_in_the_title_counts_most_then_tags_notes_and_description(
    save: Save, find: Callable[..., list[int]]
) -> None:
    in_description = save("One", description="about graphs")
    in_note = save("Two", note="about graphs")
    in_tags = save("Three", tags="about graphs")
    in_title = save("about graphs")
    assert find("graphs") == [in_title, in_tags, in_note, in_description]


def test_all_words_are_wanted_and_any_where_nothing_has_all(
    save: Save, find: Callable[..., list[int]]
) -> None:
    both = save("Async Python")
    only = save("Async Rust")
    assert find("async python") == [both]
    assert set(find("async haskell")) == {both, only}


def test_words_are_found_by_stem_and_the_last_by_its_beginning(
    save: Save, find: Callable[..., list[int]]
) -> None:
    one = save("Testing communities")
    assert find("tests") == [one]
    assert find("community testing") == [one]
    assert find("commun") == [one]
    assert find("test comm") == [one]
    assert find("ommunities") == []


def test_quoted_words_must_follow_each_other_and_minus_excludes(
    save: Save, find: Callable[..., list[int]]
) -> None:
    apart = save("Driven by a test")
    together = save("Test driven design")
    assert find('"test driven"') == [together]
    assert find("“test driven”") == [together]
    assert set(find("test driven")) == {apart, together}
    assert find("test -design") == [apart]
    assert find('test -"test driven"') == [apart]
    assert find("-design") == []


def test_accents_and_case_do_not_matter(save: Save, find: Callable[..., list[int]]) -> None:
    one = save("Café Société")
    two = save("STRASSE und Straße, पुस्तक")
    assert find("cafe") == find("CAFÉ") == find("societe") == [one]
    assert find("straße") == find("strasse") == find("पुस्तक") == [two]


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("C++ for Pythonistas", "C++"),
        ("Interop with C#", "c#"),
        ("Porting to .NET", ".net"),
        ("An a/b test", "a/b"),
        ("O'Brien on single sign-on", "O'Brien sign-on"),
        ("node.js 3.11", "node.js 3.11"),
    ],
)
def test_names_with_symbols_are_found(
    save: Save, find: Callable[..., list[int]], title: str, query: str
) -> None:
    other = save("Sign with a pen, on b paper, by brien")
    one = save(title)
    assert find(query) == [one]
    assert other not in find(query)


@pytest.mark.parametrize(
    "query",
    ["*", "(", ")", '"', '""', '"a', "a*", "NEAR", "NEAR(a b)", "AND", "OR", "NOT", "a NOT", "title:x", "^a", "-", "--",
     "-a", "a:*", "'", "a & | ! b", "<->", "a <-> b", "\\", "%", "_", ";", "the", "and the", "x" * 5000, "a/" * 500,
     "word " * 300, "\u0301", "🔖", "²", "١٢", "a\x00b", "\ud800", "ﷺ", "e\u0301"],
)  # fmt: skip
def test_no_query_raises(save: Save, find: Callable[..., list[int]], query: str) -> None:
    save("a plain title")
    assert isinstance(find(query), list)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(title=st.text(max_size=60), query=st.text(max_size=40))
def test_no_text_raises_and_a_title_finds_itself(
    db: Db, communities: tuple[int, int], title: str, query: str
) -> None:
    with db.begin_nested() as nested:
        resource = Resource(community_id=communities[0], url="https://example.org", saved_at=NOW)
        db.add(resource)
        db.flush()
        assert resource.id is not None
        resource.title = "x" + "".join(letter for letter in title if letter.isprintable())
        index(db, resource.id)
        search(db, query, communities=communities)
        found = search(db, resource.title, communities=communities)
        assert [hit.resource_id for hit in found.hits] == [resource.id]
        nested.rollback()


def test_other_communities_stay_hidden(db: Db, communities: tuple[int, int], save: Save) -> None:
    mine, private = communities
    shown = save("Budget", community=mine)
    hidden = save("Budget", community=private)
    assert [hit.resource_id for hit in search(db, "budget", communities=[mine]).hits] == [shown]
    assert search(db, "budget", communities=[mine]).total == 1
    both = search(db, "budget", communities=[mine, private]).hits
    assert {hit.resource_id for hit in both} == {shown, hidden}
    assert search(db, "budget", communities=[]).hits == []


def test_a_tag_narrows(save: Save, find: Callable[..., list[int]]) -> None:
    tagged = save("Budget one", tags="finance")
    save("Budget two", tags="art")
    assert find("budget", "finance") == [tagged]
    assert find("budget", "music") == []


def test_pages_add_up_and_know_the_total(db: Db, communities: tuple[int, int], save: Save) -> None:
    ids = {save(f"Budget {number}") for number in range(7)}
    pages = [search(db, "budget", communities=communities, limit=3, offset=start) for start in (0, 3, 6, 9)]
    assert [len(page.hits) for page in pages] == [3, 3, 1, 0]
    assert {page.total for page in pages} == {7}
    assert {hit.resource_id for page in pages for hit in page.hits} == ids


def test_only_the_newest_candidates_are_ranked(
    db: Db, communities: tuple[int, int], save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.search.CANDIDATES", 2)
    save("budget")
    newer = {save("notes on the budget"), save("more notes on the budget")}
    found = search(db, "budget", communities=communities)
    assert {hit.resource_id for hit in found.hits} == newer
    assert found.total == 2


def test_an_entry_follows_its_resource(db: Db, save: Save, find: Callable[..., list[int]]) -> None:
    one = save("Old name", tags="first")
    resource = db.get(Resource, one)
    assert resource is not None
    resource.title = "New name"
    db.add(ResourceTag(resource_id=one, tag="second"))
    assert find("new") == []
    index(db, one)
    assert find("new") == find("second") == [one]
    assert find("old") == []
    forget(db, one)
    assert find("new") == []
    rebuild(db)
    assert find("new") == [one]
    purge(db)
    for row in db.exec(select(ResourceTag)):
        db.delete(row)
    db.flush()
    db.delete(resource)
    db.flush()
    assert find("new") == []
    index(db, one)
    assert find("new") == []


def test_a_link_without_a_title_is_found_by_its_address(
    db: Db, save: Save, find: Callable[..., list[int]]
) -> None:
    one = save("", note="n")
    assert find("example.org") == [one]


def test_a_hit_shows_where_it_matched(db: Db, communities: tuple[int, int], save: Save) -> None:
    save(
        "Budget",
        note="Nothing here",
        description=f"{'filler ' * 60}the reserve is explained {'padding ' * 60}",
    )
    (hit,) = search(db, "reserves", communities=communities).hits
    assert "reserve" in hit.snippet
    assert hit.snippet.startswith("…")
    assert hit.snippet.endswith("…")
    assert len(hit.snippet) <= 160
    (hit,) = search(db, "budget", communities=communities).hits
    assert hit.snippet == "Nothing here"
    assert hit.score > 0


def test_words() -> None:
    assert words("Éric's C++17, a_b & ﬁne ٣") == ["eric", "s", "cplusplus", "17", "a", "b", "fine", "٣"]
    assert words("x" * 300) == ["x" * 100]
    assert len(read_query("a " * 500).wanted) == 32


@given(st.text(), st.text(), st.integers(20, 200))
def test_an_excerpt_is_short_and_from_the_text(text: str, query: str, length: int) -> None:
    shown = excerpt([text], read_query(query), length=length)
    assert len(shown) <= length
    assert shown.strip("…").strip() in " ".join(text.split())
