"""`hearth demo` as newcomers meet it: the whole main job by typing and clicking, in three windows side by side."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import browser, quiet_page

__all__ = ["browser"]  # a fixture

ROOT = Path(__file__).parents[2]
ZONE = "Asia/Tehran"  # the facilitator's: neither the machine's nor a whole number of hours from it
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
START = 60  # seconds the demo may take to say its address on a machine that does ten other things
MINUTE = 60_000  # milliseconds


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a demo that runs on its own; it must stop when told, without a word of complaint."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEARTH_")}
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(ROOT), "HEARTH_WEB__PORT": "0", "TMPDIR": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    try:
        async with asyncio.timeout(START):
            first = (await program.stdout.readline()).decode()
        address = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert address, first
        yield address.group()
    finally:
        program.terminate()
        _, complaints = await program.communicate()
    assert (program.returncode, complaints.decode()) == (0, "")
    assert not any(tmp_path.iterdir()), "nothing is kept"  # noqa: ASYNC240  # a local folder, after the program ended


@dataclass
class Window:
    """One person's window, and what they do in it with keyboard and mouse."""

    page: Page

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def private(self) -> Locator:
        """The newest answer that only this person sees."""
        return self.page.get_by_role("article", name="only visible to you").last

    def card(self, title: str) -> Locator:
        """The message of the bot, for everyone, with this heading."""
        heading = self.page.get_by_role("heading", name=title, level=3)
        return self.page.locator("article:not(.private)").filter(has=heading)

    async def types(self, text: str) -> None:
        await self.page.get_by_role("textbox", name=re.compile("^Message ")).click()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Escape")  # the completions
        await self.page.keyboard.press("Enter")

    async def presses(self, where: Locator, label: str) -> None:
        await where.get_by_role("button", name=label, exact=True).click()


async def come_in(page: Page, address: str, person: str) -> Window:
    await page.goto(f"{address}/?as={person}&channel=python")
    await expect(page.get_by_role("heading", level=1)).to_have_text("#python")
    await page.evaluate("window.sinceTheBeginning = true")
    return Window(page)


def minute_of_the_digest() -> datetime:
    """A whole minute of the facilitator's wall clock that is near, but not so near that typing may miss it."""
    now = datetime.now(ZoneInfo(ZONE))
    return (now + timedelta(seconds=68)).replace(second=0, microsecond=0)


@pytest.mark.timeout(300)  # a digest is due on a whole minute, and the test waits for it
async def test_the_main_job_of_the_demo(browser: Browser, demo: str) -> None:
    async with AsyncExitStack() as windows:
        pages = [
            await windows.enter_async_context(quiet_page(browser, **options))
            for options in ({"timezone_id": ZONE}, {}, PHONE)
        ]
        fran, mo = [await come_in(page, demo, who) for page, who in zip(pages, ("fran", "mo"), strict=False)]
        zoe = await newcomer(pages[2], demo)

        await a_community_is_there_to_read(fran, mo)
        await a_community_is_made_and_joined(fran, mo, zoe)
        await sessions_are_scheduled_and_answered(fran, mo, zoe)
        await a_resource_is_saved_and_found(fran, mo, zoe)
        await a_poll_is_run(fran, mo, zoe)
        await a_digest_posts_itself(fran, mo, zoe)

        for window in (fran, mo, zoe):
            assert await window.page.evaluate("window.sinceTheBeginning"), "nobody had to reload"


async def newcomer(page: Page, address: str) -> Window:
    """Someone nobody knows opens the bare address on a phone and says their name."""
    await page.goto(address)
    welcome = page.get_by_role("dialog", name="Welcome to Hearth")
    await welcome.get_by_label("Someone else").fill("Zoë Ng")
    await welcome.get_by_role("button", name="Come in").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("#general")
    await page.evaluate("window.sinceTheBeginning = true")
    return Window(page)


async def a_community_is_there_to_read(fran: Window, mo: Window) -> None:
    session = fran.card("Property-based testing, hands on")
    await expect(session).to_contain_text("3 of 6 seats taken, 1 maybe")
    await expect(fran.card("Which topic next?")).to_contain_text("Closed, with 7 answers")
    await expect(fran.log).to_contain_text("digest of")
    await fran.types("/cop list")
    for name in ("Python at work", "Data visualisation", "Facilitators' circle"):
        await expect(fran.private).to_contain_text(name)
    await expect(fran.private).to_contain_text("Only visible to you")
    await expect(mo.private).to_have_count(0)


