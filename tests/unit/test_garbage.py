import gc

import pytest

from civicportal.garbage import SELDOM, collect_seldom


@pytest.fixture
def threshold():
    """Let a test say how often this process looks, and bring back what was said before."""
    before = gc.get_threshold()
    yield lambda number: gc.set_threshold(number)
    gc.set_threshold(*before)


@pytest.mark.parametrize(("before", "after"), [(700, SELDOM), (SELDOM + 1, SELDOM + 1), (0, 0)])
def test_who_looks_more_seldom_already_or_never_keeps_that(threshold, before, after):
    threshold(before)
    collect_seldom()
    assert gc.get_threshold()[0] == after
