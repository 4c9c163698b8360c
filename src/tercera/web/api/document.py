"""What the API can do, as an OpenAPI 3.1 document."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from tercera.web.permitting.roles import Reader

router = APIRouter(tags=["document"])


@router.get("/openapi.json", summary="This document")
def openapi(request: Request, visitor: Reader) -> dict[str, Any]:
    """The API in the words of OpenAPI 3.1."""
    document: dict[str, Any] = request.app.openapi()
    return document
