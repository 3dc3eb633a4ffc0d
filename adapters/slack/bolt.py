"""Bolt: one listener for every kind of delivery, acknowledged in the request itself.

It is a middleware: Bolt tries listeners one after another, and makes all that a function could ask for
anew for each, and here everything goes to the same place as it is.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

_log = structlog.get_logger(__name__)

Json = dict[str, Any]
Dispatch = Callable[[Json], Awaitable[tuple[int, Json]]]

ANSWER = "answer"
KINDS = frozenset(
    (
        "event_callback",
        "app_rate_limited",
        "block_actions",
        "view_submission",
        "view_closed",
        "shortcut",
        "message_action",
    )
)


class _Listening(AsyncMiddleware):
    """Takes every payload to `heard`, and lets nothing after it have it."""

    def __init__(self, heard: Dispatch) -> None:
        self._heard = heard

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse:
        """Return the status; what the acknowledgement carries is in the context."""
        req.context[ANSWER] = {}  # it came as far as here
        status, req.context[ANSWER] = await self._heard(req.body)
        return BoltResponse(status=status)


class Bolt:
    """The app. `heard` is called with each payload and returns the status and what the acknowledgement carries.

    Who signed a request is checked before it comes here.
    """

    def __init__(self, client: AsyncWebClient, heard: Dispatch, name: str) -> None:
        token = client.token
        # A client of its own, for Bolt makes one per request from it and warns of a token in it.
        bare = AsyncWebClient(base_url=client.base_url, retry_handlers=[])
        bare.proxy = client.proxy

        # Bolt passes arguments by name and takes `self` for one of them, so this is no method.
        async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
            # Without this, Bolt asks auth.test with every request; `run` asked it once.
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

        self.app = AsyncApp(
            name=name,
            client=bare,
            authorize=authorize,
            signing_secret="",
            process_before_response=True,
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,
            ssl_check_enabled=False,
            url_verification_enabled=False,
            attaching_function_token_enabled=False,
        )
        self.app.use(_Listening(heard))

    async def dispatch(self, payload: Json) -> tuple[int, Json]:
        """Return the status and the answer to a payload, {} for none."""
        if str(payload.get("type")) not in KINDS and "command" not in payload:
            return 200, {}
        try:
            # The payload is read already: Bolt's own reading of a form stumbles over the word "payload" in it.
            request = AsyncBoltRequest(body=payload, mode="socket_mode")
            response = await self.app.async_dispatch(request)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            _log.warning("a payload was not understood", reason=type(error).__name__)
            return 200, {}
        if ANSWER not in request.context:  # Bolt could not make sense of it, and said so in the log
            return 200, {}
        # Beside the response, in which it would be text that the transport takes apart again.
        return response.status, request.context[ANSWER]
