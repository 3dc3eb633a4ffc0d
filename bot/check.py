"""`hearth check`: looks at an installation the way an experienced operator would, and says how to mend it."""

import asyncio
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import available_timezones

from bot.config import Config
from bot.rules import balance
from storage import inspection
from storage.problems import StorageProblem

LEAST_SPACE = 200 * 1024 * 1024  # bytes free, under which an SQLite database is in danger
CLOCK_SKEW = 30.0  # seconds
LEAST_ZONES = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and how to mend it when it is not."""

    ok: bool
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{'ok     ' if self.ok else 'WRONG  '} {self.what}" + (
            f"\n         {self.mend}" if self.mend else ""
        )


async def examine(config: Config) -> list[Finding]:
    """Return everything looked at, good and bad. Changes nothing, and works beside a running bot."""
    looks: list[Callable[[Config], list[Finding]]] = [
        _warnings,
        _folder,
        _database,
        _zones,
        _web,
        _platforms,
    ]
    found: list[Finding] = []
    for look in looks:
        found += await asyncio.to_thread(look, config)
    return found


def _warnings(config: Config) -> list[Finding]:
    return [Finding(True, "configuration is readable and complete")] + [
        Finding(False, warning) for warning in config.warnings
    ]


def _folder(config: Config) -> list[Finding]:
    folder = config.bot.data_dir
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not os.access(existing, os.W_OK):
        return [
            Finding(
                False,
                f"data folder {folder} cannot be written",
                f"Give this user write access to {existing}.",
            )
        ]
    free = shutil.disk_usage(existing).free
    if free < LEAST_SPACE:
        return [Finding(False, f"only {free // 2**20} MiB are free for {folder}", "Free some space.")]
    return [Finding(True, f"data folder {folder} is writable, {free // 2**20:,} MiB free")]


def _database(config: Config) -> list[Finding]:
    try:
        seen = inspection.look(config.database.url)
    except StorageProblem as problem:
        return [Finding(False, str(problem), "Mend the address or the server, or restore a backup.")]
    if seen.revision is None:
        return [Finding(True, "database is empty; it is set up at the first start")]
    found = [Finding(True, f"database answers, schema {seen.revision} of {seen.head}")]
    if seen.revision != seen.head:
        return [*found, Finding(True, "the next start, or hearth migrate, brings it up to date")]
    skew = abs((seen.now - datetime.now(UTC)).total_seconds())
    if skew > CLOCK_SKEW:
        found.append(
            Finding(
                False,
                f"this machine's clock and the database's differ by {skew:.0f} s",
                "Set up NTP on both.",
            )
        )
    books = inspection.read(config.database.url, balance.balance)
    if books.ok:
        found.append(Finding(True, "letters add up: every one is sent, skipped, expired, held or on its way"))
    else:
        found.append(
            Finding(False, "; ".join(books.differences), "Please report this: letters were lost or doubled.")
        )
    held = sum(tally.states.get("held", 0) for tally in books.kinds.values())
    if held:
        found.append(Finding(False, f"{held} letters are held", "See the log for why."))
    return found


def _zones(config: Config) -> list[Finding]:
    known = len(available_timezones())
    if known < LEAST_ZONES:
        return [Finding(False, f"only {known} time zones are known", "Install the tzdata package.")]
    try:
        edition = f", tzdata {version('tzdata')}"
    except PackageNotFoundError:
        edition = ""
    return [
        Finding(True, f"{known} time zones are known{edition}; the installation's is {config.bot.timezone}")
    ]


def _web(config: Config) -> list[Finding]:
    where = f"{config.web.host}:{config.web.port}"
    family = socket.AF_INET6 if ":" in config.web.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.web.host, config.web.port))
        except OSError as error:
            return [
                Finding(
                    True, f"web address {where} is in use ({error.strerror}): by Hearth, if it is running"
                )
            ]
    return [Finding(True, f"web address {where} is free")]


def _platforms(config: Config) -> list[Finding]:
    if config.web.chat:
        return [Finding(True, "the local web chat is on")]
    return [Finding(False, "no platform is enabled", "Set web.chat = true in config.toml.")]
