"""Configuration: what is accepted and refused; a refusal names its source and never shows a secret."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.config import Config, ConfigProblems, load

ROOT = Path(__file__).parents[1]
TOKEN = "xoxb-canary-7731"  # made up


def problems(path: Path | None, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigProblems) as caught:
        load(path, environ or {})
    return str(caught.value).splitlines()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def written(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    return file


def test_the_defaults_need_no_file() -> None:
    config = load(None, {})
    assert config == Config()
    assert config.digest.day == "tuesday"
    assert config.given == frozenset()


def test_the_example_has_every_key_with_its_default() -> None:
    text = (ROOT / "config.example.toml").read_text("utf-8")
    assert load(ROOT / "config.example.toml", {}).model_copy(update={"given": frozenset()}) == Config()
    example = {f"{section}.{key}" for section, table in tomllib.loads(text).items() for key in table}
    assert load(ROOT / "config.example.toml", {}).given == example
    sections = (n for n in Config.model_fields if n not in ("given", "warnings"))
    assert example == {f"{section}.{key}" for section in sections for key, _ in getattr(Config(), section)}


def test_every_key_of_the_example_is_explained_on_the_line_above() -> None:
    lines = (ROOT / "config.example.toml").read_text("utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    assert len(keys) > 50
    assert [lines[n] for n in keys if not lines[n - 1].startswith("# ")] == []


def test_the_environment_overrides_the_file(file: Path) -> None:
    written(file, '[web]\nport = 9000\nhost = "127.0.0.2"\n')
    config = load(file, {"HEARTH_WEB__PORT": "9001", "HEARTH_WEB__CHAT": "yes", "PATH": "/bin"})
    assert (config.web.port, config.web.host, config.web.chat) == (9001, "127.0.0.2", True)
    assert config.given == {"web.port", "web.host", "web.chat"}


@pytest.mark.parametrize("text", ["slack:U1, web:ana", '["slack:U1", "web:ana"]'])
def test_lists_in_the_environment_are_json_or_comma_separated(text: str) -> None:
    assert load(None, {"HEARTH_BOT__ADMINS": text}).bot.admins == ("slack:U1", "web:ana")


def test_guild_ids_are_numbers_however_written(file: Path) -> None:
    assert load(written(file, '[discord]\nguild_ids = [42, "43"]'), {}).discord.guild_ids == (42, 43)
    assert load(None, {"HEARTH_DISCORD__GUILD_IDS": "42,43"}).discord.guild_ids == (42, 43)


GOOD_AND_BAD = [
    ("bot", "name", '"Ember"', '""'),
    ("bot", "data_dir", '"/var/lib/hearth"', '" "'),
    ("bot", "timezone", '"Europe/Berlin"', '"Europe/Atlantis"'),
    ("bot", "timezone", '"UTC"', '"../../etc/passwd"'),
    ("bot", "create", '"anyone"', '"everyone"'),
    ("bot", "admins", '["discord:42"]', '["ana"]'),
    ("bot", "admins", "[]", '"slack:U1"'),
    ("database", "url", '"postgresql://u:p@localhost/h"', '"mysql://u:p@localhost/h"'),
    ("slack", "enabled", "false", '"false"'),
    ("slack", "mode", '"http"', '"https"'),
    ("slack", "command", '"/hearth-dev"', '"hearth"'),
    ("slack", "bot_token", '"xoxb-1"', '"xoxb 1"'),
    ("slack", "bot_token", '"xoxb-1"', '"xapp-1"'),
    ("slack", "api_url", '"http://127.0.0.1:9/api/"', '"https://slack.example.org/api/"'),
    ("slack", "api_url", '"http://[::1]:9/"', '"http://slack.com/api/"'),
    ("slack", "api_url", '"http://localhost/"', '"https://slack.com.evil.example/api/"'),
    ("slack", "api_url", '"https://slack.com/api/"', '"https://[oops/"'),
    ("discord", "api_url", '"http://127.0.0.1:9/api"', '"https://discord.com@evil.example/"'),
    ("discord", "gateway_url", '"ws://127.0.0.1:9"', '"wss://gateway.example.org"'),
    ("discord", "gateway_url", '""', '"http://127.0.0.1:9"'),
    ("discord", "guild_ids", "[1]", '["one"]'),
    ("web", "port", "0", "65536"),
    ("web", "port", "8080", '"8080"'),
    ("web", "port", "8080", "true"),
    ("web", "host", '"::1"', '"local host"'),
    ("web", "public_url", '"https://h.example.org"', '"h.example.org"'),
    ("reactions", "save", '["bookmark", "+1"]', '[":bookmark:"]'),
    ("reactions", "yes", '["heavy_check_mark"]', '["x"]'),
    ("reactions", "confirm", '["eyes"]', "[]"),
    ("digest", "day", '"Friday"', '"someday"'),
    ("digest", "time", '"9:30"', '"25:00"'),
    ("digest", "time", '"23:59"', "10:00:00"),
    ("digest", "max_words", "350", "0"),
    ("pulse", "threshold", "4", "3"),
    ("pulse", "text_threshold", "5", "4"),
    ("session", "duration", '"1h30m"', '"an hour"'),
    ("session", "duration", '"1d"', '"0m"'),
    ("session", "reminders", '""', '"24h; 15m"'),
    ("session", "quiet_hours", '""', '"evening"'),
    ("session", "quiet_hours", '"22:00-6:00"', '"22:00-24:00"'),
    ("resource", "max_tags", "3", "3.0"),
    ("log", "level", '"WARNING"', '"verbose"'),
]


@pytest.mark.parametrize(("section", "key", "good", "bad"), GOOD_AND_BAD)
def test_a_value_is_accepted_or_refused_with_file_line_and_key(
    file: Path, section: str, key: str, good: str, bad: str
) -> None:
    assert load(written(file, f"[{section}]\n{key} = {good}\n"), {}).given == {f"{section}.{key}"}
    [line] = problems(written(file, f"[{section}]\n\n{key} = {bad}\n"))
    assert line.startswith(f"{file} line 3: {section}.{key}")
    assert ": expected " in line


def test_other_hosts_need_their_own_switch_and_encryption(file: Path) -> None:
    text = '[slack]\nallow_other_hosts = true\napi_url = "{}://slack.example.org/"\n'
    assert load(written(file, text.format("https")), {}).slack.api_url == "https://slack.example.org/"
    assert "encrypted" in problems(written(file, text.format("http")))[0]


def test_everything_wrong_is_told_at_once(file: Path) -> None:
    written(file, '[slack]\nenabled = true\n[web]\nprot = 1\n[wbe]\n[bot]\nadmins = ["x", "web:a", "y"]\n')
    lines = problems(file, {"HEARTH_LOG__LEVEL": "loud", "HEARTH_LGO__LEVEL": "info", "HEARTH_LOG__X": ""})
    assert sorted(line.removeprefix(str(file)) for line in lines) == [
        " line 4: web.prot: expected a known key; perhaps port",
        " line 5: [wbe]: expected a known section; perhaps web",
        ' line 7: bot.admins, entry 1: expected a list of people as "platform:id", '
        'such as ["slack:U123", "discord:42", "web:ana"]',
        ' line 7: bot.admins, entry 3: expected a list of people as "platform:id", '
        'such as ["slack:U123", "discord:42", "web:ana"]',
        ": slack.app_token: expected an app token (xapp-…), "
        'since slack.mode is "socket"; give it there or in HEARTH_SLACK__APP_TOKEN',
        ": slack.bot_token: expected a bot token (xoxb-…), "
        "since slack.enabled is true; give it there or in HEARTH_SLACK__BOT_TOKEN",
        "HEARTH_LGO__LEVEL: expected a known section; perhaps log",
        'HEARTH_LOG__LEVEL: log.level: expected "debug" or "info" or "warning" or "error"',
        "HEARTH_LOG__X: log.x: expected a known key, one of level, format",
    ]


@pytest.mark.parametrize(
    ("environ", "missing"),
    [
        ({"HEARTH_SLACK__ENABLED": "true", "HEARTH_SLACK__BOT_TOKEN": "xoxb-1"}, "slack.app_token"),
        (
            {"HEARTH_SLACK__ENABLED": "1", "HEARTH_SLACK__MODE": "http", "HEARTH_SLACK__BOT_TOKEN": "xoxb-1"},
            "slack.signing_secret",
        ),
        ({"HEARTH_DISCORD__ENABLED": "on"}, "discord.token"),
        ({"HEARTH_DISCORD__ENABLED": "on", "HEARTH_DISCORD__TOKEN": ""}, "discord.token"),
    ],
)
def test_an_enabled_platform_needs_its_secrets(environ: dict[str, str], missing: str) -> None:
    [line] = problems(None, environ)
    variable = "HEARTH_" + missing.replace(".", "__").upper()
    assert line.startswith(f"{variable}: {missing}: expected ")
    assert load(None, environ | {variable: "given"}).secrets() >= {"given"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[web]\nport = 1\nport = 2\n", " line 3: expected TOML in which every section and key stands once"),
        (b"[web]\n[log]\n[web]\n", " line 3: expected TOML in which every section and key stands once"),
        (b"[web]\nport 1\n", " line 2: expected TOML"),
        (b"[web\n", " line 1: expected TOML"),
        (b'[bot]\nname = "\xff"\n', " line 2: expected UTF-8 text"),
        (b"web = 1\n", " line 1: web: expected a section, [web]"),
        (b"port = 1\n", ": [port]: expected a known section"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_line(file: Path, content: bytes, told: str) -> None:
    file.write_bytes(content)
    [line] = problems(file)
    assert line.startswith(f"{file}{told}")


def test_a_missing_file_or_a_folder_is_refused_and_the_environment_still_checked(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        first, second = problems(path, {"HEARTH_WEB__PORT": "x"})
        assert first.startswith(f"{path}: expected a readable file: ")
        assert second == "HEARTH_WEB__PORT: web.port: expected a whole number from 0 to 65535"


def test_a_byte_order_mark_is_no_problem(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf[web]\nport = 1\n")
    assert load(file, {}).web.port == 1


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    config = load(None, {"HEARTH_SLACK__BOT_TOKEN_FILE": str(secret)})
    assert config.slack.bot_token == SecretStr(TOKEN)
    assert config.given == {"slack.bot_token"}


def test_a_secret_file_that_is_missing_empty_or_doubled_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    name = "HEARTH_SLACK__BOT_TOKEN_FILE"
    assert "a readable file" in problems(None, {name: str(tmp_path / "none")})[0]
    assert "not empty" in problems(None, {name: str(empty)})[0]
    assert "not both" in problems(None, {name: str(empty), "HEARTH_SLACK__BOT_TOKEN": TOKEN})[0]
    assert "known key" in problems(None, {"HEARTH_WEB__PORT_FILE": str(empty)})[0]


def test_no_message_and_no_representation_shows_a_secret(file: Path) -> None:
    written(file, f'[slack]\nbot_tokn = "{TOKEN}"\nbot_token = ["{TOKEN}"]\napp_token = "{TOKEN}"\n')
    environ = {"HEARTH_DISCORD__TOKEN": f"{TOKEN} x", "HEARTH_DATABASE__URL": f"mysql://u:{TOKEN}@h/d"}
    lines = problems(file, environ)
    assert len(lines) == 5
    assert TOKEN not in "\n".join(lines)
    config = load(
        None, {"HEARTH_DISCORD__TOKEN": TOKEN, "HEARTH_DATABASE__URL": f"postgresql://u:{TOKEN}@h/d"}
    )
    assert TOKEN not in repr(config)
    assert config.secrets() == {TOKEN}


def test_secrets_that_others_can_read_bring_a_warning(file: Path) -> None:
    written(file, f'[slack]\nbot_token = "{TOKEN}"\n')
    assert load(file, {}).warnings == ()
    file.chmod(0o644)
    [warning] = load(file, {}).warnings
    assert f"chmod 600 {file}" in warning
    assert TOKEN not in warning
    written(file, '[slack]\nbot_token = ""\n').chmod(0o644)
    assert load(file, {}).warnings == ()


def test_a_single_underscore_brings_a_warning_and_foreign_variables_do_not() -> None:
    config = load(None, {"HEARTH_SLACK_BOT_TOKEN": TOKEN, "HEARTH_SERVICE_HOST": "10.0.0.1"})
    assert config.warnings == (
        "HEARTH_SLACK_BOT_TOKEN is not read; the setting is called HEARTH_SLACK__BOT_TOKEN.",
    )
    assert config.slack.bot_token == SecretStr("")


def test_a_chat_open_to_others_brings_a_warning() -> None:
    assert load(None, {"HEARTH_WEB__CHAT": "true"}).warnings == ()
    assert load(None, {"HEARTH_WEB__CHAT": "true", "HEARTH_WEB__HOST": "0.0.0.0"}).warnings


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config().web.port = 1
