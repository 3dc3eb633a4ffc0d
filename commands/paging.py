"""Pages: the hidden parameter every list takes, and the button to the next one."""

from collections.abc import Mapping

from bot.registry import Param
from bot.ui.calls import PAYLOAD_LIMIT, Call, written

PAGE = Param("Page", low=1, high=10_000, hidden=True)
SIZE = 5
"""Entries on a page, so that each has a button in one row."""


def following(path: str, filters: Mapping[str, str | None], page: int) -> Call | None:
    """Return the call for the page after this one; None where the filters are too long for a button."""
    args = {name: value for name, value in filters.items() if value}
    call = Call(path, {**args, "page": str(page + 1)})
    return call if len(written(call)) <= PAYLOAD_LIMIT else None
