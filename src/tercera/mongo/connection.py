"""A client from a URI, and the driver's errors in words that name the server, never its password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote_plus

from pymongo import MongoClient
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    ExecutionTimeout,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from tercera.errors import SourceError
from tercera.notation.logins import ENCODED

Client = MongoClient[dict[str, object]]

AUTHENTICATION = {18, 8000}
UNAUTHORISED = 13

_COMMAND = re.compile(r"(execute command) \{ (\w+):.*", re.DOTALL)
"""What the server repeats of a refused command: its session and its clock, different each time."""
_TIMEOUTS = re.compile(r" \(configured timeouts: [^)]*\)")
_REGEX = {51111, 51156}


class Server:
    """One MongoDB deployment. Connects on the first use."""

    def __init__(self, uri: str, *, timeout: float, patience: float, read_preference: str) -> None:
        self._uri = uri
        self._timeout = timeout
        self._patience = patience
        self._read_preference = read_preference
        self._client: Client | None = None

    @property
    def address(self) -> str:
        """Host and port as the URI has them, without user and password."""
        return self._uri.split("://", 1)[-1].split("@")[-1].split("/")[0].split("?")[0]

    def client(self) -> Client:
        """The one client; it keeps its connections until `close`."""
        if self._client is None:
            milliseconds = int(self._timeout * 1000)
            with self.explained():
                self._client = MongoClient(
                    self._uri,
                    appname="tercera",
                    serverSelectionTimeoutMS=milliseconds,
                    connectTimeoutMS=milliseconds,
                    # The server gives up by itself after `patience`; this is for a network that went silent.
                    socketTimeoutMS=int((self._patience + 30) * 1000),
                    readPreference=self._read_preference,
                    retryReads=True,
                    retryWrites=True,
                )
        return self._client

    def close(self) -> None:
        """Lets go of every connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns what the driver raises within into `SourceError`."""
        try:
            yield
        except PyMongoError as error:
            raise SourceError(self._words(error)) from None
        except ValueError as error:  # a date or a text that the driver can't decode, a URI that it can't read
            raise SourceError(f"MongoDB at {self.address}: {self._redacted(error)}") from None

    def _words(self, error: PyMongoError) -> str:
        where = f"MongoDB at {self.address}"
        if isinstance(error, ServerSelectionTimeoutError):
            last = _TIMEOUTS.sub("", self._redacted(error).split(", Timeout:")[0])
            return (
                f"{where} did not answer within {self._timeout:g} s ({last}); "
                "check that it runs, the host and port in source.uri, the network and its access list"
            )
        if isinstance(error, ExecutionTimeout):
            return (
                f"{where} was still at it after {self._patience:g} s and gave up; `tercera check` shows "
                "which index is missing, source.operation_timeout gives it longer"
            )
        if isinstance(error, AutoReconnect):
            return (
                f"{where} broke the connection twice ({self._redacted(error)}); check its log and the network"
            )
        if isinstance(error, OperationFailure):
            return f"{where} {self._refusal(error)}"
        if isinstance(error, ConfigurationError):
            if isinstance(error, InvalidURI) and "escaped" in str(error):
                return f"source.uri ({self.address}) can't be read; {ENCODED}"
            hint = "; install 'tercera[srv]'" if "dnspython" in str(error) else ""
            return f"source.uri ({self.address}) can't be used: {self._redacted(error)}{hint}"
        return f"{where}: {self._redacted(error)}"

    def _refusal(self, error: OperationFailure) -> str:
        said = self._redacted(error).split(", full error:")[0]
        if error.code in AUTHENTICATION:
            return f"refused the login ({said}); check user, password and authSource in source.uri"
        if error.code == UNAUTHORISED:
            if "requires authentication" in said:
                return f"asks for a login ({said}); write it into source.uri: mongodb://user:password@host"
            said = _COMMAND.sub(r"\1 \2", said)
            return f"does not allow this ({said}); the user of source.uri needs the role `read`"
        if error.code in _REGEX or "regular expression" in said:
            return f"can't use a pattern of source.orders.valid or derive ({said}); write it more simply"
        return f"refused: {said}"

    def _redacted(self, error: Exception) -> str:
        text = str(error).replace(self._uri, self.address)
        login = self._uri.split("://", 1)[-1].rpartition("@")[0]
        password = login.partition(":")[2]
        for secret in {password, unquote_plus(password)} - {""}:
            text = text.replace(secret, "***")
        return text
