"""Payloads as Slack documents them, and the event of the core that each becomes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.slack import events, views
from adapters.slack.events import Heard, Way
from bot.chat import Actor, Address, Ask, Called, MessageRef, Noticed, Reacted
from bot.ui.calls import Call
from bot.ui.forms import Field, Form

Json = dict[str, Any]
ME = "U0HEARTH"
HERE = Address("slack", "C1", "T1")
USER = {"id": "U1", "username": "ana", "name": "ana", "team_id": "T1"}
ACT: Json = {"user": USER, "team": {"id": "T1", "domain": "acme"}, "trigger_id": "1.2.abc"}


def read(payload: Json) -> Heard | None:
    return events.read(payload, parse=lambda text: Call("typed", {"text": text}), me=ME)


def heard(payload: Json) -> Heard:
    found = read(payload)
    assert found is not None
    return found


def command(**more: Any) -> Json:
    """A slash command as in Slack's documentation."""
    return {
        "token": "gIkuvaNzQIHg97ATvDxqgjtO",
        "team_id": "T1",
        "team_domain": "acme",
        "channel_id": "C1",
        "channel_name": "general",
        "user_id": "U1",
        "user_name": "ana",
        "command": "/cop",
        "text": "join python",
        "api_app_id": "A1",
        "response_url": "https://hooks.example.com/1",
        "trigger_id": "1.2.abc",
        **more,
    }


def told(event: Json, **more: Any) -> Json:
    """An event in its envelope."""
    outer = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event_time": 1_700_000_000}
    return {**outer, "event": {"event_ts": "1700000000.000200", **event}, **more}


def pressed(value: str = "session rsvp session:S1 answer:yes", **more: Any) -> Json:
    action = {"type": "button", "action_id": "call-0", "block_id": "b", "value": value, "action_ts": "1.0"}
    return {
        "type": "block_actions",
        **ACT,
        "container": {"type": "message", "message_ts": "1.5", "channel_id": "C1", "is_ephemeral": False},
        "channel": {"id": "C1", "name": "general"},
        "response_url": "https://hooks.example.com/2",
        "actions": [action],
        **more,
    }


def test_a_command_is_read_as_typed_with_what_slack_made_of_it_undone() -> None:
    found = heard(command(text="promote <@U2|ben> in <#C2|data> &amp; co “quoted”"))
    assert found.event == Called(
        Call("typed", {"text": "promote @U2 in #C2 & co “quoted”"}),
        Actor("slack", "U1", "ana"),
        replace(HERE, name="general"),
        delivery=found.delivery,
    )
    assert found.way == Way("command", "U1", "T1", "C1", trigger="1.2.abc", url="https://hooks.example.com/1")


@pytest.mark.parametrize(
    ("channel", "name", "at"),
    [
        ("C1", "general", Address("slack", "C1", "T1", name="general")),
        ("G1", "privategroup", Address("slack", "G1", "T1")),
        ("C9", "mpdm-ana--ben-1", Address("slack", "C9", "T1")),
        ("D1", "directmessage", Address("slack", "D1", "T1", person="U1")),
        ("", "", Address("slack", "", "T1", person="U1")),
    ],
)
def test_a_place_is_named_where_slack_names_it_and_direct_messages_are_the_persons(
    channel: str, name: str, at: Address
) -> None:
    event = heard(command(channel_id=channel, channel_name=name)).event
    assert isinstance(event, Called)
    assert event.at == at


def test_a_delivery_has_the_same_key_however_often_it_comes_and_no_other_has_it() -> None:
    assert heard(command()).delivery == heard(command()).delivery
    keys = {
        heard(command()).delivery,
        heard(command(trigger_id="1.3")).delivery,
        heard(pressed()).delivery,
        heard(told({"type": "app_home_opened", "user": "U1"})).delivery,
    }
    assert len(keys) == 4
    assert all(len(key) <= 64 for key in keys)
    assert "1.2.abc" not in heard(command()).delivery


def test_an_act_without_a_trigger_has_no_key_and_is_not_taken() -> None:
    with pytest.raises(ValueError, match="trigger"):
        read(command(trigger_id=""))


def test_a_button_carries_its_call_and_the_message_it_is_on() -> None:
    found = heard(pressed())
    at = replace(HERE, name="general")
    call = Call("session rsvp", {"session": "S1", "answer": "yes"})
    by = Actor("slack", "U1", "ana")
    assert found.event == Called(call, by, at, MessageRef(at, "1.5"), found.delivery)
    assert (found.way.surface, found.way.message, found.way.ephemeral) == ("message", "1.5", False)
    ephemeral = {"type": "message", "message_ts": "1.5", "channel_id": "C1", "is_ephemeral": True}
    assert heard(pressed(container=ephemeral)).way.ephemeral


