"""Transitions in the order in which they were written, for programs that follow them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tercera.web.cursors import LONGEST, Limit
from tercera.web.documented import problems
from tercera.web.permitting.roles import Reader
from tercera.web.shapes.transition import PassageGiven, Passages
from tercera.web.site import Here

router = APIRouter(tags=["alerts"])


@router.get("/transitions", responses=problems(409), summary="Transitions, in order")
def list_transitions(
    site: Here,
    visitor: Reader,
    after: Annotated[
        str | None,
        Query(
            max_length=LONGEST,
            description="The `next` of the answer before, or a transition's `position`; without it, from "
            "the first.",
        ),
    ] = None,
    limit: Limit = 50,
) -> Passages:
    """Ask again with `next` for what is written from then on: who does so misses none, however many write at
    the same time. An empty answer means that there is nothing new yet."""
    found = site.ledger.readers.passages(after, limit)
    here = found[-1].position if found else after or site.ledger.readers.start()
    return Passages(items=[PassageGiven.of(each) for each in found], next=here)
