"""Forms as Discord modals, page by page; what was filled in rides in the ids and in a private message, never in memory.

A modal takes five inputs, must be the first answer to an interaction, and never answers another modal.
So a form goes on, or is mended, by a button in a private message that lists what was filled in so far;
Discord sends that message along when the button is pressed and again when the modal it opened is sent.

    Ask, first answer    modal(ask) -> dict | None        None: too much is known already, so
                                                          between(ask) -> cards.Message, private
    button pressed       step(custom_id, message, parse) -> Step | None
                         Step.page == 0: Called(Step.call); else Called(Step.call, form=True), and
                         its Ask by modal(ask, step.page, last=step.last, kept=True)
    modal sent           submission(data, message, parse) -> Submission
                         .more: Called(.call, form=True), and its Ask by between(ask, .page + 1)
                         else:  Called(.call); an Ask is a problem: between(ask)

`message` is the interaction's message as JSON, or None; `parse` is Registry.parse. Where `message` is one
of ours (`is_between(message)`), the next message or answer should replace it (callback type 7).

The message's list is text that people read and `read` reads back: each value stands escaped under its label, in
embeds of 6,000 characters in all. A value for which no room is left is not kept: the message says which,
and brings it in a file, to be copied into the form again. It takes more than a whole form of ordinary
length to get there. Only the person sees any of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.discord import text
from adapters.discord.cards import CONTENT_LIMIT, EMBED_LIMIT, EMBEDS_TEXT_LIMIT, Attachment, Json, Message
from bot.chat import Ask
from bot.text import shorten
from bot.ui.calls import Call, written
from bot.ui.forms import Field, Form, Option

ID_LIMIT = 100
DESCRIPTION_LIMIT = 100  # of a label's second line, and of an input's placeholder
VALUE_LIMIT = 4_000
INPUTS_LIMIT = 5
RADIO_LIMIT = 10
OPTION_LIMIT = 100
BUTTON_LIMIT = 75

_ROW, _BUTTON, _SELECT, _INPUT, _PEOPLE, _TEXT, _LABEL, _RADIO = 1, 2, 3, 4, 5, 10, 18, 21
_YES_NO = (Option("yes", "Yes"), Option("no", "No"))
_ID = re.compile(r"\?(\d+)/(\d+) (.+)", re.DOTALL)
_ACCOUNT = re.compile(r"@(\d{1,20})")
_SHOWN_ACCOUNT = re.compile(r"<@(\d{1,20})>")
_ENTRY = re.compile(r"^\*\*((?:\\.|[^*\\\n])+)\*\*(?: `(\w+)`)?\n", re.MULTILINE)
_LABELLED = re.compile(r" \*[^*\n]+\*\Z")


@dataclass(frozen=True, slots=True)
class Step:
    """What a form's button asks for: page `page` of the call's form, or with 0 to make the call as it is."""

    call: Call
    page: int
    last: int


@dataclass(frozen=True, slots=True)
class Submission:
    """What a sent modal says, with what was known before. `more` is whether pages are left to be filled in."""

    call: Call
    page: int
    last: int

    @property
    def more(self) -> bool:
        return self.page < self.last


def modal(ask: Ask, page: int = 0, *, last: int = 0, kept: bool = False) -> Json | None:
    """Return the modal for a page of the form, by default the first with a problem, else the first.

    `last` is the page after which it is done, by default the form's last. With `kept` the modal is opened from
    a message that holds the other values and has told the problems. Without it, None says
    that they do not fit in a modal, and that `between` has to come first.
    """
    form, pages = ask.form, _pages(ask.form)
    page = min(page or _troubled(ask), len(pages))
    fields = pages[page - 1]
    custom_id = _id(page, last or len(pages), form.call if kept else _with_values(ask, fields))
    above, notes = _remarks(ask, fields, first=page == 1)
    room = INPUTS_LIMIT - len(fields)
    if kept:
        custom_id = custom_id or _id(page, last or len(pages), Call(form.call.path))
    elif not custom_id or (above and not room) or _overlong(ask, fields):
        return None
    components: list[Json] = []
    if above and room:
        components.append({"type": _TEXT, "content": text.escape("\n".join(above))})
    for field in fields:
        components.append(
            _labelled(field, ask.known.get(field.name) or field.usual, notes.get(field.name, ""))
        )
    count = f" ({page} of {len(pages)})" if len(pages) > 1 else ""
    return {"custom_id": custom_id, "title": (form.title or form.call.path) + count, "components": components}


def between(ask: Ask, page: int = 0) -> Message:
    """Return the private message that stands between two modals, or before the first.

    `page` is the page that comes next when a form is filled in in turn; without it, a form with
    problems is to be mended, and one without is to be opened: at any page, where nothing is missing.
    """
    form, pages = ask.form, _pages(ask.form)
    last = len(pages)
    buttons: list[Json] = []
    # What has no field rides in the buttons, or, where it is too long for them, in the list.
    call, hidden = (form.call, {}) if _id(last, last, form.call) else (Call(form.call.path), form.call.args)
    descriptions, lost = _listed(ask, hidden)
    troubled = _troubled(ask) if ask.problems else 0
    if troubled:
        buttons.append(_button("Fix it", troubled, max(troubled, page and last), call))
    if page and page != troubled:
        buttons.append(_button(f"Continue ({page} of {last})", page, last, call, main=not buttons))
        if not (ask.problems or lost or _missing(ask)):
            buttons.append(_button("Leave the rest as it is", 0, last, call))
    elif not buttons and last > 1 and not _missing(ask):
        # All is there already, as where something is changed: one page may be all they want.
        for number, fields in enumerate(pages[:INPUTS_LIMIT], 1):
            label = shorten(", ".join(field.label for field in fields), BUTTON_LIMIT)
            buttons.append(_button(label, number, number, call, main=number == 1))
    elif not buttons:
        buttons.append(_button("Open the form", 1, last, call))
    embeds = tuple({"description": description} for description in descriptions)
    files = (_file(lost),) if lost else ()
    rows = ({"type": _ROW, "components": buttons},)
    return Message(_said(ask, lost), embeds, rows, files)


def step(custom_id: str, message: Json | None, parse: Callable[[str], Call]) -> Step | None:
    """Return what a pressed button of `between` asks for; None when it is no button of a form."""
    found = _ID.fullmatch(custom_id)
    if not found:
        return None
    call = parse(found[3])
    return Step(replace(call, args={**call.args, **read(message)}), int(found[1]), int(found[2]))


def submission(data: Json, message: Json | None, parse: Callable[[str], Call]) -> Submission:
    """Return what a sent modal says. Raises ValueError for a modal that is not ours."""
    found = _ID.fullmatch(data["custom_id"])
    if not found:
        raise ValueError("not one of our forms")
    call = parse(found[3])
    sent = dict(_sent(data["components"]))
    args = {name: value for name, value in {**call.args, **read(message), **sent}.items() if value}
    return Submission(replace(call, args=args), int(found[1]), int(found[2]))


def is_between(message: Json | None) -> bool:
    """Return whether the message is one that `between` made."""
    rows = (message or {}).get("components") or []
    return any(_ID.fullmatch(b.get("custom_id") or "") for row in rows for b in row.get("components") or ())


def read(message: Json | None) -> dict[str, str]:
    """Return the values that a message of `between` lists; nothing from any other message."""
    values: dict[str, str] = {}
    for embed in (message or {}).get("embeds") or [] if is_between(message) else []:
        _, *parts = _ENTRY.split(embed.get("description") or "")
        for label, name, value in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            values[name or _name(text.literal(label))] = _value_read(value.strip())
    return values


# Pages and what is said on them


def _pages(form: Form) -> list[tuple[Field, ...]]:
    """Return the pages; a long introduction takes the place of the first page's fifth input."""
    if len(form.intro) <= DESCRIPTION_LIMIT or len(form.fields) < INPUTS_LIMIT:
        return list(form.pages())
    first, others = form.fields[: INPUTS_LIMIT - 1], form.fields[INPUTS_LIMIT - 1 :]
    return [first, *replace(form, fields=others).pages()]


