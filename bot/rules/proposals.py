"""How an idea for a community gathers people and becomes one, or is parked kindly.

The stages and figures are those of the configuration's [proposal] section: enough people back the
idea, then enough of them commit, lead and bring a question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from bot.chat import Address
from bot.errors import BadValue, Conflict, NotFound
from bot.rules import communities, digests
from bot.settings import ProposalSettings
from storage.database import Db, locked
from storage.tables import Community, Membership, Person, Proposal, ProposalVoice

OPEN = ("proposed", "gauging")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people are in (leaders among them), would lead, and brought a question."""

    people: int
    leaders: int
    questions: int


def propose(
    db: Db,
    author: Person,
    at: Address,
    *,
    name: str,
    problem: str,
    audience: str,
    question: str,
    rules: ProposalSettings,
    now: datetime,
) -> Proposal:
    """Open a proposal; its author is in. Raises Conflict where the name is taken or no channel is at hand."""
    if at.direct or not at.channel:
        raise Conflict("Please propose it in a channel, where others can say whether they are in.")
    same = db.exec(
        select(Community).where(func.lower(Community.name) == name.lower(), Community.visibility != "private")
    ).first()
    if same is not None:
        raise Conflict(f"There is a community {same.name} already: /cop about {same.slug}.")
    twin = db.exec(
        select(Proposal).where(func.lower(Proposal.name) == name.lower(), col(Proposal.state).in_(OPEN))
    ).first()
    if twin is not None:
        raise Conflict(f"{twin.name} is proposed already. Say there whether you are in.")
    proposal = Proposal(
        name=name,
        problem=problem,
        audience=audience,
        question=question,
        author_id=author.id,
        created_at=now,
        deadline=now + timedelta(days=rules.endorse_days),
        platform=at.platform,
        channel=at.channel,
        workspace=at.workspace,
    )
    db.add(proposal)
    db.flush()
    db.add(
        ProposalVoice(
            proposal_id=proposal.id,
            person_id=author.id,
            stance="in",
            question=question,
            said_at=now,
        )
    )
    db.flush()
    return proposal


def speak(
    db: Db,
    proposal_id: int,
    person: Person,
    stance: str,
    question: str,
    *,
    rules: ProposalSettings,
    defaults: digests.Defaults,
    zone: str,
    now: datetime,
) -> Proposal:
    """Record what one person says, and move the proposal on when enough have.

    Raises NotFound, or Conflict once it is decided.
    """
    proposal = locked(db, Proposal, proposal_id)
    if proposal is None:
        raise NotFound("That proposal is gone.")
    if proposal.state not in OPEN:
        raise Conflict(f"{proposal.name} is decided: it was {proposal.state}.")
    voice = db.get(ProposalVoice, (proposal_id, person.id)) or ProposalVoice(
        proposal_id=proposal_id, person_id=person.id, stance=stance, said_at=now
    )
    voice.stance, voice.question, voice.said_at = stance, question or voice.question, now
    db.add(voice)
    db.flush()
    _advance(db, proposal, rules=rules, defaults=defaults, zone=zone, now=now)
    return proposal


def _advance(
    db: Db,
    proposal: Proposal,
    *,
    rules: ProposalSettings,
    defaults: digests.Defaults,
    zone: str,
    now: datetime,
) -> None:
    found = tally(db, proposal)
    others = found.people - _author_counts(db, proposal)
    if proposal.state == "proposed" and others >= rules.endorsers:
        proposal.state, proposal.deadline = "gauging", now + timedelta(days=rules.gauging_days)
    enough = (
        found.people >= rules.commitments
        and found.leaders >= rules.leaders
        and found.questions >= rules.questions
    )
    if proposal.state == "gauging" and enough:
        _found(db, proposal, defaults=defaults, zone=zone, now=now)
    db.add(proposal)
    db.flush()


def _author_counts(db: Db, proposal: Proposal) -> int:
    voice = db.get(ProposalVoice, (proposal.id, proposal.author_id or 0))
    return 1 if voice is not None and voice.stance != "no" else 0


def _found(db: Db, proposal: Proposal, *, defaults: digests.Defaults, zone: str, now: datetime) -> None:
    voices = [v for v in voices_of(db, proposal) if v.stance != "no"]
    leaders = [v.person_id for v in voices if v.stance == "lead"]
    founder = db.get(Person, leaders[0])
    assert founder is not None, "a foreign key points at it"
    community = communities.create(
        db,
        founder,
        name=proposal.name,
        purpose=proposal.problem,
        slug=_free_slug(db, proposal),
        visibility="open",
        zone=zone,
        defaults=defaults,
        now=now,
    )
    for voice in voices:
        if voice.person_id != founder.id:
            role = "facilitator" if voice.stance == "lead" else "member"
            db.add(Membership(community_id=community.id, person_id=voice.person_id, role=role, joined_at=now))
    proposal.state, proposal.community_id = "founded", community.id


def _free_slug(db: Db, proposal: Proposal) -> str:
    try:
        slug = communities.slug_from(proposal.name)
    except BadValue:
        slug = "community"
    free, number = slug, proposal.id
    while (
        free == "community" or db.exec(select(Community.id).where(Community.slug == free)).first() is not None
    ):
        free, number = f"{slug[:28].rstrip('-')}-{number}", number + 1
    return free


def voices_of(db: Db, proposal: Proposal) -> Sequence[ProposalVoice]:
    """Return what everybody said, first ones first."""
    return db.exec(
        select(ProposalVoice)
        .where(ProposalVoice.proposal_id == proposal.id)
        .order_by(col(ProposalVoice.said_at), col(ProposalVoice.person_id))
    ).all()


def tally(db: Db, proposal: Proposal) -> Tally:
    """Count what was said."""
    voices = [v for v in voices_of(db, proposal) if v.stance != "no"]
    return Tally(
        people=len(voices),
        leaders=sum(v.stance == "lead" for v in voices),
        questions=sum(bool(v.question) for v in voices),
    )


def due(db: Db, now: datetime) -> Sequence[int]:
    """Return the open proposals whose time has run out."""
    return db.exec(
        select(Proposal.id).where(col(Proposal.state).in_(OPEN), col(Proposal.deadline) <= now)
    ).all()


def expire(db: Db, proposal_id: int, *, rules: ProposalSettings, now: datetime) -> Proposal | None:
    """Extend a proposal that people gathered behind, once; park any other. None when not due."""
    proposal = locked(db, Proposal, proposal_id)
    if proposal is None or proposal.state not in OPEN or proposal.deadline > now:
        return None
    if proposal.state == "gauging" and not proposal.extended:
        proposal.extended, proposal.deadline = True, now + timedelta(days=rules.extension_days)
    else:
        proposal.state = "parked"
    db.add(proposal)
    return proposal
