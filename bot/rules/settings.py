"""What facilitators may set for a community, and members for themselves, read and checked."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

from bot import when
from bot.config import Config
from bot.errors import BadValue, Problems
from bot.rules import digests
from storage.tables import Community, Person

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[str, ...] = get_args(Day)
REACTIONS = ("save", "yes", "maybe", "no", "endorse")
MAX_REMINDERS = 5


def described(community: Community, config: Config) -> dict[str, str]:
    """Return the present values as they would be typed, by parameter name."""
    return {
        "timezone": community.zone,
        "digest": "on" if community.digest_on else "off",
        "day": DAYS[community.digest_day],
        "time": community.digest_time,
        "approval": community.digest_approval,
        "reminders": community.reminders,
        "quiet_hours": community.quiet_hours,
        "reactions": ", ".join(
            f"{action}={name}"
            for action in REACTIONS
            for name in community.reactions.get(action, getattr(config.reactions, action))
        ),
        "welcome": "on" if community.welcome else "off",
    }


def digest_defaults(config: Config) -> digests.Defaults:
    """Return what a new community is set to."""
    return digests.Defaults(
        DAYS.index(config.digest.day),
        config.digest.time,
        config.digest.approval,
        config.session.reminders or "none",
        config.session.quiet_hours or "none",
    )


def rhythm(community: Community) -> str:
    """Return in words when the community's digest goes out."""
    if not community.digest_on:
        return "no digest"
    return f"digest every {DAYS[community.digest_day].capitalize()} at {community.digest_time} ({community.zone})"


def change(community: Community, changes: Mapping[str, str | None], now: datetime) -> None:
    """Set what is not None, all or nothing. Raises Problems naming every value that cannot be read."""
    readers: dict[str, Callable[[str], object]] = {
        "time": lambda text: f"{when.clock(text):%H:%M}",
        "reminders": reminders,
        "quiet_hours": quiet_hours,
        "reactions": _reactions,
    }
    read: dict[str, object] = {}
    problems: dict[str, str] = {}
    for name, text in changes.items():
        if text is None:
            continue
        try:
            read[name] = readers[name](text) if name in readers else text
        except BadValue as bad:
            problems[name] = bad.message
    if problems:
        raise Problems(problems)
    columns = {"timezone": "zone", "time": "digest_time", "approval": "digest_approval"}
    for name, value in read.items():
        match name:
            case "digest":
                community.digest_on = value == "on"
            case "welcome":
                community.welcome = value == "on"
            case "day":
                community.digest_day = DAYS.index(str(value))
            case _:
                setattr(community, columns.get(name, name), value)
    if read.keys() & {"timezone", "digest", "day", "time"}:
        community.digest_next_at = digests.next_due(community, now)


def reminders(text: str) -> str:
    """Return times before a session as kept ("24h, 15m"), longest first. Raises BadValue."""
    if text.strip().casefold() in ("none", "off", "no"):
        return "none"
    lengths = sorted({when.duration(part) for part in text.split(",") if part.strip()}, reverse=True)
    if not 1 <= len(lengths) <= MAX_REMINDERS or lengths[0] > timedelta(days=14):
        raise BadValue(f"Give one to {MAX_REMINDERS} times of at most 14 days, such as 24h, 15m; or none.")
    return ", ".join(_short(length) for length in lengths)


def quiet_hours(text: str) -> str:
    """Return quiet hours as kept ("18:00-08:00", or "none"). Raises BadValue."""
    if text.strip().casefold() in ("none", "off", "no"):
        return "none"
    start, end = when.clock_range(text)
    return f"{start:%H:%M}-{end:%H:%M}"


def _short(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def _reactions(text: str) -> dict[str, list[str]]:
    if text.strip().casefold() == "default":
        return {}
    chosen: dict[str, list[str]] = {}
    for part in filter(None, (p.strip() for p in text.replace(";", ",").split(","))):
        action, _, emoji = (side.strip().strip(":") for side in part.partition("="))
        if action not in REACTIONS or not emoji or len(emoji) > 60:
            raise BadValue(f"Write it like save=bookmark, yes=white_check_mark, for {', '.join(REACTIONS)}.")
        if any(emoji in names for names in chosen.values()):
            raise BadValue(f"The reaction {emoji} is given two meanings.")
        chosen.setdefault(action, []).append(emoji)
    return chosen


def prefer(person: Person, changes: Mapping[str, str | bool | None]) -> None:
    """Set a person's own preferences; "default" goes back to the community's. Raises Problems."""
    readers: dict[str, Callable[[str], str]] = {
        "reminders": reminders,
        "quiet_hours": quiet_hours,
        "zone": lambda text: when.zone(text).key,
    }
    problems: dict[str, str] = {}
    for name, value in changes.items():
        try:
            if isinstance(value, bool):
                setattr(person, name, value)
            elif value is not None:
                setattr(person, name, None if value.casefold() == "default" else readers[name](value))
        except BadValue as bad:
            problems[name] = bad.message
    if problems:
        raise Problems(problems)
