"""Small numbers are hidden, and cannot be reckoned from what is shown."""

import random

import pytest

from civicportal.statistics.hiding import FEWEST, hide_small, is_small, share


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([10, 20, 30], [10, 20, 30]),
        ([0, 20, 30], [0, 20, 30]),
        ([3, 20, 30], [None, None, 30]),
        ([3, 4, 30], [None, None, 30]),
        ([1, 2, 30, 40], [None, None, None, 40]),
        ([3, 0, 0], [None, 0, 0]),
        ([], []),
    ],
)
def test_small_parts_hide_behind_others(parts, shown):
    assert hide_small(parts) == shown


def test_no_small_number_is_left_over():
    rng = random.Random(5)
    for _ in range(2000):
        parts = [rng.choice([0, 1, 3, 4, 5, 9, 40]) for _ in range(rng.randint(1, 6))]
        shown = hide_small(parts)
        known = [number for number in shown if number is not None]
        assert not any(is_small(number) for number in known)
        hidden = len(parts) - len(known)
        if hidden and sum(parts) >= FEWEST and sum(map(bool, parts)) > 1:
            assert hidden > 1
            assert not is_small(sum(parts) - sum(known))


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(5, 10, 50), (0, 10, 0), (10, 10, 100), (3, 10, None), (8, 10, None), (2, 2, None), (95, 100, 95)],
)
def test_a_share_tells_no_small_number(part, whole, percent):
    assert share(part, whole) == percent
