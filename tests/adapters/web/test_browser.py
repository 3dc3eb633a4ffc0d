"""The web chat in a real browser: two people, a form, buttons, reactions, a lost connection, a phone."""

import re
from datetime import timedelta

from playwright.async_api import Browser, Page, expect

from adapters.web import WebAdapter, WebServer
from bot.chat import Address, Called, MessageRef
from bot.ui.cards import note
from tests.adapters.web.conftest import Served
from tests.adapters.web.scripted import CATALOGUE, WHEN, parse, session
from tests.browser import browser, quiet_page

__all__ = ["browser"]  # a fixture

POLYGLOT = (
    """<img src=x onerror=alert(1)><script>alert(2)</script>javascript:alert(3)//'"><svg/onload=alert(4)>"""
)
AWAY = ("net::ERR_", "WebSocket connection to")


async def enter(page: Page, web: Served, person: str, channel: str = "general") -> None:
    await page.goto(f"{web.url}/?as={person}&channel={channel}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"#{channel}")


async def send(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")


async def test_two_people_talk_schedule_and_answer(browser: Browser, web: Served) -> None:
    async with quiet_page(browser) as fran, quiet_page(browser) as mo:
        await enter(fran, web, "fran", "python")
        await enter(mo, web, "mo")

        # A word in a channel that is not open marks it unread; opening it shows it.
        await send(fran, "Welcome everyone")
        row = mo.get_by_role("link", name="python")
        await expect(row).to_contain_text("unread")
        assert (await mo.title()).startswith("(1) ")
        await row.click()
        await expect(mo.get_by_role("log")).to_contain_text("Welcome everyone")
        await expect(row).not_to_contain_text("unread")

        # Slash, arrows and Tab find the command; Enter without a time opens its form.
        await fran.locator("#text").press("Control+a")
        await fran.keyboard.type("/sess")
        await expect(fran.get_by_role("option").first).to_contain_text("Schedule a session")
        await fran.keyboard.press("ArrowDown")
        await expect(fran.locator("[role=option][aria-selected=true]")).to_contain_text(
            "Answer an invitation"
        )
        await fran.keyboard.press("ArrowUp")
        await fran.keyboard.press("Tab")
        await expect(fran.locator("#text")).to_have_value("/cop session schedule ")
        await fran.keyboard.type('"Intro to RAG" ')
        await expect(fran.locator("#panel-hint strong.param")).to_have_text("when")
        await fran.keyboard.press("Enter")
        form = fran.get_by_role("dialog", name="Schedule a session")
        when = form.get_by_label("When")
        await expect(form.get_by_label("Title")).to_have_value("Intro to RAG")
        await expect(when).to_be_focused()
        await expect(form).to_contain_text("Say when it is.")

        # What is wrong comes back beside its field, and nothing typed is lost.
        await when.fill("nonsense")
        await form.get_by_label("Description").fill("Bring questions")
        await form.get_by_role("radio", name="In a room").check()
        await form.get_by_role("button", name="Send").click()
        await expect(form).to_contain_text("That is no time.")
        await expect(when).to_be_focused()
        await expect(when).to_have_attribute("aria-invalid", "true")
        await expect(form.get_by_label("Description")).to_have_value("Bring questions")
        await expect(form.get_by_role("radio", name="In a room")).to_be_checked()
        await when.fill("tue 15:00")
        await form.get_by_label("Community").press_sequentially("py")
        await expect(form.get_by_role("option")).to_contain_text("Python at work")
        await fran.keyboard.press("ArrowDown")
        await fran.keyboard.press("Enter")
        await expect(form.get_by_label("Community")).to_have_value("python")
        await fran.keyboard.press("Enter")
        await expect(form).to_be_hidden()
        await expect(fran.locator("#text")).to_be_focused()

        # The card is there for both, in the reader's own zone, and a button redraws it for both.
        card = mo.get_by_role("article").filter(has_text="Intro to RAG")
        moment = card.locator("time.moment")
        await expect(moment).to_contain_text("15:00")
        await expect(moment).to_have_attribute("datetime", WHEN.isoformat())
        assert "2030" in (await moment.get_attribute("title") or "")
        await card.get_by_role("button", name="Going").click()
        await expect(fran.get_by_role("article").filter(has_text="Intro to RAG")).to_contain_text("@Mo")
        await expect(card).to_contain_text("@Mo")
        await expect(card.get_by_role("button", name="Going")).to_be_focused()
    event = web.events[-1]
    assert isinstance(event, Called)
    assert event.by.zone == "Europe/Oslo"


async def test_private_replies_reactions_and_drafts(browser: Browser, web: Served) -> None:
    async with quiet_page(browser) as mo, quiet_page(browser) as fran:
        await enter(mo, web, "mo")
        await enter(fran, web, "fran")
        await send(mo, "/cop list")
        private = mo.get_by_role("article", name="only visible to you")
        await expect(private).to_contain_text("Only visible to you")
        await private.get_by_role("button", name="Join").first.click()
        await expect(private.get_by_role("button", name="Leave")).to_be_visible()
        await send(mo, "hello")
        await expect(fran.get_by_role("log")).to_contain_text("hello")
        await expect(fran.get_by_role("log")).not_to_contain_text("Communities")

        # It stays over a reload in this tab, with the draft, until it is dismissed.
        await mo.locator("#text").fill("half a thou")
        await mo.reload()
        await expect(mo.locator("#text")).to_have_value("half a thou")
        await private.get_by_role("button", name="Dismiss").click()
        await expect(private).to_have_count(0)

        # Reactions by keyboard; the bot's own mark appears beside it.
        said = fran.get_by_role("article").filter(has_text="hello")
        await said.get_by_role("button", name="React to the message of Mo").focus()
        await fran.keyboard.press("Enter")
        await expect(fran.get_by_role("dialog", name="Choose a reaction")).to_be_visible()
        await expect(fran.get_by_role("button", name="bookmark")).to_be_focused()
        await fran.keyboard.press("Enter")
        mine = said.get_by_role("button", name=re.compile("bookmark: you"))
        await expect(mine).to_have_attribute("aria-pressed", "true")
        await expect(said.get_by_role("button", name="pushpin: Hearth")).to_be_visible()
        await expect(mo.get_by_role("button", name="bookmark: Fran")).to_be_visible()
        await mine.click()
        await expect(mine).to_have_count(0)

        # A form of many fields goes in steps and keeps all of them.
        await send(mo, "/cop pulse start")
        form = mo.get_by_role("dialog", name="How is it going")
        await expect(form).to_contain_text("Step 1 of 2")
        await form.get_by_role("button", name="Next").click()
        await expect(form.get_by_label("Question 1", exact=True)).to_be_focused()
        await expect(form).to_contain_text("Please fill this in.")
        for number in range(1, 7):
            await form.get_by_label(f"Question {number}", exact=True).fill("fine")
        await form.get_by_role("button", name="Next").click()
        await expect(form).to_contain_text("Step 2 of 2")
        for number in range(7, 13):
            await form.get_by_label(f"Question {number}", exact=True).fill("fine")
        await form.get_by_role("button", name="Back").click()
        await expect(form.get_by_label("Question 3")).to_have_value("fine")
        await form.get_by_role("button", name="Next").click()
        await form.get_by_role("button", name="Send").click()
        await expect(mo.get_by_role("log")).to_contain_text("Thank you: 12 answers are in.")


async def test_what_people_write_stays_text(browser: Browser, web: Served) -> None:
    web.chat.add_person("Eve <b>x</b>")
    async with quiet_page(browser) as page:
        page.on("dialog", lambda dialog: dialog.dismiss())
        await enter(page, web, "eve-b-x-b")
        await send(page, f"{POLYGLOT} https://example.org/<b>")
        await web.adapter.post(Address("web", "general"), session(POLYGLOT[:140], [POLYGLOT]), key="k")
        await web.adapter.post(Address("web", "general"), note(POLYGLOT), key="n")
        await send(page, "/links")
        log = page.get_by_role("log")
        await expect(log).to_contain_text("Only visible to you")
        await expect(log.get_by_text(POLYGLOT)).to_have_count(4)
        await expect(log.get_by_text("Eve <b>x</b>").first).to_be_visible()
        assert (
            await page.evaluate("document.querySelectorAll('#log script, #log svg[onload], #log b').length")
            == 0
        )
        assert await page.evaluate("document.querySelectorAll('#log img:not(.disc)').length") == 0
        await expect(log.get_by_role("link", name="https://example.org/")).to_have_attribute(
            "rel", "noopener noreferrer"
        )
        # A text that names another site than it leads to says where it leads.
        await expect(log).to_contain_text("bank.example (evil.test)")


async def test_a_lost_connection_is_shown_and_what_was_done_meanwhile_arrives_once(
    browser: Browser, web: Served
) -> None:
    port = web.server.port
    async with quiet_page(browser, allowed=AWAY) as mo:
        await enter(mo, web, "mo")
        web.adapter._room.close()
        await web.server.stop()
        await expect(mo.get_by_role("status").first).to_contain_text("The connection is lost")
        await send(mo, "said while away")
        await send(mo, "/cop list")
        await expect(mo.get_by_role("status").first).to_contain_text("2 things you did are kept")
        await expect(mo.get_by_role("log")).to_contain_text("said while away")
        web.chat.say("general", "fran", "missed by Mo", key="m", now=WHEN)

        adapter = WebAdapter(web.chat, bot_name="Hearth", parse=parse, catalogue=lambda: CATALOGUE)
        adapter._desk.handle = web.bot.handle
        server = WebServer(port=port, routes=adapter.routes())
        await server.start()
        await expect(mo.get_by_role("status").first).to_be_hidden()
        log = mo.get_by_role("log")
        await expect(log).to_contain_text("missed by Mo")
        await expect(log).to_contain_text("Only visible to you")
        await expect(log.get_by_text("said while away")).to_have_count(1)
        adapter._room.close()
        await server.stop()
    assert [message.text for message in web.chat.page("general")].count("said while away") == 1
    assert len(web.events) == 1


async def test_a_permalink_opens_at_its_message_and_the_rest_is_above_and_below(
    browser: Browser, web: Served
) -> None:
    said = [
        web.chat.say("python", "fran", f"line {n}.", key=str(n), now=WHEN + timedelta(hours=n))
        for n in range(120)
    ]
    quote = await web.adapter.read(MessageRef(Address("web", "python"), str(said[40].id)))
    assert quote is not None
    async with quiet_page(browser) as page:
        await page.goto(quote.permalink)
        await page.get_by_role("dialog").get_by_role("link", name="Mo", exact=True).click()
        log = page.get_by_role("log")
        await expect(log.locator(".pointed")).to_contain_text("line 40.")
        await expect(log.locator(".pointed")).to_be_in_viewport()
        await expect(log).to_contain_text("line 119.")
        await expect(log).not_to_contain_text("line 3.")
        await page.get_by_role("button", name="Show earlier messages").click()
        await expect(log).to_contain_text("line 0.")
        await expect(page.get_by_role("button", name="Show earlier messages")).to_have_count(0)
        await expect(log.get_by_role("article")).to_have_count(120)


async def test_a_newcomer_on_a_phone_comes_in_by_name(browser: Browser, web: Served) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    async with quiet_page(browser, **phone) as page:
        await page.goto(web.url)
        welcome = page.get_by_role("dialog", name="Welcome to Hearth")
        await page.keyboard.press("Escape")
        await expect(welcome).to_be_visible()
        await welcome.get_by_label("Someone else").fill("!!")
        await welcome.get_by_role("button", name="Come in").tap()
        await expect(welcome).to_contain_text("A name needs at least one letter or digit.")
        await welcome.get_by_label("Someone else").fill("Zoë Ng")
        await welcome.get_by_role("button", name="Come in").tap()
        await expect(page.get_by_role("heading", level=1)).to_have_text("#general")
        await expect(page.get_by_role("log")).to_contain_text("Nothing has been said here yet")
        await expect(page.get_by_text("Try /cop list, or press /")).to_be_visible()
        await web.adapter.post(
            Address("web", "general"), session("A session with quite a long name"), key="k"
        )
        await expect(page.get_by_role("button", name="Going")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") == 360

        side = page.get_by_role("navigation")
        await expect(side).to_be_hidden()
        await page.get_by_role("button", name="Channels and people").tap()
        await expect(side).to_be_visible()
        await side.get_by_role("button", name="Add a channel").tap()
        await page.get_by_label("Name").fill("Reading group")
        await page.get_by_role("button", name="Add", exact=True).tap()
        await expect(page.get_by_role("heading", level=1)).to_have_text("#reading-group")
        await expect(side).to_be_hidden()
        nameless = await page.evaluate(
            """[...document.querySelectorAll('button, a[href], input, textarea, select')]
                 .filter((it) => it.checkVisibility())
                 .filter((it) => !(it.getAttribute('aria-label') || it.textContent.trim() || it.labels?.length))
                 .map((it) => it.outerHTML)"""
        )
        assert nameless == []
