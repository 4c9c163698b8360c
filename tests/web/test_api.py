"""The API as a program uses it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tercera.people import Permission
from tests.servers.dashboard import Dashboard, dashboard, sweep

API = "/api/v1"


def problem_of(answer: httpx.Response) -> str:
    """The detail of a problem, which says its own status."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert found["status"] == answer.status_code
    detail: str = found["detail"]
    return detail


def test_alerts_are_listed_page_by_page(standing: Dashboard) -> None:
    """Each once, whatever the size of a page; the last one leads nowhere."""
    with standing.program(Permission.READ) as program:
        whole = program.get(f"{API}/alerts").json()
        seen, cursor = [], None
        while True:
            page = program.get(f"{API}/alerts", params={"limit": 1, **({"cursor": cursor} if cursor else {})})
            seen += page.json()["items"]
            if (cursor := page.json()["next"]) is None:
                break
    assert len(seen) == 3
    assert seen == whole["items"]
    assert whole["next"] is None


def test_a_cursor_belongs_to_its_order(standing: Dashboard) -> None:
    """In a list that is sorted otherwise it would leave out some, and give others twice."""
    with standing.program(Permission.READ) as program:
        cursor = program.get(f"{API}/alerts", params={"limit": 1}).json()["next"]
        for other in ("count", "opened", "customer"):
            answer = program.get(f"{API}/alerts", params={"cursor": cursor, "sort": other})
            assert answer.status_code == 422
            assert "begin at its first page" in problem_of(answer)


def test_amounts_are_texts_and_instants_have_their_offset(standing: Dashboard) -> None:
    """Nothing is lost on the way through a float or a clock."""
    with standing.program(Permission.READ) as program:
        alert = program.get(f"{API}/alerts", params={"customer": "ana_1"}).json()["items"][0]
        whole = program.get(f"{API}/alerts/{alert['id']}").json()
    assert Decimal(whole["amount"]) == Decimal("34.50")
    assert isinstance(whole["evidence"][0]["amount"], str)
    assert datetime.fromisoformat(whole["opened_at"]) == standing.clock()
    assert [each["reason"] for each in whole["transitions"]] == ["opened"]
    assert {each["channel"] for each in whole["notices"]} == {"customer", "operations"}


