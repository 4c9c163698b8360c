"""The OpenAPI document: every route with what it needs, every status that it may answer with.

What all routes have in common is added here; what only some do (404, 409, 304) each route says itself, with
`problems`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tercera import __version__
from tercera.web.permitting.asking import CSRF_HEADER, Anyone, May
from tercera.web.shapes.problem import Problem

JSON = "application/problem+json"

_SAID = {
    400: "The request can't be read, or there is something to put right that `detail` names.",
    401: "Nobody who is known asks: no key, one that has ended, or no session.",
    403: "It is known who asks, and they may not.",
    404: "What was asked for by its name or number does not exist.",
    408: "The body came too slowly.",
    409: "Somebody was faster, or the same request is being worked on; asking again helps.",
    413: "The body is too long.",
    422: "The request was understood, and is wrong; `errors` has every mistake.",
    429: "Too much at once; ask again later.",
    500: "A defect; the log of Tercera says where.",
    502: "The orders can't be read now.",
    503: "The ledger can't be used now.",
}
_ALWAYS = (400, 422, 500, 503)
_WITH_BODY = (408, 413)

INTRODUCTION = f"""\
The same commands as on the command line. Amounts are texts (exact), instants are RFC 3339, problems are
`application/problem+json` (RFC 9457).

**Who asks.** Programs send `Authorization: Bearer KEY`; `tercera tokens add` makes a key. Browsers have a
session; what they change needs the header `{CSRF_HEADER}` of their page. Each operation names the permission
that it needs.

**Lists** are read page by page: send `next` as `cursor`, with the same filters.

**Once.** What changes something takes an `Idempotency-Key`.
"""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: what it may answer with beside what all may."""
    return {status: _response(status) for status in statuses}


UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "It is what the `ETag` in `If-None-Match` stands for."}
}


Rules = Mapping[tuple[str, str], May | Anyone | None]
"""Who may use each path by each method."""


def describe(app: FastAPI, rules: Rules) -> None:
    """Has the application describe itself: made when first asked for."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, rules)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _document(app: FastAPI, rules: Rules) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=__version__,
        summary=app.summary,
        description=INTRODUCTION,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= _problem_schemas()
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The key of a token, for programs.",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": app.state.site.cookie,
            "description": f"The session of a browser; what changes something needs `{CSRF_HEADER}` beside.",
        },
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(operation, rules[path, method.upper()])
    return found


def _complete(operation: dict[str, Any], rule: May | Anyone | None) -> None:
    """What all operations have."""
    answers = operation["responses"]
    known = (401, 403) if isinstance(rule, May) else ()
    for status in (*_ALWAYS, *known, *(_WITH_BODY if "requestBody" in operation else ())):
        answers[str(status)] = _response(status)
    operation["responses"] = dict(sorted(answers.items()))
    if isinstance(rule, May):
        needed = str(rule.permission)
        operation["security"] = [{"bearer": [needed]}, {"cookie": [needed]}]
        operation["x-permission"] = needed
        said = operation.get("description", "").rstrip()
        operation["description"] = f"{said}\n\nNeeds the permission `{needed}`.".lstrip()


def _response(status: int) -> dict[str, Any]:
    return {
        "description": _SAID[status],
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return {**schema.pop("$defs", {}), "Problem": schema}
