"""Whether the process lives (`/healthz`) and can work (`/readyz`): for supervisors, without a login."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from tercera.web.permitting.asking import anyone
from tercera.web.site import Here

router = APIRouter()
BOTH = ["GET", "HEAD"]
"""Some supervisors ask by HEAD."""


@router.api_route("/healthz", methods=BOTH, dependencies=[Depends(anyone)])
async def alive() -> JSONResponse:
    """It answers, so it lives."""
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=BOTH, dependencies=[Depends(anyone)])
def ready(site: Here) -> JSONResponse:
    """The ledger can be read. Says nothing more to whoever is not known."""
    site.ledger.diary.heart()
    return JSONResponse({"status": "ready"})