@pytest.mark.parametrize("path", ["alerts", "alerts/1"])
def test_what_is_known_already_is_not_sent_again(standing: Dashboard, path: str) -> None:
    """By its tag; another tag, or another question, gets the whole answer."""
    with standing.program(Permission.READ) as program:
        first = program.get(f"{API}/{path}")
        tag = first.headers["etag"]
        for given in (tag, f'W/{tag}, "other"', "*"):
            again = program.get(f"{API}/{path}", headers={"if-none-match": given})
            assert (again.status_code, again.content) == (304, b""), given
            assert again.headers["etag"] == tag
        other = program.get(f"{API}/{path}", headers={"if-none-match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)


def test_the_tag_changes_with_what_it_stands_for(site: Dashboard) -> None:
    """A decision is in the alert's answer, and so in its tag."""
    with site.program(Permission.READ, Permission.ACT) as program:
        before = program.get(f"{API}/alerts/1").headers["etag"]
        program.post(f"{API}/alerts/1/acknowledge", json={"reason": "on it"})
        after = program.get(f"{API}/alerts/1", headers={"if-none-match": before})
    assert after.status_code == 200
    assert after.json()["decisions"][0]["reason"] == "on it"


def test_decisions(site: Dashboard) -> None:
    """By whom, why and until when; each is in the audit log. What was ended is in force no more."""
    with site.program(Permission.READ, Permission.ACT) as program:
        snoozed = program.post(f"{API}/alerts/1/snooze", json={"for": "7d", "reason": "known"})
        dismissed = program.post(f"{API}/alerts/2/dismiss", json={"reason": "a partner"})
        silenced = program.post(
            f"{API}/silences",
            json={"customer": "dora_4", "until": "2026-12-01T00:00:00-05:00", "reason": "moving"},
        )
        assert [each.status_code for each in (snoozed, dismissed, silenced)] == [201, 201, 201]
        assert datetime.fromisoformat(snoozed.json()["until"]).day == 29
        assert silenced.json()["author"] == "ada (test)"
        assert program.delete(f"{API}/silences/{silenced.json()['id']}").json()["ended_at"]
        left = program.get(f"{API}/silences").json()["items"]
        assert [each["kind"] for each in left] == ["snooze", "dismiss"]
        assert "no silence" in problem_of(program.delete(f"{API}/silences/{silenced.json()['id']}"))
    deeds = [(each.action, each.actor, each.via) for each in site.ledger.people.deeds()]
    assert deeds == [(action, "ada (test)", "api") for action in ("end", "silence", "dismiss", "snooze")]


def test_what_stands_already(site: Dashboard) -> None:
    """200 with the decision that stands, by whom and since when; 201 where a later end replaces it."""
    week, month = ({"for": each, "reason": "known"} for each in ("7d", "30d"))
    with site.program(Permission.ACT) as program, site.program(Permission.ACT, user="omar") as other:
        for act, body in (("acknowledge", {}), ("snooze", week), ("dismiss", {"reason": "a partner"})):
            first = program.post(f"{API}/alerts/1/{act}", json=body)
            again = other.post(f"{API}/alerts/1/{act}", json=body)
            assert (first.status_code, again.status_code) == (201, 200), act
            assert again.content == first.content
            assert again.json()["author"] == "ada (test)"
        key = {"Idempotency-Key": "seen"}
        seen = [other.post(f"{API}/alerts/1/acknowledge", json={}, headers=key) for _ in range(2)]
        assert [each.status_code for each in seen] == [200, 200]
        assert seen[1].headers["idempotency-replayed"] == "true"
        assert other.post(f"{API}/alerts/1/snooze", json=month).status_code == 201
    newest = site.ledger.people.deeds()[0]
    assert (newest.actor, newest.detail) == ("omar (test)", "known (in place of decision 2)")


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("alerts/1/snooze", {"reason": "x"}, "say when it ends"),
        ("alerts/1/snooze", {"reason": "x", "for": "7d", "until": "2026-12-01T00:00:00Z"}, "say when it"),
        ("alerts/1/snooze", {"reason": "x", "until": "2026-12-01T00:00:00"}, "timezone"),
        ("alerts/1/snooze", {"reason": "x", "until": "2026-11-01T00:00:00Z"}, "is over already"),
        ("alerts/1/snooze", {"reason": "x", "until": "2000000000"}, "write it like"),
        ("alerts/1/snooze", {"reason": "x", "until": "9999-12-31T23:59:59-14:00"}, "beyond the calendar"),
        ("alerts/1/snooze", {"reason": "x", "for": "999999w"}, "no time to wait for"),
        ("alerts/1/dismiss", {"reason": "  "}, "reason"),
        ("alerts/1/dismiss", {"reason": "x", "until": "never"}, "Extra inputs"),
        ("silences", {"reason": "x", "for": "7d"}, "say what to silence"),
    ],
)
def test_what_is_wrong_is_said(standing: Dashboard, path: str, body: dict[str, str], words: str) -> None:
    """With status 422, and nothing is written."""
    with standing.program(Permission.READ, Permission.ACT) as program:
        answer = program.post(f"{API}/{path}", json=body)
    assert answer.status_code == 422
    assert words in problem_of(answer)
    assert standing.ledger.decisions(standing.clock()) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("alerts?lvl=critical", "query.lvl: there is no such parameter; did you mean level?"),
        ("alerts/1?x=1", "query.x: there is no such parameter; known: none"),
        ("transitions?since=1", "no such parameter; known: after, limit"),
    ],
)
def test_a_misspelt_filter_chooses_nothing(standing: Dashboard, path: str, words: str) -> None:
    """Instead of everything."""
    with standing.program(Permission.READ) as program:
        answer = program.get(f"{API}/{path}")
    assert answer.status_code == 422
    assert words in problem_of(answer)


def test_the_first_steps_of_who_integrates(standing: Dashboard) -> None:
    """A wrong key, a wrong address, a wrong method, a body that is no JSON: each answer says what to do."""
    with standing.client() as nobody:
        assert "tokens add" in problem_of(nobody.get(f"{API}/alerts"))
        for sent, words in (("Bearer nope", "opens nothing"), ("Basic YTpi", "must be `Auth")):
            answer = nobody.get(f"{API}/alerts", headers={"authorization": sent})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert words in problem_of(answer)
        assert "openapi.json" in problem_of(nobody.get(f"{API}/orderz"))
        for path in ("/healthz", "/readyz"):
            assert nobody.head(path).status_code == 200
    with standing.program(Permission.ACT) as program:
        assert "possible: GET" in problem_of(program.delete(f"{API}/alerts/1"))
        form = program.post(f"{API}/alerts/1/dismiss", data={"reason": "x"})
        assert "Content-Type: application/json" in problem_of(form)
        headers = {"content-type": "application/json"}
        broken = program.post(f"{API}/alerts/1/dismiss", content="{reason: x}", headers=headers)
        assert "property name" in problem_of(broken)


