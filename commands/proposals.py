"""`cop propose` and what people say to a proposal."""

from datetime import datetime
from typing import Annotated, Literal

from bot.cards import communities as cards
from bot.chat import Answer, Reply
from bot.registry import Context, Group, Param
from bot.rules import access, outbox, people, proposals, settings
from bot.settings import ProposalSettings
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Text, note
from storage.database import Db
from storage.tables import Proposal

group = Group("cop")


@group.command("Propose a community; people say whether they are in", example="cop propose")
def propose(
    ctx: Context,
    name: Annotated[str, Param("Name", "what people would call it", limit=40)],
    problem: Annotated[str, Param("The problem we share", limit=280)],
    audience: Annotated[str, Param("Who for", "for example nurses in rural clinics", limit=200)],
    question: Annotated[str, Param("One question I'd bring", limit=280)],
) -> Answer:
    rules = ctx.config.proposal
    proposal = proposals.propose(
        ctx.db,
        ctx.person,
        ctx.at,
        name=name,
        problem=problem,
        audience=audience,
        question=question,
        rules=rules,
        now=ctx.now,
    )
    outbox.post(
        ctx.db,
        ctx.at,
        view(ctx.db, proposal, rules),
        kind="proposal",
        key=f"proposal:{proposal.id}",
        subject=f"proposal:{proposal.id}",
        now=ctx.now,
    )
    return Reply(note("Your proposal is posted here. You will hear when it moves on."))


@group.command("Say whether you are in", hidden=True)
def voice(
    ctx: Context,
    proposal: Annotated[int, Param("Proposal", low=1, high=2**31 - 1)],
    stance: Annotated[Literal["in", "lead", "no"], Param("Stance")],
    question: Annotated[str, Param("A question you would bring", limit=280)] = "",
) -> Answer:
    row = proposals.speak(
        ctx.db,
        proposal,
        ctx.person,
        stance,
        question,
        rules=ctx.config.proposal,
        defaults=settings.digest_defaults(ctx.config),
        zone=ctx.config.bot.timezone,
        now=ctx.now,
    )
    outbox.redraw(ctx.db, f"proposal:{row.id}", ctx.now)
    if row.state == "founded":
        _tell_founded(ctx, row)
    if stance == "no":
        return Reply(note("Noted, thank you. You can change your mind while it is open."))
    words = "You'd help lead." if stance == "lead" else "You're in."
    if question:
        return Reply(note(f"{words} Your question is noted."))
    ask = Button("Add a question", Call("cop bring", {"proposal": str(row.id), "stance": stance}))
    return Reply(Card(blocks=(Text((f"{words} What question would you bring?",)), Buttons((ask,)))))


@group.command("Bring a question to a proposal", hidden=True)
def bring(
    ctx: Context,
    proposal: Annotated[int, Param("Proposal", low=1, high=2**31 - 1, hidden=True)],
    stance: Annotated[Literal["in", "lead"], Param("Stance", hidden=True)],
    question: Annotated[str, Param("A question you would bring", limit=280)],
) -> Answer:
    return voice(ctx, proposal, stance, question)


def _tell_founded(ctx: Context, row: Proposal) -> None:
    community = access.community_by_id(ctx.db, row.community_id or 0)
    for said in proposals.voices_of(ctx.db, row):
        if said.stance != "no":
            outbox.tell(
                ctx.db,
                said.person_id,
                note(f"{row.name} has become a community, and you are in it: /cop about {community.slug}."),
                kind="notice",
                key=f"founded:{row.id}:{said.person_id}",
                now=ctx.now,
            )


def draw(db: Db, proposal_id: int, now: datetime, *, rules: ProposalSettings) -> Card | None:
    """Return the proposal's card as it stands, or None when it is gone."""
    row = db.get(Proposal, proposal_id)
    return view(db, row, rules) if row else None


def view(db: Db, row: Proposal, rules: ProposalSettings) -> Card:
    """Return the proposal's card as it stands."""
    tally = proposals.tally(db, row)
    founded = access.community_by_id(db, row.community_id) if row.community_id else None
    return cards.proposal(
        cards.Proposed(
            id=row.id,
            name=row.name,
            problem=row.problem,
            audience=row.audience,
            question=row.question,
            author=people.mentions(db, [row.author_id])[row.author_id],
            state=row.state,
            deadline=row.deadline,
            zone="UTC",
            people=tally.people,
            leaders=tally.leaders,
            questions=tally.questions,
            need_people=rules.commitments,
            need_leaders=rules.leaders,
            need_questions=rules.questions,
            endorsers=rules.endorsers,
            founded_slug=founded.slug if founded else "",
        )
    )


def expire(db: Db, proposal_id: int, now: datetime, *, rules: ProposalSettings) -> None:
    """Act on a proposal whose time ran out; its author hears of it. For the scheduler."""
    row = proposals.expire(db, proposal_id, rules=rules, now=now)
    if row is None:
        return
    outbox.redraw(db, f"proposal:{row.id}", now)
    if row.author_id is not None:
        words = (
            f"{row.name} has more time to gather people: until {row.deadline:%-d %B %Y}."
            if row.state == "gauging"
            else f"{row.name} is parked: not enough people were in this time. Thank you; you can propose it again."
        )
        key = f"proposal:{row.id}:{row.state}:{row.deadline:%Y%m%d}"
        outbox.tell(db, row.author_id, note(words), kind="notice", key=key, now=now)
