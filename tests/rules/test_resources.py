"""Resources: one per page, merged and not doubled, found by those who may, fairly ranked."""

import asyncio
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from bot.cards import resources as cards
from bot.errors import BadValue, NotAllowed, NotFound, Problems
from bot.rules import resources
from bot.rules.resources import Saved
from bot.ui.cards import words
from bot.ui.spans import Bold, plain
from storage import search
from storage.database import Database, Db
from storage.tables import Community, Endorsement, Person, Resource, ResourceNote, ResourceTag

NOW = datetime(2026, 6, 3, 10, tzinfo=UTC)
DAY = timedelta(days=1)
LINK = "https://example.org/rag"


def community(db: Db, slug: str = "python") -> Community:
    found = Community(slug=slug, name=slug.title(), purpose="Snakes", created_at=NOW)
    db.add(found)
    db.flush()
    return found


def person(db: Db, name: str) -> int:
    someone = Person(name=name, created_at=NOW)
    db.add(someone)
    db.flush()
    assert someone.id is not None
    return someone.id


def save(
    db: Db,
    place: Community,
    who: int,
    url: str = LINK,
    *,
    title: str = "",
    tags: tuple[str, ...] = (),
    note: str = "",
    author: int | None = None,
    now: datetime = NOW,
) -> Saved:
    return resources.save(db, place, who, url, title=title, tags=tags, note=note, author_id=author, now=now)


def codes(views: list[resources.View]) -> list[int]:
    return [v.id for v in views]


def key(saved: Saved) -> int:
    assert saved.resource.id is not None
    return saved.resource.id


def test_a_new_link_is_kept_with_what_was_said(db: Db) -> None:
    place = community(db)
    ana = person(db, "Ana")
    saved = save(
        db, place, ana, f"{LINK}?utm_source=x", title="Intro to RAG", tags=("RAG", " #llm "), note="Clear."
    )
    assert (saved.new, saved.noted) == (True, True)
    view = resources.view(db, key(saved))
    assert (view.url, view.title, view.site, view.tags) == (
        LINK,
        "Intro to RAG",
        "example.org",
        ("llm", "rag"),
    )
    assert [(who.name, note) for who, note in view.notes] == [("Ana", "Clear.")]
    assert (view.saver.name, view.author, view.endorsements) == ("Ana", None, 0)


def test_a_known_link_gains_the_note_and_tags_and_keeps_its_first_saver(db: Db) -> None:
    place = community(db)
    ana, ben = person(db, "Ana"), person(db, "Ben")
    first = save(db, place, ana, tags=("rag",), note="Clear.", now=NOW - 30 * DAY)
    again = save(db, place, ben, f"{LINK}/#part", title="Intro", tags=("rag", "llm"), note="Short.")
    assert (again.new, again.noted, key(again)) == (False, True, key(first))
    view = resources.view(db, key(first))
    assert (view.saver.name, view.title, view.tags) == ("Ana", "Intro", ("llm", "rag"))
    assert [note for _, note in view.notes] == ["Short.", "Clear."]
    card = cards.saved(view, again, ben, NOW, ZoneInfo("UTC"))
    assert words(card).startswith("Ana saved it in May; your note is added.")


def test_ones_own_note_is_replaced_and_none_changes_nothing(db: Db) -> None:
    place = community(db)
    ana = person(db, "Ana")
    save(db, place, ana, note="Clear.")
    save(db, place, ana, note="Very clear.")
    saved = save(db, place, ana)
    assert (saved.new, saved.noted) == (False, False)
    assert [note for _, note in resources.view(db, key(saved)).notes] == ["Very clear."]


def test_http_and_https_of_a_page_are_one_resource_kept_as_https(db: Db) -> None:
    place = community(db)
    ana = person(db, "Ana")
    plain_one = save(db, place, ana, "http://example.org/rag")
    assert plain_one.resource.url == "http://example.org/rag"
    secure = save(db, place, ana, "https://example.org/rag")
    assert (secure.new, secure.resource.url) == (False, "https://example.org/rag")
    back = save(db, place, ana, "http://example.org/rag")
    assert (back.new, back.resource.url) == (False, "https://example.org/rag")
    other = save(db, place, ana, "http://example.org:8080/rag")
    assert other.new


