"""Where the dashboard listens."""

from __future__ import annotations

import pytest

from tercera.config.web import WebSettings
from tercera.errors import ConfigError
from tercera.web.server import PortTakenError, listening_socket


def test_a_port_that_is_taken() -> None:
    """Says which, and lets go of what it had opened: a warning about that would fail this test."""
    with listening_socket(WebSettings(port=0), 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port}"):
            listening_socket(WebSettings(port=port), 0)


def test_beyond_this_machine_it_takes_users() -> None:
    """Refused with the way out while nobody could log in."""
    with pytest.raises(ConfigError, match="tercera users add"):
        listening_socket(WebSettings(host="0.0.0.0", port=0), 0)
    listening_socket(WebSettings(host="0.0.0.0", port=0), 1).close()
