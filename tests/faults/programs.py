"""Programs that the fault tests start, talk to and kill, and what their ledger says afterwards."""

import json
import os
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import IO

from storage.database import Db
from storage.tables import Channel, Community


@contextmanager
def program(module: str, *arguments: str) -> Iterator[tuple[IO[str], IO[str]]]:
    """Run a Python module; gives its standard input and output. It ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            yield process.stdin, process.stdout
            process.stdin.close()
            process.wait(10)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it forked


def ledger(url: str) -> list[dict[str, str]]:
    with urllib.request.urlopen(f"{url}/ledger") as answer:
        messages: list[dict[str, str]] = json.load(answer)
    return messages


def add_channels(db: Db, count: int) -> None:
    """Add a community with so many channels on the ledger's platform."""
    community = Community(slug="py", name="Python", purpose="Snakes", created_at=datetime.now(UTC))
    db.add(community)
    db.flush()
    for n in range(count):
        db.add(Channel(platform="ledger", external_id=f"C{n}", community_id=community.id))


def kill_after(pid: int, seconds: float) -> None:
    """Send SIGKILL after a while; a process that has ended by then is left in peace."""
    watched = os.pidfd_open(pid)
    try:
        if not select.select([watched], [], [], seconds)[0]:
            signal.pidfd_send_signal(watched, signal.SIGKILL)
    finally:
        os.close(watched)
