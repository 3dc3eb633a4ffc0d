"""`hearth run` whole, as a process of its own: Slack, Discord and the web at once, stopped and started again."""

import asyncio
import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import ClientSession

from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import Slack
from tests.fakes.slack.people import Person
from tests.fakes.slack.state import Message
from tests.program.installation import Installation

T = TypeVar("T")


async def until(found: Callable[[], T | None]) -> T:
    """Wait for what a process of its own does in its own time."""
    async with asyncio.timeout(30):
        while (there := found()) is None:  # noqa: ASYNC110  # only looking shows it
            await asyncio.sleep(0.02)
        return there


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def containing(messages: list[Any], words: str) -> Any:
    """Return the newest message that has these words anywhere, or None."""
    found = [m for m in messages if words in json.dumps(vars_of(m), ensure_ascii=False, default=str)]
    return found[-1] if found else None


def vars_of(message: Any) -> Any:
    return {name: getattr(message, name) for name in type(message).__slots__}


def button(message: Message, label: str) -> Any:
    return next(
        element
        for block in message.blocks
        for element in block.get("elements", ())
        if element.get("text", {}).get("text") == label
    )


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_whole_bot_on_both_platforms_from_start_to_restart(tmp_path: Path, mode: str) -> None:
    here, port = Installation(tmp_path), free_port()
    async with Slack() as slack, FakeDiscord.open() as discord:
        if mode == "http":
            slack.serve_to(f"http://127.0.0.1:{port}/slack/events")
        app = slack.workspace.app
        here.configure(
            'bot.create = "anyone"',
            "slack.enabled = true",
            f'slack.mode = "{mode}"',
            f'slack.bot_token = "{app.bot_token}"',
            f'slack.app_token = "{app.app_token}"',
            f'slack.signing_secret = "{app.signing_secret}"',
            f'slack.api_url = "{slack.api_url}"',
            "discord.enabled = true",
            f'discord.token = "{discord.token}"',
            f'discord.api_url = "{discord.api_url}"',
            'bot.timezone = "Europe/London"',
            port=port,
        )
        python = slack.workspace.channel("python")
        fran, mo = (Person(slack, slack.workspace.user(name, "Europe/London")) for name in ("Fran", "Mo"))
        for person in (fran, mo):
            person.joins(python)
        forum = discord.places.channel(discord.guild, "forum")
        ana = discord.person("Ana")

        async with here.running() as (program, address):
            await slack.listening()
            await discord.gateway.connects()
            for said in (
                "create Python 'We learn'",
                "session schedule 'Intro to RAG' 'in 3 days'",
                "join python",
            ):
                await (mo if said.startswith("join") else fran).command(said, python)
            await fran.command("session schedule 'Intro to RAG' '2030-03-05 15:00'", python)
            announced = await until(lambda: containing(python.messages, "0 going"))
            ana.uses(["cop", "list"], {}, forum)
            await until(lambda: containing(ana.sees(forum), "We learn"))
            async with ClientSession() as session, session.get(f"{address}/healthz") as answer:
                assert (await answer.json())["platforms"] == dict.fromkeys(
                    ("slack", "discord", "web"), "running"
                )
            program.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await program.wait() == 0

        async with here.running():
            await slack.listening()
            await discord.gateway.connects()
            # The button is from before the restart.
            await mo.press(announced, button(announced, "Going"))
            await until(lambda: containing(python.messages, "1 going"))
        assert slack.workspace.ledger.wrong() == []
        assert discord.ledger.complaints == []
