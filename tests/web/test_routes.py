"""Every route, tried by nobody, by each role and by keys of each scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from fastapi import APIRouter

from tercera.people import Permission, Role
from tercera.web.api import silences
from tercera.web.building import Way, build, ways
from tercera.web.permitting.asking import May
from tercera.web.site import Site
from tests.servers.dashboard import Dashboard, dashboard

USERS = {Role.VIEWER: "vera", Role.OPERATOR: "omar", Role.ADMIN: "ada"}

TABLE = [(way, method) for way in ways() for method in sorted(way.methods)]


def shown(case: tuple[Way, str]) -> str:
    """For the names of tests."""
    return f"{case[1]} {case[0].path}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One for all of these tests: what they ask for, in the name of everybody, may be done."""
    with dashboard(tmp_path_factory.mktemp("routes")) as made:
        yield made


@pytest.fixture(scope="module")
def visitors(site: Dashboard) -> Iterator[dict[str, httpx.Client]]:
    """A key of each user with all scopes, so of each role; and an admin's key of each scope alone."""
    with ExitStack() as stack:
        found = {
            role.value: stack.enter_context(site.program(*Permission, user=user))
            for role, user in USERS.items()
        }
        for scope in Permission:
            found[f"key for {scope}"] = stack.enter_context(site.program(scope))
        yield found


def status(client: httpx.Client, way: Way, method: str) -> int:
    """What is answered to a request that asks for nothing in particular. Streams are not read."""
    path = way.path.replace("{id}", "999999").replace("{", "").replace("}", "")
    with client.stream(method, path) as answer:
        return answer.status_code


def test_there_are_routes() -> None:
    """The table below is not empty, and every route has a rule."""
    assert len(TABLE) > 30
    assert [shown(case) for case in TABLE if case[0].rule is None] == []


@pytest.mark.parametrize("case", TABLE, ids=shown)
def test_only_who_may_is_let_in(
    case: tuple[Way, str], site: Dashboard, visitors: dict[str, httpx.Client]
) -> None:
    """Nobody who is unknown; and of the others those alone who have the route's permission."""
    way, method = case
    with site.client() as nobody:
        unknown = status(nobody, way, method)
    if not isinstance(way.rule, May):
        assert unknown not in (401, 403, 500) or "/hooks" in way.path, unknown
        return
    assert unknown == (401 if way.path.startswith(("/api/", "/metrics", "/hooks/")) else 303)
    needed = way.rule.permission
    for role in Role:
        let_in = status(visitors[role.value], way, method) != 403
        assert let_in == (needed in role.permissions), (role, needed)
    for scope in Permission:
        let_in = status(visitors[f"key for {scope}"], way, method) != 403
        assert let_in == (scope is needed), (scope, needed)


def test_a_route_without_a_rule_is_refused(monkeypatch: pytest.MonkeyPatch, site: Dashboard) -> None:
    """The application does not start."""

    router = APIRouter()
    router.get("/open-to-all")(lambda: {"secret": 1})
    monkeypatch.setattr(silences, "router", router)
    with pytest.raises(RuntimeError, match="/open-to-all says neither"):
        build(Site(site.app, site.ledger, site.app.keys))
