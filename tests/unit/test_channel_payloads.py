"""What the channels beside e-mail hand over: signed, escaped, bounded, the same for the same alert."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from tercera.channels import alertmanager, apprise, load, slack, webhook
from tercera.channels._event import event, event_text
from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Message, NoticeKind, Problem
from tercera.model import Customer, Evidence, Reason
from tercera.rendering.brief import write_brief
from tests.hostile import HOSTILE
from tests.samples import AT, make_evidence, make_held, make_message, make_notice
from tests.servers.http import WebServer
from tests.snapshots import assert_snapshot

SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2VjcmV0LW9mLWEtcm90YXRlZC1lbmRwb2ludA==")
NOW = datetime(2023, 6, 21, tzinfo=UTC)


def digest() -> Message:
    """Somebody new, somebody up, and somebody who could not be told."""
    ben = Customer("c-2", "Ben Hall", "ben@", None)
    return make_message(
        make_notice(),
        make_notice(Reason.ESCALATED, 5, id=2, alert=13, customer=ben, problem=Problem.BAD_EMAIL),
        make_notice(id=3, alert=14, kind=NoticeKind.UNDELIVERED, customer=ben, problem=Problem.REFUSED),
        language="en",
        for_customer=False,
        digest=True,
    )


def hostile() -> Iterator[Message]:
    """Every hostile text wherever strangers may have put it."""
    for text in HOSTILE:
        evidence = tuple(replace(each, order_id=text, status=text) for each in make_evidence(3))
        notice = make_notice(
            evidence=evidence,
            customer=Customer(text, text, text, "en"),
            subject=text,
            title=text,
            per="seller",
            detail=text,
            problem=Problem.REFUSED,
        )
        yield make_message(notice, language="en", for_customer=False)
        yield make_message(notice, notice, language="en", for_customer=False, digest=True)


def test_the_signature_of_the_specification() -> None:
    """The example that every library of Standard Webhooks is tested with."""
    key = webhook.key_of(SecretStr(SECRETS[0]))
    signature = webhook.sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_posts_are_signed_with_each_secret() -> None:
    """The receiver may know either; the time of the try is signed, too, and is now."""
    with WebServer() as server:
        settings = {"url": f"http://127.0.0.1:{server.port}/", "secret": SECRETS, "allow_private": True}
        channel = webhook.open_channel(webhook.Settings.model_validate(settings))
        before = datetime.now(UTC)
        with channel.session() as session:
            session.send(make_message())
    (request,) = server.taken
    stamp = int(request.headers["webhook-timestamp"])
    assert int(before.timestamp()) <= stamp <= datetime.now(UTC).timestamp()
    assert request.headers["webhook-id"] == make_message().key
    assert request.headers["Content-Type"] == "application/json"
    signatures = request.headers["webhook-signature"].split(" ")
    assert signatures == [_verified(secret, request.headers, request.body) for secret in SECRETS]


def _verified(secret: str, headers: Any, body: bytes) -> str:
    """By the specification, written anew."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    return "v1," + base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()


@pytest.mark.parametrize(
    "secret", ["hunter2", "whsec_", "whsec_short", "whsec_????", "whsec_" + "A" * 400, SECRETS[0][6:], [], 7]
)
def test_secrets_that_are_none(secret: object) -> None:
    """Are refused without being repeated."""
    with pytest.raises(ValidationError) as caught:
        webhook.Settings.model_validate({"url": "https://example.com/", "secret": secret})
    assert not isinstance(secret, str) or len(secret) < 7 or secret not in str(caught.value)


@pytest.mark.parametrize("kind", ["webhook", "slack"])
def test_posts_are_encrypted_unless_told_otherwise(kind: str) -> None:
    """`http://` needs `allow_private`."""
    values = {"url": "http://example.com/geheim"} | ({"secret": SECRETS[0]} if kind == "webhook" else {})
    with pytest.raises(ValidationError, match="https://") as caught:
        load(kind).Settings.model_validate(values)
    assert "geheim" not in str(caught.value)


def test_events() -> None:
    """Each change has its type; a baseline that is told after all is an opening."""
    types = {reason: event(make_message(make_notice(reason)), "en")["type"] for reason in Reason}
    assert types == {
        Reason.OPENED: "alert.opened",
        Reason.ESCALATED: "alert.escalated",
        Reason.EASED: "alert.eased",
        Reason.RETRACTED: "alert.retracted",
        Reason.CLOSED: "alert.closed",
        Reason.BASELINE: "alert.opened",
        Reason.UNCHANGED: "alert.opened",
    }


