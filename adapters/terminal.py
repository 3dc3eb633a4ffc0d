"""Lines in and out: a pipe read line by line, or a terminal with a prompt and history."""

import asyncio
import os
import queue
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from typing import TextIO

PROMPT = "> "
_BLOCK = 65_536
_ERASE = "\r\x1b[K"  # back to the first column, and erase the line

Completer = Callable[[str], Sequence[str]]


class Lines:
    """An async iterator over lines that some blocking function reads, in a daemon thread.

    A line is read only when it is asked for, so that a prompt comes after the answers before it;
    a daemon, because a blocking read cannot be cancelled and must not hold up the end.
    """

    def __init__(self, read: Callable[[], str | None]) -> None:
        self._read = read
        self._wanted: queue.SimpleQueue[asyncio.Future[str | None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.reading = False

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="lines", daemon=True)
            self._thread.start()
        wanted: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self.reading = True
        self._wanted.put(wanted)
        try:
            line = await wanted
        finally:
            self.reading = False
        if line is None:
            raise StopAsyncIteration
        return line

    def _serve(self) -> None:
        while True:
            wanted = self._wanted.get()
            try:
                line = self._read()
            except (EOFError, OSError):
                line = None
            with suppress(RuntimeError):  # the loop has closed: nobody wants the line any more
                wanted.get_loop().call_soon_threadsafe(_settle, wanted, line)
            if line is None:
                return


def _settle(wanted: asyncio.Future[str | None], line: str | None) -> None:
    if not wanted.done():
        wanted.set_result(line)


def piped(descriptor: int) -> Lines:
    """Return the lines of a pipe or file, as UTF-8; bytes that are none become lone surrogates.

    Reads the descriptor itself: a thread blocked inside sys.stdin would hold its lock at exit.
    """
    lines = _split(descriptor)
    return Lines(lambda: next(lines, None))


def _split(descriptor: int) -> Iterator[str]:
    left = b""
    while block := os.read(descriptor, _BLOCK):
        *whole, left = (left + block).split(b"\n")
        yield from (line.decode("utf-8", "surrogateescape") for line in whole)
    if left:
        yield left.decode("utf-8", "surrogateescape")


def abandon(out: TextIO) -> None:
    """Send what is still to be written to a reader who has gone nowhere, so that the end is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


class Terminal:
    """A person at a keyboard: a prompt, history and completion, and a clean line for what comes in between."""

    def __init__(self, out: TextIO, complete: Completer) -> None:
        self._out = out
        self.lines = Lines(lambda: input(PROMPT))
        self._restore = _remember_terminal()
        try:
            import readline  # not everywhere: without it there is no history
        except ImportError:
            self._typed: Callable[[], str] = str
        else:
            self._typed = readline.get_line_buffer
            readline.set_completer_delims("")
            readline.set_completer(_states(complete))
            stand_in = "libedit" in (readline.__doc__ or "")  # macOS has another library by that name
            readline.parse_and_bind("bind ^I rl_complete" if stand_in else "tab: complete")

    def write(self, text: str) -> None:
        """Write above the line being typed, which is drawn again below."""
        if self.lines.reading:
            self._out.write(f"{_ERASE}{text}{PROMPT}{self._typed()}")
        else:
            self._out.write(text)
        self._out.flush()

    def close(self) -> None:
        """Leave the terminal as it was: a thread may still be waiting in readline's own mode."""
        self._restore()
        self._out.write("\n")


def _states(complete: Completer) -> Callable[[str, int], str | None]:
    def completer(text: str, state: int) -> str | None:
        found = complete(text)
        return found[state] if state < len(found) else None

    return completer


def _remember_terminal() -> Callable[[], None]:
    try:
        import termios  # not on every system
    except ImportError:
        return lambda: None
    try:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (OSError, ValueError, termios.error):
        return lambda: None
    return lambda: termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


_COMMAND_SO_FAR = re.compile(r"(?P<before>(?:#\S+ +)?@\S+ +/(?:cop +)?)(?P<path>.*)", re.IGNORECASE)


def command_completer(paths: Sequence[str]) -> Completer:
    """Return a completer of whole lines for these command paths; the group `cop` may be left out."""
    bare = sorted(path.removeprefix("cop ") for path in paths)

    def complete(line: str) -> Sequence[str]:
        found = _COMMAND_SO_FAR.fullmatch(line)
        if found is None:
            return []
        return [f"{found['before']}{path} " for path in bare if path.startswith(found["path"].lower())]

    return complete