def test_a_write_with_a_key_is_done_once(site: Dashboard) -> None:
    """The same request gets the same answer; another one with the key is refused; another visitor's key is
    another key."""
    key = {"Idempotency-Key": "order-7"}
    with site.program(Permission.ACT) as program, site.program(Permission.ACT, user="omar") as other:
        first = program.post(f"{API}/alerts/1/acknowledge", json={"reason": "a"}, headers=key)
        again = program.post(f"{API}/alerts/1/acknowledge", json={"reason": "a"}, headers=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        for path, body in (
            ("alerts/1/acknowledge", {"reason": "b"}),
            ("alerts/2/acknowledge", {"reason": "a"}),
        ):
            refused = program.post(f"{API}/{path}", json=body, headers=key)
            assert refused.status_code == 409
            assert "another request" in problem_of(refused)
        theirs = other.post(f"{API}/alerts/2/acknowledge", json={"reason": "a"}, headers=key)
        assert (theirs.status_code, theirs.json()["author"]) == (201, "omar (test)")
        failed = program.post(f"{API}/alerts/99/acknowledge", json={}, headers={"Idempotency-Key": "f"})
        assert failed.status_code == 404
        mended = program.post(f"{API}/alerts/3/acknowledge", json={}, headers={"Idempotency-Key": "f"})
        assert mended.status_code == 201, "what failed did nothing, and its key is free"
    assert len(site.ledger.decisions(site.clock())) == 3


def test_a_key_that_is_sent_twice_at_once_acts_once(site: Dashboard) -> None:
    """Whoever comes second gets the answer of the first, or hears that it is being worked on."""
    with site.program(Permission.ACT) as program, ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: program.post(
                    f"{API}/silences",
                    json={"customer": "ana_1", "for": "7d", "reason": "moving"},
                    headers={"Idempotency-Key": "twice"},
                ),
                range(16),
            )
        )
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.content for each in answers if each.status_code == 201}) == 1
    assert len(site.ledger.decisions(site.clock())) == 1


def test_lists_of_deeds_runs_and_deliveries_go_on(standing: Dashboard) -> None:
    """Page by page, each row once; a cursor is of use for its own list alone."""
    with standing.program(*Permission) as program:
        whole = program.get(f"{API}/deliveries").json()["items"]
        for state in ({}, {"state": "sent"}):
            first = program.get(f"{API}/deliveries", params={"limit": 4, **state}).json()
            rest = program.get(
                f"{API}/deliveries", params={"limit": 4, "cursor": first["next"], **state}
            ).json()
            assert [each["id"] for each in first["items"] + rest["items"]] == [each["id"] for each in whole]
            assert rest["next"] is None
        for path in ("runs", "audit"):
            refused = program.get(f"{API}/{path}", params={"cursor": first["next"]})
            assert refused.status_code == 422
            assert "cursor" in problem_of(refused)
        assert problem_of(program.get(f"{API}/alerts", params={"cursor": "WzEsMSxmYWxzZV0x"}))
        assert [each["kind"] for each in program.get(f"{API}/runs").json()["items"]] == ["sweep"]


def test_why_and_backtest(standing: Dashboard) -> None:
    """The same judgement as on the command line."""
    with standing.program(Permission.READ) as program:
        told = program.get(f"{API}/why", params={"customer": "ana_1", "window": "2026-11"}).json()
        below = program.get(f"{API}/why", params={"customer": "dora_4", "window": "2026-11"}).json()
        assert (told["matched"], told["level"], told["why_not"]) == (3, "notice", None)
        assert (below["matched"], below["level"], below["why_not"]) == (1, None, "below")
        assert program.get(f"{API}/why", params={"customer": "x", "window": "soon"}).status_code == 422
        found = program.get(f"{API}/backtest", params={"from": "2026-01-01"}).json()
        assert (found["alerts"], found["by_window"]) == (3, {"2026-10": 1, "2026-11": 2})
        long = program.get(f"{API}/backtest", params={"from": "1990-01-01"})
        assert "at most 1830 days" in problem_of(long)


