"""Tells a page that something happened, so that it shows it: server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from tercera.people import Permission
from tercera.web.access.visitor import Visitor
from tercera.web.permitting.asking import may, recognised
from tercera.web.site import Here, Site

LOOK_EVERY = 1.0
"""Seconds between two looks at the ledger, whose cost is that of one row."""

BEAT_EVERY = 20
"""Looks without news after which a comment keeps the connection open, and shows whether anybody listens."""

router = APIRouter()


@router.get("/events")
async def events(
    request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]
) -> StreamingResponse:
    """`changed` whenever anything in the ledger did, as long as the session lasts."""
    return StreamingResponse(_changes(site, request), media_type="text/event-stream")


async def _changes(site: Site, request: Request) -> AsyncIterator[str]:
    known = await run_in_threadpool(site.ledger.mark)
    yield "retry: 3000\n\n"
    quiet = 0
    while not await request.is_disconnected() and not site.closing.is_set():
        await asyncio.sleep(LOOK_EVERY)
        mark = await run_in_threadpool(site.ledger.mark)
        quiet += 1
        if mark != known:
            known, quiet = mark, 0
            yield "event: changed\ndata: \n\n"
        elif quiet >= BEAT_EVERY:
            quiet = 0
            if await run_in_threadpool(recognised, site, request) is None:
                return
            yield ": still here\n\n"
