"""`session`, once it begins: checking in and stepping in, notes, feedback, and who came."""

from typing import Annotated

from bot.cards import attendance as cards
from bot.cards.attendance import NOTES_LIMIT, Use
from bot.chat import Answer, Reply, Update
from bot.errors import Conflict, NotAllowed, Problems
from bot.registry import Context, Group, Param, Role
from bot.rules import access, announcing, attendance, hosting, outbox, series, sessions
from bot.rules.access import Occasion
from bot.text import shorten
from storage.tables import Occurrence
from storage.tables import Session as Planned

group = Group("session")

SESSION = Param("Session", "for example S12", limit=100)


@group.command("Say that you are there", role=Role.MEMBER, example="session checkin")
def checkin(
    ctx: Context,
    session: Annotated[Occasion | None, Param("Session", "empty: the one that runs", limit=100)] = None,
) -> Answer:
    """Check in to the session, or to the one that is running in the community of the channel."""
    occurrence_id = session.id if session is not None else _running(ctx).occurrence_id
    new = attendance.check_in(ctx.db, occurrence_id, ctx.person_id, ctx.now)
    return Reply(cards.checked_in(_view(ctx, occurrence_id), new=new))


def _running(ctx: Context) -> sessions.View:
    """The only session that takes check-ins in this channel's community, or elsewhere in the speaker's own."""
    channel = ctx.channel
    mine = {where.id: where for where in access.own_communities(ctx.db, ctx.person_id)}
    ids = list(mine)
    if channel is not None and channel.community_id is not None:
        here = access.standing(ctx.db, channel.community_id, ctx.person_id)
        if here.id not in mine:
            raise access.members_only(here)
        ids = [here.id]
    elif not mine:
        raise NotAllowed("That is for members of a community. See them with /cop list.")
    found = attendance.running(ctx.db, ids, ctx.now)
    if not found:
        raise Conflict("No session is running here. Check-in opens 15 minutes before one begins.")
    if len(found) > 1:
        named = ", ".join(f"{view.code} ({shorten(view.title, 40)})" for view in found[:5])
        raise Problems({"session": f"Several sessions are running: {named}. Which one?"})
    return found[0]


@group.command("Host a session whose host is absent", role=Role.MEMBER, hidden=True)
def step_in(ctx: Context, session: Annotated[Occasion, SESSION]) -> Answer:
    """Take over, if nobody has yet; those who come are told."""
    attendance.step_in(ctx.db, session.id, ctx.person_id, ctx.now)
    return Reply(cards.stepped_in(_view(ctx, session.id)))


@group.command("Keep a session that nobody has said yes to", role=Role.FACILITATOR, hidden=True)
def keep(ctx: Context, session: Annotated[Occasion, SESSION]) -> Answer:
    """Run it as planned."""
    view = _view(ctx, session.id)
    if not view.open(ctx.now):
        raise Conflict("That session is cancelled or over.")
    return Update(cards.kept(view))


@group.command("Turn a session into a thread", role=Role.FACILITATOR, hidden=True)
def thread(ctx: Context, session: Annotated[Occurrence, SESSION]) -> Answer:
    """Cancel it and ask for the same in writing, in every connected channel."""
    series.cancel(ctx.db, session, cards.IN_WRITING, "this", ctx.now)
    view = _view(ctx, session.id)
    announcing.tell_coming(ctx.db, [session], "cancelled", cards.in_writing, ctx.now)
    community = access.community_by_id(ctx.db, session.community_id)
    key = f"thread:{session.id}"
    told = outbox.announce(ctx.db, community, cards.thread(view), kind="thread", key=key, now=ctx.now)
    return Update(cards.is_thread(view, told))


@group.command(
    "Notes of a session, for those who came or asked", role=Role.MEMBER, example="session notes S12"
)
def notes(
    ctx: Context,
    session: Annotated[Occurrence, SESSION],
    notes: Annotated[str, Param("Notes", "a text, or a link to them", limit=NOTES_LIMIT)],
) -> Answer:
    """Keep them and send them; only the session's host and facilitators may."""
    planned = ctx.db.get(Planned, session.session_id)
    assert planned is not None, "a foreign key points at it"
    community = access.community_by_id(ctx.db, session.community_id)
    leads = ctx.admin or access.role(ctx.db, community, ctx.person_id) == "facilitator"
    if not leads and ctx.person_id not in hosting.hosts_of(ctx.db, planned):
        raise NotAllowed(f"Only facilitators of {community.name} and the session's host may do that.")
    told = attendance.write_notes(ctx.db, session.id, ctx.person_id, notes, ctx.now)
    return Reply(cards.notes_kept(_view(ctx, session.id), told))


@group.command("Get the notes of a session", role=Role.MEMBER, hidden=True)
def send_notes(ctx: Context, session: Annotated[Occasion, SESSION]) -> Answer:
    """Show them, or send them once there are some."""
    text = attendance.want_notes(ctx.db, session.id, ctx.person_id, ctx.now)
    view = _view(ctx, session.id)
    return Reply(cards.wanted(view) if text is None else cards.notes(view, text))


@group.command("Say what a session was worth", role=Role.MEMBER, hidden=True, confidential=True)
def feedback(
    ctx: Context,
    session: Annotated[Occasion, SESSION],
    worth: Annotated[int | None, Param("Worth your time", "1 to 5", low=1, high=5)] = None,
    use: Annotated[Use | None, Param("What will you do with it?")] = None,
) -> Answer:
    """Two taps: a mark, and what comes of it."""
    said = attendance.give(ctx.db, session.id, ctx.person_id, ctx.now, worth=worth, use=use)
    view = _view(ctx, session.id)
    if said is None:
        return Reply(cards.how_was_it(view))
    return Update(cards.what_next(view, said.worth) if use is None else cards.thanks(view))


@group.command(
    "Who came to a session, as a table too",
    role=Role.FACILITATOR,
    writes=False,
    hidden=True,
    name="attendance",
)
def attendance_(ctx: Context, session: Annotated[Occasion, SESSION]) -> Answer:
    """Show who came and who did not, and the feedback as far as it may be shown."""
    view = _view(ctx, session.id)
    if ctx.now < view.starts_at - sessions.CHECKIN_BEFORE:
        raise Conflict("That session has not begun, so nobody has come yet.")
    found = attendance.attendance(ctx.db, view)
    return Reply(cards.table(view, found, attendance.outcome(ctx.db, session.id)))


def _view(ctx: Context, occurrence_id: int) -> sessions.View:
    view = sessions.view(ctx.db, occurrence_id, ctx.person_id)
    assert view is not None, "its occurrence was just read"
    return view
