"""A real browser for tests: headless Chromium, and pages that may not complain on their console."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Page, Playwright, async_playwright, expect

_ARGS = [
    "--no-sandbox",  # tests also run as root in containers, where Chromium has no sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=15_000)  # a busy machine is not a failure
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def _program(playwright: Playwright) -> str | None:
    """Return a Chromium of this machine's, or the one Playwright brought, if either is there."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None and Path(playwright.chromium.executable_path).exists():
        return playwright.chromium.executable_path
    return found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium; the test is skipped where none can be had or started."""
    async with async_playwright() as playwright:
        program = _program(playwright)
        if program is None:
            pytest.skip("no Chromium here: install chromium, or run `playwright install chromium`")
        try:
            browser = await playwright.chromium.launch(executable_path=program, args=_ARGS)
        except Error as refusal:
            pytest.skip(f"Chromium does not start here: {refusal.message.splitlines()[0]}")
        yield browser
        await browser.close()


@asynccontextmanager
async def quiet_page(
    browser: Browser, *, allowed: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[Page]:
    """A page in a profile of its own; at the end its console must hold no error or warning.

    Messages that contain one of `allowed` are let pass: the browser itself reports a server that is away.
    `options` are those of a Playwright browser context.
    """
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    context = await browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/Oslo", **options})
    context.set_default_timeout(10_000)
    page = await context.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert [words for words in complaints if not any(part in words for part in allowed)] == []
