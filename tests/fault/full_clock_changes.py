"""Every change of clocks from 2020 to 2030 in ten zones, counted by DuckDB. For `make fault`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.test_clock_changes import ZONES, check_files


@pytest.mark.parametrize("zone", ZONES)
def test_files(tmp_path: Path, zone: str) -> None:
    """Days and months as the zone's clock shows them."""
    check_files(tmp_path, zone)
