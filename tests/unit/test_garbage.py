import gc
import weakref

import pytest

from civicportal.core.serving import garbage
from civicportal.core.serving.garbage import (
    SELDOM,
    SERVING,
    collect_after_request,
    collect_between_requests,
    collect_seldom,
    leave_what_is_there,
)


@pytest.fixture
def threshold():
    """Let a test say how often this process looks, and bring back what was said before."""
    before = gc.get_threshold()
    yield lambda number: gc.set_threshold(number)
    gc.set_threshold(*before)


@pytest.fixture
def never(threshold):
    """Let this process look only where a test tells it to."""
    gc.collect()
    threshold(1_000_000)


class Circle:
    """Holds itself."""

    def __init__(self):
        self.own = self


@pytest.mark.parametrize(("before", "after"), [(700, SELDOM[0]), (SELDOM[0] + 1, SELDOM[0] + 1), (0, 0)])
def test_who_looks_more_seldom_already_or_never_keeps_that(threshold, before, after):
    threshold(before)
    collect_seldom()
    assert gc.get_threshold()[0] == after


def test_a_server_waits_for_the_end_of_requests(threshold):
    threshold(SELDOM[0])
    collect_between_requests()
    assert gc.get_threshold()[0] == SERVING[0]


def test_what_a_request_has_left_goes_with_it(never, monkeypatch):
    monkeypatch.setattr(garbage, "LEFT", 0)
    left = weakref.ref(Circle())
    collect_after_request()
    assert left() is None


def test_a_request_that_leaves_little_is_not_looked_at(never, monkeypatch):
    monkeypatch.setattr(garbage, "LEFT", 1_000_000)
    left = weakref.ref(Circle())
    collect_after_request()
    assert left() is not None


@pytest.mark.parametrize("generation", [0, 1])
def test_what_has_outlived_looks_is_found_by_later_ones(never, monkeypatch, generation):
    """What was in use during the looks of other requests has grown older by then."""
    monkeypatch.setattr(garbage, "LEFT", 0)
    circle = Circle()
    left = weakref.ref(circle)
    gc.collect(generation)
    del circle
    collect_after_request()
    assert left() is not None
    for _ in range((garbage.MIDDLE + 1) * (garbage.WHOLE + 1)):
        collect_after_request()
    assert left() is None


def test_free_pages_go_back_with_each_look_at_older_objects(never, monkeypatch):
    given: list[bool] = []
    monkeypatch.setattr(garbage, "LEFT", 0)
    monkeypatch.setattr(garbage, "give_back", lambda: given.append(True))
    for _ in range(2 * (garbage.MIDDLE + 1)):
        collect_after_request()
    assert len(given) == 2


def test_what_a_server_begins_with_is_not_looked_at_again(never):
    kept, thrown_away = Circle(), weakref.ref(Circle())
    leave_what_is_there()
    assert thrown_away() is None
    assert not any(one is kept for one in gc.get_objects())
