"""Metrics: what the operator's monitoring may count; never a person, a community or a word said."""

from collections.abc import Mapping
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import generate_latest

from bot import __version__

# Answers are due within 3 s, database work within milliseconds (PERFORMANCE.md).
_COMMAND_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 3.0)
_DATABASE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """The program's measurements, held by the composition root; each has its own registry."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        Info("hearth_build", "The version that runs.", registry=registry).info({"version": __version__})
        self._commands = Counter(
            "hearth_commands", "Commands by path and outcome.", ["path", "outcome"], registry=registry
        )
        self._command_seconds = Histogram(
            "hearth_command_seconds",
            "From event to answer.",
            buckets=_COMMAND_BUCKETS,
            registry=registry,
        )
        self._letters = Gauge(
            "hearth_letters", "Letters in the outbox by state.", ["state"], registry=registry
        )
        self._lag = Gauge(
            "hearth_letter_lag_seconds",
            "How long the oldest letter that is due has waited.",
            registry=registry,
        )
        self._database_seconds = Histogram(
            "hearth_database_seconds",
            "From asking for a transaction to its end.",
            ["kind"],
            buckets=_DATABASE_BUCKETS,
            registry=registry,
        )

    def command(self, path: str, outcome: str, seconds: float) -> None:
        """Count a command. `path` must come from the registry, never from what was typed."""
        self._commands.labels(path, outcome).inc()
        self._command_seconds.observe(seconds)

    def letters(self, by_state: Mapping[str, int], oldest_due_seconds: float) -> None:
        """Set how many letters there are in each state, and how long the oldest due one has waited (0: none)."""
        self._letters.clear()
        for state, count in by_state.items():
            self._letters.labels(state).set(count)
        self._lag.set(oldest_due_seconds)

    def database(self, kind: Literal["read", "write"], seconds: float) -> None:
        """Record one transaction, waiting included."""
        self._database_seconds.labels(kind).observe(seconds)

    def render(self) -> bytes:
        """Return everything in the Prometheus text format."""
        return generate_latest(self._registry)
