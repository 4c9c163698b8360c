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
import json
import os
import sys
from typing import NoReturn

from tercera.failpoints import VARIABLE
from tercera.relational.expressions.shifts import steps
from tests.e2e.preloaded import be_tercera, load
from tests.e2e.shop import ZONE
from tests.fault.mutants import MUTANTS


def main() -> None:
    """Serves until stdin ends."""
    load()
    steps("UTC", ZONE)  # what each run would work out again
    for name in sys.argv[1:]:
        MUTANTS[name]()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ[VARIABLE] = order["failpoints"]
            _become(order["arguments"], order["folder"], order["log"])
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(arguments: list[str], folder: str, log: str) -> NoReturn:
    os.chdir(folder)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    sys.argv = ["tercera", *arguments]
    be_tercera()


if __name__ == "__main__":
    main()
