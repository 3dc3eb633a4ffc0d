"""Tables as CSV that a spreadsheet shows and never runs."""

import csv
import io
from collections.abc import Iterable, Sequence

_RUN = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet may take for a formula (OWASP, CSV injection)."""


def table(head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """Return the rows as CSV (RFC 4180), every text quoted; one that could be a formula begins with an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(head)
    writer.writerows([cell if isinstance(cell, int) else inert(cell) for cell in row] for row in rows)
    return written.getvalue()


def inert(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula, whatever blanks stand before it."""
    risky = text.startswith(_RUN) or text.lstrip().startswith(_RUN)
    return f"'{text}" if risky else text
