"""The configuration's JSON Schema: what loads is valid by it, what an editor should mark is not."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from tercera import channels, sources
from tercera.cli.main import cli
from tercera.config.schema import configuration_schema
from tests.e2e.test_docs import configurations
from tests.unit.test_config import GOOD

VALIDATOR = Draft202012Validator(configuration_schema())
KINDS: dict[str, dict[str, Any]] = {
    "email": {"to": "customer"},
    "webhook": {"url": "${HOOK}", "secret": ["${NEW}", "${OLD}"], "allow_private": "${PRIVATE:-false}"},
    "slack": {"url": "${SLACK_URL}", "digest": True},
    "alertmanager": {"url": "http://alertmanager:9093", "severity": {"notice": "info"}, "stays_hours": 48},
    "log": {"to": "stderr"},
    "apprise": {"urls": {"team": "${TEAM}"}},
}


def wrong(configuration: object) -> list[str]:
    """Where the schema finds something, and what."""
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(configuration)]


def good() -> dict[str, Any]:
    """The configuration of the documentation."""
    loaded: dict[str, Any] = yaml.safe_load(GOOD)
    return loaded


def test_the_schema_is_one() -> None:
    """By the meta-schema."""
    Draft202012Validator.check_schema(configuration_schema())


@pytest.mark.parametrize("text", [GOOD, *(text for _, text in configurations())])
def test_what_the_documentation_shows_is_valid(text: str) -> None:
    """Every whole configuration."""
    assert wrong(yaml.safe_load(text)) == []


def test_every_kind_of_channel_is_known() -> None:
    """Each with the keys that it needs, and with `${…}` where a number or a choice would stand."""
    assert tuple(sorted(KINDS)) == channels.kinds()
    for kind, settings in KINDS.items():
        assert wrong(good() | {"channels": {"one": {"kind": kind, **settings}}}) == []
        assert wrong(good() | {"channels": {"one": settings}}) != []
        assert wrong(good() | {"channels": {"one": {"kind": kind, **settings, "no_such_key": 1}}}) != []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("source", "kind"), "carrier_pigeon"),
        (("rules", 0, "levels", "notice"), 0),
        (("rules", 0, "within"), "fortnight"),
        (("rules", 0, "grace"), "P30D"),
        (("email", "port"), "submission"),
        (("schedule",), {"every": "often"}),
        (("typo",), 1),
    ],
)
def test_mistakes_are_found(path: tuple[str | int, ...], value: object) -> None:
    """As the loader finds them."""
    configuration = deepcopy(good())
    place: Any = configuration
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert wrong(configuration) != []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("rules", 0, "when", "status"), "returned"),
        (("rules", 0, "when", "status"), [1, True, "x"]),
        (("rules", 0, "when", "status"), {"in": ["returned"], "ignore_case": True}),
        (("rules", 0, "grace"), "2w"),
        (("email", "port"), "${SMTP_PORT:-587}"),
        (("email", "security"), "${SMTP_SECURITY}"),
    ],
)
def test_other_ways_of_writing_are_known(path: tuple[str | int, ...], value: object) -> None:
    """Short forms, durations, and what the environment fills in."""
    configuration = deepcopy(good())
    place: Any = configuration
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert wrong(configuration) == []


def test_the_commands_print_it() -> None:
    """`tercera schema` the schema, `tercera kinds` every kind with its meaning."""
    assert json.loads(CliRunner().invoke(cli, ["schema"]).stdout) == configuration_schema()
    printed = json.loads(CliRunner().invoke(cli, ["kinds", "--json"]).stdout)
    assert [each["kind"] for each in printed["channels"]] == list(channels.kinds())
    assert [each["kind"] for each in printed["sources"]] == list(sources.kinds())
    labelled = {each["kind"] for each in printed["engines"] if "not run here" in each["meaning"]}
    assert labelled == {"bigquery", "clickhouse", "snowflake", "trino"}
    assert all(each["meaning"].endswith(".") for part in printed.values() for each in part)
    shown = CliRunner().invoke(cli, ["kinds"]).stdout
    assert all(kind in shown for kind in (*channels.kinds(), *sources.kinds()))
