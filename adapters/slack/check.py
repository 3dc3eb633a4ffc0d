"""What `hearth check` looks at in Slack: the tokens, the scopes granted, the connected channels, the clock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from adapters.slack import scopes
from adapters.slack.api import Api
from adapters.slack.manifest import PATH
from bot.check import Connected, Finding, clock
from bot.config import Config
from bot.settings import SLACK_API

MOST = 40
"""How many channels are looked at: Slack answers about fifty such questions a minute."""

REINSTALL = (
    "Paste what `hearth manifest slack` prints into the app's App Manifest page, save, and reinstall the app."
)
HOW_BOT = (
    "Copy the Bot User OAuth Token (xoxb-…) from the app's OAuth & Permissions page into slack.bot_token."
)
HOW_APP = (
    "Make an app-level token (xapp-…) with the scope connections:write on the app's Basic Information page, "
    "and give it as slack.app_token."
)
STALE = ", and beyond five minutes Slack's requests over HTTP are refused"
_CANNOT = "cannot be asked"


class _Refused(Exception):
    """Slack answered that it will not; `error` is its word for why."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


async def look(config: Config, channels: Sequence[Connected]) -> list[Finding]:
    """Return what is well and what is not. Posts nothing, and works beside a running bot."""
    slack = config.slack
    api = Api(slack.bot_token.get_secret_value(), slack.api_url, clock=lambda: datetime.now(UTC))
    api.open()
    try:
        try:
            who, headers = await _ask(api, "auth.test")
        except _Refused as refused:
            return [Finding(False, f"Slack refuses the bot token: {refused.error}", HOW_BOT)]
        except (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError) as error:
            return [_unreachable(slack.api_url, error)]
        found = [Finding(True, f"Slack knows the bot as {who.get('user')} in {who.get('team')}")]
        found += clock("Slack", headers.get("Date", ""), also=STALE)
        found += _granted(headers)
        found += await _way_in(api, config)
        found += await _channels(api, channels)
        return found
    finally:
        await api.close()


async def _ask(
    api: Api, method: str, token: str = "", **given: str
) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    # Once, without the pace and the retries of a bot that runs.
    own = {"headers": {"Authorization": f"Bearer {token}"}} if token else {}
    try:
        answer = await api.client.api_call(method, http_verb="POST", data=given, **own)
    except SlackApiError as error:
        data = getattr(error.response, "data", None)
        raise _Refused(str(data.get("error", "")) if isinstance(data, dict) else "no answer") from None
    return dict(answer.data) if isinstance(answer.data, dict) else {}, answer.headers


def _unreachable(url: str, error: Exception) -> Finding:
    mend = "Check this machine's way to the internet, and HTTPS_PROXY where it needs one."
    if url != SLACK_API:
        mend = f"slack.api_url is {url}: is that meant, and does it answer?"
    return Finding(False, f"Slack cannot be reached: {type(error).__name__}", mend)


def _granted(headers: Mapping[str, str]) -> Iterable[Finding]:
    told = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), None)
    if told is None:
        yield Finding(True, "Slack does not say here which scopes were granted")
        return
    granted = {name.strip() for name in told.split(",") if name.strip()}
    missing = [scope for scope in scopes.needed() if scope.name not in granted]
    for scope in missing:
        yield Finding(False, f"the scope {scope.name} is not granted, needed for {scope.feature}", REINSTALL)
    if not missing:
        yield Finding(True, "every scope that is needed is granted")
    for scope in scopes.optional():
        if scope.name not in granted:
            yield Finding(True, f"the optional scope {scope.name} is not granted: {scope.lost}")
    more = sorted(granted - {scope.name for scope in scopes.BOT})
    if more:
        yield Finding(True, f"granted but not used, and better taken back: {', '.join(more)}")


async def _way_in(api: Api, config: Config) -> list[Finding]:
    """How Slack's deliveries come in: the app token over sockets, the public address over HTTP."""
    if config.slack.mode == "http":
        url = config.web.public_url
        if urlsplit(url).scheme != "https":
            return [
                Finding(
                    False,
                    f"web.public_url is {url or 'not set'}: Slack sends to an https address only",
                    'Set web.public_url to the address that reaches the web port, or slack.mode = "socket".',
                )
            ]
        return [Finding(True, f"Slack has to be told to send to {url}{PATH}, as the manifest does")]
    try:
        await _ask(api, "apps.connections.open", config.slack.app_token.get_secret_value())
    except _Refused as refused:
        return [Finding(False, f"Slack refuses the app token: {refused.error}", HOW_APP)]
    except (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError) as error:
        return [_unreachable(config.slack.api_url, error)]
    return [Finding(True, "Socket Mode is on, and the app token opens it")]


async def _channels(api: Api, channels: Sequence[Connected]) -> list[Finding]:
    found = []
    for channel in channels[:MOST]:
        wrong = await _channel(api, channel)
        if wrong is not None:
            found.append(wrong)
    looked = min(len(channels), MOST)
    if channels and not found:
        rest = f", of {len(channels)}" if len(channels) > MOST else ""
        found.append(Finding(True, f"connected Slack channels that can be posted to: {looked}{rest}"))
    return found


async def _channel(api: Api, channel: Connected) -> Finding | None:
    name = f"Slack channel #{channel.name}"
    try:
        answer, _ = await _ask(api, "conversations.info", channel=channel.id)
    except _Refused as refused:
        if refused.error == "channel_not_found":
            mend = "Invite the bot there, or where the channel is gone, connect another with /cop connect."
            return Finding(False, f"{name} is gone, or private and without the bot", mend)
        return Finding(False, f"{name} {_CANNOT}: {refused.error}", REINSTALL)
    except (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError) as error:
        return Finding(False, f"{name} {_CANNOT}: {type(error).__name__}", "Run this again in a minute.")
    seen = answer.get("channel") or {}
    if seen.get("is_archived"):
        return Finding(False, f"{name} is archived", "Unarchive it, or connect another with /cop connect.")
    if not seen.get("is_member"):
        return Finding(False, f"{name} is without the bot", "Invite it there: /invite and the bot's name.")
    if channel.paused:
        return Finding(
            False, f"{name} could be posted to, but is paused: {channel.paused}", "Use /cop connect there."
        )
    return None
