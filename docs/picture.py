"""`docs/images/demo.svg`: what `tercera demo` prints, as a picture, made by `python docs/picture.py`.

Its dates are those of the day on which it was made.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

PICTURE = Path(__file__).parent / "images" / "demo.svg"
WIDTH = 124
SHOWN = 13
"""Lines of the replay; one with each kind of change is among them."""

_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Runs the demo and draws the interesting part of it."""
    lines = _demo().splitlines()
    end = next(place for place, line in enumerate(lines) if "The year is over" in line)
    story = [line for line in lines[1:end] if line.strip()]
    first = max(0, next(place for place, line in enumerate(story) if "retracted" in line) - SHOWN + 2)
    chosen = [lines[0], "…", *story[first : first + SHOWN], "…", *lines[end:]]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print("[bold]$ make demo[/bold]")
    for line in chosen:
        console.print(Text.from_ansi(line), soft_wrap=True)
    drawn = console.export_svg(title="make demo", theme=SVG_EXPORT_THEME)
    PICTURE.parent.mkdir(exist_ok=True)
    # The fonts would be fetched from elsewhere; any monospaced one will do.
    PICTURE.write_text(_FONTS.sub("", drawn), encoding="utf-8")


def _demo() -> str:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tercera", "demo", "--once"],
            cwd=folder,
            env={**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stdout


if __name__ == "__main__":
    main()
