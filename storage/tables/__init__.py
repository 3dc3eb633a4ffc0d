"""Every table, as SQLModel classes."""

from storage.tables.attendance import CheckIn, Feedback, Notes, NotesWanted, Outcome
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
from storage.tables.slots import Break, Draft, DraftSession, Slot, SlotPoll, SlotVote

__all__ = [
    "Account",
    "AccountLink",
    "Ballot",
    "Break",
    "Channel",
    "CheckIn",
    "Community",
    "Delivery",
    "Draft",
    "DraftSession",
    "Edition",
    "Endorsement",
    "Farewell",
    "Feed",
    "Feedback",
    "Greeting",
    "Imported",
    "JoinRequest",
    "Letter",
    "LinkCode",
    "Mailing",
    "Membership",
    "Mirror",
    "NamedAnswer",
    "Notes",
    "NotesWanted",
    "Occurrence",
    "Outcome",
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
    "Slot",
    "SlotPoll",
    "SlotVote",
]