def test_users_and_keys(site: Dashboard) -> None:
    """An admin adds, changes and ends them; no answer but the first has the key, none the password."""
    with site.program(Permission.ADMIN) as admin:
        password = "a long enough password"
        added = admin.post(f"{API}/users", json={"name": "eva", "role": "operator", "password": password})
        assert added.json()["password"] is True
        assert "12 to 1024" in problem_of(admin.post(f"{API}/users", json={"name": "x", "password": "short"}))
        made = admin.post(f"{API}/tokens", json={"name": "crm", "user": "eva", "scopes": ["read"]}).json()
        eva = httpx.Client(base_url=site.url, headers={"authorization": f"Bearer {made['key']}"})
        assert eva.get(f"{API}/alerts").status_code == 200
        listed = admin.get(f"{API}/tokens")
        assert made["key"] not in listed.text
        assert listed.json()["items"][0]["scopes"] == ["read"]
        admin.patch(f"{API}/users/eva", json={"disabled": True})
        assert eva.get(f"{API}/alerts").status_code == 401
        admin.patch(f"{API}/users/eva", json={"disabled": False})
        assert eva.get(f"{API}/alerts").status_code == 200
        admin.delete(f"{API}/tokens/{made['id']}")
        assert eva.get(f"{API}/alerts").status_code == 401
        log = admin.get(f"{API}/audit").text
        eva.close()
    assert password not in log
    assert made["key"] not in log


def test_what_is_held_is_let_go(tmp_path: Path) -> None:
    """Of one rule or of all; a rule that is not there is none to speak of; each is in the audit log."""
    with dashboard(tmp_path, guard={"min_notices": 1, "max_notices": 1}) as site:
        with site.program(Permission.READ, Permission.ACT) as program:
            (held,) = program.get(f"{API}/held").json()["items"]
            assert (held["rule"], held["alerts"], held["still_true"]) == ("repeat-returns", 3, 3)
            assert "no rule" in problem_of(program.post(f"{API}/held/release", json={"rule": "x"}))
            released = program.post(f"{API}/held/release", json={"rule": "repeat-returns"}).json()
            assert released == {"released": held["notices"], "discarded": 0}
            assert program.get(f"{API}/health").json()["waiting"] == held["notices"]
            assert program.get(f"{API}/held").json() == {"items": []}
            assert program.post(f"{API}/held/discard", json={}).json() == {"released": 0, "discarded": 0}
            assert program.post(f"{API}/deliveries/retry", json={}).json() == {"retried": 0, "withheld": 0}
        deeds = [(each.action, each.object, each.detail) for each in site.ledger.people.deeds()]
    assert deeds == [
        ("retry", "all notices", "0 due again, 0 withheld"),
        ("discard", "all rules", "0 discarded"),
        ("release", "rule repeat-returns", f"{held['notices']} released, 0 discarded"),
    ]


def test_many_ask_while_a_sweep_runs(site: Dashboard) -> None:
    """Each gets the right counts: a source serves several at once."""

    def ask(number: int) -> object:
        if number % 3 == 0:
            sweep(site.app, site.ledger)
            return None
        if number % 3 == 1:
            return program.get(f"{API}/backtest").json()["alerts"]
        return program.get(f"{API}/why", params={"customer": "bruno_2", "window": "2026-11"}).json()[
            "matched"
        ]

    with site.program(Permission.READ) as program, ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(12)))
    assert answers == [None, 3, 12] * 4


def test_a_session_changes_nothing_without_its_token(site: Dashboard) -> None:
    """What another site makes a browser send has the cookie, and not the token of our pages."""
    with site.as_("omar") as browser:
        assert browser.get(f"{API}/alerts").status_code == 200
        refused = browser.post(f"{API}/alerts/1/acknowledge", json={})
        assert refused.status_code == 403
        assert "form" in problem_of(refused)
        token = {"x-csrf-token": site.csrf(browser)}
        elsewhere = browser.post(
            f"{API}/alerts/1/acknowledge", json={}, headers={**token, "origin": "https://evil.example"}
        )
        assert elsewhere.status_code == 403
        assert browser.post(f"{API}/alerts/1/acknowledge", json={}, headers=token).status_code == 201
