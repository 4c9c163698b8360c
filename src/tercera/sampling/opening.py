"""The sampler for what somebody typed: an address, a pattern, a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tercera.errors import SourceError
from tercera.sampling.sampler import Address, Bounds, Sampler

_PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_MONGODB = ("mongodb", "mongodb+srv")


def filled(typed: str, environment: Mapping[str, str]) -> str:
    """What was typed, with `${NAME}` from the environment or `.env`. SourceError when that is not set."""

    def look_up(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise SourceError(f"the environment variable {found[1]} is not set; export it or add it to .env")
        return environment[found[1]]

    return _PLACE.sub(look_up, typed)


def is_server(uri: str) -> bool:
    """Whether it is the address of a server rather than files."""
    return bool(_SCHEME.match(uri))


def is_secret(uri: str) -> bool:
    """Whether an address belongs into `.env`: that of a server, rather than of a database file."""
    return "@" in uri or not uri.lower().startswith(("sqlite:", "duckdb:"))


def preferred_name(uri: str) -> str:
    """Under which name an address is usually kept."""
    found = _SCHEME.match(uri)
    return "MONGODB_URI" if found and found[1].lower() in _MONGODB else "DATABASE_URL"


def open_server(
    address: Address, database: str | None, folder: Path, named: frozenset[str], bounds: Bounds
) -> Sampler:
    """The sampler for a database; paths of database files are told from `folder`. SourceError for an address
    of a kind that is not known."""
    found = _SCHEME.match(address.uri)
    if found and found[1].lower() in _MONGODB:
        from tercera.sampling.mongodb import MongoSampler

        return MongoSampler(address, database, named, bounds)
    from tercera.sampling.sql import SqlSampler

    try:
        return SqlSampler(address, database, folder, named, bounds)
    except ValueError as error:
        others = "; mongodb:// and files are known as well" if "no engine" in str(error) else ""
        raise SourceError(f"{error}{others}") from None


def open_files(patterns: Sequence[str], folder: Path, named: frozenset[str], bounds: Bounds) -> Sampler:
    """The sampler for files; paths are told from `folder`."""
    from tercera.sampling.files import FilesSampler

    return FilesSampler(patterns, folder, named, bounds)
