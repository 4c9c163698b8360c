"""What every kind of channel keeps to. Parametrised over the files in `tercera/channels`."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from tercera.channels import alertmanager, kinds, load
from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Channel
from tests.contract import channels as harnesses
from tests.contract.channels import REFUSAL, Answer, Harness
from tests.samples import AT, make_message, make_notice, make_statement, make_watched
from tests.snapshots import assert_snapshot


def kinds_whose_other_side_can(*answers: Answer) -> list[str]:
    """Kinds for a test that needs one of these answers."""
    return [kind for kind in kinds() if set(answers) <= set(harnesses.load(kind).ANSWERS)]


MAY_PASS = [
    pytest.param(kind, answer, id=f"{kind}-{answer.name}")
    for answer in (Answer.BUSY, Answer.SILENCE, Answer.TAKE_AND_VANISH)
    for kind in kinds_whose_other_side_can(answer)
]


@pytest.fixture(params=kinds())
def kind(request: pytest.FixtureRequest) -> str:
    """The name of a kind."""
    name: str = request.param
    return name


@pytest.fixture
def harness(kind: str, tmp_path: Path) -> Iterator[Harness]:
    """A real other side for it."""
    with harnesses.load(kind).running(tmp_path) as running:
        yield running


def test_every_kind_is_tested() -> None:
    """There is a harness for each kind, and none for a kind that is gone."""
    assert harnesses.harnesses() == kinds()


def test_settings_name_their_kind(kind: str) -> None:
    """`kind` is the file's name, and a misspelt setting is a mistake."""
    settings = load(kind).Settings
    assert settings.model_fields["kind"].default == kind
    assert settings.model_config.get("frozen")
    with pytest.raises(ValidationError, match="extra_forbidden"):
        settings.model_validate({"kind": kind, "no_such_setting": 1})


def test_a_kind_that_does_not_exist() -> None:
    """The error names those that do."""
    with pytest.raises(ConfigError, match="email"):
        load("carrier_pigeon")


def test_nothing_connects_before_the_first_message(harness: Harness) -> None:
    """A session without messages costs nothing."""
    assert isinstance(harness.channel, Channel)
    with harness.channel.session():
        pass
    assert harness.connections() == 0


def test_a_message_arrives_as_it_should(harness: Harness, kind: str) -> None:
    """The payload, byte for byte, and the other side's words for the receipt."""
    with harness.channel.session() as session:
        words = session.send(make_message(recipient=harness.recipients[0]))
    assert words.strip()
    assert "\n" not in words
    (received,) = harness.received()
    assert received.recipient == harness.recipients[0]
    assert_snapshot(f"{kind}/payload.txt", received.payload)


def test_a_message_says_all_of_its_notices(harness: Harness) -> None:
    """What several rules told one customer arrives whole, in every kind's own way."""
    notices = (
        make_notice(matched=5),
        make_notice(window="2023-05", matched=4, id=2, alert=13),
        make_notice(window="2023-04", matched=7, id=3, alert=14),
    )
    with harness.channel.session() as session:
        session.send(make_message(*notices, recipient=harness.recipients[0]))
    (received,) = harness.received()
    for month in ("junio", "mayo", "abril"):
        assert f"{month} de 2023" in received.payload


def test_what_the_data_watch_found_arrives_as_it_should(harness: Harness, kind: str) -> None:
    """The payload, byte for byte."""
    with harness.channel.session() as session:
        session.send(make_watched(recipient=harness.recipients[0], language="en"))
    (received,) = harness.received()
    assert_snapshot(f"{kind}/watch.txt", received.payload)


def test_the_statement_of_a_month_arrives_as_it_should(harness: Harness, kind: str) -> None:
    """The payload, byte for byte. An Alertmanager gets none, and the configuration says so."""
    if kind == "alertmanager":
        settings = alertmanager.Settings.model_validate({"url": "http://127.0.0.1:9093"})
        assert alertmanager.alerts(make_statement(), settings, AT) == []
        return
    with harness.channel.session() as session:
        session.send(make_statement(recipient=harness.recipients[0], language="en"))
    (received,) = harness.received()
    assert_snapshot(f"{kind}/statement.txt", received.payload)


def test_messages_share_a_connection(harness: Harness) -> None:
    """They arrive in order over one connection."""
    keys = [f"k-{number}" for number in range(20)]
    with harness.channel.session() as session:
        for key in keys:
            session.send(make_message(key=key, recipient=harness.recipients[0]))
    assert [received.key for received in harness.received()] == list(
        dict.fromkeys(received.key for received in harness.received())
    )
    assert len(harness.received()) == len(keys)
    assert harness.connections() == (1 if harness.keeps_connection else len(keys))


