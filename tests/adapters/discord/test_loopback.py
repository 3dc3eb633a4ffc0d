"""The loopback Discord itself: the real library meets what it would meet at Discord."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands

from tests.fakes.discord import FakeDiscord, permissions
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.people import ClientRefuses, buttons
from tests.fakes.discord.state import Channel

Json = dict[str, Any]
NO_MENTIONS: Json = {"allowed_mentions": {"parse": []}}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)


class Bot(discord.Client):
    """A bare bot, which keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, guild_reactions=True, guild_messages=True, members=True),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.01,
        )
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.more = asyncio.Event()
        self.waiting: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    async def setup_hook(self) -> None:
        @self.tree.command(description="Say hello")
        async def hello(
            interaction: discord.Interaction, name: str = "", who: discord.User | None = None
        ) -> None:
            self.hear(f"hello {name} {who}")

        @hello.autocomplete("name")
        async def names(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=typed.upper(), value=typed)]

        @self.tree.context_menu(name="Save")
        async def save(interaction: discord.Interaction, message: discord.Message) -> None:
            self.hear(f"save {message.content}")

        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is not discord.InteractionType.autocomplete:
            self.waiting.put_nowait(interaction)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self.hear(f"added {payload.emoji}")

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        self.hear(f"removed {payload.emoji}")

    async def on_message(self, message: discord.Message) -> None:
        self.hear(f"message {message.content!r} by {message.author.name}")

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        self.hear(f"deleted {channel.name}")

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        self.hear(f"left {payload.user.name}")

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.hear(f"out of {guild.name}")

    def hear(self, what: str) -> None:
        self.heard.append(what)
        self.more.set()

    async def hears(self, *what: str) -> None:
        """Wait until it was told this."""
        while not set(what) <= set(self.heard):
            self.more.clear()
            await self.more.wait()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def fake(clock: Clock) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord.open(clock=clock) as made:
        made.rest.self_checked = True
        yield made
    assert made.ledger.complaints == []


