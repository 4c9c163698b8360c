"""The rest of the dashboard in a browser: for everybody, however they read and whatever they use."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.servers.dashboard import PASSWORD, RULE, Dashboard

RULE_PATH = f"/rules/{RULE['id']}"
PATHS = (
    "/rules",
    RULE_PATH,
    f"{RULE_PATH}/compare?level.notice=2",
    "/data",
    "/deliveries",
    "/silences",
    "/silences?customer=x",
    "/settings",
    "/audit",
)
WAYS = {
    "wide, dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone, Spanish": {"viewport": {"width": 390, "height": 800}, "locale": "es-CO", "has_touch": True},
}


@pytest.mark.parametrize("way", WAYS)
def test_whoever_reads_it(standing: Dashboard, browser: Browser, way: str) -> None:
    """axe finds nothing, nothing is wider than the screen, nothing complains, no page is heavy."""
    with browser.new_context(**WAYS[way]) as context:  # type: ignore[arg-type]  # a table of several ways of looking
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{standing.url}/login")
        page.locator("#name").fill("ada")
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{standing.url}/")
        for path in PATHS:
            answer = page.goto(f"{standing.url}{path}")
            assert answer is not None
            assert answer.status == 200
            assert len(answer.body()) < 200_000
            page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= WAYS[way]["viewport"]["width"], path  # type: ignore[index]  # a table of several ways of looking
        assert complaints == []


def test_without_javascript(standing: Dashboard, browser: Browser) -> None:
    """A silence is made and ended by the keyboard alone, and the threshold is asked of the server."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{standing.url}/login")
        page.locator("#name").fill("omar")
        page.locator("#password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{standing.url}/")
        page.goto(f"{standing.url}/silences")
        page.locator("main details summary").press("Enter")
        page.get_by_label("Customer", exact=True).fill("dora_4")
        page.get_by_label("Reason").fill("on holiday")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Silenced")
        page.get_by_role("row").filter(has_text="dora_4").get_by_role("button").press("Enter")
        expect(page.get_by_role("status")).to_contain_text("Ended")
        page.goto(f"{standing.url}{RULE_PATH}")
        page.get_by_label("From how many orders on").fill("6")
        page.keyboard.press("Enter")
        expect(page.locator('[data-sum="alerts"]')).to_have_text("2")
