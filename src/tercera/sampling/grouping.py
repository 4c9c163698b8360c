"""Files that belong together: `orders-2023-01.csv` and its sisters are one place, `orders-*.csv`."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tercera.errors import SourceError

_ENDINGS = re.compile(r"\.(csv|tsv|parquet|jsonl|ndjson|json)(\.gz)?$", re.IGNORECASE)
_COUNTED = re.compile(r"[0-9]+(?:[-_.T][0-9]+)*")
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Group:
    """Files of one kind, and how a configuration names them: a path with stars, or several."""

    paths: tuple[str, ...]
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """For people."""
        return self.paths[0] if len(self.paths) == 1 else f"{self.paths[0]} and {len(self.paths) - 1} more"


def groups_of(patterns: Sequence[str], folder: Path) -> list[Group]:
    """The files that patterns or folders lead to, grouped. Paths are told from `folder`.

    SourceError when there are none.
    """
    groups: dict[str, list[Path]] = {}
    for pattern in patterns:
        for path in _files(pattern):
            groups.setdefault(_star(path, folder), []).append(path)
    if not groups:
        raise SourceError(
            f"there is no CSV, TSV, Parquet or JSON lines file {' or '.join(map(repr, patterns))}; "
            "name files, a folder, or a pattern with * in quotes"
        )
    return [_group(star, files, folder) for star, files in sorted(groups.items())]


def _files(pattern: str) -> list[Path]:
    whole = Path(pattern)
    if whole.is_dir():
        found = [each for each in whole.rglob("*") if not each.name.startswith(".")]
    elif whole.is_file():
        return [whole]
    else:
        found = [Path(each) for each in glob.glob(pattern, recursive=True)]
    return sorted(each for each in found[:_MOST_FILES] if each.is_file() and _ENDINGS.search(each.name))


def _star(path: Path, folder: Path) -> str:
    """The path with a star for the number or date in the file's name."""
    shown = _shown(path, folder)
    before, name = os.path.split(shown)
    ending = _ENDINGS.search(name)
    stem, rest = (name[: ending.start()], ending[0]) if ending else (name, "")
    return os.path.join(before, _COUNTED.sub("*", stem) + rest)


def _group(star: str, files: list[Path], folder: Path) -> Group:
    kept = tuple(dict.fromkeys(files))
    shown = tuple(_shown(path, folder) for path in kept)
    if len(kept) == 1:
        return Group(shown, kept)
    meant = {Path(each).resolve() for each in glob.glob(str(folder / star), recursive=True)}
    if meant == {path.resolve() for path in kept}:
        return Group((star,), kept)
    return Group(shown, kept)


def _shown(path: Path, folder: Path) -> str:
    """From the configuration's folder, where that is no long way round."""
    relative = os.path.relpath(path.resolve(), folder.resolve())
    return str(path.resolve()) if relative.startswith(os.path.join("..", "..")) else relative
