"""The live benchmark, small: many write at once, and every crossing is told once."""

from __future__ import annotations

from bench.claims import live


def test_every_crossing_is_told_once() -> None:
    """Three hundred writes a second for three seconds; how long it took is told, for machines differ."""
    figures = live.run(quick=True)
    print([f"{figure.claim}: {figure.measured} ({figure.detail})" for figure in figures])
    assert figures