@pytest.fixture
async def bot(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    async with running(fake, monkeypatch) as made:
        yield made


@asynccontextmanager
async def running(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    """Run a bare bot against the fake."""
    import yarl

    monkeypatch.setattr(discord.http.Route, "BASE", fake.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway.url))
    made = Bot()
    task = asyncio.create_task(made.start(fake.token))
    await fake.gateway.connects()
    await made.wait_until_ready()
    yield made
    await made.close()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def general(fake: FakeDiscord) -> Channel:
    return fake.places.channel(fake.guild, "general")


async def hello(fake: FakeDiscord, bot: Bot, general: Channel) -> tuple[Interaction, discord.Interaction]:
    """Return a use of /hello, as the fake and as the bot have it."""
    made = fake.person("Ana").uses(["hello"], {"name": "you"}, general)
    return made, await bot.waiting.get()


class Asking:
    """A plain client of the REST side."""

    def __init__(self, fake: FakeDiscord, session: aiohttp.ClientSession) -> None:
        self._fake = fake
        self._session = session

    async def __call__(self, method: str, path: str, body: Any = None, *, token: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {token or self._fake.token}"}
        url = self._fake.api_url + path
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None


@pytest.fixture
async def ask(fake: FakeDiscord) -> AsyncIterator[Asking]:
    async with aiohttp.ClientSession() as session:
        yield Asking(fake, session)


async def test_a_command_is_answered_privately_and_followed_up(
    fake: FakeDiscord, bot: Bot, general: Channel
) -> None:
    made, heard = await hello(fake, bot, general)
    assert heard.guild is not None
    await heard.response.send_message("Hello", ephemeral=True)
    await heard.followup.send("More")
    ana, ben = fake.person("Ana"), fake.person("Ben")
    assert [m.content for m in ana.sees(general)] == ["Hello", "More"]
    assert [m.content for m in ben.sees(general)] == ["More"]
    await bot.hears("hello you None")
    await heard.edit_original_response(content="Hello again")
    assert made.original is not None
    assert made.original.content == "Hello again"
    await heard.delete_original_response()
    assert [m.content for m in ana.sees(general)] == ["More"]


async def test_options_complete_and_resolve_people(fake: FakeDiscord, bot: Bot, general: Channel) -> None:
    ana, ben = fake.person("Ana"), fake.person("Ben")
    typing = ana.completes(["hello"], {}, "name", "py", general)
    await typing.done.wait()
    assert typing.choices == [{"name": "PY", "value": "py"}]
    ana.uses(["hello"], {"who": str(ben.user.id)}, general)
    await bot.hears("hello  Ben")
    for options in ({"name": 3}, {"nickname": "x"}):
        with pytest.raises(ClientRefuses):
            ana.uses(["hello"], options, general)
    with pytest.raises(ClientRefuses):
        ana.uses(["bye"], {}, general)


async def test_a_message_is_brought_by_its_menu_whole(fake: FakeDiscord, bot: Bot, general: Channel) -> None:
    ana = fake.person("Ana")
    message = ana.writes("https://example.org", general)
    ana.uses_menu("Save", message)
    await bot.hears("save https://example.org", "message '' by Ana")


async def test_an_answer_comes_in_three_seconds_once_and_its_token_lasts_fifteen_minutes(
    fake: FakeDiscord, bot: Bot, general: Channel, clock: Clock
) -> None:
    late, heard = await hello(fake, bot, general)
    clock.passes(seconds=4)
    with pytest.raises(discord.NotFound) as refused:
        await heard.response.send_message("Hello")
    assert refused.value.code == 10062
    assert late.late

    _, heard = await hello(fake, bot, general)
    with pytest.raises(discord.NotFound) as refused:
        await heard.edit_original_response(content="too early")
    assert refused.value.code == 10015
    await heard.response.defer(ephemeral=True)
    twice = discord.InteractionResponse(heard)
    with pytest.raises(discord.HTTPException) as again:
        await twice.send_message("Hello")
    assert again.value.code == 40060
    clock.passes(minutes=14)
    await heard.edit_original_response(content="Hello")
    clock.passes(minutes=2)
    with pytest.raises(discord.HTTPException) as over:
        await heard.followup.send("too late")
    assert over.value.code == 50027


async def test_a_modal_opens_first_and_never_after_a_modal(
    fake: FakeDiscord, bot: Bot, general: Channel
) -> None:
    def modal() -> discord.ui.Modal:
        made = discord.ui.Modal(title="Question", custom_id="q")
        made.add_item(discord.ui.TextInput(label="Answer", custom_id="a", default="yes", max_length=5))
        return made

    made, heard = await hello(fake, bot, general)
    await heard.response.send_modal(modal())
    ana = fake.person("Ana")
    for wrong in ({"a": "too long"}, {"a": ""}, {"b": "x"}):
        with pytest.raises(ClientRefuses):
            ana.submits(made, wrong)
    ana.submits(made, {})
    heard = await bot.waiting.get()
    assert heard.data is not None
    assert "'value': 'yes'" in str(heard.data)
    with pytest.raises(discord.HTTPException) as refused:
        await discord.InteractionResponse(heard).send_modal(modal())
    assert refused.value.status == 400


async def test_a_button_redraws_its_message(fake: FakeDiscord, bot: Bot, general: Channel) -> None:
    view = discord.ui.View()
    view.add_item(discord.ui.Button(label="Go", custom_id="go"))
    channel = bot.get_partial_messageable(general.id)
    await channel.send("Ready?", view=view)
    ana = fake.person("Ana")
    [message] = ana.sees(general)
    pressed = ana.presses(message, next(buttons(message)))
    heard = await bot.waiting.get()
    await heard.response.edit_message(content="Gone", view=None)
    assert (message.content, list(buttons(message))) == ("Gone", [])
    assert pressed.original is message


async def test_reactions_channels_and_members_are_told_of(
    fake: FakeDiscord, bot: Bot, general: Channel
) -> None:
    ana = fake.person("Ana")
    message = ana.writes("Hi", general)
    assert ana.reacts("🔖", message)
    assert not ana.reacts("🔖", message)
    ana.unreacts("🔖", message)
    fake.places.leave(ana.user, fake.guild)
    fake.places.delete(general)
    fake.places.kick(fake.guild)
    await bot.hears("added 🔖", "removed 🔖", "left Ana", "deleted general", "out of Association")


async def test_a_resume_replays_what_was_missed(fake: FakeDiscord, bot: Bot, general: Channel) -> None:
    fake.gateway.drop()
    ana = fake.person("Ana")
    ana.reacts("🔖", ana.writes("Hi", general))
    await bot.hears("added 🔖")
    assert (fake.gateway.resumed, fake.gateway.identified) == (1, 1)
    await fake.gateway.reconnect()
    ana.unreacts("🔖", ana.sees(general)[0])
    await bot.hears("removed 🔖")
    assert (fake.gateway.resumed, fake.gateway.identified) == (2, 1)


async def test_a_nonce_makes_one_message_for_some_minutes(
    fake: FakeDiscord, ask: Asking, general: Channel, clock: Clock
) -> None:
    path = f"/channels/{general.id}/messages"
    once = {"content": "Hi", "nonce": "n", "enforce_nonce": True, **NO_MENTIONS}
    _, first = await ask("POST", path, once)
    _, second = await ask("POST", path, once)
    assert first["id"] == second["id"]
    assert (await ask("POST", path, {**once, "enforce_nonce": False}))[1]["id"] != first["id"]
    _, found = await ask("GET", f"{path}?after={int(first['id']) - 1}&limit=10")
    assert [m["content"] for m in found] == ["Hi", "Hi"]
    await ask("DELETE", f"{path}/{found[0]['id']}")
    clock.passes(minutes=4)
    await ask("DELETE", f"{path}/{first['id']}")
    clock.passes(minutes=4)
    assert (await ask("POST", path, once))[0] == 200


async def test_what_was_posted_with_a_nonce_and_deleted_is_not_there(
    fake: FakeDiscord, ask: Asking, general: Channel
) -> None:
    path = f"/channels/{general.id}/messages"
    once = {"content": "Hi", "nonce": "n", "enforce_nonce": True, **NO_MENTIONS}
    _, first = await ask("POST", path, once)
    await ask("DELETE", f"{path}/{first['id']}")
    status, refused = await ask("POST", path, once)
    assert (status, refused["code"]) == (404, 10008)


async def test_each_refusal_has_its_code(fake: FakeDiscord, ask: Asking, general: Channel) -> None:
    hi = {"content": "Hi", **NO_MENTIONS}

    async def code(method: str, path: str, body: Any = None) -> tuple[int, int]:
        status, refused = await ask(method, path, body)
        return status, refused["code"]

    path = f"/channels/{general.id}/messages"
    ana, secret = fake.person("Ana"), fake.places.channel(fake.guild, "secret")
    theirs = ana.writes("Hi", general)
    fake.places.forbid(general, permissions.SEND_MESSAGES)
    fake.places.forbid(secret, permissions.VIEW_CHANNEL)
    assert await code("POST", path, hi) == (403, 50013)
    assert await code("POST", f"/channels/{secret.id}/messages", hi) == (403, 50001)
    assert await code("POST", "/channels/1/messages", hi) == (404, 10003)
    assert await code("GET", f"{path}/1") == (404, 10008)
    assert await code("PATCH", f"{path}/{theirs.id}", hi) == (403, 50005)
    assert await code("PUT", f"{path}/{theirs.id}/reactions/bookmark/@me") == (400, 10014)
    ana.user.open = False
    _, direct = await ask("POST", "/users/@me/channels", {"recipient_id": str(ana.user.id)})
    assert await code("POST", f"/channels/{direct['id']}/messages", hi) == (403, 50007)
    fake.places.kick(fake.guild)
    assert await code("GET", f"/guilds/{fake.guild.id}") == (404, 10004)
    fake.revoke()
    assert (await ask("GET", "/users/@me", token="old"))[0] == 401


BUTTON: Json = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}
TOO_MUCH: dict[str, Json] = {
    "a text of 2,001": {"content": "x" * 2_001},
    "nothing": {"content": ""},
    "embeds of 6,001": {"embeds": [{"description": "x" * 3_001}, {"description": "x" * 3_000}]},
    "an embed of 4,097": {"embeds": [{"description": "x" * 4_097}]},
    "eleven embeds": {"embeds": [{"description": "x"}] * 11},
    "26 fields": {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]},
    "an empty field": {"embeds": [{"fields": [{"name": "a", "value": " "}]}]},
    "a nonce of 26": {"content": "x", "nonce": "x" * 26},
    "six rows": {
        "components": [{"type": 1, "components": [{**BUTTON, "custom_id": str(n)}]} for n in range(6)]
    },
    "six buttons": {
        "components": [{"type": 1, "components": [{**BUTTON, "custom_id": str(n)} for n in range(6)]}]
    },
    "a custom_id twice": {"components": [{"type": 1, "components": [BUTTON, BUTTON]}]},
    "a custom_id of 101": {"components": [{"type": 1, "components": [{**BUTTON, "custom_id": "x" * 101}]}]},
    "a label of 81": {"components": [{"type": 1, "components": [{**BUTTON, "label": "x" * 81}]}]},
    "no custom_id": {"components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x"}]}]},
    "26 choices": {
        "components": [
            {
                "type": 1,
                "components": [
                    {
                        "type": 3,
                        "custom_id": "x",
                        "options": [{"label": str(n), "value": str(n)} for n in range(26)],
                    }
                ],
            }
        ]
    },
    "4,001 characters of components": {
        "flags": 1 << 15,
        "components": [{"type": 10, "content": "x" * 2_001}, {"type": 10, "content": "x" * 2_000}],
    },
    "41 components": {"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 41},
    "content beside components": {
        "flags": 1 << 15,
        "content": "x",
        "components": [{"type": 10, "content": "x"}],
    },
    "text without the flag": {"components": [{"type": 10, "content": "x"}]},
    "a file that is not there": {
        "flags": 1 << 15,
        "components": [{"type": 13, "file": {"url": "attachment://x.ics"}}],
    },
}


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH.keys())
async def test_what_discord_does_not_take_is_refused_and_not_posted(
    fake: FakeDiscord, ask: Asking, general: Channel, body: Json
) -> None:
    status, _ = await ask("POST", f"/channels/{general.id}/messages", {**body, **NO_MENTIONS})
    assert status == 400
    assert list(fake.state.in_channel(general.id)) == []
    fake.ledger.complaints.clear()  # the description knows some of these limits, too
    status, _ = await ask("POST", f"/channels/{general.id}/messages", {"content": "x" * 2_000, **NO_MENTIONS})
    assert status == 200


