"""A message as a client shows it: markdown drawn, escapes undone, links with where they lead, files opened."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tests.fakes.discord import components
from tests.fakes.discord.state import Json, Message, User

_MARKS = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<code>`[^`\n]+`)"
    r"|\[(?P<label>(?:\\.|[^\]\\])+)\]\(<?(?P<target>https?://[^)>\s]+)>?\)"
    r"|<t:(?P<moment>-?\d+)(?::[tTdDfFR])?>"
    r"|<@!?(?P<user>\d+)>"
    r"|<(?P<address>https?://[^>\s]+)>"
    r"|(?P<mark>\*\*|__|~~|\|\|)"
    r"|(?m:^)(?P<line>#{1,3} |-# |>{1,3} )"
)


def shown(message: Message, users: Mapping[int, User]) -> str:
    """Return what the message says, to be looked for words in."""
    return "\n".join(line for line in _lines(message, users) if line)


def _lines(message: Message, users: Mapping[int, User]) -> Iterator[str]:
    yield read(message.content, users)
    for embed in message.embeds:
        for name in ("title", "description"):
            yield read(embed.get(name) or "", users)
        for field in embed.get("fields") or []:
            yield f"{read(field['name'], users)}: {read(field['value'], users)}"
        yield (embed.get("footer") or {}).get("text") or ""
    for one in components.walk(message.components):
        yield from _component(one, users)
    for file in message.attachments:
        yield f"{file.name} {file.description or ''}"
        if file.name.rpartition(".")[2] in ("json", "csv", "md", "txt", "ics", "html"):
            yield file.content.decode("utf-8", "replace")


def _component(one: Json, users: Mapping[int, User]) -> Iterator[str]:
    match one["type"]:
        case components.TEXT:
            yield read(one["content"], users)
        case components.BUTTON:
            yield f"[{one.get('label', '')}]"
        case components.STRING_SELECT:
            yield " ".join(f"[{option['label']}]" for option in one["options"])
        case components.GALLERY:
            yield " ".join(item.get("description") or "" for item in one["items"])


def read(markdown: str, users: Mapping[int, User]) -> str:
    """Return the markdown as people read it; moments in UTC."""

    def drawn(found: re.Match[str]) -> str:
        match found.lastgroup:
            case "escaped" | "code" | "address":
                return str(found[found.lastgroup])
            case "target":
                return f"{read(found['label'], users)} <{found['target']}>"
            case "moment":
                return datetime.fromtimestamp(int(found["moment"]), UTC).isoformat()
            case "user":
                known = users.get(int(found["user"]))
                return f"@{known.name}" if known else f"<@{found['user']}>"
        return ""

    return _MARKS.sub(drawn, markdown)


def asked(modal: Json, users: Mapping[int, User]) -> str:
    """Return what a modal shows: its title, texts, labels and hints."""
    lines = [modal["title"]]
    for one in components.walk(modal["components"]):
        match one["type"]:
            case components.TEXT:
                lines.append(read(one["content"], users))
            case components.LABEL | components.INPUT:
                lines += [one.get("label") or "", one.get("description") or "", one.get("placeholder") or ""]
    return "\n".join(line for line in lines if line)


def filled(modal: Json) -> dict[str, str]:
    """Return what stands in the modal's inputs already, by their custom_id."""
    found: dict[str, str] = {}
    for one in components.walk(modal["components"]):
        if "custom_id" not in one:
            continue
        chosen = [o["value"] for o in one.get("options", []) if o.get("default")]
        chosen += [v["id"] for v in one.get("default_values", [])]
        value = one.get("value") or ",".join(chosen)
        if value:
            found[one["custom_id"]] = value
    return found
