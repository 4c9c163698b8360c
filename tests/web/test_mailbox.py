"""The demo's mailbox, and a mail in its frame."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.servers.dashboard import Dashboard, dashboard
from tests.web.conftest import log_in

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = f"""\
From: Shop <shop@example.com>
To: ana@example.com
Date: Sun, 22 Nov 2026 10:00:00 -0500
Subject: =?utf-8?q?Your_orders_=3Cscript=3Edocument=2Etitle=3D1=3C/script=3E?=
MIME-Version: 1.0
Content-Type: multipart/related; boundary=b

--b
Content-Type: text/html; charset=no-such-one

<html><head><title>x</title></head><body><h1>Hello Ana</h1><script>alert(1)</script>
<img src="cid:chart" alt="chart"><img src="https://elsewhere.example/pixel.png" onerror="alert(2)" alt="">
<meta http-equiv="refresh" content="0;url=https://elsewhere.example/"><a href="https://shop.example/">shop</a>
<form action="https://elsewhere.example/"><button>take</button></form></body></html>
--b
Content-Type: image/png
Content-ID: <chart>
Content-Transfer-Encoding: base64

{PIXEL}
--b--
"""
PLAIN = "From: a@example.com\nTo: b@example.com\nSubject: Second\n\n<b>not bold</b>\n"


def _mails(folder: Path) -> Path:
    folder.mkdir()
    (folder / "0001-ana-your-orders.eml").write_bytes(HOSTILE.encode())
    (folder / "0002-b-second.eml").write_bytes(PLAIN.encode())
    (folder / "0003-half.part").write_bytes(b"")
    return folder


def test_only_in_the_demo(standing: Dashboard) -> None:
    """Elsewhere there is no mail server of ours: nothing in the menu, no mail under any number."""
    with standing.as_("ada") as browser:
        assert "/mailbox" not in browser.get("/").text
        assert browser.get("/mailbox/1").status_code == 404


def test_a_mail_in_its_frame(tmp_path: Path, browser: Browser) -> None:
    """It is listed and shown with its own picture, and nothing in it runs, loads, moves or escapes."""
    with dashboard(tmp_path, mails=_mails(tmp_path / "mail")) as site:
        page = browser.new_page()
        asked: list[str] = []
        page.on("requestfinished", lambda request: asked.append(request.url))
        refused: list[str | None] = []
        page.on("requestfailed", lambda request: refused.append(request.failure))
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        log_in(page, site)
        page.goto(f"{site.url}/mailbox")
        assert page.locator("tbody tr").count() == 2
        page.get_by_role("link", name="Your orders").click()
        page.wait_for_load_state("networkidle")
        assert page.title().startswith("Your orders <script>")
        inner = page.frame_locator("iframe.mail")
        assert inner.get_by_role("heading").text_content() == "Hello Ana"
        assert inner.get_by_alt_text("chart").evaluate("each => each.naturalWidth") == 1
        assert [url for url in asked if not url.startswith((site.url, "data:"))] == []
        assert "csp" in refused
        answer = page.request.get(f"{site.url}/mailbox/2/frame")
        assert "&lt;b&gt;not bold" in answer.text()
        assert "sandbox" in answer.headers["content-security-policy"]
        page.close()