def test_the_event_of_a_digest() -> None:
    """A list of notices, each with its own type."""
    assert_snapshot(
        "webhook/digest.json", json.dumps(event(digest(), "en"), indent=1, ensure_ascii=False) + "\n"
    )


def test_the_event_of_what_is_held_back() -> None:
    """A type of its own, how many there are, until when they wait, and the examples."""
    made = event(make_held(language="en"), "en")
    assert made["type"] == "guard.held"
    assert (made["data"]["held"], made["data"]["rule"]) == (600, "repeat-returns")
    assert made["data"]["held_until"] == (AT + timedelta(days=7)).isoformat()
    assert {each["type"] for each in made["data"]["notices"]} == {"guard.held"}
    assert len(made["data"]["notices"]) == 10


def test_what_is_held_back_is_one_alert() -> None:
    """Alertmanager gets one for the rule, whatever the examples are."""
    settings = alertmanager.Settings.model_validate({"url": "http://127.0.0.1:9093"})
    [made] = alertmanager.alerts(make_held(language="en"), settings, NOW)
    assert made["labels"] == {"alertname": "TerceraAlertHeld", "rule": "repeat-returns"}
    assert made["annotations"]["summary"] == "600 alerts are held back: repeat-returns"
    assert "and 590 more alerts" in made["annotations"]["description"]


def test_an_event_is_one_line_whatever_it_holds() -> None:
    """For every reader of lines, and what was written comes out again."""
    for message in hostile():
        text = event_text(message, "en")
        assert text.splitlines() == [text]
        assert text.isascii()
        assert text.isprintable()
        notice = json.loads(text)["data"]
        notice = notice["notices"][0] if message.digest else notice
        assert notice["evidence"][0]["order_id"] == message.notices[0].tally.evidence[0].order_id


@pytest.mark.parametrize("what", ["undelivered", "digest", "held"])
def test_posts_to_slack(what: str) -> None:
    """Looked at, and found right."""
    message = make_held(language="en") if what == "held" else digest()
    if what == "undelivered":
        message = replace(message, notices=message.notices[2:], digest=False)
    made = slack.payload(message.key, write_brief(message, "en", 25))
    assert_snapshot(f"slack/{what}.json", json.dumps(made, indent=1, ensure_ascii=False) + "\n")


def test_nobody_can_speak_through_slack() -> None:
    """No mention, no link and no command in what Slack interprets, and nothing beyond its limits."""
    for message in hostile():
        made = slack.payload(message.key, write_brief(message, "en", 25))
        assert not set("<>") & set(made["text"])
        assert made["unfurl_links"] is made["unfurl_media"] is False
        for text in _texts(made["blocks"]):
            if text["type"] == "mrkdwn":
                assert not set("<>") & set(text["text"])
                assert text["verbatim"]
            assert "\n\n" not in text["text"]


def test_slacks_limits_are_kept() -> None:
    """A digest of two thousand, and an alert with a thousand orders."""
    many = tuple(make_notice(id=number, title="&" * 200) for number in range(2000))
    long = make_notice(matched=1000, evidence=make_evidence(1000))
    for message in (make_message(*many, for_customer=False, digest=True), make_message(long)):
        blocks = slack.payload(message.key, write_brief(message, "en", 25))["blocks"]
        assert len(blocks) <= 50
        assert len(blocks[0]["text"]["text"]) <= 150
        assert all(len(block["fields"]) <= 10 for block in blocks if "fields" in block)
        assert all(len(text["text"]) <= 3000 for text in _texts(blocks))
    assert "975" in blocks[-2]["text"]["text"]


