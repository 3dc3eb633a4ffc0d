"""Deliveries that were acknowledged before they were done, on disk until they are: a crash loses none.

One JSON object a line: a delivery is added and forced to disk, and marked as done by a second line.
When nothing is left to do the file is emptied.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

MOST = 500  # deliveries that may wait at once
LONGEST = 1_000_000  # bytes of one; Slack's own payloads are smaller

_log = structlog.get_logger(__name__)

Json = dict[str, Any]


class Journal:
    """The file. Its content is people's words, so only the bot's own user may read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: set[str] = set()
        self._writing = asyncio.Lock()

    def pending(self) -> dict[str, Json]:
        """Return what an earlier run left undone, by delivery, in order; a torn last line is nothing."""
        found: dict[str, Json] = {}
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return found
        for line in lines:
            try:
                entry = json.loads(line)
                delivery = str(entry["delivery"])
            except (ValueError, KeyError, TypeError):
                _log.warning("an unreadable line of the journal is left out", file=str(self._path))
                continue
            if "done" in entry:
                found.pop(delivery, None)
            else:
                found[delivery] = entry["payload"]
        self._waiting = set(found)
        return found

    async def add(self, delivery: str, payload: Mapping[str, Any]) -> bool:
        """Keep the delivery; it is on disk when this returns True. False: there is no room, or no disk."""
        # Slack's old proof of origin is a secret, and nothing reads it again.
        kept = {name: value for name, value in payload.items() if name != "token"}
        line = _line({"delivery": delivery, "payload": kept})
        async with self._writing:
            if delivery in self._waiting:
                return True
            if len(self._waiting) >= MOST or len(line) > LONGEST:
                _log.error("no room in the journal", waiting=len(self._waiting), bytes=len(line))
                return False
            try:
                await asyncio.to_thread(self._append, line)
            except OSError as error:
                _log.error("the journal cannot be written", file=str(self._path), reason=error.strerror)
                return False
            self._waiting.add(delivery)
        return True

    async def done(self, delivery: str) -> None:
        """Forget the delivery. Should this be lost, it is dealt with once more and found done already."""
        if delivery not in self._waiting:
            return
        async with self._writing:
            self._waiting.discard(delivery)
            try:
                if self._waiting:
                    await asyncio.to_thread(self._append, _line({"delivery": delivery, "done": True}))
                else:
                    await asyncio.to_thread(os.truncate, self._path, 0)
            except OSError as error:
                _log.warning("the journal cannot be written", file=str(self._path), reason=error.strerror)

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            view = memoryview(line)
            while view:
                view = view[os.write(file, view) :]
            os.fsync(file)
        finally:
            os.close(file)


def _line(entry: Mapping[str, Any]) -> bytes:
    # A line that was torn by a crash ends where this one begins.
    return b"\n" + json.dumps(entry, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
