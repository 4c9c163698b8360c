"""The API does what its description says: schemathesis asks the real server, with right and wrong values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tercera.people import Permission
from tests.servers.dashboard import Dashboard

SEED = 20261122


def test_no_answer_is_a_surprise(site: Dashboard) -> None:
    """No defect, no status, type or shape that is not described, nothing let in that should not be.

    `make fault` asks for much more."""
    ask(site, SEED, examples=10, phases="examples,fuzzing")


def ask(site: Dashboard, seed: int, *, examples: int, phases: str) -> None:
    """Has schemathesis try every operation; prints the seed, and what it found."""
    for _ in range(30):
        site.key(Permission.READ)  # it revokes keys of small numbers: not its own
    key = site.key(*Permission)
    # Some of what JSON Schema calls valid is none: a cursor that no page gave, two ends of one silence.
    unsuited = "positive_data_acceptance"
    done = subprocess.run(
        [
            Path(sys.executable).with_name("st"), "run", f"{site.url}/api/v1/openapi.json",
            "--header", f"Authorization: Bearer {key}", "--seed", str(seed), "--phases", phases,
            "--max-examples", str(examples), "--exclude-checks", unsuited, "--continue-on-failure",
            "--no-color",
        ],
        capture_output=True, text=True, check=False, cwd=site.folder,
    )  # fmt: skip
    print(f"seed {seed}\n{done.stdout}{done.stderr}")
    assert done.returncode == 0, f"seed {seed}"
    assert "Tested: " in done.stdout
    assert "Authentication failed" not in done.stdout, "it shut itself out"
