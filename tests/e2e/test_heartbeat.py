"""A Tercera that can't sweep says so, and says when it can again; and a service hears of every good cycle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.e2e.process import Tercera
from tests.e2e.restartable import restartable
from tests.e2e.shop import OPERATIONS, SECRETS, Files, configuration, files_source, this_month
from tests.servers.free_port import free_port
from tests.servers.http import WebServer
from tests.servers.smtp import SmtpServer

TOKEN = "3f1a9c52-aaaa-4bbb-8ccc-0123456789ab"


@pytest.mark.mongod
def test_a_database_that_is_away(tmp_path: Path, mail_server: SmtpServer) -> None:
    """The daemon stays, mails operations once that no cycle succeeds, pings that it does not, and takes it
    back with the first good one."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (tmp_path / "data").mkdir()
    with restartable(tmp_path / "data") as server, WebServer() as health:
        source = {
            "kind": "mongodb",
            "uri": server.uri,
            "database": "shop",
            "orders": {"collection": "orders"},
            "timeout": 0.5,
        }
        ping = f"http://127.0.0.1:{health.port}/{TOKEN}"
        heartbeat = {"max_age": "2s", "ping": "${PING}", "ping_failed": "${PING}/fail", "allow_private": True}
        written = configuration(source, mail_server, schedule={"every": "1s"}, heartbeat=heartbeat)
        del written["channels"]["customer"]
        written["rules"] = [{**written["rules"][0], "notify": ["operations"]}]
        tercera = Tercera(folder, {**SECRETS, "PING": ping})
        tercera.configure(written)
        with MongoClient[dict[str, Any]](server.uri) as client:
            client["shop"]["orders"].insert_one({"order_id": "A"})
        with tercera.started("run") as daemon:
            daemon.event("swept")
            daemon.event("swept")
            server.stop()
            found = daemon.event("data watch")
            assert (found["alert"], found["what"]) == ("tercera:heartbeat", "opened")
            assert "MongoDB at 127.0.0.1" in found["remark"]
            assert daemon.event("delivered")["sent"] == 1
            server.start()
            assert daemon.event("data watch")["what"] == "retracted"
            assert daemon.event("delivered")["sent"] == 1
        first, second = (str(one.mail["Subject"]) for one in mail_server.accepted)
        assert first.startswith("[data] no cycle has succeeded since ")
        assert second == "[data, over] cycles succeed again"
        assert {one.recipient for one in mail_server.accepted} == {OPERATIONS}
        paths = [request.path for request in health.taken]
        assert {f"/{TOKEN}", f"/{TOKEN}/fail"} == set(paths)
        assert not [line for line in daemon.lines if TOKEN in line]
        assert [each["state"] for each in tercera.json("alerts")["alerts"]] == ["retracted"]


def test_a_ping_never_fails_a_run(tmp_path: Path, mail_server: SmtpServer) -> None:
    """Redirects are not followed, an outage is a warning, and the URL is not shown."""
    Files(tmp_path).returned("ana", this_month(), "A1")
    tercera = Tercera(tmp_path, {**SECRETS, "PING": ""})

    def configured(url: str, **more: Any) -> None:
        heartbeat = {"ping": "${PING}", **more}
        tercera.environment["PING"] = url
        tercera.configure(configuration(files_source(), mail_server, heartbeat=heartbeat))

    with WebServer() as health:
        configured(f"http://127.0.0.1:{health.port}/{TOKEN}", allow_private=True)
        found = tercera.json("run", "--once")
        assert found["health"]["last_good_cycle"]
        assert [(request.method, request.path) for request in health.taken] == [("GET", f"/{TOKEN}")]
        health.answer(302, "", {"Location": f"http://127.0.0.1:{health.port}/elsewhere"})
        answer = tercera.run("run", "--once", "--json")
        assert "redirects are not followed" in answer.err
        assert len(health.seen) == 2
        assert TOKEN not in answer.err + answer.out
    configured(f"https://127.0.0.1:{free_port()}/{TOKEN}")
    answer = tercera.run("run", "--once", "--json")
    assert "is not one of the internet" in answer.err
    assert TOKEN not in answer.err + answer.out
