"""Answers that somebody has already are not sent again: ETag and If-None-Match (RFC 9110, 13.1.2)."""

from __future__ import annotations

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel

CACHED = {"cache-control": "private, no-cache"}
"""Whoever asked may keep it, and asks each time whether it still is so."""


def fresh(request: Request, answer: BaseModel) -> Response:
    """The answer, or 304 where the request says that it has just this one.

    The tag is that of what is said: it differs whenever one character does.
    """
    body = answer.model_dump_json(by_alias=True).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, **CACHED}
    if _has(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _has(given: str | None, tag: str) -> bool:
    if given is None:
        return False
    named = [each.strip().removeprefix("W/") for each in given[:4000].split(",")]
    return "*" in named or tag in named
