"""The house rules of ARCHITECTURE.md: who imports whom, who posts, and how a module is written."""

import ast
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("bot", "adapters", "commands", "scheduler", "storage")
LONGEST = 450
TYPES = ("storage.tables", "storage.database.Db")
COMPOSITION = ("bot.app", "bot.modes", "bot.__main__")


def sources(root: Path, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (root / folder).rglob("*.py") if "versions" not in path.parts)


def module(root: Path, path: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield what the module imports, as full names: `from storage import tables` is storage.tables."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def trespasses(root: Path) -> set[str]:
    """Return the imports that import-linter's contracts cannot name."""
    found = set()
    for path in sources(root, *ROOMS):
        here = module(root, path)
        for name in imported(path):
            forbidden = (
                (within(name, *COMPOSITION) and here not in COMPOSITION)
                or (within(here, "commands") and within(name, "storage") and not within(name, *TYPES))
                or (within(name, "aiohttp.web") and not within(here, "adapters.web", *COMPOSITION))
                or (within(here, "adapters.slack") and within(name, "adapters.discord"))
                or (within(here, "adapters.discord") and within(name, "adapters.slack"))
            )
            if forbidden:
                found.add(f"{here} imports {name}")
    return found


def posts(root: Path) -> set[str]:
    """Return the calls of an adapter's `post` outside the delivery loop.

    The outbox takes letters by a function of that name, and in adapters HTTP clients post.
    """
    found = set()
    for path in sources(root, *ROOMS):
        here = module(root, path)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "post"
            ):
                receiver = ast.unparse(node.func.value)
                if receiver == "outbox":
                    continue
                if here != "scheduler.delivery" and (
                    here.split(".")[0] != "adapters" or "adapter" in receiver
                ):
                    found.add(f"{here} calls {receiver}.post")
    return found


def untidy(root: Path) -> set[str]:
    """Return the modules without a docstring, too long, or named for nothing in particular."""
    found = set()
    for path in sources(root, *ROOMS, "tests", "benchmarks"):
        text, here = path.read_text("utf-8"), module(root, path)
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            found.add(f"{here} opens without a docstring")
        if within(here, *ROOMS) and text.count("\n") > LONGEST:
            found.add(f"{here} is longer than {LONGEST} lines")
        if re.search(r"(^|[._])utils?($|\.)", here):
            found.add(f"{here} does not say what it is for")
    return found


def unexplained(root: Path) -> set[str]:
    """Return the ignores that name no code, or stand without a reason beside them."""
    found = set()
    for path in sources(root, *ROOMS, "tests", "benchmarks"):
        with path.open("rb") as file:
            comments = [t for t in tokenize.tokenize(file.readline) if t.type == tokenize.COMMENT]
        for comment in comments:
            excused = re.search(r"#\s*(type:\s*ignore|noqa)(?P<rest>.*)", comment.string)
            if excused and not re.match(
                r"(\[[\w, -]+\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)\s+#\s*\w", excused["rest"]
            ):
                found.add(f"{module(root, path)} line {comment.start[0]}: {comment.string}")
    return found


@pytest.mark.parametrize("rule", [trespasses, posts, untidy, unexplained])
def test_the_house_is_in_order(rule: object) -> None:
    assert callable(rule)
    assert rule(ROOT) == set()


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [
        Path(sys.executable).with_name("lint-imports"),
        "--no-cache",
        "--config",
        root / "pyproject.toml",
    ]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_the_import_contracts_are_kept() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


