"""`session plan`: twelve weeks of sessions drafted, changed at will, and scheduled at once."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from bot import when as times
from bot.cards import planner as cards
from bot.chat import Answer, Reply, Update
from bot.errors import BadValue, Problems
from bot.registry import Context, Group, Param, Role
from bot.rules import access, breaks, planner
from bot.rules.breaks import Away
from bot.ui.cards import Card
from storage.tables import Community, Draft

group = Group("session")

DRAFT = Param("Draft", "for example D3", limit=20, hidden=True)
AWAY = Param("Breaks", "one a line: Winter: 21 dec to 3 jan; or an .ics file pasted", limit=breaks.LIMIT)
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Day, ...] = get_args(Day)


@group.command("Draft twelve weeks of sessions", role=Role.FACILITATOR, example="session plan standard")
def plan(
    ctx: Context,
    preset: Annotated[planner.Preset, Param("Rhythm", "how often you meet")] = "standard",
    *,
    community: Annotated[Community, Param("Community", "its short name, for example python", limit=100)],
) -> Answer:
    """Draw up a draft, shown privately; nothing is scheduled before it is confirmed."""
    return Reply(_card(ctx, planner.plan(ctx.db, community, ctx.person, preset, ctx.now)))


@group.command("Draw a draft up anew", role=Role.FACILITATOR, hidden=True)
def rhythm(
    ctx: Context,
    draft: Annotated[Draft, DRAFT],
    preset: Annotated[planner.Rhythm | None, Param("Rhythm", "own: by the last two answers")] = None,
    day: Annotated[Day | None, Param("Usually on")] = None,
    time: Annotated[str | None, Param("Usually at", "12:00", limit=40)] = None,
    start: Annotated[str | None, Param("From the week of", "next week", limit=60)] = None,
    away: Annotated[str | None, AWAY] = None,
    rotate: Annotated[bool | None, Param("Share bad hours", "yes: other hours where zones differ")] = None,
    every: Annotated[int | None, Param("Own: weeks between", "1 is every week", low=1, high=6)] = None,
    duration: Annotated[timedelta | None, Param("Own: how long", "60m", limit=40)] = None,
) -> Answer:
    """Show the form with what the draft is made from, or draw it up from other answers."""
    made = planner.pattern(draft)
    zone = ZoneInfo(draft.zone)
    today = ctx.now.astimezone(zone).date()
    if set(ctx.given) <= {"draft"}:
        return ctx.ask(_known(draft, made, breaks.known(ctx.db, draft.community_id, today)))
    problems: dict[str, str] = {}
    first = made.first
    clock = made.clock
    try:
        first = _week(ctx, start, zone) if start else made.first
    except BadValue as bad:
        problems["start"] = bad.message
    try:
        clock = times.clock(time) if time else made.clock
    except BadValue as bad:
        problems["time"] = bad.message
    try:
        if "away" in ctx.given:  # emptied, there are none any more
            gone = breaks.read(away or "", now=ctx.now, zone=zone)
            breaks.keep(ctx.db, access.community_by_id(ctx.db, draft.community_id), gone)
    except BadValue as bad:
        problems["away"] = bad.message
    minutes = int(duration.total_seconds() // 60) if duration else made.minutes
    if not 5 <= minutes <= 24 * 60:
        problems["duration"] = "A session of a rhythm lasts between 5 minutes and a day, for example 60m."
    if problems:
        raise Problems(problems)
    wanted = replace(
        made,
        rhythm=preset or made.rhythm,
        first=first,
        day=DAYS.index(day) if day else made.day,
        clock=clock,
        every=every or made.every,
        minutes=minutes,
        rotate=made.rotate if rotate is None else rotate,
    )
    planner.redraw(ctx.db, draft.id, wanted, ctx.now)
    return Update(_card(ctx, draft))


def _week(ctx: Context, text: str, zone: ZoneInfo) -> date:
    return times.span(text, now=ctx.now, zone=zone)[0].date()


def _known(draft: Draft, made: planner.Pattern, away: list[Away]) -> dict[str, str]:
    return {
        "draft": planner.code(draft.id),
        "preset": made.rhythm,
        "day": DAYS[made.day],
        "time": f"{made.clock:%H:%M}",
        "start": str(made.first),
        "away": breaks.written(away),
        "rotate": "yes" if made.rotate else "no",
        "every": str(made.every),
        "duration": f"{made.minutes}m",
    }


@group.command("Change one session of a draft", role=Role.FACILITATOR, hidden=True)
def redraft(
    ctx: Context,
    draft: Annotated[Draft, DRAFT],
    item: Annotated[int, Param("Number", low=1, high=100, hidden=True)],
    title: Annotated[str | None, Param("Title", limit=150)] = None,
    when: Annotated[datetime | None, Param("When", "in your own time zone", limit=100)] = None,
    duration: Annotated[timedelta | None, Param("Duration", "60m", limit=40)] = None,
    drop: Annotated[bool | None, Param("Drop it", "yes leaves it out; no takes it back")] = None,
) -> Answer:
    """Show the form with what is planned now, or take the changes over."""
    if set(ctx.given) <= {"draft", "item"}:
        planned = planner.item(ctx.db, draft.id, item)
        at = planned.starts_at.astimezone(ctx.zone)
        known = {
            "draft": planner.code(draft.id),
            "item": str(item),
            "title": planned.title,
            "when": f"{at:%Y-%m-%d %H:%M}",
            "duration": f"{planned.minutes}m",
            "drop": "yes" if planned.dropped else "no",
        }
        return ctx.ask(known)
    planner.change(
        ctx.db,
        draft.id,
        item,
        title=title,
        when=when,
        minutes=int(duration.total_seconds() // 60) if duration else None,
        drop=drop,
        now=ctx.now,
    )
    return Update(_card(ctx, draft))


@group.command("Schedule what a draft says", role=Role.FACILITATOR, hidden=True)
def confirm(ctx: Context, draft: Annotated[Draft, DRAFT]) -> Answer:
    """Schedule all that was not dropped; doing so again changes nothing."""
    planner.schedule(ctx.db, draft.id, ctx.person, ctx.now)
    return Update(_card(ctx, draft))


def _card(ctx: Context, draft: Draft) -> Card:
    return cards.draft(planner.view(ctx.db, draft, ctx.now))