def test_each_community_has_its_own(db: Db) -> None:
    ana = person(db, "Ana")
    assert save(db, community(db), ana).new
    assert save(db, community(db, "data"), ana).new


def test_what_cannot_be_saved_leaves_no_row(db: Db) -> None:
    place = community(db)
    ana = person(db, "Ana")
    with pytest.raises(BadValue, match="https"):
        save(db, place, ana, "javascript:alert(1)")
    with pytest.raises(BadValue, match="at most 5 tags"):
        save(db, place, ana, tags=("a", "b", "c", "d", "e", "f"))
    with pytest.raises(BadValue, match="letters, digits"):
        save(db, place, ana, tags=("a/b",))
    assert [db.exec(select(table)).all() for table in (Resource, ResourceTag)] == [[], []]


def test_tags_that_do_not_fit_beside_the_present_ones_are_refused(db: Db) -> None:
    place = community(db)
    ana, ben = person(db, "Ana"), person(db, "Ben")
    save(db, place, ana, tags=("a", "b", "c", "d"))
    with pytest.raises(Problems) as refusal:
        save(db, place, ben, tags=("d", "e", "f"))
    assert "a, b, c, d" in refusal.value.by_param["tags"]
    assert resources.view(db, key(save(db, place, ben, tags=("d", "e")))).tags == ("a", "b", "c", "d", "e")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("C++", "c++"),
        ("#python", "python"),
        (" ##python ", "python"),
        ("node.js", "node.js"),
        ("C#", "c#"),
        ("Data  Viz", "data-viz"),
        ("E\u0301te\u0301", "été"),
        ("数据", "数据"),
        ("", None),
        ("#", None),
    ],
)
def test_a_tag_has_one_form(typed: str, kept: str | None) -> None:
    assert resources.read_tags([typed], 5) == ((kept,) if kept else ())


@given(st.lists(st.text(max_size=8), max_size=7))
def test_tags_are_few_normal_and_stable(typed: list[str]) -> None:
    try:
        once = resources.read_tags(typed, 5)
    except BadValue:
        return
    assert len(once) == len(set(once)) <= 5
    assert all(tag == unicodedata.normalize("NFC", tag).lower() for tag in once)
    assert resources.read_tags(once, 5) == once


def test_a_page_without_a_title_is_called_by_its_address(db: Db) -> None:
    saved = save(db, community(db), person(db, "Ana"), "https://example.org/intro-to-rag")
    assert saved.resource.title == ""
    assert resources.view(db, key(saved)).title == "example.org: intro to rag"


def test_endorsing_counts_people_and_can_be_taken_back(db: Db) -> None:
    place = community(db)
    ana, ben = person(db, "Ana"), person(db, "Ben")
    saved = key(save(db, place, ana))
    assert resources.endorse(db, saved, ben, NOW)
    assert resources.endorse(db, saved, ben, NOW, on=True)
    view = resources.view(db, saved, reader=ben)
    assert (view.endorsements, view.endorsed) == (1, True)
    assert not resources.view(db, saved, reader=ana).endorsed
    assert resources.endorse(db, saved, ana, NOW)
    assert not resources.endorse(db, saved, ben, NOW)
    assert not resources.endorse(db, saved, ben, NOW, on=False)
    assert resources.view(db, saved).endorsements == 1
    with pytest.raises(NotFound):
        resources.endorse(db, 10_000_000, ben, NOW)


def test_the_saver_or_a_facilitator_removes_it_whole(db: Db) -> None:
    place = community(db)
    ana, ben = person(db, "Ana"), person(db, "Ben")
    saved = save(db, place, ana, title="Intro", tags=("rag",), note="Clear.")
    other = save(db, place, ana, "https://example.org/other", title="Other")
    resources.endorse(db, key(saved), ben, NOW)
    with pytest.raises(NotAllowed):
        resources.remove(db, saved.resource, ben, tends=False)
    assert resources.find(db, "intro", [place.id or 0])[1] == 1
    resources.remove(db, saved.resource, ana, tends=False)
    resources.remove(db, other.resource, ben, tends=True)
    left = [db.exec(select(table)).all() for table in (Resource, ResourceTag, ResourceNote, Endorsement)]
    assert left == [[], [], [], []]
    assert search.search(db, "intro", communities=[place.id or 0]).total == 0


