"""Commands per second through a loopback Discord: our durable `session rsvp` beside a bare discord.py no-op.

Each bot is a process of its own, connected to a Discord of its own in this one. Their runs alternate. Beside the
rate stands the bot's own processor time per command: where this process is the slower of the two, the
rates come out too equal and that does not.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dispatch import IN_FLIGHT, PEOPLE, postgres, rate
from tests.fakes.discord.interactions import SAY, Interaction
from tests.fakes.discord.server import FakeDiscord

ANSWERS = ("yes", "maybe", "no")


@dataclass(slots=True)
class Run:
    per_second: float
    p50: float
    p99: float
    cpu: float
    """Milliseconds of processor time of the bot per command."""


class Bench:
    """One bot in a process of its own, in a Discord of its own."""

    def __init__(self, name: str, fake: FakeDiscord, pid: int) -> None:
        self.name = name
        self._fake = fake
        self._pid = pid
        self._channel = fake.places.channel(fake.guild, "bench")
        self._people = [fake.person(f"Person {n}") for n in range(PEOPLE)]

    async def use(self, person: int, path: str, **options: str) -> Interaction:
        """Use a command and wait for its answer."""
        made = self._people[person].uses(path.split(), options, self._channel)
        await made.done.wait()
        assert made.answer == SAY, made
        return made

    async def prepare(self) -> None:
        """Make a community of everybody with one session."""
        await self.use(0, "cop create", name="Bench", purpose="to measure")
        for person in range(1, PEOPLE):
            await self.use(person, "cop join", community="bench")
        made = await self.use(0, "session schedule", title="A session", when="in 3 days at 15:00")
        assert made.original is not None
        assert "S1" in made.original.content, made.original

    async def rsvp(self, n: int) -> None:
        answer = ANSWERS[(n // PEOPLE) % 3]
        await self.use(n % PEOPLE, "session rsvp", session="S1", answer=answer)

    async def run(self, seconds: float, in_flight: int) -> Run:
        """Measure, and let the fake forget what it was told."""
        before = self._cpu()
        counted = 0

        async def job(n: int) -> None:
            nonlocal counted
            await self.rsvp(n)
            counted += 1

        per_second, p50, p99 = await rate(job, seconds, in_flight)
        cpu = (self._cpu() - before) / counted * 1000
        self._fake.interactions.all.clear()
        self._fake.interactions.tokens.clear()
        for id_ in [m.id for m in self._fake.state.messages.values() if m.ephemeral]:
            del self._fake.state.messages[id_]
        self._fake.ledger.requests.clear()
        self._fake.ledger.effects.clear()
        return Run(per_second, p50, p99, cpu)

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def bench(name: str, *arguments: str) -> AsyncIterator[Bench]:
    """Start a bot and connect it."""
    async with FakeDiscord.open() as fake:
        fake.rest.checked = False
        fake.rates.usual = (1_000_000, 1.0)
        command = (
            sys.executable,
            "-m",
            "benchmarks.through_discord",
            "--child",
            name,
            fake.api_url,
            *arguments,
        )
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(60):
                await fake.gateway.connects()
            yield Bench(name, fake, process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def bare(api_url: str, token: str) -> None:
    """Run a bot of discord.py alone, whose commands do nothing."""
    import discord
    import yarl
    from discord import app_commands

    discord.http.Route.BASE = api_url
    gateway = api_url.replace("http:", "ws:").replace("/api/v10", "/gateway")
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)

    class Bare(discord.Client):
        async def setup_hook(self) -> None:
            tree = app_commands.CommandTree(self)
            session = app_commands.Group(name="session", description="Sessions")

            @session.command(name="rsvp", description="Answer")
            async def rsvp(interaction: discord.Interaction, session: str, answer: str) -> None:
                await interaction.response.send_message("You're going to S1 A session.", ephemeral=True)

            tree.add_command(session)
            await tree.sync()

    intents = discord.Intents(guilds=True, guild_reactions=True)
    async with Bare(intents=intents, max_messages=None) as client:
        await client.start(token)


async def hearth(api_url: str, token: str, database: str, folder: str) -> None:
    """Run the whole bot."""
    from adapters.discord.adapter import DiscordAdapter
    from bot import log
    from bot.app import opened
    from bot.config import load

    log.configure("error", "text")
    environment = {
        "HEARTH_BOT__CREATE": "anyone",
        "HEARTH_DISCORD__ENABLED": "true",
        "HEARTH_DISCORD__TOKEN": token,
        "HEARTH_DISCORD__API_URL": api_url,
        "HEARTH_DISCORD__NATIVE_EVENTS": "false",
    }
    config = load(None, environment)
    async with opened(config, database) as made:
        adapter = DiscordAdapter(
            config.discord,
            registry=made.registry,
            clock=made.clock,
            data_dir=Path(folder),
            bot_name="Hearth",
        )
        made.connect([adapter])
        await made.start()
        await asyncio.Event().wait()


async def measure(name: str, database: str, seconds: float, rounds: int) -> None:
    """Print a table for one database."""
    with tempfile.TemporaryDirectory() as folder:
        async with bench("bare") as no_op, bench("hearth", database, folder) as ours:
            await ours.prepare()
            for in_flight in (IN_FLIGHT, 1):
                found: dict[str, list[Run]] = {"bare": [], "hearth": []}
                for _ in range(rounds):
                    for one in (no_op, ours):
                        found[one.name].append(await one.run(seconds, in_flight))
                shown = {label: _median(runs) for label, runs in found.items()}
                for label, run in shown.items():
                    row = f"{run.per_second:9,.0f} {run.p50:9.2f} {run.p99:9.2f} {run.cpu:9.2f}"
                    print(f"{name:11} {in_flight:7} {label:7} {row}")
                ratio = shown["hearth"].per_second / shown["bare"].per_second
                cpu = shown["bare"].cpu / shown["hearth"].cpu
                print(f"{name:11} {in_flight:7} ours is {ratio:.0%} by rate, {cpu:.0%} by processor time")


def _median(runs: list[Run]) -> Run:
    columns: list[Callable[[Run], float]] = [
        lambda run: run.per_second,
        lambda run: run.p50,
        lambda run: run.p99,
        lambda run: run.cpu,
    ]
    return Run(*(statistics.median(map(column, runs)) for column in columns))


async def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument(
        "--rounds", type=int, default=5, help="alternating runs, of which the median is shown"
    )
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        from tests.fakes.discord.server import TOKEN

        name, api_url, *rest = chosen.child
        children: dict[str, Callable[..., Awaitable[None]]] = {"bare": bare, "hearth": hearth}
        await children[name](api_url, TOKEN, *rest)
        return
    head = f"{'per s':>9} {'p50 ms':>9} {'p99 ms':>9} {'cpu ms':>9}"
    print(f"{'database':11} {'at once':>7} {'bot':7} {head}")
    if chosen.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            await measure("SQLite", f"sqlite:///{folder}/bench.db", chosen.seconds, chosen.rounds)
    if chosen.only != "sqlite":
        with postgres() as url:
            await measure("PostgreSQL", url, chosen.seconds, chosen.rounds)


if __name__ == "__main__":
    asyncio.run(main())
