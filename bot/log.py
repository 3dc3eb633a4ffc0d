"""The log: one pipeline for our words and the libraries', as text or JSON, without secrets or forged lines."""

import base64
import json
import logging
import re
import sys
import traceback
import unicodedata
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

OUR_ROOMS = ("bot", "adapters", "commands", "scheduler", "storage", "hearth", "__main__")
# At lower levels these write down what people said, who answered what, and secret addresses.
TELLTALES = ("aiohttp.access", "discord", "psycopg", "slack_bolt", "slack_sdk", "sqlalchemy")
MASK = "[secret]"
_SHORTEST = 4  # a shorter secret would blank out ordinary words
_FRAGMENT = 8  # a shorter piece of base64 would, too
# Where database errors quote the row: SQLAlchemy's parameters, PostgreSQL's detail up to SQLAlchemy's next part.
_ROWS = re.compile(r"\[parameters: [^\n]*|\bDETAIL: .*?(?=\n\[SQL: |\nCONTEXT: |\n\n|\Z)", re.DOTALL)

Plain = str | int | float | bool | None | list[Any] | dict[str, Any]


def configure(
    level: str, format: Literal["text", "json"], secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send everything logged to `stream` (standard error), at `level` ("debug" to "error") and above.

    Libraries are heard from "warning" on, unless `level` is "debug". `secrets` of 4 characters and more are
    masked, also where they are encoded. Calling it again replaces what was configured before.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(_traceback),
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                Masker(secrets),
                _as_json if format == "json" else _as_text,
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    chosen = logging.getLevelNamesMapping()[level.upper()]
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(chosen if chosen == logging.DEBUG else max(chosen, logging.WARNING))
    for name in OUR_ROOMS:
        logging.getLogger(name).setLevel(chosen)
    for name in TELLTALES:
        logging.getLogger(name).setLevel(max(chosen, logging.WARNING))
    logging.captureWarnings(True)
    # A malformed call would otherwise print its arguments around the masker.
    logging.raiseExceptions = False
    sys.excepthook = _last_resort


class Masker:
    """Turns every value of a log entry into plain data in which no secret and no database row stands."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {self._mask(str(key)): self._plain(value) for key, value in event.items()}

    def _plain(self, value: object) -> Plain:
        match value:
            case None | bool():
                return value
            case int() | float():
                return value if self._mask(str(value)) == str(value) else MASK
            case str():
                return self._mask(value)
            case Mapping():
                return {self._mask(str(key)): self._plain(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self._plain(item) for item in value]
        try:
            return self._mask(str(value))
        except Exception:  # a thing that cannot say what it is must not cost the entry it stands in
            return f"<{type(value).__name__}>"

    def _mask(self, text: str) -> str:
        if "[parameters: " in text or "DETAIL: " in text:
            text = _ROWS.sub("[row left out]", text)
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(secret: str) -> set[str]:
    """Return the ways a secret may stand in a text: bare, in quotes, in an address, in base64 amid other bytes."""
    quoted = {
        encode(secret, safe, errors="surrogatepass") for encode in (quote, quote_plus) for safe in ("", "/")
    }
    lower = {re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), form) for form in quoted}
    data = secret.encode("utf-8", "surrogatepass")
    forms = {secret, repr(secret)[1:-1], repr(data)[2:-1]}
    forms |= {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + data).decode()
        # Only the characters made of the secret's bytes alone are the same whatever stands around it.
        inner = encoded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        if len(inner) >= _FRAGMENT:
            forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return forms | quoted | lower


def _traceback(exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> str:
    # Without local variables, unlike structlog's own renderers: locals hold tokens and what people wrote.
    return "".join(traceback.format_exception(*exc_info)).rstrip("\n")


def _as_json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "logger", "event") if name in event}
    return json.dumps({**first, **event}, ensure_ascii=True, default=str)


def _as_text(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """Return `time level [logger] event key=value …`, then a traceback's lines, indented."""
    head = f"{event.pop('timestamp')} {event.pop('level', method):<7} [{_escaped(event.pop('logger', ''))}]"
    below = [str(event.pop(name)) for name in ("exception", "stack") if event.get(name)]
    words = [_escaped(str(event.pop("event", "")))]
    words += [f"{_escaped(key)}={_value(value)}" for key, value in event.items()]
    lines = [f"    {_escaped(line)}" for text in below for line in text.split("\n")]
    return "\n".join([f"{head} {' '.join(words)}", *lines])


def _value(value: Plain) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    bare = isinstance(value, str) and re.fullmatch(r"[^\s\"'=]+", text)
    return _escaped(text if bare or not isinstance(value, str) else json.dumps(text, ensure_ascii=False))


def _escaped(text: str) -> str:
    """Return the text with everything that could move a cursor, start a line or reverse writing made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(c) for c in text)


def _visible(c: str) -> str:
    if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return c
    return c.encode("unicode_escape").decode()


def _last_resort(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, at)
    else:
        structlog.get_logger("hearth").critical("stopped by an error", exc_info=(kind, error, at))
