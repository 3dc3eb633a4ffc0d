"""What is told about one subject counts by its moment, one at a time, and is forgotten in bounds."""

import asyncio

import pytest

from adapters.slack import order
from adapters.slack.order import Latest


async def told(latest: Latest, subject: str, moment: float) -> bool:
    async with latest.turn(subject, moment) as current:
        return current


async def test_an_older_one_comes_too_late_and_the_same_again_does_not() -> None:
    latest = Latest()
    assert await told(latest, "a", 2.0)
    assert not await told(latest, "a", 1.0)
    assert await told(latest, "a", 2.0)
    assert await told(latest, "a", 3.0)
    assert await told(latest, "b", 1.0)


async def test_what_has_no_subject_has_no_order() -> None:
    latest = Latest()
    assert await told(latest, "", 2.0)
    assert await told(latest, "", 1.0)


async def test_one_waits_for_the_other_and_for_nobody_elses() -> None:
    latest, gate, done = Latest(), asyncio.Event(), list[str]()

    async def slow() -> None:
        async with latest.turn("a", 1.0):
            await gate.wait()
            done.append("slow")

    async def quick(subject: str) -> None:
        async with latest.turn(subject, 2.0):
            done.append(subject)

    tasks = [asyncio.create_task(slow()), asyncio.create_task(quick("a")), asyncio.create_task(quick("b"))]
    await tasks[2]
    assert done == ["b"]
    gate.set()
    await asyncio.gather(*tasks)
    assert done == ["b", "slow", "a"]


async def test_a_failure_holds_nobody_up_and_nothing_is_left_behind() -> None:
    latest = Latest()
    with pytest.raises(RuntimeError):
        async with latest.turn("a", 1.0):
            raise RuntimeError
    assert await told(latest, "a", 1.0)
    assert latest._locks == {}


async def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "MOST", 10)
    latest = Latest()
    for number in range(100):
        await told(latest, str(number), 5.0)
    assert len(latest._moments) == 10
    assert not await told(latest, "99", 1.0)
