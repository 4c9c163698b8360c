"""The e-mail channel against real mail servers: encryption, logins, and everything that servers do."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import traceback
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tercera.channels.email import EmailChannel, Settings, Smtp, open_channel
from tercera.demo.mailbox import Mailbox, file_name
from tercera.errors import ConfigError, DeliveryError
from tests.samples import make_message
from tests.servers.certificates import make_certificates
from tests.servers.smtp import PASSWORD, USERNAME, Act, Security, SmtpServer, read_accepted

ANA = "ana@example.com"
SENDER = "avisos@tienda.example"


def channel(server: SmtpServer, **changes: Any) -> EmailChannel:
    """A channel for this server; `changes` to its settings."""
    login = {"username": USERNAME, "password": PASSWORD} if server.login else {}
    values = {
        "host": "localhost",
        "port": server.port,
        "security": str(server.security),
        "sender": f"Tienda <{SENDER}>",
        "ca_file": server.ca_file,
        "timeout": 5,
        **login,
        **changes,
    }
    return open_channel(Settings(to="customer", language="es", server=Smtp.model_validate(values)))


def refusal(channel: EmailChannel, recipient: str = ANA) -> DeliveryError:
    """The error of sending one message."""
    with channel.session() as session, pytest.raises(DeliveryError) as caught:
        session.send(make_message(recipient=recipient))
    return caught.value


# Encryption and logins


@pytest.mark.parametrize("security", list(Security))
@pytest.mark.parametrize("login", [True, False])
def test_every_kind_of_encryption_with_and_without_a_login(
    tmp_path: Path, security: Security, login: bool
) -> None:
    """STARTTLS, TLS from the first byte and neither, with a login and without."""
    with SmtpServer(tmp_path, security=security, login=login) as server:
        assert f"localhost:{server.port} takes mail" in channel(server).check()
        with channel(server).session() as session:
            assert session.send(make_message()).startswith("250")
        assert server.logins == (2 if login else 0)
    (accepted,) = server.accepted
    assert (accepted.sender, accepted.recipient) == (SENDER, ANA)
    assert str(accepted.mail["Subject"]) == "Tiene 3 pedidos devueltos o cancelados en junio de 2023"


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_certificates_are_verified_unless_told_otherwise(tmp_path: Path, security: Security) -> None:
    """One that nobody known has signed is refused, before any password is sent."""
    with SmtpServer(tmp_path, security=security) as server:
        error = refusal(channel(server, ca_file=None))
        assert not error.permanent
        assert f"localhost:{server.port}" in error.reason
        assert "certificate was not accepted" in error.reason
        assert "ca_file" in error.reason
        assert server.commands["AUTH"] == 0
        channel(server, ca_file=None, verify_certificate=False).check()


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    """And the words say that it has expired."""
    with SmtpServer(tmp_path, certificates=make_certificates(tmp_path, expired=True)) as server:
        error = refusal(channel(server))
    assert "certificate has expired" in error.reason
    assert not error.permanent


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    """A valid certificate of another server is no proof."""
    with SmtpServer(tmp_path, certificates=make_certificates(tmp_path, names=("mail.example",))) as server:
        error = refusal(channel(server))
    assert "localhost" in error.reason
    assert "certificate was not accepted" in error.reason


def test_without_starttls_nothing_is_sent(tmp_path: Path) -> None:
    """A server (or somebody in between) that offers no encryption gets no password and no mail."""
    with SmtpServer(tmp_path, security=Security.NONE) as server:
        error = refusal(channel(server, security="starttls"))
        assert "it offers no STARTTLS" in error.reason
        assert server.commands.keys() <= {"EHLO", "QUIT"}


def test_tls_where_there_is_none(tmp_path: Path) -> None:
    """The wrong kind of encryption for a port says what to check."""
    with SmtpServer(tmp_path) as server:
        error = refusal(channel(server, security="tls"))
    assert "check security and port" in error.reason
    assert not error.permanent


def test_a_wrong_password_kills_no_notice(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is ours to put right: not permanent, without a code, and never shown."""
    caplog.set_level(logging.DEBUG)
    wrong = "Tr0ub4dor&3"
    with SmtpServer(tmp_path) as server:
        error = refusal(channel(server, password=wrong))
    assert not error.permanent
    assert error.code is None
    assert f"refused the login of {USERNAME}: 535" in error.reason
    assert wrong not in "".join(traceback.format_exception(error)) + caplog.text


