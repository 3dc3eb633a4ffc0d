"""The local web chat: a small chat platform of its own, served to the browser without any account."""

from adapters.web.adapter import WebAdapter
from adapters.web.server import WebServer
from adapters.web.store import WebChat

__all__ = ["WebAdapter", "WebChat", "WebServer"]
