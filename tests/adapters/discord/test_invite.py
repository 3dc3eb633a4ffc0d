"""The invitation asks for what is used, no more and no less, and the guide explains each."""

import base64
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord
import pytest

from adapters.discord import client, invite

GUIDE = Path(__file__).parents[3] / "docs" / "discord.md"
ID = "123456789012345678"


def asked(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_the_address_carries_the_application_its_scopes_and_permissions() -> None:
    url = invite.url(ID, native_events=True)
    assert url.startswith("https://discord.com/oauth2/authorize?")
    found = asked(url)
    assert found["client_id"] == ID
    assert found["scope"] == "bot applications.commands"
    permissions = discord.Permissions(int(found["permissions"]))
    assert {name for name, on in permissions if on} == {
        "read_messages",  # as the library calls “View Channels”
        "send_messages",
        "send_messages_in_threads",
        "embed_links",
        "attach_files",
        "read_message_history",
        "add_reactions",
        "create_events",
    }


def test_without_native_events_nothing_is_asked_for_them() -> None:
    with_, without = (discord.Permissions(invite.value(native_events=on)) for on in (True, False))
    assert {name for name, on in with_ if on} - {name for name, on in without if on} == {"create_events"}


def test_the_names_are_those_discord_shows() -> None:
    flags = {"View Channels": "view_channel"}
    for permission in invite.PERMISSIONS:
        flag = flags.get(permission.name, permission.name.lower().replace(" ", "_"))
        assert getattr(discord.Permissions, flag).flag == permission.value, permission.name


def test_nothing_powerful_is_asked_for() -> None:
    permissions = discord.Permissions(invite.value(native_events=True))
    assert permissions <= discord.Permissions.all_channel() | discord.Permissions.events()
    for name in (
        "administrator",
        "mention_everyone",
        "manage_messages",
        "manage_channels",
        "manage_webhooks",
    ):
        assert not getattr(permissions, name), name


def test_the_intents_are_those_the_connection_asks_for() -> None:
    used = {name for name, on in client.intents(native_events=True) if on}
    assert used == {name for name, _ in invite.INTENTS}
    assert not used & {"members", "presences", "message_content"}
    more = {name for name, on in client.intents(members=True, native_events=True) if on}
    assert more - used == {invite.MEMBERS[0]}


@pytest.mark.parametrize(
    ("token", "found"),
    [
        (base64.b64encode(ID.encode()).decode().rstrip("=") + ".Gabcde.secret", ID),
        (base64.b64encode(b"80351110224678912").decode().rstrip("=") + ".x.y", "80351110224678912"),
        ("", None),
        ("fake.discord.token", None),
        ("é.x.y", None),
        (base64.b64encode(b"1" * 21).decode() + ".x.y", None),
        (base64.b64encode(b"no number").decode() + ".x.y", None),
    ],
)
def test_a_token_tells_its_application(token: str, found: str | None) -> None:
    assert invite.application(token) == found


PARTS = {
    "permissions": "\n".join(
        [
            "| permission | needed | for |",
            "|---|---|---|",
            *(
                f"| {p.name} | {'optional' if p.optional else 'yes'} | {p.feature} |"
                for p in invite.PERMISSIONS
            ),
        ]
    ),
    "scopes": "\n".join(
        ["| scope | for |", "|---|---|", *(f"| `{n}` | {what} |" for n, what in invite.SCOPES)]
    ),
    "intents": "\n".join(["| intent | for |", "|---|---|", *(f"| `{n}` | {w} |" for n, w in invite.INTENTS)]),
    "members": f"| intent | for |\n|---|---|\n| `{invite.MEMBERS[0]}` | {invite.MEMBERS[1]} |",
    "lost": "\n".join(f"- without “{p.name}”, {p.lost}" for p in invite.PERMISSIONS if p.optional),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_guide_is_as_the_tables_have_it(part: str) -> None:
    text = GUIDE.read_text("utf-8")
    written = text.partition(f"<!-- {part}: begin -->")[2].partition(f"<!-- {part}: end -->")[0]
    assert written.strip() == PARTS[part], f"docs/discord.md, {part}: put this there\n{PARTS[part]}"
