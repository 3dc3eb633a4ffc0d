"""Every table, as SQLModel classes."""

from storage.tables.calendars import Feed, Imported
from storage.tables.communities import (
    Channel,
    Community,
    Farewell,
    Greeting,
    JoinRequest,
    Membership,
    Proposal,
    ProposalVoice,
)
from storage.tables.letters import Edition, Letter, Mailing
from storage.tables.mirrors import Mirror
from storage.tables.people import Account, AccountLink, Delivery, LinkCode, Person
from storage.tables.pulses import Ballot, NamedAnswer, Participation, Pulse, Question
from storage.tables.resources import Endorsement, Resource, ResourceNote, ResourceTag
from storage.tables.sessions import Occurrence, Plan, Rsvp, Session

__all__ = [
    "Account",
    "AccountLink",
    "Ballot",
    "Channel",
    "Community",
    "Delivery",
    "Edition",
    "Endorsement",
    "Farewell",
    "Feed",
    "Greeting",
    "Imported",
    "JoinRequest",
    "Letter",
    "LinkCode",
    "Mailing",
    "Membership",
    "Mirror",
    "NamedAnswer",
    "Occurrence",
    "Participation",
    "Person",
    "Plan",
    "Proposal",
    "ProposalVoice",
    "Pulse",
    "Question",
    "Resource",
    "ResourceNote",
    "ResourceTag",
    "Rsvp",
    "Session",
]
