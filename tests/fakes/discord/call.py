"""One request as a route sees it: parameters, query, body and files, read and in their right form."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord.refusals import Refusal, invalid_form

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request, under the number its attachment names."""

    number: int
    name: str
    content: bytes
    media: str


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    parameters: dict[str, str]
    query: dict[str, str]
    body: Any = None
    files: tuple[Upload, ...] = field(default=())

    def id(self, name: str) -> int:
        """Return a parameter that is an id. Raises Refusal."""
        value = self.parameters[name]
        if not value.isdecimal():
            raise invalid_form({name: f"Value {value!r} is not snowflake."})
        return int(value)

    def number(self, name: str, usual: int) -> int:
        """Return a number of the query."""
        return int(self.query.get(name, usual))


Handler = Callable[[Call], Awaitable[Any]]
Routes = list[tuple[str, str, Handler]]


async def read(request: web.Request, path: str) -> Call:
    """Return the request taken apart. Raises Refusal for what is not JSON."""
    body: Any = None
    files: list[Upload] = []
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "payload_json":
                body = json.loads(await part.text())
            else:
                assert part.name is not None
                number = int(part.name.removeprefix("files[").removesuffix("]"))
                media = part.headers.get("Content-Type", "application/octet-stream")
                files.append(Upload(number, part.filename or "", bytes(await part.read()), media))
    elif request.can_read_body:
        if request.content_type != "application/json":
            raise Refusal(400, 50035, f"Content-Type {request.content_type!r} is not JSON")
        try:
            body = json.loads(await request.read())
        except ValueError:
            raise Refusal(400, 50109, "The request body contains invalid JSON.") from None
    return Call(request.method, path, dict(request.match_info), dict(request.query), body, tuple(files))
