"""One address for one page: links as people paste them, brought to the form they are kept and compared in."""

import re
import unicodedata
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import unquote, urlsplit

from bot.errors import BadValue

LIMIT = 2_000
"""The longest address kept, in characters."""

_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST_AND_PORT = re.compile(r"[^/?#]*:\d+(?=[/?#]|$)")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = _UNRESERVED | frozenset("!$&'()*+,;=:@/")
_IN_QUERY = _IN_PATH | frozenset("?")

# Parameters that say where a visitor came from and never which page they see. An own list: the
# libraries that have one drop real parameters with it (`?id=5`, `?q=1`).
# fmt: off
_TRACKING = frozenset({
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ymclid", "twclid",
    "ttclid", "li_fat_id", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "__hssc",
    "__hstc", "__hsfp", "hsctatracking", "vero_id", "vero_conv", "oly_enc_id", "oly_anon_id", "wickedid",
    "rb_clickid", "s_cid", "ref_src", "ref_url", "_ga", "_gl", "_openstat", "fb_action_ids",
    "fb_action_types", "fb_source", "fb_ref", "cmpid", "ml_subscriber", "ml_subscriber_hash", "pk_campaign",
    "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content",
})
# fmt: on
_TRACKING_PREFIXES = ("utm_", "mtm_", "piwik_", "matomo_", "hsa_")
_TRACKING_BY_SITE = {
    "youtube.com": frozenset({"si", "feature", "pp"}),
    "youtu.be": frozenset({"si", "feature"}),
    "spotify.com": frozenset({"si"}),
    "twitter.com": frozenset({"s", "t"}),
    "x.com": frozenset({"s", "t"}),
    "linkedin.com": frozenset({"trk", "trackingid", "rcm"}),
}


def canonical(text: str) -> str:
    """Return the address in `text` in its one form. `canonical(canonical(x)) == canonical(x)`.

    Scheme and host in lower case (a host in other scripts as punycode), without credentials, default
    port, tracking parameters, trailing slash or fragment; `#!` and `#/` stay, since they name a page.
    "example.org/x" gets https; Slack's "<https://example.org|label>" is unwrapped. Raises BadValue for
    whatever is not one http or https address of at most 2,000 characters.
    """
    raw = _unwrapped(text)
    if not raw:
        raise BadValue("The link is missing. It looks like https://example.org/page.")
    if len(raw) > LIMIT:
        raise BadValue(f"A link may have at most {LIMIT:,} characters; this has {len(raw):,}.")
    if any(c.isspace() or unicodedata.category(c) in ("Cc", "Cs") for c in raw):
        raise BadValue("A link has no spaces in it. Please give one link, such as https://example.org/page.")
    scheme, rest = _scheme(raw)
    try:
        parts = urlsplit(f"{scheme}:{rest}")
        port = parts.port
    except ValueError:
        raise _unreadable() from None
    place = _host(parts.netloc)
    if port is not None and port != _PORTS[scheme]:
        place += f":{port}"
    query = _query(parts.query, place)
    fragment = _encoded(parts.fragment, _IN_QUERY) if parts.fragment.startswith(("!", "/")) else ""
    found = f"{scheme}://{place}{_path(parts.path)}" + (query and f"?{query}") + (fragment and f"#{fragment}")
    if len(found) > LIMIT:
        raise BadValue(f"A link may have at most {LIMIT:,} characters; written out, this has {len(found):,}.")
    return found


def twins(url: str) -> tuple[str, ...]:
    """Return a canonical address and the one that differs in http or https only.

    With a port of its own the other scheme would be another server, so there is no twin.
    """
    scheme, _, rest = url.partition("://")
    if urlsplit(url).port is not None:
        return (url,)
    return url, f"{'http' if scheme == 'https' else 'https'}://{rest}"


def site(url: str) -> str:
    """Return the host of a canonical address without `www.`: what people call the site."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


def title(url: str) -> str:
    """Return a readable stand-in for a page's title: the site and the last words of its path."""
    path = unquote(urlsplit(url).path, errors="replace").rstrip("/").rpartition("/")[2]
    name = " ".join(re.sub(r"\.(html?|php|aspx?|pdf|md)$", "", path, flags=re.IGNORECASE).split("-"))
    words = "".join(c for c in name.replace("_", " ") if unicodedata.category(c)[0] != "C")
    words = " ".join(words.split())
    return f"{site(url)}: {words}" if words else site(url)


def _unwrapped(text: str) -> str:
    raw = text.strip()
    if raw.startswith("<") and raw.endswith(">"):
        raw = raw[1:-1].partition("|")[0].strip()
    return raw


def _scheme(raw: str) -> tuple[str, str]:
    """Return the scheme and what follows it from `//` on; a bare "example.org/x" has https."""
    named = _SCHEME.match(raw)
    if named is None or (_HOST_AND_PORT.match(raw) and "." in raw[: named.end()]):
        if raw.startswith("//"):
            return "https", raw
        if "." not in re.split(r"[/?#]", raw, maxsplit=1)[0]:
            raise _unreadable()
        return "https", f"//{raw}"
    scheme = named[0][:-1].lower()
    if scheme not in _PORTS:
        raise BadValue(f"A link begins with https:// or http://, not {scheme[:30]}:.")
    return scheme, raw[named.end() :]


def _unreadable() -> BadValue:
    return BadValue("That is not a link. It looks like https://example.org/page.")


def _host(netloc: str) -> str:
    # A browser reads a backslash as a slash: what follows it would not be the host it opens.
    if "\\" in netloc:
        raise _unreadable()
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:].partition(']')[0])}]"
        except AddressValueError:
            raise _unreadable() from None
    host = unicodedata.normalize("NFKC", host.partition(":")[0]).lower()
    if any(unicodedata.category(c)[0] in "CZ" for c in host):
        raise _unreadable()
    labels = [_ascii(label) for label in host.replace("\u3002", ".").removesuffix(".").split(".")]
    found = ".".join(labels)
    if len(found) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _unreadable()
    return found


def _ascii(label: str) -> str:
    # Not Python's idna codec: it is of 2003 and turns faß.de into fass.de, another owner's site.
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _path(path: str) -> str:
    kept: list[str] = []
    for segment in _encoded(path, _IN_PATH).split("/")[1:]:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "".join(f"/{segment}" for segment in kept).rstrip("/")


def _query(query: str, host: str) -> str:
    parts = [_encoded(part, _IN_QUERY) for part in query.split("&") if part]
    own = frozenset[str]().union(
        *(names for name, names in _TRACKING_BY_SITE.items() if host == name or host.endswith(f".{name}"))
    )
    return "&".join(part for part in parts if not _tracks(unquote(part.partition("=")[0]).lower(), own))


def _tracks(name: str, own: frozenset[str]) -> bool:
    return name in _TRACKING or name in own or name.startswith(_TRACKING_PREFIXES)


def _encoded(text: str, allowed: frozenset[str]) -> str:
    """Return `text` with percent-encoding in its one form: never where it is not needed, in upper case."""
    out: list[str] = []
    at = 0
    while at < len(text):
        escaped = _PERCENT.match(text, at)
        if escaped:
            char = chr(int(escaped[1], 16))
            out.append(char if char in _UNRESERVED else f"%{escaped[1].upper()}")
            at = escaped.end()
            continue
        char = text[at]
        out.append(char if char in allowed else "".join(f"%{byte:02X}" for byte in char.encode()))
        at += 1
    return "".join(out)
