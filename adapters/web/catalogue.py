"""The commands as the page offers them for completion."""

from collections.abc import Sequence
from typing import Any

from bot.registry import Command
from bot.ui.codec import dump


def catalogue(commands: Sequence[Command]) -> list[dict[str, Any]]:
    """Return the commands JSON-ready: {"path", "summary", "fields": [{"name", "label", "hint", "kind", …}]}."""
    return [
        {
            "path": command.path,
            "summary": command.summary,
            "fields": [
                {key: value for key, value in dump(p.field()).items() if key != "t"}
                for p in command.parameters
                if not p.about.hidden
            ],
        }
        for command in commands
    ]
