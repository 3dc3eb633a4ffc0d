"""Configuration: config.toml and the environment, read once, with every problem told at once."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from bot.settings import Config, DiscordSettings, SlackSettings

__all__ = ["Config", "ConfigProblems", "load"]

_SECTIONS: dict[str, type[BaseModel]] = {
    name: info.annotation
    for name, info in Config.model_fields.items()
    if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
}
_PREFIX = "HEARTH_"
_SECRET = [
    ("slack", "bot_token"),
    ("slack", "app_token"),
    ("slack", "signing_secret"),
    ("discord", "token"),
    ("database", "url"),
]
_YES_NO = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}

Key = tuple[str, str]


class ConfigProblems(Exception):
    """The configuration cannot be used. `problems` are lines of source, key and what was expected."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass
class _Findings:
    """What has been read so far: values by key, the source of each, and what is wrong."""

    values: dict[Key, Any] = field(default_factory=dict)
    sources: dict[Key, str] = field(default_factory=dict)
    wrong: set[Key] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def put(self, key: Key, value: Any, source: str) -> None:
        self.values[key], self.sources[key] = value, source

    def expected(self, key: Key, what: str, *, source: str = "", part: str = "") -> None:
        """Note that something else was expected at `key`; its value, perhaps a secret, is never shown."""
        self.wrong.add(key)
        self.problems.append(f"{source or self.sources[key]}: {'.'.join(key)}{part}: expected {what}")


def load(path: Path | None, environ: Mapping[str, str], *, secrets: bool = True) -> Config:
    """Return the configuration in the file at `path`, if one is named, overridden by HEARTH_SECTION__KEY.

    Without `secrets` those of enabled platforms may be missing still: what installs them comes first.
    Raises ConfigProblems with every problem of both at once.
    """
    found = _Findings()
    complete = _read_file(path, found) if path else True
    _read_environment(environ, found)
    config = _validated(found)
    _check_meaning(config, found, path, complete=complete and secrets)
    if found.problems:
        raise ConfigProblems(found.problems)
    return config.model_copy(
        update={
            "given": frozenset(".".join(key) for key in found.values),
            "warnings": tuple(found.warnings),
        }
    )


def _read_file(path: Path, found: _Findings) -> bool:
    """Read the file into `found`; return whether its content could be understood at all."""
    try:
        data = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        found.problems.append(f"{path}: expected a readable file: {error.strerror or type(error).__name__}")
        return False
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found.problems.append(f"{path} line {line}: expected UTF-8 text")
        return False
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        number = re.match(r"line (\d+)", place)
        where = f"{path} line {number[1]}" if number else f"{path}, at its end"
        found.problems.append(f"{where}: expected TOML in which every section and key stands once: {reason}")
        return False
    for section, table in tables.items():
        _read_table(path, text, section, table, found)
    secret = any(_holds_secret(key, found.values.get(key)) for key in _SECRET)
    if secret and os.name == "posix" and mode & stat.S_IROTH:
        found.warnings.append(
            f"{path} holds secrets and everyone on this machine can read it. Run: chmod 600 {path}"
        )
    return True


def _read_table(path: Path, text: str, section: str, table: Any, found: _Findings) -> None:
    if section not in _SECTIONS:
        source = _line(path, text, section, None)
        found.problems.append(
            f"{source}: [{section}]: expected a known section{_nearest(section, _SECTIONS)}"
        )
    elif not isinstance(table, dict):
        found.problems.append(
            f"{_line(path, text, None, section)}: {section}: expected a section, [{section}]"
        )
    else:
        for name, value in table.items():
            key, source = (section, name), _line(path, text, section, name)
            if name in _SECTIONS[section].model_fields:
                found.put(key, value, source)
            else:
                nearest = _nearest(name, _SECTIONS[section].model_fields)
                found.expected(key, f"a known key{nearest}", source=source)