def _texts(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [block["text"] for block in blocks if "text" in block]
    found += [text for block in blocks for text in (*block.get("fields", ()), *block.get("elements", ()))]
    return found


def standing(message: Message, **settings: Any) -> list[tuple[str | None, bool]]:
    """What is posted to Alertmanager: level, and whether the alert goes on."""
    chosen = alertmanager.Settings.model_validate({"url": "http://am:9093"} | settings)
    made = alertmanager.alerts(message, chosen, NOW)
    return [(each["labels"].get("level"), datetime.fromisoformat(each["endsAt"]) > NOW) for each in made]


def test_alerts_begin_and_end() -> None:
    """A change of level ends the alert of the old one, and begins one of the new."""

    def told(reason: Reason, matched: int, before: str | None) -> list[tuple[str | None, bool]]:
        return standing(make_message(make_notice(reason, matched, before=before)))

    assert told(Reason.OPENED, 3, None) == [("notice", True)]
    assert told(Reason.BASELINE, 3, None) == [("notice", True)]
    assert told(Reason.ESCALATED, 5, "notice") == [("notice", False), ("warning", True)]
    assert told(Reason.EASED, 3, "warning") == [("warning", False), ("notice", True)]
    assert told(Reason.RETRACTED, 1, "notice") == [("notice", False)]
    assert told(Reason.CLOSED, 5, "warning") == [("warning", False)]


def test_the_last_word_counts() -> None:
    """Where one message speaks of one alert twice."""
    opened, retracted = make_notice(), make_notice(Reason.RETRACTED, 1, step=2)
    assert standing(make_message(opened, retracted, digest=True)) == [("notice", False)]
    assert standing(make_message(retracted, opened, digest=True)) == [("notice", True)]


def test_an_alert_has_the_same_labels_whenever_it_is_told_of() -> None:
    """They are what it is known by: what changes from time to time is no part of them."""
    chosen = alertmanager.Settings.model_validate(
        {"url": "http://am:9093", "labels": {"team": "returns"}, "severity": {"notice": "page"}}
    )
    renamed = Customer("bigcolors_1381618804", "Ana P.", "ana@new.example", "en")
    one = alertmanager.alerts(make_message(), chosen, NOW)
    other = alertmanager.alerts(
        make_message(
            make_notice(Reason.ESCALATED, 5, customer=renamed, title="Renamed", at=NOW),
            key="other",
            language="en",
        ),
        chosen,
        NOW + timedelta(days=9),
    )
    assert one[0]["labels"] == other[0]["labels"]
    assert one[0]["labels"] == {
        "alertname": "TerceraAlert",
        "rule": "repeat-returns",
        "customer": "bigcolors_1381618804",
        "window": "2023-06",
        "level": "notice",
        "severity": "page",
        "team": "returns",
    }


def test_an_alert_per_something_else() -> None:
    """Says whom it is about, and that this is no customer."""
    chosen = alertmanager.Settings(url="http://am:9093")
    (alert,) = alertmanager.alerts(make_message(make_notice(per="seller", subject="s-1")), chosen, NOW)
    assert (alert["labels"]["per"], alert["labels"]["subject"]) == ("seller", "s-1")
    assert "customer" not in alert["labels"]


def test_a_customer_who_was_not_told_is_another_alert() -> None:
    """It does not end the one that it is about."""
    message = make_message(make_notice(kind=NoticeKind.UNDELIVERED, problem=Problem.NO_EMAIL))
    chosen = alertmanager.Settings(url="http://am:9093")
    (alert,) = alertmanager.alerts(message, chosen, NOW)
    assert alert["labels"]["alertname"] == "TerceraAlertUntold"
    assert standing(message) == [("notice", True)]


def test_alerts_never_end_before_they_begin() -> None:
    """Alertmanager refuses such; a clock that was set back makes them otherwise."""
    message = make_message(make_notice(Reason.RETRACTED, 1, at=NOW + timedelta(hours=3)))
    for alert in alertmanager.alerts(message, alertmanager.Settings(url="http://am:9093"), NOW):
        assert datetime.fromisoformat(alert["startsAt"]) <= datetime.fromisoformat(alert["endsAt"])


def test_labels_are_clean_and_tell_subjects_apart() -> None:
    """What had to be cut or cleaned is told apart by its hash."""
    subjects = [*HOSTILE, "x" * 6000, "ana\u200b", "ana"]
    chosen = alertmanager.Settings(url="http://am:9093")
    labels = [
        alertmanager.alerts(make_message(make_notice(subject=subject)), chosen, NOW)[0]["labels"]["customer"]
        for subject in subjects
    ]
    assert len(set(labels)) == len(subjects)
    assert all(label.isprintable() and len(label) < 250 for label in labels)
    assert labels[-1] == "ana"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"username": "u"}, "username and password"),
        ({"username": "u", "password": "geheim", "token": "geheim"}, "or a token"),
        ({"token": "geheim", "url": "http://am:9093"}, "in the clear"),
        ({"username": "u", "password": "geheim", "url": "http://am:9093"}, "in the clear"),
        ({"token": "ge heim"}, "no blanks"),
        ({"token": "geheim\r\nX: y"}, "no blanks"),
        ({"url": "https://u:geheim@am"}, "login"),
        ({"url": "https://am/?token=geheim"}, "query"),
        ({"labels": {"severity": "x"}}, "severity"),
        ({"labels": {"not a name": "x"}}, "labels"),
    ],
)
def test_settings_of_alertmanager_that_do_not_hold_together(values: dict[str, Any], words: str) -> None:
    """Each says what to do, and none repeats a secret."""
    with pytest.raises(ValidationError) as caught:
        alertmanager.Settings.model_validate({"url": "https://am"} | values)
    assert words in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_login_may_go_to_this_machine_in_the_clear() -> None:
    """And elsewhere when that is said to be meant."""
    for values in ({"url": "http://localhost:9093"}, {"url": "http://am:9093", "allow_plain_auth": True}):
        alertmanager.Settings.model_validate({"token": "t", **values})


