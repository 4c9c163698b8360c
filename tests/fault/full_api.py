"""The API against its description, with more examples and other seeds. For `make fault`."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.servers.dashboard import dashboard
from tests.web.test_described import ask


@pytest.mark.parametrize("turn", range(2))
def test_no_answer_is_a_surprise(tmp_path: Path, turn: int) -> None:
    """Also of operations one after the other, on what the ones before have made."""
    with dashboard(tmp_path) as site:
        ask(site, secrets.randbelow(2**32), examples=25, phases="examples,coverage,fuzzing,stateful")
