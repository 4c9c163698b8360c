"""Who sends, or reads, a byte a second holds nothing for long: each part of an exchange has its time."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 30.0
"""Seconds in which headers come, a body comes that is not large, and an answer is taken."""

RATE = 32 << 10
"""Bytes of a body that give it another second."""


AHEAD = 256 << 10
"""Bytes of further requests that may come before a request is answered."""


class Prompt:
    """Has a body that comes too slowly answered with 408. What is read after it (whether the other side went
    away) may take as long as it likes."""

    def __init__(self, app: ASGIApp, *, patience: float) -> None:
        self._app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            receive = _Body(receive, self._patience).receive
        await self._app(scope, receive, send)


class _Body:
    """What comes in, with the time that it takes."""

    def __init__(self, receive: Receive, patience: float) -> None:
        self._receive = receive
        self._ends = asyncio.get_running_loop().time() + patience
        self._whole = False

    async def receive(self) -> Message:
        """The next part. HTTPException: it did not come in time."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError:
            close = {"connection": "close"}
            raise HTTPException(408, "the body came too slowly; send it again", headers=close) from None
        self._ends += len(message.get("body", b"")) / RATE
        self._whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message


class Patient(H11Protocol):
    """Ends a connection whose headers do not come, whose body nobody waits for, whose answer is not taken, or
    that asks faster than it can be answered. Between two requests the server's own keep-alive decides."""

    patience = PATIENCE

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._coming: asyncio.TimerHandle | None = None
        self._going: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its base
        """Something has to come."""
        super().connection_made(transport)
        self._coming = self.loop.call_later(self.patience, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Over."""
        super().connection_lost(exc)
        self._coming, self._going = _ended(self._coming), _ended(self._going)

    def data_received(self, data: bytes) -> None:
        """A part of a request, or several."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """The next request may begin, or the rest of this one still come."""
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """The other side does not read as fast as we write."""
        super().pause_writing()
        self._going = self._going or self.loop.call_later(self.patience, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        self._going = _ended(self._going)

    def _look(self) -> None:
        answered = self.cycle is None or self.cycle.response_complete
        ahead = len(self.conn.trailing_data[0])
        begun = ahead > 0 or self.conn.their_state is h11.SEND_BODY
        if ahead > AHEAD:  # the server reads on, a little with each answer, and would keep it all
            self.transport.abort()
        if not (answered and begun):
            self._coming = _ended(self._coming)
        elif self._coming is None:
            self._coming = self.loop.call_later(self.patience, self.transport.abort)


def patient(seconds: float) -> type[Patient]:
    """The protocol with so much patience."""
    return type("Patient", (Patient,), {"patience": seconds})


def _ended(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """None, for the place of a timer that is not wanted any more."""
    if timer is not None:
        timer.cancel()
    return None
