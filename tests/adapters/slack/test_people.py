"""Names and zones: asked for once, kept in bounds, old ones better than none, and never waited for long."""

import asyncio

import pytest
from structlog.testing import capture_logs

from adapters.slack import people as slack_people
from adapters.slack.api import Api
from adapters.slack.people import People
from bot.chat import Actor
from tests.adapters.slack.scene import until
from tests.fakes.slack import Slack
from tests.fakes.slack.faults import Errs, SlowAnswer, Status


def asked(slack: Slack) -> int:
    return len(slack.workspace.ledger.outcomes("users.info"))


async def test_many_who_ask_at_once_ask_slack_once(slack: Slack, api: Api) -> None:
    ana, people = slack.workspace.user("Ana", "Europe/Berlin"), People(api)
    found = await asyncio.gather(*(people.actor(ana.id, "handle") for _ in range(20)))
    assert found == [Actor("slack", ana.id, "Ana", "Europe/Berlin")] * 20
    assert asked(slack) == 1


@pytest.mark.parametrize("fault", [Status(500), Errs("user_not_found"), Errs("missing_scope")], ids=repr)
async def test_who_cannot_be_asked_for_goes_by_the_name_that_came_along(
    slack: Slack, api: Api, fault: Status | Errs
) -> None:
    ana, people = slack.workspace.user("Ana", "Europe/Berlin"), People(api)
    slack.faults.next("users.info", fault)
    for _ in range(3):
        assert await people.actor(ana.id, "ana.b") == Actor("slack", ana.id, "ana.b")
    assert asked(slack) == 1  # not with every act anew


async def test_a_missing_scope_is_said_once(slack: Slack, api: Api) -> None:
    app, people = slack.workspace.app, People(api)
    app.scopes -= {"users:read"}
    with capture_logs() as log:
        for name in ("Ana", "Ben"):
            await people.actor(slack.workspace.user(name).id)
    assert [entry["scope"] for entry in log if entry["log_level"] == "error"] == ["users:read"]


async def test_what_slack_is_slow_to_say_counts_from_when_it_is_said(slack: Slack, api: Api) -> None:
    ana, people = slack.workspace.user("Ana", "Europe/Berlin"), People(api)
    slack.faults.next("users.info", SlowAnswer(0.2))
    assert (await people.actor(ana.id, "handle", budget=0.01)).name == "handle"
    assert (await people.actor(ana.id, "handle", budget=5)).name == "Ana"
    assert asked(slack) == 1


async def test_an_old_profile_is_used_while_a_new_one_is_asked_for(
    slack: Slack, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, people = slack.workspace.user("Ana"), People(api)
    monkeypatch.setattr(slack_people, "FRESH", 0.0)
    await people.actor(ana.id)
    ana.shown = "Ana B"
    assert (await people.actor(ana.id)).name == "Ana"
    await until(lambda: asked(slack) == 2)
    await until(lambda: not people._asked)
    monkeypatch.setattr(slack_people, "FRESH", 3_600.0)
    assert (await people.actor(ana.id)).name == "Ana B"
    slack.faults.next("users.info", Status(500))
    await people.close()


async def test_not_everybody_is_kept(slack: Slack, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_people, "MOST", 3)
    people = People(api)
    for number in range(10):
        people.learn({"id": f"U{number}", "profile": {"display_name": f"Person {number}"}})
    assert (await people.actor("U9")).name == "Person 9"
    assert asked(slack) == 0
    assert len(people._known) == 3


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"display_name": "Ana", "real_name": "Ana Berg"}, "Ana"),
        ({"display_name": "", "real_name": "Ana Berg"}, "Ana Berg"),
        ({}, "ana.b"),
        (None, "ana.b"),
    ],
)
async def test_people_go_by_the_name_they_chose(api: Api, profile: dict[str, str] | None, name: str) -> None:
    learnt = People(api).learn({"id": "U1", "name": "ana.b", "profile": profile, "tz": "No/Where"})
    assert learnt == Actor("slack", "U1", name)