def test_apprise_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to get it."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"pip install 'tercera\[apprise\]'"):
        apprise.open_channel(apprise.Settings(urls={"team": SecretStr("json://localhost")}))


@pytest.mark.parametrize("url", ["carrier-pigeon://geheim", "geheim", "json://", "tgram://geheim"])
def test_urls_that_apprise_does_not_know(url: str) -> None:
    """The error names the entry, not the URL."""
    with pytest.raises(ConfigError, match=r"urls\.team") as caught:
        apprise.open_channel(apprise.Settings(urls={"team": SecretStr(url)}))
    assert "geheim" not in str(caught.value)


def test_a_name_that_is_gone_from_apprises_urls() -> None:
    """Its notices wait, and those of the other names go out."""
    channel = apprise.open_channel(apprise.Settings(urls={"team": SecretStr("json://localhost")}))
    with channel.session() as session, pytest.raises(DeliveryError, match="duty") as caught:
        session.send(make_message(recipient="duty"))
    assert (caught.value.permanent, caught.value.code) == (False, 0)


@pytest.fixture
def root_log() -> Iterator[list[str]]:
    """What a process that logs everything would log. (pytest's own log also hears what goes nowhere.)"""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]  # it only listens
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (403, True), (429, False), (502, False)])
def test_what_apprises_services_answer(status: int, permanent: bool, root_log: list[str]) -> None:
    """Is read from its log, which holds URLs and does not get into ours."""
    with WebServer() as server:
        url = SecretStr(f"json://127.0.0.1:{server.port}/geheimnis")
        channel = apprise.open_channel(apprise.Settings(urls={"team": url}))
        server.answer(status, "it's\nover: geheimnis")
        with channel.session() as session, pytest.raises(DeliveryError) as caught:
            session.send(make_message(recipient="team"))
    assert (caught.value.permanent, caught.value.code) == (permanent, status)
    assert "over: ********" in caught.value.reason
    assert not [line for line in root_log if "geheimnis" in line]


def test_apprise_follows_no_redirect() -> None:
    """It could lead anywhere."""
    with WebServer() as server, WebServer() as other:
        url = SecretStr(f"json://127.0.0.1:{server.port}/")
        channel = apprise.open_channel(apprise.Settings(urls={"team": url}))
        server.answer(307, headers={"Location": f"http://127.0.0.1:{other.port}/"})
        with channel.session() as session, pytest.raises(DeliveryError) as caught:
            session.send(make_message(recipient="team"))
        assert not caught.value.permanent
        assert other.connections == 0


def test_briefs_are_clean() -> None:
    """Every text of them is one line that can be shown, whatever it was made from."""
    for message in hostile():
        brief = write_brief(message, "en", 25)
        texts = [brief.headline, *brief.lines, brief.more, brief.reference, brief.command]
        texts += [text for fact in brief.facts for text in fact]
        assert all(text.isprintable() and len(text) <= 300 for text in texts)


def test_a_brief_of_what_was_capped() -> None:
    """Says how many orders it does not show."""
    shown = write_brief(make_message(make_notice(matched=40), language="en"), "en", 5)
    assert (len(shown.lines), shown.more) == (5, "and 35 more orders")
    capped = make_notice(matched=40, evidence=make_evidence(4))
    shown = write_brief(make_message(capped, language="en"), "en", 5)
    assert (len(shown.lines), shown.more) == (4, "and 36 more orders")


def test_a_message_in_no_language_of_ours() -> None:
    """Is said in the channel's."""
    assert "pedidos" in write_brief(make_message(language="eo"), "es", 5).headline


def test_evidence_keeps_its_own_time() -> None:
    """A calendar day stays one; a moment keeps its offset."""
    evidence = (Evidence("a", AT.date(), "returned"), Evidence("b", AT, "returned"))
    told = event(make_message(make_notice(evidence=evidence)), "en")["data"]["evidence"]
    assert [each["placed_at"] for each in told] == ["2023-06-20", "2023-06-20T09:30:00-05:00"]


@pytest.mark.parametrize("kind", ["webhook", "slack", "alertmanager", "log", "apprise"])
def test_languages_that_nobody_speaks(kind: str) -> None:
    """Are refused by every kind."""
    settings: type[BaseModel] = load(kind).Settings
    with pytest.raises(ValidationError, match="no phrases"):
        settings.model_validate({"kind": kind, "language": "eo"})
