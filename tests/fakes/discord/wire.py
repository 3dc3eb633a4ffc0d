"""JSON answers, of exactly the content type that discord.py reads."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


def respond(answer: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    """Return the answer; None has no body."""
    if answer is None:
        return web.Response(status=status, headers=headers)
    raw = json.dumps(answer).encode()
    return web.Response(body=raw, status=status, headers=headers, content_type="application/json")
