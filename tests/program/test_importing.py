"""`hearth import sessions`: what its operator sees, and that a file twice is the same as once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot import __main__ as program
from storage.database import Db, open_database
from storage.migrate import upgrade
from storage.tables import Community, Occurrence
from tests.program.installation import Installation

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)
Import = Callable[..., tuple[int, str, str]]


def events(*blocks: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", *blocks, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def event(uid: object, *more: str) -> str:
    own = (f"UID:{uid}", f"SUMMARY:Session {uid}", f"DTSTART:{SOON:%Y%m%dT%H%M%SZ}", "DURATION:PT1H")
    return "\r\n".join(("BEGIN:VEVENT", *own, *more, "END:VEVENT"))


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """An installation with one community and an archived one."""
    made = Installation(tmp_path)
    url = f"sqlite:///{made.database}"
    upgrade(url)

    def work(db: Db) -> None:
        for slug, archived in (("python", None), ("attic", SOON)):
            db.add(
                Community(
                    slug=slug, name=slug.title(), purpose="Snakes", created_at=SOON, archived_at=archived
                )
            )

    async def fill() -> None:
        database = open_database(url)
        await database.write(work)
        await database.close()

    asyncio.run(fill())
    return made


@pytest.fixture
def imports(here: Installation, capsys: pytest.CaptureFixture[str]) -> Import:
    """Runs the command on a file of this content, and returns its status, output and complaints."""

    def run(content: bytes, slug: str = "python") -> tuple[int, str, str]:
        file = here.folder / "calendar.ics"
        file.write_bytes(content)
        words = ["import", "sessions", str(file), "--community", slug, "--config", str(here.file)]
        return program.run(words), *capsys.readouterr()

    return run


def kept(here: Installation) -> list[datetime]:
    async def look() -> list[datetime]:
        database = open_database(f"sqlite:///{here.database}")
        found = await database.read(lambda db: list(db.exec(select(Occurrence.starts_at))))
        await database.close()
        return found

    return asyncio.run(look())


def test_what_can_be_is_imported_once_and_the_rest_is_explained(here: Installation, imports: Import) -> None:
    content = events(event(1), event(2, "RRULE:FREQ=HOURLY"), event(3, "RRULE:FREQ=WEEKLY;COUNT=4"))
    status, out, err = imports(content)
    assert (status, out) == (0, "3 events for Python: 2 new, 0 changed, 0 unchanged, 1 refused.\n")
    assert err.startswith("Refused “Session 2”: A session repeats daily at most")
    assert len(kept(here)) == 5
    status, out, _ = imports(content)
    assert (status, out) == (0, "3 events for Python: 0 new, 0 changed, 2 unchanged, 1 refused.\n")
    assert len(kept(here)) == 5
    _, out, _ = imports(content.replace(b"SUMMARY:Session 1", b"SUMMARY:Other"))
    assert out == "3 events for Python: 0 new, 1 changed, 1 unchanged, 1 refused.\n"


def test_a_long_file_shows_how_far_it_is(imports: Import) -> None:
    status, out, err = imports(events(*(event(number) for number in range(120))))
    assert (status, out) == (0, "120 events for Python: 120 new, 0 changed, 0 unchanged, 0 refused.\n")
    assert err.splitlines() == ["50 of 120 events", "100 of 120 events"]


def test_what_cannot_be_done_at_all_fails_and_changes_nothing(here: Installation, imports: Import) -> None:
    refusals = {
        "There is no community “java”. There are: attic, python.": imports(events(event(1)), "java"),
        "Attic is archived": imports(events(event(1)), "attic"),
        "it has no BEGIN:VCALENDAR": imports(b"hello"),
        "daily at most": imports(events(event(1, "RRULE:FREQ=SECONDLY"))),
    }
    for reason, (status, _, err) in refusals.items():
        assert status == 1
        assert reason in err
    (here.folder / "calendar.ics").unlink()
    words = ["import", "sessions", str(here.folder / "none.ics"), "--community", "python", "--config"]
    assert program.run([*words, str(here.file)]) == 1
    assert kept(here) == []
