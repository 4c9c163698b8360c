"""What a monitoring system reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tercera.people import Permission
from tests.servers.dashboard import Dashboard

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "howto" / "metrics.md"


@pytest.fixture(scope="module")
def answer(standing: Dashboard) -> httpx.Response:
    """What a key with the scope `metrics` reads."""
    with standing.program(Permission.METRICS, user="vera") as program:
        return program.get("/metrics")


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every line, by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def families(text: str) -> set[str]:
    """Every name that is described."""
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def test_figures_are_the_ledgers(answer: httpx.Response) -> None:
    """Of the shop that was swept once."""
    found = samples(answer.text)
    rule = ("rule", "repeat-returns")
    assert found["tercera_alerts", (("level", "critical"), rule, ("state", "open"))] == 1
    assert found["tercera_notices", (("channel", "customer"), ("state", "sent"))] == 3
    assert found["tercera_last_good_cycle_age_seconds", ()] == 0
    assert found["tercera_last_good_cycle_timestamp_seconds", ()] == 1795359600
    assert found["tercera_last_cycle_failed", ()] == 0
    assert found["tercera_notices_overdue_seconds", ()] == 0
    assert found["tercera_rows_read", (rule,)] == 25
    assert found["tercera_channel_paused", (("channel", "operations"),)] == 0
    assert found["tercera_last_sweep_duration_seconds", ()] == 0
    assert ("tercera_live_lag_seconds", ()) not in found, "nothing is followed here"


def test_both_formats(standing: Dashboard) -> None:
    """As who asks wishes; an answer for whoever wishes nonsense."""
    with standing.program(Permission.METRICS) as program:
        for accept in (
            "",
            "text/plain;version=0.0.4",
            "text/plain;version=x",
            "application/openmetrics-text",
        ):
            found = program.get("/metrics", headers={"accept": accept})
            assert found.status_code == 200, accept
            kind = "application/openmetrics-text" if "openmetrics" in accept else "text/plain"
            assert found.headers["content-type"].startswith(kind), accept


def test_names_are_as_prometheus_wants_them(answer: httpx.Response) -> None:
    """Of ours, in base units, with a help text; no gauge looks like a counter."""
    for name in families(answer.text):
        assert re.fullmatch(r"tercera_[a-z_]+", name)
        assert not name.endswith(("_total", "_count", "_sum", "_ms", "_minutes"))
        assert re.search(rf"^# HELP {name} \S.*\.$", answer.text, re.MULTILINE), name


def test_every_figure_of_the_guide_the_rules_and_grafana_is_there(answer: httpx.Response) -> None:
    """And the guide names all that there is."""
    there = {re.sub(r"_info$", "", name) for name in families(answer.text)}
    guide = GUIDE.read_text(encoding="utf-8")
    board = (ROOT / "ops" / "grafana-dashboard.json").read_text(encoding="utf-8")
    for text in (guide, board):
        named = {re.sub(r"_info$", "", name) for name in re.findall(r"\btercera_[a-z_]+", text)}
        assert named <= there, named - there
    assert there <= {re.sub(r"_info$", "", name) for name in re.findall(r"\btercera_[a-z_]+", guide)}
    assert len({each["id"] for each in json.loads(board)["panels"]}) == len(json.loads(board)["panels"])


def test_the_rules_of_the_guide_are_rules() -> None:
    """Each with an expression and what to do."""
    blocks = re.findall(r"```yaml prometheus\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    scrape, rules = (yaml.safe_load(block) for block in blocks)
    assert scrape["scrape_configs"]
    for rule in rules["groups"][0]["rules"]:
        assert set(rule) - {"for"} == {"alert", "expr", "annotations"}
        assert rule["expr"].count("(") == rule["expr"].count(")")
