"""The adapter that speaks to the ledger server over HTTP, as a real one does to its platform."""

import asyncio

import aiohttp

from bot.chat import Address, Handle, MessageRef, Quote, RetryLater, Undeliverable
from bot.ui.cards import Card, words


class LedgerClient:
    """Posts to the server at `url`. Retries nothing itself."""

    name = "ledger"

    def __init__(self, session: aiohttp.ClientSession, url: str, quarantine: float) -> None:
        self.quarantine = quarantine
        self._session = session
        self._url = url

    async def run(self, handle: Handle) -> None:
        await asyncio.Event().wait()

    async def post(self, to: Address, card: Card, *, key: str) -> MessageRef:
        message = {"channel": to.channel or to.person, "key": key, "card": words(card)}
        async with self._session.post(f"{self._url}/post", json=message) as answer:
            if answer.status == 429:
                raise RetryLater(float(answer.headers["Retry-After"]))
            if answer.status == 410:
                raise Undeliverable((await answer.json())["error"])
            answer.raise_for_status()
            return MessageRef(to, (await answer.json())["id"])

    async def find(self, to: Address, *, key: str) -> MessageRef | None:
        async with self._session.get(f"{self._url}/find", params={"key": key}) as answer:
            answer.raise_for_status()
            found = (await answer.json())["id"]
            return MessageRef(to, found) if found else None

    async def edit(self, message: MessageRef, card: Card) -> None:
        raise Undeliverable("the ledger is not edited")

    async def read(self, message: MessageRef) -> Quote | None:
        return None
