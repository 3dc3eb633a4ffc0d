"""Sessions in calendar apps: secret addresses, and a file with every yes."""

import re

from tests.world import World

ADDRESS = re.compile(r"http\S+/calendar/([\w-]+)\.ics")


async def test_addresses_are_shown_once_and_end_with_rotating_and_leaving(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    await fran.says("session schedule Circle 'thu 15:00' repeat:'every week 3 times'", in_="python")
    await mo.says("session rsvp S1.2 yes")
    assert "S1.2.ics" in mo.sees
    await fran.says("session schedule Small 'fri 15:00' capacity:1", in_="python")
    await fran.says("session rsvp S2 yes")
    assert "S2.ics" in fran.sees
    await mo.says("session rsvp S2 yes")
    assert "number 1 on the waitlist" in mo.sees
    assert ".ics" not in mo.sees

    async def reads(token: str) -> str:
        found = await world.hearth.read_feed(token)
        return found.text if found else ""

    await mo.says("session calendar", in_="python")
    mine, ours = ADDRESS.findall(mo.sees)
    assert (await reads(mine)).count("STATUS:CONFIRMED") == 1
    assert (await reads(mine)).count("STATUS:TENTATIVE") == 1
    assert "RRULE:FREQ=WEEKLY" in await reads(ours)
    await mo.says("session calendar", in_="python")
    assert not ADDRESS.search(mo.sees)
    await mo.presses("Rotate")
    again, other = ADDRESS.findall(mo.sees)
    assert [await reads(mine), await reads(ours)] == ["", ""]
    await mo.says("leave python")
    assert "SUMMARY" not in await reads(again)
    assert await reads(other) == ""
    async with world.unchanged():
        await mo.says("session calendar community:python")
    assert "for members of Python" in mo.sees
