"""Markdown read as Discord's clients read it: which parts are alive, and what is left to be seen.

Written from Discord's help pages and its clients' rules, not from our renderer, and meaner than they
are where they differ from one another: what any client might act on is alive.
"""

import re
from dataclasses import dataclass

_SPACE = r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
# At the beginning of a line, or of what could become one once spaces are trimmed.
_LINE = re.compile(rf"{_SPACE}*(?P<block>#{{1,3}}(?=\s)|-#(?=\s)|>>>(?=\s)|>(?=\s)|[-*+](?=\s)|\d+\.(?=\s))")
_TOKENS = (
    ("fence", re.compile(r"```.*?```", re.DOTALL)),
    ("code", re.compile(r"(`+)(?P<value>.*?[^`])\1(?!`)", re.DOTALL)),
    ("link", re.compile(r"\[(?P<value>(?:\\.|[^\]\\])*)\]\(\s*<?(?P<target>[^)>\s]*)>?[^)]*\)")),
    ("address", re.compile(r"<(?P<value>\w+://[^ >]+|(?:mailto|tel|sms):[^ >]+)>")),
    ("person", re.compile(r"<@!?\d+>")),
    ("role", re.compile(r"<@&\d+>")),
    ("channel", re.compile(r"<#\d+>")),
    ("command", re.compile(r"</[^>]+:\d+>")),
    ("guide", re.compile(r"<id:[^>]+>")),
    ("emoji", re.compile(r"<a?:\w+:\d+>|:[^\s:]+:")),
    ("moment", re.compile(r"<t:(?P<value>-?\d+)(?P<style>:[A-Za-z])?>")),
    ("mail", re.compile(r"<[^\s<>]+@[^\s<>]+\.[^\s<>]+>|<[+\d][\d -]+>")),
    ("everyone", re.compile(r"@(?:everyone|here)", re.IGNORECASE)),
    ("url", re.compile(r"[a-z][a-z0-9+.-]*://[^\s<]+", re.IGNORECASE)),
    ("invite", re.compile(r"discord(?:app)?\.(?:gg|com|new|gift)\b", re.IGNORECASE)),
    ("bold", re.compile(r"\*\*(?P<value>(?:\\.|[^\\])+?)\*\*(?!\*)", re.DOTALL)),
    ("underline", re.compile(r"__(?:\\.|[^\\])+?__(?!_)", re.DOTALL)),
    ("italic", re.compile(r"\*(?:\\.|[^\\])+?\*|_(?:\\.|[^\\])+?_", re.DOTALL)),
    ("strike", re.compile(r"~~(?:\\.|[^\\])+?~~", re.DOTALL)),
    ("spoiler", re.compile(r"\|\|.+?\|\|", re.DOTALL)),
)


@dataclass(frozen=True, slots=True)
class Token:
    """Something alive: its kind, and what it is about."""

    kind: str
    value: str = ""


def tokens(markdown: str) -> list[Token]:
    """Return everything alive in the markdown, in order; what a mark encloses comes after the mark."""
    return read(markdown)[0]


def seen(markdown: str) -> str:
    """Return what is left to be seen, with `<t:…>` as it stands."""
    return read(markdown)[1]


def read(markdown: str) -> tuple[list[Token], str]:
    """Return what is alive, and what is seen."""
    found: list[Token] = []
    text: list[str] = []
    at = 0
    begins = True
    while at < len(markdown):
        block = _LINE.match(markdown, at) if begins else None
        if block:
            found.append(Token("block", block["block"]))
            at, begins = block.end(), False
            continue
        begins = False
        escaped = re.compile(r"\\([^0-9A-Za-z\s])").match(markdown, at)
        if escaped:
            text.append(escaped[1])
            at = escaped.end()
            continue
        kind, token = next(((k, m) for k, p in _TOKENS if (m := p.match(markdown, at))), ("", None))
        if token is None:
            text.append(markdown[at])
            # Some clients break lines, or begin blocks, at other separators too.
            begins = markdown[at] in "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
            at += 1
            continue
        at = token.end()
        groups = token.groupdict()
        value = groups.get("target") or groups.get("value") or token[0]
        found.append(Token(kind, value))
        if kind in ("bold", "link"):
            inner, words = read(groups["value"])
            found += inner
            text.append(words)
        else:
            text.append(token[0] if kind == "moment" else value)
    return found, "".join(text)
