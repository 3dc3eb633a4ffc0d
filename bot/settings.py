"""Settings: every key that can be configured, its default, and what is accepted for it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

PLATFORMS = ("slack", "discord", "web", "console", "memory")
SLACK_API = "https://slack.com/api/"
DISCORD_API = "https://discord.com/api/v10"
_LENGTHS = {"m": 1, "h": 60, "d": 24 * 60}


def _matching(pattern: str, text: str) -> str:
    if not re.fullmatch(pattern, text):
        raise ValueError
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError from None
    return name


def _clock(text: str) -> str:
    hour, minute = _matching(r"\d{1,2}:\d\d", text).split(":")
    if int(hour) > 23 or int(minute) > 59:
        raise ValueError
    return f"{int(hour):02}:{minute}"


def _quiet(text: str) -> str:
    return "-".join(_clock(end.strip()) for end in _matching(r"[^-]+-[^-]+", text).split("-")) if text else ""


def _length(text: str) -> str:
    parts = re.findall(r"(\d+)\s*([mhd])", _matching(r"(\d{1,4}\s*[mhd]\s*)+", text.strip()))
    if not 0 < sum(int(number) * _LENGTHS[unit] for number, unit in parts) <= 30 * _LENGTHS["d"]:
        raise ValueError
    return "".join(number + unit for number, unit in parts)


def _lengths(text: str) -> str:
    entries = text.split(",") if text.strip() else []
    if len(entries) > 5:
        raise ValueError
    return ", ".join(_length(entry) for entry in entries)


def _database(url: str) -> str:
    urlsplit(url)
    return _matching(r"sqlite:///.+|postgresql://\S+", url)


def _host(text: str) -> str:
    return _matching(r"[0-9A-Za-z.:_-]{1,253}", text)


def _web_address(text: str) -> str:
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        raise ValueError
    return text.rstrip("/")


def _address(*schemes: str) -> AfterValidator:
    def check(text: str) -> str:
        url = urlsplit(text)
        if url.scheme not in schemes or not url.hostname or url.username or url.port == 0:
            raise ValueError
        return text

    return AfterValidator(lambda text: check(text) if text else text)


def _list(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _folder(value: object) -> object:
    return Path(value) if isinstance(value, str) and value.strip() else value


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,19}", value) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _token(secret: SecretStr) -> SecretStr:
    if re.search(r"\s", secret.get_secret_value()):
        raise ValueError
    return secret


# A description is what the message says was expected, wherever the type alone does not tell.
Secret = Annotated[
    SecretStr,
    AfterValidator(_token),
    Field(
        description="the secret as one word, or the name of a file holding it in the variable ending in _FILE"
    ),
]
Clock = Annotated[str, AfterValidator(_clock), Field(description='a time of day such as "10:00"')]
Emoji = Annotated[
    tuple[Annotated[str, AfterValidator(lambda name: _matching(r"[\w+'-]{1,100}", name))], ...],
    BeforeValidator(_list),
    Field(description='a list of emoji names without colons, such as ["bookmark"]'),
]


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class BotSettings(_Section):
    """[bot]: the installation as a whole. `admins` are "platform:id"."""

    name: Annotated[str, Field(min_length=1, max_length=35, description="1 to 35 characters")] = "Hearth"
    data_dir: Annotated[Path, BeforeValidator(_folder), Field(description="the path of a folder")] = Path(
        "data"
    )
    timezone: Annotated[
        str, AfterValidator(_zone), Field(description='an IANA time zone such as "Europe/Berlin"')
    ] = "UTC"
    create: Literal["admins", "anyone"] = "admins"
    admins: Annotated[
        tuple[Annotated[str, AfterValidator(lambda a: _matching(rf"({'|'.join(PLATFORMS)}):\S+", a))], ...],
        BeforeValidator(_list),
        Field(
            description='a list of people as "platform:id", such as ["slack:U123", "discord:42", "web:ana"]'
        ),
    ] = ()


class DatabaseSettings(_Section):
    """[database]. `url` may carry a password, so it is left out of representations."""

    url: Annotated[
        str,
        AfterValidator(_database),
        Field(repr=False, description='"sqlite:///PATH" or "postgresql://USER:PASSWORD@HOST/NAME"'),
    ] = "sqlite:///data/hearth.db"


class SlackSettings(_Section):
    """[slack]. The tokens go to `api_url`, hence `allow_other_hosts`."""

    enabled: bool = False
    mode: Literal["socket", "http"] = "socket"
    command: Annotated[
        str,
        AfterValidator(lambda text: _matching(r"/[a-z0-9_-]{1,31}", text)),
        Field(description='a slash and 1 to 31 lower-case letters, digits, "-" or "_", such as "/cop"'),
    ] = "/cop"
    bot_token: Secret = SecretStr("")
    app_token: Secret = SecretStr("")
    signing_secret: Secret = SecretStr("")
    api_url: Annotated[
        str, _address("http", "https"), Field(min_length=1, description="an http or https address")
    ] = SLACK_API
    allow_other_hosts: bool = False


class DiscordSettings(_Section):
    """[discord]. The token goes to `api_url` and the gateway, hence `allow_other_hosts`."""

    enabled: bool = False
    token: Secret = SecretStr("")
    guild_ids: Annotated[
        tuple[Annotated[int, BeforeValidator(_number), Field(gt=0)], ...],
        BeforeValidator(_list),
        Field(description="a list of server ids, each a whole number"),
    ] = ()
    api_url: Annotated[
        str, _address("http", "https"), Field(min_length=1, description="an http or https address")
    ] = DISCORD_API
    gateway_url: Annotated[
        str, _address("ws", "wss"), Field(description="a ws or wss address, or nothing")
    ] = ""
    native_events: bool = True
    members: bool = False
    allow_other_hosts: bool = False


class WebSettings(_Section):
    """[web]: the server for the web chat, feeds, health, metrics, Slack over HTTP. Port 0 is any free one."""

    host: Annotated[str, AfterValidator(_host), Field(description="an IP address or host name")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: Annotated[
        str, AfterValidator(_web_address), Field(description="an http or https address, or nothing")
    ] = ""
    chat: bool = False


class ReactionSettings(_Section):
    """[reactions]: emoji names by what they do; `confirm` is the bot's own."""

    save: Emoji = ("bookmark",)
    yes: Emoji = ("white_check_mark",)
    maybe: Emoji = ("question",)
    no: Emoji = ("x",)
    endorse: Emoji = ("star",)
    confirm: Annotated[Emoji, Field(min_length=1)] = ("pushpin",)


