"""The overview, lists of alerts, one alert and one customer: what they show, and what their forms do."""

from __future__ import annotations

import csv
import re
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tercera.ledger import Care, Wanted
from tercera.messages import NoticeState
from tercera.model import SubjectId
from tests.servers.dashboard import RULE, Dashboard, dashboard

PATHS = (
    "/",
    "/?per=year",
    "/alerts",
    "/alerts?state=open&care=none",
    "/alerts?q=nothing",
    "/alerts/1",
    "/alerts/1/query",
    "/customers",
    "/customers?id=ana_1&window=2026-10",
    "/customers?id=x",
)

MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
CELL = '=HYPERLINK("https://evil.example")'


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_says_all_it_has_to_say(standing: Dashboard, language: str) -> None:
    """In both languages, light enough, and without a form for somebody who may only look."""
    with standing.as_("vera") as browser:
        for path in PATHS:
            answer = browser.get(path, headers={"accept-language": language})
            assert answer.status_code == 200, path
            assert f'<html lang="{language}">' in answer.text
            assert len(answer.content) < 200_000
            assert "style=" not in answer.text
            assert 'method="post"' not in answer.text.replace('method="post" action="/logout"', "")


def test_the_overview_counts(standing: Dashboard) -> None:
    """Open alerts by level, each leading to its list, what there is of each month in words, and who moved."""
    with standing.as_("vera") as browser:
        page = browser.get("/").text
    assert _numbers(page) == ["3", "1", "1", "1"]  # open; critical, warning, notice
    assert "<title>November 2026: critical 1, notice 1</title>" in page
    assert "<title>November 2026: 15 orders</title>" in page
    assert '<bdi>Carla</bdi></a> <span class="soft small">2026-10</span> opened' in page


def test_a_list_is_what_its_address_says(standing: Dashboard) -> None:
    """Filters, order and what is looked for; what makes no sense is as if it were not there."""
    with standing.as_("vera") as browser:
        assert _listed(browser, "/alerts?sort=-count") == ["bruno_2", "carla_3", "ana_1"]
        assert _listed(browser, "/alerts?sort=customer&state=open") == ["ana_1", "bruno_2", "carla_3"]
        assert _listed(browser, "/alerts?level=critical&level=warning&sort=-count") == ["bruno_2", "carla_3"]
        assert _listed(browser, "/alerts?q=bruno_2-5") == ["bruno_2"]
        assert _listed(browser, "/alerts?window=2026-10&state=nonsense&care=%00") == ["carla_3"]
        assert browser.get("/alerts?place=forged").status_code == 422
        assert browser.get("/alerts/99").status_code == 404


def test_an_alert_says_why(standing: Dashboard) -> None:
    """In one sentence, with the order that crossed the line, the course of the month and the command."""
    with standing.as_("vera") as browser:
        page = browser.get("/alerts?sort=-count").text
        page = browser.get(re.findall(r'href="(/alerts/\d+)"', page)[0]).text
    assert "Bruno (bruno_2) has 12 cancelled orders in November 2026." in page
    assert 'class="since"><td class="id"><bdi>bruno_2-9</bdi>' in page
    assert "<title>Nov 12, 2026: 12 orders so far</title>" in page
    assert "critical · 10" in page
    assert "tercera why bruno_2 2026-11 --rule repeat-returns" in page


def test_why_not(standing: Dashboard) -> None:
    """For any window of any customer; one that is none is explained, too."""
    with standing.as_("vera") as browser:
        page = browser.get("/customers?id=dora_4&window=2026-11").text
        assert "Nothing was told: 1 matching, and the lowest level needs 3." in page
        assert "<title>November 2026: 1 of 2 orders match</title>" in page
        assert "write it like" in browser.get("/customers?id=dora_4&window=November").text
        assert "Nobody with this id" in browser.get("/customers?id=dora").text
        assert "bruno_2</bdi>" in browser.get("/customers?id=runo").text


