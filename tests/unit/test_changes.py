"""What is said of a figure that was another one before."""

import pytest

from civicportal.domain.statistics.changes import FEW, changed


def told(*asked):
    found = changed(*asked)
    return found and (found.size if found.grows else -found.size, found.unit)


@pytest.mark.parametrize(
    ("now", "before", "size", "unit"),
    [
        (60, 1, 59, "cases"),
        (0, FEW - 1, -(FEW - 1), "cases"),
        (3, 0, 3, "cases"),
        (FEW + 5, FEW, 25, "percent"),
        (0, 1000, -100, "percent"),
        (0, 0, 0, "cases"),
    ],
)
def test_a_number_is_told_in_percent_only_where_there_were_some_before(now, before, size, unit):
    assert told(now, before) == (size, unit)


def test_other_figures_keep_their_unit():
    assert told(42.4, 50.4, "points") == (-8, "points")
    assert told(30, 40.5, "hours") == (-10, "hours")
    assert told(1.26, 1.0, "times") == (0.3, "times")


@pytest.mark.parametrize(
    ("now", "before", "unit", "slight"),
    [
        (1004, 1000, "cases", True),
        (1000, 1000, "cases", False),
        (1006, 1000, "cases", False),
        (50.2, 50.0, "points", True),
        (0.1 + 0.2, 0.3, "points", False),
        (1.02, 1.0, "times", True),
    ],
)
def test_too_little_for_a_size_is_not_nothing(now, before, unit, slight):
    found = changed(now, before, unit)
    assert found
    assert found.slight is slight
    assert bool(found.size) == (now == 1006)


def test_unknown_values_have_no_change():
    assert changed(None, 5) is None
    assert changed(5, None, "points") is None


@pytest.mark.parametrize(
    ("now", "before", "hope", "better"),
    [
        (30, 20, "up", True),
        (10, 20, "up", False),
        (10, 20, "down", True),
        (30, 20, "", None),
        (20, 20, "up", None),
        (0.5, 0.2, "up", None),
    ],
)
def test_it_is_better_only_where_something_is_hoped_for(now, before, hope, better):
    found = changed(now, before, "points", hope)
    assert found
    assert found.better is better
