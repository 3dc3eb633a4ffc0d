"""Oneself in chat: what is mine, how I like it, my other account, what is stored, and being forgotten."""

import re

from tests.world import World


def code_in(text: str) -> str:
    found = re.search(r"/cop link ([A-Z0-9]{8})", text)
    assert found is not None, text
    return found[1]


async def test_my_page_has_what_is_mine(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    async with world.unchanged():
        await mo.says("me")
        assert "None yet" in mo.sees
    await world.begins("Python", fran, mo)
    await fran.says("session schedule 'Intro to RAG' 'thu 15:00'", in_="python")
    await fran.says('pulse poll "Cake?" "Yes, No" anonymous:no', in_="python")
    await mo.presses("Going")
    await mo.says("me")
    for words in ("Python (python)", "S1 Intro to RAG", "P1 Cake?", "Session reminders", "Erase"):
        assert words in mo.sees
    await mo.presses("Yes", in_="python")
    await mo.says("me")
    assert "P1 Cake?" not in mo.sees
    await fran.says("me")
    assert "Python (python), facilitator" in fran.sees


async def test_preferences_open_filled_in_and_are_kept(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    await mo.says("me")
    await mo.presses("Preferences")
    await mo.fills(zone="Atlantis/Capital", direct_messages="no")
    assert list(mo.problems) == ["zone"]
    await mo.fills(zone="Europe/Lisbon")
    assert "preferences are saved" in mo.sees
    await mo.says("me")
    assert "Time zone: Europe/Lisbon" in mo.sees
    assert "Direct messages: no" in mo.sees

    await fran.says("promote @mo python")
    assert mo.inbox == []
    await mo.says("preferences direct_messages:yes")
    await fran.says("demote @mo python")
    assert "no longer a facilitator" in mo.inbox[-1]


async def test_two_accounts_become_one_person_and_two_again(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    moira = world.other.person("Moira")
    await world.begins("Python", fran, mo)
    await world.begins("Rust", fran)
    await moira.says("join rust")

    await mo.says("link")
    code = code_in(mo.sees)
    async with world.unchanged():
        await mo.says(f"link {code}")
        assert "your own code" in mo.sees
        await moira.says("link WRONG234")
        assert "That code is not valid" in moira.sees
    await moira.says(f"link {code}")
    assert "becomes one person with Mo" in moira.sees
    await moira.says("me")
    assert "Python" not in moira.sees, "nothing is joined before the confirmation"
    await moira.says(f"link {code}")
    await moira.presses("Link them")
    assert "Your accounts are one person now: Mo" in moira.sees
    for account in (mo, moira):
        await account.says("me")
        assert "Python (python)" in account.sees
        assert "Rust (rust)" in account.sees
    await world.other.person("Eve").says(f"link {code}")
    assert "That code is not valid" in world.other.person("Eve").sees

    await moira.presses("Undo")
    assert "two people again" in moira.sees
    await moira.says("me")
    assert "Rust (rust)" in moira.sees
    assert "Python" not in moira.sees
    await mo.says("me")
    assert "Python (python)" in mo.sees
    assert "Rust" not in mo.sees


async def test_a_code_to_link_runs_out(world: World) -> None:
    [mo] = world.people("Mo")
    moira = world.other.person("Moira")
    await mo.says("link")
    code = code_in(mo.sees)
    await world.passes(minutes=11)
    async with world.unchanged():
        await moira.says(f"link {code}")
        assert "That code is not valid" in moira.sees


async def test_everything_about_me_is_exported_and_nobody_elses_things(world: World) -> None:
    fran, mo = world.people("Fran", "Mo")
    await world.begins("Python", fran, mo)
    await mo.says("resource save https://example.org/mine 'Mine' note:'my words'", in_="python")
    await fran.says("resource save https://example.org/hers 'Hers' note:'her words'", in_="python")
    await mo.says("me")
    await mo.presses("Export")
    assert "Everything stored about you" in mo.sees
    for words in ("hearth-export.json", "https://example.org/mine", "my words"):
        assert words in mo.sees
    assert "her words" not in mo.sees
    async with world.unchanged():
        await world.person("Eve").says("export")
        assert "Nothing is stored about you yet" in world.person("Eve").sees


async def test_being_erased_takes_my_name_from_everywhere_after_one_question(world: World) -> None:
    ada, fran, mo = world.people("Ada", "Fran", "Mo")
    await world.begins("Python", fran, mo)
    await ada.says("join python")
    await mo.says("resource save https://example.org/mine 'Useful' note:'my words'", in_="python")
    before = await world.rows()
    await fran.says("me")
    await fran.presses("Erase")
    assert "last facilitator of Python" in fran.sees
    assert (await world.rows())["person"] == before["person"]

    await mo.says("me")
    await mo.presses("Erase")
    await mo.presses("Erase everything")
    assert "Everything about you is erased" in mo.sees
    rows = await world.rows()
    assert [t for t, kept in rows.items() if "'Mo'" in str(kept) or "my words" in str(kept)] == []
    await ada.says("resource find useful")
    assert "Useful" in ada.sees
    assert "someone who left" in ada.sees

    await fran.presses("Erase everything")
    assert "Python has no facilitator any more" in ada.inbox[-1]
    await mo.says("me")
    assert "None yet" in mo.sees
