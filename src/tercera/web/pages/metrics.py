"""Figures for a monitoring system."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import exposition
from prometheus_client.openmetrics import exposition as openmetrics

from tercera.people import Permission
from tercera.web.access.visitor import Visitor
from tercera.web.permitting.asking import may
from tercera.web.site import Here
from tercera.web.views.figures import Figures

router = APIRouter()


@router.get("/metrics")
def metrics(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.METRICS)]) -> Response:
    """In Prometheus' text format, or as OpenMetrics for who asks for that."""
    # The library's own choice by the header fails on versions that are none.
    wants_open = "application/openmetrics-text" in request.headers.get("accept", "")
    form = openmetrics if wants_open else exposition
    text = form.generate_latest(Figures(site))
    return Response(text, headers={"content-type": form.CONTENT_TYPE_LATEST})
