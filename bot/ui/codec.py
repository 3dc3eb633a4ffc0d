"""Cards and forms to JSON and back: how the outbox keeps a frozen card and how the browser gets one."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from bot.ui.calls import Call, Word
from bot.ui.cards import Button, Buttons, Card, Facts, File, Image, Rule, Text
from bot.ui.forms import Field, Form, Option
from bot.ui.spans import Bold, Code, Link, Mention, Moment

_TYPES: tuple[type, ...] = (
    Bold,
    Code,
    Link,
    Mention,
    Moment,
    Text,
    Facts,
    Image,
    File,
    Rule,
    Button,
    Buttons,
)
_TYPES += (Card, Call, Word, Form, Field, Option)
_TAGGED: dict[str, type] = {cls.__name__.lower(): cls for cls in _TYPES}


def dump(value: Any) -> Any:
    """Return `value` as JSON-ready data; each of our types becomes an object with its name under "t"."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.isoformat()
        case tuple() | list():
            return [dump(item) for item in value]
        case dict():
            return {str(key): dump(item) for key, item in value.items()}
    tag = type(value).__name__.lower()
    if _TAGGED.get(tag) is not type(value):
        raise TypeError(f"{type(value).__name__} is not part of a card or form")
    return {"t": tag} | {f.name: dump(getattr(value, f.name)) for f in fields(_TAGGED[tag])}


def load(data: Any) -> Any:
    """Return what `dump` was given; lists come back as tuples. Raises KeyError for an unknown tag."""
    match data:
        case list():
            return tuple(load(item) for item in data)
        case {"t": tag, **values}:
            cls = _TAGGED[tag]
            loaded = {str(name): load(value) for name, value in values.items()}
            if cls is Moment:
                loaded["at"] = datetime.fromisoformat(loaded["at"])
            return cls(**loaded)
        case dict():
            return {key: load(item) for key, item in data.items()}
    return data


def load_card(data: Any) -> Card:
    """Return the card in `data`. Raises ValueError when it is anything else."""
    card = load(data)
    if not isinstance(card, Card):
        raise ValueError("not a card")
    return card
