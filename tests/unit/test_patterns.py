"""Patterns in the words of engines: they mean what Python means by them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.errors import SourceError
from tercera.relational.expressions.patterns import PERL, RE2, portable

PATTERNS = [
    r"^(\w+_\d+|[0-9A-Za-z]{24})$",
    r"^o",
    "x*",
    r"[^q]*$",
    r"^[\w.-]+@[^\s@]+$",
    r"\bR\d{2,}\b",
    r"(?P<year>20\d\d)-.?",
    r"a|bc|",
    r"(?i)ret[u\W]rn",
    r"[\d\W]+?x",
    r"[^\D]",
    r"(?<=a)b(?!c)",
    r"(a)\1",
    r"[ab-]\.\$\[",
    r"ñ+[à-ü]",
    r"a$|b",
]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    pattern=st.sampled_from(PATTERNS),
    text=st.text(st.sampled_from("aAbcoqxR0123_-. \n\t@[]$ñüé٣²ſK\u2028"), max_size=8),
)
def test_a_translated_pattern_means_the_same(pattern: str, text: str) -> None:
    """Read again without ASCII classes, as most engines would read it."""
    strict = re.sub(r"\$(?=$|\|)", r"\\Z", pattern)
    said = portable(pattern, PERL).replace(r"\z", r"\Z")
    flags = re.ASCII if pattern.startswith("(?i)") else re.NOFLAG
    assert bool(re.search(said, text, flags)) == bool(re.search(strict, text, re.ASCII))


def test_the_words_are_readable() -> None:
    """Somebody reads them in a slow query's text."""
    assert portable(r"^(\w+_\d+|[0-9A-Za-z]{24})$", PERL) == r"\A((?:[0-9A-Z_a-z]+_[0-9]+|[0-9A-Za-z]{24}))\z"


@pytest.mark.parametrize("pattern", [r"(?<=a)b", r"(a)\1", "(?s)a.b"])
def test_what_an_engine_has_no_word_for_is_refused(pattern: str) -> None:
    """Not searched for in another meaning."""
    with pytest.raises(SourceError, match="which the engine does not know"):
        portable(pattern, RE2)
