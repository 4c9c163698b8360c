"""What a program names in its address and no such parameter exists: refused, never passed over. A filter that
is misspelt would otherwise choose everything."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from tercera.config.names import nearest
from tercera.web.site import PREFIX


def check_names(request: Request) -> None:
    """Of requests to the API. RequestValidationError: a name that its route does not have, with the nearest
    that it has."""
    route = request.scope.get("route")
    if not request.url.path.startswith(PREFIX) or not isinstance(route, APIRoute):
        return
    known = set(_names(route.dependant))
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise RequestValidationError(
            [
                {"loc": ("query", name), "msg": f"there is no such parameter{nearest(name, known)}"}
                for name in unknown
            ]
        )


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for each in dependant.dependencies:
        yield from _names(each)