def test_deciding(site: Dashboard) -> None:
    """Several alerts at once, one, and a customer; each with its author, in the audit log, and ended."""
    with site.as_("omar") as browser:
        form = {"csrf": site.csrf(browser)}
        several = {"alert": ["1", "2"], "do": "acknowledge", "view": "sort=-count&state=open"}
        answer = browser.post("/alerts", data=form | several)
        assert answer.headers["location"] == "/alerts?done=alerts.acknowledge&count=2&state=open&sort=-count"
        assert "2 alerts acknowledged." in browser.get(answer.headers["location"]).text
        snooze = {"do": "snooze", "reason": "<b>strike</b>", "pause": "7d"}
        assert browser.post("/alerts/3", data=form | snooze).status_code == 303
        assert "&lt;b&gt;strike&lt;/b&gt;" in browser.get("/alerts/3").text
        shorter = browser.post("/alerts/3", data=form | snooze | {"pause": "1d"})
        assert "It is quiet until" in browser.get(shorter.headers["location"]).text
        assert browser.post("/alerts/1", data=form | {"do": "dismiss", "reason": " "}).status_code == 422
        assert browser.post("/alerts/1", data=form | {"do": "forget"}).status_code == 422
        assert browser.post("/alerts", data=form | {"do": "acknowledge"}).status_code == 422
        silence = {"customer": "ana_1", "reason": "moves house", "pause": "30d"}
        assert browser.post("/customers/silence", data=form | silence).status_code == 303
        decided = site.ledger.decisions(site.clock())
        assert [(each.kind, each.author) for each in decided] == [
            ("acknowledge", "omar"),
            ("acknowledge", "omar"),
            ("snooze", "omar"),
            ("silence", "omar"),
        ]
        assert browser.post("/alerts/1/end", data=form | {"decision": decided[2].id}).status_code == 404
        assert browser.post("/alerts/3/end", data=form | {"decision": decided[2].id}).status_code == 303
        end = {"customer": "ana_1", "decision": decided[3].id}
        assert browser.post("/customers/end", data=form | end).status_code == 303
    assert site.ledger.views.count_alerts(Wanted(care=Care.ACKNOWLEDGED), site.clock()) == 2
    done = [each.action for each in site.ledger.people.deeds() if each.action != "login"]
    assert done == ["end", "end", "silence", "snooze", "acknowledge", "acknowledge"]


def test_somebody_looks_after_it_already(site: Dashboard) -> None:
    """Whoever comes second is told who was first, in their language; when that was ended, nothing is said."""
    with site.as_("omar") as browser:
        answer = browser.post("/alerts/1", data={"csrf": site.csrf(browser), "do": "acknowledge"})
        assert answer.headers["location"] == "/alerts/1?done=alerts.acknowledge"
    with site.as_("ada") as browser:
        form = {"csrf": site.csrf(browser)}
        answer = browser.post("/alerts/1", data=form | {"do": "acknowledge", "reason": "me, too"})
        told = answer.headers["location"]
        assert "omar looks after it already, since" in browser.get(told).text
        assert "omar ya se ocupa" in browser.get(told, headers={"accept-language": "es"}).text
        assert "already" not in browser.get("/alerts/2?stood=1").text
        (decision,) = site.ledger.decisions(site.clock())
        browser.post("/alerts/1/end", data=form | {"decision": decision.id})
        assert "already" not in browser.get(told).text


def test_looking_is_not_deciding(standing: Dashboard) -> None:
    """A viewer changes nothing, whatever they send; nobody does without the token of our forms."""
    forms = {
        "/alerts": {"alert": "1", "do": "acknowledge"},
        "/alerts/1": {"do": "acknowledge"},
        "/alerts/1/end": {"decision": "1"},
        "/customers/silence": {"customer": "ana_1", "reason": "x"},
        "/customers/end": {"customer": "ana_1", "decision": "1"},
        "/held": {"do": "release", "rule": "repeat-returns"},
    }
    with standing.as_("vera") as viewer, standing.as_("omar") as operator:
        token = standing.csrf(viewer)
        for path, form in forms.items():
            assert viewer.post(path, data=form | {"csrf": token}).status_code == 403, path
            assert operator.post(path, data=form).status_code == 403, path
    assert standing.ledger.decisions(standing.clock()) == []


