"""What went wrong, as a page for people and as problem+json (RFC 9457) for programs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from tercera.deciding import DecisionError
from tercera.errors import ConfigError, ConflictError, LedgerError, NotFoundError, SourceError, TerceraError
from tercera.pushed.order import BatchError
from tercera.pushed.shops import UnreadableError
from tercera.web.access.asking import NotAllowedError, UnknownError
from tercera.web.page import link, page

_STATUS: tuple[tuple[type[TerceraError], int], ...] = (
    (NotFoundError, 404),
    (DecisionError, 422),
    (BatchError, 422),
    (UnreadableError, 422),
    (ConfigError, 409),
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
    return request.url.path.startswith(("/api/", "/metrics", "/hooks/", "/readyz"))


def told(request: Request, status: int, detail: str, **more: Any) -> Response:
    """In the form that whoever asked can read."""
    if for_programs(request):
        return problem(status, detail, **more)
    answer = page(request, "problem.html", status=status, code=status, detail=detail)
    answer.headers.update(more.get("headers") or {})
    return answer


async def _unknown(request: Request, _: Exception) -> Response:
    if for_programs(request):
        remedy = "log in, or send `Authorization: Bearer KEY`; `tercera tokens add` makes a key"
        return problem(401, remedy, headers={"WWW-Authenticate": "Bearer"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = wanted if request.method == "GET" and wanted != "/" else None
    return RedirectResponse(link("/login", next=after), 303)


async def _not_allowed(request: Request, error: Exception) -> Response:
    return told(request, 403, str(error))


async def _wrong(request: Request, error: Exception) -> Response:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    more = {"errors": _lines(error)} if isinstance(error, BatchError) else {}
    return told(request, status, str(error), **more)


def _lines(error: BatchError) -> list[dict[str, Any]]:
    return [{"line": line, "what": what} for line, what in error.mistakes]


async def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    mistakes = [{"at": ".".join(map(str, each["loc"])), "what": str(each["msg"])} for each in error.errors()]
    words = "; ".join(f"{each['at']}: {each['what']}" for each in mistakes[:5])
    return told(request, 422, words, errors=mistakes)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    return told(request, error.status_code, str(error.detail), headers=headers)


async def _defect(request: Request, error: Exception) -> Response:
    """What nobody foresaw: the log has the traceback, the answer nothing of it."""
    return told(request, 500, "this is a defect; the log of Tercera says where it happened")
