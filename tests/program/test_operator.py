"""The program as its operator meets it: what each command prints, and how it ends."""

import asyncio
import re
import signal
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession
from sqlmodel import select

from bot.__main__ import main
from bot.chat import Address
from bot.rules import outbox
from bot.ui.cards import note
from storage.database import Db, open_database
from storage.tables import Letter
from tests.program.installation import Installation

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
CANARY = "xoxb-canary-5f1d"
COMMANDS = (
    "demo",
    "run",
    "console",
    "check",
    "migrate",
    "backup",
    "restore",
    "release",
    "reference",
    "manifest",
)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: hearth {command}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["dmeo"], ["backup"], ["run", "--colour"], ["manifest", "teams"]])
def test_bad_usage_is_said_and_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: hearth" in capsys.readouterr().err


async def test_every_problem_of_the_configuration_is_named_before_anything_starts(here: Installation) -> None:
    here.configure("web.prot = 1", "slack.enabled = true", 'discord.guild_ids = ["x"]', 'log.level = "loud"')
    ended = await here.does("run")
    assert ended.status == 78
    for key in ("web.prot", "slack.bot_token", "slack.app_token", "discord.guild_ids", "log.level"):
        assert key in ended.err
    assert str(here.file.name) in ended.err
    assert not here.database.exists()


async def test_a_secret_is_never_shown(here: Installation) -> None:
    secrets = {"HEARTH_SLACK__BOT_TOKEN": CANARY, "HEARTH_SLACK__APP_TOKEN": CANARY}
    for command in ("run", "check"):
        ended = await here.does(command, HEARTH_SLACK__ENABLED="true", **secrets)
        assert ended.status != 0
        assert "slack.app_token" in ended.words
        assert CANARY not in ended.words


async def test_check_says_what_is_well_and_what_is_not(here: Installation) -> None:
    good = await here.does("check")
    assert good.status == 0, good.words
    assert "WRONG" not in good.out
    here.file.write_text(here.file.read_text().replace("web.chat = true\n", ""))
    bad = await here.does("check")
    assert bad.status == 1
    assert re.search(r"WRONG .*no platform is enabled\n +Set ", bad.out)


async def test_migrate_backup_and_restore(here: Installation) -> None:
    first, again = await here.does("migrate"), await here.does("migrate")
    assert (first.status, again.status) == (0, 0)
    assert "from nothing to schema" in first.out
    assert "already" in again.out
    copy = here.folder / "copy.db"
    assert (await here.does("backup", str(copy))).status == 0
    assert (await here.does("backup", str(here.file / "copy.db"))).status == 1  # in a file is no place
    here.database.unlink()
    restored = await here.does("restore", str(copy))
    assert restored.status == 0, restored.words
    assert (await here.does("check")).status == 0
    refused = await here.does("restore", str(here.file))
    assert refused.status == 1
    assert "Traceback" not in refused.words


async def test_held_letters_go_with_the_operators_consent(here: Installation) -> None:
    assert (await here.does("migrate")).status == 0
    assert "No letter is held." in (await here.does("release")).out
    place = Address("web", "general")
    database = open_database(f"sqlite:///{here.database}")

    def hold(db: Db) -> None:
        outbox.post(db, place, note("News"), kind="notice", key="k", now=NOW)
        db.exec(select(Letter)).one().state = "held"

    await database.write(hold)
    await database.close()
    held = await here.does("check")
    assert held.status == 1
    assert "1 letters are held" in held.out
    assert "Released 1 letters" in (await here.does("release")).out
    assert (await here.does("check")).status == 0


async def test_a_newer_database_is_left_alone(here: Installation) -> None:
    assert (await here.does("migrate")).status == 0
    connection = sqlite3.connect(here.database, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()  # the last to close takes what the journal holds into the file
    before = here.database.read_bytes()
    for command in ("run", "migrate"):
        ended = await here.does(command)
        assert ended.status == 78
        assert "9999" in ended.words
        assert "Traceback" not in ended.words
    assert here.database.read_bytes() == before


async def test_it_runs_says_how_it_is_and_stops_when_told(here: Installation) -> None:
    async with here.running() as (program, address), ClientSession() as session:
        async with session.get(f"{address}/healthz") as answer:
            health = await answer.json()
            assert answer.status == 200
        assert health["ok"] is True
        assert health["platforms"] == {"web": "running"}
        async with session.get(f"{address}/metrics") as answer:
            assert "hearth_" in await answer.text()
        program.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await program.wait() == 0


async def test_a_second_process_on_one_sqlite_database_is_refused(here: Installation) -> None:
    async with here.running() as (program, address):
        second = await here.does("run")
        assert second.status != 0
        assert "Traceback" not in second.words
        assert program.returncode is None
        async with ClientSession() as session, session.get(f"{address}/healthz") as answer:
            assert answer.status == 200
