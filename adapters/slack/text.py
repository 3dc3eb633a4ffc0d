"""Text for Slack: spans to rich text and to mrkdwn, plain text objects, and what people typed read back.

Cards are drawn as `rich_text` blocks, because those are the only text in Slack where a character
means itself: Slack parses nothing inside their text elements, no `<!here>`, `*`, `:tada:` or bare
address (and so nothing is escaped there). Titles, labels and buttons have to be `plain_text`; there
the three characters & < > are escaped and `emoji: false` keeps `:tada:` as it is. mrkdwn, which has
no escape for its own marks, serves only for the `text` of a message, which notifications and screen
readers say; there a zero-width joiner takes its meaning from whatever could have one.

A Mention is "@name" as text: `<@U1>`, and a user element as well, notify whoever they name.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.text import showable
from bot.ui.spans import Bold, Code, Line, Link, Mention, Moment, Span

Json = dict[str, Any]

SHORT = "…"
MOMENT_FORMAT = "{date_long_pretty} {time}"
"""The long form has the weekday, which the short one lacks; "pretty" says today and tomorrow."""

_JOINER = "\u2060"  # WORD JOINER: no width, no break, and neither a space nor punctuation to Slack


def escape(text: str) -> str:
    """Return `text` with the three characters that Slack wants written as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Marks count in mrkdwn only at the edge of a word; with a joiner on both sides they never stand there.
# The rest starts an emoji, a mention or an address, or a quotation at the start of a line. None of it looks
# at more than the next character, since another span may follow.
_MARKS = re.compile(r"[*_~`]")
_STARTS = re.compile(r"[@#:.](?!\s)")
_SPECIAL = re.compile(r"[*_~`@#:.&<>\x00\ud800-\udfff]")
_QUOTES = re.compile(r"^(?=[ \t]*>)", re.MULTILINE)


def inert(text: str) -> str:
    """Return `text` for mrkdwn: escaped, and without anything that formats, mentions or links."""
    if not _SPECIAL.search(text):
        return text
    quiet = _QUOTES.sub(_JOINER, showable(text))
    quiet = _MARKS.sub(lambda mark: f"{_JOINER}{mark[0]}{_JOINER}", quiet)
    return escape(_STARTS.sub(lambda start: f"{start[0]}{_JOINER}", quiet))


def mrkdwn(line: Line) -> str:
    """Return the line as mrkdwn in which only links and moments are more than their words."""
    return "".join(_mrkdwn(span) for span in line)


def _mrkdwn(span: Span) -> str:
    match span:
        case str():
            return inert(span)
        case Bold(text) | Code(text):
            return inert(text)
        case Mention(_, name):
            return inert(f"@{name}")
        case Moment(at):
            return f"<!date^{int(at.timestamp())}^{MOMENT_FORMAT}|{escape(written(span))}>"
        case Link(url, text):
            host = host_of(url)
            if not host:
                return inert(_unlinked(span))
            target = escape(url).replace("|", "%7C")
            return f"<{target}|{inert(_label(text, url)).replace('|', '¦')}>{inert(_shown(host, text, url))}"


def pieces(line: Line) -> Iterator[Json]:
    """Yield the line as elements of a rich text section; nothing for empty text."""
    for span in line:
        yield from _pieces(span)


def _pieces(span: Span) -> Iterator[Json]:
    match span:
        case str():
            yield from piece(span)
        case Bold(text):
            yield from piece(text, bold=True)
        case Code(text):
            yield from piece(text, code=True)
        case Mention(_, name):
            yield from piece(f"@{name}")
        case Moment(at):
            timestamp = int(at.timestamp())
            yield {"type": "date", "timestamp": timestamp, "format": MOMENT_FORMAT, "fallback": written(span)}
        case Link(url, text):
            host = host_of(url)
            if not host:
                yield from piece(_unlinked(span))
                return
            yield {"type": "link", "url": url, "text": contained(_label(text, url))}
            yield from piece(_shown(host, text, url))


def piece(text: str, **style: bool) -> Iterator[Json]:
    """Yield a text element, unless there is nothing in it."""
    if text:
        yield {"type": "text", "text": contained(showable(text))} | ({"style": style} if style else {})


