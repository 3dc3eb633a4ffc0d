"""A durable `session rsvp` through Slack beside a bare Bolt handler that does nothing, over both transports."""

import argparse
import asyncio
import hashlib
import hmac
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from benchmarks.dispatch import IN_FLIGHT, Job, rate

SECRET, BOT_TOKEN, APP_TOKEN = "s3cr3t-of-the-app", "xoxb-bench", "xapp-bench"
PEOPLE = 50  # Hearth asks for each one's name once, as fast as Slack allows
MODES = ("socket", "http")
WHO = ("bare Bolt", "Hearth")
ANSWERS = ("maybe", "no")  # a yes comes with a calendar file, for which Slack's own upload sets the pace
Payload = dict[str, str]
Run = tuple[float, float, float, float]
Send = Callable[[Payload], Awaitable[object]]


def payload(number: int) -> Payload:
    """Return a slash command as Slack sends it; every round of all people gives another answer."""
    answer = ANSWERS[number // PEOPLE % 2]
    return {
        "token": "t",
        "team_id": "T1",
        "channel_id": "C1",
        "channel_name": "general",
        "user_id": f"U{number % PEOPLE}",
        "user_name": f"person{number % PEOPLE}",
        "command": "/cop",
        "text": f"session rsvp S1 {answer}",
        "api_app_id": "A1",
        "response_url": "http://127.0.0.1:9/never",
        "trigger_id": f"{number}.{time.time_ns()}",
    }


# What is measured: two programs of their own, so that who asks takes nothing from who answers.


async def serve_bare(mode: str, api: str) -> None:
    """Run Bolt with one listener that acknowledges and does nothing else."""
    from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
    from slack_bolt.app.async_app import AsyncApp
    from slack_bolt.context.ack.async_ack import AsyncAck
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(token=BOT_TOKEN, base_url=api)
    app = AsyncApp(client=client, signing_secret=SECRET, process_before_response=True)

    @app.command("/cop")
    async def nothing(ack: AsyncAck) -> None:
        await ack("Thank you.")

    if mode == "socket":
        await AsyncSocketModeHandler(app, APP_TOKEN).connect_async()  # type: ignore[no-untyped-call]  # Bolt's
        ready(0)
    else:
        await listening(app.web_app())
    await asyncio.Event().wait()


async def serve_hearth(mode: str, api: str) -> None:
    """Run Hearth's adapter and dispatcher on an SQLite file."""
    from adapters.slack.adapter import SlackAdapter
    from bot import log
    from bot.app import opened
    from bot.chat import Actor, Address, Called
    from bot.config import load
    from bot.settings import SlackSettings

    log.configure("error", "text")
    tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "signing_secret": SECRET}
    settings = SlackSettings.model_validate(
        {"enabled": True, "mode": mode, "api_url": api, "allow_other_hosts": True, **tokens}
    )
    with tempfile.TemporaryDirectory() as folder:
        async with opened(load(None, {"HEARTH_BOT__CREATE": "anyone"}), f"sqlite:///{folder}/b.db") as hearth:
            adapter = SlackAdapter(
                settings,
                parse=hearth.registry.parse,
                confidential=lambda call: hearth.registry.command(call.path).confidential,
                clock=hearth.clock,
                data_dir=Path(folder),
                bot_name="hearth",
            )
            hearth.connect([adapter])

            async def say(number: int, typed: str) -> None:
                by = Actor("slack", f"U{number}", f"Person {number}", "UTC")
                at = Address("slack", "C1", "T1", name="general")
                await hearth.dispatcher.handle(Called(hearth.registry.parse(typed), by, at))

            await say(0, "create Bench 'to measure' slug:bench")
            for number in range(1, PEOPLE):
                await say(number, "join bench")
            await say(0, "session schedule 'A session' 'in 3 days at 15:00' community:bench")
            running = asyncio.create_task(adapter.run(hearth.dispatcher.handle))
            await adapter.ready.wait()

            async def receive(request: web.Request) -> web.Response:
                took = await adapter.receive(await request.read(), request.headers)
                return web.Response(status=took.status, headers=took.headers, text=took.body)

            if mode == "http":
                site = web.Application()
                site.router.add_post("/slack/events", receive)
                await listening(site)
            else:
                ready(0)
            await running


async def listening(site: web.Application) -> None:
    """Serve on a free port of the loopback and say which."""
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready(runner.addresses[0][1])


def ready(port: int) -> None:
    """Tell who measures."""
    print(f"ready {port}", flush=True)


# Who measures: the least of a Slack that both will talk to.


