"""Strings that have broken programs: our own, and a larger list where it lies beside the repository."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

THEIRS = Path(__file__).parents[3] / "shared" / "data" / "naughty-strings.json"

# Each has broken something somewhere: quoting, a parser, a renderer, a collation, an index, a clock.
OURS = (
    "",
    " ",
    "\u00a0\u2003",
    "'",
    '"',
    "\\",
    "`",
    "“”„‘’«»",
    "'; DROP TABLE person; --",
    '" OR ""="',
    "%s %d %(name)s {0} {} ${HOME} $(id) `id` {{7*7}} #{1}",
    "%00 %0a%0d \\0 \\u0000 \\x00",
    "*bold* _italic_ ~struck~ `code` ```block``` > quote",
    "# Heading\n- item\n1. item\n---",
    "[label](javascript:alert(1)) ![x](http://example.org/x.png)",
    "<b>bold</b> <script>alert(1)</script> &lt;b&gt; &amp; &#0; <!-- --> ]]>",
    "<@U123> <@!42> <@&7> <#C123> <!channel> <!here> <!everyone> <!date^0^{date}|x> <t:0:R>",
    "@everyone @here @channel #general :tada: <:a:1>",
    "https://example.org/?a=1&b=<2> http://user:pass@example.org ftp://x javascript:alert(1)",
    "=1+1 +1 -1 @SUM(A1) \t=cmd|' /C calc'!A0",
    "BEGIN:VEVENT\r\nSUMMARY:x\r\nEND:VEVENT",
    "a\r\nSet-Cookie: x=1\r\n\r\nb",
    "a:b c:d name:x community:python key:",
    "/cop help",
    "NULL null None nil undefined NaN Infinity true false -0 0x10 1e309 ١٢٣",
    "99999999999999999999999999",
    "../../etc/passwd",
    "line one\nline two\n\n\nline five",
    "tab\tbed",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x08\x08 \x7f \x9b31m",
    "\ufeffmark first",
    "zero\u200bwidth\u200djoiner\u00adsoft\u2060",
    "\u202eright to left\u202c \u2066isolate\u2069 \u200f\u061c",
    "line\u2028separator\u2029paragraph",
    "e\u0301 \u0041\u030a \u1112\u1161\u11ab \ufb01 \u212b \u0344",
    "Z̷̡̢͎̗̙͚̞͌̈́a̸l̴g̵o̶",
    "İstanbul ı ß ﬀ ǅ Σίσυφος ς",
    "👩‍👩‍👧‍👦 🇬🇧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏿 ☃️ 𝔛 𠜎",
    "\ue000 \uffff \ufffe \U0010ffff \U0001f9ff",
    "مرحبا שלום नमस्ते สวัสดี 你好 こんにちは 안녕",
    "﷽" * 5,
    "ﷺ" + "\u0300" * 30,
    "a" * 60,
    "word " * 12,
)
NO_TEXT = ("a\0b", "\0", "half \ud800 done", "\udc00\ud800")


def theirs() -> list[str]:
    """Return the larger list; nothing where it is not there."""
    return json.loads(THEIRS.read_text("utf-8")) if THEIRS.exists() else []


def literal(text: str) -> str:
    """Return what has to come out: the same characters in NFC, without controls and outer white space."""
    lines = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


def packed(strings: Sequence[str], limit: int) -> Iterator[str]:
    """Yield all strings that fit a field of that limit, as many together as fit, each on a line of its own."""
    together = ""
    for string in strings:
        longer = f"{together}\n{string}" if together else string
        if len(literal(longer)) <= limit:
            together = longer
        else:
            if literal(together):
                yield together
            together = string if len(literal(string)) <= limit else ""
    if literal(together):
        yield together
