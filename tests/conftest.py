"""What holds for every test: where real servers have to be there, a skipped test is a failed one."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from typing import Any

import pytest

_NO_SKIPS = os.environ.get("TERCERA_NO_SKIPS") == "1"
_MAY_BE_ABSENT = "../shared/data"
"""Real orders that are not part of the project. Only tests of these may be skipped, saying so."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With TERCERA_NO_SKIPS=1 a skipped test fails."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """And so does a file of tests that is skipped as a whole."""
    report = yield
    _judge(report)
    return report


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector need not look through it again and
    again, which takes a part of the processor time that can be seen."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _judge(report: Any) -> None:
    if _NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if _MAY_BE_ABSENT not in reason:
            report.outcome = "failed"
            report.longrepr = f"TERCERA_NO_SKIPS=1, and this was skipped: {reason}"


def pytest_sessionfinish() -> None:
    """Servers that tests share end with the session, also where a worker process ends without ceremony."""
    gc.unfreeze()  # libraries complain of what is left when the interpreter ends
    servers = [f"tests.servers.{name}" for name in ("mongod", "postgresql", "mariadb", "spark")]
    for name in ("tests.e2e.preloaded", *servers):
        if (server := sys.modules.get(name)) is not None:
            server.stop()
