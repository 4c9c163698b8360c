"""Three real `mongod` on loopback that elect a primary, any of which can be killed and started again."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from tercera.demo.local_mongod import find_mongod
from tercera.demo.mailbox import HOST
from tests.servers.free_port import free_port

_NAME = "three"
_PATIENCE = 60


class ReplicaSet:
    """Members that hear of each other every second, so that an election takes two or three."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ports = [free_port() for _ in range(3)]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        hosts = ",".join(f"{HOST}:{port}" for port in self.ports)
        self.uri = f"mongodb://{hosts}/?replicaSet={_NAME}&w=majority"
        self.client: MongoClient[dict[str, Any]]

    def start(self, port: int) -> None:
        """Starts a member over what it had; returns at once."""
        data = self._folder / str(port)
        data.mkdir(exist_ok=True)
        command = [str(find_mongod()), "--replSet", _NAME, "--dbpath", str(data), "--nounixsocket"]
        command += ["--bind_ip", HOST, "--port", str(port), "--wiredTigerCacheSizeGB", "0.25"]
        command += ["--oplogSize", "16", "--logpath", str(data / "log"), "--logappend"]
        command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        self._processes[port] = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def kill_primary(self) -> int:
        """With -9, without a word to the others; gives its port."""
        port = self.primary()
        process = self._processes.pop(port)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return port

    def primary(self) -> int:
        """The port of whoever is it now."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            self.client.admin.command("ping")  # waits until somebody is elected
            if (found := self.client.primary) is not None and found[1] in self._processes:
                return int(found[1])
            assert time.monotonic() < deadline, "nobody is elected"
            time.sleep(0.05)

    def _initiate(self) -> None:
        members = [{"_id": number, "host": f"{HOST}:{port}"} for number, port in enumerate(self.ports)]
        for port in self.ports[1:]:
            with self._directly(port) as client:
                client.admin.command("ping")
        settings = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 300}
        with self._directly(self.ports[0]) as client:
            client.admin.command("replSetInitiate", {"_id": _NAME, "members": members, "settings": settings})

    def _directly(self, port: int) -> MongoClient[dict[str, Any]]:
        direct = f"mongodb://{HOST}:{port}/?directConnection=true"
        return MongoClient(direct, serverSelectionTimeoutMS=_PATIENCE * 1000)

    def __enter__(self) -> ReplicaSet:
        for port in self.ports:
            self.start(port)
        self._initiate()
        self.client = MongoClient[dict[str, Any]](self.uri, serverSelectionTimeoutMS=_PATIENCE * 1000)
        self.primary()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        for process in self._processes.values():
            process.kill()
            process.wait()
