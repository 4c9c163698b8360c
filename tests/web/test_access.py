"""Who is let in."""

from __future__ import annotations

from playwright.sync_api import Browser

from tercera.people import Permission
from tests.servers.dashboard import PASSWORD, Dashboard
from tests.web.conftest import log_in


def test_nothing_without_a_login(standing: Dashboard) -> None:
    """A browser is sent to the form, which leads back."""
    with standing.client() as nobody:
        answer = nobody.get("/?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F%3Fx%3D1")
        assert nobody.get("/healthz").json() == {"status": "ok"}
        assert nobody.get("/readyz").json() == {"status": "ready"}


def test_a_session_begins_anew_with_a_login(standing: Dashboard) -> None:
    """Whatever cookie somebody came with: it is not the one that they leave with, and ends."""
    with standing.as_("vera") as browser:
        before = browser.cookies["tercera"]
        browser.post("/login", data={"name": "omar", "password": PASSWORD})
        assert browser.cookies["tercera"] != before
        assert standing.ledger.people.user_of_session(before, standing.clock()) is None


def test_guessing_is_slowed_down(site: Dashboard) -> None:
    """After five wrong passwords even the right one has to wait, and the audit log has each."""
    with site.client() as nobody:
        answers = [
            nobody.post("/login", data={"name": "ada", "password": f"guess {number}"}).status_code
            for number in range(6)
        ]
        late = nobody.post("/login", data={"name": "ada", "password": PASSWORD})
    assert answers == [401] * 5 + [429]
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert [each.action for each in site.ledger.people.deeds()] == ["login failed"] * 5


def test_a_form_of_another_site(standing: Dashboard) -> None:
    """Without the token, or from elsewhere, nothing is done."""
    with standing.as_("vera") as browser:
        assert browser.post("/logout").status_code == 403
        token = {"csrf": standing.csrf(browser)}
        foreign = {"origin": "https://evil.example"}
        assert browser.post("/logout", data=token, headers=foreign).status_code == 403
        assert browser.get("/").status_code == 200
        assert browser.post("/logout", data=token).status_code == 303
        assert browser.get("/").status_code == 303


def test_the_way_back_leads_nowhere_else(standing: Dashboard) -> None:
    """`next` of a login is a path of ours."""
    for wish in ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        with standing.client() as nobody:
            answer = nobody.post("/login", data={"name": "ada", "password": PASSWORD, "next": wish})
            assert answer.headers["location"] == "/", wish


def test_a_link_logs_in_once(standing: Dashboard) -> None:
    """Looking at it does not use it up, its button does."""
    now = standing.clock()
    secret = standing.ledger.people.offer_login("ada", now, now.replace(hour=now.hour + 1))
    with standing.client() as first, standing.client() as second:
        assert first.get("/enter", params={"token": secret}).status_code == 200
        assert first.post("/enter", data={"token": secret}).status_code == 303
        assert first.get("/").status_code == 200
        assert second.post("/enter", data={"token": secret}).status_code == 401


def test_a_key_opens_what_its_scopes_say(standing: Dashboard) -> None:
    """And never more than its user may."""
    with standing.program(Permission.METRICS) as program:
        assert program.get("/").status_code == 403
    with standing.program(Permission.READ, user="vera") as program:
        assert program.get("/").status_code == 200


def test_in_a_browser(site: Dashboard, browser: Browser) -> None:
    """In and out, by the keyboard alone, with nothing on the console."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    log_in(page, site)
    page.get_by_role("button", name="Log out").press("Enter")
    page.wait_for_url(f"{site.url}/login")
    page.close()
    assert complaints == []