def test_a_button_on_the_home_belongs_to_the_person_and_no_channel() -> None:
    payload = pressed(container={"type": "view", "view_id": "V1"}, view={"id": "V1", "type": "home"})
    del payload["channel"], payload["response_url"]
    found = heard(payload)
    assert found.way.surface == "home"
    assert isinstance(found.event, Called)
    assert (found.event.at, found.event.on) == (Address("slack", "", "T1", person="U1"), None)


def test_a_button_that_opens_a_form_asks_for_the_form() -> None:
    payload = pressed("resource save url:https://example.org")
    payload["actions"][0]["action_id"] = events.OPEN_FORM
    event = heard(payload).event
    assert isinstance(event, Called)
    assert event.form
    assert not heard(pressed()).event.form  # type: ignore[union-attr]  # a call, as above


def test_other_elements_call_nothing() -> None:
    payload = pressed()
    payload["actions"] = [{"type": "static_select", "action_id": "x", "selected_option": {"value": "a"}}]
    assert read(payload) is None


FORM = Form(
    "Save a link", Call("resource save"), (Field("url", "Link"), Field("note", "Note", required=False))
)
LONG = Form("Long", Call("cop long"), tuple(Field(f"f{n}", f"Field {n}") for n in range(15)))


def sent(form: Form, origin: views.Origin, **values: str) -> Json:
    """A form submitted with these values in it."""
    view = views.modal(Ask(form), origin)
    state: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            name = block["block_id"]
            state[name] = {
                block["element"]["action_id"]: {"type": "plain_text_input", "value": values.get(name)}
            }
    view |= {"id": "V1", "state": {"values": state}}
    return {"type": "view_submission", **ACT, "view": view}


def test_a_form_completes_its_call_where_it_was_asked_for() -> None:
    origin = views.Origin(channel="C1", workspace="T1", message="1.5")
    found = heard(sent(FORM, origin, url="https://example.org"))
    assert isinstance(found.event, Called)
    assert found.event.call == Call("resource save", {"url": "https://example.org"})
    assert found.event.on == MessageRef(HERE, "1.5")
    assert not found.event.form
    assert (found.way.surface, found.way.channel, found.way.message) == ("submission", "C1", "1.5")


def test_a_page_that_has_a_next_one_asks_for_the_form_again() -> None:
    found = heard(sent(LONG, views.Origin(channel="C1"), f0="a"))
    assert isinstance(found.event, Called)
    assert found.event.form
    assert found.way.origin is not None
    assert found.way.origin.page == 2


def test_back_asks_for_the_page_before() -> None:
    submitted = sent(LONG, views.Origin(channel="C1", page=2), f13="b")
    payload = pressed(container={"type": "view", "view_id": "V1"}, view=submitted["view"])
    payload["actions"][0] |= {"action_id": views.BACK, "value": views.BACK}
    found = heard(payload)
    assert isinstance(found.event, Called)
    assert found.event.form
    assert found.event.call.args["f13"] == "b"
    assert found.way.surface == "modal"
    assert found.way.origin is not None
    assert found.way.origin.page == 1


def test_a_form_that_was_closed_is_nothing_to_tell() -> None:
    assert read({"type": "view_closed", **ACT, "view": {"id": "V1"}, "is_cleared": False}) is None


@pytest.mark.parametrize(("callback", "path"), events.SHORTCUTS.items())
def test_a_global_shortcut_asks_for_its_form(callback: str, path: str) -> None:
    event = heard({"type": "shortcut", "callback_id": callback, **ACT}).event
    assert isinstance(event, Called)
    assert (event.call, event.form, event.at.person) == (Call(path), True, "U1")


def test_the_message_shortcut_asks_for_the_form_of_its_message() -> None:
    message = {"ts": "1.5", "user": "U2", "text": "hello"}
    payload = {
        "type": "message_action",
        "callback_id": events.SAVE_MESSAGE,
        **ACT,
        "channel": {"id": "C1", "name": "general"},
        "message_ts": "1.5",
        "message": message,
        "response_url": "https://hooks.example.com/3",
    }
    found = heard(payload)
    assert isinstance(found.event, Called)
    assert found.event.form
    assert found.event.at == replace(HERE, name="general")
    assert found.message == {**message, "permalink": "https://acme.slack.com/archives/C1/p15"}
    assert read({**payload, "callback_id": "another"}) is None


