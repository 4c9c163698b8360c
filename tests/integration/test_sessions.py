"""The ways to the channels, kept open from one delivery to the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tercera.deliver import Sessions
from tercera.ledger import Ledger, open_ledger
from tercera.messages import NoticeState
from tests.integration.ledger_changes import commit, ledger_kept_by, opened
from tests.integration.post import Post, mail
from tests.servers.smtp import Security, SmtpServer

SENT_ONE = {NoticeState.SENT: 1}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """On SQLite."""
    with ledger_kept_by("sqlite", tmp_path) as address, open_ledger(address) as made:
        yield made


def test_what_stays_open_is_used_again(ledger: Ledger, tmp_path: Path) -> None:
    """Until it is closed; then the next mail opens it anew."""
    with SmtpServer(tmp_path, security=Security.NONE, login=False) as server:
        channels = {"customer": mail(server.port)}
        with Sessions(channels, 8) as sessions:
            post = Post(ledger, channels, sessions=sessions)
            for name, connections in (("ana", 1), ("bea", 1), ("eva", 2)):
                commit(ledger, opened(name))
                assert post.deliver() == SENT_ONE
                assert server.connections == connections
                if name == "bea":
                    sessions.close()


def test_a_server_that_ended_it_meanwhile_is_greeted_again(ledger: Ledger, tmp_path: Path) -> None:
    """The mail goes out at once, and once."""
    with SmtpServer(tmp_path, security=Security.NONE, login=False, per_connection=1) as server:
        channels = {"customer": mail(server.port)}
        with Sessions(channels, 8) as sessions:
            post = Post(ledger, channels, sessions=sessions)
            for name in ("ana", "bea"):
                commit(ledger, opened(name))
                assert post.deliver() == SENT_ONE
        assert [each.recipient for each in server.accepted] == ["ana@example.com", "bea@example.com"]


def test_a_channel_that_could_not_be_opened_is_tried_again(ledger: Ledger, tmp_path: Path) -> None:
    """What was wrong with it may have been put right since: here its file of authorities is there."""
    authority = tmp_path / "authority.pem"
    with SmtpServer(tmp_path) as server:
        encrypted = {"security": "starttls", "ca_file": str(authority)}
        login = {"host": "localhost", "port": server.port, "username": "tercera", "timeout": 5}
        sender = {"sender": "a@shop.example", "password": "correct horse battery"}
        channels = {"customer": mail(server.port, server=encrypted | login | sender)}
        with Sessions(channels, 8) as sessions:
            post = Post(ledger, channels, sessions=sessions)
            commit(ledger, opened("ana"))
            assert post.deliver() == {NoticeState.PENDING: 1}
            assert server.ca_file
            authority.write_bytes(server.ca_file.read_bytes())
            assert post.deliver(post.policy.longest_probe_pause) == SENT_ONE
