"""Who may speak to the web server: requests for our own name, from our own pages, answered with strict headers."""

import ipaddress
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from adapters.web.wire import problem

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    # Trusted types make the browser itself refuse innerHTML and its like.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Checks the Host of every request and the Origin of those that act.

    A page elsewhere can point its own name at this machine (DNS rebinding) and would then count
    as the same origin; the Host it sends still gives it away. Names accepted: this machine's, that
    of `public_url`, and, when bound beyond loopback, bare IP addresses, which nobody can re-point.
    `open_paths`, and what lies under them, prove their callers otherwise (a signature, a secret
    address) and are not checked.
    """

    def __init__(self, *, loopback: bool, public_url: str, open_paths: Collection[str]) -> None:
        public = urlsplit(public_url)
        self._loopback = loopback
        self._public_host = (public.hostname or "").lower()
        self._public_origin = f"{public.scheme}://{public.netloc}".lower() if public_url else ""
        self._open = tuple(open_paths)

    def middleware(self) -> Middleware:
        @web.middleware
        async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not self._is_open(request.path):
                self.check(request)
            return await handler(request)

        return checked

    def check(self, request: web.Request) -> None:
        """Raise HTTPForbidden unless the request is for our name and, when it acts, from our page."""
        host = request.headers.get("Host", "").lower()
        if not self._our_name(_hostname(host)):
            raise problem(
                web.HTTPForbidden,
                "This name is not one the web chat answers to. Open it as localhost, or set web.public_url.",
            )
        acts = (
            request.method not in _SAFE_METHODS or request.headers.get("Upgrade", "").lower() == "websocket"
        )
        if acts and not self._our_page(request, host):
            raise problem(web.HTTPForbidden, "This was sent from another site's page, so it was not done.")

    def _our_name(self, name: str) -> bool:
        if name in ("localhost", "127.0.0.1", "::1") or (name and name == self._public_host):
            return True
        return not self._loopback and _is_address(name)

    def _our_page(self, request: web.Request, host: str) -> bool:
        origin = request.headers.get("Origin", "").lower()
        if not origin:
            # Browsers name the origin of what acts; programs on this machine need not.
            return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        return urlsplit(origin).netloc == host or origin == self._public_origin

    def _is_open(self, path: str) -> bool:
        return any(path == known or path.startswith(f"{known.rstrip('/')}/") for known in self._open)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the strict headers on every response, refusals included."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Server"] = "Hearth"


def is_loopback(host: str) -> bool:
    """Say whether a server bound to `host` is reachable from this machine only."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
