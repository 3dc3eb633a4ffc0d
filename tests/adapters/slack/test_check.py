"""`hearth check` on Slack: what is wrong is found, named, and comes with how to mend it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.slack import check, scopes
from bot.check import Connected, Finding
from bot.config import Config
from tests.fakes.slack import Slack


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as made:
        made.workspace.app.scopes = frozenset(scope.name for scope in scopes.BOT)
        yield made


def configured(slack: Slack, public_url: str = "", **given: str) -> Config:
    app = slack.workspace.app
    usual = {"bot_token": app.bot_token, "app_token": app.app_token, "api_url": slack.api_url}
    return Config.model_validate(
        {"slack": {"enabled": True, **usual, **given}, "web": {"public_url": public_url}}
    )


async def wrong(slack: Slack, *channels: Connected, public_url: str = "", **given: str) -> list[Finding]:
    found = await check.look(configured(slack, public_url, **given), channels)
    for finding in found:
        assert finding.ok or finding.mend, finding
    return [finding for finding in found if not finding.ok]


def connected(slack: Slack, name: str, *, paused: str = "") -> Connected:
    return Connected(slack.workspace.channel(name).id, name, "T1", paused)


async def test_an_installation_in_order(slack: Slack) -> None:
    found = await check.look(configured(slack), [connected(slack, "python")])
    assert [str(finding) for finding in found if not finding.ok] == []
    said = "\n".join(map(str, found))
    assert "knows the bot as hearth in Hearth" in said
    assert "every scope that is needed is granted" in said
    assert "Socket Mode is on" in said
    assert "can be posted to: 1" in said
    assert "not granted" not in said
    assert "not used" not in said


async def test_a_server_that_does_not_answer(slack: Slack) -> None:
    (found,) = await wrong(slack, api_url="http://127.0.0.1:9/api/")
    assert "cannot be reached" in found.what
    assert "127.0.0.1:9" in found.mend


async def test_a_wrong_bot_token_ends_it_and_is_not_repeated(slack: Slack) -> None:
    (found,) = await wrong(slack, bot_token="xoxb-somebody-elses")
    assert "refuses the bot token: invalid_auth" in found.what
    assert "xoxb-…" in found.mend
    assert "somebody" not in str(found)


async def test_a_wrong_app_token_matters_over_sockets_only(slack: Slack) -> None:
    (found,) = await wrong(slack, app_token="xapp-no")
    assert "refuses the app token" in found.what
    assert "connections:write" in found.mend
    web = "https://hearth.example.org"
    assert await wrong(slack, app_token="xapp-no", mode="http", public_url=web) == []


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8080"])
async def test_over_http_slack_needs_an_address_to_send_to(slack: Slack, url: str) -> None:
    (found,) = await wrong(slack, mode="http", public_url=url)
    assert "https address only" in found.what


@pytest.mark.parametrize("scope", [scope.name for scope in scopes.needed()])
async def test_each_scope_that_is_missing_is_named_with_what_it_is_for(slack: Slack, scope: str) -> None:
    slack.workspace.app.scopes -= {scope}
    (found,) = await wrong(slack)
    feature = next(s.feature for s in scopes.BOT if s.name == scope)
    assert f"the scope {scope} is not granted, needed for {feature}" in found.what
    assert "hearth manifest slack" in found.mend


async def test_without_the_optional_scopes_it_says_what_is_lost_and_is_content(slack: Slack) -> None:
    slack.workspace.app.scopes = frozenset(scope.name for scope in scopes.needed()) | {"admin"}
    found = await check.look(configured(slack), [])
    assert all(finding.ok for finding in found)
    said = "\n".join(map(str, found))
    for scope in scopes.optional():
        assert f"{scope.name} is not granted: {scope.lost}" in said
    assert "better taken back: admin" in said


async def test_every_connected_channel_is_looked_at(slack: Slack) -> None:
    old, alone, hidden = (slack.workspace.channel(name) for name in ("old", "alone", "hidden"))
    old.archived = True
    alone.members.clear()
    hidden.private = True
    hidden.members.clear()
    channels = [connected(slack, name) for name in ("python", "old", "alone", "hidden")]
    channels.append(connected(slack, "back", paused="the channel was archived"))
    channels.append(Connected("C0NONE", "gone", "T1", ""))
    found = {finding.what: finding.mend for finding in await wrong(slack, *channels)}
    assert list(found) == [
        "Slack channel #old is archived",
        "Slack channel #alone is without the bot",
        "Slack channel #hidden is gone, or private and without the bot",
        "Slack channel #back could be posted to, but is paused: the channel was archived",
        "Slack channel #gone is gone, or private and without the bot",
    ]
    assert "/invite" in found["Slack channel #alone is without the bot"]


async def test_of_very_many_channels_some_are_looked_at(slack: Slack) -> None:
    found = await check.look(configured(slack), [connected(slack, f"c{n}") for n in range(check.MOST + 1)])
    assert f"{check.MOST}, of {check.MOST + 1}" in found[-1].what


@pytest.mark.parametrize(("minutes", "said"), [(-5, "ahead of"), (5, "behind")])
async def test_a_clock_that_is_off_is_found_by_the_date_header(slack: Slack, minutes: int, said: str) -> None:
    slack.skew = timedelta(minutes=minutes)
    (found,) = await wrong(slack)
    assert said in found.what
    assert "NTP" in found.mend
    slack.skew = timedelta(seconds=minutes)
    assert await wrong(slack) == []
