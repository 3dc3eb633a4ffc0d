"""An installation as its operator has it: a folder with a configuration, and the program run there."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = 60  # seconds the program may take to start on a machine that does ten other things


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

    def configure(self, *lines: str, port: int = 0) -> None:
        """Write the configuration: a database in the folder, the web chat on this port or a free one, and these lines."""
        usual = [
            f'bot.data_dir = "{self.folder}"',
            f'database.url = "sqlite:///{self.database}"',
            "web.chat = true",
            f"web.port = {port}",
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
