"""A path on the server at which a platform delivers by HTTP, whoever understands what it says."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Receive = Callable[[bytes, Mapping[str, str]], Awaitable[tuple[int, Mapping[str, str], str]]]
"""Takes a request's body and headers; returns the status, the headers and the body of its answer."""


def inbound(path: str, receive: Receive) -> web.RouteDef:
    """Return a route that hands each POST on. `receive` has to check who calls."""

    async def deliver(request: web.Request) -> web.Response:
        status, headers, body = await receive(await request.read(), request.headers)
        return web.Response(status=status, headers=headers, text=body)

    return web.post(path, deliver)