async def test_a_message_that_could_call_somebody_is_complained_of(
    fake: FakeDiscord, ask: Asking, general: Channel
) -> None:
    path = f"/channels/{general.id}/messages"
    for allowed in (
        {},
        {"allowed_mentions": {"parse": ["users"]}},
        {"allowed_mentions": {"parse": [], "users": ["1"]}},
    ):
        await ask("POST", path, {"content": "@everyone", **allowed})
    assert len(fake.ledger.complaints) == 3
    fake.ledger.complaints.clear()
    await ask("POST", path, {"content": "@everyone", **NO_MENTIONS})


def command(name: str = "cop", **more: Any) -> Json:
    return {"name": name, "description": "x", "type": 1, **more}


TEXT_OPTION: Json = {"type": 3, "name": "a", "description": "x"}
NO_COMMANDS: dict[str, list[Json]] = {
    "upper case": [command("Cop")],
    "a space": [command("a b")],
    "no description": [command(description="")],
    "a description of 101": [command(description="x" * 101)],
    "the same twice": [command(), command()],
    "26 options": [command(options=[{**TEXT_OPTION, "name": f"o{n}"} for n in range(26)])],
    "required after optional": [
        command(options=[TEXT_OPTION, {**TEXT_OPTION, "name": "b", "required": True}])
    ],
    "26 choices": [
        command(options=[{**TEXT_OPTION, "choices": [{"name": str(n), "value": str(n)} for n in range(26)]}])
    ],
    "choices that complete": [
        command(options=[{**TEXT_OPTION, "autocomplete": True, "choices": [{"name": "a", "value": "a"}]}])
    ],
    "8,001 characters": [
        command(
            options=[{**TEXT_OPTION, "name": f"{n:032}", "description": "x" * 100} for n in range(25)] + []
        )
        | {
            "options": [
                {
                    "type": 1,
                    "name": f"s{g}",
                    "description": "x",
                    "options": [
                        {**TEXT_OPTION, "name": f"{n:032}", "description": "x" * 100} for n in range(25)
                    ],
                }
                for g in range(3)
            ]
        }
    ],
    "six menus": [{"name": f"m{n}", "type": 3} for n in range(6)],
}


