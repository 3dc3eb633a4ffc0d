"""Who may do what where: the bits of a role, overwritten per channel."""

from tests.fakes.discord.state import Channel, Guild

ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MANAGE_EVENTS = 1 << 33
SEND_MESSAGES_IN_THREADS = 1 << 38
CREATE_EVENTS = 1 << 44
ADMINISTRATOR = 1 << 3
ALL = (1 << 53) - 1

USUAL = (
    ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | MANAGE_EVENTS
    | CREATE_EVENTS
    | SEND_MESSAGES_IN_THREADS
)
"""What everyone has in a guild of ours, so that a test takes away what it is about."""


def of(user: int, guild: Guild, channel: Channel | None = None) -> int:
    """Return what the member may do in the guild, or in one of its channels; 0 for somebody who is not in it."""
    member = guild.members.get(user)
    if member is None:
        return 0
    if guild.owner == user:
        return ALL
    allowed = guild.everyone.permissions
    for role in member.roles:
        allowed |= guild.roles[role].permissions
    if allowed & ADMINISTRATOR:
        return ALL
    place = guild.channels.get(channel.parent, channel) if channel and channel.is_thread else channel
    if place is not None:
        for target in (guild.id, *member.roles, user):  # everyone's, the roles', the member's own
            if target in place.overwrites:
                allow, deny = place.overwrites[target]
                allowed = allowed & ~deny | allow
    return allowed if allowed & VIEW_CHANNEL else allowed & ~SEND_MESSAGES
