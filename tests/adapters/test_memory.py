"""The platform in memory keeps an honest ledger, fails on demand, and lets people speak."""

import asyncio
from datetime import UTC, datetime

import pytest

from adapters.ledger import Asked, Edited, Held, Late, Lost, Marked, Posted, Refused, Replied
from adapters.memory import Memory
from bot.chat import (
    Address,
    Answer,
    Ask,
    Called,
    Completing,
    Event,
    Mark,
    MessageRef,
    Reacted,
    Reply,
    RetryLater,
    Suggest,
    Undeliverable,
    Update,
)
from bot.ui.calls import Call
from bot.ui.cards import Button, Buttons, Card, Text, note
from bot.ui.forms import Field, Form, Option
from bot.ui.spans import Moment
from tests.world import Platform, Speaker

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
FORM = Form("Schedule a session", Call("schedule"), (Field("title", "Title"), Field("when", "When")))


def going(count: int) -> Card:
    return Card(blocks=(Text((f"Going: {count}",)), Buttons((Button("Going", Call("rsvp")),))))


class Bot:
    """Answers by rote: by path for calls, by name for reactions and parameters."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self.heard: list[Event] = []
        self.platform = Memory(Call, clock=lambda: NOW)
        self.platform.listen(self.handle)
        self.general = self.platform.address("#general")

    async def handle(self, event: Event) -> Answer:
        self.heard.append(event)
        match event:
            case Called(call=call):
                return self.answers.get(call.path)
            case Reacted(emoji=name):
                return self.answers.get(name)
            case Completing(param=param):
                return self.answers.get(param)


async def test_a_letter_is_in_the_ledger_the_channel_and_the_inbox() -> None:
    bot = Bot()
    ref = await bot.platform.post(bot.general, note("To all."), key="a")
    direct = Address("memory", person="fran")
    told = await bot.platform.post(direct, note("To you."), key="b")
    assert bot.platform.ledger == [
        Posted(bot.general, note("To all."), "a", ref),
        Posted(direct, note("To you."), "b", told),
    ]
    assert bot.platform.channel("general").messages == ["To all."]
    assert bot.platform.person("Fran").inbox == ["To you."]
    assert bot.platform.person("Ben").inbox == []
    assert [p.key for p in bot.platform.posted("#general")] == ["a"]


async def test_a_double_shows() -> None:
    bot = Bot()
    first = await bot.platform.post(bot.general, note("Once."), key="a")
    second = await bot.platform.post(bot.general, note("Once."), key="a")
    assert first != second
    assert len(bot.platform.posted("general")) == 2
    assert await bot.platform.find(bot.general, key="a") == first


async def test_an_edit_redraws_in_place() -> None:
    bot = Bot()
    ref = await bot.platform.post(bot.general, going(0), key="a")
    await bot.platform.post(bot.general, note("Later."), key="b")
    await bot.platform.edit(ref, going(2))
    assert bot.platform.channel("general").messages == ["Going: 2\n[1] Going", "Later."]
    assert bot.platform.ledger[-1] == Edited(ref, going(2))


@pytest.mark.parametrize("error", [RetryLater(3), Undeliverable("the channel is archived")])
async def test_a_refused_call_has_no_effect_and_the_next_one_has(error: Exception) -> None:
    bot = Bot()
    bot.platform.fail("post", Refused(error))
    with pytest.raises(type(error)):
        await bot.platform.post(bot.general, note("Hello."), key="a")
    assert bot.platform.ledger == []
    assert await bot.platform.find(bot.general, key="a") is None
    await bot.platform.post(bot.general, note("Hello."), key="a")
    assert len(bot.platform.ledger) == 1


async def test_a_lost_reply_leaves_the_message_to_be_found() -> None:
    bot = Bot()
    bot.platform.fail("post", None, Lost(ConnectionResetError()))
    await bot.platform.post(bot.general, note("One."), key="a")
    with pytest.raises(ConnectionResetError):
        await bot.platform.post(bot.general, note("Two."), key="b")
    found = await bot.platform.find(bot.general, key="b")
    assert found is not None
    assert bot.platform.channel("general").messages == ["One.", "Two."]


async def test_a_late_message_arrives_when_it_is_let() -> None:
    bot = Bot()
    bot.platform.fail("post", Late(TimeoutError()))
    with pytest.raises(TimeoutError):
        await bot.platform.post(bot.general, note("Late."), key="a")
    assert await bot.platform.find(bot.general, key="a") is None
    bot.platform.arrive()
    bot.platform.arrive()
    assert bot.platform.channel("general").messages == ["Late."]
    assert await bot.platform.find(bot.general, key="a") is not None


async def test_a_held_call_waits_for_its_gate() -> None:
    bot, gate = Bot(), asyncio.Event()
    bot.platform.fail("post", Held(gate))
    posting = asyncio.create_task(bot.platform.post(bot.general, note("Held."), key="a"))
    await asyncio.sleep(0)
    assert bot.platform.ledger == []
    gate.set()
    await posting
    assert len(bot.platform.ledger) == 1


async def test_faults_are_of_one_method() -> None:
    bot = Bot()
    bot.platform.fail("edit", Refused(Undeliverable("it is gone")))
    ref = await bot.platform.post(bot.general, going(0), key="a")
    with pytest.raises(Undeliverable):
        await bot.platform.edit(ref, going(1))
    assert bot.platform.channel("general").messages == ["Going: 0\n[1] Going"]


async def test_run_listens_until_cancelled() -> None:
    bot = Bot()
    platform = Memory(Call, clock=lambda: NOW, name="other", quarantine=5)
    with pytest.raises(RuntimeError):
        await platform.person("Fran").says("list")
    running = asyncio.create_task(platform.run(bot.handle))
    await asyncio.sleep(0)
    await platform.person("Fran").says("list")
    running.cancel()
    (heard,) = bot.heard
    assert isinstance(heard, Called)
    assert (heard.by.platform, heard.at.platform, platform.quarantine) == ("other", "other", 5)


async def test_a_dialogue() -> None:
    rsvp = Update(going(1))
    bot = Bot(schedule=Ask(FORM, {"title": "RAG"}, {"when": "When is missing."}), rsvp=rsvp)
    platform: Platform = bot.platform
    fran, mo = platform.person("Fran", zone="Europe/London"), platform.person("Mo")
    await fran.says("schedule", in_="#data")
    assert fran.problems == {"when": "When is missing."}
    assert "Schedule a session" in fran.sees

    bot.answers["schedule"] = Reply(note("Scheduled."))
    await fran.fills(when="tue 15:00")
    assert fran.sees == "Scheduled."
    assert fran.problems == {}
    filled = bot.heard[-1]
    assert isinstance(filled, Called)
    assert filled.call == Call("schedule", {"title": "RAG", "when": "tue 15:00"})
    assert filled.at.channel == "data"

    ref = await bot.platform.post(bot.general, going(0), key="a")
    await mo.presses("going")
    assert mo.sees == "Going: 1\n[1] Going"
    assert platform.channel("#general").messages == ["Going: 1\n[1] Going"]
    assert [type(e) for e in bot.platform.ledger] == [Asked, Replied, Posted, Edited]
    assert platform.channel("general").newest == ref


async def test_the_same_name_is_the_same_person() -> None:
    bot = Bot(me=Reply(note("You.")))
    await bot.platform.person("Fran").says("me")
    assert bot.platform.person("fran").sees == "You."


async def test_private_answers_are_seen_by_one_and_public_ones_by_all() -> None:
    card = going(0)
    bot = Bot(me=Reply(card), tell=Reply(note("To all."), private=False))
    fran, mo = bot.platform.person("Fran"), bot.platform.person("Mo")
    await fran.says("me")
    await fran.says("tell")
    assert bot.platform.channel("general").messages == ["To all."]
    with pytest.raises(LookupError, match="Mo sees no button"):
        await mo.presses("Going")
    await fran.presses("Going")
    assert [(e.person, e.private) for e in bot.platform.ledger if isinstance(e, Replied)] == [
        ("fran", True),
        ("fran", False),
    ]


async def test_reactions_go_to_the_message_named_or_the_newest() -> None:
    bot = Bot(bookmark=Mark("pushpin"))
    fran, mo = bot.platform.person("Fran"), bot.platform.person("Mo")
    link = await fran.writes("See https://example.org/a.")
    posted = await bot.platform.post(bot.general, going(0), key="a")
    await mo.reacts("🔖", to=link)
    assert mo.mark == "pushpin"
    assert bot.platform.ledger[-1] == Marked(link, "pushpin")
    await mo.reacts("✅")
    await mo.unreacts("✅")
    reactions = [(e.emoji, e.added, e.on) for e in bot.heard if isinstance(e, Reacted)]
    assert reactions == [
        ("bookmark", True, link),
        ("white_check_mark", True, posted),
        ("white_check_mark", False, posted),
    ]
    quote = await bot.platform.read(link)
    assert quote is not None
    assert (quote.author.name, quote.links) == ("Fran", ("https://example.org/a",))
    assert await bot.platform.read(MessageRef(bot.general, "nothing")) is None


async def test_what_is_delivered_again_is_the_same_delivery() -> None:
    bot = Bot(join=Reply(note("Welcome.")))
    fran: Speaker = bot.platform.person("Fran")
    await fran.says("join")
    bot.answers["join"] = None
    await fran.again()
    assert bot.heard[0] == bot.heard[1]
    assert fran.sees == ""
    await fran.says("join")
    assert bot.heard[2] != bot.heard[0]


async def test_completion() -> None:
    bot = Bot(community=Suggest([Option("python", "Python"), Option("data", "Data")]))
    assert await bot.platform.person("Fran").completes("join", "community", "p") == ["python", "data"]


async def test_a_reader_sees_their_own_zone() -> None:
    bot = Bot(show=Reply(note(Moment(NOW, "Europe/Berlin"))))
    fran, mo = bot.platform.person("Fran", zone="Asia/Tokyo"), bot.platform.person("Mo")
    await fran.says("show")
    await mo.says("show")
    assert "Asia/Tokyo" in fran.sees
    assert "Europe/Berlin" in mo.sees


async def test_what_cannot_be_done_says_why() -> None:
    bot = Bot(schedule=Ask(FORM))
    fran = bot.platform.person("Fran")
    with pytest.raises(LookupError, match="no form open"):
        await fran.fills(title="RAG")
    with pytest.raises(LookupError, match="nothing was said"):
        await fran.reacts("🔖")
    with pytest.raises(LookupError, match="nothing yet"):
        await fran.again()
    await fran.says("schedule")
    with pytest.raises(LookupError, match="no field where"):
        await fran.fills(where="here")
