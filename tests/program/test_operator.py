"""The program as its operator meets it: what each command prints, and how it ends."""

import asyncio
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.__main__ import main

ROOT = Path(__file__).parents[2]
START = 60  # seconds the program may take to start on a machine that does ten other things
CANARY = "xoxb-canary-5f1d"
COMMANDS = ("demo", "run", "console", "check", "migrate", "backup", "restore", "reference", "manifest")


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        return self.out + self.err


class Installation:
    """A folder with a configuration, and the program run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "config.toml"
        self.database = folder / "hearth.db"
        self.configure()

    def configure(self, *lines: str) -> None:
        """Write the configuration: a database in the folder, the web chat on a free port, and these lines."""
        usual = [
            f'bot.data_dir = "{self.folder}"',
            f'database.url = "sqlite:///{self.database}"',
            "web.chat = true",
            "web.port = 0",
        ]
        self.file.write_text("\n".join([*usual, *lines]) + "\n")
        self.file.chmod(0o600)

    async def start(self, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
        own = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=self.folder,
            env={**own, "PYTHONPATH": str(ROOT), **environ},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def does(self, *arguments: str, **environ: str) -> Ended:
        """Run a command to its end."""
        program = await self.start(*arguments, **environ)
        async with asyncio.timeout(START):
            out, err = await program.communicate()
        assert program.returncode is not None
        return Ended(program.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
        """Run the bot and yield it with its address; the caller may end it, otherwise it is told to stop."""
        program = await self.start("run")
        try:
            async with asyncio.timeout(START):
                yield program, await _address(program)
        finally:
            if program.returncode is None:
                program.terminate()
            await program.communicate()


async def _address(program: asyncio.subprocess.Process) -> str:
    assert program.stderr is not None
    said = ""
    while line := (await program.stderr.readline()).decode():
        said += line
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found.group()
    raise AssertionError(said)


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
