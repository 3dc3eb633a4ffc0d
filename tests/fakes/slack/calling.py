"""How a Web API method is called: its arguments, however they were sent, and how it refuses."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import Workspace


class Refusal(Exception):
    """`ok: false` with this error and whatever else the answer says."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more

    def answer(self) -> Json:
        return {"ok": False, "error": self.error, **self.more}


class Arguments:
    """Arguments of one call; a form has everything as text, JSON inside it where Slack wants structure."""

    def __init__(self, given: Json) -> None:
        self.given = given

    def __contains__(self, name: str) -> bool:
        return self.given.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        value = self.given.get(name)
        return default if value is None else str(value)

    def needed(self, name: str, error: str = "") -> str:
        """Return the text. Raises Refusal when there is none."""
        if name not in self:
            raise Refusal(
                error or "invalid_arguments",
                response_metadata={"messages": [f"[ERROR] missing required field: {name}"]},
            )
        return self.text(name)

    def flag(self, name: str) -> bool:
        return str(self.given.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise Refusal("invalid_arguments") from None

    def data(self, name: str, error: str = "invalid_arguments") -> Any:
        """Return structured data, or None. Raises Refusal when it is no JSON."""
        value = self.given.get(name)
        if isinstance(value, str):
            if not value:
                return None
            try:
                return json.loads(value)
            except ValueError:
                raise Refusal(error) from None
        return value


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what it does, the scopes of which it needs one, calls a minute, and whether JSON is read."""

    run: Callable[[Workspace, Arguments], Json]
    scopes: tuple[str, ...] = ()
    minute: int = 50
    json: bool = True
    app_token: bool = False
