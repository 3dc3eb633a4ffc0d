"""What Slack hands out to be used soon and seldom: triggers, answer addresses, socket and upload tickets."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

TRIGGER_SECONDS = 3.0
ANSWER_SECONDS = 30 * 60.0
ANSWER_USES = 5


@dataclass(slots=True)
class Trigger:
    """The right to open a view for a person once, within three seconds."""

    person: str
    made: float
    view: str = ""
    used: bool = False


@dataclass(slots=True)
class AnswerAddress:
    """A response_url: where the app may answer an act, and the message it was about."""

    person: str
    channel: str
    made: float
    message: str = ""
    ephemeral: bool = False
    uses: int = 0


@dataclass(slots=True)
class Tickets:
    """All tickets of a workspace. `clock` decides when they have expired."""

    clock: Callable[[], datetime]
    triggers: dict[str, Trigger] = field(default_factory=dict)
    answers: dict[str, AnswerAddress] = field(default_factory=dict)
    sockets: set[str] = field(default_factory=set)

    def trigger(self, person: str, view: str = "") -> str:
        """Make a trigger_id; `view` is the one whose button or submission caused it."""
        ticket = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(16)}"
        self.triggers[ticket] = Trigger(person, self._now(), view)
        return ticket

    def use_trigger(self, ticket: str) -> Trigger | str:
        """Return the trigger, used up, or the error Slack gives for it."""
        found = self.triggers.get(ticket)
        if found is None:
            return "invalid_trigger_id"
        if found.used:
            return "exchanged_trigger_id"
        if self._now() - found.made >= TRIGGER_SECONDS:
            return "expired_trigger_id"
        found.used = True
        return found

    def answer(self, person: str, channel: str, message: str = "", *, ephemeral: bool = False) -> str:
        """Make the ticket of a response_url."""
        ticket = secrets.token_urlsafe(18)
        self.answers[ticket] = AnswerAddress(person, channel, self._now(), message, ephemeral)
        return ticket

    def use_answer(self, ticket: str) -> AnswerAddress | str:
        """Return the address, used once more, or the error Slack gives for it."""
        found = self.answers.get(ticket)
        if found is None:
            return "invalid_url"
        if self._now() - found.made >= ANSWER_SECONDS:
            return "expired_url"
        if found.uses >= ANSWER_USES:
            return "used_url"
        found.uses += 1
        return found

    def socket(self) -> str:
        """Make a ticket for one connection."""
        ticket = secrets.token_urlsafe(18)
        self.sockets.add(ticket)
        return ticket

    def use_socket(self, ticket: str) -> bool:
        """Return whether the ticket was still good; it no longer is."""
        good = ticket in self.sockets
        self.sockets.discard(ticket)
        return good

    def _now(self) -> float:
        return self.clock().timestamp()
