"""`tercera` as its users start it: a process of its own, with a folder, an environment and an exit code."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import preloaded

_PATIENCE = 60
"""Seconds after which a log line that does not come, or a daemon that does not end, fails the test."""


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """The lines on stderr."""
        return self.err.splitlines()


class Tercera:
    """Commands in one folder. `environment` is added to a clean one. A command that runs to its end comes
    from the preloaded process, unless each is to have a `fresh` interpreter."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str] | None = None, *, fresh: bool = False
    ) -> None:
        self.folder = folder
        self._fresh = fresh
        own = ("TERCERA_", "MONGODB_URI", "COV_", "PYTEST_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        self.environment = {**inherited, "PYTHONWARNINGS": "error", **(environment or {})}

    def configure(self, configuration: Mapping[str, Any], name: str = "tercera.yaml") -> Path:
        """Writes a configuration."""
        path = self.folder / name
        path.write_text(yaml.safe_dump(dict(configuration), sort_keys=False), encoding="utf-8")
        return path

    def run(self, *arguments: str, code: int | None = 0) -> Answer:
        """Runs a command to its end. No command ever shows a traceback."""
        done = self._done(arguments)
        answer = Answer(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in answer.out + answer.err, answer.err
        assert code is None or answer.code == code, f"{arguments} ended with {answer}"
        return answer

    def json(self, *arguments: str, code: int | None = 0) -> dict[str, Any]:
        """Runs a command with --json: stdout is one JSON object, and nothing else."""
        answer = self.run(*arguments, "--json", code=code)
        assert answer.out.count("\n") == 1, answer
        found = json.loads(answer.out)
        assert isinstance(found, dict)
        return found

    def rejected(self, *arguments: str, code: int) -> list[str]:
        """Runs a command that fails as it should: nothing on stdout; gives the lines on stderr."""
        answer = self.run(*arguments, code=code)
        assert answer.out == ""
        return answer.complaints

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Running]:
        """Starts a command that goes on; whatever happens, it has ended afterwards."""
        process = subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        running = Running(process)
        try:
            yield running
        finally:
            process.kill()
            running.ended()

    def _done(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        timeout = _PATIENCE * 4
        if not self._fresh:
            return preloaded.shared().run(arguments, self.folder, self.environment, timeout)
        return subprocess.run(
            self._command(arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=timeout,
        )  # fmt: skip

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "tercera", *arguments]


class Running:
    """A daemon and the log that it writes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._fresh: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self.process.pid

    def event(self, name: str) -> dict[str, Any]:
        """Waits for the next log line of this event, and gives it."""
        while True:
            try:
                line = self._fresh.get(timeout=_PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {name!r} in the log: {self.lines}") from None
            assert line is not None, f"ended with {self.process.wait()} before {name!r}: {self.lines}"
            assert line.startswith("{"), f"no JSON in the log: {self.lines}"
            found: dict[str, Any] = json.loads(line)
            assert found["level"] != "error", found
            if found["event"] == name:
                return found

    def ended(self) -> int:
        """Waits for its end; gives the exit code."""
        code = self.process.wait(_PATIENCE)
        self._reader.join()
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as log:
            for line in log:
                self.lines.append(line)
                self._fresh.put(line)
        self._fresh.put(None)