def _troubled(ask: Ask) -> int:
    """Return the first page with a problem, else the first."""
    for number, fields in enumerate(_pages(ask.form), 1):
        if any(field.name in ask.problems for field in fields):
            return number
    return 1


def _missing(ask: Ask) -> bool:
    return any(field.required and not ask.known.get(field.name) for field in ask.form.fields)


def _overlong(ask: Ask, fields: Sequence[Field]) -> bool:
    return any(len(ask.known.get(field.name, "")) > VALUE_LIMIT for field in fields)


def _with_values(ask: Ask, fields: Sequence[Field]) -> Call:
    """Return the form's call with the values that have no input among these fields."""
    shown = {field.name for field in fields}
    others = {name: value for name, value in ask.known.items() if value.strip() and name not in shown}
    return replace(ask.form.call, args={**ask.form.call.args, **others})


def _general(ask: Ask) -> list[str]:
    names = {field.name for field in ask.form.fields}
    return [problem for name, problem in ask.problems.items() if name not in names]


def _remarks(ask: Ask, fields: Sequence[Field], *, first: bool) -> tuple[list[str], dict[str, str]]:
    """Return what stands above the fields of a page, and what stands under their labels."""
    above, notes = _general(ask), {field.name: field.hint for field in fields}
    for field in fields:
        problem = ask.problems.get(field.name, "")
        if len(problem) > DESCRIPTION_LIMIT:
            above.append(f"{field.label}: {problem}")
        elif problem:
            notes[field.name] = problem
    intro = ask.form.intro if first else ""
    if intro and len(fields) < INPUTS_LIMIT:
        above.insert(0, intro)
    elif intro and notes[fields[0].name] == fields[0].hint:
        notes[fields[0].name] = intro
    return above, notes


