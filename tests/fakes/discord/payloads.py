"""Messages and modals within Discord's limits, and what must never be in a message of ours."""

from typing import Any

from tests.fakes.discord import components
from tests.fakes.discord.call import Upload
from tests.fakes.discord.refusals import Refusal, empty_message, invalid_form
from tests.fakes.discord.state import COMPONENTS_V2

Json = dict[str, Any]
Problems = dict[str, str]

CONTENT, EMBEDS, EMBED_CHARACTERS, FILES, NONCE = 2_000, 10, 6_000, 10, 25
FILE_BYTES = 10 * 1024 * 1024


def check_message(body: Json, files: tuple[Upload, ...] = (), *, had: Json | None = None) -> None:
    """Check what a message is to say. `had` is what it said before. Raises Refusal.

    What is left out of an edit stays as it was.
    """
    now = {**(had or {}), **body}
    flags = (had or {}).get("flags") or 0 if body.get("flags") is None else body["flags"]
    found = _content(now, flags) | _embeds(now.get("embeds") or []) | _attachments(now, files)
    tree = now.get("components") or []
    found |= components.layout(tree) if flags & COMPONENTS_V2 else components.old(tree)
    found |= _shown_files(tree, now, files)
    if had is not None and (had.get("flags") or 0) & COMPONENTS_V2 and not flags & COMPONENTS_V2:
        found["flags"] = "IS_COMPONENTS_V2 cannot be taken off a message."
    if found:
        raise invalid_form(found)
    kept = files or now.get("attachments")
    if not (now.get("content") or now.get("embeds") or tree or kept):
        raise empty_message()


def _content(now: Json, flags: int) -> Problems:
    found: Problems = {}
    if len(now.get("content") or "") > CONTENT:
        found["content"] = f"Must be {CONTENT} or fewer in length."
    if len(now.get("nonce") or "") > NONCE:
        found["nonce"] = f"Must be {NONCE} or fewer in length."
    if flags & COMPONENTS_V2 and (now.get("content") or now.get("embeds")):
        found["content"] = "A message of components v2 has no content and no embeds."
    return found


def _embeds(embeds: list[Json]) -> Problems:
    found: Problems = {}
    if len(embeds) > EMBEDS:
        found["embeds"] = f"Must be {EMBEDS} or fewer in length."
    total = 0
    for index, embed in enumerate(embeds):
        parts: list[tuple[str, str, int]] = [
            ("title", embed.get("title") or "", 256),
            ("description", embed.get("description") or "", 4_096),
            ("footer.text", (embed.get("footer") or {}).get("text") or "", 2_048),
            ("author.name", (embed.get("author") or {}).get("name") or "", 256),
        ]
        fields = embed.get("fields") or []
        if len(fields) > 25:
            found[f"embeds.{index}.fields"] = "Must be 25 or fewer in length."
        for number, field in enumerate(fields):
            if not field["name"].strip() or not field["value"].strip():
                found[f"embeds.{index}.fields.{number}"] = "This field is required"
            parts.append((f"fields.{number}.name", field["name"], 256))
            parts.append((f"fields.{number}.value", field["value"], 1_024))
        for name, text, limit in parts:
            total += len(text)
            if len(text) > limit:
                found[f"embeds.{index}.{name}"] = f"Must be {limit} or fewer in length."
        if not any(text for _, text, _ in parts) and not embed.get("image"):
            found[f"embeds.{index}.description"] = "This field is required"
    if total > EMBED_CHARACTERS:
        found["embeds"] = f"Embed size exceeds maximum size of {EMBED_CHARACTERS}"
    return found


def _attachments(now: Json, files: tuple[Upload, ...]) -> Problems:
    found: Problems = {}
    if len(now.get("attachments") or files) > FILES:
        found["attachments"] = f"Must be {FILES} or fewer in length."
    if any(len(file.content) > FILE_BYTES for file in files):
        raise Refusal(413, 40005, "Request entity too large")
    for one in now.get("attachments") or []:
        if len(one.get("description") or "") > 1_024:
            found["attachments"] = "A description must be 1024 or fewer in length."
    return found


def _shown_files(tree: list[Json], now: Json, files: tuple[Upload, ...]) -> Problems:
    """A component may show only what comes with the message."""
    there = {file.name for file in files} | {a.get("filename") for a in now.get("attachments") or []}
    shown = [c["file"]["url"] for c in components.walk(tree) if c["type"] == components.FILE]
    for gallery in (c for c in components.walk(tree) if c["type"] == components.GALLERY):
        shown += [item["media"]["url"] for item in gallery["items"]]
    for url in shown:
        if url.startswith("attachment://") and url.removeprefix("attachment://") not in there:
            return {"components": f"There is no attachment {url!r}."}
    return {}


def check_modal(data: Json) -> None:
    """Check a modal. Raises Refusal."""
    found = components.modal(data.get("components", []))
    for name, limit in (("title", 45), ("custom_id", 100)):
        if not 1 <= len(data.get(name, "")) <= limit:
            found[f"data.{name}"] = f"Must be between 1 and {limit} in length."
    if found:
        raise invalid_form(found)


def mention_complaint(body: Json) -> str:
    """Return why the message might call somebody; "" when it cannot."""
    allowed = body.get("allowed_mentions")
    if allowed is None:
        return "allowed_mentions is missing"
    if allowed.get("parse") != [] or any(allowed.get(name) for name in ("users", "roles", "replied_user")):
        return f"allowed_mentions lets somebody be called: {allowed}"
    return ""
