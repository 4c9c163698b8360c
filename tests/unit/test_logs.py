"""What the log of the daemon and the server never tells."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from tercera.cli.logs import log_to_stderr


class Terminal(io.StringIO):
    """A terminal, for who asks."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture
def _as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.usefixtures("_as_before")
@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_values_of_variables_are_not_in_tracebacks(
    stream: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on a terminal nor elsewhere: a key is a variable of whoever checks it."""
    written = stream()
    monkeypatch.setattr(sys, "stderr", written)
    log_to_stderr()
    authorization = "Bearer " + "tercera_" + "secret" * 4
    try:
        raise RuntimeError("a defect")
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    assert "a defect" in written.getvalue()
    assert authorization not in written.getvalue()
