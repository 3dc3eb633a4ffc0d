"""Cards to Discord messages: ordinary ones where they can be, components where a row must stand in its place.

Discord draws a message in one of two ways, and a card decides which by its shape:

- **An ordinary message** when its buttons stand together, which is nearly always: the words are the
  message's text, at full width like anybody's, found by search and shown by push notifications, and the
  buttons come last. What passes 2,000 characters goes on in embeds, which have room for 6,000 more: a
  longest card of 5,500 fits with its marks.
- **Components (v2)** when rows of buttons stand apart, as in a digest where every session has its own
  Going and Can't: only there may rows stand between paragraphs. The price is 4,000 characters and an empty
  push notification (discord-api-docs issue 7854), which a weekly edition in a channel can pay and a
  reminder in somebody's direct messages cannot.

Embeds for everything would inset the text, which phones have no room for, and gather all rows at the bottom.
An ordinary message may be edited into components, never back, hence `v2`.

Words that fit neither way, which takes addresses of thousands of characters, go whole into an attached
file that the message points to. Nothing is cut.

    message = render(card)                  message.payload(private=True)   # to answer an interaction
    render(card, v2=was_v2(old_flags))      message.payload(edit=True)      # to edit a message
    message.files                           # parts files[0], files[1], … of the multipart body, in order
    read_button(custom_id, registry.parse)  # the call again, None where it is not a card's button
"""

import base64
import binascii
import mimetypes
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from adapters.discord import text
from bot.text import shorten
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Facts, File, Image, Rule, Text
from bot.ui.spans import Line, Link

Json = dict[str, Any]

CONTENT_LIMIT = 1_976  # characters of an ordinary message's text: of 2,000, 24 are for a mark (marks.py)
EMBED_LIMIT = 4_096  # characters of one embed's text
EMBEDS_TEXT_LIMIT = 6_000  # characters of all embeds of a message
V2_TEXT_LIMIT = 4_000  # characters of all text displays of a message
COMPONENTS_LIMIT = 40  # of a v2 message, those within others included
ALT_LIMIT = 1_024
FILES_LIMIT = 7  # Discord takes ten; this leaves room among forty components, and for what did not fit
PICTURES_LIMIT = 8  # further ones are links
URL_LIMIT = 2_048
EPHEMERAL, SUPPRESS_EMBEDS, IS_COMPONENTS_V2 = 1 << 6, 1 << 2, 1 << 15
NOTHING = "\u200b"  # Discord takes no message without a character

