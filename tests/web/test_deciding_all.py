"""One decision about everything that a filter finds: said first how many, done in bounded parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tercera.ledger import Ledger
from tercera.telling.silences import Decision, DecisionKind
from tercera.web.pages import decide
from tests.servers.dashboard import Dashboard, dashboard

MANY = 260
"""Customers with an alert: six pages, and two transactions."""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A shop with very many alerts, most of them at the lowest level."""
    orders = {
        f"customer_{number:03}": [
            (f"2026-11-{day:02}", "returned") for day in range(1, 9 if number < 3 else 4)
        ]
        for number in range(MANY)
    }
    with dashboard(tmp_path_factory.mktemp("crowd"), orders) as made:
        yield made


@pytest.fixture(autouse=True)
def undecided(crowd: Dashboard) -> Iterator[None]:
    """Ends what a test decided."""
    yield
    for each in crowd.ledger.decisions(crowd.clock()):
        crowd.ledger.end_decision(each.id, crowd.clock())


def hidden(page: str) -> dict[str, str]:
    """What the form carries."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.replace("&amp;", "&")))


def asked(browser: httpx.Client, filters: str) -> dict[str, str]:
    """The form of the page that asks."""
    answer = browser.get(f"/decide?{filters}")
    assert answer.status_code == 200
    return hidden(answer.text)


def decisions(ledger: Ledger, site: Dashboard, kind: DecisionKind) -> list[Decision]:
    """Of this kind, in force."""
    return [each for each in ledger.decisions(site.clock()) if each.kind is kind]


def test_without_javascript_in_spanish_on_a_phone(crowd: Dashboard, browser: Browser) -> None:
    """From the list, by a page that names number, filter and effect, to the list again, which says it."""
    context = browser.new_context(
        locale="es-CO", java_script_enabled=False, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{crowd.url}/login")
    page.get_by_label("Nombre").fill("omar")
    page.get_by_label("Contraseña").fill("correct horse battery staple")
    page.get_by_role("button", name="Entrar").click()
    page.goto(f"{crowd.url}/alerts?state=open&level=notice")
    page.get_by_role("link", name="Decidir sobre las 257").click()
    assert page.get_by_role("heading", name="257 alertas").is_visible()
    assert "notice" in page.locator("dl.pairs").inner_text()
    page.get_by_label("No es un problema").check()
    page.get_by_label("Por qué").fill("<b>huelga</b>")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Decidir sobre 257 alertas").click()
    assert "257 alertas descartadas" in page.get_by_role("status").inner_text()
    assert page.url.endswith("level=notice&state=open")
    context.close()
    made = decisions(crowd.ledger, crowd, DecisionKind.DISMISS)
    assert len({each.alert for each in made}) == len(made) == 257
    assert {(each.author, each.reason) for each in made} == {("omar", "<b>huelga</b>")}
    deeds = crowd.ledger.people.deeds(actor="omar", limit=257)
    assert {(each.action, each.detail) for each in deeds} == {("dismiss", "<b>huelga</b>")}
    assert len({each.object for each in deeds}) == 257


def test_what_was_so_already_is_told(crowd: Dashboard) -> None:
    """It stays as it was, by whom it was."""
    with crowd.as_("ada") as browser:
        form = {"csrf": crowd.csrf(browser), "alert": ["1", "2"], "do": "acknowledge"}
        browser.post("/alerts", data=form)
        again = browser.post("/alerts", data=form | {"alert": ["2", "3", "99999"]})
        said = browser.get(again.headers["location"]).text
        assert "Acknowledged. 1 was decided so before, and stays as it is. 1 is not there any more." in said
    with crowd.as_("omar") as browser:
        answer = browser.post("/decide", data=asked(browser, "") | {"do": "acknowledge"})
        assert f"{MANY - 3} alerts acknowledged. 3 were" in browser.get(answer.headers["location"]).text
    by = {each.alert: each.author for each in decisions(crowd.ledger, crowd, DecisionKind.ACKNOWLEDGE)}
    assert (len(by), by[1], by[3], by[4]) == (MANY, "ada", "ada", "omar")


def test_only_what_the_page_named(crowd: Dashboard) -> None:
    """What opened later is left out; when more fits the filter than was said, nothing is done; nobody decides
    without saying why where that is needed."""
    with crowd.as_("omar") as browser:
        form = asked(browser, "state=open") | {"do": "acknowledge"}
        assert (form["shown"], form["newest"]) == (str(MANY), str(MANY))
        refused = browser.post("/decide", data=form | {"view": "", "shown": "12"})
        assert refused.status_code == 422
        assert "named 12 alerts, and now there are more" in refused.text
        assert browser.post("/decide", data=form | {"view": "window=2001-01"}).status_code == 422
        assert browser.post("/decide", data=form | {"do": "dismiss"}).status_code == 422
        assert (
            browser.post("/decide", data=form | {"do": "snooze", "reason": "x", "pause": "9"}).status_code
            == 422
        )
        assert crowd.ledger.decisions(crowd.clock()) == []
        browser.post("/decide", data=form | {"newest": "10"})
    assert {each.alert for each in crowd.ledger.decisions(crowd.clock())} == set(range(1, 11))


def test_a_bound_that_is_said(crowd: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than so many are too many at once: the page says how many may be, and has no form."""
    monkeypatch.setattr(decide, "MOST", 200)
    with crowd.as_("omar") as browser:
        shown = browser.get("/decide?state=open").text
        assert "More than 200 alerts" in shown
        assert "about 200 alerts at most" in shown
        assert 'action="/decide"' not in shown
        assert "No filter" in browser.get("/decide").text
        assert "No alert is like this" in browser.get("/decide?window=2001-01").text


def test_who_may(crowd: Dashboard) -> None:
    """Operators, by a form of ours."""
    with crowd.as_("vera") as browser:
        assert browser.get("/decide").status_code == 403
        assert "/decide" not in browser.get("/alerts").text
    with crowd.as_("omar") as browser:
        assert "Decide about all 260 that are like this" in browser.get("/alerts").text
        assert "/decide" not in browser.get("/alerts?level=critical").text, "one page has them all"
        form = asked(browser, "") | {"do": "acknowledge"}
        assert browser.post("/decide", data=form | {"csrf": "x"}).status_code == 403
    assert crowd.ledger.decisions(crowd.clock()) == []
