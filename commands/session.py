"""`session`: gatherings, and who comes to them."""

from datetime import datetime, timedelta
from typing import Annotated

from bot import when as times
from bot.cards import sessions as cards
from bot.cards.lists import MOST_NAMES
from bot.chat import Answer, Reply, Update
from bot.errors import BadValue, Problems
from bot.registry import Context, Group, Param, Role
from bot.rules import access, outbox, rsvps, sessions
from bot.rules.access import Occasion
from bot.rules.sessions import AnswerWord
from bot.ui.cards import note
from commands.paging import PAGE, SIZE, following
from storage.tables import Community, Occurrence

group = Group("session", "Gatherings: scheduling them and saying whether you come")

COMMUNITY = Param("Community", "its short name, for example python", limit=100)
SESSION = Param("Session", "for example S12", limit=100)


@group.command(
    "Schedule a session", role=Role.FACILITATOR, example='session schedule "Intro to RAG" "tue 15:00"'
)
def schedule(
    ctx: Context,
    title: Annotated[str, Param("Title", limit=150)],
    when: Annotated[datetime, Param("When", "for example: tue 15:00", limit=100)],
    duration: Annotated[timedelta | None, Param("Duration", "60m", limit=40)] = None,
    where: Annotated[str | None, Param("Where", "a room, a link, or this channel", limit=200)] = None,
    capacity: Annotated[int | None, Param("Seats", "empty: no limit", low=1, high=10_000)] = None,
    description: Annotated[str | None, Param("Description", limit=1_500)] = None,
    *,
    community: Annotated[Community, COMMUNITY],
) -> Answer:
    """Schedule a session and announce it in every connected channel."""
    occurrence = sessions.schedule(
        ctx.db,
        community,
        ctx.person,
        title=title,
        when=when,
        duration=duration or times.duration(ctx.config.session.duration),
        zone=ctx.zone.key,
        where=where or "",
        capacity=capacity,
        description=description or "",
        now=ctx.now,
    )
    view = _view(ctx, occurrence)
    told = outbox.announce(
        ctx.db,
        community,
        cards.announcement(view, ctx.now),
        kind="announcement",
        key=f"session:{occurrence.session_id}",
        subject=f"session:{occurrence.id}",
        expires_at=occurrence.ends_at,
        now=ctx.now,
    )
    return Reply(cards.scheduled(view, told, times.describe(when, now=ctx.now, zone=ctx.zone)))


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
    return Reply(cards.detail(view, roll, ctx.now))


@group.command("Say whether you come", role=Role.MEMBER, example="session rsvp S12 yes")
def rsvp(
    ctx: Context,
    session: Annotated[Occasion, SESSION],
    answer: Annotated[AnswerWord, Param("Will you come?", "yes, maybe or no")],
) -> Answer:
    """Answer; when the session is full, yes means a place on the waitlist."""
    standing = rsvps.answer(ctx.db, session.id, ctx.person_id, answer, ctx.now)
    return Reply(note(cards.answered(standing)))


def _view(ctx: Context, occurrence: Occurrence | Occasion) -> sessions.View:
    view = sessions.view(ctx.db, occurrence.id, ctx.person_id)
    assert view is not None, "its occurrence was just read"
    return view
