"""The page, its style and its scripts: read once, served under an address that changes with their content."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """`version` is the digest of all files; the page names it, so a new release is fetched at once."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._files = {
            path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in _TYPES
        }
        page = (folder / "index.html").read_text(encoding="utf-8")
        digest = hashlib.sha256(page.encode())
        for name, content in self._files.items():
            digest.update(name.encode() + b"\0" + content)
        self.version = digest.hexdigest()[:16]
        self._page = page.replace("{version}", self.version)

    def routes(self) -> Iterator[web.RouteDef]:
        yield web.get("/", self._index)
        yield web.get("/favicon.ico", self._icon)
        yield web.get("/assets/{version}/{name}", self._asset)

    async def _index(self, request: web.Request) -> web.Response:
        return web.Response(text=self._page, content_type="text/html", headers={"Cache-Control": "no-cache"})

    async def _icon(self, request: web.Request) -> web.Response:
        return self._file("flame.svg", "public, max-age=86400")

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        # A page of another release asks under its own version and must not keep what it gets.
        current = request.match_info["version"] == self.version
        return self._file(name, _FOR_EVER if current else "no-cache")

    def _file(self, name: str, caching: str) -> web.Response:
        kind = _TYPES[Path(name).suffix]
        return web.Response(
            body=self._files[name], content_type=kind, charset="utf-8", headers={"Cache-Control": caching}
        )
