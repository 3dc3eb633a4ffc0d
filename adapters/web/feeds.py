"""Calendar feeds over HTTP: at a secret address, sessions for calendar apps; everywhere else, nothing."""

import hashlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.calendars.writing import MEDIA
from bot.rules.feeds import PATH, Calendar

Read = Callable[[str], Awaitable[Calendar | None]]
"""Takes the secret at the end of an address; returns what is there, or None."""

_HEADERS = {
    # Kept by nobody else, and asked about each time, so that who leaves reads nothing on.
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def calendars_at(read: Read) -> list[web.RouteDef]:
    """Return the routes. What is not there, not any more, or no address at all is answered alike."""

    async def answer(request: web.Request) -> web.Response:
        token, dot, ending = request.match_info["name"].partition(".")
        found = await read(token)
        if found is None or (dot, ending) not in ((".", "ics"), ("", "")):
            return web.Response(status=404, text="There is no calendar here.", headers=_HEADERS)
        body = found.text.encode()
        tag = hashlib.sha256(body).hexdigest()[:32]
        headers = {**_HEADERS, "ETag": f'"{tag}"'}
        if any(known.value in (tag, "*") for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = MEDIA
        headers["Content-Disposition"] = f'inline; filename="{found.name}"'
        return web.Response(body=body, headers=headers)

    return [web.get(f"{PATH}/{{name:.*}}", answer)]