@pytest.mark.parametrize(("kind", "answer"), MAY_PASS, indirect=["kind"])
def test_what_may_pass_is_not_permanent(harness: Harness, answer: Answer) -> None:
    """A refusal for now, or no answer at all, leaves the message due; the next one goes out."""
    one, other = harness.recipients
    harness.prescribe(one, answer)
    with harness.channel.session() as session:
        with pytest.raises(DeliveryError) as caught:
            session.send(make_message(recipient=one))
        assert not caught.value.permanent
        session.send(make_message(key="next", recipient=other))
    assert harness.received()[-1].recipient == other


@pytest.mark.parametrize("kind", kinds_whose_other_side_can(Answer.REFUSE), indirect=True)
def test_a_refusal_for_good_is_permanent(harness: Harness) -> None:
    """It carries the other side's code and words, and harms no other message."""
    one, other = harness.recipients
    with harness.channel.session() as session:
        session.send(make_message(key="before", recipient=other))
        harness.prescribe(one, Answer.REFUSE)
        with pytest.raises(DeliveryError) as caught:
            session.send(make_message(recipient=one))
        session.send(make_message(key="after", recipient=other))
    assert caught.value.permanent
    assert caught.value.code
    assert REFUSAL in caught.value.reason
    assert [received.recipient for received in harness.received()] == [other, other]


def test_a_message_is_the_same_whenever_it_is_sent(harness: Harness) -> None:
    """However often it was tried before, and over whichever session."""
    message = make_message(recipient=harness.recipients[0])
    for attempts in range(2):
        with harness.channel.session() as session:
            session.send(replace(message, attempts=attempts))
    first, second = harness.received()
    assert first == second


@pytest.mark.parametrize("kind", kinds_whose_other_side_can(Answer.TAKE_AND_VANISH), indirect=True)
def test_a_repeat_is_recognisable(harness: Harness) -> None:
    """A message that was taken without an answer comes again with the same key and the same bytes."""
    message = make_message(recipient=harness.recipients[0])
    harness.prescribe(message.recipient, Answer.TAKE_AND_VANISH)
    with harness.channel.session() as session, pytest.raises(DeliveryError):
        session.send(message)
    with harness.channel.session() as session:
        session.send(replace(message, attempts=1))
    first, second = harness.received()
    assert first == second


@pytest.mark.parametrize("kind", kinds_whose_other_side_can(Answer.TAKE_AND_VANISH), indirect=True)
def test_a_taken_message_is_not_repeated_unasked(harness: Harness) -> None:
    """Whether to try again is decided by who keeps the outbox, not by the channel."""
    with harness.channel.session() as session:
        session.send(make_message(key="warm-up", recipient=harness.recipients[1]))
        harness.prescribe(harness.recipients[0], Answer.TAKE_AND_VANISH)
        with pytest.raises(DeliveryError):
            session.send(make_message(recipient=harness.recipients[0]))
    assert len(harness.received()) == 2


def test_nobody_there(harness: Harness) -> None:
    """An outage is not permanent, has no code, and says what to check."""
    with harness.unreachable.session() as session, pytest.raises(DeliveryError, match="check") as caught:
        session.send(make_message(recipient=harness.recipients[0]))
    assert not caught.value.permanent
    assert caught.value.code is None
    if harness.check_connects:
        with pytest.raises(DeliveryError):
            harness.unreachable.check()
    else:
        assert "without sending" in harness.unreachable.check()


def test_a_check_sends_nothing(harness: Harness) -> None:
    """It gives one line."""
    line = harness.channel.check()
    assert line.strip()
    assert "\n" not in line
    assert harness.received() == []


def test_secrets_stay_secret(harness: Harness, kind: str) -> None:
    """No representation, error or traceback holds the credential."""
    shown = [repr(harness.settings), str(harness.settings), repr(harness.channel), harness.channel.check()]
    shown += [harness.settings.model_dump_json()]
    for answer in harnesses.load(kind).ANSWERS:
        harness.prescribe(harness.recipients[0], answer)
        with harness.channel.session() as session, pytest.raises(DeliveryError) as caught:
            session.send(make_message(recipient=harness.recipients[0]))
        shown += traceback.format_exception(caught.value)
    with harness.unreachable.session() as session, pytest.raises(DeliveryError) as caught:
        session.send(make_message(recipient=harness.recipients[0]))
    shown += traceback.format_exception(caught.value)
    if harness.secret is None:
        assert not any("SecretStr" in repr(field) for field in type(harness.settings).model_fields.values())
    else:
        assert not [text for text in shown if harness.secret in text]


def test_recipients_are_names_that_can_be_shown(harness: Harness) -> None:
    """Routing writes them into the ledger: they hold no credential, and stay the same."""
    recipients = getattr(harness.settings, "recipients")  # noqa: B009 - of no common base
    if recipients is not None:
        assert set(harness.recipients) == set(recipients)
        assert not [name for name in recipients if harness.secret and harness.secret in name]
