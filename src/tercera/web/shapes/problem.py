"""What went wrong (RFC 9457)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tercera.web.shapes.base import Given


class Mistake(Given):
    """One thing that is wrong with what was asked."""

    at: Annotated[
        str | None, Field(description="Where: the part of the request, then the names down to the value.")
    ] = None
    line: Annotated[int | None, Field(description="On which line of a batch.")] = None
    what: Annotated[str, Field(description="What is wrong with it.")]


class Problem(Given):
    """Why there is no answer, as `application/problem+json` (RFC 9457)."""

    type: Annotated[str, Field(description="Always `about:blank`: the status says what kind of problem.")]
    title: Annotated[str, Field(description="The status in words.")]
    status: Annotated[int, Field(description="The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, Field(description="What is wrong, and what to do about it.")]
    errors: Annotated[
        list[Mistake] | None, Field(description="Every mistake of the request, where it was not understood.")
    ] = None
