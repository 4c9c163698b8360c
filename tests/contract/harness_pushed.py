"""Orders that are handed in are read by the source of kind `sql` over SQLite, which this suite tests; the
store takes none that can't be read. What is of its own has tests in `tests/integration/test_pushed.py`."""

from __future__ import annotations

VARIANTS: tuple[str, ...] = ()
