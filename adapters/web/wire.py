"""What travels between the browser and the web chat, as JSON, and how requests are read strictly."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from aiohttp import web

from adapters.web.names import is_id
from adapters.web.store import Change, Channel, Message, Person
from bot.ui.calls import Call, Word
from bot.ui.codec import dump

Json = dict[str, Any]

BODY_LIMIT = 256 * 1024
TEXT_LIMIT = 4_000
_DELIVERY_LIMIT = 100


def change_json(change: Change) -> Json:
    """Return a change as the browser gets it: what kind of thing, and its present state."""
    match change.thing:
        case Person():
            return {"kind": "person", "thing": person_json(change.thing)}
        case Channel():
            return {"kind": "channel", "thing": channel_json(change.thing)}
        case Message():
            return {"kind": "message", "thing": message_json(change.thing)}


def person_json(person: Person) -> Json:
    return {"id": person.id, "name": person.name, "seq": person.seq}


def channel_json(channel: Channel) -> Json:
    """Return the channel; "direct" tells the person's conversation with the bot."""
    return {
        "id": channel.id,
        "name": channel.name,
        "direct": bool(channel.person),
        "last": channel.last,
        "seq": channel.seq,
    }


def message_json(message: Message) -> Json:
    return {
        "id": message.id,
        "channel": message.channel,
        "author": message.author,
        "text": message.text,
        "card": None if message.card is None else dump(message.card),
        "at": message.at.isoformat(),
        "edited": message.edited,
        "seq": message.seq,
        "reactions": [{"emoji": emoji, "people": list(people)} for emoji, people in message.reactions],
    }


def problem(kind: type[web.HTTPException], sentence: str) -> web.HTTPException:
    """Return an HTTP refusal whose body says, in a sentence for the person, what was wrong."""
    return kind(text=json.dumps({"problem": sentence}), content_type="application/json")


class Body:
    """A request's JSON object; each reader refuses anything but what it expects."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    @classmethod
    async def of(cls, request: web.Request) -> "Body":
        # Asking for this type makes a browser ask us first, which a page from elsewhere is refused.
        if request.content_type != "application/json":
            raise problem(web.HTTPUnsupportedMediaType, "Send this as application/json.")
        try:
            data = await request.json()
        except web.HTTPRequestEntityTooLarge:
            raise problem_too_large() from None
        except (ValueError, RecursionError):
            raise problem(web.HTTPBadRequest, "That could not be read as JSON.") from None
        if not isinstance(data, dict):
            raise problem(web.HTTPBadRequest, "That is not a JSON object.")
        return cls(data)

    def text(self, name: str) -> str:
        value = self._data.get(name, "")
        if not isinstance(value, str):
            raise problem(web.HTTPBadRequest, f"“{name}” has to be text.")
        return value

    def id(self, name: str) -> str:
        """Return the id of a person or channel."""
        value = self.text(name)
        if not is_id(value):
            raise problem(web.HTTPBadRequest, f"“{name}” is missing or not an id.")
        return value

    def delivery(self) -> str:
        """Return the id the window made for this action: its own id, a dot and a number."""
        value = self.text("id")
        if not 0 < len(value) <= _DELIVERY_LIMIT or not value.isascii() or not value.isprintable():
            raise problem(web.HTTPBadRequest, "“id” is missing or not an id.")
        return value

    def zone(self) -> str | None:
        """Return the browser's IANA time zone, or None when it names none that is known here."""
        value = self.text("zone")
        return value if value in _zones() else None

    def message(self) -> int | None:
        value = self._data.get("message")
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
            raise problem(web.HTTPBadRequest, "“message” is not a message.")
        return value

    def flag(self, name: str) -> bool:
        value = self._data.get(name)
        if not isinstance(value, bool):
            raise problem(web.HTTPBadRequest, f"“{name}” has to be true or false.")
        return value

    def values(self) -> dict[str, str]:
        """Return a form's values by field name, without those left empty."""
        value = self._data.get("values", {})
        if not _texts(value):
            raise problem(web.HTTPBadRequest, "“values” has to be texts by name.")
        return {name: text for name, text in value.items() if text.strip()}

    def call(self) -> Call:
        """Return the call that a button or form carries."""
        match self._data.get("call"):
            case {"path": str(path), "args": dict(args), "rest": list(rest)} if _texts(args):
                return Call(path, args, tuple(_word(word) for word in rest))
        raise problem(web.HTTPBadRequest, "“call” is not a call.")


@cache
def _zones() -> set[str]:
    return available_timezones()


def problem_too_large() -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(
        max_size=BODY_LIMIT,
        text=json.dumps({"problem": f"That is too much at once: the limit is {BODY_LIMIT // 1024} KiB."}),
        content_type="application/json",
    )


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _word(data: Any) -> Word:
    match data:
        case {"text": str(text), "quoted": bool(quoted)}:
            return Word(text, quoted)
    raise problem(web.HTTPBadRequest, "“call” is not a call.")
