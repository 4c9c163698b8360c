"""What went wrong, as a page for people and as problem+json (RFC 9457) for programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tercera.acts.deciding import DecisionError
from tercera.errors import ConfigError, ConflictError, LedgerError, NotFoundError, SourceError, TerceraError
from tercera.ledger import PlaceLostError
from tercera.ledger.looks.searching import PlaceError
from tercera.pushed.order import BatchError
from tercera.pushed.shops import UnreadableError
from tercera.rendering.words import Words
from tercera.web.asked import AskedError
from tercera.web.page import link, page, words_in
from tercera.web.permitting.asking import NotAllowedError, UnknownError

_STATUS: tuple[tuple[type[TerceraError], int], ...] = (
    (NotFoundError, 404),
    (DecisionError, 422),
    (BatchError, 422),
    (UnreadableError, 422),
    (ConfigError, 409),
    (PlaceError, 422),
    (PlaceLostError, 409),
    (ConflictError, 409),
    (LedgerError, 503),
    (SourceError, 502),
    (TerceraError, 400),
)


def problem(status: int, detail: str, **more: Any) -> JSONResponse:
    """A problem for programs; `detail` says what to do."""
    headers = more.pop("headers", None)
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(content | more, status, headers, media_type="application/problem+json")


def explain_errors(app: FastAPI) -> None:
    """Adds the handlers."""
    app.add_exception_handler(UnknownError, _unknown)
    app.add_exception_handler(NotAllowedError, _not_allowed)
    app.add_exception_handler(TerceraError, _wrong)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _defect)


def for_programs(request: Request) -> bool:
    """Whether a program asks, which can't read a page."""
    return _is_for_programs(request.url.path)


def _is_for_programs(path: str) -> bool:
    return path.startswith(("/api/", "/metrics", "/hooks/", "/readyz"))


def told(
    request: Request, status: int, detail: str, said: Callable[[Words], str] | None = None, **more: Any
) -> Response:
    """In the form that whoever asked can read. People read what `said` gives in their language; without it,
    what kind of problem it is, and the detail as it is."""
    if for_programs(request):
        return problem(status, detail, **more)
    words = words_in(request)
    answer = page(
        request,
        "problem.html",
        status=status,
        code=status,
        said=said(words) if said is not None else _kind(words, status),
        detail=None if said is not None else detail,
        came_from=_came_from(request),
    )
    answer.headers.update(more.get("headers") or {})
    return answer


def _kind(words: Words, status: int) -> str:
    """Of a problem, by its status, or by the family of it."""
    key = f"wrong.kind.{status}"
    return words.say(key if words.known(key) else f"wrong.kind.{400 if status < 500 else 500}")


def _phrase_of(error: Exception) -> Callable[[Words], str] | None:
    """How pages say an error that has a phrase."""
    if not isinstance(error, TerceraError) or error.phrase is None:
        return None
    key, values = f"wrong.{error.phrase}", error.values
    return lambda words: words.say(key, **values)


def _came_from(request: Request) -> str | None:
    """The page of ours that led here, to go back to; no other site's, for only its path is taken."""
    came = urlsplit(request.headers.get("referer", ""))
    path = came.path + (f"?{came.query}" if came.query else "")
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_another = request.method != "GET" or path != here
    return path if path.startswith("/") and not path.startswith("//") and is_another else None


class Explained:
    """Middlewares that stand before the routes refuse in plain words: programs get them as a problem, people
    as a page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused: Response | None = None

        async def said(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                kind = Headers(raw=message["headers"]).get("content-type", "")
                if kind.startswith("text/plain"):
                    refused = _refusal(Request(scope), message["status"])
            if refused is None:
                await send(message)

        await self._app(scope, receive, said)
        if refused is not None:
            await refused(scope, receive, send)


_REFUSED = {
    400: "the host that the request names is not ours; `web.url` says how we are called",
    413: "the request is too long; send less at once",
}


def _refusal(request: Request, status: int) -> Response:
    said = (lambda words: words.say("wrong.host")) if status == 400 else None
    return told(request, status, _REFUSED.get(status, "refused"), said)


_REMEDIES = defaultdict(
    lambda: "the header must be `Authorization: Bearer KEY`; `tercera tokens add` makes a key",
    {
        "": "log in, or send `Authorization: Bearer KEY`; `tercera tokens add` makes a key",
        "bearer": "this key opens nothing: ended, revoked, or never was one; `tercera tokens` lists keys",
    },
)
"""By the scheme of what was sent instead of a good key."""


async def _unknown(request: Request, _: Exception) -> Response:
    if for_programs(request):
        remedy = _REMEDIES[request.headers.get("authorization", "").partition(" ")[0].lower()]
        return problem(401, remedy, headers={"WWW-Authenticate": "Bearer"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = wanted if request.method == "GET" and wanted != "/" else None
    return RedirectResponse(link("/login", next=after), 303)


async def _not_allowed(request: Request, error: Exception) -> Response:
    return told(request, 403, str(error), _phrase_of(error))


async def _wrong(request: Request, error: Exception) -> Response:
    status = _status_of(error)
    more = {"errors": _lines(error)} if isinstance(error, BatchError) else {}
    return told(request, status, str(error), _phrase_of(error), **more)


def _status_of(error: Exception) -> int:
    if isinstance(error, AskedError):
        return error.status
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def _lines(error: BatchError) -> list[dict[str, Any]]:
    return [{"line": line, "what": what} for line, what in error.mistakes]


async def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    mistakes = [{"at": ".".join(map(str, each["loc"])), "what": _what(each)} for each in error.errors()]
    if for_programs(request) and mistakes[0]["at"] == "body" and not _is_json(request):
        mistakes[0]["what"] = "send it as JSON, with the header `Content-Type: application/json`"
    words = "; ".join(f"{each['at']}: {each['what']}" for each in mistakes[:5])
    return told(request, 422, words, errors=mistakes)


def _what(mistake: Any) -> str:
    why = (mistake.get("ctx") or {}).get("error") if mistake.get("type") == "json_invalid" else None
    return f"{mistake['msg']}: {why}" if why else str(mistake["msg"])


def _is_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "").lower()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers, detail, said = dict(error.headers or {}), str(error.detail), None
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
        said = _nowhere
        detail = _nowhere(words_in(request))
    if error.status_code == 405:
        headers["allow"] = ", ".join(sorted(request.app.state.allowed(request.url.path)))
        detail = f"{request.method} is not possible here; possible: {headers['allow']}"
    return told(request, error.status_code, detail, said, headers=headers)


def _nowhere(words: Words) -> str:
    return words.say("problem.nowhere")


async def _defect(request: Request, error: Exception) -> Response:
    """What nobody foresaw: the log has the traceback, the answer nothing of it."""
    detail = "this is a defect; the log of Tercera says where it happened"
    return told(request, 500, detail, lambda words: words.say("wrong.defect"))
