"""The methods files.*: ask for an address, upload there, and share what was uploaded."""

import secrets

from tests.fakes.slack.calling import Arguments, Method, Refusal
from tests.fakes.slack.chat import place_to_post
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import BOT_USER, Message, Upload, Workspace


def address(workspace: Workspace, arguments: Arguments) -> Json:
    name, length = arguments.needed("filename"), arguments.number("length", 0)
    if length <= 0:
        raise Refusal("invalid_arguments")
    upload = Upload(f"F0{workspace.number():05}", name, length, arguments.text("alt_txt"))
    ticket = secrets.token_urlsafe(18)
    workspace.uploads[ticket] = upload
    return {"upload_url": workspace.address(f"/upload/{ticket}"), "file_id": upload.id}


def complete(workspace: Workspace, arguments: Arguments) -> Json:
    wanted = arguments.data("files")
    if not isinstance(wanted, list) or not wanted:
        raise Refusal("invalid_arguments")
    uploads = {u.id: u for u in workspace.uploads.values()}
    chosen = [uploads.get(item.get("id", "")) for item in wanted]
    if any(u is None or u.content is None or u.done for u in chosen):
        raise Refusal("file_not_found")
    files = [
        {"id": u.id, "title": item.get("title", u.name), "name": u.name, "alt_txt": u.alt}
        for u, item in zip(chosen, wanted, strict=True)
        if u is not None
    ]
    channel = arguments.text("channel_id")
    if channel:
        place = workspace.channels.get(channel)
        if place is None:  # unlike chat.postMessage, this takes no person's id
            raise Refusal("channel_not_found")
        place_to_post(workspace, channel)
        if BOT_USER not in place.members:
            raise Refusal("not_in_channel")
        text = arguments.text("initial_comment")
        message = Message(workspace.ts(), channel, BOT_USER, text, by_app=True, files=files)
        message.thread = arguments.text("thread_ts")
        place.messages.append(message)
    for upload in chosen:
        assert upload is not None
        upload.done = True
        body = {"name": upload.name, "content": upload.content, "alt": upload.alt, "channel": channel}
        workspace.note("uploaded", channel, upload.id, body)
    return {"files": files}


METHODS = {
    "files.getUploadURLExternal": Method(address, ("files:write",), minute=100, json=False),
    "files.completeUploadExternal": Method(complete, ("files:write",), minute=100),
}
