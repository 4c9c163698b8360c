"""The engines that hold orders in tables. An engine is one module of this folder, known by its file name.

Each has:

- `SCHEMES`: what its addresses begin with, before `://` (`("postgresql", "postgres")`); a driver that is
  named (`postgresql+psycopg://`) is not looked at.
- `EXTRA`: the extra of the package that brings its driver (`"postgresql"`), empty when none is needed.
- `DIALECT`: its `dialect.Dialect`: what it does in its own way, in expressions that never fail.
- `COMPILER`: the compiler of Ibis for it, with `native.NativeSql` mixed in, so that expressions may hold the
  engine's own SQL (`native.native`), a step that its optimiser must keep (`native.apart`, ended by the
  compiler's `keeps_apart`) and somebody's query as a table (`native.written`). A statement is
  `native.compiled(COMPILER, expression)`.
- `connect(address) -> connection.Connection`: connects, to read only, in UTC, with the time limits of
  `connection.Address`. `SourceError` names the address, never its password, and the remedy.

A `Connection` finds a table or a query (`relation`), with columns typed as Ibis has them (a type that Ibis
has no word for, but that has a text, is a string: `Dialect.exact` makes it one), streams the rows of a
statement in a bounded memory, and knows whether the user could write.

Nothing here is imported before it is asked for, so that no driver is needed but that of the engine in use.
"""

from __future__ import annotations

import difflib
import pkgutil
from importlib import import_module
from types import ModuleType

from tercera.errors import SourceError
from tercera.notation.logins import ENCODED

SCHEMES = {
    "duckdb": "duckdb",
    "postgresql": "postgres",
    "postgres": "postgres",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "snowflake": "snowflake",
    "trino": "trino",
    "mariadb": "mysql",
    "mysql": "mysql",
    "sc": "spark",
    "spark": "spark",
    "sqlite": "sqlite",
}
"""By what addresses begin with, their engine; each engine's `SCHEMES`, known without importing its driver."""

_WITHOUT_LOGIN = ("duckdb", "spark", "sqlite")
"""Engines in whose addresses an @ means nothing."""

_EXTRAS = {"postgres": "postgresql"}
"""Of the package, where they are not called like the engine."""


def names() -> list[str]:
    """The engines that there are, by their file names."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))


def load(name: str) -> ModuleType:
    """The module of an engine. SourceError names the engines that there are, or the extra that is missing."""
    if name not in names():
        raise SourceError(f"{name!r} is no engine; there are {', '.join(names())}")
    try:
        return import_module(f"{__name__}.{name}")
    except ImportError as error:
        raise SourceError(
            f"{name} needs a driver that is not installed ({error}); "
            f"install tercera[{_EXTRAS.get(name, name)}]"
        ) from error


def engine_of(uri: str) -> str:
    """The engine of an address, by what it begins with. ValueError says what there is, or
    that the password is not percent-encoded."""
    scheme, _, rest = uri.partition("://")
    scheme = scheme.partition("+")[0].lower()
    if "://" in uri and scheme in SCHEMES:
        if SCHEMES[scheme] not in _WITHOUT_LOGIN and rest.partition("?")[0].count("@") > 1:
            # A driver would take a part of the password for the host, and say it in its messages.
            raise ValueError(f"the address has more than one @; {ENCODED}")
        return SCHEMES[scheme]
    near = difflib.get_close_matches(scheme, SCHEMES, 1, 0.6) if "://" in uri else []
    meant = f"did you mean {near[0]}://?" if near else f"begin it with one of {', '.join(SCHEMES)}, then ://"
    raise ValueError(f"the address begins with no engine that is known ({meant}), or name it with engine:")
