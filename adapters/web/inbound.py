"""A path on the server at which a platform delivers by HTTP, whoever understands what it says."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Receive = Callable[[bytes, Mapping[str, str]], Awaitable[tuple[int, Mapping[str, str], str]]]
"""Takes a request's body and headers; returns the status, the headers and the body of its answer."""

LIMIT = 1024 * 1024
"""Bytes of a body: more than the server takes elsewhere, for 40,000 characters of Chinese are 360,000 in a form."""


def inbound(path: str, receive: Receive) -> web.RouteDef:
    """Return a route that hands each POST on. `receive` has to check who calls."""

    async def deliver(request: web.Request) -> web.Response:
        said = await request.clone(client_max_size=LIMIT).read()
        status, headers, body = await receive(said, request.headers)
        return web.Response(status=status, headers=headers, text=body)

    return web.post(path, deliver)