def test_a_login_that_is_wanted_but_not_configured(tmp_path: Path) -> None:
    """Also ours to put right."""
    with SmtpServer(tmp_path) as server:
        error = refusal(channel(server, username=None, password=None))
    assert not error.permanent
    assert "530 5.7.0 Authentication required" in error.reason


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": None}, "belong together"),
        ({"username": None}, "belong together"),
        ({"security": "none"}, "in the clear"),
        ({"password": "contraseña"}, "beyond ASCII"),
        ({"sender": "nobody"}, "is no e-mail address"),
        ({"sender": "A\r\nBcc: x <a@b.example>"}, "control characters"),
        ({"port": 0}, "port"),
        ({"tls": True}, "tls"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, Any], words: str) -> None:
    """Are mistakes, told in words that do not hold the password."""
    values = {
        "host": "mail.example",
        "sender": "a@b.example",
        "username": "u",
        "password": PASSWORD,
        **changes,
    }
    with pytest.raises(ValidationError, match=words) as caught:
        Smtp.model_validate(values)
    assert PASSWORD not in str(caught.value)


def test_ports_follow_the_encryption() -> None:
    """587, 465 and 25 need not be written."""
    ports = {
        security: Smtp.model_validate({"host": "h", "sender": "a@b.example", "security": security}).port
        for security in Security
    }
    assert ports == {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    """A path that holds no certificates is a mistake of the configuration."""
    (tmp_path / "ca.pem").write_text("nothing")
    with SmtpServer(tmp_path / "..", security=Security.NONE, login=False) as server:
        for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
            with pytest.raises(ConfigError, match="ca_file"):
                channel(server, security="tls", ca_file=path).check()


# What servers do


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("at", "answer", "permanent", "code"),
    [
        ("RCPT", "450 4.2.1 mailbox busy", False, 450),
        ("RCPT", "451 4.7.1 greylisted", False, 451),
        ("RCPT", "452 4.5.3 too many", False, 452),
        ("RCPT", "421 4.3.2 closing", False, 421),
        ("RCPT", "550 5.1.1 no such user", True, 550),
        ("RCPT", "553 5.1.3 bad address", True, 553),
        ("RCPT", "552 5.2.2 mailbox full", False, 552),
        ("RCPT", "554 5.7.1 Relay access denied", False, None),
        ("DATA", "451 4.3.0 disk full", False, 451),
        ("DATA", "421 4.3.2 closing", False, 421),
        ("DATA", "550 5.7.1 looks like spam", True, 550),
        ("DATA", "552 5.3.4 too big", True, 552),
        ("DATA", "552 5.2.2 mailbox full", False, 552),
        ("MAIL", "451 4.3.0 later", False, 451),
        ("MAIL", "550 5.7.60 not your sender", False, None),
        ("MAIL", "553 5.7.1 sender rejected", False, None),
        ("MAIL", "552 5.3.4 too big", True, 552),
    ],
)
def test_what_an_answer_means(
    tmp_path: Path, pipelining: bool, at: str, answer: str, permanent: bool, code: int | None
) -> None:
    """Whose fault it is decides; the server's words are kept, and the next mail goes out."""
    with SmtpServer(tmp_path, security=Security.NONE, login=False, pipelining=pipelining) as server:
        server.answer(SENDER if at == "MAIL" else ANA, answer, at=at, times=1)
        with channel(server).session() as session:
            with pytest.raises(DeliveryError) as caught:
                session.send(make_message())
            assert session.send(make_message(recipient="bo@example.com")).startswith("250")
    assert (caught.value.permanent, caught.value.code) == (permanent, code)
    assert answer in caught.value.reason
    assert [accepted.recipient for accepted in server.accepted] == ["bo@example.com"]


