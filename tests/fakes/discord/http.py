"""The HTTP side: who asks, at what rate, with what faults, and whether it is what Discord describes."""

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from tests.fakes.discord import schema
from tests.fakes.discord.call import Handler, Json, Routes, read
from tests.fakes.discord.faults import Faults, limited
from tests.fakes.discord.ledger import Asked, Ledger
from tests.fakes.discord.rates import Rates
from tests.fakes.discord.refusals import Refusal, unauthorized
from tests.fakes.discord.wire import respond

PREFIX = "/api/v10"

# The address itself is the secret there: no token is asked for, and a wrong one is ignored.
OPEN = ("/interactions/", "/webhooks/", "/gateway")


class Rest:
    """Serves the routes. `token` is the bot's; where it is "", nobody's is good any more."""

    def __init__(
        self,
        routes: Routes,
        ledger: Ledger,
        faults: Faults,
        rates: Rates,
        token: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._routes = routes
        self._ledger = ledger
        self._faults = faults
        self._rates = rates
        self.token = token
        self.checked = True
        """Whether payloads are held against Discord's description; a benchmark does without."""
        self.self_checked = False
        """Whether the answers of this fake are, too."""

    def add_to(self, app: web.Application) -> None:
        for method, path, handler in self._routes:
            app.router.add_route(method, PREFIX + path, self._serve(path, handler))

    def _serve(self, path: str, handler: Handler) -> Any:
        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._faults.around(request, path, lambda: self._answer(request, path, handler))

        return serve

    async def _answer(self, request: web.Request, path: str, handler: Handler) -> web.StreamResponse:
        parameters = dict(request.match_info)
        taken = self._rates.take(request.method, path, parameters)
        body: Any = None
        if not taken.allowed:
            self._ledger.requests.append(Asked(request.method, path, parameters, None, 429))
            return limited(taken.wait, headers=taken.headers)
        try:
            if not path.startswith(OPEN) or path == "/gateway/bot":
                self._authorize(request)
            call = await read(request, path)
            body = call.body
            self._check(request.method, path, body)
            status, answer = 200, await handler(call)
            status = 204 if answer is None else 200
            if isinstance(answer, tuple):
                status, answer = answer
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
        self._ledger.requests.append(Asked(request.method, path, parameters, body, status))
        if self.self_checked and status < 300:
            problem = schema.response_problem(request.method, path, status, answer)
            self._ledger.complaints += [f"answer to {request.method} {path}: {problem}"] if problem else []
        headers = {**taken.headers, "Date": format_datetime(self._clock(), usegmt=True)}
        return respond(answer, status, headers)

    def _authorize(self, request: web.Request) -> None:
        if not self.token or request.headers.get("Authorization") != f"Bot {self.token}":
            raise unauthorized()

    def _check(self, method: str, path: str, body: Json | None) -> None:
        problem = schema.request_problem(method, path, _described(body)) if self.checked else ""
        if problem:
            self._ledger.complaints.append(f"{method} {path}: {problem}")


def _described(body: Any) -> Any:
    """Return the body as the description has it: discord.py numbers where that says strings, and Discord reads both."""
    match body:
        case {"attachments": list(found), **rest}:
            return {**rest, "attachments": [{**one, "id": str(one["id"])} for one in found]}
        case {"recipient_id": int(recipient), **rest}:
            return {**rest, "recipient_id": str(recipient)}
        case {"data": dict(data), **rest}:
            return {**rest, "data": _described(data)}
    return body
