"""`session`: gatherings, and who comes to them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from bot import when as times
from bot.cards import attendance as attendance_cards
from bot.cards import sessions as cards
from bot.cards.lists import MOST_NAMES
from bot.chat import Answer, Reply, Update
from bot.errors import BadValue, Problems
from bot.registry import Context, Group, Param, Role
from bot.rules import access, announcing, attendance, calendars, rsvps, series, sessions
from bot.rules.access import Occasion
from bot.rules.series import Scope
from bot.rules.sessions import AnswerWord
from bot.ui.cards import Block, Card, Text
from commands.paging import PAGE, SIZE, following
from storage.tables import Community, Occurrence

group = Group("session", "Gatherings: scheduling them and saying whether you come")

COMMUNITY = Param("Community", "its short name, for example python", limit=100)
SESSION = Param("Session", "for example S12", limit=100)
TITLE = Param("Title", limit=150)
DURATION = Param("Duration", "60m", limit=40)
WHERE = Param("Where", "a room, a link, or this channel", limit=200)
SEATS = Param("Seats", "empty: no limit", low=1, high=10_000)
DESCRIPTION = Param("Description", limit=1_500)
SCOPE = Param("Of a series", "this one, this and the following, or all to come")


@group.command(
    "Schedule a session", role=Role.FACILITATOR, example='session schedule "Intro to RAG" "tue 15:00"'
)
def schedule(
    ctx: Context,
    title: Annotated[str, TITLE],
    when: Annotated[datetime, Param("When", "for example: tue 15:00", limit=100)],
    duration: Annotated[timedelta | None, DURATION] = None,
    repeat: Annotated[str | None, Param("Repeat", "for example: every other tuesday", limit=500)] = None,
    where: Annotated[str | None, WHERE] = None,
    capacity: Annotated[int | None, SEATS] = None,
    description: Annotated[str | None, DESCRIPTION] = None,
    *,
    community: Annotated[Community, COMMUNITY],
) -> Answer:
    """Schedule a session or a series and announce it in every connected channel."""
    zone = ctx.zone
    rule = _rule(ctx, repeat, when, zone) if repeat else ""
    occurrence = sessions.schedule(
        ctx.db,
        community,
        ctx.person,
        title=title,
        when=when,
        duration=duration or times.duration(ctx.config.session.duration),
        zone=zone.key,
        where=where or "",
        capacity=capacity,
        description=description or "",
        repeat=rule,
        now=ctx.now,
    )
    told = announcing.announce(ctx.db, occurrence.id, ctx.now)
    understood = times.describe(when, now=ctx.now, zone=ctx.zone)
    repeats = times.say_repeat(rule) if rule else ""
    return Reply(cards.scheduled(_view(ctx, occurrence), told, understood, repeats))


def _rule(ctx: Context, text: str, when: datetime, zone: ZoneInfo) -> str:
    try:
        return times.repeat(text, start=when.astimezone(zone).date(), now=ctx.now, zone=zone)
    except BadValue as bad:
        raise Problems({"repeat": bad.message}) from None


@group.command("What is coming up", name="list", writes=False, example="session list when:this week")
def list_(
    ctx: Context,
    community: Annotated[Community | None, COMMUNITY] = None,
    when: Annotated[str | None, Param("When", "for example: this week, march", limit=60)] = None,
    page: Annotated[int, PAGE] = 1,
) -> Answer:
    """List upcoming sessions the reader may know of, in their own zone."""
    places = access.readable(ctx.db, ctx.person_id, everything=ctx.admin, within=community)
    since, until = _span(ctx, when) if when else (None, None)
    found = sessions.upcoming(
        ctx.db,
        places,
        ctx.now,
        since=since,
        until=until,
        offset=(page - 1) * SIZE,
        limit=SIZE + 1,
        reader=ctx.person_id,
    )
    place = f" of {community.name}" if community else ""
    filters = {"community": community.slug if community else None, "when": when}
    more = following("session list", filters, page) if len(found) > SIZE else None
    card = cards.agenda(
        f"Sessions{place}" + (f", {when}" if when else ""),
        found[:SIZE],
        empty=f"No session{place} is planned" + (f" for “{when}”." if when else " yet."),
        more=more,
        rest="There are more. Please name a shorter time to see them." if len(found) > SIZE else "",
    )
    return Update(card) if "page" in ctx.given else Reply(card)


def _span(ctx: Context, text: str) -> tuple[datetime, datetime]:
    try:
        return times.span(text, now=ctx.now, zone=ctx.zone)
    except BadValue as bad:
        raise Problems({"when": bad.message}) from None


@group.command("One session and who is coming", writes=False, example="session show S12")
def show(ctx: Context, session: Annotated[Occasion, SESSION]) -> Answer:
    """Show a session whole, with the reader's own answer."""
    access.enter(session.where, everything=ctx.admin)
    view = _view(ctx, session)
    roll = sessions.roll(ctx.db, session.id, view.capacity, MOST_NAMES)
    return Reply(cards.detail(view, roll, ctx.now, _after(ctx, session, view)))


def _after(ctx: Context, session: Occasion, view: sessions.View) -> list[Block]:
    """What there is to show and do once it has begun; who came and what they said is for facilitators."""
    if view.cancelled or ctx.now < view.starts_at - sessions.CHECKIN_BEFORE:
        return []
    leads = ctx.admin or session.where.role == "facilitator"
    return attendance_cards.after(
        view,
        ctx.now,
        attendance.notes_of(ctx.db, [session.id]).get(session.id),
        attendance.attendance(ctx.db, view) if leads else None,
        attendance.outcome(ctx.db, session.id) if leads else None,
    )


