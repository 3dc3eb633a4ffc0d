"""Forms as Slack modals, page by page, what was submitted in them, and cards in a window or on the home.

A modal carries what the next step needs in its private_metadata: where it was asked for, the call it
completes, and the values of the pages that are not on view. A value that does not fit there is asked for
on this page too, filled in, so that it travels in sight.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from adapters.slack import inputs
from adapters.slack.blocks import TITLE_LIMIT as CARD_TITLE_LIMIT
from adapters.slack.blocks import blocks, rich
from adapters.slack.inputs import remark
from adapters.slack.text import Json, fit, piece, plain
from bot.chat import Ask
from bot.errors import BadValue
from bot.text import shorten, showable
from bot.ui.calls import Call, Word
from bot.ui.cards import Card
from bot.ui.forms import Field

# docs.slack.dev, reference/views, read in November 2026.
TITLE_LIMIT = 24
METADATA_LIMIT = 3_000
BLOCKS_LIMIT = 100
ERROR_LIMIT = 3_000
PAGE_FIELDS = 12
"""Fields of a page: about as many as can be scrolled through; Slack would take a hundred blocks."""

FORM = "form"
NOTICE = "notice"
BACK = "page-back"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a view was asked for, and which page of its form is to be shown next."""

    channel: str = ""
    workspace: str = ""
    message: str = ""
    ephemeral: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Submission:
    """What a page of a form says. `more` is whether pages are left: the core is then asked for the form, filled."""

    call: Call
    origin: Origin
    more: bool = False


def modal(ask: Ask, origin: Origin) -> Json:
    """Return the modal that asks for the origin's page of the form, or for one before it that has a problem.

    Raises BadValue when what it has to carry is too long for Slack.
    """
    ask = replace(ask, known={**ask.form.call.args, **ask.known})
    fields = ask.form.fields
    pages = [fields[at : at + PAGE_FIELDS] for at in range(0, len(fields), PAGE_FIELDS)]
    troubled = [n for n, page in enumerate(pages, 1) if any(f.name in ask.problems for f in page)]
    number = min([*troubled, max(origin.page, 1), len(pages)])
    carried, metadata = _packed(ask, replace(origin, page=number), pages[number - 1], len(pages))
    shown = _opening(ask, number, len(pages))
    for field in (*pages[number - 1], *carried):
        problem = ask.problems.get(field.name, "")
        shown += inputs.asking(field, ask.known.get(field.name, ""), problem)
    if number > 1:
        back = {"type": "button", "action_id": BACK, "value": BACK, "text": plain("Back", 75)}
        back["accessibility_label"] = f"Back to page {number - 1}"
        shown.append({"type": "actions", "elements": [back]})
    if len(shown) > BLOCKS_LIMIT:
        raise _too_much(ask)
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": plain(ask.form.title or "Form", TITLE_LIMIT),
        "submit": plain("Next" if number < len(pages) else "Send", TITLE_LIMIT),
        "close": plain("Cancel", TITLE_LIMIT),
        "private_metadata": metadata,
        "blocks": shown,
    }


def _opening(ask: Ask, number: int, pages: int) -> list[Json]:
    """Return what stands above the fields: progress, the intro, and the problems that belong to no field."""
    progress = f"Page {number} of {pages}" if pages > 1 else ""
    names = {field.name for field in ask.form.fields}
    general = [words for name, words in ask.problems.items() if name not in names]
    shown: list[Json] = []
    if number == 1 and ask.form.intro.strip():
        shown += rich(list(piece(ask.form.intro)))
    return shown + [remark(words) for words in (progress, *general) if words.strip()]