async def a_community_is_made_and_joined(fran: Window, mo: Window, zoe: Window) -> None:
    await fran.page.get_by_role("button", name="Add a channel").click()
    await fran.page.get_by_label("Name").fill("Rust")
    await fran.page.keyboard.press("Enter")
    await expect(fran.page.get_by_role("heading", level=1)).to_have_text("#rust")

    # The completion finds the command, its form asks for what was not said.
    await fran.page.keyboard.press("/")
    await fran.page.keyboard.type("crea")
    await expect(fran.page.get_by_role("option").first).to_contain_text("Make a new community")
    await fran.page.keyboard.press("Tab")
    await fran.page.keyboard.press("Enter")
    form = fran.page.get_by_role("dialog")
    await form.get_by_label(re.compile("^Name")).fill("Rust at work")
    await form.get_by_label("Purpose").fill("We learn Rust by rewriting what hurts.")
    await form.get_by_label("Short name").fill("rust")
    await fran.presses(form, "Send")
    await expect(fran.private).to_contain_text("Rust at work is open")
    await expect(fran.private).to_contain_text("This channel is connected to it")

    await zoe.page.get_by_role("button", name="Channels and people").tap()
    await zoe.page.get_by_role("link", name="rust").tap()
    await expect(zoe.page.get_by_role("heading", level=1)).to_have_text("#rust")
    await zoe.types("/cop list")
    await zoe.presses(zoe.private, "Join rust")
    await expect(zoe.private).to_contain_text("Welcome to Rust at work!")

    await mo.page.get_by_role("link", name="rust").click()
    await mo.types("/cop join rust")
    await expect(mo.private).to_contain_text("Welcome to Rust at work!")
    await mo.types("/cop session schedule Sneaky tomorrow")
    await expect(mo.private).to_contain_text("Only facilitators")


async def sessions_are_scheduled_and_answered(fran: Window, mo: Window, zoe: Window) -> None:
    # Once typed whole …
    await fran.types('/cop session schedule "Borrow checker clinic" "tomorrow 15:00" duration:45m')
    await expect(fran.private).to_contain_text("is scheduled as S")
    await expect(fran.private).to_contain_text("15:00")
    shown = mo.card("Borrow checker clinic")
    await expect(shown).to_contain_text("0 going")
    await expect(shown).to_contain_text("45 min")
    await mo.presses(shown, "Going")
    await expect(mo.private).to_contain_text("You're going")
    await expect(fran.card("Borrow checker clinic")).to_contain_text("1 going")
    await zoe.presses(zoe.card("Borrow checker clinic"), "Maybe")
    for window in (fran, mo, zoe):
        await expect(window.card("Borrow checker clinic")).to_contain_text("1 going, 1 maybe")
    await expect(zoe.private).not_to_contain_text("You're going")

    # … and once in the form, where a mistake comes back beside its field.
    await fran.types('/cop session schedule title:"Traits from scratch"')
    form = fran.page.get_by_role("dialog")
    await expect(form.get_by_label("Title")).to_have_value("Traits from scratch")
    await form.get_by_label("When").fill("someday soonish")
    await form.get_by_label("Seats").fill("8")
    await fran.presses(form, "Send")
    await expect(form.get_by_label("When")).to_have_attribute("aria-invalid", "true")
    await expect(form.get_by_label("When")).to_be_focused()
    await expect(form.get_by_label("Seats")).to_have_value("8")
    await form.get_by_label("When").fill("in 3 days at 10:30")
    await fran.presses(form, "Send")
    await expect(form).to_be_hidden()
    await expect(zoe.card("Traits from scratch")).to_contain_text("0 of 8 seats taken")


async def a_resource_is_saved_and_found(fran: Window, mo: Window, zoe: Window) -> None:
    await mo.types(
        '/cop resource save https://doc.rust-lang.org/book/ "The Rust book" note:"Read chapter 4 twice."'
    )
    await expect(mo.private).to_contain_text("Saved as R")
    await zoe.types("/cop resource find chapter")
    await expect(zoe.private.get_by_role("link", name="The Rust book")).to_have_attribute(
        "href", "https://doc.rust-lang.org/book"
    )
    await expect(zoe.private).to_contain_text("Saved by @Mo")
    await expect(fran.log).not_to_contain_text("Saved as R")


async def a_poll_is_run(fran: Window, mo: Window, zoe: Window) -> None:
    await fran.types('/cop pulse poll "Which topic next?" "Traits, Async, Macros"')
    await expect(fran.private).to_contain_text("an anonymous poll would never show a result")
    await fran.presses(fran.private, "Start a named poll")
    for window, choice in ((mo, "Async"), (zoe, "Async"), (fran, "Macros")):
        await window.presses(window.card("Which topic next?"), choice)
        await expect(window.private).to_contain_text(f"Your answer: {choice}")
    await expect(mo.card("Which topic next?")).not_to_contain_text("2 of 3")
    await mo.types("/cop pulse list")
    await expect(mo.private).to_contain_text("Which topic next?")
    await fran.types("/cop pulse close P3")
    await expect(fran.private).to_contain_text("@Zoë Ng")
    for window in (mo, zoe):
        await expect(window.card("Which topic next?")).to_contain_text("Async: 2 of 3")


async def a_digest_posts_itself(fran: Window, mo: Window, zoe: Window) -> None:
    due = minute_of_the_digest()
    await fran.types("/cop digest preview")
    await expect(fran.private).to_contain_text("Preview. Rust at work: digest of")
    await fran.types(f"/cop digest schedule {due:%A} {due:%H:%M}")
    await expect(fran.private).to_contain_text(f"{due:%A} at {due:%H:%M} ({ZONE})")
    await expect(fran.private.locator("time.moment")).to_contain_text(f"{due:%H:%M}")
    digests = re.compile("^Rust at work: digest of")
    await expect(zoe.page.get_by_role("heading", name=digests)).to_have_count(0)
    for window in (zoe, mo, fran):
        posted = window.page.locator("article:not(.private)").filter(
            has=window.page.get_by_role("heading", name=digests)
        )
        await expect(posted).to_contain_text("Borrow checker clinic", timeout=2 * MINUTE)
        await expect(posted).to_contain_text("The Rust book")
        await expect(posted).to_have_count(1)
