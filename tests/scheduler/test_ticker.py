"""The ticker ticks, one call at a time, and goes on whatever happens."""

import asyncio
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from structlog.testing import capture_logs

from scheduler.ticker import Ticker


class Work:
    """Counts its calls; `hurts` makes it fail, a closed `gate` makes it wait."""

    def __init__(self, hurts: Exception | None = None) -> None:
        self.hurts = hurts
        self.calls = self.running = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.changed = asyncio.Condition()

    async def __call__(self) -> None:
        self.calls += 1
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        async with self.changed:
            self.changed.notify_all()
        try:
            await self.gate.wait()
            if self.hurts is not None:
                raise self.hurts
        finally:
            self.running -= 1

    async def called(self, times: int) -> None:
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: self.calls >= times), 10)


async def test_it_ticks_until_stopped() -> None:
    work = Work()
    ticker = Ticker(0.01, work)
    ticker.start()
    await work.called(5)
    await ticker.stop(1)
    await asyncio.sleep(0)  # APScheduler ends in the loop's next round
    assert not ticker._scheduler.running


async def test_a_failing_tick_is_logged_once_and_ticking_goes_on() -> None:
    work = Work(hurts=OSError("disk on fire"))
    ticker = Ticker(0.01, work)
    with capture_logs() as logs:
        ticker.start()
        await work.called(5)
        work.hurts = None
        await work.called(work.calls + 2)
        await ticker.stop(1)
    assert [log["event"] for log in logs] == ["failed", "works again"]


async def test_a_slow_tick_is_not_overtaken_and_stopping_waits_for_it() -> None:
    work = Work()
    work.gate.clear()
    ticker = Ticker(0.01, work)
    left_out: asyncio.Queue[object] = asyncio.Queue()
    ticker._scheduler.add_listener(left_out.put_nowait, EVENT_JOB_MAX_INSTANCES)
    ticker.start()
    await work.called(1)
    for _ in range(3):  # ticks that were due meanwhile
        await asyncio.wait_for(left_out.get(), 10)
    stopping = asyncio.create_task(ticker.stop(10))
    await asyncio.sleep(0)
    assert not stopping.done()
    work.gate.set()
    await stopping
    assert (work.calls, work.most_at_once, work.running) == (1, 1, 0)


async def test_stopping_does_not_wait_for_ever() -> None:
    work = Work()
    work.gate.clear()
    ticker = Ticker(0.01, work)
    ticker.start()
    await work.called(1)
    with capture_logs() as logs:
        await ticker.stop(0.01)
    assert [log["event"] for log in logs] == ["stopped in the middle of a tick"]
    work.gate.set()


async def test_a_clock_set_back_does_not_silence_it() -> None:
    work = Work()
    ticker = Ticker(0.02, work)
    ticker.start()
    await work.called(2)
    # As after setting the clock back by two hours: the next run is planned for then.
    ticker._job.modify(next_run_time=datetime.now(UTC) + timedelta(hours=2))
    with capture_logs() as logs:
        await work.called(work.calls + 2)
    await ticker.stop(1)
    assert [log["event"] for log in logs] == ["ticks stopped, going on"]
