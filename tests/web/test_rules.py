"""The rules, and what other thresholds would have said."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser

from tercera.app import open_app
from tercera.model import Counting, Level, RuleId, SubjectId, Survey, Tally, WindowId
from tercera.orders import Reading, Scope, Source
from tercera.questions.backtest import backtest
from tercera.questions.whatif import what_if
from tercera.tally.columns import ColumnReading
from tests.servers.dashboard import NOW, RULE, Dashboard, Orders, dashboard, sweep
from tests.web.conftest import log_in

SEED = 20261122


def _shop() -> Orders:
    chance = random.Random(SEED)
    return {
        f"c{number}_1": [
            (
                f"2026-{chance.randint(1, 11):02}-{chance.randint(1, 28):02}",
                chance.choice(["returned", "fine"]),
            )
            for _ in range(chance.randint(1, 40))
        ]
        for number in range(40)
    }


class _OneByOne:
    """A source that gives no columns."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        reading = self._source.tally(counting, scope)
        assert isinstance(reading, ColumnReading)

        def told() -> Generator[Tally, None, Survey]:
            yield from reading
            return reading.survey

        return Reading(told())


def test_one_tally_answers_every_threshold(tmp_path: Path) -> None:
    """What a backtest of each threshold says, of every window and all customers; with columns or without."""
    with dashboard(tmp_path, _shop()) as site:
        (rule,) = site.app.settings.rules
        found = what_if(rule.counting, site.app.source, NOW)
        assert found.highest > 4
        for threshold in range(1, found.highest + 2):
            said = backtest(replace(rule, levels=(Level("x", threshold),)), site.app.source)
            told = {window: count for window, count in found.alerts(threshold).items() if count}
            assert (told, found.subjects(threshold)) == (said.by_window, said.customers)
        assert len(found.windows) == len({day[:7] for placed in _shop().values() for day, _ in placed})
        levels = (Level("low", 2), Level("high", 4))
        by_level = Counter[str]()
        for counts in found.by_level(levels).values():
            by_level.update(dict(zip(("low", "high"), counts, strict=True)))
        assert by_level == backtest(replace(rule, levels=levels), site.app.source).by_level
        alone = what_if(rule.counting, _OneByOne(site.app.source), NOW)  # type: ignore[arg-type]  # it gives the tallies alone
        assert (alone.windows, alone.customers) == (found.windows, found.customers)


def test_the_rule_in_words(standing: Dashboard) -> None:
    """What it counts, its levels, who is told, its runs; in both languages."""
    with standing.as_("vera") as browser:
        assert RULE["title"] in browser.get("/rules").text
        shown = browser.get(f"/rules/{RULE['id']}").text
        assert "Per customer and calendar month, it counts the orders whose status is “returned” or" in shown
        for told in ("from 3 orders · notice", "operations", "no alert was answered yet", "Everything up to"):
            assert told in shown, told
        spanish = browser.get(f"/rules/{RULE['id']}", headers={"accept-language": "es"}).text
        assert "Por cliente y mes natural" in spanish
        assert browser.get("/rules/none").status_code == 404


def test_what_an_edit_led_to(tmp_path: Path) -> None:
    """The rule's page says what was edited, and how many alerts changed by that alone; so does the alert."""
    with dashboard(tmp_path) as site, site.as_("vera") as browser:
        path = f"/rules/{RULE['id']}"
        assert "Edited (" not in browser.get(path).text
        written = tmp_path / "tercera.yaml"
        written.write_text(written.read_text().replace("notice: 3", "notice: 4"))
        with open_app(written, site.clock) as edited:
            sweep(edited, site.ledger)
        assert "Edited (levels), as the sweep of" in browser.get(path).text
        assert "1 alert changed by that alone" in browser.get(path).text
        assert "Modificada (levels)" in browser.get(path, headers={"accept-language": "es"}).text
        alert = site.ledger.find(RuleId(RULE["id"]), SubjectId("ana_1"), WindowId("2026-11"))
        assert alert is not None
        assert "by an edit" in browser.get(f"/alerts/{alert.id}").text


def test_without_javascript(standing: Dashboard) -> None:
    """The form asks for a threshold, and the page has its sums."""
    with standing.as_("vera") as browser:
        shown = browser.get(f"/rules/{RULE['id']}", params={"threshold": 6}).text
        assert '<b data-sum="alerts">2</b>' in shown
        assert browser.get(f"/rules/{RULE['id']}", params={"threshold": 0}).status_code == 422
        path = f"/rules/{RULE['id']}/tally"
        assert browser.post(path, data={"csrf": standing.csrf(browser)}).status_code == 303


def test_dragging_the_threshold(standing: Dashboard, browser: Browser) -> None:
    """By the keyboard alone: sums, bars, their numbers and the address follow, and the server agrees."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    log_in(page, standing)
    page.goto(f"{standing.url}/rules/{RULE['id']}")
    slider = page.get_by_label("Drag the threshold")
    slider.focus()
    for expected in ("2", "2", "2", "1"):  # from 4, 5, 6 and 7 orders on
        page.keyboard.press("ArrowRight")
        assert page.locator('[data-sum="alerts"]').text_content() == expected
    assert page.get_by_label("From how many orders on").input_value() == "7"
    dragged = page.locator("svg.whatif").inner_html()
    above = page.locator(".tops li").all_text_contents()
    page.reload()
    assert above == page.locator(".tops li").all_text_contents() == ["0", "1"]
    assert page.get_by_label("From how many orders on").input_value() == "7"
    assert page.locator('[data-sum="customers"]').text_content() == "1"
    heights = "[...document.querySelectorAll('rect.then')].map(each => Number(each.getAttribute('height')))"
    assert page.evaluate(heights) == [0, 50]
    assert dragged.count("<rect") == 4
    page.close()
    assert complaints == []