class Workspace:
    """Answers the few methods that are called, and holds the sockets of Socket Mode."""

    def __init__(self) -> None:
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.connected = asyncio.Condition()
        self.waiting: dict[str, asyncio.Future[object]] = {}
        self.numbers = itertools.count()
        self.base = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Workspace"]:
        site = web.Application()
        site.router.add_post("/{who}/api/{method}", self._call)
        site.router.add_get("/{who}/socket", self._socket)
        runner = web.AppRunner(site, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.base = f"127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _call(self, request: web.Request) -> web.Response:
        said = await request.post()
        body: dict[str, object]
        match request.match_info["method"]:
            case "apps.connections.open":
                body = {"url": f"ws://{self.base}/{request.match_info['who']}/socket"}
            case "auth.test":
                body = {
                    "user_id": "UBOT",
                    "bot_id": "BBOT",
                    "team_id": "T1",
                    "team": "T",
                    "url": "https://t/",
                }
            case "users.info":
                user = str(said.get("user"))
                body = {
                    "user": {"id": user, "name": user, "profile": {"display_name": user}, "tz": "Etc/UTC"}
                }
            case _:
                body = {"channel": "C1", "ts": "1.1", "message": {}}
        return web.json_response({"ok": True, **body}, headers={"x-oauth-scopes": "commands,chat:write"})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        async with self.connected:
            self.sockets.setdefault(request.match_info["who"], socket)
            self.connected.notify_all()
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                ack = json.loads(frame.data)
                waiting = self.waiting.pop(ack.get("envelope_id", ""), None)
                if waiting is not None:
                    waiting.set_result(ack.get("payload"))
        return socket

    async def over_socket(self, who: str) -> Send:
        """Return how a command reaches this program through its socket."""
        async with self.connected:
            await self.connected.wait_for(lambda: who in self.sockets)
        socket = self.sockets[who]

        async def send(told: Payload) -> object:
            envelope = str(next(self.numbers))
            self.waiting[envelope] = heard = asyncio.get_running_loop().create_future()
            frame = {"type": "slash_commands", "envelope_id": envelope, "accepts_response_payload": True}
            await socket.send_json({**frame, "payload": told})
            return await heard

        return send


def over_http(session: aiohttp.ClientSession, port: int) -> Send:
    """Return how a command reaches the program that listens there, signed as Slack signs."""

    async def send(told: Payload) -> object:
        body = urlencode(told).encode()
        stamp = str(int(time.time()))
        digest = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        url = f"http://127.0.0.1:{port}/slack/events"
        async with session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200, answer.status
            return await answer.text()

    return send


@asynccontextmanager
async def program(who: str, mode: str, api: str) -> AsyncIterator[tuple[int, int]]:
    """Run one of the two programs; yield its port, once it is ready, and its process id."""
    command = [sys.executable, "-m", "benchmarks.slack", "--serve", who, "--mode", mode, "--api", api]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    try:
        while not (line := await child.stdout.readline()).startswith(b"ready"):
            assert line, f"{who} ended"
        yield int(line.split()[1]), child.pid
    finally:
        child.terminate()
        await child.wait()


async def measure(mode: str, seconds: float, rounds: int) -> None:
    """Print the lines of one transport, both programs alternating."""
    async with Workspace().open() as slack, aiohttp.ClientSession() as session:
        keys = {who: who.split()[0].lower() for who in WHO}
        apis = {who: f"http://{slack.base}/{key}/api/" for who, key in keys.items()}
        async with program(WHO[0], mode, apis[WHO[0]]) as bare, program(WHO[1], mode, apis[WHO[1]]) as ours:
            send: dict[str, Send] = {}
            for who, (port, _) in zip(WHO, (bare, ours), strict=True):
                socket = mode == "socket"
                send[who] = await slack.over_socket(keys[who]) if socket else over_http(session, port)
                for number in range(PEOPLE):
                    said = json.dumps(await send[who](payload(number)))
                    assert "Thank you" in said or "maybe" in said, f"{who}: {said}"
            pids = {WHO[0]: bare[1], WHO[1]: ours[1]}
            for in_flight in (IN_FLIGHT, 1):
                found: dict[str, list[Run]] = {who: [] for who in WHO}
                first = itertools.count(step=1_000 * PEOPLE)
                for _ in range(rounds):
                    for who in WHO:
                        job = numbered(send[who], next(first))
                        found[who].append(await watched(pids[who], job, seconds, in_flight))
                report(mode, in_flight, found)


def numbered(send: Send, first: int) -> Job:
    """Return what sends the command of a number, counted on from `first`."""

    async def job(number: int) -> object:
        return await send(payload(first + number))

    return job


def busy(pid: int) -> float:
    """Return the seconds of processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watched(pid: int, job: Job, seconds: float, in_flight: int) -> Run:
    """Return what `rate` does, and the microseconds of processor time the program spends on one command."""
    before = busy(pid)
    per_second, p50, p99 = await rate(job, seconds, in_flight)
    return per_second, p50, p99, (busy(pid) - before) / (per_second * seconds) * 1e6


HEAD = f"{'through':8} {'at once':>7} {'who':16} {'per s':>9} {'p50 ms':>9} {'p99 ms':>9} {'cpu µs':>9}  share of per s, of cpu"


def report(mode: str, in_flight: int, found: dict[str, list[Run]]) -> None:
    """Print the medians, and what share of the bare program's commands ours does, in the time and by its cost."""
    lines = {who: [statistics.median(c) for c in zip(*runs, strict=True)] for who, runs in found.items()}
    bare = next(iter(lines.values()))
    for who, (per_second, p50, p99, cpu) in lines.items():
        shares = f"{per_second / bare[0]:6.0%} {bare[3] / cpu:6.0%}"
        print(f"{mode:8} {in_flight:7} {who:16} {per_second:9,.0f} {p50:9.2f} {p99:9.2f} {cpu:9.0f} {shares}")


async def main() -> None:
    """Measure both transports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=5, help="alternating runs; the median is shown")
    parser.add_argument("--mode", choices=MODES)
    parser.add_argument("--serve", choices=WHO, help=argparse.SUPPRESS)
    parser.add_argument("--api", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve = serve_bare if chosen.serve == WHO[0] else serve_hearth
        await serve(chosen.mode, chosen.api)
        return
    print(HEAD)
    for mode in [chosen.mode] if chosen.mode else MODES:
        await measure(mode, chosen.seconds, chosen.rounds)


if __name__ == "__main__":
    asyncio.run(main())
