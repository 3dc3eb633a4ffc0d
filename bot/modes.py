"""The ways to run: the bot, the demo, the terminal; each from a configuration to an exit status."""

import asyncio
import contextlib
import errno
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from adapters.web.adapter import WebAdapter
from adapters.web.catalogue import catalogue
from adapters.web.feeds import calendars_at
from adapters.web.inbound import inbound
from adapters.web.server import WebServer
from adapters.web.store import WebChat
from bot import log, sample
from bot.app import Clock, Hearth, opened, utc_now
from bot.chat import Adapter, Calendar
from bot.config import Config, ConfigProblems
from bot.rules import feeds

SLACK_EVENTS = "/slack/events"

_log = structlog.get_logger(__name__)


async def run(config: Config) -> int:
    """Run the bot until told to stop; return the exit status."""
    _begin_log(config)
    chat = _chat_store(config) if config.web.chat else None
    try:
        async with (
            opened(config, config.database.url) as hearth,
            _web(hearth, chat, platforms=True, other_port_too=False) as server,
        ):
            await hearth.start()
            _log.info("running", address=server.url, platforms=sorted(hearth.adapters))
            if not hearth.adapters:
                _log.warning("no platform is enabled; set slack.enabled, discord.enabled or web.chat")
            await _until_told()
            _log.info("stopping")
            await hearth.stop()
    finally:
        if chat is not None:
            chat.close()
    return 0


def _begin_log(config: Config) -> None:
    log.configure(config.log.level, config.log.format, config.secrets())
    for warning in config.warnings:
        _log.warning(warning)


def _chat_store(config: Config) -> WebChat:
    config.bot.data_dir.mkdir(parents=True, exist_ok=True)
    return WebChat(config.bot.data_dir / "webchat.db")


@contextlib.contextmanager
def _temporary(config: Config, defaults: Mapping[str, Mapping[str, Any]]) -> Iterator[Config]:
    """Yield the configuration with these defaults and, unless they are named, a folder and database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hearth-"))
    own: dict[str, dict[str, Any]] = {
        "bot": {"data_dir": folder},
        "database": {"url": f"sqlite:///{folder / 'hearth.db'}"},
    }
    try:
        yield config.with_defaults(own).with_defaults(defaults)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def demo(config: Config, *, sample: bool) -> int:
    """Run the local web chat with a sample community in a temporary folder; return the exit status."""
    defaults: dict[str, dict[str, Any]] = {
        "bot": {"create": "anyone", "admins": ("web:ada",)},
        "web": {"chat": True},
        "log": {"level": "warning"},
    }
    with _temporary(config, defaults) as configured:
        _begin_log(configured)
        clock = Clock()
        chat = _chat_store(configured)
        try:
            async with (
                opened(configured, configured.database.url, clock=clock) as hearth,
                _web(hearth, chat, platforms=False, other_port_too="web.port" not in config.given) as server,
            ):
                if sample:
                    await _fill(hearth, clock)
                await hearth.start()
                _say(f"Hearth is at {server.url} (stop it with Ctrl-C; nothing is kept)")
                _say(f"As a facilitator:  {server.url}/?as=fran&channel=python")
                _say(f"As a member:       {server.url}/?as=mo&channel=python")
                await _until_told()
                await hearth.stop()
        finally:
            chat.close()
    return 0


async def _fill(hearth: Hearth, clock: Clock) -> None:
    stage = hearth.adapters["web"]
    assert isinstance(stage, WebAdapter), "the demo has the web chat"
    problems = await sample.play(
        stage, hearth.dispatcher.handle, hearth.registry, clock.stand_at, utc_now(), hearth.delivery.settle
    )
    clock.stand_at(None)
    for problem in problems:
        _log.error("sample", line=problem)


async def console(config: Config) -> int:
    """Run the bot in the terminal; return the exit status."""
    from adapters.console import Console

    defaults: dict[str, dict[str, Any]] = {"bot": {"create": "anyone"}, "log": {"level": "error"}}
    with _temporary(config, defaults) as configured:
        _begin_log(configured)
        async with opened(configured, configured.database.url) as hearth:
            adapter = Console(
                hearth.registry.parse,
                hearth.settle,
                clock=hearth.clock,
                bot_name=configured.bot.name,
                paths=[command.path.removeprefix("cop ") for command in hearth.registry.catalogue()],
            )
            hearth.connect([adapter])
            await hearth.start()
            over = [asyncio.create_task(hearth.until_over()), asyncio.create_task(_until_told())]
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            for task in over:
                task.cancel()
            await hearth.stop()
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@asynccontextmanager
async def _web(
    hearth: Hearth, chat: WebChat | None, *, platforms: bool, other_port_too: bool
) -> AsyncIterator[WebServer]:
    config = hearth.config.web
    routes: list[Any] = [*calendars_at(hearth.read_feed)]
    calendars: dict[str, Calendar] = {}
    adapters = list(_platforms(hearth, routes, calendars)) if platforms else []
    server: WebServer | None = None
    if chat is not None:
        adapter = WebAdapter(
            chat,
            bot_name=hearth.config.bot.name,
            parse=hearth.registry.parse,
            catalogue=lambda: catalogue(hearth.registry.catalogue()),
            base_url=lambda: server.url if server else "",
            clock=hearth.clock,
        )
        adapters.append(adapter)
        routes += adapter.routes()
    hearth.connect(adapters, calendars)

    def build(port: int) -> WebServer:
        return WebServer(
            host=config.host,
            port=port,
            public_url=config.public_url,
            routes=routes,
            open_paths=(SLACK_EVENTS, feeds.PATH),
            health=hearth.health,
            metrics=hearth.metrics.render,
        )

    server = build(config.port)
    try:
        await server.start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not other_port_too:
            raise ConfigProblems(
                [f"web.port: port {config.port} on {config.host} cannot be used: {error.strerror}"]
            ) from error
        server = build(0)
        await server.start()
    hearth.served_at(server.url)
    try:
        yield server
    finally:
        await server.stop()


async def _until_told() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(
            NotImplementedError
        ):  # Windows has none: there Ctrl-C ends the program by KeyboardInterrupt
            loop.add_signal_handler(number, told.set)
    await told.wait()


def _platforms(hearth: Hearth, routes: list[Any], calendars: dict[str, Calendar]) -> Iterator[Adapter]:
    """Yield the adapters of the enabled platforms, whose SDKs load only then; add their routes and calendars."""
    config = hearth.config
    if config.slack.enabled:
        from adapters.slack.adapter import SlackAdapter

        slack = SlackAdapter(
            config.slack,
            parse=hearth.registry.parse,
            confidential=hearth.registry.confidential,
            clock=hearth.clock,
            data_dir=config.bot.data_dir,
            bot_name=config.bot.name,
        )
        if config.slack.mode == "http":
            routes.append(inbound(SLACK_EVENTS, slack.receive))
        yield slack
    if config.discord.enabled:
        from adapters.discord.adapter import DiscordAdapter

        discord = DiscordAdapter(
            config.discord,
            registry=hearth.registry,
            clock=hearth.clock,
            data_dir=config.bot.data_dir,
            bot_name=config.bot.name,
        )
        if discord.calendar is not None:
            calendars[discord.name] = discord.calendar
        yield discord