# Inputs


def _labelled(field: Field, value: str, note: str) -> Json:
    found = {"type": _LABEL, "label": field.label or field.name, "component": _component(field, value, note)}
    return found | ({"description": note} if note and len(note) <= DESCRIPTION_LIMIT else {})


def _component(field: Field, value: str, note: str) -> Json:
    options = _options(field)
    common = {"custom_id": field.name, "required": field.required}
    if options:
        return {**common, **_choice(field, options, value)}
    if field.kind == "person":
        account = _ACCOUNT.fullmatch(value)
        chosen = {"default_values": [{"id": account[1], "type": "user"}]} if account else {}
        return {"type": _PEOPLE, **common, "max_values": 1, **chosen}
    long = field.kind == "paragraph" or "\n" in value
    found = {"type": _INPUT, **common, "style": 2 if long else 1}
    found["max_length"] = max(
        1, min(VALUE_LIMIT, max(field.limit, len(value)))
    )  # what is too long is told by the core
    if value and len(value) <= VALUE_LIMIT:
        found["value"] = value
    if field.hint and field.hint != note:
        found["placeholder"] = shorten(field.hint, DESCRIPTION_LIMIT)
    return found


def _choice(field: Field, options: Sequence[Option], value: str) -> Json:
    """Return radio buttons where one has to be chosen of a few, which shows them all; else a list to open.

    A radio button cannot be let go again, so what may be left out is chosen from a list.
    """
    wanted = value.casefold()
    shown = [
        {"label": o.label, "value": o.value} | ({"default": True} if o.value.casefold() == wanted else {})
        for o in options
    ]
    if field.required and 2 <= len(options) <= RADIO_LIMIT:
        return {"type": _RADIO, "options": shown}
    return {"type": _SELECT, "options": shown, "min_values": int(field.required), "max_values": 1}


def _options(field: Field) -> Sequence[Option]:
    """Return what there is to choose from; nothing where Discord would not take it, and it is typed instead."""
    options = field.choices or (_YES_NO if field.kind == "yesno" else ())
    fit = all(0 < len(o.label) <= OPTION_LIMIT and 0 < len(o.value) <= OPTION_LIMIT for o in options)
    return options if fit and len({o.value for o in options}) == len(options) else ()


