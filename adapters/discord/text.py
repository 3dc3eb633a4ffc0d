"""Spans to Discord's markdown: what people typed comes out as they typed it, and links only where we made one.

A `str` is escaped once, here, by a backslash before each mark that Discord would act on:

- anywhere: backslash, `*`, `_`, `~`, `|`, a backtick, `[`, and `<`, which begins mentions, slash commands,
  channels, time stamps, custom emoji and `<id:…>` alike;
- `:` where no white space follows (emoji names, addresses), `@` before everyone and here;
- `#`, `>`, `-`, `+` and a numeral's dot where white space follows, which make headings, quotes and lists;
- the dot of discord.gg and its kin, of which clients make invitations without any `https://`.

No rule looks at how a line begins, so a text may be cut between any two atoms, or stand behind
any other, and stay literal.

A `Mention` is written as the name, not as `<@id>`: with mentions off, Discord does not send the profile
along, so a device that has not met the person shows a number or "unknown user", as it does for everyone
who has left the server, and push notifications and search show the number to all.

Commands that the core names, which it does in code, are named as they are typed here: `/cop session list` is
`/session list`.

A `Moment` is `<t:…:F>`, the form with a weekday, in the reader's own zone and language; the first of a
line also says how far away it is.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from urllib.parse import quote, urlsplit

from bot.ui.spans import Bold, Code, Line, Link, Mention, Moment

ADDRESS_LIMIT = (
    1_500  # of a link's address as written here: a link is never cut, and fits any place with text
)
ATOM_LIMIT = 2_200
EMPHASIS_LIMIT = 300  # of a bold or code span, and of the words that stand for a link: longer ones are plain

ROOTS = ("session", "resource", "pulse", "digest", "help")
"""The commands besides `/cop` that stand by themselves here, and behind it elsewhere."""

_ELSEWHERE = re.compile(rf"\A/cop (?=(?:{'|'.join(ROOTS)})\b)")

# One set of characters first, and what makes each of them live after it: a search then skips all others.
_LIVE = re.compile(
    r"[\\*_~|`\[<:@#>+\-.](?:"
    r"(?<=[\\*_~|`\[<])"
    r"|(?<=:)(?=\S|\Z)"
    r"|(?<=@)(?=(?i:everyone|here))"
    r"|(?<=[#>+-])(?=[#>\s]|\Z)"
    r"|(?<=\d\.)(?=\s|\Z)"
    r"|(?i:(?<=discord\.)|(?<=discordapp\.))"
    r")"
)
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
# A word, or so much of a very long one, with the space around it; an escape is never parted from its mark.
_WORD = re.compile(r"\s{0,200}(?:\\\S|\S){1,500}\s{0,200}|\s{1,200}")
_UNSAFE = re.compile(r"""[^\w\-.~:/?#@!$&'+,;=%]|[*`]""")  # in an address: percent-encoded
_HOST_LIKE = re.compile(r"[\w.-]*\w\.[^\W\d_]{2,}")

# Unicode's explicit direction marks: those that begin a stretch, by the one that ends it.
_ENDS = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c") | dict.fromkeys("\u2066\u2067\u2068", "\u2069")
_TURNS = re.compile(f"[{''.join(_ENDS)}]")


def escape(text: str) -> str:
    """Return markdown that shows exactly `text`."""
    return _LIVE.sub(r"\\\g<0>", text)


def literal(markdown: str) -> str:
    """Return the text that `escape` was given."""
    return _ESCAPED.sub(r"\1", markdown)


def markdown(line: Line) -> str:
    """Return the line as markdown."""
    return "".join(atoms(line))


def atoms(line: Line) -> Iterator[str]:
    """Yield the line's markdown in pieces between which it may be cut: words, and tokens whole.

    None is longer than ATOM_LIMIT.
    """
    first = True  # no moment was told yet
    for span in _merged(line):
        match span:
            case str():
                yield from words(_closed(span))
            case Bold(text):
                yield from _bold(_closed(text))
            case Code(text):
                yield from _code(_closed(text))
            case Link(url, text):
                yield from _link(url, _closed(text))
            case Moment(at, _):
                seconds = int(at.timestamp())
                yield f"<t:{seconds}:F> (<t:{seconds}:R>)" if first else f"<t:{seconds}:F>"
                first = False


def words(text: str) -> Iterator[str]:
    """Yield the text escaped, word by word with the white space around it."""
    return (found[0] for found in _WORD.finditer(escape(text)))


def one_line(text: str) -> str:
    """Return the text escaped and on one line, for headings and labels."""
    return escape(_closed(" ".join(text.split())))


def site(url: str) -> str | None:
    """Return the host that an http(s) address leads to; None for anything that is not surely one.

    An address with a user name shows one host and opens another, so it is none.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return None if _UNSAFE.search(parts.netloc) else host


def _merged(line: Line) -> Iterator[str | Bold | Code | Link | Moment]:
    """Yield the spans with neighbours of one kind in one: `**a****b**` would be bold nowhere."""
    named = (f"@{span.name}" if isinstance(span, Mention) else span for span in line)
    for kind, group in groupby(named, key=type):
        spans = list(group)
        together = "".join(span if isinstance(span, str) else getattr(span, "text", "") for span in spans)
        if kind is str:
            yield together
        elif kind is Code:
            yield Code(_ELSEWHERE.sub("/", together))
        elif kind is Bold:
            yield Bold(together)
        else:
            yield from spans


def _bold(text: str) -> Iterator[str]:
    if len(text) > EMPHASIS_LIMIT:
        yield from words(text)
        return
    for part in re.split(r"(\s*\n\s*)", text):  # each line by itself, so that none begins inside a mark
        yield f"**{escape(part)}**" if part.strip() else part


def _code(text: str) -> Iterator[str]:
    # No escape is heard inside code, so what could end it is not written as code.
    if len(text) > EMPHASIS_LIMIT or not text.strip() or "`" in text or "\n" in text:
        yield from words(text)
    else:
        yield f"`{text}`"


def _link(url: str, text: str) -> Iterator[str]:
    host = site(url)
    address = _UNSAFE.sub(lambda found: quote(found[0], safe=""), url)
    if host is None or len(address) > ADDRESS_LIMIT:
        yield from words(text if text == url else f"{text} {url}".strip())
    elif url.startswith(text.removesuffix("…")):
        yield f"<{address}>"
    elif _honest(text, host):
        yield f"[{escape(text)}](<{address}>)"
    else:
        yield from words(f"{text} ")
        yield f"<{address}>"


def _honest(text: str, host: str) -> bool:
    """Whether the words may stand for a link to `host`: they name no other, and Discord takes them."""
    if (
        len(text) > EMPHASIS_LIMIT
        or not text.strip()
        or re.search(r"[\n\[\]]|://", text)
        or _TURNS.search(text)
    ):
        return False
    named = _HOST_LIKE.findall(unicodedata.normalize("NFKC", text).casefold())
    return all(name.removeprefix("www.") == host.removeprefix("www.") for name in named)


def _closed(text: str) -> str:
    """Return the text with every change of direction in a line ended in it, so that it turns nothing of ours."""
    if not _TURNS.search(text):
        return text
    return "\n".join(
        line + "".join(_ENDS[c] for c in reversed(_TURNS.findall(line))) for line in text.split("\n")
    )
