"""Threads that carry out database work from one queue and answer on the caller's event loop."""

import asyncio
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlmodel import Session as Db

T = TypeVar("T")


class Job:
    """One piece of work, whom to answer, and, once it was carried out, how it went."""

    __slots__ = ("answer", "error", "loop", "result", "work")

    def __init__(self, work: Callable[[Db], Any]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Answer the caller, on its own event loop; one that was cancelled meanwhile needs no answer."""
        if self.answer.done():
            return
        if self.error is None:
            self.answer.set_result(self.result)
        elif isinstance(self.error, StopIteration):  # which asyncio refuses to carry
            self.answer.set_exception(RuntimeError("a rule let StopIteration escape"))
        else:
            self.answer.set_exception(self.error)


Carry = Callable[[Sequence[Job]], None]


class Crew:
    """One thread for each of `carriers`, all fed by one queue in order of arrival.

    A free thread takes what waits, at most `group` jobs, and hands them to its carrier, which sets
    each job's result or error. Answers leave only after the carrier has returned; when it raises,
    every job without an error of its own gets that one.
    """

    def __init__(self, name: str, carriers: Sequence[Carry], *, group: int) -> None:
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._group = group
        self._closed = False
        # Daemons: a program that dies without closing must not hang on a queue nobody feeds.
        self._threads = [
            Thread(target=self._serve, args=(carry,), name=f"{name}-{number}", daemon=True)
            for number, carry in enumerate(carriers)
        ]
        for thread in self._threads:
            thread.start()

    async def do(self, work: Callable[[Db], T]) -> T:
        """Carry out `work` on one of the threads; what it returns or raises comes back.

        Work once handed over is carried out even when the caller is cancelled while waiting.
        """
        if self._closed:
            raise RuntimeError("the database is closed")
        job = Job(work)
        self._queue.put(job)
        result: T = await job.answer
        return result

    async def close(self) -> None:
        """Take no more work, finish what waits, and end the threads."""
        self._closed = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _serve(self, carry: Carry) -> None:
        while jobs := self._take():
            try:
                carry(jobs)
            except BaseException as error:  # whatever went wrong, somebody waits for an answer
                for job in jobs:
                    job.error = error if job.error is None else job.error
            _answer(jobs)

    def _take(self) -> list[Job]:
        """The jobs to do next; none when the crew is to end."""
        job = self._queue.get()
        jobs: list[Job] = []
        while job is not None:
            jobs.append(job)
            if len(jobs) == self._group:
                return jobs
            try:
                job = self._queue.get_nowait()
            except Empty:
                return jobs
        if jobs:
            self._queue.put(None)  # seen too early: finish these first
        return jobs


def _answer(jobs: Sequence[Job]) -> None:
    """Answer all jobs with one wake-up of each event loop, which costs more than the answers."""
    for loop in {job.loop for job in jobs}:
        mine = [job for job in jobs if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:
            if not loop.is_closed():  # a closed loop has nobody left to answer
                raise


def _settle(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.settle()
