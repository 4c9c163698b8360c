"""The `webhook` channel: one signed POST per message, after the Standard Webhooks specification.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from tercera.channels._event import event_text
from tercera.channels._http import Connection, HookSettings, HttpChannel, Server, accepted, server
from tercera.messages import Message

__all__ = ["Settings", "open_channel", "sign"]

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, as the specification has it


def key_of(secret: SecretStr) -> bytes:
    """The bytes of `whsec_<base64>`. ValueError: it is none."""
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(_PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(
            f"a signing secret is {_PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} random bytes; "
            'make one with: echo "whsec_$(openssl rand -base64 32)"'
        )
    return key


def _secret(secret: SecretStr) -> SecretStr:
    key_of(secret)
    return secret


def _several(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Secret = Annotated[SecretStr, AfterValidator(_secret)]


class Settings(HookSettings):
    """A signed POST to a program of yours or of a partner."""

    kind: Literal["webhook"] = "webhook"
    secret: Annotated[
        tuple[Secret, ...],
        Field(min_length=1),
        BeforeValidator(_several, json_schema_input_type=Secret | tuple[Secret, ...]),
    ] = Field(
        description="`whsec_…` to sign with; while one is exchanged for another a list: each of them signs"
    )


def open_channel(settings: Settings) -> WebhookChannel:
    """The channel of these settings. Connects to nothing. ConfigError: the CA file can't be used."""
    secrets = [secret.get_secret_value() for secret in settings.secret]
    other = server(settings, settings.endpoint, allow_private=settings.allow_private, secrets=secrets)
    return WebhookChannel(settings, other)


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature`: one for each key, the newest first."""
    content = f"{message_id}.{timestamp}.".encode() + body
    macs = (hmac.new(key, content, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(mac).decode('ascii')}" for mac in macs)


class WebhookChannel(HttpChannel):
    """Posts signed events to one server."""

    def __init__(self, settings: Settings, server: Server) -> None:
        super().__init__(server)
        self._settings = settings

    def post(self, connection: Connection, message: Message) -> str:
        """See `HttpChannel`. The time of the try is signed with the rest, so that nobody can play it again
        later; the id and the body are those of the first try."""
        body = event_text(message, self._settings.language).encode("ascii")
        timestamp = int(time.time())
        keys = [key_of(secret) for secret in self._settings.secret]
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.key,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(keys, message.key, timestamp, body),
        }
        endpoint = self.server.endpoint
        return accepted(endpoint.place, connection.request("POST", endpoint.target, headers, body))
