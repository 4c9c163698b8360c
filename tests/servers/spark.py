"""Real Sparks for the tests of a process: a session in a JVM of its own, and a Connect server with a cluster.

Both are started from the wheel `pyspark`, when first asked for, and need a Java of 17 or newer; nothing is
fetched. Everything listens on loopback. The Connect server's executors are processes of their own
(`local-cluster`), so that what is only known to the driver is not known to them. SPARK_REMOTE names another
Connect server.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pyspark
from pyspark import SparkConf
from pyspark.sql import SparkSession
from pyspark.sql.connect.session import SparkSession as RemoteSession

from tercera.demo.mailbox import HOST
from tests.servers.free_port import free_port

CLUSTER = "local-cluster[2,1,1024]"
"""Two executors with a core and a gigabyte (the least that Spark gives one)."""

_PATIENCE = 120
"""Seconds for a server to answer, and to stop."""

_ABSENT = (
    "Spark needs a Java of 17 or newer, and none is installed here; install one "
    "(Debian, Ubuntu: apt-get install default-jre-headless)"
)

# A JVM that starts fast and needs little; the session's time zone is not the one that tests expect.
_JAVA = (
    "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss4m -Duser.timezone=Asia/Tehran "
    "-Djava.net.preferIPv4Stack=true"
)
_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": _JAVA,
    "spark.executor.extraJavaOptions": _JAVA,
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.session.timeZone": "America/New_York",
    "spark.sql.shuffle.partitions": "2",
    "spark.log.level": "ERROR",
}

_running = ExitStack()


@lru_cache(maxsize=1)
def session() -> SparkSession:
    """The classic session of this process: driver and executor in one JVM."""
    folder = _folder()
    os.environ.update(_environment(folder))
    settings = {**_SETTINGS, "spark.master": "local[2]", "spark.sql.warehouse.dir": str(folder / "warehouse")}
    made = SparkSession.builder.config(conf=SparkConf().setAll(list(settings.items()))).getOrCreate()
    _running.callback(_end, made)
    return made


@lru_cache(maxsize=2)
def connect_uri(master: str = CLUSTER) -> str:
    """The address (`sc://…`) of a Connect server, started when first asked for."""
    if uri := os.environ.get("SPARK_REMOTE"):
        return uri
    folder, port = _folder(), free_port()
    settings = {
        **_SETTINGS,
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.connect.grpc.binding.address": HOST,
        "spark.connect.grpc.binding.port": str(port),
    }
    home = Path(pyspark.__file__).parent
    command = [str(home / "bin" / "spark-submit"), "--master", master]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
            env={**os.environ, **_environment(folder)},
        )  # fmt: skip
    _running.callback(_stop, process)
    with grpc.insecure_channel(f"{HOST}:{port}") as channel:
        answers = grpc.channel_ready_future(channel)
        while True:
            with suppress(grpc.FutureTimeoutError):
                answers.result(1)
                return f"sc://{HOST}:{port}"
            if process.poll() is not None:
                raise RuntimeError(f"Spark Connect ended: {(folder / 'log').read_text(errors='replace')}")


@lru_cache(maxsize=1)
def connect_session() -> Any:
    """A session of the Connect server, for preparing and looking. It ends before the server does."""
    made = RemoteSession.builder.remote(connect_uri()).create()
    _running.callback(made.stop)
    return made


def stop() -> None:
    """Stops what was started."""
    _running.close()
    for started in (session, connect_uri, connect_session):
        started.cache_clear()


def _folder() -> Path:
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise RuntimeError(_ABSENT)
    atexit.register(stop)
    return Path(
        _running.enter_context(TemporaryDirectory(prefix="tercera-spark-", ignore_cleanup_errors=True))
    )


def _environment(folder: Path) -> dict[str, str]:
    return {
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_LOG_DIR": str(folder),
    }


def _end(session: SparkSession) -> None:
    """The session's JVM, too: it lives as long as its input is open."""
    gateway: Any = session.sparkContext._gateway
    session.stop()
    process: subprocess.Popen[Any] = gateway.proc
    gateway.shutdown()
    assert process.stdin is not None
    process.stdin.close()
    process.wait(_PATIENCE)


def _stop(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    process.wait(_PATIENCE)
