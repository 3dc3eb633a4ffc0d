"""What the loopback Slack has done and was asked to do, in order: nothing is ever taken out."""

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Kind = Literal[
    "posted",
    "whispered",
    "edited",
    "deleted",
    "reacted",
    "unreacted",
    "opened",
    "updated",
    "pushed",
    "published",
    "uploaded",
]


@dataclass(frozen=True, slots=True)
class Effect:
    """Something people can see now: a message, an edit, a view, a reaction, a file. `at` is in seconds."""

    kind: Kind
    where: str
    """The channel's id, or of a view the person's."""
    id: str
    """The message's ts, the view's id, the file's id."""
    body: Json
    at: float


@dataclass(frozen=True, slots=True)
class Called:
    """One call of a Web API method and what became of it: "ok", an error, "429", or a fault's name."""

    method: str
    arguments: Json
    outcome: str
    at: float
    scripted: bool = False
    """Whether it ended so because a test wanted it."""


MALFORMED = frozenset(
    {
        "duplicate_external_id",
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "not_allowed_token_type",
        "push_limit_reached",
        "unknown_method",
        "view_too_large",
    }
)
"""Errors that no workspace causes: the app called wrongly."""


@dataclass(slots=True)
class Ledger:
    """The books of one workspace."""

    effects: list[Effect] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)

    def of(self, *kinds: Kind, where: str = "") -> list[Effect]:
        """Return the effects of these kinds, oldest first, all or those in one place."""
        return [e for e in self.effects if e.kind in kinds and where in ("", e.where)]

    def outcomes(self, method: str = "") -> list[str]:
        """Return how the calls of a method, or all calls, ended."""
        return [c.outcome for c in self.calls if method in ("", c.method)]

    def wrong(self) -> list[Called]:
        """Return the calls that were refused because they were made wrongly."""
        return [call for call in self.calls if call.outcome in MALFORMED and not call.scripted]
