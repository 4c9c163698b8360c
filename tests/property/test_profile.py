"""Whatever stands in somebody's data, what is written about it loads and says just that."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.config import load_settings
from tercera.notation.dates import parse_format
from tercera.orders import LONGEST_TEXT
from tercera.profile import Part, Wishes, propose, read_list, written_list
from tercera.profile.formats import formats_of
from tercera.profile.patterns import shape_of
from tercera.sampling import Address, Origin
from tercera.starter.environment import name_for, remember
from tercera.starter.proposed import Mail, proposed_text
from tercera.starter.quoting import quoted, remark, with_remark
from tests import made_up_shops as shops

NASTY = st.text(
    st.sampled_from("abc '\"\\\n\r\t\0\x07\x1b\x7f\x85\u2028\ufeff{}[]#:&*!|>%@`$.,-?ñÑé💥\u202e<>"),
    max_size=30,
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40) | NASTY


@settings(max_examples=60, deadline=None)
@given(TEXT, TEXT)
def test_quoted_text_is_read_again(text: str, told: str) -> None:
    """A text in a line with a remark comes back as it was, and the remark becomes nothing else."""
    lines = with_remark(f"key: {quoted(text)}", told, 0)
    assert all("\n" not in line and line.isprintable() for line in lines)
    assert yaml.safe_load("\n".join(lines)) == {"key": text}
    assert remark(told).isprintable()


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1), st.booleans())
def test_an_address_in_the_environment_is_read_again(value: str, is_new: bool) -> None:
    """Whatever characters a password has, and whether or not the file was there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, ".env")
        if not is_new:
            path.write_text("MONGODB_URI=other")
        name, known = name_for(value, "MONGODB_URI", {} if is_new else {"MONGODB_URI": "other"})
        if known:
            return
        remember(path, name, value)
        assert dotenv_values(path, interpolate=False)[name] == value
        assert is_new or dotenv_values(path)["MONGODB_URI"] == "other"
        assert not is_new or path.stat().st_mode & 0o077 == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(TEXT.filter(str.strip), min_size=1, max_size=6, unique=True),
    TEXT.filter(lambda text: "${" not in text and bool(text.strip())),
    TEXT,
)
def test_a_proposal_loads_whatever_is_in_the_data(statuses: list[str], place: str, junk: str) -> None:
    """Names of places, statuses and ids from outside can't break the file or change its meaning."""
    rows = [
        {
            "order_id": f"{junk}{number}",
            "customer_id": f"{junk}{number % 7}",
            "status": "returned" if number % 3 == 0 else statuses[number % len(statuses)],
            "placed_at": junk if number % 5 == 0 else f"2026-01-{1 + number % 28:02d}",
        }
        for number in range(40)
    ]
    shop = {place: rows}
    wishes = Wishes({Part.ORDERS: place, Part.STATUS: "status", Part.ORDER_ID: "order_id",
                     Part.CUSTOMER_ID: "customer_id", Part.PLACED_AT: "placed_at"})  # fmt: skip
    proposal = propose(shops.samples_of(shop), wishes, shops.Known(shop), "UTC")
    origin = Origin("mongodb", junk, {"uri": "${URI}", "database": "d"}, {place: {"collection": place}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tercera.yaml")
        path.write_text(proposed_text(proposal, origin, Mail()), encoding="utf-8")
        found: Any = load_settings(path, {"URI": "mongodb://localhost"})
    assert found.source.orders.collection == place
    (match,) = found.rules[0].counting.when
    assert match.values == (proposal.counted or ("returned", "cancelled"))
    assert "returned" in match.values


@given(
    st.lists(TEXT.map(str.strip).filter(lambda text: bool(text) and "\n" not in text and "\r" not in text))
)
def test_lists_are_read_again(texts: list[str]) -> None:
    """Statuses with commas, quotes and blanks."""
    assert list(read_list(written_list(texts))) == texts


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.dates().map(lambda day: f"{day:%d/%m/%Y}") | st.dates().map(str) | TEXT, st.integers(1, 9)
    )
)
def test_formats_read_what_they_say(texts: dict[str, int]) -> None:
    """The shares add up, and what is said to be unreadable is read by none of the formats."""
    found = formats_of(texts)
    forms = [parse_format(text) for text in found.texts]
    read = sum(rows for text, rows in texts.items() if any(form.read(text) is not None for form in forms))
    assert (found.read, found.rows) == (read, sum(texts.values()))
    assert sum(each.rows for each in found.found) == found.read
    assert not [text for text in found.misses if any(form.read(text) is not None for form in forms)]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=LONGEST_TEXT // 50), st.integers(1, 9), min_size=1))
def test_a_shape_fits_what_it_says(texts: dict[str, int]) -> None:
    """The pattern loads, and covers as many as it says."""
    import re

    if (shape := shape_of(texts)) is None:
        return
    fitting = sum(rows for text, rows in texts.items() if re.fullmatch(shape.pattern, text))
    assert (shape.fitting, shape.of) == (fitting, sum(texts.values()))


def test_an_address_keeps_its_name() -> None:
    """A value that is known already is not written twice; a name that is taken is left alone."""
    assert name_for("x", "MONGODB_URI", {"ATLAS_URI": "x"}) == ("ATLAS_URI", True)
    assert name_for("x", "MONGODB_URI", {"MONGODB_URI": "y"}) == ("TERCERA_SOURCE_URI", False)
    taken = {"MONGODB_URI": "y", "TERCERA_SOURCE_URI": "z"}
    assert name_for("x", "MONGODB_URI", taken) == ("TERCERA_SOURCE_URI_2", False)
    assert Address("x", "${A}").secret is None
