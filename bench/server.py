"""The MongoDB that is measured: `MONGODB_URI`, or a server of one's own over `bench/data`."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import MongoClient

from bench.processes import DATA
from tercera.demo.local_mongod import find_mongod, running_mongod

CACHE_GB = 1.0


@contextmanager
def kept_server() -> Iterator[str]:
    """A server whose collections are there again the next time: ten million orders take minutes to load."""
    if uri := os.environ.get("MONGODB_URI"):
        yield uri
        return
    folder = DATA / "mongod"
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = [str(find_mongod()), "--dbpath", str(folder), "--bind_ip", "127.0.0.1", "--port", str(port)]
    command += ["--nounixsocket", "--wiredTigerCacheSizeGB", str(CACHE_GB)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    uri = f"mongodb://127.0.0.1:{port}/"
    try:
        with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=60_000) as client:
            client.admin.command("ping")
        yield uri
    finally:
        process.terminate()
        process.wait(120)


@contextmanager
def fresh_server() -> Iterator[str]:
    """An empty replica set, as one that runs a shop is one; gone at the end."""
    if uri := os.environ.get("MONGODB_URI"):
        yield uri
        return
    with (
        TemporaryDirectory() as folder,
        running_mongod(Path(folder), authentication=False, cache_gb=CACHE_GB) as uri,
    ):
        yield uri


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