@pytest.mark.parametrize(("kind", "added"), [("reaction_added", True), ("reaction_removed", False)])
def test_a_reaction(kind: str, added: bool) -> None:
    item = {"type": "message", "channel": "C1", "ts": "1.5"}
    found = heard(told({"type": kind, "user": "U1", "reaction": "wave::skin-tone-3", "item": item}))
    on = MessageRef(HERE, "1.5")
    assert found.event == Reacted("wave", added, on, Actor("slack", "U1", ""), "Ev1")
    assert found.subject
    assert found.moment == 1_700_000_000.0002


def test_the_bots_own_reactions_and_those_to_files_are_nothing() -> None:
    item = {"type": "message", "channel": "C1", "ts": "1.5"}
    assert read(told({"type": "reaction_added", "user": ME, "reaction": "x", "item": item})) is None
    file = {"type": "file", "file": "F1"}
    assert read(told({"type": "reaction_added", "user": "U1", "reaction": "x", "item": file})) is None


def test_a_visit_to_the_home() -> None:
    found = heard(told({"type": "app_home_opened", "user": "U1", "tab": "home", "channel": "D1"}))
    assert found.what == "home"
    assert read(told({"type": "app_home_opened", "user": "U1", "tab": "messages", "channel": "D1"})) is None


SINCE = datetime.fromtimestamp(1_700_000_000.0002, UTC)
ANA = Actor("slack", "U1", "")


@pytest.mark.parametrize(
    ("event", "what", "by", "channel", "name"),
    [
        ({"type": "member_joined_channel", "user": "U1", "channel": "C1"}, "arrived", ANA, "C1", ""),
        ({"type": "member_left_channel", "user": "U1", "channel": "C1"}, "left", ANA, "C1", ""),
        ({"type": "member_joined_channel", "user": ME, "channel": "C1"}, "opened", None, "C1", ""),
        ({"type": "member_left_channel", "user": ME, "channel": "C1"}, "closed", None, "C1", ""),
        ({"type": "channel_left", "channel": "C1"}, "closed", None, "C1", ""),
        ({"type": "group_left", "channel": "G1"}, "closed", None, "G1", ""),
        ({"type": "channel_archive", "channel": "C1", "user": "U1"}, "closed", None, "C1", ""),
        ({"type": "channel_unarchive", "channel": "C1", "user": "U1"}, "opened", None, "C1", ""),
        ({"type": "channel_deleted", "channel": "C1"}, "closed", None, "C1", ""),
        ({"type": "group_archive", "channel": "G1"}, "closed", None, "G1", ""),
        ({"type": "group_unarchive", "channel": "G1"}, "opened", None, "G1", ""),
        ({"type": "group_deleted", "channel": "G1"}, "closed", None, "G1", ""),
        (
            {"type": "channel_rename", "channel": {"id": "C1", "name": "new", "created": 1}},
            "renamed",
            None,
            "C1",
            "new",
        ),
        ({"type": "group_rename", "channel": {"id": "G1", "name": "new"}}, "renamed", None, "G1", "new"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_what_slack_tells_of_channels(
    event: Json, what: str, by: Actor | None, channel: str, name: str
) -> None:
    found = heard(told(event)).event
    assert isinstance(found, Noticed)
    assert (found.what, found.by, found.since, found.delivery) == (what, by, SINCE, "Ev1")
    assert found.at == Address("slack", channel, "T1", name=name)
    assert bool(found.reason) == (what == "closed")


def test_a_changed_profile_comes_with_the_profile() -> None:
    user = {"id": "U1", "tz": "Europe/Berlin", "profile": {"display_name": "Ana"}}
    found = heard(told({"type": "user_change", "user": user}))
    assert isinstance(found.event, Noticed)
    assert (found.event.what, found.profile) == ("profile", user)


def test_the_end_of_the_installation() -> None:
    for event in ({"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": [ME]}}):
        found = heard(told(event))
        assert found.what == "revoked"
        assert isinstance(found.event, Noticed)
        assert (found.event.what, found.event.at.workspace) == ("removed", "T1")
    assert read(told({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}})) is None


@pytest.mark.parametrize(
    "kind", ["message", "channel_created", "team_join", "channel_shared", "emoji_changed"]
)
def test_other_events_are_nothing(kind: str) -> None:
    assert read(told({"type": kind, "channel": "C1", "user": "U1"})) is None
