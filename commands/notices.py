"""What changes on a platform mean here: newcomers are welcomed, names kept current, closed channels left alone."""

from datetime import datetime

import structlog

from bot.cards import communities as cards
from bot.chat import Actor, Address, Answer, Noticed, Recount, Reply
from bot.config import Config
from bot.rules import (
    access,
    announcing,
    channels,
    feeds,
    outbox,
    people,
    privacy,
    rsvps,
    sessions,
)
from bot.ui.cards import note
from storage.database import Db
from storage.tables import Community

_log = structlog.get_logger(__name__)

CLOSED = "the channel was closed"
REMOVED = "I was removed from the workspace"


class Notices:
    """Notices as the dispatcher asks for them. Of people and places that are unknown here nothing is kept."""

    def concerns(self, db: Db, event: Noticed) -> bool:
        """Return whether the notice is about anything known here. Reads only."""
        match event.what:
            case "arrived":
                return event.by is not None and _welcoming(db, event.by, event.at) is not None
            case "profile":
                return event.by is not None and people.recognise(db, event.by) != 0
            case "left":
                return event.by is not None and not event.at.channel and people.recognise(db, event.by) != 0
            case "removed" | "missed":
                return True
        return access.channel(db, event.at.platform, event.at.channel) is not None

    def act(self, db: Db, event: Noticed, config: Config, now: datetime) -> Answer:
        """Take note of it; only an arrival is answered, and what was missed looked for."""
        since = event.since or now
        match event.what:
            case "arrived" if event.by is not None:
                return _welcome(db, event.by, event.at, now)
            case "profile" if event.by is not None:
                people.changed(db, event.by)
            case "left" if event.by is not None:
                _left(db, event.by, event.at, config, now)
            case "renamed":
                channels.rename(db, event.at)
            case "closed":
                channels.close(db, event.at, event.reason or CLOSED, now, since)
            case "opened":
                channels.open_(db, event.at, since)
            case "missed":
                people_there = announcing.expected(db, event.at.platform, now)
                return Recount(announcing.open_announcements(db, event.at, now), people_there)
            case "removed":
                staff = people.admins(db, config.bot.admins)
                lost = channels.lose(db, event.at, event.reason or REMOVED, now, staff)
                _log.warning("removed from a workspace", platform=event.at.platform, channels_paused=lost)
        return None


def _welcoming(db: Db, by: Actor, at: Address) -> Community | None:
    """The community of the channel if it wants the newcomer welcomed, they may know of it, and it was not done yet."""
    if by.bot or not at.channel:
        return None
    channel = access.channel(db, at.platform, at.channel)
    if channel is None or channel.community_id is None:
        return None
    here = access.community_by_id(db, channel.community_id)
    if not here.welcome or here.archived_at is not None:
        return None
    person_id = people.recognise(db, by)
    if channels.greeted(db, here.id, person_id):
        return None
    where = access.standing_in(db, here, person_id)
    return here if access.may_see(db, where, person_id, everything=False) else None


def _welcome(db: Db, by: Actor, at: Address, now: datetime) -> Answer:
    here = _welcoming(db, by, at)
    if here is None:
        return None
    # Known from here on, so that the welcome comes once, and is part of what they may see and erase.
    person_id = people.known(db, by, now)
    channels.greet(db, here.id, person_id)
    led = access.facilitators(db, here.id)
    names = people.mentions(db, led)
    belongs = access.role(db, here, person_id) is not None
    inside = belongs or here.visibility == "open"
    following = sessions.next_of(db, [here.id], now).get(here.id) if inside else None
    view = cards.Welcome(
        slug=here.slug,
        name=here.name,
        purpose=here.purpose,
        visibility=here.visibility,
        facilitators=[names[i] for i in led],
        belongs=belongs,
        session=(following.title, following.starts_at) if following else None,
        zone=here.zone,
    )
    return Reply(cards.welcome(view))


def _left(db: Db, by: Actor, at: Address, config: Config, now: datetime) -> None:
    """Give away the seats of someone who cannot come any more, close their feeds, and see that no community is left untended.

    Their account and what they did stay: they may return. Where they can still be met, on another
    platform or in another workspace of this one, nothing changes.
    """
    person_id = people.recognise(db, by)
    if len(people.accounts_of(db, person_id)) > 1 or channels.elsewhere(db, at):
        return
    rsvps.withdraw_all(db, person_id, now)
    feeds.revoke(db, person_id)
    for community_id in privacy.last_facilitator_of(db, person_id):
        community = access.community_by_id(db, community_id)
        card = note(
            people.mentions(db, [person_id])[person_id],
            f", the only facilitator of {community.name}, is no longer on {at.platform.capitalize()}. "
            f"Name another with /cop promote, or close it with /cop archive {community.slug}.",
        )
        for admin in people.admins(db, config.bot.admins):
            key = f"alone:{community_id}:{now:%Y-%m-%d}:{admin}"
            outbox.tell(db, admin, card, kind="notice", key=key, now=now)