def written(moment: Moment) -> str:
    """Return a moment whole, in the zone it names: "Tue 3 Mar 2026 15:00 Europe/London"."""
    local = _local(moment.at, moment.zone)
    return (
        f"{local:%a} {local.day} {local:%b} {local.year} {local:%H:%M} {getattr(local.tzinfo, 'key', 'UTC')}"
    )


def _local(at: datetime, zone: str) -> datetime:
    try:
        return at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OverflowError):  # an unknown zone must not lose the message
        return at.astimezone(ZoneInfo("UTC"))


# Links. An address that readers and browsers could take differently is shown and not linked.

_ADDRESS = re.compile(r"https?://[^\s\\<>\"^`{}\x00-\x20\x7f-\x9f\ud800-\udfff]+", re.IGNORECASE)
_ADDRESS_LIMIT = 3_000


def host_of(url: str) -> str:
    """Return the host that a link to `url` goes to, in ASCII; "" where it is no address to link to."""
    if len(url) > _ADDRESS_LIMIT or not _ADDRESS.fullmatch(url) or _steers(url):
        return ""
    try:
        host = urlsplit(url).hostname or ""
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:  # a broken IPv6 address, or a name that is none
        return ""


def _label(text: str, url: str) -> str:
    return " ".join(showable(text).split()) or url


def _shown(host: str, text: str, url: str) -> str:
    """Return the host to say behind a label: any label could be read as another host, so all but the address itself."""
    return "" if _label(text, url) in (url, host) else f" ({host})"


def _unlinked(link: Link) -> str:
    return link.url if link.text in ("", link.url) else f"{link.text} ({link.url})"


# Direction. What turns the reading direction ends with the text that turned it (Unicode UAX 9).

_OPENS = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c") | dict.fromkeys("\u2066\u2067\u2068", "\u2069")
_CLOSES = frozenset(_OPENS.values())
_STEERING = re.compile(f"[{''.join(_OPENS)}{''.join(_CLOSES)}]")


def _steers(text: str) -> bool:
    return _STEERING.search(text) is not None


def contained(text: str) -> str:
    """Return `text` with every change of reading direction closed on its own line, so that it reorders only itself."""
    if not _steers(text):
        return text
    return "\n".join(line + _closing(line) for line in text.split("\n"))


def _closing(line: str) -> str:
    opened: list[str] = []
    for c in line:
        if c in _OPENS:
            opened.append(_OPENS[c])
        elif c in _CLOSES and c in opened:
            while opened.pop() != c:
                pass
    return "".join(reversed(opened))


# Plain text objects.


def plain(text: str, limit: int) -> Json:
    """Return a plain_text object of one line, of at most `limit` characters when escaped; `…` where it was longer."""
    return {"type": "plain_text", "text": fit(text, limit), "emoji": False}


def fit(text: str, limit: int) -> str:
    """Return `text` escaped and on one line in at most `limit` characters; "…" at its end says that it was longer."""
    line = " ".join(showable(text).split())
    whole = escape(contained(line))
    if len(whole) <= limit:
        return whole or SHORT
    for end in range(limit - len(SHORT), -1, -1):
        cut = escape(contained(line[:end].rstrip())) + SHORT
        if len(cut) <= limit:
            return cut
    raise ValueError(f"nothing fits in {limit} characters")


# What people typed.


def plain_emoji(name: str) -> str:
    """Return the name of a reaction without the colour of a skin, which changes no meaning."""
    return name.partition("::")[0]


_TOKEN = re.compile(
    r"<(?P<inside>[@#!][^<>]*|[a-z][a-z0-9+.-]*:[^<>]*)>|&(?P<entity>amp|lt|gt);", re.IGNORECASE
)
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}


def read(text: str) -> str:
    """Return what a person typed, with what Slack made of it undone.

    People and channels stay by their ids (`<@U1|ana>` is `@U1`, `<#C1|x>` is `#C1`), broadcasts and
    groups by their names, dates by their words, addresses without the label that Slack gave them.
    """
    return _TOKEN.sub(_typed, text)


def _typed(token: re.Match[str]) -> str:
    if token["entity"]:
        return _ENTITIES[token["entity"].lower()]
    target, _, label = token["inside"].partition("|")
    if target[0] in "@#":
        return target
    if target[0] == "!":
        name = target[1:].partition("^")[0]
        return read(label) or f"@{name}"
    if target.lower().startswith(("mailto:", "tel:")):
        return read(label) or target.partition(":")[2]
    return read(target)
