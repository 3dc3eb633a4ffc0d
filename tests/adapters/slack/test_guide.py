"""The guide says of scopes and events what the table says."""

from pathlib import Path

import pytest

from adapters.slack import scopes

GUIDE = Path(__file__).parents[3] / "docs" / "slack.md"


def table() -> str:
    rows = [f"| `{s.name}` | {'optional' if s.optional else 'yes'} | {s.feature} |" for s in scopes.BOT]
    return "\n".join(["| scope | needed | for |", "|---|---|---|", *rows])


PARTS = {
    "scopes": table(),
    "lost": "\n".join(f"- without `{scope.name}`, {scope.lost}" for scope in scopes.optional()),
    "events": ", ".join(f"`{event}`" for event in scopes.events()) + ".",
}


@pytest.mark.parametrize("part", PARTS)
def test_the_guide_is_as_the_table_has_it(part: str) -> None:
    written = (
        GUIDE.read_text("utf-8").partition(f"<!-- {part}: begin -->")[2].partition(f"<!-- {part}: end -->")[0]
    )
    assert written.strip() == PARTS[part], f"docs/slack.md, {part}: put this there\n{PARTS[part]}"
