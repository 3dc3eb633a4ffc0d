"""A chat platform in a process of its own, slow and forgetful, whose ledger outlives the bots that post to it.

    python -m tests.fakes.ledger_server SEED SLOW LOST

It prints its port, then serves until its standard input ends. A post is committed after a random delay,
even when the client is gone by then, and answered after another. The share SLOW of all commits takes
very long, and the share LOST of all answers is lost. A post is not idempotent: the same key again makes a
second message.
"""

import asyncio
import random
import sys

from aiohttp import web

QUICK = 0.1
SLOW = (0.5, 0.8)
"""Seconds a commit, or an answer, takes at most; and what a slow commit takes."""


class Server:
    """The messages of all channels, and what is to happen to the next posts to a channel."""

    def __init__(self, seed: int, slow: float, lost: float) -> None:
        self._random = random.Random(seed)
        self._slow = slow
        self._lost = lost
        self._messages: list[dict[str, str]] = []
        self._plans: dict[str, list[str]] = {}
        self._commits: set[asyncio.Task[dict[str, str]]] = set()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/post", self.post)
        app.router.add_get("/find", self.find)
        app.router.add_get("/ledger", self.ledger)
        app.router.add_post("/plan", self.plan)
        return app

    async def plan(self, request: web.Request) -> web.Response:
        """Let the next posts to a channel end as the words say: "429 SECONDS", "gone", "lost", "hang"."""
        asked = await request.json()
        self._plans.setdefault(asked["channel"], []).extend(asked["ends"])
        return web.json_response({})

    async def post(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        plans = self._plans.get(asked["channel"])
        plan = plans.pop(0) if plans else ""
        if plan.startswith("429"):
            return web.json_response({}, status=429, headers={"Retry-After": plan.split()[1]})
        if plan == "gone":
            return web.json_response({"error": "is_archived"}, status=410)
        commit = asyncio.create_task(self._commit(asked))
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)
        message = await asyncio.shield(commit)
        if plan == "hang":
            await asyncio.Event().wait()
        await asyncio.sleep(self._random.uniform(0, QUICK))
        if plan == "lost" or self._random.random() < self._lost:
            self._hang_up(request)
        return web.json_response({"id": message["id"]})

    async def _commit(self, asked: dict[str, str]) -> dict[str, str]:
        slow = self._random.random() < self._slow
        await asyncio.sleep(self._random.uniform(*(SLOW if slow else (0, QUICK))))
        message = {"id": str(len(self._messages) + 1), "channel": asked["channel"], "key": asked["key"]}
        self._messages.append(message)
        return message

    def _hang_up(self, request: web.Request) -> None:
        if request.transport is not None:  # unless the client did
            request.transport.abort()

    async def find(self, request: web.Request) -> web.Response:
        key = request.query["key"]
        ids = [message["id"] for message in self._messages if message["key"] == key]
        return web.json_response({"id": ids[0] if ids else None})

    async def ledger(self, request: web.Request) -> web.Response:
        return web.json_response(self._messages)


async def serve(seed: int, slow: float, lost: float) -> None:
    """Serve on a free port of the loopback address, printed first, until standard input ends."""
    runner = web.AppRunner(Server(seed, slow, lost).application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201  # how its parent learns the port
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
