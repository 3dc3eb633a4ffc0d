"""Slack as one of Hearth's platforms: the port the core posts through, over Socket Mode or HTTP."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import structlog

from adapters.slack import http
from adapters.slack.api import Api, Json, Unclear
from adapters.slack.bolt import Bolt
from adapters.slack.desk import Desk
from adapters.slack.http import Received, Signatures
from adapters.slack.journal import Journal
from adapters.slack.people import People
from adapters.slack.posting import Posting
from adapters.slack.socket import Sockets
from bot.chat import Address, Handle, MessageRef, Quote, Refused, RetryLater
from bot.settings import SlackSettings
from bot.ui.calls import Call
from bot.ui.cards import Card

JOURNAL = "slack-journal.jsonl"
LONGEST_WAIT = 60.0  # seconds between two tries to reach Slack at the start

_log = structlog.get_logger(__name__)


class SlackAdapter:
    """Implements `bot.chat.Adapter`.

    `parse` reads what was typed after the slash command and never raises. `confidential` says of a call
    whether what it carries must not be written down. `clock` has to agree with Slack's.
    """

    name = "slack"
    quarantine = 75.0  # longer than Slack holds a request that was sent, and than a call may take

    def __init__(
        self,
        settings: SlackSettings,
        *,
        parse: Callable[[str], Call],
        confidential: Callable[[Call], bool],
        clock: Callable[[], datetime],
        data_dir: Path,
        bot_name: str,
    ) -> None:
        self._settings = settings
        self._api = Api(settings.bot_token.get_secret_value(), settings.api_url, clock=clock)
        self._people = People(self._api)
        self._posting = Posting(self._api, self._people, clock=clock)
        self._desk = Desk(
            self._api,
            self._posting,
            self._people,
            Journal(data_dir / JOURNAL),
            parse=parse,
            confidential=confidential,
        )
        self._bolt = Bolt(self._api.client, self._desk.heard, bot_name)
        self._signatures = Signatures(settings.signing_secret.get_secret_value(), clock)
        self.ready = asyncio.Event()
        """Set while deliveries are taken."""

    async def run(self, handle: Handle) -> None:
        """Take Slack's deliveries to `handle` until cancelled. Raises Refused once a token is worth nothing."""
        self._api.open()
        tasks: list[asyncio.Task[object]] = []
        try:
            identity = await self._introduce()
            self._desk.me = str(identity.get("user_id", ""))
            self._desk.handle = handle
            self.ready.set()
            _log.info("in Slack", workspace=identity.get("team_id"), mode=self._settings.mode)
            tasks = [asyncio.create_task(self._api.dead.wait()), asyncio.create_task(self._receiving())]
            tasks.append(asyncio.create_task(self._api.watch()))
            self._desk.catch_up(str(identity.get("team_id", "")))
            await asyncio.wait(tasks[:2], return_when=asyncio.FIRST_COMPLETED)
            if tasks[1].done():
                tasks[1].result()
            raise Refused("Slack no longer accepts the bot token")
        finally:
            self.ready.clear()
            for task in tasks:
                task.cancel()
            # Side by side, each for less than two seconds: the whole program has promised ten.
            await asyncio.gather(*tasks, self._desk.drain(), self._posting.drain(), return_exceptions=True)
            await self._people.close()
            await self._api.close()

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> Received:
        """Answer one HTTP request that claims to be Slack's: 401 unless it is, 503 while the adapter does not run."""
        return await http.receive(body, headers, self._signatures, self._bolt.dispatch)

    async def idle(self) -> None:
        """Wait until every delivery that came in is done and answered."""
        await self._desk.idle()
        await self._posting.idle()

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        """Post the card, marked with `key`."""
        return await self._posting.post(to, card, key)

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        """Return the message that carries `key`, and delete later ones that do."""
        return await self._posting.find(to, key)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Redraw a message in place."""
        await self._posting.edit(message, card)

    async def read(self, message: MessageRef) -> Quote | None:
        """Return what the message says, or None where it cannot be read."""
        return await self._posting.read(message)

    async def _receiving(self) -> None:
        if self._settings.mode == "http":
            await asyncio.Event().wait()
        await Sockets(self._api, self._settings.app_token.get_secret_value(), self._bolt.dispatch).run()

    async def _introduce(self) -> Json:
        """Return who we are, trying until Slack can be reached."""
        wait = 1.0
        while True:
            try:
                return await self._api("auth.test")
            except (RetryLater, Unclear) as error:
                reason = str(error) if isinstance(error, Unclear) else "it gave no answer or asks for a pause"
                _log.warning("waiting for Slack", reason=reason, seconds=wait)
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)
