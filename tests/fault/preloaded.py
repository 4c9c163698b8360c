"""A process that has imported Tercera and nothing more, and forks one that runs a command for each line it
reads: what a kill test wants to interrupt is the run, not the second of imports before it.

    echo '{"arguments": ["run", "--once"], "folder": "…", "log": "…", "failpoints": ""}' \
        | python -m tests.fault.preloaded [MUTANT]

A mutant (of `tests.fault.mutants`) is a Tercera with a mistake in it, to prove that the suite would find it.
For each line it answers with the process id, and, once that process has ended, with its exit code (that of
`os.waitstatus_to_exitcode`: -9 after SIGKILL).
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from pathlib import Path

from tercera.failpoints import VARIABLE
from tercera.relational.shifts import steps
from tests.e2e.shop import ZONE
from tests.fault.mutants import MUTANTS

_NEEDED = (
    "alembic.command",
    "dotenv",
    "ibis.backends.duckdb",
    "pandas",  # pyarrow wants it as soon as it is there
    "pyarrow.pandas_compat",
    "pymongo",
    "rich.progress",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
    "tercera.app",
    "tercera.channels.email",
    "tercera.channels.webhook",
    "tercera.cli.main",
    "tercera.cycle",
    "tercera.sweep",
    "tercera.daemon",
    "tercera.deliver",
    "tercera.sources.files",
    "tercera.sources.mongodb",
)


def main() -> None:
    """Serves until stdin ends."""
    for name in _NEEDED:
        importlib.import_module(name)
    steps("UTC", ZONE)  # what each run would work out again
    for name in sys.argv[1:]:
        MUTANTS[name]()
    gc.freeze()
    assert _threads() <= {"python", "jemalloc_bg_thd"}, "a thread would not survive the fork"
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ[VARIABLE] = order["failpoints"]
            _become(order["arguments"], order["folder"], order["log"])
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _threads() -> set[str]:
    """By name. That of jemalloc knows of forks and starts anew."""
    return {path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")}


def _become(arguments: list[str], folder: str, log: str) -> None:
    os.chdir(folder)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    sys.argv = ["tercera", *arguments]
    from tercera.cli.main import main as tercera

    code: object = 0
    try:
        tercera()
    except SystemExit as end:
        code = end.code
    os._exit(code if isinstance(code, int) else 1 if code else 0)


if __name__ == "__main__":
    main()
