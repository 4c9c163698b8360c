"""Writes that are done once, however often they are asked for: the `Idempotency-Key` header.

A key is first reserved, so that two requests of one moment do not both act; the answer is then kept for a
day. What failed is not kept: nothing was done, and the next attempt may succeed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, SecretStr

from tercera.web.access.visitor import Visitor
from tercera.web.asked import AskedError
from tercera.web.site import Here, Site

REPLAYED = "idempotency-replayed"


class KeyUsedError(AskedError):
    """The key was sent before with another request."""

    status = 409


class UnderWayError(AskedError):
    """The first request with this key is not answered yet."""

    status = 409


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Any text of your own, another for each thing to do: the same request with the same key "
        "is done once and answered alike, for a day.",
    ),
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write came to, where its status depends on it."""

    body: BaseModel
    status: int


@dataclass(frozen=True)
class Once:
    """Does what a request asks, unless its key says that it was done."""

    site: Site
    request: Request
    key: str | None

    def __call__(
        self,
        visitor: Visitor,
        asked: BaseModel | None,
        work: Callable[[], BaseModel | Outcome],
        status: int = 200,
    ) -> Response:
        """The answer of `work`, or the one that was given before. KeyUsedError: the key was for something
        else; UnderWayError: another request with it is being worked on."""
        if self.key is None:
            return _answer(*_done(work(), status))
        people, now = self.site.ledger.people, self.site.now()
        digest = self._digest(asked)
        known = people.reserve_answer(visitor.name, self.key, digest, now)
        if known is not None:
            if known.request != digest:
                raise KeyUsedError(
                    "this Idempotency-Key was sent before with another request; take a new key for each"
                )
            if known.is_under_way:
                raise UnderWayError(
                    "the request with this Idempotency-Key is being worked on; ask again in a moment"
                )
            return _answer(known.body, known.status, {REPLAYED: "true"})
        try:
            body, status = _done(work(), status)
        except BaseException:
            people.forget_answer(visitor.name, self.key)
            raise
        people.finish_answer(visitor.name, self.key, status, body)
        return _answer(body, status)

    def _digest(self, asked: BaseModel | None) -> str:
        """Keyed: it tells nothing of what was asked to whoever reads the ledger."""
        values = asked.model_dump(mode="json", by_alias=True) if asked is not None else {}
        secrets = {name: each.get_secret_value() for name, each in asked or () if isinstance(each, SecretStr)}
        body = json.dumps(values | secrets, sort_keys=True)
        return self.site.keys.sign("idempotency", f"{self.request.method} {self.request.url.path}\n{body}")


def once_of(request: Request, site: Here, key: Key = None) -> Once:
    """As a dependency."""
    return Once(site, request, key)


OnlyOnce = Annotated[Once, Depends(once_of)]


def _done(outcome: BaseModel | Outcome, status: int) -> tuple[str, int]:
    if isinstance(outcome, BaseModel):
        return outcome.model_dump_json(by_alias=True), status
    return outcome.body.model_dump_json(by_alias=True), outcome.status


def _answer(body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")
