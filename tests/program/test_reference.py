"""The command reference in the repository is the one the commands give."""

from pathlib import Path

from bot.app import registry
from bot.reference import render
from bot.registry import Role

REFERENCE = Path(__file__).parents[2] / "REFERENCE.md"


def test_the_reference_is_current() -> None:
    assert REFERENCE.read_text("utf-8") == render(registry()), "run make reference, and commit REFERENCE.md"


def test_the_reference_says_everything_a_command_takes() -> None:
    text = REFERENCE.read_text("utf-8")
    for command in registry().commands.values():
        assert (f"### {command.path}\n" in text) is not command.hidden
        if not command.hidden:
            section = text.partition(f"### {command.path}\n")[2].partition("\n### ")[0]
            shown = [p for p in command.parameters if not p.about.hidden]
            assert [p.name for p in shown if f"- `{p.name}`" in section] == [p.name for p in shown]
            assert ("association staff" in section) is (command.role is Role.ADMIN)