_ROW, _BUTTON, _TEXT, _GALLERY, _FILE, _SEPARATOR = 1, 2, 10, 12, 13, 14
_STYLES = {"primary": 1, "plain": 2, "danger": 4}
_NOTE = "\n\n-# There is more: it did not fit here and is in the attached file."
_DATA = re.compile(r"data:(?P<media>image/[a-z0-9.+-]+);base64,(?P<content>[A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message; `alt` says what a picture shows."""

    name: str
    content: bytes
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as Discord takes it, whether as a new message, an edit or an interaction's answer."""

    content: str = ""
    embeds: tuple[Json, ...] = ()
    components: tuple[Json, ...] = ()
    files: tuple[Attachment, ...] = ()
    v2: bool = False

    def payload(self, *, private: bool = False, edit: bool = False) -> Json:
        """Return the JSON body. `edit` also empties what the message had and has no more."""
        found: Json = {"components": list(self.components), "allowed_mentions": {"parse": []}}
        if self.v2:
            found["flags"] = IS_COMPONENTS_V2
            if edit:  # Discord wants these emptied by name when an ordinary message becomes components
                found |= {"content": None, "embeds": []}
        else:
            # No address of ours unfurls as written; the flag keeps it so, and would hide embeds of our own.
            found |= {"content": self.content, "embeds": list(self.embeds)}
            found["flags"] = 0 if self.embeds else SUPPRESS_EMBEDS
        if private:
            found["flags"] |= EPHEMERAL
        if self.files or edit:
            found["attachments"] = [
                {"id": str(n), "filename": file.name} | ({"description": file.alt} if file.alt else {})
                for n, file in enumerate(self.files)
            ]
        return found


def was_v2(flags: int) -> bool:
    """Return whether a message with these flags is of components, which it stays."""
    return bool(flags & IS_COMPONENTS_V2)


def render(card: Card, *, v2: bool = False) -> Message:
    """Return the card as a message, of components where its shape or `v2` asks for them.

    Raises ValueError for more than seven files.
    """
    drawing = _drawn(card)
    if len(drawing.files) > FILES_LIMIT:
        raise ValueError(f"a message may have at most {FILES_LIMIT} files; this has {len(drawing.files)}")
    if v2 or drawing.interleaved:
        return _components(drawing)
    return _ordinary(drawing)


def read_button(custom_id: str, parse: Callable[[str], Call]) -> Call | None:
    """Return what a pressed button calls; None when the id is not of a card's button."""
    return parse(custom_id) if custom_id[:1].isalpha() else None


@dataclass(frozen=True, slots=True)
class _Paragraph:
    atoms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class _Row:
    component: Json


class _Separator:
    """A thin line between two parts."""


_Part = _Paragraph | _Picture | _Row | _Separator


@dataclass(slots=True)
class _Drawing:
    """A card's parts in order, and the files that go with them."""

    parts: list[_Part] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)  # names of files that are shown as files, not pictures

    @property
    def interleaved(self) -> bool:
        """Whether rows of buttons stand apart, each under what it is about."""
        return sum(is_row for is_row, _ in groupby(isinstance(part, _Row) for part in self.parts)) > 1

    def attach(self, name: str, content: bytes, alt: str = "") -> str:
        """Add a file and return the name it goes by, which is one that Discord keeps as it is."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")[-80:] or "file"
        names = {file.name for file in self.files}
        unique = next(n for i in range(len(names) + 1) if (n := f"{i}-{plain}" if i else plain) not in names)
        self.files.append(Attachment(unique, content or b"\n", alt))
        return unique


def _drawn(card: Card) -> _Drawing:
    drawing = _Drawing()
    ids: set[str] = set()
    if card.title.strip():
        drawing.parts.append(_Paragraph((f"### {text.one_line(card.title)}",)))
    for block in card.blocks:
        match block:
            case Text(spans):
                drawing.parts.append(_Paragraph(tuple(text.atoms(spans))))
            case Facts(pairs):
                drawing.parts.append(_Paragraph(tuple(_facts(pairs))))
            case Image(url, alt):
                drawing.parts += _image(drawing, url, alt)
            case File(name, _, content):
                drawing.shown.append(drawing.attach(name, content.encode("utf-8", "replace")))
            case Rule():
                drawing.parts.append(_Separator())
            case Buttons(row) if row:
                drawing.parts.append(_Row({"type": _ROW, "components": [_button(b, ids) for b in row]}))
    return drawing


def _facts(pairs: Sequence[tuple[str, Line]]) -> Iterator[str]:
    for number, (label, value) in enumerate(pairs):
        yield ("\n" if number else "") + f"**{text.one_line(label)}:** "
        yield from text.atoms(value)


def _image(drawing: _Drawing, url: str, alt: str) -> Iterator[_Part]:
    """Yield the picture, and in words what cannot be shown or is too long to stand for it."""
    pictures = sum(isinstance(part, _Picture) for part in drawing.parts)
    data = _DATA.fullmatch(url)
    if pictures < PICTURES_LIMIT and data and (content := _decoded(data["content"])):
        suffix = mimetypes.guess_extension(data["media"]) or ""
        name = drawing.attach(f"picture{suffix}", content, shorten(alt, ALT_LIMIT))
        yield _Picture(f"attachment://{name}", shorten(alt, ALT_LIMIT))
    elif pictures < PICTURES_LIMIT and text.site(url) and len(url) <= URL_LIMIT:
        yield _Picture(url, shorten(alt, ALT_LIMIT))
    else:
        yield _Paragraph(tuple(text.atoms((Link(url, alt),) if text.site(url) else (alt,))))
        return
    if len(alt) > ALT_LIMIT:
        yield _Paragraph(tuple(text.words(alt)))


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _button(button: Button, taken: set[str]) -> Json:
    call = button.call.payload()
    # Discord takes no id twice in a message; the words of a path are read whatever their case.
    spellings = (_spelt(call, number) for number in range(1 << 16))
    custom_id = next(spelling for spelling in spellings if spelling not in taken)
    taken.add(custom_id)
    label = button.label if button.label.strip() else button.call.path
    return {"type": _BUTTON, "style": _STYLES[button.style], "label": label, "custom_id": custom_id}


def _spelt(call: str, number: int) -> str:
    """Return the call with those letters of its first word in capitals that `number` has bits for."""
    head, space, rest = call.partition(" ")
    letters = (c.upper() if number >> place & 1 else c for place, c in enumerate(head))
    return "".join(letters) + space + rest


def _ordinary(drawing: _Drawing) -> Message:
    paragraphs = [part.atoms for part in drawing.parts if isinstance(part, _Paragraph)]
    rooms = [CONTENT_LIMIT, EMBED_LIMIT, EMBEDS_TEXT_LIMIT - EMBED_LIMIT]
    pages, left = _poured(paragraphs, rooms)
    if left:
        rooms[-1] -= len(_NOTE)
        pages, left = _poured(paragraphs, rooms)
        pages[-1] += _NOTE
    pictures = [part for part in drawing.parts if isinstance(part, _Picture) and text.site(part.url)]
    embeds: list[Json] = [{"description": page} for page in pages[1:]]
    embeds += [{"image": {"url": p.url} | ({"description": p.alt} if p.alt else {})} for p in pictures]
    rows = tuple(part.component for part in drawing.parts if isinstance(part, _Row))
    files = (*drawing.files, *_rest(left))
    nothing = not (pages[0].strip() or embeds or rows or files)
    return Message(NOTHING if nothing else pages[0], tuple(embeds), rows, files)


def _components(drawing: _Drawing) -> Message:
    paragraphs = [part.atoms for part in drawing.parts if isinstance(part, _Paragraph)]
    spare = V2_TEXT_LIMIT
    if _poured(paragraphs, [spare])[1]:
        spare -= len(_NOTE)
    components, left = _stacked(drawing.parts, spare)
    if _count(components) + len(drawing.shown) + bool(left) > COMPONENTS_LIMIT:
        fewest = sorted((p for p in drawing.parts if not isinstance(p, _Separator)), key=_rank)
        components, left = _stacked(fewest, spare)
    if left:
        components.append({"type": _TEXT, "content": _NOTE.strip()})
    rest = _rest(left)
    for name in (*drawing.shown, *(file.name for file in rest)):
        components.append({"type": _FILE, "file": {"url": f"attachment://{name}"}})
    components = components or [{"type": _TEXT, "content": NOTHING}]
    return Message(components=tuple(components), files=(*drawing.files, *rest), v2=True)


def _stacked(parts: Sequence[_Part], spare: int) -> tuple[list[Json], list[str]]:
    """Return the parts as components with at most `spare` characters of text, and what did not fit."""
    components: list[Json] = []
    left: list[str] = []
    for kind, group in groupby(parts, key=type):
        run = list(group)
        if kind is _Paragraph:
            room = 0 if left else spare
            (page,), more = _poured([part.atoms for part in run if isinstance(part, _Paragraph)], [room])
            spare -= len(page)
            left += more
            components += [{"type": _TEXT, "content": page}] if page.strip() else []
        elif kind is _Picture:
            components.append({"type": _GALLERY, "items": [_item(p) for p in run if isinstance(p, _Picture)]})
        elif kind is _Separator:
            components.append({"type": _SEPARATOR})
        else:
            components += [part.component for part in run if isinstance(part, _Row)]
    return components, left


def _rank(part: _Part) -> int:
    """Where a part stands when there are too many components to keep every part in its place."""
    return (_Paragraph, _Picture, _Row).index(type(part))


def _item(picture: _Picture) -> Json:
    return {"media": {"url": picture.url}} | ({"description": picture.alt} if picture.alt else {})


def _count(components: Sequence[Json]) -> int:
    return sum(1 + len(component.get("components", ())) for component in components)


def _poured(paragraphs: Sequence[Sequence[str]], rooms: Sequence[int]) -> tuple[list[str], list[str]]:
    """Return a page for each room in use, filled in order, and the paragraphs that fit in none.

    Pages are cut between atoms only.
    """
    pages, left = [""], list[str]()
    for atoms in paragraphs:
        gap = "\n\n"
        for atom in atoms:
            fits = False
            while not left and not fits:
                fits = len(pages[-1]) + (len(gap) if pages[-1] else 0) + len(atom) <= rooms[len(pages) - 1]
                if not fits and len(pages) == len(rooms):
                    left.append("")
                elif not fits:
                    pages.append("")
            filled = left if left else pages
            filled[-1] += (gap if filled[-1] else "") + atom
            gap = ""
    return pages, left


def _rest(left: Sequence[str]) -> tuple[Attachment, ...]:
    return (Attachment("rest.md", "\n\n".join(left).encode()),) if left else ()
