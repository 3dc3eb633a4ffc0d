"""Resources in chat: links saved by command or by reaction, merged, found again, and endorsed."""

from tests.world import World

RAG = "https://example.org/rag"


async def test_a_link_saved_twice_is_one_resource_with_both_notes(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    await fran.says(f"resource save {RAG} 'RAG explained' tags:rag note:'Start here.'", in_="python")
    assert "Saved as R1" in fran.sees
    await mo.says(f"resource save {RAG}/?utm_source=chat#top note:'Good pictures.'", in_="python")
    assert "@Fran saved it in March; your note is added" in mo.sees
    await mo.presses("Details")
    for words in ("RAG explained", "@Fran: Start here.", "@Mo: Good pictures.", "rag"):
        assert words in mo.sees
    await mo.says(f"resource save {RAG}", in_="python")
    assert "saved it in March, so it stays one entry" in mo.sees
    assert len((await world.rows())["resource"]) == 1


async def test_a_link_that_is_none_comes_back_beside_its_field(world: World) -> None:
    fran, eve = world.people("Fran", "Eve")
    await world.begins("Python", fran)
    async with world.unchanged():
        await fran.says("resource save ftp://example.org/x title:X", in_="python")
        assert "begins with https:// or http://" in fran.problems["url"]
        await eve.says(f"resource save {RAG}", in_="python")
        assert "for members of Python" in eve.sees
    await fran.fills(url=RAG)
    assert "Saved as R1" in fran.sees


async def test_finding_is_ranked_paged_and_kind_when_there_is_nothing(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    for number in range(1, 7):
        await fran.says(f"resource save https://example.org/{number} 'Testing part {number}'", in_="python")
    await fran.says("resource save https://example.org/cake 'Baking cake' note:'No testing.'", in_="python")
    await mo.says("resource find testing")
    assert "7 resources for “testing”" in mo.sees
    assert "Baking cake" not in mo.sees, "a word in a note counts less than one in a title"
    await mo.presses("More")
    assert "Baking cake" in mo.sees
    await mo.says("resource find quantum")
    assert "Nothing here fits “quantum”" in mo.sees


async def test_what_is_private_is_found_by_members_only(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Board", fran, visibility="private")
    await world.begins("Python", mo)
    await fran.says("resource save https://example.org/plans 'Secret plans'", in_="board")
    async with world.unchanged():
        for words in ("resource find plans", "resource list", "resource show R1"):
            await mo.says(words)
            assert "Secret plans" not in mo.sees
    await fran.says("resource find plans")
    assert "Secret plans" in fran.sees


async def test_a_bookmark_saves_a_link_and_says_so_with_a_pin_alone(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    python = await world.begins("Python", fran, mo, ana)
    said = await mo.writes("Have you seen https://example.org/rag, anyone?", in_="python")
    async with world.unchanged():
        await world.person("Eve").reacts("🔖", said)
        assert world.person("Eve").mark == ""
    await ana.reacts("🔖", said)
    assert (ana.sees, ana.mark) == ("", "pushpin")
    assert len(python.messages) == 1
    assert ana.inbox == mo.inbox == []
    await fran.says("resource list")
    assert RAG in fran.sees
    assert "Saved by @Ana, posted by @Mo" in fran.sees

    await ana.unreacts("🔖", said)
    await fran.says("resource list")
    assert RAG in fran.sees


async def test_a_reaction_in_a_channel_without_community_does_nothing(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    said = await mo.writes("Have you seen https://example.org/rag, anyone?", in_="lobby")
    async with world.unchanged():
        await fran.reacts("🔖", said)
        assert (fran.sees, fran.mark) == ("", "")


async def test_endorsing_is_taken_back_by_the_same_button_and_by_the_star(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    said = await mo.writes("Have you seen https://example.org/rag, anyone?", in_="python")
    await fran.reacts("⭐", said)
    assert fran.mark == "", "there is no resource yet"
    assert (await world.rows())["endorsement"] == []
    await fran.unreacts("⭐", said)
    await mo.reacts("🔖", said)
    await fran.reacts("⭐", said)
    await mo.says("resource show R1")
    assert "1 person endorses it" in mo.sees
    await mo.presses("Endorse")
    assert "You endorse" in mo.sees
    await mo.says("resource endorse R1")
    assert "You no longer endorse" in mo.sees
    await fran.unreacts("⭐", said)
    await mo.says("resource show R1")
    assert "endorses it" not in mo.sees


async def test_a_resource_is_removed_by_its_saver_or_a_facilitator(world: World) -> None:
    fran, mo, ana = world.people("Fran", "Mo", "Ana")
    await world.begins("Python", fran, mo, ana)
    for name in ("one", "two"):
        await mo.says(f"resource save https://example.org/{name} 'Part {name}'", in_="python")
    async with world.unchanged():
        await ana.says("resource remove R1")
        assert "Only the person who saved it, or a facilitator, may remove it" in ana.sees
    await mo.says("resource remove R1")
    assert "“Part one” is removed" in mo.sees
    await fran.says("resource remove R2")
    assert "“Part two” is removed" in fran.sees
    await ana.says("resource find part")
    assert "Nothing here fits" in ana.sees
