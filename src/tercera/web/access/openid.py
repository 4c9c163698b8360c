"""Logging in by OpenID Connect: the authorization code flow with PKCE (RFC 7636), state and nonce.

What the provider is asked for and answers is Authlib's part; who may come in as what is decided here.
"""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, cast

from tercera.config.web import OpenIdSettings
from tercera.errors import ConfigError, TerceraError
from tercera.people import Role
from tercera.signing import Keys

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""

PATIENCE = 10.0
"""Seconds that one answer of the provider may take."""

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_PURPOSE = "openid"
_RANKS = (Role.ADMIN, Role.OPERATOR, Role.VIEWER)


class OpenIdError(TerceraError):
    """Somebody could not be let in by the provider's word. Says why, in words that hold no secret."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that was begun: where the browser goes, and what it must bring back."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for: an id that stays the same, a name for people, a role here or none."""

    id: str
    name: str
    role: Role | None


@dataclass
class OpenId:
    """One provider. Its description is read when it is first needed; may be used by several threads."""

    settings: OpenIdSettings
    keys: Keys
    back: str
    """The address that the provider sends browsers back to."""

    _known: dict[str, Any] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def begin(self, now: datetime, after: str) -> Begun:
        """Sends somebody to the provider; `after` is the page that they wanted. OpenIdError: it is away."""
        state, nonce, verifier = token_urlsafe(24), token_urlsafe(24), token_urlsafe(48)
        endpoint = self._provider()["authorization_endpoint"]
        with self._client() as client:
            url, _ = client.create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        ends = (now + LASTS).timestamp()
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "after": after, "ends": ends}
        return Begun(url, self._sealed(kept))

    def finish(self, now: datetime, cookie: str, answer: Mapping[str, str]) -> tuple[Identity, str]:
        """Who came back, and the page that they wanted. OpenIdError: something does not fit together."""
        kept = self._opened(cookie, now)
        if "error" in answer:
            raise OpenIdError(f"the provider refused: {answer['error'][:80]}")
        if answer.get("state") != kept["state"] or "code" not in answer:
            raise OpenIdError("the answer does not belong to this login; begin again").said_as("login_again")
        claims = self._claims(answer["code"], kept["verifier"], kept["nonce"], now)
        return self._identity(claims), str(kept["after"])

    def _claims(self, code: str, verifier: str, nonce: str, now: datetime) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        token = self._token(code, verifier)
        try:
            claims = dict(jwt.decode(token, self._key_set(), algorithms=_ALGORITHMS).claims)
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=60,
                iss={"essential": True, "value": self._provider()["issuer"]},
                aud={"essential": True, "value": self.settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OpenIdError(f"the provider's identity token is not good: {type(error).__name__}") from error
        if (
            isinstance(claims["aud"], list)
            and claims.get("azp", self.settings.client_id) != self.settings.client_id
        ):
            raise OpenIdError("the provider's identity token is for somebody else")
        return claims

    def _token(self, code: str, verifier: str) -> str:
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        try:
            with self._client() as client:
                answer = client.fetch_token(
                    self._provider()["token_endpoint"],
                    code=code,
                    code_verifier=verifier,
                    grant_type="authorization_code",
                )
            return str(answer["id_token"])
        except (AuthlibBaseError, RequestException, KeyError, ValueError) as error:
            raise OpenIdError(f"the provider gave no identity token: {type(error).__name__}") from error

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        names = (claims.get(key) for key in ("preferred_username", "email", "name"))
        name = next((str(each) for each in names if each), str(claims["sub"]))
        return Identity(f"{claims['iss']}|{claims['sub']}", name, self._role(claims))

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """The highest that one of the claim's values stands for."""
        told = claims.get(self.settings.role_claim, ())
        values = {str(each) for each in told} if isinstance(told, list) else set(str(told or "").split())
        found = {Role(role) for value, role in self.settings.roles.items() if value in values}
        default = self.settings.default_role
        return next((role for role in _RANKS if role in found), Role(default) if default else None)

    def _provider(self) -> dict[str, Any]:
        with self._lock:
            if not self._known:
                found = self._fetched(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != self.settings.issuer.rstrip("/"):
                    raise OpenIdError("the provider calls itself by another name than web.openid.issuer")
                self._known = found
            return self._known

    def _key_set(self) -> Any:
        from joserfc.jwk import KeySet

        return KeySet.import_key_set(
            cast(Any, self._fetched(self._provider()["jwks_uri"]))
        )  # anew: keys change

    def _fetched(self, url: str) -> dict[str, Any]:
        import requests

        try:
            answer = requests.get(url, timeout=PATIENCE, allow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise OpenIdError(
                f"the provider {self.settings.issuer} does not answer: {type(error).__name__}"
            ) from error
        if not isinstance(found, dict):
            raise OpenIdError(
                f"the provider {self.settings.issuer} answers something else than its description"
            )
        return found

    def _client(self) -> OAuth2Session:
        try:
            from authlib.integrations.requests_client import OAuth2Session
        except ImportError:
            raise ConfigError("web.openid needs `pip install 'tercera[oidc]'`") from None
        return OAuth2Session(
            self.settings.client_id,
            self.settings.client_secret.get_secret_value(),
            redirect_uri=self.back,
            scope="openid profile email",
            code_challenge_method="S256",
            default_timeout=PATIENCE,
        )

    def _sealed(self, kept: Mapping[str, Any]) -> str:
        text = urlsafe_b64encode(json.dumps(kept).encode()).decode()
        return f"{text}.{self.keys.sign(_PURPOSE, text)}"

    def _opened(self, cookie: str, now: datetime) -> dict[str, Any]:
        text, _, mark = cookie.partition(".")
        if not self.keys.is_signed(_PURPOSE, text, mark):
            raise OpenIdError("this login was not begun here, or in another browser; begin again").said_as(
                "login_again"
            )
        kept: dict[str, Any] = json.loads(urlsafe_b64decode(text))
        if kept["ends"] < now.timestamp():
            raise OpenIdError("the login took too long; begin again").said_as("login_again")
        return kept