def test_search_finds_by_title_note_and_tag_only_where_the_reader_may_look(db: Db) -> None:
    here, hidden = community(db), community(db, "board")
    ana = person(db, "Ana")
    prompt = save(db, here, ana, "https://example.org/1", title="Prompt caching", note="Saves money")
    save(db, here, ana, "https://example.org/2", title="Vector stores", tags=("money", "rag"))
    secret = save(db, hidden, ana, "https://example.org/3", title="Money plans")
    found, total = resources.find(db, "money", [here.id or 0])
    assert total == 2
    assert key(secret) not in codes(found)
    assert key(secret) in codes(resources.find(db, "money", [here.id or 0, hidden.id or 0])[0])
    assert resources.find(db, "money", []) == ([], 0)
    tagged, total = resources.find(db, "money", [here.id or 0], tag="rag")
    assert (total, tagged[0].title) == (1, "Vector stores")
    (only,), _ = resources.find(db, "prompt", [here.id or 0])
    assert (only.id, only.snippet) == (key(prompt), "Saves money")
    page, total = resources.find(db, "money", [here.id or 0], offset=1, limit=1)
    assert (len(page), total) == (1, 2)


def test_the_words_that_were_sought_stand_out() -> None:
    line = cards.marked("It saves money, and Mönëy again.", "money saved")
    assert [span.text for span in line if isinstance(span, Bold)] == ["saves", "money,", "Mönëy"]
    assert plain(line) == "It saves money, and Mönëy again."
    assert cards.marked("<b>literal</b>", "") == ("<b>literal</b>",)


def test_browsing_is_newest_or_most_endorsed_first(db: Db) -> None:
    place = community(db)
    ana, ben = person(db, "Ana"), person(db, "Ben")
    old, new = (
        key(save(db, place, ana, f"https://example.org/{n}", tags=(("rag",) if n else ()), now=NOW + n * DAY))
        for n in (0, 1)
    )
    resources.endorse(db, old, ben, NOW)
    ids = [place.id or 0]
    assert codes(resources.listing(db, ids)) == [new, old]
    assert codes(resources.listing(db, ids, sort="top")) == [old, new]
    assert codes(resources.top(db, ids[0], 1)) == [old]
    assert codes(resources.listing(db, ids, tag="rag")) == [new]
    assert codes(resources.listing(db, ids, offset=1, limit=1)) == [old]
    assert resources.listing(db, []) == []


def test_between_shows_everybodys_best_before_anybodys_second(db: Db) -> None:
    place = community(db)
    ana, ben, eve = person(db, "Ana"), person(db, "Ben"), person(db, "Eve")
    a1, a2, b1 = (
        key(save(db, place, who, f"https://example.org/{n}")) for n, who in enumerate((ana, ana, ben))
    )
    posted = key(save(db, place, ben, "https://example.org/posted", author=eve))
    save(db, place, eve, "https://example.org/late", now=NOW + DAY)
    for who in (ben, eve):
        resources.endorse(db, a1, who, NOW)
    resources.endorse(db, a2, ben, NOW)
    assert codes(resources.between(db, place.id or 0, NOW, NOW + DAY)) == [a1, posted, b1, a2]


async def test_one_page_saved_by_many_at_once_is_one_resource(database: Database) -> None:
    def prepare(db: Db) -> tuple[Community, list[int]]:
        return community(db), [person(db, f"P{n}") for n in range(12)]

    place, ids = await database.write(prepare)

    def attempt(n: int, who: int) -> asyncio.Future[Saved]:
        url = f"http{'s' * (n % 2)}://example.org/rag"
        here = place.id

        def work(db: Db) -> Saved:
            own = db.get(Community, here)
            assert own is not None
            return save(db, own, who, url, note=f"note {n}")

        return asyncio.ensure_future(database.write(work))

    outcomes = await asyncio.gather(*(attempt(n, who) for n, who in enumerate(ids)))
    assert sum(saved.new for saved in outcomes) == 1
    (view,) = await database.read(lambda db: resources.listing(db, [place.id or 0]))
    assert (view.url, len(view.notes)) == ("https://example.org/rag", 12)
