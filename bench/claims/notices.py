"""Ten thousand notices are not ten thousand logins."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.figures import Bound, Figure, alternating, require_equal
from bench.processes import ROOT, measure, script

TITLE = "Delivering notices"


def run(*, quick: bool) -> list[Figure]:
    """Notices a second, the rival's and ours in turns, against one server in a process of its own."""
    notices, mails, rounds = (500, 100, 1) if quick else (10_000, 1_000, 3)
    with TemporaryDirectory() as folder, _mail_server(folder, rounds * (notices + mails)) as port:

        def per_notice() -> float:
            return float(measure(script("draining", folder, port, str(notices))).output) / notices

        def per_mail() -> float:
            return float(measure(script("rivals.mail_loop", folder, port, str(mails))).output) / mails

        ours, theirs = alternating(per_notice, per_mail, rounds)
    return [
        Figure(
            "10,000 notices: rate, against connecting and logging in for each mail",
            median(theirs) / median(ours),
            Bound.AT_LEAST,
            5,
            detail=f"{1 / median(ours):.0f} a second against {1 / median(theirs):.0f}",
        )
    ]


@contextmanager
def _mail_server(folder: str, expected: int) -> Iterator[str]:
    """Gives the port; at the end, every mail must have arrived once."""
    process = subprocess.Popen(
        script("mailserver", folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
        process.stdin.close()
        require_equal(int(process.stdout.readline()), expected, f"mails that arrived in {Path(folder).name}")
    finally:
        process.terminate()
        process.wait(30)
