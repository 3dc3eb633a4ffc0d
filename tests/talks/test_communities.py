"""Communities in chat: found and joined, asked into and left, tended, and closed by staff."""

import pytest

from tests.world import World


async def test_anyone_finds_and_joins_an_open_community_once(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran)
    await mo.says("about python")
    assert "We learn from each other" in mo.sees
    assert "@Fran" in mo.sees
    await mo.presses("Join")
    assert "Welcome to Python" in mo.sees
    await mo.says("members python")
    assert "Python: 2 members" in mo.sees
    assert "@Fran (facilitator)" in mo.sees

    async with world.unchanged():
        await mo.says("join python")
        assert "already a member" in mo.sees


async def test_members_are_for_members_to_see(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran)
    async with world.unchanged():
        await mo.says("members python")
        assert "for members of Python" in mo.sees
    await mo.says("join python")
    await mo.says("members python")
    assert "@Fran" in mo.sees


async def test_facilitators_answer_requests_and_the_first_answer_counts(world: World) -> None:
    fran, bea, mo, ana = world.people("Fran", "Bea", "Mo", "Ana")
    await world.begins("Circle", fran, visibility="request")
    await bea.says("join circle")
    assert "facilitators of Circle are asked" in bea.sees
    await fran.presses("Approve")
    assert "Welcome to Circle" in bea.inbox[-1]
    await fran.says("promote @bea circle")

    await mo.says("join circle")
    assert "@Mo would like to join Circle" in fran.inbox[-1]
    assert "@Mo would like to join Circle" in bea.inbox[-1]
    async with world.unchanged():
        await mo.says("join circle")
        assert "asked to join Circle already" in mo.sees
    await bea.presses("Approve")
    assert "Approved by @Bea" in bea.sees
    assert "Approved by @Bea" in fran.inbox[-1]
    assert "your request was approved" in mo.inbox[-1]
    await mo.says("members circle")
    assert "@Mo" in mo.sees

    await ana.says("join circle")
    await fran.presses("Decline")
    assert "Declined by @Fran" in bea.inbox[-1]
    assert "cannot take you in at present" in ana.inbox[-1]
    await ana.says("members circle")
    assert "for members of Circle" in ana.sees