@pytest.mark.parametrize("bodies", NO_COMMANDS.values(), ids=NO_COMMANDS.keys())
async def test_commands_that_discord_does_not_take_are_refused_and_the_old_stay(
    fake: FakeDiscord, ask: Asking, bodies: list[Json]
) -> None:
    path = f"/applications/{fake.state.application}/commands"
    status, [kept] = await ask("PUT", path, [command()])
    assert status == 200
    assert (await ask("PUT", path, bodies))[0] == 400
    fake.ledger.complaints.clear()  # the description knows some of these limits, too
    assert (await ask("GET", path))[1] == [kept]
    status, [again] = await ask("PUT", path, [command(description="y")])
    assert again["id"] == kept["id"]
    assert again["version"] != kept["version"]


async def test_a_bucket_is_told_of_and_kept(fake: FakeDiscord, bot: Bot, general: Channel) -> None:
    fake.rates.limits["POST", "/messages"] = (2, 0.2)
    channel = bot.get_partial_messageable(general.id)
    for number in range(5):
        await channel.send(str(number))
    assert [m.content for m in fake.state.in_channel(general.id)] == list("01234")
    assert fake.ledger.asked("POST", "/messages")[-1].status == 200


async def test_scripted_faults_meet_the_library(fake: FakeDiscord, bot: Bot, general: Channel) -> None:
    channel = bot.get_partial_messageable(general.id)
    fake.faults.add(Fault("limited"))
    await channel.send("waited")
    fake.faults.add(Fault("bare"))
    with pytest.raises(discord.HTTPException):
        await channel.send("banned")
    fake.faults.add(Fault("page", status=403))
    with pytest.raises(discord.Forbidden):
        await channel.send("banned")
    fake.faults.add(Fault("lost"))
    with pytest.raises(aiohttp.ClientError):
        await channel.send("lost")
    fake.faults.add(Fault("reset"))
    with pytest.raises(aiohttp.ClientError):
        await channel.send("reset")
    assert [m.content for m in fake.state.in_channel(general.id)] == ["waited", "lost"]


async def test_files_are_kept_and_served(fake: FakeDiscord, bot: Bot, general: Channel) -> None:
    channel = bot.get_partial_messageable(general.id)
    sent = await channel.send(file=discord.File(io.BytesIO(b"BEGIN:VCALENDAR"), "s1.ics", description="S1"))
    assert await sent.attachments[0].read() == b"BEGIN:VCALENDAR"
    [message] = fake.state.in_channel(general.id)
    assert message.attachments[0].description == "S1"
