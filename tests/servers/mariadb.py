"""A real MariaDB for the tests of a process, or that of MARIADB_URI, and an empty database for each test.

The programs come from Debian's `mariadb-server-core` and `mariadb-client-core`, which bring no service: what
runs is what was started here. It refuses to run as root, so root starts it as nobody.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import pymysql
from sqlalchemy import URL, make_url

from tercera.demo.mailbox import HOST
from tests.servers.free_port import free_port

USER = "tercera"
PASSWORD = "s3cr3t-of-mariadb"
NOBODY = 65534
_PATIENCE = 60
"""Seconds for the server to answer, and to stop."""

_ABSENT = (
    "no MariaDB is installed here; install its programs (Debian, Ubuntu: apt-get install mariadb-server-core "
    "mariadb-client-core) or set MARIADB_URI"
)

_running = ExitStack()


class MariaDB:
    """A server of one's own over a folder, started and stopped as often as a test likes, on one port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "log"
        self._process: subprocess.Popen[Any] | None = None
        self._as_nobody: dict[str, Any] = (
            {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self.port = free_port()
        if self._as_nobody:
            os.chown(folder, NOBODY, NOBODY)
        done = subprocess.run(
            [
                _program("mariadb-install-db"), "--no-defaults", f"--datadir={folder / 'data'}",
                "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
            ],
            capture_output=True, text=True, env=_environment(), cwd=folder, timeout=_PATIENCE,
            **self._as_nobody,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed: {done.stdout}{done.stderr}")
        (folder / "first.sql").write_text(
            f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        )

    @property
    def uri(self) -> URL:
        """Of the server, without a database."""
        return URL.create("mysql", USER, PASSWORD, HOST, self.port)

    def start(self) -> Self:
        """Returns when it answers."""
        first = self._folder / "first.sql"
        # What a test writes need not outlive a power cut.
        options = {
            "datadir": self._folder / "data", "bind-address": HOST, "port": self.port,
            "socket": self._folder / "socket", "pid-file": self._folder / "pid", "skip-name-resolve": 1,
            "innodb-flush-log-at-trx-commit": 0, "innodb-buffer-pool-size": "64M",
            "innodb-log-file-size": "32M", "innodb-doublewrite": 0, "innodb-flush-method": "nosync",
            "performance-schema": 0, "max-connections": 60,
            # What a shop's server may be set to; a tally has to mean the same there.
            "sql-mode": "STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO",
            "character-set-server": "utf8mb4", "collation-server": "utf8mb4_general_ci",
            "default-time-zone": "+03:30",
        }  # fmt: skip
        if first.exists():
            options["init-file"] = first
        command = [_program("mariadbd"), "--no-defaults"]
        command += [f"--{name}={value}" for name, value in options.items()]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                start_new_session=True, env=_environment(), cwd=self._folder, **self._as_nobody,
            )  # fmt: skip
        self._wait_until_it_answers()
        first.unlink(missing_ok=True)
        return self

    def stop(self) -> None:
        """Ends its sessions first."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(_PATIENCE)
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_it_answers(self) -> None:
        """It writes one line when it does."""
        assert self._process is not None
        while b"ready for connections" not in self._log.read_bytes():
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)
                raise RuntimeError(f"mariadbd ended: {self._log.read_text(errors='replace')}")


@lru_cache(maxsize=1)
def mariadb_uri() -> URL:
    """The address of the shared server. Started when first asked for; tests fail when it can't be."""
    if uri := os.environ.get("MARIADB_URI"):
        return make_url(uri).set(drivername="mysql")
    folder = _running.enter_context(TemporaryDirectory(prefix="tercera-mariadb-"))
    atexit.register(stop)
    return _running.enter_context(MariaDB(Path(folder))).uri


@lru_cache(maxsize=1)
def shared_database() -> str:
    """The address of a database that several tests use one after the other, gone when the server is."""
    return _running.enter_context(empty_database())


@contextmanager
def empty_database() -> Iterator[str]:
    """The address of a database of one's own, gone at the end."""
    name = f"tercera_test_{uuid.uuid4().hex[:12]}"
    with connection(mariadb_uri()) as made, made.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}`")
        try:
            yield mariadb_uri().set(database=name).render_as_string(hide_password=False)
        finally:
            cursor.execute(f"DROP DATABASE `{name}`")


def connection(uri: URL | str) -> pymysql.Connection[Any]:
    """A bare connection for preparing and looking, each statement a transaction of its own."""
    url = make_url(uri)
    return pymysql.connect(
        host=url.host or HOST,
        port=url.port or 3306,
        user=url.username,
        password=url.password or "",
        database=url.database,
        charset="utf8mb4",
        autocommit=True,
        sql_mode="",
    )


def stop() -> None:
    """Stops what was started."""
    _running.close()
    for started in (mariadb_uri, shared_database):
        started.cache_clear()


def _program(name: str) -> str:
    found = shutil.which(name, path=_environment()["PATH"])
    if found is None or shutil.which("my_print_defaults") is None:
        raise RuntimeError(_ABSENT)
    return found


def _environment() -> dict[str, str]:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
