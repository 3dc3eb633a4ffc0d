"""The Web API: what each kind of failure becomes, the pace of calls, a dead token, and wrong clocks."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.slack import api as slack_api
from adapters.slack.api import Api, SlackError, Unclear
from adapters.slack.faults import FATES, Fate
from bot.chat import Refused, RetryLater
from tests.fakes.slack import Slack
from tests.fakes.slack.faults import Broken, Errs, Half, Lost, Slow, Status, TooMany


async def failure(api: Api, method: str = "chat.postMessage", **given: Any) -> Exception:
    """Return what a call of a method fails with."""
    with pytest.raises(Exception) as failed:  # noqa: PT011  # which one is what the caller looks at
        await api(method, **(given or {"channel": "C1", "text": "x"}))
    return failed.value


def hits(slack: Slack, method: str) -> int:
    return len(slack.workspace.ledger.outcomes(method))


async def test_a_call_returns_the_answer(slack: Slack, api: Api) -> None:
    assert (await api("auth.test"))["user_id"] == "U0HEARTH"


@pytest.mark.parametrize("error", sorted(e for e, fate in FATES.items() if fate is not Fate.TOKEN))
async def test_every_documented_error_is_judged_by_the_table(slack: Slack, api: Api, error: str) -> None:
    slack.faults.next("chat.postMessage", Errs(error, {"needed": "chat:write"}))
    found = await failure(api)
    match FATES[error]:
        case Fate.LATER:
            assert isinstance(found, RetryLater)
        case Fate.UNCLEAR:
            assert isinstance(found, Unclear)
        case fate:
            assert isinstance(found, SlackError)
            assert (found.error, found.fate, found.needed) == (error, fate, "chat:write")
    assert slack.workspace.app.bot_token not in str(found)
    assert hits(slack, "chat.postMessage") == 1


@pytest.mark.parametrize("error", sorted(e for e, fate in FATES.items() if fate is Fate.TOKEN))
async def test_a_token_is_dead_only_when_slack_says_so_of_the_token_itself(
    slack: Slack, api: Api, error: str
) -> None:
    slack.faults.next("chat.postMessage", Errs(error))
    found = await failure(api)
    assert isinstance(found, SlackError)
    assert found.fate is Fate.PLACE  # auth.test was well: it was about the place
    assert not api.dead.is_set()

    slack.workspace.app.revoked = error
    assert isinstance(await failure(api), Refused)
    assert api.dead.is_set()


async def test_after_the_token_died_nothing_is_called_until_it_is_good_again(slack: Slack, api: Api) -> None:
    slack.workspace.app.revoked = "token_revoked"
    await failure(api)
    before = hits(slack, "")
    for _ in range(20):
        assert isinstance(await failure(api), Refused)
    assert hits(slack, "") == before

    slack.workspace.app.revoked = ""
    await api("auth.test")
    assert not api.dead.is_set()
    await api("conversations.open", users=slack.workspace.user("ana").id)


@pytest.mark.parametrize(
    "fault",
    [
        Status(200),
        Status(500),
        Status(503, "upstream connect error", "text/plain"),
        Status(200, "", "application/json"),
        Status(502, "[1, 2]", "application/json"),
        Lost(),
        Broken(),
        Half(),
    ],
    ids=repr,
)
async def test_an_answer_that_says_nothing_leaves_it_unclear_and_is_not_asked_again(
    slack: Slack, api: Api, fault: Any
) -> None:
    slack.faults.next("chat.postMessage", fault)
    assert isinstance(await failure(api, channel=slack.workspace.channel("general").id, text="x"), Unclear)
    assert hits(slack, "chat.postMessage") == 1


async def test_an_answer_that_takes_too_long_leaves_it_unclear(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_api, "TIMEOUT", 0.2)
    api = Api(slack.workspace.app.bot_token, slack.api_url, clock=slack.workspace.clock)
    api.open()
    slack.faults.next("chat.postMessage", Slow(1))
    assert isinstance(await failure(api), Unclear)
    await api.close()


async def test_where_no_connection_comes_about_nothing_has_happened(slack: Slack, api: Api) -> None:
    await slack.stop()
    found = await failure(api)
    assert isinstance(found, RetryLater)
    assert found.everywhere


async def test_a_channel_that_is_too_fast_rests_alone(slack: Slack, api: Api) -> None:
    slow, other = slack.workspace.channel("slow").id, slack.workspace.channel("other").id
    slack.faults.next("chat.postMessage", TooMany(2))
    found = await failure(api, channel=slow, text="x")
    assert isinstance(found, RetryLater)
    assert (found.seconds, found.everywhere) == (2, False)

    again = await failure(api, channel=slow, text="x")
    assert isinstance(again, RetryLater)
    assert 0 < again.seconds <= 2
    assert hits(slack, "chat.postMessage") == 1  # the second was not even tried
    await api("chat.postMessage", channel=other, text="x")


async def test_a_long_pause_is_for_the_whole_workspace(slack: Slack, api: Api) -> None:
    slack.faults.next("chat.postMessage", TooMany(30))
    found = await failure(api, channel=slack.workspace.channel("a").id, text="x")
    assert isinstance(found, RetryLater)
    assert (found.seconds, found.everywhere) == (30, True)
    other = await failure(api, channel=slack.workspace.channel("b").id, text="x")
    assert isinstance(other, RetryLater)
    assert other.everywhere
    assert hits(slack, "chat.postMessage") == 1
    await api("auth.test")  # other methods go on


async def test_calls_keep_to_their_tier_so_that_slack_never_has_to_say_no(
    slack: Slack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_api, "WINDOW", 1.8)
    slack.rates.on, slack.rates.window = True, 1.0
    person = slack.workspace.user("ana").id
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(api("conversations.open", users=person) for _ in range(120)))
    assert asyncio.get_running_loop().time() - started > 2  # 50, then 50, then 20
    assert slack.rates.refused == 0


async def test_a_call_whose_turn_is_too_far_away_is_put_off_and_not_made(slack: Slack, api: Api) -> None:
    person = slack.workspace.user("ana").id
    for _ in range(50):
        await api("conversations.open", users=person)
    found = await failure(api, "conversations.open", users=person)
    assert isinstance(found, RetryLater)
    assert found.seconds > 50
    assert hits(slack, "conversations.open") == 50


@pytest.mark.parametrize(("minutes", "direction"), [(5, "behind Slack"), (-5, "ahead of Slack")])
async def test_a_wrong_clock_is_said_once_and_so_is_its_return(
    slack: Slack, api: Api, minutes: int, direction: str
) -> None:
    with capture_logs() as log:
        await api("auth.test")
        slack.skew = timedelta(minutes=minutes)
        await api("auth.test")
        await failure(api)  # refusals carry the date, too
        slack.skew = timedelta(seconds=5)
        await api("auth.test")
        await api("auth.test")
    said = [entry for entry in log if "clock" in entry["event"]]
    assert [entry["log_level"] for entry in said] == ["error", "info"]
    assert said[0]["direction"] == direction
    assert abs(abs(said[0]["seconds"]) - 300) < 3


async def test_a_proxy_named_in_the_environment_is_not_asked_for_this_machine(
    slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    api = Api(slack.workspace.app.bot_token, slack.api_url, clock=slack.workspace.clock)
    assert (await api("auth.test"))["ok"]
    assert Api("xoxb-1", "https://slack.com/api/", clock=slack.workspace.clock).client.proxy


async def test_a_wrong_call_is_told_to_the_operator_without_the_token(slack: Slack, api: Api) -> None:
    with capture_logs() as log:
        slack.faults.next(
            "chat.update", Errs("invalid_arguments", {"response_metadata": {"messages": ["[ERROR] no ts"]}})
        )
        found = await failure(api, "chat.update", channel="C1")
    assert isinstance(found, SlackError)
    assert "[ERROR] no ts" in str(found)
    [said] = [entry for entry in log if entry["log_level"] == "error"]
    assert said["method"] == "chat.update"
    assert slack.workspace.app.bot_token not in str(log)


async def test_where_nothing_is_asked_slack_is_asked_now_and_then_how_things_stand(
    slack: Slack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_api, "WATCH", 0.3)
    watching = asyncio.create_task(api.watch())
    for _ in range(10):
        await api("conversations.open", users=slack.workspace.user("ana").id)
        await asyncio.sleep(0.05)
    assert hits(slack, "auth.test") == 0
    slack.workspace.app.revoked = "account_inactive"
    await asyncio.wait_for(api.dead.wait(), 5)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
