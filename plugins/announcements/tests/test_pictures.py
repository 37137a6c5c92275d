"""Order, focus and sizes of pictures."""

import pytest
from civicportal_announcements.pictures import focus_classes, moved


@pytest.mark.parametrize(
    ("key", "way", "order"),
    [
        ("b", "up", "bac"),
        ("b", "down", "acb"),
        ("a", "up", "abc"),
        ("c", "down", "abc"),
        ("b", "remove", "ac"),
        ("x", "up", "abc"),
    ],
)
def test_moving(key, way, order):
    assert moved("abc", key, way) == list(order)


@pytest.mark.parametrize(
    ("x", "y", "classes"),
    [(0, 100, "focus-x-0 focus-y-100"), (44, 46, "focus-x-40 focus-y-50"), (99, 1, "focus-x-100 focus-y-0")],
)
def test_a_point_is_rounded_to_tenths(x, y, classes):
    assert focus_classes(x, y) == classes