def _packed(ask: Ask, origin: Origin, page: tuple[Field, ...], pages: int) -> tuple[tuple[Field, ...], str]:
    """Return the fields that have to come along in sight, and the metadata with everything else."""
    on_page = {field.name for field in page}
    elsewhere = {f.name: f for f in ask.form.fields if f.name not in on_page}
    fieldless = {n: value for n, value in ask.known.items() if n not in on_page | elsewhere.keys()}
    call = ask.form.call
    data: Json = {
        "origin": {name: value for name, value in asdict(origin).items() if value},
        "pages": pages,
        "call": [call.path, fieldless, [[word.text, word.quoted] for word in call.rest]],
        "emptied": [field.name for field in page if ask.known.get(field.name) == ""],
        "values": {},
    }
    if len(_json(data)) > METADATA_LIMIT:
        raise _too_much(ask)
    carried: list[Field] = []
    unseen = [(name, value) for name, value in ask.known.items() if name in elsewhere]
    for name, value in sorted(unseen, key=lambda item: len(item[1])):
        more = data | {"values": {**data["values"], name: value}}
        if len(_json(more)) <= METADATA_LIMIT:
            data = more
        elif len(value) <= inputs.INPUT_LIMIT:
            carried.append(elsewhere[name])
        else:
            raise _too_much(ask)
    return tuple(carried), _json(data).decode()


def _json(data: Json) -> bytes:
    # In bytes: Slack says characters and does not say which.
    return showable(json.dumps(data, ensure_ascii=False, separators=(",", ":"))).encode()


def _too_much(ask: Ask) -> BadValue:
    return BadValue(
        f"That is too long for the form “{ask.form.title}”. Please shorten it, or leave the longest part out."
    )


def submission(view: Json) -> Submission:
    """Return what the person sent, or had written when they went back a page.

    A field that held something and was emptied comes as "", one that was left empty does not come.
    Raises KeyError, TypeError or ValueError for a view that is not a form of ours.
    """
    data = json.loads(view["private_metadata"])
    path, args, rest = data["call"]
    values: dict[str, str] = {**args, **data["values"]}
    for name, stands in inputs.standing(view).items():
        values.pop(name, None)
        if stands.now or stands.before or name in data["emptied"]:
            values[name] = stands.now
    call = Call(path, values, tuple(Word(text, quoted) for text, quoted in rest))
    shown = Origin(**data["origin"])
    more = shown.page < data["pages"]
    return Submission(call, replace(shown, page=shown.page + more), more)


def went_back(view: Json) -> Submission:
    """Return what the person had written on a page when they pressed its Back button. Raises as `submission`."""
    written = submission(view)
    shown = Origin(**json.loads(view["private_metadata"])["origin"])
    return Submission(written.call, replace(shown, page=max(1, shown.page - 1)), more=True)


def origin(view: Json) -> Origin:
    """Return where a view was asked for; its page is the one that follows. An empty one for a view not ours."""
    data: Any = json.loads(view.get("private_metadata") or "{}")
    came = Origin(**data.get("origin", {}))
    return replace(came, page=min(came.page + 1, data.get("pages", 1)))


def errors(ask: Ask, view: Json) -> dict[str, str]:
    """Return the problems by the block of the submitted view that they belong to, for `response_action: errors`.

    Empty when they belong to another page or to no field: the modal of `ask` shows those.
    """
    placed = {inputs.troubled(view, name): words for name, words in ask.problems.items()}
    if "" in placed:
        return {}
    return {block: shorten(showable(words), ERROR_LIMIT) for block, words in placed.items()}


def notice(card: Card, origin: Origin) -> Json:
    """Return a modal that shows a card; its buttons know where it was asked for."""
    title = fit(card.title, TITLE_LIMIT)
    said = title == fit(card.title, CARD_TITLE_LIMIT) and card.blocks
    body = replace(card, title="") if said else card
    return {
        "type": "modal",
        "callback_id": NOTICE,
        "title": plain(card.title or "Answer", TITLE_LIMIT),
        "close": plain("Close", TITLE_LIMIT),
        "private_metadata": _json({"origin": _given(origin)}).decode(),
        "blocks": blocks(body, BLOCKS_LIMIT),
    }


def _given(origin: Origin) -> Mapping[str, Any]:
    return {name: value for name, value in asdict(origin).items() if value}


def home(card: Card) -> Json:
    """Return the view that shows a card as somebody's App Home."""
    return {"type": "home", "callback_id": "home", "blocks": blocks(card, BLOCKS_LIMIT)}
