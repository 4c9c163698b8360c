"""The overview, lists of alerts, one alert and one customer: what they show, and what their forms do."""

from __future__ import annotations

import pytest

from tests.servers.dashboard import Dashboard

PATHS = (
    "/",
    "/alerts",
    "/alerts?state=open&care=none",
    "/alerts/1",
    "/customers?id=ana_1&window=2026-10",
    "/customers?id=x",
)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_says_all_it_has_to_say(standing: Dashboard, language: str) -> None:
    """In both languages, for somebody who may only look, and light enough."""
    with standing.as_("vera") as browser:
        for path in PATHS:
            answer = browser.get(path, headers={"accept-language": language})
            assert answer.status_code == 200, path
            assert f'<html lang="{language}">' in answer.text
            assert len(answer.content) < 200_000
            assert "style=" not in answer.text
            assert 'method="post"' not in answer.text.replace('method="post" action="/logout"', "")