def _line(path: Path, text: str, section: str | None, name: str | None) -> str:
    """Return the path, with the line on which the section or key is written where that is plain to see."""
    current: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            current = header[1]
            if name is None and current == section:
                return f"{path} line {number}"
        elif (
            name is not None
            and current == section
            and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line)
        ):
            return f"{path} line {number}"
    return str(path)


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"; perhaps {near[0]}" if near else f", one of {', '.join(known)}"


def _read_environment(environ: Mapping[str, str], found: _Findings) -> None:
    for variable in sorted(environ):
        section, double, name = variable.removeprefix(_PREFIX).lower().partition("__")
        if not variable.startswith(_PREFIX):
            continue
        if not double:
            _warn_of_single_underscore(variable, found)
        elif section not in _SECTIONS:
            found.problems.append(f"{variable}: expected a known section{_nearest(section, _SECTIONS)}")
        elif name.removesuffix("_file") != name and (section, name.removesuffix("_file")) in _SECRET:
            _read_secret(variable, (section, name.removesuffix("_file")), environ, found)
        elif name not in _SECTIONS[section].model_fields:
            nearest = _nearest(name, _SECTIONS[section].model_fields)
            found.expected((section, name), f"a known key{nearest}", source=variable)
        else:
            value = _from_text(environ[variable], _SECTIONS[section].model_fields[name])
            found.put((section, name), value, variable)


def _warn_of_single_underscore(variable: str, found: _Findings) -> None:
    # No error: container platforms set HEARTH_WEB_PORT and the like for a service called hearth-web.
    meant = {
        _variable((section, name)) for section, model in _SECTIONS.items() for name in model.model_fields
    }
    for candidate in meant:
        if candidate.replace("__", "_") == variable:
            found.warnings.append(f"{variable} is not read; the setting is called {candidate}.")


def _read_secret(variable: str, key: Key, environ: Mapping[str, str], found: _Findings) -> None:
    """Read the secret from the file that the variable names; only the line end after it is dropped."""
    if _variable(key) in environ:
        found.expected(key, f"this or {_variable(key)}, not both", source=variable)
        return
    try:
        text = Path(environ[variable]).read_text("utf-8").rstrip("\r\n")
    except (OSError, ValueError):
        found.expected(key, "the name of a readable file holding the secret", source=variable)
        return
    if text:
        found.put(key, text, variable)
    else:
        found.expected(key, "a file that is not empty", source=variable)


def _variable(key: Key) -> str:
    return f"{_PREFIX}{key[0]}__{key[1]}".upper()


def _from_text(text: str, info: FieldInfo) -> Any:
    """Return the text of a variable as the type of its key, or as it is where it does not read as one."""
    if info.annotation is bool:
        return _YES_NO.get(text.strip().lower(), text)
    if info.annotation is int:
        return int(text) if re.fullmatch(r"\s*-?\d{1,18}\s*", text) else text
    if get_origin(info.annotation) is tuple:
        if not text.lstrip().startswith("["):
            return [item.strip() for item in text.split(",") if item.strip()]
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _validated(found: _Findings) -> Config:
    """Return the configuration with wrong values left at their defaults, each noted in `found`."""
    sections: dict[str, BaseModel] = {}
    for section, model in _SECTIONS.items():
        values = {name: value for (at, name), value in found.values.items() if at == section}
        try:
            sections[section] = model.model_validate(values)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False, include_context=False):
                name, *rest = problem["loc"]
                part = f", entry {rest[0] + 1}" if rest and isinstance(rest[0], int) else ""
                what = _expectation(model.model_fields[str(name)])
                found.expected((section, str(name)), what, part=part)
                values.pop(str(name), None)
            sections[section] = model.model_validate(values)
    return Config.model_validate(sections)


def _expectation(info: FieldInfo) -> str:
    """Return in words what a key accepts."""
    if info.description:
        return info.description
    if info.annotation is bool:
        return "true or false"
    if info.annotation is int:
        low = next(m.ge for m in info.metadata if hasattr(m, "ge"))
        high = next(m.le for m in info.metadata if hasattr(m, "le"))
        return f"a whole number from {low} to {high}"
    if get_origin(info.annotation) is Literal:
        return " or ".join(f'"{choice}"' for choice in get_args(info.annotation))
    return "text in quotes"


