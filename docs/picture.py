"""Takes the README's picture of the web chat: `.venv/bin/python docs/picture.py` writes docs/web-chat.png."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Start the demo on a free port, look at it as a member, and keep what is seen."""
    program = subprocess.Popen(
        [sys.executable, "-m", "bot", "demo"],
        env=os.environ | {"HEARTH_WEB__PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        found = re.search(r"http://\S+", program.stdout.readline())
        assert found, "the demo prints its address"
        executable = next(path for path in map(shutil.which, BROWSERS) if path)
        with sync_playwright() as tools:
            browser = tools.chromium.launch(executable_path=executable, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 800}, timezone_id="Europe/London")
            page.goto(f"{found.group()}/?as=mo&channel=python")
            page.get_by_role("log").get_by_text("Should sessions be recorded?").first.wait_for()
            page.wait_for_load_state("networkidle")
            page.screenshot(path=Path(__file__).with_name("web-chat.png"))
            browser.close()
    finally:
        program.terminate()
        program.wait(15)


if __name__ == "__main__":
    main()
