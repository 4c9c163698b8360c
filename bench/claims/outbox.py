"""Delivery keeps up with a mail server that does nothing but take mails, in memory that does not grow."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.figures import Bound, Figure, alternating
from bench.outgoing import CONNECTIONS
from bench.processes import FailedError, Measured, measure, script
from tercera.demo.mailbox import HOST

TITLE = "Draining the outbox into Postfix's smtp-sink"
_PLACES = "/usr/sbin:/usr/local/sbin:/usr/lib/postfix/sbin"


def run(*, quick: bool) -> list[Figure]:
    """Mails a second over eight connections, ours and smtp-source's in turns; the memory of many and few."""
    many, few, rounds = (400, 200, 1) if quick else (10_000, 2_000, 3)
    with TemporaryDirectory() as name, _sink() as port:
        drained: list[_Drained] = []

        def ours() -> float:
            drained.append(_drained(Path(name) / f"many{len(drained)}", port, many))
            return drained[-1].seconds / many

        def postfix() -> float:
            return _smtp_source(port, many, drained[-1].size) / many

        mine, theirs = alternating(ours, postfix, rounds)
        kept = _smtp_source(port, many, drained[-1].size, "-d") / many
        small = [_drained(Path(name) / f"few{each}", port, few).process.peak for each in range(rounds)]
    large = [each.process.peak for each in drained]
    return [
        Figure(
            "10,000 notices over 8 connections: rate, against Postfix's smtp-source with 8 sessions",
            median(theirs) / median(mine),
            Bound.AT_LEAST,
            0.1,
            detail=f"{1 / median(mine):.0f} a second, rendering and receipts included, against "
            f"{1 / median(theirs):.0f} mails of {drained[-1].size} bytes, each in a session of its own "
            f"({1 / kept:.0f} where eight sessions are kept)",
        ),
        Figure(
            "… the memory of delivering 10,000 notices, against 2,000",
            median(large) / median(small),
            Bound.AT_MOST,
            1.1,
            detail=f"{median(large) / 1e6:.0f} MB against {median(small) / 1e6:.0f} MB",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Drained:
    seconds: float
    size: int
    process: Measured


def _drained(folder: Path, port: int, notices: int) -> _Drained:
    """Notices are decided by one process and delivered by another, whose memory is measured."""
    folder.mkdir()
    size = int(measure(script("outgoing", "prepare", str(folder), str(port), str(notices))).output)
    process = measure(script("outgoing", "deliver", str(folder), str(notices)))
    return _Drained(float(process.output), size, process)


def _smtp_source(port: int, mails: int, size: int, *more: str) -> float:
    """Seconds for so many mails, made of the same few bytes, by eight sessions at a time."""
    options = [*more, "-s", str(CONNECTIONS), "-m", str(mails), "-l", str(size)]
    addresses = ["-f", "operations@example.com", "-t", "somebody@example.com"]
    return measure([_program("smtp-source"), *options, *addresses, f"{HOST}:{port}"]).seconds


@contextmanager
def _sink() -> Iterator[int]:
    """A mail server that forgets everything; gives its port."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port: int = free.getsockname()[1]
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([_program("smtp-sink"), *as_nobody, f"{HOST}:{port}", "128"])
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.02)
    raise FailedError("smtp-sink does not listen; run it by hand to see why")


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=_PLACES)
    if found is None:
        raise FailedError(
            f"there is no {name}; it comes with Postfix, which need not run: apt-get install postfix"
        )
    return found
