"""How people, channels, messages and views look in what the API answers and what is delivered."""

from tests.fakes.slack.ledger import Json
from tests.fakes.slack.state import APP, BOT, BOT_USER, TEAM, Channel, Message, User, View, Workspace


def user(person: User) -> Json:
    """Return a user as users.info shows it."""
    made: Json = {
        "id": person.id,
        "team_id": TEAM,
        "name": person.name,
        "real_name": person.shown,
        "deleted": person.deleted,
        "is_bot": person.bot,
        "is_app_user": False,
        "profile": {"real_name": person.shown, "display_name": person.shown, "team": TEAM},
        "updated": 0,
    }
    if person.zone is not None:
        made |= {"tz": person.zone, "tz_label": person.zone, "tz_offset": 0}
    return made


def channel(place: Channel) -> Json:
    """Return a channel as conversations.info shows it."""
    made: Json = {
        "id": place.id,
        "is_archived": place.archived,
        "is_channel": not place.direct and not place.private,
        "is_group": place.private,
        "is_im": bool(place.direct),
        "is_private": place.private or bool(place.direct),
        "is_member": BOT_USER in place.members,
        "context_team_id": TEAM,
    }
    return made | (
        {"user": place.direct} if place.direct else {"name": place.name, "name_normalized": place.name}
    )


def message(workspace: Workspace, shown: Message, *, metadata: bool = False) -> Json:
    """Return a message as history shows it; its metadata only if asked for."""
    made: Json = {"type": "message", "user": shown.user, "text": shown.text, "ts": shown.ts, "team": TEAM}
    if shown.by_app:
        made |= {"bot_id": BOT, "app_id": APP}
    if shown.blocks:
        made["blocks"] = shown.blocks
    if shown.thread:
        made["thread_ts"] = shown.thread
    if shown.edited:
        made["edited"] = {"user": shown.user, "ts": shown.ts}
    if shown.files:
        made["files"] = shown.files
    if shown.reactions:
        made["reactions"] = reactions(shown)
    if metadata and shown.metadata is not None:
        made["metadata"] = shown.metadata
    return made


def reactions(shown: Message) -> list[Json]:
    """Return the reactions of a message."""
    return [{"name": n, "users": list(who), "count": len(who)} for n, who in shown.reactions.items() if who]


def view(opened: View) -> Json:
    """Return a view as the API answers it and interactions carry it."""
    body = opened.body
    made: Json = {
        "id": opened.id,
        "team_id": TEAM,
        "type": body["type"],
        "blocks": body["blocks"],
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "external_id": body.get("external_id", ""),
        "state": {"values": opened.values},
        "hash": opened.hash,
        "root_view_id": opened.root or opened.id,
        "previous_view_id": opened.previous or None,
        "app_id": APP,
        "app_installed_team_id": TEAM,
        "bot_id": BOT,
        "clear_on_close": bool(body.get("clear_on_close")),
        "notify_on_close": bool(body.get("notify_on_close")),
    }
    for part in ("title", "submit", "close"):
        made[part] = body.get(part)
    return made
