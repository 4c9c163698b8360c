"""What shop systems send when an order changes: believed by its signature alone."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from tercera.errors import NotFoundError
from tercera.pushed.shops import News, shopify, woocommerce
from tercera.web.api.orders import receiving
from tercera.web.permitting.asking import anyone
from tercera.web.problems import problem
from tercera.web.site import Here, Site

LARGEST = 5 << 20
"""Bytes of a message."""

SHOPS = {"shopify": shopify, "woocommerce": woocommerce}

router = APIRouter()
log = structlog.get_logger("tercera")


@router.post("/hooks/{shop}", dependencies=[Depends(anyone)], max_body_size=LARGEST)
async def receive(request: Request, site: Here, shop: str) -> Response:
    """Keeps what the message tells, then answers. A message that comes twice, or late, changes nothing."""
    system = SHOPS.get(shop)
    secret = receiving(site).shop_secret(shop) if system is not None else None
    if system is None or secret is None:
        raise NotFoundError(f"no messages of {shop!r} are expected; set source.{shop} in the configuration")
    body = await request.body()
    if not system.is_signed(secret, body, request.headers):
        log.warning("a message with a wrong signature was refused", shop=shop)
        return problem(401, f"the signature is not that of source.{shop}.secret")
    told = system.read(request.headers.get(system.TOPIC, ""), body)
    await run_in_threadpool(_keep, site, told)
    return JSONResponse({"status": "kept" if told.order or told.gone else "nothing to keep"})


def _keep(site: Site, told: News) -> None:
    store = receiving(site).store
    if told.order is not None:
        store.put([told.order])
    if told.gone is not None:
        store.forget(told.gone, told.at or site.now())
