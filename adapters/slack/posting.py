"""Messages that stand for all to see: posted, looked for, edited and read back by Slack's API."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from adapters.slack import files, quotes
from adapters.slack.api import Api, Json, SlackError, Unclear
from adapters.slack.blocks import render
from adapters.slack.faults import Fate
from adapters.slack.people import People
from adapters.slack.text import plain_emoji
from bot.chat import Actor, Address, MessageRef, Quote, Refused, RetryLater, Undeliverable
from bot.ui.cards import Card

LETTER = "hearth_letter"
LOOK_BACK = timedelta(days=2)  # how far back a letter in doubt is looked for
PAGE, PAGES = 200, 10
DRAIN = 1.8  # seconds for files that are under way at the end
MOST_DIRECT = 20_000
MOST_POSTED = 2_000

REASONS = {
    "channel_not_found": "the channel is gone, or the bot is not in it",
    "is_archived": "the channel is archived",
    "not_in_channel": "the bot is not in the channel",
    "cannot_dm_bot": "a bot takes no direct messages",
    "user_disabled": "the account was deactivated",
    "user_not_found": "the account is gone",
    "messages_tab_disabled": "direct messages to the app are switched off in its settings",
    "restricted_action": "the workspace does not let the app post here",
    "restricted_action_read_only_channel": "only some people may post in the channel",
}

_log = structlog.get_logger(__name__)


def mark(key: str, workspace: str) -> str:
    """Return what marks the message of a letter: everyone in the workspace can read it, so it tells nothing."""
    return hashlib.sha256(f"hearth letter {workspace} {key}".encode()).hexdigest()[:32]


class Posting:
    """The methods of the port that post, find, edit and read."""

    def __init__(self, api: Api, people: People, *, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._people = people
        self._clock = clock
        self._direct: OrderedDict[str, str] = OrderedDict()
        self._posted: OrderedDict[str, str] = OrderedDict()
        self._showing: set[asyncio.Task[bool]] = set()

    async def channel(self, to: Address) -> str:
        """Return the id of the channel of an address; of a person's, that of their direct messages with the bot.

        Raises Undeliverable where there is none.
        """
        if not to.person:
            return to.channel
        known = self._direct.get(to.person)
        if known is None:
            try:
                answer = await self._api("conversations.open", users=to.person)
            except SlackError as error:
                raise self._undeliverable(error) from None
            except Unclear as error:
                raise RetryLater(5) from error  # nothing was posted yet
            known = str(answer["channel"]["id"])
            self._learn(to.person, known)
        return known

    def _learn(self, person: str, channel: str) -> None:
        """Remember somebody's direct messages; where `person` is "" there are none."""
        if person:
            self._direct[person] = channel
        if len(self._direct) > MOST_DIRECT:
            self._direct.popitem(last=False)

    async def post(self, to: Address, card: Card, key: str) -> MessageRef:
        """Post the card marked with `key`; its files follow in the thread. Raises as the port says."""
        # To somebody's id Slack opens their direct messages by itself: a call less, and that one is slow to repeat.
        channel = self._direct.get(to.person, to.person) or to.channel
        message = render(card)
        try:
            answer = await self._api(
                "chat.postMessage",
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": LETTER, "event_payload": {"id": mark(key, to.workspace)}},
            )
        except SlackError as error:
            self._direct.pop(to.person, None)
            raise self._undeliverable(error) from None
        channel = str(answer["channel"])
        self._learn(to.person, channel)
        ts = self._posted[mark(key, to.workspace)] = str(answer["ts"])
        if len(self._posted) > MOST_POSTED:
            self._posted.popitem(last=False)
        if message.files:
            # Beside the letter: it stands, whatever becomes of them and however long that takes.
            showing = asyncio.create_task(files.show(self._api, channel, message.files, thread=ts))
            self._showing.add(showing)
            showing.add_done_callback(self._showing.discard)
        return MessageRef(to, ts)

    async def idle(self) -> None:
        """Wait until the files of every letter are shown, or given up."""
        while self._showing:
            await asyncio.wait(self._showing)

    async def drain(self) -> None:
        """Give them a moment."""
        if self._showing:
            await asyncio.wait(self._showing, timeout=DRAIN)
        for task in self._showing:
            task.cancel()
        await asyncio.gather(*self._showing, return_exceptions=True)

    async def find(self, to: Address, key: str) -> MessageRef | None:
        """Return the message that carries `key`, and delete others that do: the one posted last here
        stays, else the first.

        Without the scope to look, the answer is that there is none: a double is better than a loss.
        """
        wanted, found = mark(key, to.workspace), list[str]()
        channel = await self.channel(to)
        oldest = f"{(self._clock() - LOOK_BACK).timestamp():.6f}"
        cursor: str | None = None
        try:
            for _ in range(PAGES):
                page = await self._api(
                    "conversations.history",
                    channel=channel,
                    oldest=oldest,
                    limit=PAGE,
                    include_all_metadata=True,
                    cursor=cursor,
                )
                found += [m["ts"] for m in page["messages"] if _marked(m) == wanted]
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
                if cursor is None:
                    break
        except SlackError as error:
            if error.fate is Fate.SCOPE or error.error == "not_in_channel":
                reason = error.needed or "the bot is not in the channel"
                self._api.say_once("a letter may come twice: I may not look for it", lacking=reason)
                return None
            raise self._undeliverable(error) from None
        if not found:
            return None
        known = self._posted.get(wanted)
        kept = known if known in found else min(found, key=float)
        for twin in found:
            if twin != kept:
                await self._delete(channel, twin)
        return MessageRef(to, kept)

    async def edit(self, message: MessageRef, card: Card) -> None:
        """Redraw the message. Raises Undeliverable when it is gone."""
        channel = await self.channel(message.at)
        drawn = render(card)
        try:
            await self._api(
                "chat.update", channel=channel, ts=message.id, text=drawn.text, blocks=drawn.blocks
            )
        except SlackError as error:
            raise self._undeliverable(error) from None

    async def read(self, message: MessageRef) -> Quote | None:
        """Return what the message says, or None where the bot may not read it or it is gone."""
        channel = message.at.channel or await self.channel(message.at)
        try:
            found = await self._message(channel, message.id)
            if found is None:
                return None
            return await self.quote(found, channel)
        except SlackError as error:
            if error.fate is Fate.SCOPE:
                self._api.say_once("messages cannot be read, so reactions save nothing", scope=error.needed)
            else:
                _log.info("a message cannot be read", error=error.error)
            return None

    async def quote(self, message: Json, channel: str, *, budget: float | None = None) -> Quote:
        """Return the message as read.

        Where its permalink is not to be had within `budget` seconds, it is the one the message came with.
        """
        if message.get("user"):
            author = await self._people.actor(str(message["user"]))
        else:
            author = Actor("slack", str(message.get("bot_id", "")), str(message.get("username", "")))
        if message.get("bot_id"):
            author = replace(author, bot=True)
        link = str(message.get("permalink", ""))
        try:
            async with asyncio.timeout(budget):
                link = await self.permalink(channel, str(message["ts"]))
        except (TimeoutError, Unclear, RetryLater, SlackError):
            if budget is None:
                raise
        return Quote(author, quotes.words(message), quotes.links(message), link)

    async def reactions(self, message: MessageRef) -> list[tuple[str, str]]:
        """Return the reactions that stand on the message as (emoji, person); none where they cannot be had."""
        try:
            channel = await self.channel(message.at)
            answer = await self._api("reactions.get", channel=channel, timestamp=message.id, full="true")
        except (SlackError, Unclear, RetryLater, Refused, Undeliverable) as error:
            _log.info("reactions were not recounted", reason=str(error))
            return []
        standing = (answer.get("message") or {}).get("reactions") or []
        return [(plain_emoji(r["name"]), str(person)) for r in standing for person in r["users"]]

    async def permalink(self, channel: str, ts: str) -> str:
        """Return the address of a message."""
        return str((await self._api("chat.getPermalink", channel=channel, message_ts=ts))["permalink"])

    async def _message(self, channel: str, ts: str) -> Json | None:
        about: Json = {"channel": channel, "latest": ts, "inclusive": True, "limit": 1}
        tries: list[tuple[str, Json]] = [("conversations.history", about)]
        tries.append(("conversations.replies", {**about, "ts": ts}))
        for method, given in tries:
            try:
                answer = await self._api(method, **given)
            except SlackError as error:
                if error.error == "thread_not_found":
                    return None
                raise
            for message in answer.get("messages") or []:
                if message.get("ts") == ts:
                    return dict(message)
        return None

    async def _delete(self, channel: str, ts: str) -> None:
        try:
            await self._api("chat.delete", channel=channel, ts=ts)
        except (SlackError, Unclear) as error:
            _log.warning("a late twin could not be deleted", reason=str(error))
        else:
            _log.info("deleted a late twin")

    def _undeliverable(self, error: SlackError) -> Exception:
        reason = REASONS.get(error.error, f"Slack says {error.error}")
        if error.fate is Fate.SCOPE:
            reason = f"the app lacks the scope {error.needed}"
        return Undeliverable(reason, place=error.fate is Fate.PLACE)


def _marked(message: Json) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != LETTER:
        return ""
    return str((metadata.get("event_payload") or {}).get("id", ""))
