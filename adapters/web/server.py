"""The one HTTP server of Hearth: health, metrics, and whatever routes its makers hand it."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

from aiohttp import web

from adapters.web.guard import Guard, add_headers, is_loopback
from adapters.web.wire import BODY_LIMIT

Health = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]
Metrics = Callable[[], bytes]

_GRACE = 3.0  # seconds that requests under way have to finish when the server stops


class WebServer:
    """Serves on `host` and `port`; port 0 takes a free one, which `port` tells once started.

    `routes` may be added to by others (chat, feeds, Slack's endpoint). Paths in `open_paths` check
    their callers themselves and are exempt from the Host and Origin checks of `Guard`.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        public_url: str = "",
        routes: Iterable[web.AbstractRouteDef] = (),
        open_paths: Collection[str] = (),
        health: Health | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._host = host
        self._asked_port = port
        self._public_url = public_url.rstrip("/")
        self._health = health
        self._metrics = metrics
        guard = Guard(
            loopback=is_loopback(host),
            public_url=public_url,
            open_paths=("/healthz", "/metrics", *open_paths),
        )
        self._app = web.Application(middlewares=[guard.middleware()], client_max_size=BODY_LIMIT)
        self._app.on_response_prepare.append(add_headers)
        self._app.add_routes(
            [web.get("/healthz", self._healthz), web.get("/metrics", self._metricz), *routes]
        )
        self._runner: web.AppRunner | None = None
        self._port = port

    @property
    def port(self) -> int:
        """The port it is bound to, once started."""
        return self._port

    @property
    def url(self) -> str:
        """The address to open, without a slash at its end: the public one, else this machine's."""
        if self._public_url:
            return self._public_url
        name = "localhost" if self._host in ("0.0.0.0", "::") else self._host  # noqa: S104  # compared, not bound
        return f"http://{f'[{name}]' if ':' in name else name}:{self._port}"

    async def start(self) -> None:
        """Begin to serve. Raises OSError when the port cannot be had."""
        # No access log: addresses can carry secret tokens, and the chat's carry who speaks to whom.
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=_GRACE)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._asked_port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and give requests under way three seconds to end."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _healthz(self, request: web.Request) -> web.Response:
        well, details = (True, {}) if self._health is None else await self._health()
        return web.json_response({"ok": well, **details}, status=200 if well else 503)

    async def _metricz(self, request: web.Request) -> web.Response:
        body = b"" if self._metrics is None else self._metrics()
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
