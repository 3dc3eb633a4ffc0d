"""The ledger: every request as it was answered, and every effect it had."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Verb = Literal[
    "create", "edit", "delete", "answer", "react", "unreact", "commands", "event", "unevent", "direct"
]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the path as described, its parameters, the body, and the status it was answered with."""

    method: str
    path: str
    parameters: dict[str, str]
    body: Any
    status: int


@dataclass(frozen=True, slots=True)
class Effect:
    """One change the bot made: to a message, a reaction, an interaction, the commands or an event."""

    verb: Verb
    target: int
    at: datetime
    channel: int = 0
    data: Any = None


@dataclass(slots=True)
class Ledger:
    """`requests` has the refused ones too; `effects` are what stands. `complaints` must stay empty.

    A complaint is what a payload said that Discord's description does not allow, or what must never be
    sent: a test fails on any.
    """

    requests: list[Asked] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def of(self, *verbs: Verb) -> list[Effect]:
        return [effect for effect in self.effects if effect.verb in verbs]

    def asked(self, method: str, path: str = "") -> list[Asked]:
        """Return the requests of the method whose described path ends like that."""
        return [r for r in self.requests if r.method == method and r.path.endswith(path)]
