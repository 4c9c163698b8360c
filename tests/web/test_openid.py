"""Logging in by OpenID Connect, at a provider that answers over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from tercera.people import Role
from tests.servers.dashboard import NOW, Dashboard, dashboard
from tests.servers.openid import CLIENT, SECRET, Provider, openid_provider


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Vouches for grace, who is in a group of operators."""
    with openid_provider(NOW.timestamp()) as made:
        made.claims = {"sub": "g-1", "preferred_username": "grace", "groups": ["staff", "operations"]}
        yield made


@pytest.fixture
def shop(tmp_path: Path, provider: Provider) -> Iterator[Dashboard]:
    """A dashboard that sends people there."""
    openid = {
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "role_claim": "groups",
        "roles": {"operations": "operator", "directors": "admin"},
    }
    with dashboard(tmp_path, web={"port": 0, "url": "http://127.0.0.1:1", "openid": openid}) as made:
        yield made


def log_in(shop: Dashboard, client: httpx.Client, after: str = "/") -> httpx.Response:
    """There and back, as a browser goes; gives the last answer."""
    away = client.get("/login/openid", params={"next": after})
    there = httpx.get(away.headers["location"])
    parts = urlsplit(there.headers["location"])
    assert parts.path == "/login/openid/back"
    return client.get(f"{parts.path}?{parts.query}")


def test_there_and_back(shop: Dashboard, provider: Provider) -> None:
    """The first time makes the user; the role follows the provider; the login page offers it."""
    with shop.client() as browser:
        assert "/login/openid" in browser.get("/login").text
        answer = log_in(shop, browser, "/alerts?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?x=1")
        assert browser.get("/").status_code == 200
    user = shop.ledger.people.user("grace")
    assert user is not None
    assert (user.role, user.identity) == (Role.OPERATOR, f"{provider.issuer}|g-1")
    provider.claims["groups"] = ["directors", "operations"]
    with shop.client() as browser:
        log_in(shop, browser)
    again = shop.ledger.people.user("grace")
    assert again is not None
    assert again.role is Role.ADMIN


def test_the_same_name_is_not_the_same_person(shop: Dashboard, provider: Provider) -> None:
    """Whoever the provider calls `ada` does not become our admin ada."""
    provider.claims["preferred_username"] = "ada"
    with shop.client() as browser:
        assert log_in(shop, browser).status_code == 303
    ada = shop.ledger.people.user("ada")
    assert ada is not None
    assert ada.identity is None
    newcomer = shop.ledger.people.user_of_identity(f"{provider.issuer}|g-1")
    assert newcomer is not None
    assert newcomer.name.startswith("ada-")
    assert newcomer.role is Role.OPERATOR


@pytest.mark.parametrize(
    "broken",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"exp": int(NOW.timestamp()) - 3600},
        {"nonce": "of another login"},
        {"sub": None},
        {"groups": ["visitors"]},
    ],
)
def test_a_token_that_is_not_good(shop: Dashboard, provider: Provider, broken: dict[str, Any]) -> None:
    """Nobody comes in, and the audit log says that somebody tried."""
    provider.changes = broken
    with shop.client() as browser:
        assert log_in(shop, browser).status_code == 403
        assert browser.get("/").status_code == 303
    assert shop.ledger.people.deeds()[0].action == "login failed"


def test_a_token_of_another_key(shop: Dashboard, provider: Provider) -> None:
    """That calls itself by the same key id."""
    provider.signing = RSAKey.generate_key(2048, {"kid": "one"})
    with shop.client() as browser:
        assert log_in(shop, browser).status_code == 403


def test_another_browsers_answer(shop: Dashboard, provider: Provider) -> None:
    """An answer that was meant for somebody else's login (login CSRF), or is used again, lets nobody in."""
    with shop.client() as one, shop.client() as other:
        there = httpx.get(one.get("/login/openid").headers["location"])
        parts = urlsplit(there.headers["location"])
        path = f"{parts.path}?{parts.query}"
        other.get("/login/openid")
        assert other.get(path).status_code == 403
        assert one.get(path).status_code == 303
        assert one.get(path).status_code == 403


def test_a_provider_that_is_away(tmp_path: Path) -> None:
    """Passwords work all the same."""
    openid = {"issuer": "http://127.0.0.1:9", "client_id": CLIENT, "client_secret": SECRET}
    web = {"port": 0, "url": "http://127.0.0.1:1", "openid": openid}
    with dashboard(tmp_path, web=web) as shop:
        with shop.client() as browser:
            answer = browser.get("/login/openid")
            assert answer.status_code == 400
            assert "does not answer" in answer.text
            assert SECRET not in answer.text
        with shop.as_("vera") as browser:
            assert browser.get("/").status_code == 200
