"""How costs are said."""

from __future__ import annotations

import pytest

from tercera.indexes.costs import Cost, bytes_words, cost_words, seconds_words


@pytest.mark.parametrize(
    ("cost", "stored", "words"),
    [
        (Cost(1_000_000, 0, 1.3), 1_000_000, "all 1,000,000 documents in 1.3 s"),
        (Cost(999_999, 0, 2.3), 1_000_000, "all 1,000,000 documents in 2.3 s"),
        (Cost(2_300_000, 0, 2.6), 1_000_000, "all 1,000,000 documents 2.3 times over in 2.6 s"),
        (Cost(0, 41_009, 0.09), 1_000_000, "41,009 index keys in 90 ms"),
        (Cost(300, 312, 0.004), 1_000_000, "312 index keys and 300 documents in 4 ms"),
        (Cost(0, 41_009, 0.1, estimated=True), 1_000_000, "about 41,000 index keys in 0.1 s"),
        (Cost(20, 0, None), 20, "all 20 documents"),
        (Cost(0, 0, 0.0), 1_000_000, "no documents in 1 ms"),
        (Cost(0, 0, 10.0, unfinished=True), 9, "for longer than 10 s"),
        (Cost(9_000, 0, 10.0, unfinished=True), 9_000, "all 9,000 documents, for longer than 10 s"),
    ],
)
def test_a_cost_in_words(cost: Cost, stored: int, words: str) -> None:
    """What is read, and for how long; an estimate shows that it is one."""
    assert cost_words(cost, "documents", stored) == words


def test_costs_add_up() -> None:
    """What is not known of one is not known of both."""
    assert Cost(1, 2, 0.5) + Cost(3, 4, 0.25, estimated=True) == Cost(4, 6, 0.75, estimated=True)
    assert (Cost(1, 2, None) + Cost(3, 4, 0.25)).seconds is None


def test_times_and_sizes_have_as_many_digits_as_matter() -> None:
    """Milliseconds, seconds, minutes; megabytes, gigabytes."""
    assert [seconds_words(each) for each in (0.0001, 0.0995, 0.34, 12.4, 700)] == [
        "1 ms",
        "100 ms",
        "0.3 s",
        "12 s",
        "12 min",
    ]
    assert [bytes_words(each) for each in (10, 3_240_000, 61_706_240, 3_200_000_000)] == [
        "less than 1 MB",
        "3.2 MB",
        "62 MB",
        "3.2 GB",
    ]