def _check_meaning(config: Config, found: _Findings, path: Path | None, *, complete: bool) -> None:
    """Note what no single key can tell: missing secrets, tokens sent to strangers, emoji used twice."""
    if complete:
        _check_secrets(config, found, path)
    slack, discord = config.slack, config.discord
    _check_host("slack", "api_url", slack, ("slack.com",), found)
    _check_host("discord", "api_url", discord, ("discord.com",), found)
    _check_host("discord", "gateway_url", discord, ("discord.gg",), found)
    if config.pulse.text_threshold < config.pulse.threshold and not _wrong(found, "pulse"):
        key = ("pulse", "text_threshold" if ("pulse", "text_threshold") in found.sources else "threshold")
        found.expected(key, "pulse.text_threshold to be at least pulse.threshold")
    _check_reactions(config, found)
    if config.web.chat and not _loopback(config.web.host):
        found.warnings.append(
            f"web.chat is on and web.host is {config.web.host}: "
            "whoever reaches that address can speak as anyone."
        )


def _check_secrets(config: Config, found: _Findings, path: Path | None) -> None:
    slack = config.slack
    second = (
        ("app_token", "an app token (xapp-…)")
        if slack.mode == "socket"
        else ("signing_secret", "the signing secret")
    )
    needed = {
        ("slack", "bot_token"): (slack.enabled, "a bot token (xoxb-…)", "slack.enabled is true"),
        ("slack", second[0]): (slack.enabled, second[1], f'slack.mode is "{slack.mode}"'),
        ("discord", "token"): (config.discord.enabled, "a bot token", "discord.enabled is true"),
    }
    for key, (enabled, what, why) in needed.items():
        secret = getattr(getattr(config, key[0]), key[1])
        if enabled and key not in found.wrong and not secret.get_secret_value():
            source = found.sources.get(key) or (str(path) if path else _variable(key))
            found.expected(key, f"{what}, since {why}; give it there or in {_variable(key)}", source=source)
    for name, other, kind in (("bot_token", "xapp-", "bot"), ("app_token", "xoxb-", "app")):
        if getattr(slack, name).get_secret_value().startswith(other):
            found.expected(("slack", name), f"the {kind} token; this one begins with {other}")


def _check_host(
    section: str,
    name: str,
    settings: SlackSettings | DiscordSettings,
    own: tuple[str, ...],
    found: _Findings,
) -> None:
    key = (section, name)
    url = urlsplit(getattr(settings, name))
    host = url.hostname or ""
    if key not in found.sources or key in found.wrong or not host or _loopback(host):
        return
    official = any(host == domain or host.endswith("." + domain) for domain in own)
    if not official and not settings.allow_other_hosts:
        found.expected(
            key,
            f"a loopback address or {own[0]}, since the token is sent there; "
            f"{section}.allow_other_hosts = true permits any other",
        )
    elif url.scheme not in ("https", "wss"):
        found.expected(key, "an encrypted address (https or wss), since the token is sent there")


def _check_reactions(config: Config, found: _Findings) -> None:
    if _wrong(found, "reactions"):
        return
    seen: dict[str, str] = {}
    for name, emojis in config.reactions:
        for emoji in emojis:
            other = seen.setdefault(emoji, name)
            if other != name:
                key = ("reactions", name if ("reactions", name) in found.sources else other)
                found.expected(key, f'every emoji once; "{emoji}" is in {other} and {name}')


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wrong(found: _Findings, section: str) -> bool:
    return any(at == section for at, _ in found.wrong)


def _holds_secret(key: Key, value: Any) -> bool:
    if key == ("database", "url"):
        return bool(re.match(r"\w+://[^/]*:[^/]*@", str(value)))
    return bool(value)