async def test_an_answer_to_a_request_that_is_settled_changes_nothing(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Circle", fran, visibility="request")
    await mo.says("join circle")
    await fran.says("cop decide community:circle request:1 decision:approve")
    async with world.unchanged():
        await fran.says("cop decide community:circle request:1 decision:decline")
        assert "answered already: they were approved" in fran.sees
        await mo.says("cop decide community:circle request:1 decision:decline")
        assert "Only facilitators of Circle" in mo.sees


async def test_whoever_was_declined_may_ask_again_and_an_invitation_answers_a_request(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Circle", fran, visibility="request")
    await mo.says("join circle")
    await fran.presses("Decline")
    await mo.says("join circle")
    assert "facilitators of Circle are asked" in mo.sees
    assert len(fran.inbox) == 2
    await fran.says("invite @mo circle")
    async with world.unchanged():
        await fran.says("cop decide community:circle request:1 decision:decline")
        assert "answered already: they were invited" in fran.sees
    await mo.presses("Join")
    assert "Welcome to Circle" in mo.sees


async def test_a_private_community_is_known_to_the_invited_only(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    await world.begins("Board", fran, visibility="private")
    await world.begins("Python", mo, ana)
    for person in (mo, ana):
        await person.says("list")
        assert "Board" not in person.sees
        await person.says("join board")
        assert "There is no community “board” that you can see" in person.sees

    await fran.says("invite @mo board")
    assert "Mo is invited to Board" in fran.sees
    assert "@Fran invites you to Board" in mo.inbox[-1]
    await mo.presses("Join")
    assert "Welcome to Board" in mo.sees
    async with world.unchanged():
        await ana.says("join board")
        assert "There is no community “board” that you can see" in ana.sees


async def test_leaving_is_silent_and_asks_for_one_reason(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    python = await world.begins("Python", fran, mo)
    await mo.says("leave python")
    assert "Nobody is told" in mo.sees
    assert python.messages == []
    assert fran.inbox == []

    await mo.presses("Say why")
    assert "Why did you leave?" in mo.sees
    await mo.fills(reason="Too many sessions on Fridays")
    assert "kept without your name" in mo.sees
    await fran.says("members python")
    assert "@Mo" not in fran.sees
    rows = await world.rows()
    assert "Too many sessions on Fridays" in rows["farewell"][0]

    await mo.presses("Say why")
    await mo.fills(reason="And another thing")
    assert "a reason was given already" in mo.sees
    assert (await world.rows())["farewell"] == rows["farewell"]


async def test_the_last_facilitator_stays_until_another_is_named(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    async with world.unchanged():
        await fran.says("leave python")
        assert "last facilitator of Python cannot leave" in fran.sees
        await fran.says("demote @fran python")
        assert "last facilitator of Python cannot be demoted" in fran.sees
        await mo.says("promote @mo python")
        assert "Only facilitators of Python" in mo.sees

    await fran.says("promote @mo python")
    assert "Mo is now a facilitator" in fran.sees
    assert "You are now a facilitator of Python" in mo.inbox[-1]
    await mo.says("demote @fran python")
    assert "Fran is a member of Python again" in mo.sees
    assert "You are no longer a facilitator" in fran.inbox[-1]
    await fran.says("leave python")
    assert "You have left Python" in fran.sees


async def test_a_channel_belongs_to_one_community_until_it_is_disconnected(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran)
    await world.begins("Rust", mo)
    async with world.unchanged():
        await mo.says("connect rust", in_="python")
        assert "belongs to Python" in mo.sees
        await mo.says("disconnect python", in_="python")
        assert "Only facilitators of Python" in mo.sees

    await fran.says("connect python", in_="snakes")
    assert "This channel is connected to Python" in fran.sees
    await fran.says("session schedule Together 'thu 15:00'", in_="snakes")
    assert "2 channels" in fran.sees
    assert len(world.channel("python").messages) == len(world.channel("snakes").messages) == 1

    await fran.says("disconnect", in_="python")
    assert "no longer connected to Python" in fran.sees
    await mo.says("connect rust", in_="python")
    assert "connected to Rust" in mo.sees


async def test_settings_open_filled_in_and_lose_nothing_over_a_wrong_value(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    async with world.unchanged():
        await mo.says("settings python")
        assert "Only facilitators of Python" in mo.sees

    await fran.says("settings python")
    await fran.fills(day="wednesday", time="half past never", quiet_hours="22:00-07:00")
    assert list(fran.problems) == ["time"]
    assert fran.known["timezone"] == "UTC"
    assert fran.known["day"] in ("wednesday", "tuesday")  # the console tells what was there before

    await fran.fills(time="9:30")
    assert "Settings of Python" in fran.sees
    for value in ("wednesday", "09:30", "22:00-07:00", "24h, 15m"):
        assert value in fran.sees
    await mo.says("about python")
    assert "digest every Wednesday at 09:30" in mo.sees


async def test_staff_archive_and_revive_and_an_archived_community_is_read_only(world: World) -> None:
    ada, fran, mo = world.people("Ada", "Fran", "Mo")
    await world.begins("Python", fran, mo)
    async with world.unchanged():
        await fran.says("archive python")
        assert "Only association staff" in fran.sees

    await ada.says("archive python")
    assert "Python is archived" in ada.sees
    await mo.says("list")
    assert "archived" in mo.sees
    async with world.unchanged():
        await fran.says("session schedule Together 'thu 15:00'", in_="python")
        assert "is archived: it can be read but not changed" in fran.sees
        await fran.says("revive python")
        assert "Only association staff" in fran.sees
    await mo.says("leave python")
    assert "You have left Python" in mo.sees

    await ada.says("revive python")
    assert "Python is alive again" in ada.sees
    await fran.says("session schedule Together 'thu 15:00'", in_="python")
    assert "is scheduled as S1" in fran.sees


@pytest.mark.parametrize("settings", [{"bot": {"create": "admins"}}], ids=["staff"])
async def test_staff_alone_make_communities_where_it_is_so_configured(world: World) -> None:
    ada, fran = world.people("Ada", "Fran")
    async with world.unchanged():
        await fran.says("create Python 'We learn from each other'", in_="python")
        assert "only association staff make communities" in fran.sees
    await ada.says("create Python 'We learn from each other'", in_="python")
    assert "Python is open" in ada.sees
