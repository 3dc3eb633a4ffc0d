"""A loopback Slack: a small workspace that behaves as Slack does, is strict as Slack is, and keeps a ledger."""

from tests.fakes.slack.deliveries import Ack, Deliveries, Delivery, Pace, Trouble
from tests.fakes.slack.people import Person
from tests.fakes.slack.server import Slack
from tests.fakes.slack.state import BOT_USER, TEAM, Channel, Message, View, Workspace

__all__ = [
    "BOT_USER",
    "TEAM",
    "Ack",
    "Channel",
    "Deliveries",
    "Delivery",
    "Message",
    "Pace",
    "Person",
    "Slack",
    "Trouble",
    "View",
    "Workspace",
]
