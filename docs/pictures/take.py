"""Takes the pictures of the chat, while `ionwright chat` runs.

Usage: python docs/pictures/take.py ADDRESS
Needs the extra `browser` and Chromium.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

GOAL = "ten polymer electrolyte repeat units with ionic conductivity above 1e-4 S/cm, no fluorine"
PICTURES = {
    "chat": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "chat-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "chat-narrow": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


def take(browser: Browser, address: str, name: str) -> None:
    """One picture: the demo goal, its steps and the top of its ranked table."""
    page = browser.new_page(**PICTURES[name])
    page.goto(address)
    box = page.get_by_label("your goal")
    box.fill(GOAL)
    box.press("Enter")
    page.locator(".iw-table").first.wait_for(timeout=120_000)
    page.get_by_label("Send").wait_for()
    if name == "chat-narrow":
        page.locator("#iw-chat").hover()
        page.mouse.wheel(0, 560)
    page.wait_for_timeout(1000)
    page.screenshot(path=Path(__file__).with_name(f"{name}.png"))
    page.close()


if __name__ == "__main__":
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for each in PICTURES:
            take(chromium, sys.argv[1], each)
        chromium.close()
