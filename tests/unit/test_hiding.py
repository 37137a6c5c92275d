"""Small numbers are hidden, and cannot be reckoned from what is shown."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.domain.statistics.hiding import FEWEST, hide_small, is_small, merge_small_runs, share

MONTHS = st.lists(st.integers(0, 12), max_size=30)


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


def of_every_month(numbers, window=12):
    """Return what a page tells that is kept month after month: each run of its year, and all of them together."""
    for now in range(1, len(numbers) + 1):
        runs = [run for run in merge_small_runs(numbers[:now]) if run[1] >= now - window]
        sums = [sum(numbers[begin : end + 1]) for begin, end in runs]
        yield runs, sums, sum(sums)


def test_small_months_stand_together():
    assert merge_small_runs([3, 7, 50]) == [(0, 1), (2, 2)]
    assert merge_small_runs([0, 6, 1, 0, 2, 2, 9, 4]) == [(0, 0), (1, 1), (2, 5), (6, 6)]


@given(MONTHS)
def test_no_run_is_small_and_none_changes_later(numbers):
    told = merge_small_runs(numbers)
    places = [place for begin, end in told for place in range(begin, end + 1)]
    assert places == list(range(len(places)))
    assert not any(is_small(sum(numbers[begin : end + 1])) for begin, end in told)
    for now in range(len(numbers)):
        assert merge_small_runs(numbers[:now]) == [run for run in told if run[1] < now]


@given(MONTHS)
def test_pages_of_all_months_together_tell_no_small_month(numbers):
    pages = list(of_every_month(numbers))
    for begin, end in merge_small_runs(numbers):
        for other in range(1, FEWEST) if end > begin else ():
            rest = sum(numbers[begin : end + 1]) - other
            changed = [*numbers[:begin], other, *[0] * (end - begin - 1), rest, *numbers[end + 1 :]]
            assert list(of_every_month(changed)) == pages