@pytest.mark.parametrize(
    ("referer", "path"),
    [
        ("https://shop.example.com/alerts?state=open", "/alerts?state=open"),
        ("https://evil.example//evil.example/x", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_the_way_back_from_what_did_not_work(standing: Dashboard, referer: str, path: str | None) -> None:
    """To the page that led there, with its filters; never to another site."""
    with standing.as_("omar") as browser:
        form = {"csrf": standing.csrf(browser), "do": "acknowledge"}
        answer = browser.post("/alerts", data=form, headers={"referer": referer})
    assert answer.status_code == 422
    assert "tick those that are meant" in answer.text
    assert re.findall(r'<a href="([^"]*)">Back</a>', answer.text) == ([path] if path else [])


def test_times_name_their_zone(standing: Dashboard) -> None:
    """Once on each page, by its name; each time says its instant and offset to whatever reads the page, also
    within a sentence, where what strangers wrote is still only text."""
    with standing.as_("ada") as browser:
        for path in (*PATHS, "/audit", "/settings", "/rules", "/data", "/deliveries", "/silences"):
            shown = browser.get(path).text
            assert shown.count("by the clock of America/Bogota.") == 1, path
            assert "&lt;time" not in shown, path
            for exact in re.findall(r'<time datetime="([^"]*)">', shown):
                moment = datetime.fromisoformat(exact)
                assert len(exact) == 10 or moment.utcoffset() == timedelta(hours=-5), path
        assert "Las horas son las de America/Bogota." in browser.get("/", headers=SPANISH).text
        alert = browser.get("/alerts/1").text
    assert (
        '<dd><time datetime="2026-11-22T10:00:00.000-05:00">Nov 22, 2026, 10:00\u202fAM</time></dd>' in alert
    )
    assert '<td><time datetime="2026-11-01">Nov 1, 2026</time></td>' in alert
    with standing.client() as nobody:
        assert "America/Bogota" not in nobody.get("/login").text


SPANISH = {"accept-language": "es-CO,es;q=0.9"}


def test_what_did_not_work_in_spanish(site: Dashboard) -> None:
    """What kind of problem it is, in the browser's language; English words only where nothing else knows
    more, marked as such."""
    with site.as_("omar") as browser:
        browser.headers.update(SPANISH)
        form = {"csrf": site.csrf(browser), "do": "dismiss"}
        said = {
            404: (browser.get("/nowhere"), "En esta dirección no hay nada."),
            403: (browser.get("/audit"), "omar no puede hacer esto: hace falta el permiso «admin»"),
            405: (browser.delete("/alerts"), "Esto no se puede hacer en esta dirección."),
            422: (browser.post("/alerts", data=form), "No se eligió ninguna alerta"),
        }
        for status, (answer, words) in said.items():
            assert answer.status_code == status
            assert words in answer.text
            assert "No se pudo hacer" in answer.text
            assert ('lang="en"' in answer.text) == (status == 405)
        assert "No existe la alerta 99." in browser.get("/alerts/99").text
        assert "No existe la regla «none»." in browser.get("/rules/none").text
        assert "Falta el motivo" in browser.post("/alerts/1", data=form).text
        assert "El formulario es demasiado antiguo" in browser.post("/alerts", data={"csrf": "x"}).text
        foreign = browser.post("/alerts", data=form, headers={"origin": "https://evil.example"})
        assert "Esto vino de otro sitio." in foreign.text
        wrong = browser.post("/alerts", data=form | {"alert": "x"})
        assert "Algo de lo que se envió no es correcto." in wrong.text
        assert '<p class="soft" lang="en"><bdi>body.alert' in wrong.text
        site.app.clock = lambda: 1 / 0  # type: ignore[assignment,return-value]  # a defect
        defect = browser.get("/alerts")
        assert "Esto es un fallo de Tercera." in defect.text
        assert (defect.status_code, defect.headers["cache-control"]) == (500, "no-store")
        assert "default-src 'none'" in defect.headers["content-security-policy"]


def test_a_name_that_is_not_ours(standing: Dashboard) -> None:
    """Whoever comes by another host's name reads so on a page; it leads nowhere, and no cache keeps it."""
    with standing.client() as nobody:
        answer = nobody.get("/alerts", headers={**SPANISH, "host": "evil.example"})
        long = nobody.post("/login", content="x" * (2 << 20), headers=SPANISH)
        program = nobody.get("/api/v1/alerts", headers={"host": "evil.example"})
    assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store")
    assert "Tercera no se llama así." in answer.text
    assert "evil.example" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert long.status_code == 413
    assert "Es demasiado de una vez." in long.text
    assert (program.status_code, program.headers["cache-control"]) == (400, "no-store")
    assert program.headers["content-type"] == "application/problem+json"


def test_what_is_held_back(tmp_path: Path) -> None:
    """The overview says so first, and lets it go or puts it aside."""
    with (
        dashboard(tmp_path, guard={"max_notices": 1, "max_share": 0.01}) as site,
        site.as_("omar") as browser,
    ):
        assert "3 alerts are held back" in browser.get("/").text
        form = {"csrf": site.csrf(browser), "rule": "repeat-returns"}
        assert browser.post("/held", data=form | {"do": "keep"}).status_code == 422
        answer = browser.post("/held", data=form | {"do": "release"})
        assert "Released: 6 notices are due now." in browser.get(answer.headers["location"]).text
        assert "held back" not in browser.get("/").text
        assert site.ledger.views.figures(site.clock()).notices[NoticeState.PENDING] == 6


def test_a_table_to_keep(tmp_path: Path) -> None:
    """All that the list has, a row each; nothing in it is a formula."""
    shop = {CELL: [(f"2026-11-0{day}", "returned") for day in range(1, 5)]}
    shop |= {f"c_{number}": shop[CELL] for number in range(60)}
    with dashboard(tmp_path, shop) as site, site.as_("vera") as browser:
        answer = browser.get("/alerts.csv?sort=customer")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
        assert len(rows) == 61
        assert rows[0]["customer_id"] == f"'{CELL}"
        assert rows[0]["opened_at"] == "2026-11-22T10:00:00-05:00", "as the pages show it"
        one = "/alerts.csv?q=c_9&state=open&nothing=x"
        assert len(browser.get(one).text.splitlines()) == 2
        deeds = [(each.actor, each.action, each.object, each.detail) for each in site.ledger.people.deeds()]
        assert deeds[:2] == [
            ("vera", "export", "alerts as CSV", "1 rows, state=open&q=c_9"),
            ("vera", "export", "alerts as CSV", "61 rows, sort=customer"),
        ]
        first = browser.get("/alerts?sort=customer").text
        pages = [first, browser.get(_path(first, "Next →")).text]
        assert len(set(re.findall(r'href="(/alerts/\d+)"', "".join(pages)))) == 61
        back = browser.get(_path(pages[1], "← Previous")).text
        assert re.findall(r'href="/alerts/\d+"', back) == re.findall(r'href="/alerts/\d+"', first)


def test_what_strangers_wrote(tmp_path: Path) -> None:
    """Stays text on every page, whichever field of an order or a customer it stands in."""
    shop = {MARKUP: [(f"2026-11-0{day}", MARKUP) for day in range(1, 5)]}
    rule = {**RULE, "when": {"status": [MARKUP]}}
    with dashboard(tmp_path, shop, rules=[rule]) as site, site.as_("omar") as browser:
        subject = site.ledger.alert(1).alert.subject
        assert subject == SubjectId(MARKUP)
        paths = ["/", "/alerts", "/alerts/1", "/alerts/1/query", "/alerts?q=" + "%3Cscript%3E"]
        pages = [browser.get(path) for path in paths]
        asked = ({"id": MARKUP}, {"id": f"{MARKUP}?"}, {"id": MARKUP, "window": "<i>"})
        pages += [browser.get("/customers", params=each) for each in asked]
        for answer in pages:
            assert answer.status_code == 200, answer.url
            assert "<img" not in answer.text.lower()
            assert "<i>" not in answer.text.lower()
            assert answer.text.lower().count("<script") == 1
            assert "&lt;script&gt;" in answer.text.lower() or "q=" in str(answer.url), answer.url


def test_a_mail_as_it_was_sent(tmp_path: Path) -> None:
    """In a frame with a policy of its own, and without the links that would let a viewer answer it."""
    mail = {
        "host": "127.0.0.1",
        "port": 9,
        "security": "none",
        "sender": "Shop <shop@example.com>",
        "timeout": 1,
    }
    channels = {
        "customer": {"kind": "email", "to": "customer", "language": "es"},
        "operations": {"kind": "log", "to": str(tmp_path / "operations.log")},
    }
    with dashboard(tmp_path, channels=channels, email=mail) as site, site.as_("vera") as browser:
        (path,) = re.findall(r'<iframe class="mail" src="([^"]+)"', browser.get("/alerts/1").text)
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "<html" in answer.text
        assert "pedidos" in answer.text
        assert "/answer/" not in answer.text
        assert browser.get(path.replace("/alerts/1/", "/alerts/2/")).status_code == 404
        (notice,) = (each for each in site.ledger.alert(1).deliveries if each.channel == "operations")
        assert browser.get(f"/alerts/1/mails/{notice.message}").status_code == 404


def _numbers(page: str) -> list[str]:
    return re.findall(r"<li><a[^>]*><b>([\d,]+)</b>", page)


def _listed(browser: httpx.Client, path: str) -> list[str]:
    answer = browser.get(path)
    assert answer.status_code == 200
    return re.findall(r'href="/customers\?id=([a-z_0-9]+)"', answer.text)


def _path(page: str, words: str) -> str:
    (found,) = re.findall(rf'href="([^"]+)">{words}<', page)
    return str(found).replace("&amp;", "&")
