"""Files that arrive, grow, are replaced or go mark whom they are about, and no others are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tercera.errors import SourceError
from tercera.relational.following.arrivals import MOST, Arrivals, Row
from tercera.tally.changes import Batch


class Folder:
    """Files of one name a line, and which of them were read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read: list[str] = []
        self.changes = self.followed(None)
        self.position = self.changes.take(0).position

    def followed(self, after: str | None) -> Arrivals:
        """Its changes."""
        return Arrivals(
            "orders/*.txt", lambda: sorted(self.path.glob("*.txt")), self._rows, ["customer"], 0, after
        )

    def write(self, name: str, *lines: str) -> None:
        """A file, whole."""
        (self.path / f"{name}.txt").write_text("\n".join(lines))

    def told(self, changes: Arrivals | None = None) -> Batch:
        """The next batch."""
        self.read.clear()
        return (changes or self.changes).take(0)

    def _rows(self, path: Path, most: int) -> list[Row]:
        self.read.append(path.stem)
        rows: list[Row] = [(line,) for line in dict.fromkeys(path.read_text().split())]
        return rows[:most]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """With one file."""
    (tmp_path / "may.txt").write_text("old")
    return Folder(tmp_path)


def subjects(batch: Batch) -> set[str]:
    """The customers of a batch."""
    return set(batch.subjects.get("customer", ()))


def test_only_what_arrived_is_read(folder: Folder) -> None:
    """Once; it can't take anything from anybody."""
    folder.write("june", "ana", "bea")
    batch = folder.told()
    assert (subjects(batch), batch.untold, folder.read) == ({"ana", "bea"}, 0, ["june"])
    assert folder.told().is_empty
    assert folder.read == []


def test_what_a_replaced_file_said_is_told_when_it_was_read_before(folder: Folder) -> None:
    """Else only a sweep can tell."""
    folder.write("may", "eva")
    batch = folder.told()
    assert (subjects(batch), batch.untold) == ({"eva"}, 1)
    folder.write("may", "ida")
    batch = folder.told()
    assert (subjects(batch), batch.untold) == ({"eva", "ida"}, 0)


def test_a_file_that_goes_is_told_of(folder: Folder) -> None:
    """By name, where it was read before."""
    folder.write("june", "ana")
    folder.told()
    for name, expected in (("june", ({"ana"}, 0)), ("may", (set(), 1))):
        (folder.path / f"{name}.txt").unlink()
        batch = folder.told()
        assert (subjects(batch), batch.untold) == expected


def test_a_file_of_very_many_is_left_to_a_sweep(folder: Folder) -> None:
    """Everybody would have to be looked at."""
    folder.write("june", *(f"c{number}" for number in range(MOST + 1)))
    batch = folder.told()
    assert (subjects(batch), batch.untold) == (set(), 1)


def test_what_changed_while_nobody_looked_is_told(folder: Folder) -> None:
    """From the position on, and nothing else; also of a file with an old date that was moved here."""
    assert folder.told(folder.followed(folder.position)).is_empty
    folder.write("june", "ana")
    changes = folder.followed(folder.position)
    batch = folder.told(changes)
    assert (subjects(batch), folder.read) == ({"ana"}, ["june"])
    assert batch.position is not None
    assert folder.told(folder.followed(batch.position)).is_empty


def test_files_that_can_not_be_looked_at_are_an_error(folder: Folder) -> None:
    """Which passes, and is tried again."""
    (folder.path / "broken.txt").symlink_to(folder.path / "nowhere")
    with pytest.raises(SourceError, match="can't be looked at"):
        folder.told()
