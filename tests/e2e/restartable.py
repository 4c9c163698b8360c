"""A `mongod` that can be stopped and started again on the same port and data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymongo import MongoClient

from tercera.demo.local_mongod import find_mongod
from tests.servers.free_port import free_port


class Restartable:
    """A replica set of one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.uri = f"mongodb://127.0.0.1:{self._port}/?replicaSet=again"

    def start(self) -> None:
        """Returns at once; a client waits for it."""
        command = [str(find_mongod()), "--replSet", "again", "--dbpath", str(self._folder)]
        command += ["--bind_ip", "127.0.0.1", "--port", str(self._port), "--nounixsocket"]
        command += ["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "16"]
        command += ["--logpath", str(self._folder / "mongod.log"), "--logappend"]
        command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        """Returns when it has ended."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def initiate(self) -> None:
        """Makes it a replica set."""
        direct = f"mongodb://127.0.0.1:{self._port}/?directConnection=true"
        with MongoClient[dict[str, object]](direct, serverSelectionTimeoutMS=60_000) as client:
            member = {"_id": 0, "host": f"127.0.0.1:{self._port}"}
            client.admin.command("replSetInitiate", {"_id": "again", "members": [member]})


@contextmanager
def restartable(folder: Path) -> Iterator[Restartable]:
    """One that runs; stopped at the end."""
    server = Restartable(folder)
    server.start()
    try:
        server.initiate()
        yield server
    finally:
        server.stop()