@group.command("Say whether you come", role=Role.MEMBER, example="session rsvp S12 yes")
def rsvp(
    ctx: Context,
    session: Annotated[Occasion, SESSION],
    answer: Annotated[AnswerWord, Param("Will you come?", "yes, maybe or no")],
    scope: Annotated[Literal["this", "series"], Param("Of a series", "this one or all to come")] = "this",
) -> Answer:
    """Answer; when the session is full, yes means a place on the waitlist."""
    standing = rsvps.answer(ctx.db, session.id, ctx.person_id, answer, ctx.now)
    seated = answer == "yes" and not standing.waiting
    if scope == "this":
        files = (calendars.file(ctx.db, session.id, ctx.now),) if seated else ()
        return Reply(Card(blocks=(Text((cards.answered(standing),)), *files)))
    whole = access.whole(ctx.db, session)
    others = [one for one in series.meant(ctx.db, whole, "all", ctx.now) if one.id != session.id]
    waiting = sum(rsvps.answer(ctx.db, one.id, ctx.person_id, answer, ctx.now).waiting > 0 for one in others)
    said = cards.answered_series(standing, answer, len(others), waiting)
    files = (calendars.file_of_series(ctx.db, whole.session_id, ctx.now),) if seated else ()
    return Reply(Card(blocks=(Text((said,)), *files)))


@group.command("A session as a file for calendar apps", name="file", writes=False, hidden=True)
def file_(
    ctx: Context,
    session: Annotated[Occasion, SESSION],
    scope: Annotated[Literal["this", "series"], Param("Of a series", "this one or all to come")] = "this",
) -> Answer:
    """Hand over the file that came with the answer, where it could not come then."""
    access.enter(session.where, everything=ctx.admin)
    if scope == "this":
        file = calendars.file(ctx.db, session.id, ctx.now)
    else:
        file = calendars.file_of_series(ctx.db, access.whole(ctx.db, session).session_id, ctx.now)
    return Reply(Card(blocks=(replace(file, again=None),)))


@group.command(
    "Move a session to another time", role=Role.FACILITATOR, example='session move S12 "wed 16:00"'
)
def move(
    ctx: Context,
    session: Annotated[Occurrence, SESSION],
    when: Annotated[datetime, Param("When", "for example: wed 16:00", limit=100)],
    scope: Annotated[Scope, SCOPE] = "this",
) -> Answer:
    """Move it; those who come are told, and asked again when it moves by more than two hours."""
    before = session.starts_at
    moved = series.move(ctx.db, session, when, scope, ctx.now)
    told = announcing.tell_coming(
        ctx.db,
        [one for one in series.meant(ctx.db, session, scope, ctx.now) if one.id in moved.ids],
        "moved",
        lambda view, others: cards.moved(view, before if view.occurrence_id == session.id else None, others),
        ctx.now,
    )
    understood = times.describe(when, now=ctx.now, zone=ctx.zone)
    return Reply(cards.has_moved(_view(ctx, session), len(moved.ids), told, understood))


@group.command("Cancel a session", role=Role.FACILITATOR, example='session cancel S12 "the speaker is ill"')
def cancel(
    ctx: Context,
    session: Annotated[Occurrence, SESSION],
    reason: Annotated[str | None, Param("Reason", "those who come read it", limit=300)] = None,
    scope: Annotated[Scope, SCOPE] = "this",
) -> Answer:
    """Cancel it; those who come are told why."""
    gone = series.cancel(ctx.db, session, reason or "", scope, ctx.now)
    told = announcing.tell_coming(ctx.db, gone, "cancelled", cards.cancelled, ctx.now)
    return Reply(cards.is_cancelled(_view(ctx, session), len(gone), told))


@group.command("Change what a session says", role=Role.FACILITATOR, example="session edit S12")
def edit(
    ctx: Context,
    session: Annotated[Occurrence, SESSION],
    title: Annotated[str | None, TITLE] = None,
    duration: Annotated[timedelta | None, DURATION] = None,
    where: Annotated[str | None, WHERE] = None,
    capacity: Annotated[int | None, SEATS] = None,
    description: Annotated[str | None, DESCRIPTION] = None,
    scope: Annotated[Scope, SCOPE] = "this",
) -> Answer:
    """Show the form with what is said now, or take the changes over."""
    view = _view(ctx, session)
    if set(ctx.given) <= {"session"}:
        minutes = int((view.ends_at - view.starts_at).total_seconds() // 60)
        known = {
            "session": view.code,
            "title": view.title,
            "duration": f"{minutes}m",
            "where": view.place,
            "capacity": str(view.capacity or ""),
            "description": view.description,
            "scope": scope,
        }
        return ctx.ask({name: value for name, value in known.items() if value})
    if capacity is not None and capacity < view.going:
        raise Problems({"capacity": f"{view.going} people have a seat. Please give at least as many."})
    # A field that was emptied is to be empty; one that was not filled in stays as it is.
    empty = {name: "" for name in ("where", "description") if name in ctx.given}
    said = {
        "title": title,
        "place": where if where is not None else empty.get("where"),
        "description": description if description is not None else empty.get("description"),
        "capacity": capacity,
    }
    values = {name: value for name, value in said.items() if value is not None}
    changed = series.change(
        ctx.db, session, values, int(duration.total_seconds() // 60) if duration else None, scope, ctx.now
    )
    return Reply(cards.changed(_view(ctx, session), len(changed)))


def _view(ctx: Context, occurrence: Occurrence | Occasion) -> sessions.View:
    view = sessions.view(ctx.db, occurrence.id, ctx.person_id)
    assert view is not None, "its occurrence was just read"
    return view
