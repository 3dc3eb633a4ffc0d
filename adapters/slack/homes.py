"""App Home: each person's own page, published when they look at it and when it has changed."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from adapters.slack.api import Api, SlackError, Unclear
from adapters.slack.views import home
from bot.chat import Refused, RetryLater
from bot.ui.cards import Card

MOST = 10_000

_log = structlog.get_logger(__name__)


class Homes:
    """Publishes homes. `card` gives a person's, by their id and workspace."""

    def __init__(self, api: Api, card: Callable[[str, str], Awaitable[Card | None]]) -> None:
        self._api = api
        self._card = card
        self._published: OrderedDict[str, str] = OrderedDict()

    async def draw(self, person: str, workspace: str) -> None:
        """Publish the person's home, unless it stands there as it is already."""
        card = await self._card(person, workspace)
        if card is None:
            return
        view = home(card)
        state = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        if self._published.get(person) == state:
            return
        try:
            await self._api("views.publish", user_id=person, view=view)
        except (SlackError, Unclear, RetryLater, Refused) as error:
            self._published.pop(person, None)
            _log.warning("a home could not be published", reason=str(error))
            return
        self._published[person] = state
        self._published.move_to_end(person)
        if len(self._published) > MOST:
            self._published.popitem(last=False)

    async def redraw(self, person: str, workspace: str) -> None:
        """Draw the home anew of a person who has looked at it."""
        if person in self._published:
            await self.draw(person, workspace)
