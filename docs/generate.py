"""The reference pages that are made from the code: `configuration.md`, `cli.md` and `api.md`.

python docs/generate.py           # writes them
python docs/generate.py --check   # exit 1 when they are not what the code says
"""

from __future__ import annotations

import sys
from pathlib import Path

from generation.api import api_page
from generation.cli import command_page
from generation.configuration import configuration_page

REFERENCE = Path(__file__).parent / "reference"
PAGES = {"configuration.md": configuration_page, "cli.md": command_page, "api.md": api_page}


def main() -> int:
    """Writes or checks every page; gives the exit code."""
    check = "--check" in sys.argv[1:]
    stale = [name for name, page in PAGES.items() if not _brought_up_to_date(REFERENCE / name, page(), check)]
    for name in stale:
        print(f"docs/reference/{name} is not current; run: python docs/generate.py", file=sys.stderr)
    return 1 if stale else 0


def _brought_up_to_date(path: Path, text: str, check: bool) -> bool:
    if check:
        return path.exists() and path.read_text(encoding="utf-8") == text
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main())