def _sent(components: Sequence[Json]) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each input of a sent modal; "" for one that was left empty."""
    for outer in components:
        inner = outer.get("component") or {}
        if inner.get("type") == _PEOPLE:
            yield inner["custom_id"], "".join(f"@{account}" for account in inner.get("values") or ())
        elif inner.get("type") == _SELECT:
            yield inner["custom_id"], "".join(inner.get("values") or ())
        elif "custom_id" in inner:
            yield inner["custom_id"], (inner.get("value") or "").strip()


# The private message


def _id(page: int, last: int, call: Call) -> str | None:
    found = f"?{page}/{last} {written(call)}"
    return found if len(found) <= ID_LIMIT else None


def _button(label: str, page: int, last: int, call: Call, *, main: bool = True) -> Json:
    return {"type": _BUTTON, "style": 1 if main else 2, "label": label, "custom_id": _id(page, last, call)}


def _said(ask: Ask, lost: Mapping[str, str]) -> str:
    """Return what stands above the list: the problems, and what could not be kept."""
    names = {field.name: field.label for field in ask.form.fields}
    said = [f"**{text.one_line(ask.form.title or ask.form.call.path)}**: not done yet."]
    end = []
    if lost:
        labels = shorten(", ".join(names.get(name, name) for name in lost), 300)
        end = [
            f"-# Too long to keep here: {text.one_line(labels)}. The file has it, to copy into the form again."
        ]
    problems = [
        f"**{text.one_line(names[name])}:** {text.escape(p)}" if name in names else text.escape(p)
        for name, p in ask.problems.items()
    ]
    for count, problem in enumerate(problems):
        if len("\n".join([*said, problem, *end])) > CONTENT_LIMIT - 40:
            said.append(f"-# And {len(problems) - count} more to mend.")
            break
        said.append(problem)
    return "\n".join([*said, *end])


def _listed(ask: Ask, hidden: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the list of known values as embeds' texts, and the values for which there is no room."""
    fields = [*ask.form.fields, *(Field(name, shorten(name, 45)) for name in hidden)]
    values = {**ask.known, **hidden}
    pages, lost, spare = list[str](), dict[str, str](), EMBEDS_TEXT_LIMIT
    for field in fields:
        value = values.get(field.name, "").strip()
        entry = _entry(field, value)
        if not value:
            continue
        if len(entry) > min(spare, EMBED_LIMIT):
            lost[field.name] = value
            continue
        if pages and len(pages[-1]) + len(entry) <= EMBED_LIMIT:
            pages[-1] += entry
        else:
            pages.append(entry)
        spare -= len(entry)
    return pages, lost


def _entry(field: Field, value: str) -> str:
    """Return a value under its label; the name stands by where it cannot be told from the label."""
    label = " ".join(field.label.split())
    name = "" if _name(label) == field.name else f" `{field.name}`"
    return f"**{text.escape(label)}**{name}\n{_value_shown(field, value)}\n\n"


def _name(label: str) -> str:
    return label.casefold().replace(" ", "_")


def _value_shown(field: Field, value: str) -> str:
    if field.kind == "person" and (account := _ACCOUNT.fullmatch(value)):
        return f"<@{account[1]}>"
    label = next((o.label for o in _options(field) if o.value == value), value)
    told = label.strip() and label != value and _name(label) != value
    return text.escape(value) + (f" *{text.one_line(label)}*" if told else "")


def _value_read(shown: str) -> str:
    if account := _SHOWN_ACCOUNT.fullmatch(shown):
        return f"@{account[1]}"
    return text.literal(_LABELLED.sub("", shown))


def _file(lost: Mapping[str, str]) -> Attachment:
    whole = "\n\n".join(f"{name}:\n{value}" for name, value in lost.items())
    return Attachment("what-you-wrote.txt", whole.encode("utf-8", "replace"))
