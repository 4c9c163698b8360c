"""Deliveries, silences, settings and the audit log."""

from __future__ import annotations

import base64
import csv
from pathlib import Path

from tercera.messages import NoticeState
from tests.servers.dashboard import RULE, Dashboard, dashboard
from tests.servers.free_port import free_port

HOSTILE = '"><script>alert(1)</script>'


def test_every_room_in_both_languages(standing: Dashboard) -> None:
    """Each page answers whoever may see it; the audit log is for admins."""
    for name, status in (("vera", 403), ("ada", 200)):
        with standing.as_(name) as browser:
            for path in ("/deliveries", "/silences", "/settings"):
                assert browser.get(path).status_code == 200, path
                assert browser.get(path, headers={"accept-language": "es"}).status_code == 200, path
            assert browser.get("/audit").status_code == status


def test_deliveries_a_page_at_a_time(standing: Dashboard) -> None:
    """Every notice once, whatever is filtered, in the order of the pages."""
    reports = standing.ledger.reports
    everything = standing.ledger.post.deliveries()
    for state in (None, NoticeState.SENT, NoticeState.DEAD):
        seen, place = [], None
        while True:
            page = reports.notices(state, None, place, 2)
            seen += [each.id for each in page.notices]
            if (place := page.after) is None:
                break
        assert sorted(seen) == sorted(each.id for each in everything if state in (None, each.state))
    assert {each.channel for each in reports.notices(None, "customer", None, 50).notices} == {"customer"}
    assert reports.notices(None, None, "no place", 1).notices[0].id == max(each.id for each in everything)


def test_another_try_for_what_reached_nobody(tmp_path: Path) -> None:
    """A customer without an address; when the directory has one, a press of the button is enough."""
    server = {"host": "127.0.0.1", "port": free_port(), "security": "none", "sender": "a@example.com"}
    mail = {"kind": "email", "to": "customer", "server": server}
    operations = {"kind": "log", "to": str(tmp_path / "operations.log")}
    orders = {HOSTILE: [(f"2026-11-0{day}", "returned") for day in (1, 2, 3)]}
    with dashboard(tmp_path, orders, channels={"customer": mail, "operations": operations}) as site:
        dead = [each for each in site.ledger.post.deliveries() if each.state is not NoticeState.SENT]
        assert [each.state for each in dead] == [NoticeState.UNDELIVERABLE]
        with site.as_("omar") as browser:
            shown = browser.get("/deliveries", params={"state": "undeliverable"}).text
            assert HOSTILE not in shown
            assert 'name="notice"' in shown
            with (site.folder / "customers.csv").open("w", newline="") as file:
                csv.writer(file).writerows([["id", "name", "email"], [HOSTILE, "", "mended@example.com"]])
            form = {"csrf": site.csrf(browser), "notice": str(dead[0].id), "state": "undeliverable"}
            answer = browser.post("/deliveries/retry", data=form)
            assert answer.headers["location"].startswith("/deliveries?done=retried&count=1")
            assert "1 notice is due again" in browser.get(answer.headers["location"]).text
        assert site.ledger.post.waiting() == 1
        assert site.ledger.people.deeds()[0].action == "retry"
        with site.as_("vera") as browser:
            assert browser.post("/deliveries/retry", data={"csrf": site.csrf(browser)}).status_code == 403


def test_a_silence_begins_and_ends(site: Dashboard) -> None:
    """With a reason and an end, written into the audit log; without them, the page says what is missing."""
    with site.as_("omar") as browser:
        form = {"csrf": site.csrf(browser), "customer": HOSTILE, "length": "7d"}
        assert browser.post("/silences", data=form).status_code == 422
        assert browser.post("/silences", data=form | {"reason": "x", "length": "long"}).status_code == 422
        assert browser.post("/silences", data=form | {"reason": "x", "rule": "none"}).status_code == 404
        assert browser.post("/silences", data=form | {"reason": HOSTILE}).status_code == 303
        day = form | {"rule": RULE["id"], "customer": "", "until": "2026-12-24", "reason": "holidays"}
        assert browser.post("/silences", data=day).status_code == 303
        shown = browser.get("/silences").text
        assert HOSTILE not in shown
        assert "Dec 24, 2026" in shown
        first = min(each.id for each in site.ledger.decisions(site.clock()))
        ended = browser.post(f"/silences/{first}/end", data={"csrf": site.csrf(browser)})
        assert ended.headers["location"] == "/silences?done=ended"
        assert browser.post(f"/silences/{first}/end", data={"csrf": site.csrf(browser)}).status_code == 404
        assert "holidays" not in browser.get("/silences?over=1").text
    assert [each.action for each in site.ledger.people.deeds()][:3] == ["end", "silence", "silence"]
    with site.as_("ada") as browser:
        assert HOSTILE not in browser.get("/audit").text
        assert browser.get("/audit", params={"actor": "nobody"}).text.count("<tr>") == 0


def test_settings_without_secrets(tmp_path: Path) -> None:
    """Nothing of a secret is shown, wherever it stands: in the file, in the environment, as a default."""
    key = base64.b64encode(b"signing" * 5).decode()
    secrets = ["hunter2-" + "x" * 40, key, "swordfish", "mailuser", "envhost.example"]
    (tmp_path / ".env").write_text(f"SMTP_HOST={secrets[4]}\n")
    channels = {
        "customer": {"kind": "email", "to": "customer"},
        "operations": {
            "kind": "webhook",
            "url": f"http://127.0.0.1:9/{secrets[2]}",
            "secret": f"whsec_{key}",
            "allow_private": True,
        },
    }
    email = {
        "host": "${SMTP_HOST}",
        "security": "tls",
        "username": secrets[3],
        "password": "${SMTP_PASSWORD:-swordfish}",
        "sender": "a@example.com",
    }
    orders = {"nobody_1": [("2026-11-01", "delivered")]}
    web = {"port": 0, "secret": secrets[0]}
    rules = [RULE | {"title": f"Returns {HOSTILE}"}]
    with (
        dashboard(tmp_path, orders, channels=channels, email=email, web=web, rules=rules) as site,
        site.as_("ada") as browser,
    ):
        shown = browser.get("/settings").text
        for path in (
            "/settings",
            "/rules",
            "/rules/repeat-returns",
            "/rules/repeat-returns/compare",
            "/silences",
        ):
            assert HOSTILE not in browser.get(path).text, path
    for secret in secrets:
        assert secret not in shown
    for told in (
        "SMTP_PASSWORD",
        "SMTP_HOST",
        "set, not shown",
        "America/Bogota",
        "repeat-returns.title",
        "30d",
    ):
        assert told in shown, told
