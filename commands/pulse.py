"""`pulse`: asking the members of a community, and what they answered."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from bot.cards import pulses as cards
from bot.chat import Answer, Ask, Reply, Update
from bot.errors import Conflict, NotAllowed
from bot.registry import Context, Group, Param, Role
from bot.rules import access, outbox, pulses
from bot.ui.calls import PAYLOAD_LIMIT, Call, written
from bot.ui.cards import note
from storage.database import Db
from storage.tables import Community, Pulse

group = Group("pulse", "Polls: asking the members, anonymously unless you say otherwise")

COMMUNITY = Param("Community", "its short name, for example python", limit=100)
PULSE = Param("Pulse", "for example P5", limit=100)
CHOICE = Param("Choice", "the number of the option", low=1, high=pulses.MOST)
PAGE_SIZE = 5

# Of a receipt's own command, which asks with the poll's options and never for a number.
HELD = replace(PULSE, hidden=True)
CHOSEN = replace(CHOICE, hidden=True)


@group.command(
    "Ask one question with options to choose from",
    role=Role.MEMBER,
    example='pulse poll "Which day suits you?" "Tuesday, Thursday"',
)
def poll(
    ctx: Context,
    question: Annotated[
        str, Param("Question", "for example: Which day suits you?", limit=pulses.QUESTION_LIMIT)
    ],
    options: Annotated[
        tuple[str, ...], Param("Options", "2 to 10, with commas between or one per line", limit=1_200)
    ],
    anonymous: Annotated[bool, Param("Anonymous", "no: members see who chose what")] = True,
    closes: Annotated[timedelta | None, Param("Closes in", "3d", limit=40)] = None,
    *,
    community: Annotated[Community, COMMUNITY],
) -> Answer:
    """Open a poll and post it in every connected channel."""
    threshold = ctx.config.pulse.threshold
    if anonymous and pulses.too_small(ctx.db, community, threshold):
        return _offer_named(ctx, community, threshold)
    pulse = pulses.start(
        ctx.db,
        community,
        ctx.person,
        question=question,
        given=options,
        anonymous=anonymous,
        closes=closes or timedelta(days=ctx.config.pulse.poll_days),
        threshold=threshold,
        now=ctx.now,
    )
    view = pulses.view(ctx.db, pulse)
    told = outbox.announce(
        ctx.db,
        community,
        cards.posted(view),
        kind="pulse",
        key=f"pulse:{pulse.id}",
        subject=f"pulse:{pulse.id}",
        expires_at=pulse.closes_at,
        now=ctx.now,
    )
    return Reply(cards.opened(view, told))


def _offer_named(ctx: Context, community: Community, threshold: int) -> Answer:
    """Say that the community is too small; offer the same poll with names, or its form where no button can carry it."""
    known = {**ctx.given, "community": community.slug, "anonymous": "no"}
    named = Call("pulse poll", known)
    if len(written(named)) <= PAYLOAD_LIMIT:
        return Reply(cards.too_small(community.name, threshold, named))
    few = f"Fewer than {threshold} members: an anonymous poll would never show a result. Ask with names instead?"
    return ctx.ask(known, {"anonymous": few})


@group.command("Answer a poll", role=Role.MEMBER, hidden=True, confidential=True)
def vote(
    ctx: Context,
    pulse: Annotated[Pulse, PULSE],
    choice: Annotated[int, CHOICE],
    key: Annotated[str | None, Param("Key", limit=64, hidden=True)] = None,
) -> Answer:
    """Answer; with the key of a receipt, change the answer of that receipt."""
    if key:
        return change(ctx, pulse, key, choice)
    if not pulse.anonymous:
        return Reply(cards.named_receipt(pulses.answer(ctx.db, pulse, ctx.person_id, choice, ctx.now)))
    option = pulses.check(ctx.db, pulse, ctx.person_id, choice, ctx.now)
    view = pulses.view(ctx.db, pulse)
    pulse_id, person_id, now = pulse.id, ctx.person_id, ctx.now
    kept: list[str] = []

    def cast(db: Db) -> Answer:
        kept[:] = [pulses.cast(db, pulse_id, choice, now)]
        return None

    def mark(db: Db) -> Answer:
        if pulses.mark(db, pulse_id, person_id, kept[0]):
            return Reply(cards.receipt(view, option, kept[0]))
        return Reply(note(pulses.ANSWERED))  # not raised: that the answer was taken back has to stay

    # Three transactions: this one knows the person, the second the answer, the third that they took part.
    ctx.then(cast)
    ctx.then(mark)
    return None


@group.command(
    "Change an anonymous answer, from its receipt", role=Role.MEMBER, hidden=True, confidential=True
)
def change(
    ctx: Context,
    pulse: Annotated[Pulse, HELD],
    key: Annotated[str, Param("Key", limit=64, hidden=True)],
    choice: Annotated[int | None, CHOSEN] = None,
) -> Answer:
    """Ask for the new choice, then change the answer of that key."""
    if not pulses.is_open(pulse, ctx.now):
        raise Conflict("That poll is closed, so it takes no more answers.")
    view = pulses.view(ctx.db, pulse)
    if choice is None:
        return Ask(cards.change_form(view, key))
    pulse_id, now = pulse.id, ctx.now
    # In a transaction of its own: this one may have written something about the person.
    ctx.then(lambda db: Reply(cards.receipt(view, pulses.change(db, pulse_id, key, choice, now), key)))
    return None


@group.command("Open and closed polls of your communities", name="list", writes=False, example="pulse list")
def list_(
    ctx: Context,
    community: Annotated[Community | None, COMMUNITY] = None,
    page: Annotated[int, Param("Page", low=1, high=10_000, hidden=True)] = 1,
) -> Answer:
    """List pulses of the communities the reader belongs to, those they have not answered marked."""
    mine = set(access.memberships(ctx.db, ctx.person_id))
    if community is not None and community.id not in mine and not ctx.admin:
        raise access.members_only(community)
    ids = [community.id] if community is not None else sorted(mine)
    found = pulses.listed(ctx.db, ids, limit=PAGE_SIZE + 1, offset=(page - 1) * PAGE_SIZE)
    where = {"community": community.slug} if community else {}
    more = Call("pulse list", {**where, "page": str(page + 1)}) if len(found) > PAGE_SIZE else None
    rows = [(view, view.closed_at is None and ctx.now < view.closes_at) for view in found[:PAGE_SIZE]]
    unanswered = frozenset(code for code, _ in pulses.waiting(ctx.db, ctx.person_id, ctx.now))
    card = cards.listing(rows, unanswered, more)
    return Update(card) if "page" in ctx.given else Reply(card)


@group.command(
    "One poll, to answer or with its results", role=Role.MEMBER, writes=False, example="pulse show P5"
)
def show(ctx: Context, pulse: Annotated[Pulse, PULSE]) -> Answer:
    """Show the poll as it is posted."""
    return Reply(cards.posted(pulses.view(ctx.db, pulse)))


@group.command("The results of a closed poll", role=Role.MEMBER, writes=False, example="pulse results P5")
def results(ctx: Context, pulse: Annotated[Pulse, PULSE]) -> Answer:
    """Show what may be shown: nothing before it closes."""
    code = pulses.code(pulse.id)
    if pulses.is_open(pulse, ctx.now):
        raise Conflict(
            f"{code} is still open. Results are shown once it closes, to everyone at the same time."
        )
    if pulse.closed_at is None:
        raise Conflict(f"{code} is being closed. Please look again in a moment.")
    return Reply(cards.results(pulses.view(ctx.db, pulse, names=True)))


@group.command("Close a poll early", role=Role.MEMBER, example="pulse close P5")
def close(ctx: Context, pulse: Annotated[Pulse, PULSE]) -> Answer:
    """Close it, as its opener or a facilitator may; the posted card shows the results."""
    community = access.community_by_id(ctx.db, pulse.community_id)
    facilitates = access.role(ctx.db, community, ctx.person_id) == "facilitator"
    if not (ctx.admin or facilitates or pulse.opened_by == ctx.person_id):
        raise NotAllowed(
            f"Only whoever opened it and the facilitators of {community.name} can close it early."
        )
    if pulse.closed_at is not None:
        raise Conflict(
            f"{pulses.code(pulse.id)} is closed already. See /cop pulse results {pulses.code(pulse.id)}."
        )
    pulses.close(ctx.db, pulse.id, ctx.now)
    return Reply(cards.results(pulses.view(ctx.db, pulse, names=True)))