@pytest.mark.parametrize("act", [Act.DROP_IN_DATA, Act.KEEP_AND_DROP, Act.DROP])
def test_a_connection_lost_during_the_mail(tmp_path: Path, act: Act) -> None:
    """Whether it was taken can't be known: not permanent, not tried again at once."""
    with SmtpServer(tmp_path) as server:
        server.answer(ANA, act, at="DATA", times=1)
        with channel(server).session() as session:
            session.send(make_message(key="before", recipient="bo@example.com"))
            with pytest.raises(DeliveryError, match="same Message-ID") as caught:
                session.send(make_message())
        assert not caught.value.permanent
        assert len(server.accepted) == (2 if act is Act.KEEP_AND_DROP else 1)


def test_a_connection_that_was_ended_between_mails_is_made_anew(tmp_path: Path) -> None:
    """A server that restarts in the pause costs a connection, not a mail."""
    with SmtpServer(tmp_path) as server:
        with channel(server).session() as session:
            session.send(make_message(key="k-1"))
            server.drop_all()
            session.send(make_message(key="k-2"))
        assert (server.connections, len(server.accepted)) == (2, 2)


def test_a_server_that_wants_few_mails_per_connection(tmp_path: Path) -> None:
    """Its 421 means: connect again."""
    with SmtpServer(tmp_path, per_connection=3) as server:
        with channel(server).session() as session:
            for number in range(10):
                session.send(make_message(key=f"k-{number}"))
        assert (server.connections, len(server.accepted)) == (4, 10)


def test_a_connection_is_renewed_after_so_many_mails(tmp_path: Path) -> None:
    """`messages_per_connection` comes before the server's own limit."""
    with SmtpServer(tmp_path) as server:
        with channel(server, messages_per_connection=4).session() as session:
            for number in range(10):
                session.send(make_message(key=f"k-{number}"))
        assert (server.connections, server.logins, server.commands["QUIT"]) == (3, 3, 3)


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_mail_needs_three_commands(tmp_path: Path, pipelining: bool) -> None:
    """MAIL, RCPT, DATA for each, and nothing else but the greeting and the goodbye."""
    with SmtpServer(tmp_path, pipelining=pipelining) as server:
        with channel(server).session() as session:
            for number in range(5):
                session.send(make_message(key=f"k-{number}"))
        assert server.commands == {"EHLO": 2, "AUTH": 1, "MAIL": 5, "RCPT": 5, "DATA": 5, "QUIT": 1}


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_hangs(tmp_path: Path, at: str) -> None:
    """Is given up after `timeout`, is not asked again at once, and the words say how long it was waited."""
    with SmtpServer(tmp_path) as server:
        server.answer(SENDER if at == "MAIL" else ANA, Act.HANG, at=at)
        error = refusal(channel(server, timeout=0.3))
        assert not error.permanent
        assert "did not answer within 0.3 s" in error.reason
        assert server.connections == 1


def test_an_address_that_is_none(tmp_path: Path) -> None:
    """Never reaches a server, and is refused for good."""
    with SmtpServer(tmp_path) as server:
        for recipient in (
            "",
            "ana",
            "ana@example.com\r\nRCPT TO:<bo@example.com>",
            "a@b.example,c@d.example",
        ):
            error = refusal(channel(server), recipient)
            assert error.permanent
            assert "is no e-mail address" in error.reason
        assert server.connections == 0


