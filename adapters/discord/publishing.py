"""Publishing the commands, only where they changed: Discord allows two hundred new ones a day.

What was published is remembered in the data folder by place. Publishing replaces all commands of a place
at once, so two processes that start together at worst do the same thing twice.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import discord
import structlog

from adapters.discord import tree
from adapters.discord.events import NAME
from bot.registry import Registry

_FILE = "discord-commands.json"
_EVERYWHERE = "global"

_log = structlog.get_logger(__name__)


async def publish(client: discord.Client, registry: Registry, guilds: Sequence[int], folder: Path) -> None:
    """Publish the registry's commands in these servers, or everywhere when none are named.

    Where they were published before and are no longer wanted they are taken back. A place that refuses
    them is named in the log; the others get theirs.
    """
    grown = tree.grown(client, registry)
    wanted = dict.fromkeys((str(guild) for guild in guilds), tree.digest(grown)) or {
        _EVERYWHERE: tree.digest(grown)
    }
    path = folder / f"{client.application_id}-{_FILE}"
    published = _read(path)
    for place in [*(published.keys() - wanted.keys()), *wanted]:
        if published.get(place) == wanted.get(place):
            continue
        if await _sync(client, registry, grown, place, wanted=place in wanted):
            published[place] = wanted.get(place, "")
            _write(path, {place: hash_ for place, hash_ in published.items() if hash_})


async def _sync(
    client: discord.Client, registry: Registry, grown: tree.Tree, place: str, *, wanted: bool
) -> bool:
    guild = None if place == _EVERYWHERE else discord.Object(int(place))
    try:
        if not wanted:
            grown.clear_commands(guild=guild)
        elif guild is not None:
            grown.copy_global_to(guild=guild)
        commands = await grown.sync(guild=guild)
    except discord.HTTPException as error:
        _log.error(
            "commands not published", platform=NAME, place=place, status=error.status, reason=error.text
        )
        return False
    _log.info("commands published", platform=NAME, place=place, commands=len(commands))
    return True


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _write(path: Path, published: dict[str, str]) -> None:
    """Remember what was published; where that cannot be kept, it is published again at the next start."""
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(published))
        fresh.replace(path)
    except OSError as error:
        _log.warning("cannot remember which commands are published", platform=NAME, reason=error.strerror)
