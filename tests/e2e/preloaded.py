"""A process that has imported Tercera and forks one that runs a command for each order that it gets: a test
of what commands do need not wait a second for each to read the same libraries again.

Such a command is a whole process: a folder, an environment, streams, signals, an end and an exit code of its
own. What it has not is an interpreter that has imported nothing yet, which daemons of the tests have, and the
commands of the tutorial, of `test_cli` and of `test_whole_process`.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

import tercera

LIBRARIES = (
    "alembic.command",
    "dotenv",
    "ibis.backends.duckdb",
    "pandas",  # pyarrow wants it as soon as it is there
    "pyarrow.pandas_compat",
    "pymongo",
    "rich.progress",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
)

_LONGEST_ORDER = 1 << 17
_DO_SOMETHING = ("tercera.__main__", "tercera.ledger.migrations.")
"""Modules that do something when they are imported."""


def load() -> None:
    """Imports what commands import. A thread would not survive the fork, so there is none."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(tercera.__path__, "tercera."):
        if not module.name.startswith(_DO_SOMETHING):
            importlib.import_module(module.name)
    threads = {path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")}
    # That of jemalloc knows of forks and starts anew.
    assert threads <= {"python", "jemalloc_bg_thd"}, f"would not survive the fork: {threads}"
    gc.freeze()  # what is here stays, and is looked through by nobody


class Forks:
    """The preloaded process, as those see it that give orders. May be used by several threads."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._orders, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its_end:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.preloaded", str(its_end.fileno())],
                cwd=Path(__file__).parents[2],
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[its_end.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, as `subprocess.run` does."""
        order = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        with TemporaryFile() as out, TemporaryFile() as err:
            code = self._code(json.dumps(order).encode(), out, err, timeout)
            for stream in (out, err):
                stream.seek(0)
            return subprocess.CompletedProcess(arguments, code, out.read().decode(), err.read().decode())

    def _code(self, order: bytes, out: IO[bytes], err: IO[bytes], timeout: float) -> int:
        ours, its = socket.socketpair()
        with ours:
            with its:
                socket.send_fds(self._orders, [order], [out.fileno(), err.fileno(), its.fileno()])
            ours.settimeout(timeout)
            with ours.makefile("r") as answer:
                pid = int(answer.readline())
                try:
                    return int(answer.readline())
                except TimeoutError:
                    os.kill(pid, signal.SIGKILL)
                    raise

    def close(self) -> None:
        """It ends; commands go on to their end."""
        self._orders.close()
        self._process.wait()


_ONE_AT_A_TIME = threading.Lock()


@lru_cache(maxsize=1)
def _shared() -> Forks:
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))
    }
    return Forks({**inherited, "PYTHONWARNINGS": "error"})


def shared() -> Forks:
    """The one of this process, started when first asked for."""
    with _ONE_AT_A_TIME:
        return _shared()


def stop() -> None:
    """Ends what was started."""
    if _shared.cache_info().currsize:
        _shared().close()
        _shared.cache_clear()


def _serve(orders: socket.socket) -> None:
    """Returns in each process that is to be a command, and ends when nobody can give orders any more."""
    while True:
        order, streams, _, _ = socket.recv_fds(orders, _LONGEST_ORDER, 3)
        if not order:
            os._exit(0)
        if os.fork() == 0:
            orders.close()
            return _fork(json.loads(order), *streams)
        for stream in streams:
            os.close(stream)
        _bury()


def _bury() -> None:
    """Those that have told an exit code have ended, too."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork(order: Mapping[str, Any], out: int, err: int, answer: int) -> None:
    """One process waits for the other, and tells its id and its exit code; it returns in the other."""
    child = os.fork()
    if child == 0:
        os.close(answer)
        return _become(order, out, err)
    os.write(answer, f"{child}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(answer, f"{code}\n".encode())
    os._exit(0)


def _become(order: Mapping[str, Any], out: int, err: int) -> None:
    for number, stream in ((1, out), (2, err)):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    sys.argv = ["tercera", *order["arguments"]]


def be_tercera() -> NoReturn:
    """Runs the command of `sys.argv` to its end, and ends as an interpreter does, only that it does not take
    apart what was imported: that takes longer than most commands."""
    from tercera.cli.main import main

    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter calls at its end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)


if __name__ == "__main__":
    load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    be_tercera()
