"""Whoever follows knows whether it can."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from tercera.cycle.live import Live
from tercera.cycle.sweep import Terms
from tercera.following.desk import Desk
from tercera.following.reading import Reader
from tercera.ledger import open_ledger
from tercera.model import RuleId
from tercera.sources.mongodb import Settings, open_source
from tercera.telling.routing import Routes
from tests.servers.free_port import free_port


def test_a_source_that_is_away_is_known_since_the_first_try(tmp_path: Path) -> None:
    """With what it said last, and without the password."""
    now = datetime(2023, 6, 20, tzinfo=UTC)
    uri = SecretStr(f"mongodb://me:verysecret@127.0.0.1:{free_port()}/")
    settings = Settings(
        kind="mongodb", uri=uri, database="shop", orders={"collection": "orders"}, timeout=0.2
    )
    source = open_source(settings, "UTC")
    stop = threading.Event()
    stop.set()  # it does not wait between its tries
    with open_ledger(f"sqlite:///{tmp_path / 'l.db'}") as ledger:
        live = Live(source, ledger, Terms(Routes({})), lambda: now)
        desk = Desk({RuleId("r"): "customer"}, debounce=0.2)
        reader = Reader(source, ["customer"], live, desk, stop, lambda: None)
        assert reader.health is None
        began = now
        for _ in range(2):
            reader.read()
            assert reader.health is not None
            assert reader.health.broken_since == began
            assert "did not answer within 0.2 s" in (reader.health.error or "")
            assert "verysecret" not in (reader.health.error or "")
            now += timedelta(minutes=1)
    source.close()
