"""Digests in chat: seen before, scheduled, sent by the clock or by hand, held for a look, and switched off."""

from tests.world import World


async def test_a_facilitator_sees_the_next_digest_and_why_and_changes_when_it_comes(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    channel = await world.begins("Python", fran, mo)
    await fran.says("digest preview", in_="python")
    assert "There is nothing to tell yet" in fran.sees
    await mo.says("resource save https://example.org/a 'A guide'", in_="python")
    await fran.says("digest preview", in_="python")
    assert "A guide from @Mo" in fran.sees.replace("from Mo", "from @Mo")
    assert "saved since the last digest" in fran.sees
    assert "It needs 3 items" in fran.sees
    async with world.unchanged():
        for words in ("digest preview", "digest send", "digest schedule day:monday", "digest off"):
            await mo.says(words, in_="python")
            assert "Only facilitators of Python may do that" in mo.sees

    for name in ("b", "c"):
        await mo.says(f"resource save https://example.org/{name} 'Guide {name}'", in_="python")
    await fran.says("digest schedule", in_="python")
    assert fran.known["day"] == "tuesday"
    await fran.says("digest schedule day:monday time:14:05 timezone:UTC", in_="python")
    assert "A digest every Monday at 14:05 (UTC)." in fran.sees
    await world.passes(hours=5)
    [digest] = channel.messages
    assert "Python: digest of 2 March" in digest
    await fran.says("digest schedule time:25:99", in_="python")
    assert fran.problems["time"]


async def test_a_digest_by_hand_goes_out_thin_and_the_regular_one_waits_a_week(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    channel = await world.begins("Python", fran, mo)
    await fran.says("digest send", in_="python")
    assert "nothing to tell" in fran.sees
    await mo.says("resource save https://example.org/a 'A guide'", in_="python")
    await world.passes(hours=20)
    await fran.says("digest send", in_="python")
    assert "On its way to 1 channel" in fran.sees
    assert len(channel.messages) == 1
    for name in ("b", "c", "d"):
        await mo.says(f"resource save https://example.org/{name} 'Guide {name}'", in_="python")
    await world.passes(days=1)
    assert len(channel.messages) == 1
    await fran.says("digest off", in_="python")
    assert "has no digest now" in fran.sees
    await world.passes(days=8)
    assert len(channel.messages) == 1
    await fran.says("digest on", in_="python")
    await world.passes(days=7)
    assert "Guide d" in channel.messages[-1]
    assert "A guide" not in channel.messages[-1]


async def test_a_held_digest_waits_for_a_facilitator(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    channel = await world.begins("Python", fran, mo)
    for name in ("a", "b", "c"):
        await mo.says(f"resource save https://example.org/{name} 'Guide {name}'", in_="python")
    await fran.says("digest schedule day:wednesday time:10:00 approval:hold", in_="python")
    assert "you get the draft a day before" in fran.sees
    await world.passes(days=1)
    assert "Draft. Python: digest of 3 March" in fran.inbox[-1]
    assert channel.messages == []
    await fran.says("digest preview", in_="python")
    assert "Draft. Python" in fran.sees
    await fran.presses("Add note")
    await fran.fills(note="Bring cake on Thursday")
    assert "Bring cake on Thursday" in fran.inbox[-1]
    async with world.unchanged():
        await mo.says("digest release edition:1", in_="python")
        assert "Only facilitators" in mo.sees
    await fran.presses("Send")
    [digest] = channel.messages
    assert "From the facilitators" in digest
    assert "Bring cake on Thursday" in digest
    assert "was sent by" in fran.inbox[-1]

    for name in ("d", "e", "f"):
        await mo.says(f"resource save https://example.org/{name} 'Guide {name}'", in_="python")
    await world.passes(days=7)
    await fran.presses("Drop")
    assert "was dropped by" in fran.sees
    await world.passes(days=3)
    assert len(channel.messages) == 1


async def test_a_digest_missed_by_more_than_twelve_hours_is_folded_into_the_next(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    channel = await world.begins("Python", fran, mo)
    for name in ("a", "b", "c"):
        await mo.says(f"resource save https://example.org/{name} 'Guide {name}'", in_="python")
    await world.sleeps(days=2)
    assert channel.messages == []
    await world.passes(days=6)
    [digest] = channel.messages
    assert "Guide a" in digest


async def test_too_little_to_tell_is_told_to_the_facilitators_once(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    channel = await world.begins("Python", fran, mo)
    await mo.says("resource save https://example.org/a 'Guide a'", in_="python")
    await world.passes(days=9)
    assert channel.messages == []
    [told] = fran.inbox
    assert "There was no digest for Python this time: fewer than 3 things to tell" in told
    assert mo.inbox == []
    for name in ("b", "c"):
        await mo.says(f"resource save https://example.org/{name} 'Guide {name}'", in_="python")
    await world.passes(days=7)
    [digest] = channel.messages
    for name in ("a", "b", "c"):
        assert f"Guide {name}" in digest
    assert len(fran.inbox) == 1


async def test_every_connected_channel_gets_a_digest_exactly_once(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    for place in ("snakes", "lounge"):
        await fran.says("connect python", in_=place)
    await fran.says("disconnect python", in_="lounge")
    for name in ("a", "b", "c"):
        await mo.says(f"resource save https://example.org/{name} 'Guide {name}'", in_="python")
    await world.passes(days=2)
    for place in ("python", "snakes"):
        [digest] = world.channel(place).messages
        assert "Guide a" in digest
    assert world.channel("lounge").messages == []
    await world.passes(days=7)
    assert len(world.channel("python").messages) == 1