class DigestSettings(_Section):
    """[digest]: SPEC.md 8. `time` is wall-clock in the community's zone."""

    day: Annotated[Weekday, BeforeValidator(_lower)] = "tuesday"
    time: Clock = "10:00"
    approval: Literal["auto", "hold"] = "auto"
    minimum_items: Annotated[int, Field(ge=1, le=20)] = 3
    max_words: Annotated[int, Field(ge=50, le=1000)] = 350
    max_links: Annotated[int, Field(ge=1, le=50)] = 10
    late_hours: Annotated[int, Field(ge=1, le=168)] = 12
    recent_hours: Annotated[int, Field(ge=0, le=168)] = 12


class PulseSettings(_Section):
    """[pulse]: SPEC.md 6. The thresholds may be raised, never below 4."""

    threshold: Annotated[int, Field(ge=4, le=1000)] = 5
    text_threshold: Annotated[int, Field(ge=4, le=1000)] = 10
    poll_days: Annotated[int, Field(ge=1, le=90)] = 3
    survey_days: Annotated[int, Field(ge=1, le=90)] = 7
    fatigue_days: Annotated[int, Field(ge=0, le=365)] = 14


class SessionSettings(_Section):
    """[session]: what a new session or community starts with."""

    duration: Annotated[
        str, AfterValidator(_length), Field(description='a length such as "60m" or "1h30m"')
    ] = "60m"
    reminders: Annotated[
        str, AfterValidator(_lengths), Field(description='up to 5 lengths such as "24h, 15m", or nothing')
    ] = "24h, 15m"
    quiet_hours: Annotated[
        str, AfterValidator(_quiet), Field(description='two times of day such as "18:00-08:00", or nothing')
    ] = "18:00-08:00"


class ResourceSettings(_Section):
    """[resource]."""

    review_months: Annotated[int, Field(ge=1, le=120)] = 12
    max_tags: Annotated[int, Field(ge=1, le=20)] = 5


class ProposalSettings(_Section):
    """[proposal]: what turns a proposal into a community (DOMAIN.md 6)."""

    endorsers: Annotated[int, Field(ge=1, le=50)] = 3
    endorse_days: Annotated[int, Field(ge=1, le=365)] = 14
    commitments: Annotated[int, Field(ge=1, le=150)] = 12
    leaders: Annotated[int, Field(ge=1, le=20)] = 2
    questions: Annotated[int, Field(ge=0, le=150)] = 8
    gauging_days: Annotated[int, Field(ge=1, le=365)] = 30
    extension_days: Annotated[int, Field(ge=0, le=365)] = 30


class LogSettings(_Section):
    """[log]."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    format: Literal["text", "json"] = "text"


class Config(BaseModel):
    """Everything configured. `given` are the keys set by file or environment, as "web.port"."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bot: BotSettings = BotSettings()
    database: DatabaseSettings = DatabaseSettings()
    slack: SlackSettings = SlackSettings()
    discord: DiscordSettings = DiscordSettings()
    web: WebSettings = WebSettings()
    reactions: ReactionSettings = ReactionSettings()
    digest: DigestSettings = DigestSettings()
    pulse: PulseSettings = PulseSettings()
    session: SessionSettings = SessionSettings()
    resource: ResourceSettings = ResourceSettings()
    proposal: ProposalSettings = ProposalSettings()
    log: LogSettings = LogSettings()
    given: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()

    def with_defaults(self, defaults: Mapping[str, Mapping[str, Any]]) -> "Config":
        """Return the configuration with these values, by section and key, wherever none was given."""
        changed = {
            section: getattr(self, section).model_copy(
                update={key: value for key, value in values.items() if f"{section}.{key}" not in self.given}
            )
            for section, values in defaults.items()
        }
        return self.model_copy(update=changed)

    def secrets(self) -> frozenset[str]:
        """Return every secret in use, for the log to mask: tokens and the database password."""
        slack, found = self.slack, {self.discord.token}
        found |= {slack.bot_token, slack.app_token, slack.signing_secret}
        password = urlsplit(self.database.url).password or ""
        return frozenset({s.get_secret_value() for s in found} | {password, unquote(password)}) - {""}
