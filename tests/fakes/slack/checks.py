"""Refuses messages and views that Slack would refuse, and those that its SDK's own models would not make."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from tests.fakes.slack import limits
from tests.fakes.slack.calling import Refusal
from tests.fakes.slack.ledger import Json

METADATA_BYTES = 8_192


@contextmanager
def _as_refusal() -> Iterator[None]:
    try:
        yield
    except limits.Refused as refused:
        raise Refusal(
            refused.word,
            errors=list(refused.messages),
            response_metadata={"messages": [f"[ERROR] {words}" for words in refused.messages]},
        ) from refused


def message(payload: Mapping[str, Any]) -> tuple[str, list[Json]]:
    """Return text and blocks of a message. Raises Refusal for what cannot be one."""
    with _as_refusal():
        limits.check_message({name: value for name, value in payload.items() if value is not None})
    blocks = _read(payload.get("blocks")) or []
    _modelled("invalid_blocks", lambda: [block.to_dict() for block in Block.parse_all(blocks)])
    return str(payload["text"]), blocks


def metadata(value: Any) -> Json | None:
    """Return a message's metadata. Raises Refusal for what cannot be that."""
    read = _read(value)
    if read is None:
        return None
    if not (
        isinstance(read, dict)
        and isinstance(read.get("event_type"), str)
        and isinstance(read.get("event_payload"), dict)
    ):
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(read)) > METADATA_BYTES:
        raise Refusal("metadata_too_large")
    return read


def view(value: Any, kind: str = "") -> Json:
    """Return a view. Raises Refusal for what cannot be one, or is not of the kind wanted."""
    with _as_refusal():
        limits.check_view(value)
    body = _read(value)
    assert isinstance(body, dict)
    if kind not in ("", body["type"]):
        raise Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] expected a {kind}"]})
    _modelled("invalid_arguments", lambda: View(**body).to_dict())
    return body


def errors(value: Any, body: Json) -> dict[str, str]:
    """Return what a submission's answer says is wrong. Raises Refusal for errors Slack could not place."""
    with _as_refusal():
        limits.check_errors(value, body)
    return dict(value)


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value else value or None


def _modelled(error: str, make: Callable[[], Any]) -> None:
    try:
        make()
    except (SlackObjectFormationError, TypeError) as problem:
        raise Refusal(error, response_metadata={"messages": [f"[ERROR] {problem}"]}) from problem
