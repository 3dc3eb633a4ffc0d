"""The commands are published where they are wanted, once, and taken back where they are not."""

from pathlib import Path

from structlog.testing import capture_logs

from adapters.discord import tree
from tests.adapters.discord.conftest import connected
from tests.fakes.discord.faults import Fault
from tests.fakes.discord.server import FakeDiscord


def published(discord: FakeDiscord) -> int:
    return len(discord.ledger.of("commands"))


async def test_commands_are_published_once_per_change(discord: FakeDiscord, tmp_path: Path) -> None:
    for _ in range(3):
        async with connected(discord, tmp_path):
            pass
    assert published(discord) == 1
    async with connected(discord, tmp_path) as stage:
        stage.discord.person("Ana").find(["session", "schedule"])


async def test_a_changed_command_is_published_again(discord: FakeDiscord, tmp_path: Path) -> None:
    async with connected(discord, tmp_path):
        pass
    kept = tmp_path / f"{discord.state.application}-discord-commands.json"
    kept.write_text('{"global": "another tree"}')
    async with connected(discord, tmp_path):
        pass
    assert published(discord) == 2
    kept.write_text("half a fi")
    async with connected(discord, tmp_path):
        pass
    assert published(discord) == 3


async def test_one_server_gets_commands_of_its_own_and_loses_them_again(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    guild = discord.guild.id
    async with connected(discord, tmp_path, guild_ids=(guild,)) as stage:
        stage.discord.person("Ana").find(["help"])
        assert {c["name"] for c in discord.commands.offered(guild)} >= {"help", "session", tree.SAVE}
    async with connected(discord, tmp_path):
        names = [c["name"] for c in discord.commands.offered(guild)]
    assert len(names) == len(set(names)), "no command stands there twice"


async def test_two_processes_that_start_at_once_publish_the_same(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    async with connected(discord, tmp_path), connected(discord, tmp_path):
        names = [c["name"] for c in discord.commands.offered(discord.guild.id)]
    assert len(names) == len(set(names))


async def test_a_place_that_refuses_them_stops_nothing(discord: FakeDiscord, tmp_path: Path) -> None:
    discord.faults.add(Fault("status", "PUT", "/commands", status=403, code=50001))
    async with connected(discord, tmp_path):
        assert published(discord) == 0
    async with connected(discord, tmp_path):
        assert published(discord) == 1


async def test_what_cannot_be_remembered_is_published_all_the_same(
    discord: FakeDiscord, tmp_path: Path
) -> None:
    for count in (1, 2):
        (tmp_path / f"{discord.state.application}-discord-commands.json").mkdir(exist_ok=True)
        with capture_logs() as log:
            async with connected(discord, tmp_path) as stage:
                stage.discord.person("Ana").find(["help"])
        assert published(discord) == count
        assert any("cannot remember" in entry["event"] for entry in log)
