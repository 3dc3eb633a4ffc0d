"""A loopback Discord that real discord.py connects to: REST and gateway v10, strict, with a ledger of effects."""

from tests.fakes.discord.server import FakeDiscord

__all__ = ["FakeDiscord"]
