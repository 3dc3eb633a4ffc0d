"""`hearth check`: looks at an installation the way an experienced operator would, and says how to mend it."""

import asyncio
import os
import shutil
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from zoneinfo import available_timezones

from bot.config import Config
from bot.rules import balance, channels
from storage import inspection
from storage.database import Db
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


@dataclass(frozen=True, slots=True)
class Connected:
    """A channel that is connected to a community, by the id it has on its platform; `paused` is why, if it is."""

    id: str
    name: str
    workspace: str
    paused: str


def clock(platform: str, date: str, *, also: str = "") -> list[Finding]:
    """Return how this machine's clock agrees with the `Date` header of a platform's answer.

    `also` is what else goes wrong there when it does not. Nothing where there is no such header.
    """
    try:
        off = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return []
    if abs(off) <= CLOCK_SKEW:
        return [Finding(True, f"this machine's clock agrees with {platform}'s")]
    which = "ahead of" if off > 0 else "behind"
    what = f"this machine's clock is {abs(off):.0f} s {which} {platform}'s: reminders come at the wrong time{also}"
    return [Finding(False, what, "Set the clock by the network (NTP).")]


Look = Callable[[Config, Sequence[Connected]], Awaitable[list[Finding]]]
"""How one platform is looked at, with the channels connected there."""


async def examine(config: Config, platforms: Mapping[str, Look]) -> list[Finding]:
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
    for name, of_platform in platforms.items():
        found += await of_platform(config, await asyncio.to_thread(_connected, config, name))
    return found


def _connected(config: Config, platform: str) -> list[Connected]:
    def read(db: Db) -> list[Connected]:
        return [
            Connected(
                channel.external_id, channel.name or channel.external_id, channel.workspace, channel.paused
            )
            for channel in channels.connected(db, platform)
        ]

    try:
        seen = inspection.look(config.database.url)
        return inspection.read(config.database.url, read) if seen.revision == seen.head else []
    except StorageProblem:
        return []  # said already


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
        found.append(
            Finding(False, f"{held} letters are held", "See the log for why; hearth release lets them go.")
        )
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
    enabled = {
        "Slack": config.slack.enabled,
        "Discord": config.discord.enabled,
        "the web chat": config.web.chat,
    }
    names = [name for name, on in enabled.items() if on]
    if names:
        return [Finding(True, f"enabled: {', '.join(names)}")]
    mend = "Set slack.enabled, discord.enabled or web.chat to true in config.toml."
    return [Finding(False, "no platform is enabled", mend)]
