"""The log channel: lines that can't be forged, torn or mixed, in files and on standard streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tercera.channels.log import LogChannel, Settings, open_channel
from tercera.errors import DeliveryError
from tests.samples import make_message

WRITER = """
from tercera.channels.log import Settings, open_channel
from tests.samples import make_message
with open_channel(Settings(to={to!r})).session() as session:
    for number in range(50):
        session.send(make_message(key=f"{name}-{{number}}"))
"""


def log(path: Path | str) -> LogChannel:
    """A channel that writes there."""
    return open_channel(Settings.model_validate({"to": path}))


def keys(text: str) -> list[str]:
    """Of every line; each of them must be whole."""
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_many_writers_do_not_mix(tmp_path: Path) -> None:
    """Threads of one process, and several processes."""
    path = tmp_path / "alerts.jsonl"
    code = [WRITER.format(to=str(path), name=name) for name in ("one", "other")]
    processes = [subprocess.Popen([sys.executable, "-c", each]) for each in code]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: log(path).send(make_message(key=f"thread-{key}")), range(50)))
    assert [process.wait(60) for process in processes] == [0, 0]
    expected = {f"{name}-{number}" for name in ("one", "other", "thread") for number in range(50)}
    assert sorted(keys(path.read_text("ascii"))) == sorted(expected)


def test_a_torn_line_is_ended(tmp_path: Path) -> None:
    """What a kill or a full disk cut off spoils no later line."""
    path = tmp_path / "alerts.jsonl"
    path.write_text('{"type":"alert.op', "ascii")
    log(path).send(make_message(key="next"))
    torn, whole = path.read_text("ascii").splitlines()
    assert (torn, keys(whole)) == ('{"type":"alert.op', ["next"])


def test_a_rotated_file_goes_on(tmp_path: Path) -> None:
    """In the same session, without a signal."""
    path = tmp_path / "alerts.jsonl"
    with log(path).session() as session:
        session.send(make_message(key="one"))
        path.rename(tmp_path / "alerts.jsonl.1")
        session.send(make_message(key="two"))
    assert keys(path.read_text("ascii")) == ["two"]


def test_others_may_not_read_it(tmp_path: Path) -> None:
    """It holds names and addresses."""
    log(tmp_path / "alerts.jsonl").send(make_message())
    assert (tmp_path / "alerts.jsonl").stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_standard_streams(stream: str) -> None:
    """Whole lines, and nothing else."""
    command = [sys.executable, "-c", WRITER.format(to=stream, name="k")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert keys(getattr(done, stream)) == [f"k-{number}" for number in range(50)]
    assert "\n" not in log(stream).check()


def test_what_is_no_ordinary_file(tmp_path: Path) -> None:
    """A pipe, a device or a folder could not say that a line is safe; nothing is written."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null"), tmp_path):
        with pytest.raises(DeliveryError, match="check the path") as caught:
            log(path).send(make_message())
        assert (caught.value.permanent, caught.value.code) == (False, None)
        with pytest.raises(DeliveryError, match="check the path"):
            log(path).check()


def test_a_reader_that_has_gone() -> None:
    """A closed pipe on stdout is an outage, not the end of the process."""
    code = (
        "import os, sys\nfrom tercera.channels.log import Settings, open_channel\n"
        "from tercera.errors import DeliveryError\nfrom tests.samples import make_message\n"
        "read, write = os.pipe()\nos.close(read)\nos.dup2(write, 1)\n"
        "try:\n    open_channel(Settings(to='stdout')).send(make_message())\n"
        "except DeliveryError as error:\n    print(error.permanent, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=True)
    assert done.stderr == "False\n"
