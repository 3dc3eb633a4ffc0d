"""Holidays come in from a calendar file, once, and plans keep clear of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import select

from storage.database import Db, open_database
from storage.migrate import upgrade
from storage.tables import Break, Community
from tests.program.installation import Installation


async def test_holidays_are_imported_once(tmp_path: Path) -> None:
    here = Installation(tmp_path)
    url = f"sqlite:///{here.database}"
    upgrade(url)
    database = open_database(url)

    def found(db: Db) -> None:
        db.add(Community(slug="python", name="Python", purpose="Snakes", created_at=datetime.now(UTC)))

    await database.write(found)
    await database.close()
    soon = datetime.now(UTC) + timedelta(days=30)
    file = tmp_path / "holidays.ics"
    lines = [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        f"DTSTART;VALUE=DATE:{soon:%Y%m%d}",
        "SUMMARY:Rest",
        "END:VEVENT",
    ]
    file.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]))
    for new in (1, 0):
        ended = await here.does("import", "holidays", str(file), "--community", "python")
        assert ended.status == 0, ended.words
        assert f"1 holiday for Python: {new} new" in ended.out
    database = open_database(url)
    rows = await database.read(lambda db: db.exec(select(Break.first, Break.name)).all())
    assert [tuple(row) for row in rows] == [(f"{soon:%Y-%m-%d}", "Rest")]
    await database.close()
    for words, said in [
        (("holidays", "none.ics", "--community", "python"), "cannot be read"),
        (("holidays", str(file), "--community", "snakes"), "There is no community"),
        (("holidays", str(here.file), "--community", "python"), "no calendar file"),
    ]:
        ended = await here.does("import", *words)
        assert ended.status == 1
        assert said in ended.err
