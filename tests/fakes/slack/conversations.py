"""The methods conversations.*: where there is to talk, who is there and what was said."""

from collections.abc import Callable

from tests.fakes.slack import shown
from tests.fakes.slack.calling import Arguments, Method, Refusal
from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import BOT_USER, Channel, Workspace

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")


def _scope(channel: Channel, verb: str) -> str:
    return f"{'im' if channel.direct else 'groups' if channel.private else 'channels'}:{verb}"


def _visible(workspace: Workspace, arguments: Arguments, verb: str) -> Channel:
    channel = workspace.channels.get(arguments.needed("channel", "channel_not_found"))
    if channel is None or channel.deleted or (channel.private and BOT_USER not in channel.members):
        raise Refusal("channel_not_found")
    needed = _scope(channel, verb)
    if needed not in workspace.app.scopes:
        raise Refusal("missing_scope", needed=needed, provided=",".join(sorted(workspace.app.scopes)))
    return channel


def open_(workspace: Workspace, arguments: Arguments) -> Json:
    person = workspace.users.get(arguments.needed("users", "users_list_not_supplied"))
    if person is None:
        raise Refusal("user_not_found")
    if person.deleted:
        raise Refusal("user_disabled")
    if person.bot or person.closed:
        raise Refusal("cannot_dm_bot")
    return {"channel": {"id": workspace.direct(person.id).id}}


def info(workspace: Workspace, arguments: Arguments) -> Json:
    return {"channel": shown.channel(_visible(workspace, arguments, "read"))}


def list_(workspace: Workspace, arguments: Arguments) -> Json:
    kinds = arguments.text("types", "public_channel").split(",")
    channels = [
        c
        for c in workspace.channels.values()
        if not c.deleted
        and ("im" if c.direct else "private_channel" if c.private else "public_channel") in kinds
        and not (c.private and BOT_USER not in c.members)
        and not (c.archived and arguments.flag("exclude_archived"))
    ]
    return paged(arguments, "channels", [shown.channel(c) for c in channels])


def paged(arguments: Arguments, name: str, things: list[Json] | list[str]) -> Json:
    """Return one page of things, and where the next begins."""
    start, size = int(arguments.text("cursor") or 0), arguments.number("limit", 100) or 100
    end = start + min(size, 1000)
    cursor = str(end) if end < len(things) else ""
    return {name: things[start:end], "response_metadata": {"next_cursor": cursor}}


def members(workspace: Workspace, arguments: Arguments) -> Json:
    return paged(arguments, "members", sorted(_visible(workspace, arguments, "read").members))


def _said(pick: Callable[[Arguments, str, str], bool]) -> Callable[[Workspace, Arguments], Json]:
    def read(workspace: Workspace, arguments: Arguments) -> Json:
        channel = _visible(workspace, arguments, "history")
        if BOT_USER not in channel.members:
            raise Refusal("not_in_channel")
        oldest, latest = float(arguments.text("oldest") or 0), float(arguments.text("latest") or "inf")
        inclusive = arguments.flag("inclusive")
        found = [
            m
            for m in reversed(channel.messages)
            if not m.deleted
            and not m.only
            and pick(arguments, m.ts, m.thread)
            and (oldest < float(m.ts) < latest or (inclusive and float(m.ts) in (oldest, latest)))
        ]
        whole = arguments.flag("include_all_metadata")
        told = [shown.message(workspace, m, metadata=whole) for m in found]
        answer = paged(arguments, "messages", told)
        return answer | {"has_more": bool(answer["response_metadata"]["next_cursor"])}

    return read


def _in_thread(arguments: Arguments, ts: str, thread: str) -> bool:
    return arguments.text("ts") in (ts, thread)


def _top_level(arguments: Arguments, ts: str, thread: str) -> bool:
    return thread in ("", ts)


METHODS = {
    "conversations.open": Method(open_, ("im:write",), minute=50),
    "conversations.info": Method(info, READ, minute=50, json=False),
    "conversations.list": Method(list_, READ, minute=20, json=False),
    "conversations.members": Method(members, READ, minute=100, json=False),
    "conversations.history": Method(_said(_top_level), HISTORY, minute=50),
    "conversations.replies": Method(_said(_in_thread), HISTORY, minute=50, json=False),
}
