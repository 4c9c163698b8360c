"""A channel whose other side is away is left alone, probed and taken up again: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tercera.ledger import Ledger, open_ledger
from tercera.messages import NoticeState
from tests.integration.ledger_changes import (
    ENGINES,
    commit,
    escalated,
    ledger_kept_by,
    opened,
    retracted,
    to_operations,
)
from tests.integration.post import NOW, Post, hook, mail, nobody
from tests.servers.http import Act as WebAct
from tests.servers.http import WebServer
from tests.servers.smtp import Act, Security, SmtpServer

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NAMES = ("ana", "bea", "eva", "ida", "lea", "mia")


@pytest.fixture
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """On SQLite, unless a test is for both."""
    kept = ledger_kept_by(getattr(request, "param", "sqlite"), tmp_path)
    with kept as address, open_ledger(address) as made:
        yield made


both_engines = pytest.mark.parametrize("ledger", ENGINES, indirect=True)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmtpServer]:
    with SmtpServer(tmp_path, security=Security.NONE, login=False) as running:
        yield running


def received(server: SmtpServer) -> list[str]:
    """The names of those who got mails, in the order of arrival."""
    return [mail.recipient.partition("@")[0] for mail in server.accepted]


def login(port: int) -> dict[str, object]:
    """Settings of a server that is asked for a login which it does not offer."""
    place = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5}
    return {**place, "sender": "a@shop.example", "username": "u", "password": "p"}


@both_engines
def test_an_outage_pauses_the_channel_and_counts_against_nobody(ledger: Ledger, server: SmtpServer) -> None:
    """Nothing is tried before the pause is over; then one message goes first, and the others follow it, each
    thread in its order, without an attempt more than that of the delivery."""
    commit(ledger, *(opened(name) for name in NAMES))
    commit(ledger, escalated("ana"))
    post = Post(ledger, {"customer": nobody()}, connections=8)
    assert set(post.deliver()) == {NoticeState.PENDING}
    circuit = ledger.channels.circuits()["customer"]
    assert (circuit.failures, circuit.opened_at, circuit.retry_at) == (1, NOW, NOW + 30 * SECOND)
    assert "nobody listens there" in circuit.words
    assert post.attempts() == 0
    assert [each.receipts for each in ledger.post.deliveries() if each.receipts] == []

    post = Post(ledger, {"customer": mail(server.port)}, connections=8)  # as after a restart
    assert post.deliver(29 * SECOND) == {}
    assert server.connections == 0
    assert post.deliver(1 * SECOND) == {NoticeState.SENT: 7}
    assert ledger.channels.circuits() == {}
    assert sorted(received(server)) == sorted([*NAMES, "ana"])
    assert post.attempts() == 7
    one, two = (each.mail for each in server.accepted if each.recipient == "ana@example.com")
    assert two["In-Reply-To"] == one["Message-ID"]


@both_engines
def test_pauses_grow_while_the_other_side_stays_away(ledger: Ledger) -> None:
    """Each failed probe doubles the pause, up to the longest; it is told of once."""
    commit(ledger, *(opened(name) for name in NAMES))
    post = Post(ledger, {"customer": nobody()})
    pauses = []
    for _ in range(8):
        post.deliver()
        pauses.append(ledger.channels.circuits()["customer"].retry_at - post.now)
        post.now += pauses[-1]
    assert [pause / SECOND for pause in pauses] == [30, 60, 120, 240, 480, 900, 900, 900]
    assert [channel for channel, away in post.told if away] == ["customer"]
    assert post.attempts() == 0


def test_other_channels_go_on(ledger: Ledger, server: SmtpServer) -> None:
    """In the same call."""
    commit(ledger, *(opened(name) for name in NAMES))
    commit(ledger, *(escalated(name, to_operations()) for name in NAMES))
    channels = {"customer": nobody(), "operations": mail(server.port, to=["ops@example.com"])}
    post = Post(ledger, channels)
    assert post.deliver()[NoticeState.SENT] == 6
    assert set(ledger.channels.circuits()) == {"customer"}


def test_a_probe_is_one_message(ledger: Ledger, server: SmtpServer) -> None:
    """As long as nobody is there, each pause ends with a single attempt."""
    commit(ledger, *(opened(name) for name in NAMES))
    Post(ledger, {"customer": nobody()}, connections=8).deliver()
    post = Post(ledger, {"customer": mail(server.port, server=login(server.port))}, connections=8)
    assert post.deliver(30 * SECOND) == {NoticeState.PENDING: 1}
    assert server.connections == 1
    assert "refused the login" in ledger.channels.circuits()["customer"].words


def test_a_server_that_is_going_down_is_an_outage(ledger: Ledger, server: SmtpServer) -> None:
    """Its 421 counts against nobody: the probe has a second message, which is told the same."""
    for name in NAMES:
        server.answer(f"{name}@example.com", "421 4.3.2 going down", at="RCPT")
    commit(ledger, *(opened(name) for name in NAMES))
    post = Post(ledger, {"customer": mail(server.port)})
    assert post.deliver() == {NoticeState.PENDING: 2}
    assert post.deliver(30 * SECOND) == {NoticeState.PENDING: 2}
    assert "421 4.3.2 going down" in ledger.channels.circuits()["customer"].words
    assert post.attempts() == 0


@both_engines
def test_a_second_instance_leaves_the_probe_to_the_first(ledger: Ledger) -> None:
    """And the channel alone meanwhile, also should the first one die."""
    commit(ledger, opened("ana"))
    Post(ledger, {"customer": nobody()}).deliver()
    circuit = ledger.channels.circuits()["customer"]
    assert ledger.channels.begin_probe(circuit, NOW + MINUTE)
    assert not ledger.channels.begin_probe(circuit, NOW + MINUTE)
    assert Post(ledger, {"customer": nobody()}).deliver(45 * SECOND) == {}
    assert Post(ledger, {"customer": nobody()}).deliver(60 * SECOND) == {NoticeState.PENDING: 1}


def test_a_probe_waits_for_something_to_send(ledger: Ledger, server: SmtpServer) -> None:
    """A pause that is over with nothing due stays over: the next message is the probe."""
    ledger.channels.open_circuit("customer", NOW, NOW + 30 * SECOND, "nobody listens there")
    post = Post(ledger, {"customer": mail(server.port)}, now=NOW + MINUTE)
    assert post.deliver() == {}
    commit(ledger, opened("ana"))
    assert post.deliver() == {NoticeState.SENT: 1}
    assert post.told == [("customer", None)]


def test_a_mail_that_the_server_chokes_on_does_not_stop_the_others(
    ledger: Ledger, server: SmtpServer
) -> None:
    """The others go out in the same call. The mail may have arrived, so it counts as tried."""
    server.answer("bea@example.com", Act.DROP_IN_DATA, at="DATA")
    commit(ledger, *(opened(name) for name in NAMES))
    post = Post(ledger, {"customer": mail(server.port)})
    assert post.deliver() == {NoticeState.SENT: 5, NoticeState.PENDING: 1}
    assert ledger.channels.circuits() == {}
    (waiting,) = ledger.post.deliveries(NoticeState.PENDING)
    assert (waiting.recipient, waiting.attempts, waiting.due_at) == ("bea@example.com", 1, NOW + 30 * SECOND)
    assert "ended the connection" in str(waiting.words)


def test_mails_that_all_servers_choke_on_do_not_stop_the_others_for_ever(
    ledger: Ledger, server: SmtpServer
) -> None:
    """Two of them at the front look like an outage. The probes after it are others."""
    for name in ("ana", "bea"):
        server.answer(f"{name}@example.com", Act.DROP_IN_DATA, at="DATA")
    commit(ledger, *(opened(name) for name in NAMES))
    post = Post(ledger, {"customer": mail(server.port)})
    assert post.deliver() == {NoticeState.PENDING: 2}
    assert post.deliver(30 * SECOND)[NoticeState.SENT] == 4


@both_engines
def test_a_gateway_without_a_program_behind_it_is_an_outage(ledger: Ledger) -> None:
    """Two messages with a 503 make one; they count as untried, and go behind the others."""
    with WebServer() as server:
        commit(ledger, *(opened(name) for name in NAMES))
        post = Post(ledger, {"customer": hook(server.port)})
        server.answer(503)
        server.answer(503)
        assert post.deliver() == {NoticeState.PENDING: 2}
        assert post.attempts() == 0
        assert "503" in ledger.channels.circuits()["customer"].words
        assert post.deliver(30 * SECOND) == {NoticeState.SENT: 6}
        keys = [request.headers["webhook-id"] for request in server.seen]
        assert set(keys[:2]) == set(keys[6:])  # those that failed came last
    assert post.attempts() == 6


def test_a_message_that_breaks_the_program_is_its_own_fault(ledger: Ledger) -> None:
    """One 502 between messages that are taken is no outage: it counts against the message."""
    with WebServer() as server:
        commit(ledger, *(opened(name) for name in NAMES))
        server.answer(200)
        server.answer(502, "upstream died")
        post = Post(ledger, {"customer": hook(server.port)})
        assert post.deliver() == {NoticeState.SENT: 5, NoticeState.PENDING: 1}
    (waiting,) = ledger.post.deliveries(NoticeState.PENDING)
    assert (waiting.recipient, waiting.receipts[0].code) == ("bea@example.com", 502)
    assert "upstream died" in waiting.receipts[0].words


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_kept(ledger: Ledger, status: int) -> None:
    """Seconds that the other side asks for: nothing is sent before, and nobody lost an attempt."""
    with WebServer() as server:
        server.answer(status, "", {"Retry-After": "7200"})
        commit(ledger, *(opened(name) for name in NAMES))
        post = Post(ledger, {"customer": hook(server.port)})
        assert post.deliver() == {NoticeState.PENDING: 1}
        assert ledger.channels.circuits()["customer"].retry_at == NOW + 120 * MINUTE
        assert post.deliver(119 * MINUTE) == {}
        assert len(server.seen) == 1
        assert post.deliver(MINUTE) == {NoticeState.SENT: 6}


def test_a_webhook_that_may_have_arrived_counts(ledger: Ledger) -> None:
    """Alone in its channel and never answered, it is repeated with growing pauses, then given up."""
    with WebServer() as server:
        commit(ledger, opened("ana"))
        post = Post(ledger, {"customer": hook(server.port)})
        for _ in range(40):
            server.answer(WebAct.KEEP_AND_DROP)
            post.deliver(12 * 60 * MINUTE)
        assert post.states() == {"ana@example.com": NoticeState.DEAD}
        assert len({request.headers["webhook-id"] for request in server.taken}) == 1
        assert len(server.taken) < 20


def test_a_refusal_closes_the_circuit(ledger: Ledger, server: SmtpServer) -> None:
    """Whoever says 550 is there."""
    commit(ledger, opened("ana"))
    commit(ledger, escalated("ana"))
    commit(ledger, retracted("ana"))
    Post(ledger, {"customer": nobody()}).deliver()
    server.answer("ana@example.com", "550 5.1.1 no such user", times=1)
    post = Post(ledger, {"customer": mail(server.port)})
    assert post.deliver(MINUTE) == {NoticeState.DEAD: 1, NoticeState.SENT: 2}
    assert ledger.channels.circuits() == {}


@both_engines
def test_a_pause_can_be_ended(ledger: Ledger, server: SmtpServer) -> None:
    """As `tercera check` does when it finds the channel good."""
    commit(ledger, opened("ana"))
    Post(ledger, {"customer": nobody()}).deliver()
    assert ledger.channels.end_pauses(["operations"], NOW) == 0
    assert ledger.channels.end_pauses(["customer"], NOW) == 1
    assert Post(ledger, {"customer": mail(server.port)}).deliver() == {NoticeState.SENT: 1}


def test_a_clock_that_was_ahead_pauses_nothing_for_long(ledger: Ledger, server: SmtpServer) -> None:
    """A pause that is longer than any can be is over."""
    commit(ledger, opened("ana"))
    Post(ledger, {"customer": nobody()}, now=NOW + timedelta(days=300)).deliver()
    assert Post(ledger, {"customer": mail(server.port)}).deliver() == {NoticeState.SENT: 1}


def test_what_is_due_next_leaves_out_paused_channels(ledger: Ledger) -> None:
    """Whoever waits for it waits for what can go out."""
    commit(ledger, opened("ana"))
    Post(ledger, {"customer": nobody()}).deliver()
    assert ledger.post.next_due(NOW) == NOW
    assert ledger.post.next_due(NOW, without=ledger.channels.circuits()) is None


def test_a_channel_that_is_not_configured_any_more_waits(ledger: Ledger) -> None:
    """Its messages are there when it is again."""
    commit(ledger, opened("ana"))
    post = Post(ledger, {})
    assert post.deliver() == {NoticeState.PENDING: 1}
    assert "not in the configuration" in ledger.channels.circuits()["customer"].words
    assert post.attempts() == 0
