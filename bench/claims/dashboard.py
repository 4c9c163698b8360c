"""The dashboard answers while one looks, with a million orders and a hundred thousand alerts; orders that are
handed in are on the disk at once."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote, urlsplit

import duckdb
import yaml

from bench.asking import PASSWORD, log_in
from bench.figures import Bound, Figure
from bench.processes import ROOT, FailedError, measure, script, tercera

TITLE = "Looking at a hundred thousand alerts, and handing orders in"
AT_ONCE = 20
USER = "bench"
_RULE = {
    "id": "repeat-returns",
    "title": "Three or more returned or cancelled orders in a month",
    "when": {"status": ["returned", "cancelled"]},
    "levels": {"notice": 3, "warning": 5, "critical": 10},
}
_ORDERS = """
COPY (
    SELECT 'o' || c || '-' || n AS order_id, 'customer_' || c AS customer_id,
        CASE WHEN n < {returned} THEN 'returned' ELSE 'delivered' END AS status,
        DATE '2024-01-01' + to_months((c % 24 + CASE WHEN n < {returned} THEN 0 ELSE n END)::INT)
            + to_days((n * 2 + c % 7)::INT) AS placed_at,
        10 + n AS amount
    FROM range({customers}) AS t(c), range(10) AS u(n)
) TO '{path}' (FORMAT parquet)
"""


def run(*, quick: bool) -> list[Figure]:
    """Pages, the what-if, their weight, and pushed orders."""
    customers = 2_000 if quick else 100_000
    with TemporaryDirectory() as name:
        folder = Path(name)
        return [*_pages(folder, customers, quick=quick), _pushed(folder, quick=quick)]


def _pages(folder: Path, customers: int, *, quick: bool) -> list[Figure]:
    orders = folder / "orders.parquet"
    duckdb.sql(_ORDERS.format(returned=4, customers=customers, path=orders))
    config = _configured(folder, {"kind": "files", "orders": {"path": str(orders), "amount": "amount"}})
    measure(tercera("run", "--once", "-c", str(config)))
    with _served(config) as url:
        cookie = log_in(url, USER)
        what_if = f"/rules/{_RULE['id']}"
        _tallied(url, cookie, what_if)
        paths = ["/", "/alerts", "/alerts?level=notice&window=2024-06&sort=-count"]
        taken = _taken(url, AT_ONCE, 40 if quick else 400, [*paths, what_if])
        alone = _taken(url, 1, 20, [f"{what_if}?threshold={each}" for each in (2, 4, 6)])
        weights = {path: _weight(url, cookie, path) for path in (*paths, what_if, "/deliveries")}
    slowest = max(paths, key=lambda path: _p95(taken[path]))
    answers = [each for path in alone for each in alone[path]]
    heaviest = max(weights, key=lambda path: weights[path])
    told = ", ".join(f"{path} {_p95(taken[path]) * 1000:.0f} ms" for path in paths)
    return [
        Figure(
            f"Overview and alert list of {customers:,} alerts, {AT_ONCE} requests at once: 95 % within",
            _p95(taken[slowest]) * 1000,
            Bound.AT_MOST,
            150,
            "ms",
            told,
        ),
        Figure(
            "What-if: one threshold's answer over all history, 95 % within",
            _p95(answers) * 1000,
            Bound.AT_MOST,
            300,
            "ms",
            f"{len(answers)} answers one after the other; {AT_ONCE} at once "
            f"{_p95(taken[what_if]) * 1000:.0f} ms",
        ),
        Figure(
            "Weight of the heaviest page, with what it loads",
            weights[heaviest] / 1000,
            Bound.AT_MOST,
            200,
            "kB",
            ", ".join(f"{path} {weight / 1000:.0f} kB" for path, weight in weights.items()),
        ),
    ]


def _pushed(folder: Path, *, quick: bool) -> Figure:
    """Batches one after the other, each on the disk before the next."""
    batches, size = (3, 200) if quick else (30, 1_000)
    place = folder / "pushed"
    place.mkdir()
    config = _configured(place, {"kind": "pushed"})
    wanted = ("--user", USER, "--scope", "push", "--json", "-c", str(config))
    made = measure(tercera("tokens", "add", "bench", *wanted))
    key = json.loads(made.output)["key"]
    with _served(config) as url:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        bodies = [_batch(number, size) for number in range(batches)]
        began = time.perf_counter()
        for body in bodies:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
            connection.request("POST", "/api/v1/orders", body, headers)
            answer = connection.getresponse()
            told = json.loads(answer.read())
            if answer.status != 200 or told["accepted"] != size:
                raise FailedError(f"a batch was answered with {answer.status}: {told}")
        rate = batches * size / (time.perf_counter() - began)
    return Figure(
        "Orders handed in by batches of 1,000, each on the disk when it is answered",
        rate,
        Bound.AT_LEAST,
        2_000,
        "a second",
        f"{batches} batches over one connection",
    )


def _batch(number: int, size: int) -> bytes:
    lines = (
        {
            "order_id": f"o{number}-{each}",
            "customer_id": f"customer_{each % 97}",
            "status": "returned",
            "placed_at": "2026-11-05T10:00:00-05:00",
            "amount": "59.90",
            "customer": {"name": f"Customer {each % 97}", "email": f"c{each % 97}@example.com"},
        }
        for each in range(size)
    )
    return "\n".join(map(json.dumps, lines)).encode()


def _configured(folder: Path, source: dict[str, Any]) -> Path:
    """A configuration with a user."""
    config = folder / "tercera.yaml"
    value = {"timezone": "America/Bogota", "source": source, "rules": [_RULE], "web": {"port": 0}}
    config.write_text(yaml.safe_dump(value))
    command = tercera("users", "add", USER, "--role", "admin", "--password-stdin", "-c", str(config))
    done = subprocess.run(
        command, input=PASSWORD.encode() + b"\n", cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise FailedError(done.stderr.decode())
    return config


@contextmanager
def _served(config: Path) -> Iterator[str]:
    """`tercera serve` as a process of its own; gives its address."""
    command = tercera("serve", "-c", str(config))
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONUNBUFFERED": "1"})  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+?:\d+", line)
        if found is None:
            raise FailedError(f"`tercera serve` said {line!r} and no address")
        yield found[0]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _taken(url: str, at_once: int, requests: int, paths: list[str]) -> dict[str, list[float]]:
    """By a process of its own, as it has a processor to itself."""
    measured = measure(script("asking", url, USER, str(at_once), str(requests), *paths))
    taken: dict[str, list[float]] = json.loads(measured.output)
    return taken


def _tallied(url: str, cookie: str, path: str) -> None:
    """Waits until the page of the rule has its history tallied."""
    until = time.monotonic() + 60
    while "data-numbers" not in _got(url, cookie, path).decode():
        if time.monotonic() > until:
            raise FailedError(f"{path} has no tally after a minute")
        time.sleep(0.2)


def _weight(url: str, cookie: str, path: str) -> int:
    """Bytes of a page and of all that it loads."""
    page = _got(url, cookie, path)
    loaded = set(re.findall(r'(?:src|href)="(/(?:static|charts)/[^"]+)"', page.decode()))
    return len(page) + sum(len(_got(url, cookie, each)) for each in loaded)


def _got(url: str, cookie: str, path: str) -> bytes:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("GET", quote(path, safe="/?&=%"), headers={"Cookie": cookie})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200:
        raise FailedError(f"{path} was answered with {answer.status}")
    return content


def _p95(taken: list[float]) -> float:
    return sorted(taken)[max(0, round(len(taken) * 0.95) - 1)]
