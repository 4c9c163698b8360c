"""The data page, and two versions of a rule side by side."""

from __future__ import annotations

from pathlib import Path

from tercera.ledger import Rejected
from tercera.model import RejectReason, RuleId
from tercera.web.views.masking import shape
from tercera.web.views.rejected import over_time
from tests.servers.dashboard import NOW, RULE, Dashboard, dashboard
from tests.servers.mongod import empty_database, mongod_uri

NAME = "Maria <b>Fulana</b> 77"


def test_rows_that_cannot_be_judged(tmp_path: Path) -> None:
    """By reason, with their shape; their values for who may act, and the audit log says who looked."""
    orders = {
        NAME: [("2026-11-31", "returned"), ("2026-11-03", "returned")],
        "": [("2026-11-03", "returned")],
    }
    with dashboard(tmp_path, orders) as site:
        with site.as_("vera") as browser:
            shown = browser.get("/data").text
            for told in (
                "unreadable date",
                "no customer",
                "aaaaa &lt;a&gt;aaaaaa&lt;/a&gt; 00",
                "2026-11-31",
            ):
                assert told in shown, told
            assert "Fulana" not in shown
            form = {"csrf": site.csrf(browser)}
            assert browser.post("/data/unmasked", data=form).status_code == 403
            assert browser.post("/data/indexes", data=form).status_code == 403
        with site.as_("omar") as browser:
            form = {"csrf": site.csrf(browser)}
            shown = browser.post("/data/unmasked", data=form).text
            assert "Maria &lt;b&gt;Fulana&lt;/b&gt; 77" in shown
            assert browser.post("/data/indexes", data=form).headers["location"] == "/data#indexes"
        assert [each.action for each in site.ledger.people.deeds()][:2] == ["advise", "unmask"]


def test_a_shape_says_nothing_of_the_value() -> None:
    """Letters of any alphabet and digits of any script become one letter and one digit."""
    assert shape("ana.7@shop.com") == "aaa.0@aaaa.aaa"
    assert shape("Núñez 九٣") == "aaaaa a0"
    assert len(shape("x" * 1000)) == 41


def test_rejects_over_time() -> None:
    """The last run's, the most of any, and a line; rules that reject the same row count it once."""
    reason, later = RejectReason.NO_DATE, NOW.replace(hour=16)
    rejected = [Rejected(NOW, RuleId(name), reason, 8) for name in ("a", "b")]
    rejected.append(Rejected(later, RuleId("a"), reason, 2))
    (line,) = over_time([NOW, later], rejected).lines
    assert (line.now, line.most, line.points) == (2, 8, "0.0,2.0 240.0,26.0")
    assert over_time([], []).lines == ()


def test_two_versions_side_by_side(standing: Dashboard) -> None:
    """Other statuses and other thresholds; what is no rule is told, and hostile text stays text."""
    path = f"/rules/{RULE['id']}/compare"
    with standing.as_("vera") as browser:
        shown = browser.get(path, params={"when.status": "returned\n", "level.notice": "2"}).text
        assert '<td class="right">1</td><td class="right">1</td><td class="right"></td>' in shown  # October
        assert '<td class="right">2</td><td class="right">1</td><td class="right">-1</td>' in shown
        assert "status: [returned]" in shown
        hostile = browser.get(path, params={"when.status": "'\"></textarea><script>x</script>\\"})
        assert "<script>x" not in hostile.text
        assert hostile.status_code == 200
        for wrong in ({"level.notice": "5"}, {"level.notice": "-1"}, {"when.status": "x" * 2000}):
            assert browser.get(path, params=wrong).status_code == 422, wrong
        assert browser.get(path, headers={"accept-language": "es"}).status_code == 200


def test_advice_on_indexes(tmp_path: Path) -> None:
    """The database is asked beside the requests; what it needs stands there with the statement to copy."""
    with empty_database() as database:
        order = {"customer_id": "a_1", "status": "ok", "placed_at": "2026-11-02"}
        database["Orders"].insert_many([{"order_id": f"o{number}", **order} for number in range(9)])
        orders = {"collection": "Orders"}
        source = {"kind": "mongodb", "uri": mongod_uri(), "database": database.name, "orders": orders}
        with dashboard(tmp_path, {}, source=source) as site, site.as_("omar") as browser:
            browser.post("/data/indexes", data={"csrf": site.csrf(browser)})
            while "refresh" in (answer := browser.get("/data")).headers:
                pass
            for told in ("index for sweeps", "missing", "createIndex", "Asked "):
                assert told in answer.text, told
        assert [each["name"] for each in database["Orders"].list_indexes()] == ["_id_"]
