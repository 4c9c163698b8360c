"""Simulated customers: a name, a language and an address under `example.com` for an id.

A customer depends on the id and the seed alone, so it does not matter in which order, in how many runs or on
which machine ids are asked for. The names are Faker's; its own generator would be slower by far and depends
on what it was asked before, so only its word lists are used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import accumulate
from types import MappingProxyType

from tercera.errors import ConfigError

VALID_ID = r"^(\w+_\d+|[0-9A-Za-z]{24})$"
"""The ids that marketplace vendors have: `bigcolors_1381618804`, or 24 letters and digits."""

DEFAULT_LANGUAGES: Mapping[str, float] = MappingProxyType({"es": 0.7, "en": 0.2, "pt": 0.1})
"""The share of customers of each language."""

_WORDS = {"es": "es_CO", "en": "en_US", "pt": "pt_BR"}
_PLAIN_ID = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


@dataclass(frozen=True, slots=True)
class _Names:
    given: tuple[str, ...]
    family: tuple[str, ...]


def is_valid_id(text: str, pattern: str = VALID_ID) -> bool:
    r"""Whether an id is that of a customer. `\w` is ASCII, and `$` the very end."""
    return not text.endswith("\n") and re.search(pattern, text, re.ASCII) is not None


def simulate_customers(
    ids: Iterable[str],
    *,
    seed: int,
    language_mix: Mapping[str, float] = DEFAULT_LANGUAGES,
    without_email: float = 0.0,
) -> Iterator[dict[str, str]]:
    """A customer for each id: `identificationNumber`, `name`, `email`, `language`.

    A share of them, `without_email`, has no e-mail. Raises `ConfigError` for languages without names.
    """
    languages, shares = _mix(language_mix)
    key = str(seed).encode()
    for each in ids:
        draw = hashlib.blake2b(each.encode(errors="surrogatepass"), digest_size=20, key=key).digest()
        pick = [int.from_bytes(draw[place : place + 4]) / 2**32 for place in range(0, 20, 4)]
        language = next(name for name, share in zip(languages, shares, strict=True) if pick[0] < share)
        customer = {
            "identificationNumber": each,
            "name": _name(_names(language), pick),
            "email": email_for(each),
            "language": language,
        }
        if pick[4] < without_email:
            del customer["email"]
        yield customer


def email_for(customer_id: str) -> str:
    """The address of a customer: another one for every id, also where letter case is ignored."""
    if _PLAIN_ID.fullmatch(customer_id) and len(customer_id) <= _LONGEST_LOCAL_PART:
        return f"{customer_id}@example.com"
    digest = hashlib.blake2b(customer_id.encode(errors="surrogatepass"), digest_size=12).hexdigest()
    return f"customer-{digest}@example.com"  # the hyphen keeps it apart from plain ids


def _mix(language_mix: Mapping[str, float]) -> tuple[list[str], list[float]]:
    if unknown := language_mix.keys() - _WORDS.keys():
        raise ConfigError(f"no names for language {min(unknown)!r}; choose from {', '.join(_WORDS)}")
    total = sum(language_mix.values())
    if total <= 0 or min(language_mix.values()) < 0:
        raise ConfigError(f"language shares {dict(language_mix)} are no shares; give numbers above 0")
    shares = [share / total for share in accumulate(language_mix.values())]
    shares[-1] = 1.0
    return list(language_mix), shares


def _name(names: _Names, pick: list[float]) -> str:
    # Squared: the first names of a list are the common ones.
    given = names.given[int(pick[1] ** 2 * len(names.given))]
    family = names.family[int(pick[2] * len(names.family))]
    second = names.family[int(pick[3] * len(names.family))] if pick[3] < 0.5 else ""
    return f"{given} {family} {second}".rstrip()


@lru_cache(maxsize=len(_WORDS))
def _names(language: str) -> _Names:
    """Faker's lists; imported on first use because Faker is slow to load."""
    provider = import_module(f"faker.providers.person.{_WORDS[language]}").Provider
    given = dict.fromkeys([*provider.first_names_female, *provider.first_names_male])
    return _Names(tuple(given), tuple(dict.fromkeys(provider.last_names)))