def test_addresses_beyond_ascii(tmp_path: Path) -> None:
    """Go to servers with SMTPUTF8; from another one the error says what is missing."""
    with SmtpServer(tmp_path) as server:
        with channel(server).session() as session:
            session.send(make_message(recipient="ñandú@correo-ñandú.example"))
            session.send(make_message())
        accepted = server.accepted[0]
        assert accepted.recipient == "ñandú@xn--correo-and-z9a5i.example"
        assert b"To: " + accepted.recipient.encode() in accepted.content
    with SmtpServer(tmp_path, utf8=False) as server:
        error = refusal(channel(server), "ñandú@example.com")
        assert error.permanent
        assert "SMTPUTF8" in error.reason


def test_lines_that_begin_with_a_dot_arrive_as_they_are(tmp_path: Path) -> None:
    """A dot ends a mail only where it should."""
    (tmp_path / "customer.txt").write_text(".\n..two\n.\nend")
    settings = Settings(
        to="customer",
        templates=tmp_path,
        server=Smtp(host="localhost", security="none", sender=SENDER),
    )
    with SmtpServer(tmp_path, security=Security.NONE, login=False) as server:
        assert settings.server is not None
        smtp = settings.server.model_copy(update={"port": server.port})
        with open_channel(settings.model_copy(update={"server": smtp})).session() as session:
            session.send(make_message())
        text = server.accepted[0].mail.get_body(("plain",))
        assert text is not None
        assert text.get_content().replace("\r\n", "\n") == ".\n..two\n.\nend\n"


# The servers that are part of the product and of the tests


def test_a_mailbox_keeps_mails_as_files(tmp_path: Path) -> None:
    """Numbered in the order of arrival, named after recipient and subject, continued when opened again."""
    folder = tmp_path / "mail"
    for recipient in ("ana@example.com", "etc/passwd%00$id@example.com"):
        with Mailbox(folder) as mailbox:
            smtp = Smtp(host="127.0.0.1", port=mailbox.port, security="none", sender=SENDER)
            with open_channel(Settings(to="customer", language="es", server=smtp)).session() as session:
                session.send(make_message(recipient=recipient))
    first, second = mailbox.mails()
    assert first.name == (
        "0001-ana-at-example-com-tiene-3-pedidos-devueltos-o-cancelados-en-junio-de-2023.eml"
    )
    assert second.name.startswith("0002-etc-passwd-00-id-at-example-com-tiene")
    assert {path.parent for path in folder.rglob("*")} == {folder}
    mail = message_from_bytes(first.read_bytes(), policy=policy.default)
    assert str(mail["To"]) == "ana@example.com"


def test_a_mailbox_names_files_safely() -> None:
    """Whatever the headers hold."""
    assert file_name(7, "a@b", b"Subject: ../..\\x/\xff\xfe\r\n\r\n") == "0007-a-at-b-x.eml"
    assert file_name(12345, "\u202e@", b"") == "12345-at.eml"
    assert len(file_name(1, "x" * 500, b"Subject: " + b"y" * 500 + b"\r\n\r\n")) < 120


def test_the_mail_server_as_a_process(tmp_path: Path) -> None:
    """It keeps each mail on disk before it answers, for tests that kill who sends."""
    kept, port_file = tmp_path / "kept", tmp_path / "port.json"
    options = ["--directory", str(kept), "--port-file", str(port_file)]
    command = [sys.executable, "-m", "tests.servers.smtp", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            assert json.loads(port_file.read_text()) == ready
            smtp = Smtp.model_validate(
                {"host": "localhost", "username": USERNAME, "password": PASSWORD, "sender": SENDER}
                | {"port": ready["port"], "ca_file": ready["ca_file"]}
            )
            with open_channel(Settings(to="customer", server=smtp)).session() as session:
                session.send(make_message(key="k-1"))
                assert [each.mail["Message-ID"] for each in read_accepted(kept)] == ["<k-1@tienda.example>"]
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
