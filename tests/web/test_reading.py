"""The pages of alerts and customers in a browser: for everybody, however they read and whatever they use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tercera.telling.silences import Decision, DecisionKind
from tests.servers.dashboard import PASSWORD, SHOP, Dashboard, dashboard
from tests.web.conftest import log_in

LONG = "z" * 300
PATHS = (
    "/",
    "/alerts",
    "/alerts?q=nothing",
    "/alerts/1",
    "/alerts/1/query",
    "/decide?level=notice&window=2026-11",
    f"/decide?customer={LONG}",
    "/customers",
    "/customers?id=ana_1&window=2026-10",
    f"/customers?id={LONG}",
    "/deliveries",
)
WAYS = {
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "dark phone": {
        "viewport": {"width": 390, "height": 800},
        "color_scheme": "dark",
        "locale": "es-CO",
        "has_touch": True,
    },
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One whose alerts are looked after by these tests; one of its customers has a very long id."""
    with dashboard(tmp_path_factory.mktemp("reading"), {**SHOP, LONG: SHOP["ana_1"]}) as made:
        yield made


@pytest.mark.parametrize("way", WAYS)
def test_whoever_reads_it(site: Dashboard, browser: Browser, way: str) -> None:
    """axe finds nothing, nothing is wider than the screen, nothing complains: in light and dark, on a wide
    screen and on a phone, in both languages."""
    with browser.new_context(**WAYS[way]) as context:  # type: ignore[arg-type]  # a table of several ways of looking
        page = _entered(context, site)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        for path in PATHS:
            page.goto(f"{site.url}{path}")
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{path} is {wide} pixels wider than the screen"
        assert complaints == []


def test_by_keyboard_alone(site: Dashboard, browser: Browser) -> None:
    """From the overview to an alert, and looked after."""
    page = browser.new_page()
    log_in(page, site)
    _tab_to(page, "Alerts")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts")
    _tab_to(page, "Open 1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/1")
    _tab_to(page, "Acknowledge")
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/1?done=*")
    assert page.get_by_role("status").inner_text() == "Acknowledged."
    page.close()


def test_without_a_script(site: Dashboard, browser: Browser) -> None:
    """Filtering, deciding about several and finding a customer are forms."""
    with browser.new_context(java_script_enabled=False) as context:
        page = _entered(context, site)
        page.goto(f"{site.url}/alerts")
        page.get_by_label("Level").select_option("critical")
        page.get_by_role("button", name="Show").click()
        assert page.locator("tbody tr").count() == 1
        page.locator("tbody input").check()
        page.get_by_label("Why (others read it)").fill("asked the warehouse")
        page.get_by_role("button", name="Snooze").click()
        assert "Snoozed" in page.get_by_role("status").inner_text()
        page.get_by_label("Customer id or name").first.fill("carla_3")
        page.keyboard.press("Enter")
        page.wait_for_url("**/customers?id=carla_3")
        assert page.get_by_role("heading", level=1).inner_text() == "Carla"


def test_with_a_script(site: Dashboard, browser: Browser) -> None:
    """One tick ticks all; and a list that somebody looks at shows what others do."""
    page = browser.new_page()
    log_in(page, site)
    page.goto(f"{site.url}/alerts?sort=customer")
    page.get_by_label("Choose all on this page").check()
    assert page.locator("tbody input:checked").count() == 4
    page.get_by_label("Choose all on this page").uncheck()
    page.get_by_label("Search", exact=True).focus()
    first = page.locator("tbody tr").first
    assert "no problem" not in first.inner_text()
    _dismiss(site, first)
    first.get_by_text("no problem").wait_for()
    page.close()


def test_what_happened_behind_another_tab(site: Dashboard, browser: Browser) -> None:
    """Is seen when the page is, though nothing happens any more."""
    page = browser.new_page()
    log_in(page, site)
    page.goto(f"{site.url}/alerts?sort=customer")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("own = new EventSource('/events'); void 0")
    rows = page.locator("tbody tr")
    page.evaluate("own.readyState || new Promise(done => own.onopen = () => done(null))")
    for place in (1, 2):  # a second apart: the page's own stream has told of the first by then
        page.evaluate("heard = new Promise(done => own.addEventListener('changed', done)); void 0")
        _dismiss(site, rows.nth(place))
        page.evaluate("heard.then(() => null)")
    assert rows.nth(1).get_by_text("no problem").count() == 0
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    rows.nth(1).get_by_text("no problem").wait_for()
    page.close()


def _dismiss(site: Dashboard, row: Locator) -> None:
    alert = int(str(row.locator("input").get_attribute("value")))
    site.ledger.decide(
        Decision(
            DecisionKind.DISMISS, None, None, None, None, "ada", "a test order", site.clock(), alert=alert
        )
    )


def _entered(context: BrowserContext, site: Dashboard) -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/login")
    page.locator("#name").fill("omar")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.wait_for_url(f"{site.url}/")
    return page


def _tab_to(page: Page, name: str) -> None:
    """Presses Tab until the focus is on what has this text."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"no way to {name!r} by the keyboard")
