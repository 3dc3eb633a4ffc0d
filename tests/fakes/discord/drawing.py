"""What Discord keeps, as it tells of it: the objects of REST answers and gateway events."""

import re
from datetime import datetime

from tests.fakes.discord.state import (
    DIRECT,
    FORUM,
    VOICE,
    Attachment,
    Channel,
    Event,
    Guild,
    Json,
    Member,
    Message,
    Role,
    State,
    User,
)

_NAMED = re.compile(r"<@(\d{1,20})>")


def user(them: User) -> Json:
    return {
        "id": str(them.id),
        "username": them.name,
        "discriminator": "0000" if them.bot else "0",
        "global_name": None if them.bot else them.name,
        "avatar": None,
        "bot": them.bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def member(them: Member) -> Json:
    return {
        "user": user(them.user),
        "nick": them.nick,
        "avatar": None,
        "banner": None,
        "roles": [str(r) for r in them.roles],
        "joined_at": stamp(them.joined_at),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def role(one: Role) -> Json:
    return {
        "id": str(one.id),
        "name": one.name,
        "permissions": str(one.permissions),
        "position": one.position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "description": None,
        "flags": 0,
    }


def channel(one: Channel) -> Json:
    last = str(one.last_message) if one.last_message else None
    if one.type == DIRECT:
        assert one.recipient is not None
        return {
            "id": str(one.id),
            "type": one.type,
            "last_message_id": last,
            "flags": 0,
            "recipients": [user(one.recipient)],
        }
    drawn: Json = {
        "id": str(one.id),
        "type": one.type,
        "guild_id": str(one.guild),
        "name": one.name,
        "parent_id": str(one.parent) if one.parent else None,
        "last_message_id": last,
        "flags": 0,
        "rate_limit_per_user": 0,
    }
    if one.is_thread:
        return drawn | {
            "owner_id": str(one.id),
            "thread_metadata": {
                "archived": one.archived,
                "archive_timestamp": None,
                "auto_archive_duration": 4320,
                "locked": one.locked,
            },
            "message_count": 0,
            "member_count": 1,
            "total_message_sent": 0,
        }
    overwrites = [
        {"id": str(target), "type": 0 if target == one.guild else 1, "allow": str(a), "deny": str(d)}
        for target, (a, d) in one.overwrites.items()
    ]
    drawn |= {"position": 0, "topic": None, "nsfw": False, "permission_overwrites": overwrites}
    if one.type == VOICE:
        return drawn | {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
    return drawn | {"available_tags": []} if one.type == FORUM else drawn


def guild(one: Guild, *, bot: int) -> Json:
    """Return the guild as REST tells of it."""
    return {
        "id": str(one.id),
        "name": one.name,
        "owner_id": str(one.owner),
        "icon": None,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": [],
        "banner": None,
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role(one.everyone), *(role(r) for r in one.roles.values())],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }


def guild_create(one: Guild, *, bot: int) -> Json:
    """Return the guild as the gateway tells of it at first: with what is in it, and of its members the bot."""
    return guild(one, bot=bot) | {
        "joined_at": stamp(one.members[bot].joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(one.members),
        "members": [member(one.members[bot])],
        "channels": [channel(c) for c in one.channels.values() if not c.is_thread],
        "threads": [channel(c) for c in one.channels.values() if c.is_thread and not c.archived],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [event(e) for e in one.events.values()],
        "soundboard_sounds": [],
    }


def event(one: Event) -> Json:
    return {
        "id": str(one.id),
        "guild_id": str(one.guild),
        "creator_id": str(one.creator.id),
        "creator": user(one.creator),
        "user_count": len(one.interested),
        "image": None,
        "description": None,
        "channel_id": None,
        "entity_id": None,
        "entity_metadata": None,
        "scheduled_end_time": None,
        "status": 1,
        "privacy_level": 2,
        "recurrence_rule": None,
        "guild_scheduled_event_exceptions": [],
        **one.fields,
    }


def attachment(one: Attachment, cdn: str) -> Json:
    url = f"{cdn}/attachments/{one.id}/{one.name}"
    drawn = {"id": str(one.id), "filename": one.name, "size": len(one.content), "url": url}
    drawn |= {"proxy_url": url, "content_type": one.media}
    return drawn | ({"description": one.description} if one.description else {})


def message(one: Message, state: State, cdn: str, *, content: bool = True) -> Json:
    """Return the message as the bot sees it; `content` is whether it may read what others wrote.

    It may always read its own messages, those to it alone, and those that mention it.
    """
    named = [state.users[id_] for id_ in map(int, _NAMED.findall(one.content)) if id_ in state.users]
    readable = content or one.author is state.bot or one.channel in state.direct or state.bot in named
    counted = [
        {
            "emoji": {"id": None, "name": name},
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "burst_colors": [],
            "me": state.bot.id in users,
            "me_burst": False,
        }
        for name, users in one.reactions.items()
        if users
    ]
    drawn: Json = {
        "id": str(one.id),
        "type": _type(one),
        "channel_id": str(one.channel),
        "author": user(one.author),
        "content": one.content if readable else "",
        "embeds": one.embeds if readable else [],
        "components": one.components if readable else [],
        "attachments": [attachment(a, cdn) for a in one.attachments] if readable else [],
        "timestamp": stamp(one.at),
        "edited_timestamp": stamp(one.edited_at) if one.edited_at else None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [user(u) for u in named],
        "mention_roles": [],
        "pinned": False,
        "flags": one.flags,
    }
    if counted:
        drawn["reactions"] = counted
    if one.nonce is not None:
        drawn["nonce"] = one.nonce
    if one.author is state.bot:
        drawn["application_id"] = str(state.application)
    if one.interaction is not None:
        drawn |= {"interaction_metadata": one.interaction, "webhook_id": str(state.application)}
    if one.reference is not None:
        drawn["message_reference"] = one.reference
    return drawn


def _type(one: Message) -> int:
    if one.interaction is not None and one.interaction["type"] == 2:
        return 20
    return 19 if one.reference is not None else 0


def stamp(at: datetime) -> str:
    return at.isoformat()
