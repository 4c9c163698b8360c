"""One claim each, found by file name: `TITLE` and `run(quick) -> list[Figure]`."""
