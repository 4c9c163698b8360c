"""Orders that are handed in, for shops whose database can't be reached."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from tercera.errors import ConfigError
from tercera.people import Permission
from tercera.pushed.order import MOST, PushedOrder, read_orders
from tercera.pushed.receiving import Receiving
from tercera.pushed.store import OrderStore
from tercera.web.access.visitor import Visitor
from tercera.web.documented import problems
from tercera.web.permitting.asking import may
from tercera.web.site import Here, Site

LARGEST = 16 << 20
"""Bytes of a batch."""

_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")

router = APIRouter()


class Received(BaseModel):
    """What became of orders that were handed in. They are on the disk."""

    accepted: int = Field(description="kept as they are now")
    older: int = Field(description="left out: what is there was changed later (`changed_at`)")


def _described() -> dict[str, Any]:
    """The schema of an order, whole: what is referred to stands where it is used."""
    schema = PushedOrder.model_json_schema(ref_template="{model}")
    parts = schema.pop("$defs", {})

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return whole(parts[value["$ref"]]) if "$ref" in value else {k: whole(v) for k, v in value.items()}
        return [whole(each) for each in value] if isinstance(value, list) else value

    described: dict[str, Any] = whole(schema)
    return described


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        _described(),
                        {"type": "array", "maxItems": MOST, "items": _described()},
                    ]
                }
            },
            "application/x-ndjson": {"schema": {"type": "string"}},
        },
    }
}


@router.post("/orders", openapi_extra=_BODY, max_body_size=LARGEST, responses=problems(409))
async def push_orders(
    request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.PUSH)]
) -> Received:
    """Hands orders in: one, an array, or one on each line (NDJSON), at most 10,000. All of a request are
    kept, or none; handing the same in again changes nothing. Where orders are watched live, they are looked
    at at once."""
    store = store_of(site)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()

    def keep() -> Received:
        kept = store.put(read_orders(body, lines=kind in _LINES))
        return Received(accepted=kept.accepted, older=kept.older)

    return await run_in_threadpool(keep)


def store_of(site: Site) -> OrderStore:
    """Where orders are kept that are handed in. ConfigError: the source is another one."""
    return receiving(site).store


def receiving(site: Site) -> Receiving:
    """The source, as one that orders are handed in to. ConfigError: it is another one."""
    if not isinstance(site.app.source, Receiving):
        kind = site.app.settings.source.kind
        raise ConfigError(
            f"orders are read from a source of kind {kind} and can't be handed in; with `source: {{kind: "
            "pushed}` they can"
        )
    return site.app.source
