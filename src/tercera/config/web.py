"""The settings of the dashboard and the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from tercera.notation.durations import Duration


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _is_origin(value: str) -> str:
    parts = urlsplit(value)
    plain = not (parts.query or parts.fragment or parts.username) and parts.path in ("", "/")
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ValueError("must be where browsers find the dashboard, like https://tercera.example.com")
    return value.rstrip("/")


Origin = Annotated[str, AfterValidator(_is_origin)]


def _is_long(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("must be at least 32 characters; `openssl rand -hex 32` makes one")
    return value


class OpenIdSettings(_Shape):
    """Logging in by OpenID Connect. Needs `pip install 'tercera[oidc]'`."""

    issuer: Origin | Annotated[str, Field(pattern=r"^https?://\S+$")]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretStr
    role_claim: str = "roles"
    roles: dict[str, Annotated[str, Field(pattern=r"^(viewer|operator|admin)$")]] = Field(
        default_factory=dict
    )
    default_role: Annotated[str, Field(pattern=r"^(viewer|operator)$")] | None = None


class WebSettings(_Shape):
    """The dashboard and the API."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8321
    url: Origin | None = None
    in_run: bool = True
    session: Duration = Field(timedelta(hours=12), json_schema_extra={"default": "12h"})
    secret: Annotated[SecretStr, AfterValidator(_is_long)] | None = None
    mail_links: bool = True
    links_last: Duration = Field(timedelta(days=30), json_schema_extra={"default": "30d"})
    proxies: list[str] = Field(default_factory=list)
    openid: OpenIdSettings | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> WebSettings:
        if self.openid is not None and self.url is None:
            raise ValueError("openid needs url: the provider sends browsers back there")
        if not timedelta(minutes=1) <= self.session <= timedelta(days=30):
            raise ValueError("session must be between 1m and 30d")
        return self
