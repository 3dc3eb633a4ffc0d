"""What an operator prints to install the bot, and how the whole installation is looked at."""

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from bot.__main__ import run
from bot.chat import Address
from bot.rules import access, communities
from storage.database import Db, open_database
from tests import cast
from tests.fakes.discord import FakeDiscord
from tests.fakes.slack import Slack

ID = "123456789012345678"
TOKEN = base64.b64encode(ID.encode()).decode() + ".made.up"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without a configuration, and none in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def configured(sections: Mapping[str, Mapping[str, object]]) -> None:
    lines = [f"{s}.{key} = {_toml(v)}" for s, values in sections.items() for key, v in values.items()]
    Path("config.toml").write_text("\n".join(lines) + "\n")
    Path("config.toml").chmod(0o600)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def test_the_slack_manifest_is_printed_without_any_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["manifest", "slack"]) == 0
    made = yaml.safe_load(capsys.readouterr().out)
    assert made["display_information"]["name"] == "Hearth"
    assert made["features"]["slash_commands"][0]["command"] == "/cop"
    assert made["settings"]["socket_mode_enabled"] is True


def test_it_has_the_name_the_command_and_the_address_that_are_configured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configured(
        {
            "bot": {"name": "Café: #1"},
            "slack": {"enabled": True, "mode": "http", "command": "/circle"},
            "web": {"public_url": "https://hearth.example.org/"},
        }
    )
    assert run(["manifest", "slack"]) == 0
    printed = capsys.readouterr()
    made = yaml.safe_load(printed.out)
    assert printed.err == ""
    assert made["features"]["bot_user"]["display_name"] == "Café: #1"
    assert made["features"]["slash_commands"][0]["command"] == "/circle"
    assert made["settings"]["interactivity"]["request_url"] == "https://hearth.example.org/slack/events"


def test_over_http_an_address_is_needed_and_has_to_be_https(capsys: pytest.CaptureFixture[str]) -> None:
    configured({"slack": {"mode": "http"}})
    assert run(["manifest", "slack"]) == 78
    printed = capsys.readouterr()
    assert "web.public_url: expected an https address" in printed.err
    assert printed.out == ""
    configured({"slack": {"mode": "http"}, "web": {"public_url": "http://127.0.0.1:8080"}})
    assert run(["manifest", "slack"]) == 0
    assert "Slack will refuse web.public_url" in capsys.readouterr().err


def test_the_discord_invitation_is_of_the_application_the_token_or_the_option_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configured({"discord": {"token": TOKEN}})
    assert run(["manifest", "discord"]) == 0
    printed = capsys.readouterr()
    assert f"client_id={ID}&" in printed.out
    assert f"The application is {ID}, as the token says." in printed.err
    assert TOKEN not in printed.out + printed.err
    assert run(["manifest", "discord", "--application", "42"]) == 0
    printed = capsys.readouterr()
    assert "client_id=42&" in printed.out
    assert printed.err == ""


def test_without_either_it_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["manifest", "discord"]) == 78
    assert "--application" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["manifest"], ["manifest", "teams"], ["manifest", "discord", "--application", "x"]]
)
def test_what_cannot_be_understood_is_a_matter_of_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2


async def test_check_looks_at_every_platform_and_every_connected_channel(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Slack() as slack, FakeDiscord.open(token=TOKEN) as discord:
        talk = slack.workspace.channel("talk")
        forum = discord.places.channel(discord.guild, "forum")

        def connect(db: Db) -> None:
            python = cast.community(db, "python", cast.person(db, "Fran"))
            communities.connect(db, python, Address("slack", talk.id, "T1", name="talk"))
            communities.connect(db, python, Address("discord", str(forum.id), str(forum.guild), name="forum"))

        async def check() -> tuple[int, str]:
            status = await asyncio.to_thread(run, ["check"])
            return status, capsys.readouterr().out

        database = open_database(sqlite_url)
        await database.write(connect)
        app = slack.workspace.app
        configured(
            {
                "database": {"url": sqlite_url},
                "slack": {
                    "enabled": True,
                    "bot_token": app.bot_token,
                    "app_token": app.app_token,
                    "api_url": slack.api_url,
                },
                "discord": {"enabled": True, "token": TOKEN, "api_url": discord.api_url},
            }
        )
        status, said = await check()
        assert status == 0, said
        assert "enabled: Slack, Discord" in said
        assert "connected Slack channels that can be posted to: 1" in said
        assert "connected Discord channels that can be posted to: 1" in said
        talk.archived = True
        discord.places.delete(forum)

        def pause(db: Db) -> None:
            there = access.channel(db, "slack", talk.id)
            assert there is not None
            there.paused = "the channel was archived"

        await database.write(pause)
        await database.close()
        status, said = await check()
        assert status == 1
        assert "Slack channel #talk is archived" in said
        assert "Discord channel #forum is gone" in said
        assert TOKEN not in said
        assert app.bot_token not in said
