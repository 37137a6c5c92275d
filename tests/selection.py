"""Which tests ``make test`` leaves to ``make test-long``."""

import os
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from itertools import combinations

import pytest

LONG = bool(os.environ.get("CIVICPORTAL_LONG"))
"""Whether all tests run, as in ``make test-long``."""

Pair = tuple[tuple[str, Hashable], ...]


def left_out(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that only ``make test-long`` runs.

    They are those marked ``long``, and combinations of parameters of tests marked ``pairwise`` that :func:`covering`
    does not need.
    """
    found, tests = [], defaultdict(list)
    for item in items:
        if item.get_closest_marker("long"):
            found.append(item)
        elif item.get_closest_marker("pairwise"):
            tests[item.nodeid.partition("[")[0]].append(item)
    for combined in tests.values():
        needed = covering([_parameters(item) for item in combined])
        found += [item for number, item in enumerate(combined) if number not in needed]
    return found


def _parameters(item: pytest.Item) -> dict[str, Hashable]:
    assert isinstance(item, pytest.Function)
    return {name: repr(value) for name, value in item.callspec.params.items()}


def covering(tests: Collection[Mapping[str, Hashable]]) -> set[int]:
    """Return the numbers of tests in which every pair of values of two parameters occurs that occurs in any.

    Each next one is the test with the most pairs that are still missing, the first of equals.

    :param tests: the values of each test's parameters.
    """
    pairs = [_pairs(test) for test in tests]
    missing, chosen = set[Pair]().union(*pairs), set[int]()
    while missing:
        best = max(range(len(pairs)), key=lambda number: (len(pairs[number] & missing), -number))
        chosen.add(best)
        missing -= pairs[best]
    return chosen


def _pairs(test: Mapping[str, Hashable]) -> set[Pair]:
    """Return the pairs of values of a test; the value itself where there is one parameter only."""
    return set(combinations(sorted(test.items()), min(2, len(test))))
