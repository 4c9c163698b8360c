"""A dashboard for each test, and one browser for all of a worker's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers.dashboard import PASSWORD, Dashboard, dashboard


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard of the test's own."""
    with dashboard(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One for all tests that only look: it takes seconds to start."""
    with dashboard(tmp_path_factory.mktemp("standing")) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "there is no Chromium; on Debian and Ubuntu `apt-get install chromium`"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


def log_in(page: Page, site: Dashboard, name: str = "omar") -> None:
    """Through the form."""
    page.goto(f"{site.url}/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site.url}/")