# One forbidden line each; the rule that must object is the key.
BAD_IMPORTS = {
    "storage imports nothing of ours": ("storage/tables.py", "import bot.text"),
    "bot imports storage only; no chat SDK, no scheduler, no aiohttp": ("bot/text.py", "import aiohttp"),
    "commands import bot and table types; no SQL": ("commands/cop.py", "from sqlmodel import select"),
    "scheduler imports bot and storage": ("scheduler/ticker.py", "import adapters.web"),
    "adapters import bot only": ("adapters/web.py", "import storage.tables"),
    "APScheduler lives in scheduler": ("bot/app.py", "import apscheduler"),
    "slack_bolt and slack_sdk live in adapters/slack": ("adapters/discord.py", "import slack_sdk"),
    "discord lives in adapters/discord": ("adapters/slack.py", "import discord"),
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small house in good order, with the real contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    modules = {path for path, _ in BAD_IMPORTS.values()} | {"bot/__main__.py", "scheduler/delivery.py"}
    for path in modules | {f"{room}/__init__.py" for room in ROOMS}:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text('"""A module."""\n')
    add(tmp_path, "bot/app.py", "import adapters.slack, adapters.discord, commands.cop, scheduler.ticker")
    add(tmp_path, "bot/__main__.py", "import bot.app")
    add(tmp_path, "adapters/slack.py", "import slack_sdk, aiohttp, bot.text")
    add(tmp_path, "adapters/discord.py", "import discord")
    add(tmp_path, "scheduler/ticker.py", "import apscheduler, storage.tables, bot.text")
    add(
        tmp_path,
        "scheduler/delivery.py",
        "async def deliver(adapter, to, card): await adapter.post(to, card)",
    )
    add(
        tmp_path,
        "commands/cop.py",
        "import bot.text\nfrom storage.tables import Community\nfrom storage.database import Db",
    )
    add(tmp_path, "bot/text.py", "from storage.database import Db  # noqa: F401  # an example")
    return tmp_path


def add(house: Path, path: str, line: str) -> None:
    with (house / path).open("a") as file:
        file.write(line + "\n")


def test_every_import_contract_objects_to_what_it_forbids(house: Path) -> None:
    assert lint_imports(house).stdout.count("KEPT") == len(BAD_IMPORTS)
    for path, line in BAD_IMPORTS.values():
        add(house, path, line)
    broken = re.findall(r"^(.+?) BROKEN", lint_imports(house).stdout, re.MULTILINE)
    assert sorted(broken) == sorted(BAD_IMPORTS)


@pytest.mark.parametrize(
    ("rule", "path", "line", "objection"),
    [
        (trespasses, "scheduler/ticker.py", "from bot import app", "scheduler.ticker imports bot.app"),
        (trespasses, "bot/text.py", "import bot.app", "bot.text imports bot.app"),
        (
            trespasses,
            "commands/cop.py",
            "from storage.search import search",
            "commands.cop imports storage.search.search",
        ),
        (trespasses, "adapters/slack.py", "from aiohttp import web", "adapters.slack imports aiohttp.web"),
        (
            trespasses,
            "adapters/slack.py",
            "from adapters import discord",
            "adapters.slack imports adapters.discord",
        ),
        (posts, "commands/cop.py", "slack.post(1)", "commands.cop calls slack.post"),
        (posts, "adapters/slack.py", "self.adapter.post(1)", "adapters.slack calls self.adapter.post"),
        (untidy, "bot/bare.py", "x = 1", "bot.bare opens without a docstring"),
        (untidy, "bot/text.py", "\n" * LONGEST, f"bot.text is longer than {LONGEST} lines"),
        (untidy, "bot/date_utils.py", '"""Dates."""', "bot.date_utils does not say what it is for"),
        (
            unexplained,
            "bot/text.py",
            "x = 1  # type: ignore[misc]",
            "bot.text line 3: # type: ignore[misc]",
        ),
        (unexplained, "bot/text.py", "x = 1  # noqa  # because", "bot.text line 3: # noqa  # because"),
        (unexplained, "bot/text.py", "x = 1  # noqa: E501", "bot.text line 3: # noqa: E501"),
    ],
)
def test_every_house_rule_objects_to_what_it_forbids(
    house: Path, rule: object, path: str, line: str, objection: str
) -> None:
    assert callable(rule)
    assert rule(house) == set()
    add(house, path, line)
    assert rule(house) == {objection}
